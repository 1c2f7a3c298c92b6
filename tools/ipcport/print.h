/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PRINT_H
#define PRINT_H

#include <stdbool.h>

#include <ipcport.h>

/**
 * print_delivery() - print the text of a message on a line
 * @delivery: what was received
 * @is_verbose: begin the line with what is known of the message
 */
void print_delivery(const struct ipcport_delivery *delivery, bool is_verbose);

/**
 * print_port() - print the number of a new port on a line, for whoever waits for it
 * @port: the number
 * @is_json: print it as JSON, with the owner
 *
 * Return: STATUS_OK, or STATUS_FAILED after saying why.
 */
int print_port(uint64_t port, bool is_json);

#endif /* PRINT_H */
