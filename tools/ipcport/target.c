// SPDX-License-Identifier: GPL-2.0
#include "target.h"
#include "command.h"
#include "fail.h"
#include "parse.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

int target_take_wait(struct target *target, const char *seconds)
{
	struct patience patience = { .deadline_ns = 0 };
	int status = seconds ? parse_timeout(seconds, &patience) : STATUS_OK;

	target->is_waiting = true;
	target->deadline_ns = patience.deadline_ns;
	return status;
}

int target_parse(struct target *target, const char *text)
{
	if (!text)
		return fail_usage("PORT is missing");
	target->text = text;
	target->port = 0;
	if (parse_is_name(text))
		return STATUS_OK;
	if (!parse_number(text, 1, UINT64_MAX, &target->port))
		return fail_usage("'%s' is neither the number nor the name of a port", text);
	if (target->is_waiting)
		return fail_usage("--wait needs a name, '%s' is a number; "
				  "a time goes with \"=\": --wait=%s", text, text);
	return STATUS_OK;
}

int target_parse_only(struct target *target, char *operands[])
{
	int status = target_parse(target, operands[0]);

	if (!status && operands[1])
		return fail_usage("'%s' is one argument too many", operands[1]);
	return status;
}

int target_open_handle(struct target *target, int device, struct ipcport_open *open)
{
	open->port = target->port;
	open->deadline_ns = target->deadline_ns;
	if (!target->port) {
		memcpy(open->name, target->text, strlen(target->text));
		open->flags = target->is_waiting ? IPCPORT_OPEN_F_WAIT : 0;
	}
	target->fd = ipcport_open_handle(device, open, sizeof(*open));
	return target->fd < 0 ? fail(target->fd, "open port %s", target->text) : STATUS_OK;
}

static uint64_t earlier(uint64_t deadline_ns, uint64_t other_ns)
{
	if (!deadline_ns || (other_ns && other_ns < deadline_ns))
		return other_ns;
	return deadline_ns;
}

int target_open(struct target *target, uint32_t rights, uint64_t deadline_ns)
{
	struct ipcport_open open = { .rights = rights };
	int device, status;

	status = open_or_fail(&device);
	if (status)
		return status;
	target->fd = device;
	if (target->port)
		return STATUS_OK;
	target->deadline_ns = earlier(target->deadline_ns, deadline_ns);
	status = target_open_handle(target, device, &open);
	ipcport_close(device);
	return status;
}

int target_create(struct target *target, struct ipcport_create *create, const char *name)
{
	int ret, status;

	status = open_or_fail(&target->fd);
	if (status)
		return status;
	ret = ipcport_create(target->fd, create, sizeof(*create));
	if (ret < 0)
		return fail(ret, "create a port");
	target->port = create->out_port;
	snprintf(target->number, sizeof(target->number), "%" PRIu64, target->port);
	target->text = target->number;
	if (name)
		ret = ipcport_bind(target->fd, target->port, name);
	return ret < 0 ? fail(ret, "give the new port the name %s", name) : STATUS_OK;
}
