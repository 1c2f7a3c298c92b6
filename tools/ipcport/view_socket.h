/* SPDX-License-Identifier: GPL-2.0 */
/*
 * DOC: requests over generic netlink, and their answers
 */
#ifndef VIEW_SOCKET_H
#define VIEW_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libmnl/libmnl.h>

/* What the kernel sends at once, of a dump, if there is room for it. */
#define VIEW_BUFFER_SIZE	32768

/**
 * struct view_socket - a netlink socket
 * @mnl: the socket, NULL if it is not open
 * @sequence: number of the last request
 * @text: what the kernel had to say of the last refusal; empty for nothing
 * @is_torn: what was shown in answer to the last request is not the state of one moment
 * @buffer: what was received
 */
struct view_socket {
	struct mnl_socket *mnl;
	uint32_t sequence;
	char text[128];
	bool is_torn;
	char buffer[VIEW_BUFFER_SIZE] __attribute__((aligned(8)));
};

/**
 * struct view_request - a request to build, by the functions of libmnl
 * @header: the message, in @room
 * @room: its bytes
 */
struct view_request {
	struct nlmsghdr *header;
	char room[256] __attribute__((aligned(8)));
};

/**
 * view_socket_open() - open a socket
 * @socket: all zero
 *
 * Return: 0, or a negative errno value.
 */
int view_socket_open(struct view_socket *socket);

/**
 * view_socket_close() - close it
 * @socket: the socket; one that is not open is left alone
 */
void view_socket_close(struct view_socket *socket);

/**
 * view_request_begin() - begin a request; attributes may follow
 * @request: the request
 * @family: number of the generic netlink family
 * @cmd: command of that
 * @version: version of that
 * @flags: NLM_F_DUMP, or 0
 */
void view_request_begin(struct view_request *request, uint16_t family, uint8_t cmd,
			uint8_t version, uint16_t flags);

/**
 * view_socket_ask() - send a request and take in the answers
 * @socket: the socket
 * @request: the request
 * @take: gets each answer and @arg; after a failure of its own it gets no more
 * @arg: for @take
 *
 * Return: 0; or a negative errno value, of the kernel, which may be explained in @socket's
 * text, or of @take.
 */
int view_socket_ask(struct view_socket *socket, struct view_request *request,
		    int (*take)(const struct nlmsghdr *answer, void *arg), void *arg);

/**
 * view_socket_receive() - wait until something comes, and put it into the buffer
 * @socket: the socket
 * @flags: MSG_DONTWAIT not to wait, or 0
 *
 * Return: how many bytes; or a negative errno value, as of recv().
 */
ssize_t view_socket_receive(struct view_socket *socket, int flags);

#endif /* VIEW_SOCKET_H */
