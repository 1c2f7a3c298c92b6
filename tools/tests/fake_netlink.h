/* SPDX-License-Identifier: GPL-2.0 */
/*
 * DOC: what stands in for netlink in tests that need no module
 *
 * The socket functions of libmnl, and recv(), are replaced. A test puts together what the
 * kernel sends, datagram by datagram, before it has something asked: begin a message, put
 * attributes in, end it. What was asked last can be looked at.
 */
#ifndef FAKE_NETLINK_H
#define FAKE_NETLINK_H

#include <stddef.h>
#include <stdint.h>

#include <libmnl/libmnl.h>

#define FAKE_FAMILY		77
#define FAKE_GROUP		5

/* Descriptor of all sockets. */
#define FAKE_SOCKET		4711

#define FAKE_DATAGRAMS		16
#define FAKE_DATAGRAM_ROOM	2048

/**
 * struct fake_datagram - what comes from the kernel at once
 * @room: messages
 * @length: bytes of them
 * @error: receiving it ends with this errno value; 0 for none
 */
struct fake_datagram {
	char room[FAKE_DATAGRAM_ROOM] __attribute__((aligned(8)));
	size_t length;
	int error;
};

/**
 * struct fake_netlink - what happened, and what is to happen
 * @datagrams: what comes from the kernel
 * @count: how many
 * @next: next one to be received
 * @message: the message that was begun last
 * @request: the last request
 * @sequence: its number
 * @requests: how many there were
 * @join_error: joining a multicast group ends with this errno value; 0 for none
 * @joined: the group that was joined last
 */
struct fake_netlink {
	struct fake_datagram datagrams[FAKE_DATAGRAMS];
	size_t count;
	size_t next;
	struct nlmsghdr *message;
	char request[256] __attribute__((aligned(8)));
	uint32_t sequence;
	unsigned int requests;
	int join_error;
	uint32_t joined;
};

extern struct fake_netlink netlink;

/**
 * fake_datagram() - begin another datagram, still without messages
 *
 * Return: the datagram.
 */
struct fake_datagram *fake_datagram(void);

/**
 * fake_message() - begin another message
 * @type: its type
 * @flags: its flags
 *
 * Messages that get no number are answers to the request that was sent last.
 */
void fake_message(uint16_t type, uint16_t flags);

/**
 * fake_answer() - begin another message of the family
 * @cmd: its command
 * @flags: its flags
 */
void fake_answer(uint8_t cmd, uint16_t flags);

/**
 * fake_message_end() - the message is complete
 */
void fake_message_end(void);

/**
 * fake_family() - a datagram that says which numbers the family and its group have
 */
void fake_family(void);

/**
 * fake_dump_end() - the end of a dump
 * @error: 0, or a negative errno value
 */
void fake_dump_end(int error);

/**
 * fake_request_end() - the end of a request that is no dump
 * @error: 0, or a negative errno value
 * @text: an explanation, or NULL
 */
void fake_request_end(int error, const char *text);

/**
 * fake_requested() - find an attribute of the last request
 * @type: the attribute
 *
 * Return: the attribute, or NULL if there was none.
 */
const struct nlattr *fake_requested(uint16_t type);

#endif /* FAKE_NETLINK_H */
