/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: Deliveries
 *
 * How messages leave a port for user memory, whatever receives them, and how an answer
 * does. What travels with them becomes a descriptor, which is installed when nothing can
 * fail any more. A receiver who does not own the port is remembered with the calls
 * that it receives.
 */
#ifndef IPCPORT_DELIVERY_H
#define IPCPORT_DELIVERY_H

#include <linux/types.h>

#include "call.h"

struct ipcport;
struct iov_iter;
struct ipcport_delivery;
struct ipcport_door;
struct ipcport_msg;
struct ipcport_queue;
struct ipcport_slot;
struct ipcport_wait;

/**
 * struct ipcport_receiver - an ioctl that receives, on the stack of its thread
 * @port: from where, a reference
 * @holder: who, if that has to be remembered
 */
struct ipcport_receiver {
	struct ipcport *port;
	struct ipcport_holder holder;
};

int ipcport_receiver_init(struct ipcport_receiver *receiver, const struct ipcport_door *door,
			  u64 id);
void ipcport_receiver_destroy(struct ipcport_receiver *receiver);
int ipcport_receive(struct ipcport_receiver *receiver, struct ipcport_queue *batch,
		    unsigned int max, const struct ipcport_wait *wait);
void ipcport_unreceive(struct ipcport_receiver *receiver, struct ipcport_queue *batch);

int ipcport_delivery_copy_out(struct iov_iter *to, const struct ipcport_msg *msg,
			      struct ipcport_slot *slot);
int ipcport_answer_copy_out(struct ipcport_delivery __user *to, const struct ipcport_kcall *call,
			    struct ipcport_slot *slot);
void ipcport_error_copy_out(struct ipcport_delivery __user *to, int error, u64 token);

#endif /* IPCPORT_DELIVERY_H */
