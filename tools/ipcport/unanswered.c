// SPDX-License-Identifier: GPL-2.0
#include "child.h"
#include "command.h"
#include "demo.h"
#include "fail.h"
#include "json.h"
#include "stream.h"

#include <ipcport.h>

#include <ctype.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

/* What the client calls with, first and then. */
#define FIRST_TEXT	"hello"
#define SECOND_TEXT	"are you there?"

/**
 * struct unanswered - the two processes and what they have to know
 * @demo: the demo
 * @port: the server's port
 * @server: owns @port; is going to be killed
 * @client: calls it
 */
struct unanswered {
	struct demo *demo;
	uint64_t port;
	struct child server;
	struct child client;
};

static void raise_letters(struct ipcport_message *answer, const struct ipcport_message *question)
{
	*answer = *question;
	for (size_t i = 0; i < stream_length(question); i++)
		answer->payload[i] = (uint8_t)toupper(question->payload[i]);
}

/* Answer the first call, and receive the second. */
static int serve_first(int fd, uint64_t port)
{
	struct ipcport_message answer = { .type = STREAM_DATA };
	struct ipcport_delivery delivery;
	struct ipcport_reply_recv turn = {
		.port = port,
		.message = (uintptr_t)&answer,
		.delivery = (uintptr_t)&delivery,
		.deadline_ns = ipcport_deadline_ms(DEMO_PATIENCE_MS),
	};
	int ret;

	ret = ipcport_call_reply_recv(fd, &turn, sizeof(turn));
	if (ret)
		return ret;
	raise_letters(&answer, &delivery.message);
	return ipcport_call_reply_recv(fd, &turn, sizeof(turn));
}

static int serve(int reports, void *arg)
{
	struct ipcport_create create = { 0 };
	uint64_t port;
	int fd, ret;

	(void)arg;
	if (open_or_fail(&fd))
		return STATUS_FAILED;
	ret = ipcport_create(fd, &create, sizeof(create));
	if (ret < 0)
		return fail(ret, "create a port");
	port = create.out_port;
	ret = child_report(reports, &port, sizeof(port));
	if (!ret)
		ret = serve_first(fd, port);
	if (!ret)
		ret = child_report(reports, &port, sizeof(port));
	if (ret)
		return fail(ret, "serve port %" PRIu64, port);
	for (;;)
		pause();
}

static int call_with(int fd, uint64_t port, const char *text, struct ipcport_delivery *answer)
{
	struct ipcport_message question;
	struct ipcport_call call = {
		.port = port,
		.message = (uintptr_t)&question,
		.reply = (uintptr_t)answer,
		.deadline_ns = ipcport_deadline_ms(DEMO_PATIENCE_MS),
	};

	stream_fill(&question, STREAM_DATA, text, strlen(text));
	return ipcport_call(fd, &call, sizeof(call));
}

static int call_twice(int reports, void *arg)
{
	const struct unanswered *unanswered = arg;
	struct ipcport_delivery answer;
	int fd, ret;

	if (open_or_fail(&fd))
		return STATUS_FAILED;
	ret = call_with(fd, unanswered->port, FIRST_TEXT, &answer);
	if (!ret)
		ret = child_report(reports, &answer.message, sizeof(answer.message));
	if (ret)
		return fail(ret, "call port %" PRIu64, unanswered->port);
	ret = call_with(fd, unanswered->port, SECOND_TEXT, &answer);
	return demo_report_end(reports, ret);
}

static int start_server(struct unanswered *unanswered)
{
	int ret = child_start(&unanswered->server, serve, NULL);

	if (ret)
		return fail(ret, "start the server");
	if (!child_listen(&unanswered->server, &unanswered->port, sizeof(unanswered->port)))
		return demo_check(unanswered->demo, false, "the server creates a port");
	demo_say(unanswered->demo, "   The server, process %d, owns port %" PRIu64 ".",
		 unanswered->server.pid, unanswered->port);
	return STATUS_OK;
}

static int start_client(struct unanswered *unanswered)
{
	struct demo *demo = unanswered->demo;
	char text[IPCPORT_PAYLOAD_SIZE + 1] = "";
	struct ipcport_message answer;
	int ret;

	ret = child_start(&unanswered->client, call_twice, unanswered);
	if (ret)
		return fail(ret, "start the client");
	if (!child_listen(&unanswered->client, &answer, sizeof(answer)))
		return demo_check(demo, false, "a call is answered");
	memcpy(text, answer.payload, stream_length(&answer));
	if (demo->result)
		json_text(demo->result, "answer", text);
	demo_say(demo, "   The client, process %d, calls it with \"%s\". The answer is \"%s\".",
		 unanswered->client.pid, FIRST_TEXT, text);
	return STATUS_OK;
}

static bool is_in_call(const struct unanswered *unanswered)
{
	struct ipcport_stat stat = { .port = unanswered->port };
	int ret = ipcport_stat(unanswered->demo->fd, &stat, sizeof(stat));

	return ret == 0 && stat.out_calls == 1 && stat.out_depth == 0;
}

static int await_second(struct unanswered *unanswered)
{
	struct demo *demo = unanswered->demo;
	uint64_t port;

	if (!child_listen(&unanswered->server, &port, sizeof(port)))
		return demo_check(demo, false, "the server receives a second call");
	if (!is_in_call(unanswered))
		return demo_check(demo, false, "a client waits until its call is answered");
	demo_say(demo, "   It calls with \"%s\". The server has received that, and says nothing.",
		 SECOND_TEXT);
	return STATUS_OK;
}

static int kill_server(struct unanswered *unanswered)
{
	struct demo *demo = unanswered->demo;
	uint64_t killed_ns;
	int status;

	demo_say(demo, "   Now the server is killed: kill -9 %d", unanswered->server.pid);
	killed_ns = ipcport_deadline_ns(0);
	child_kill(&unanswered->server);
	status = demo_hear_end(demo, &unanswered->client, "client", killed_ns);
	if (!status)
		status = demo_check(demo, true,
				    "the call ended with its server: no client is left waiting");
	return status;
}

int demo_unanswered(struct demo *demo)
{
	struct unanswered unanswered = { .demo = demo };
	int status;

	demo_say(demo, "3. A server is killed between a call and its answer.");
	status = start_server(&unanswered);
	if (!status)
		status = start_client(&unanswered);
	if (!status)
		status = await_second(&unanswered);
	if (!status)
		status = kill_server(&unanswered);
	child_kill(&unanswered.client);
	child_kill(&unanswered.server);
	return status;
}
