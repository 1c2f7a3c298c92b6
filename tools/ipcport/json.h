/* SPDX-License-Identifier: GPL-2.0 */
#ifndef JSON_H
#define JSON_H

#include <stdint.h>
#include <json-c/json.h>

#include <ipcport.h>

/**
 * json_u64() - add a number to an object
 * @object: the object
 * @key: the member's name
 * @value: its value
 */
void json_u64(struct json_object *object, const char *key, uint64_t value);

/**
 * json_text() - add a string to an object
 * @object: the object
 * @key: the member's name
 * @value: its value, UTF-8
 */
void json_text(struct json_object *object, const char *key, const char *value);

/**
 * json_mode() - add permission bits to an object, like "0600"
 * @object: the object
 * @key: the member's name
 * @mode: the bits
 */
void json_mode(struct json_object *object, const char *key, uint32_t mode);

/**
 * json_delivery() - what a receiver got
 * @delivery: the delivery
 *
 * "payload" is all 48 bytes in hexadecimal. "text" is there too if the bytes that
 * count are text, see stream.h.
 *
 * Return: an object for json_print().
 */
struct json_object *json_delivery(const struct ipcport_delivery *delivery);

/**
 * json_stat() - the state of a port
 * @stat: what ipcport_stat() filled in
 *
 * "name" is null if the port has none, and missing if it is not text.
 *
 * Return: an object for json_print().
 */
struct json_object *json_stat(const struct ipcport_stat *stat);

/**
 * json_print() - print an object on a line of stdout, and free it
 * @object: the object
 */
void json_print(struct json_object *object);

#endif /* JSON_H */
