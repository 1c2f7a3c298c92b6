// SPDX-License-Identifier: GPL-2.0
/*
 * Callers and servers who are stopped and killed at any time, for as long as wanted:
 * each call ends, once, with its own answer or an error that can be, and soon after its
 * server is dead; and in the end nothing is left.
 *
 * IPCPORT_STRESS_SECONDS is how long it takes, IPCPORT_STRESS_SEED makes the same
 * choices again (but not at the same times).
 */
#include "process.h"
#include "call.h"
#include "sums.h"

#include <stdarg.h>
#include <stdatomic.h>

#define NR_SERVERS	3	/* each with a port */
#define NR_GUESTS	2	/* who receive from the ports of others */
#define NR_CLIENTS	4
#define NR_PLACES	(NR_SERVERS + NR_GUESTS + NR_CLIENTS)
#define NR_THREADS	2	/* in each server and client */

/* Requests that can be told apart in one run. */
#define MAX_REQUESTS	4000000

/* Ports whose death is remembered, by the last bits of their number. */
#define NR_DEATHS	4096

/* Seconds in which a call must end after its server was reaped, or its deadline. */
#define BOUND		30

/* What is known of a request. */
enum fact {
	RECEIVED = 0x01, ANSWERED = 0x02, COLLECTED = 0x04, FAILED = 0x08, NOTICED = 0x10,
	UNSENT = 0x20, TAKEN_BACK = 0x40,
};

/* Each can happen once, and not where one of the others has happened. */
static const struct {
	enum fact fact;
	const char *name;
	uint8_t excluded_by;
} facts[] = {
	{ RECEIVED, "received", UNSENT | TAKEN_BACK },
	{ ANSWERED, "answered", FAILED | NOTICED | UNSENT },
	{ COLLECTED, "collected", FAILED | NOTICED | UNSENT },
	{ FAILED, "failed", ANSWERED | COLLECTED },
	{ NOTICED, "told of by a notice", ANSWERED | COLLECTED | UNSENT | TAKEN_BACK },
	{ UNSENT, "not sent", RECEIVED | ANSWERED | COLLECTED | NOTICED },
	{ TAKEN_BACK, "taken back", RECEIVED | NOTICED },
};

#define NR_FACTS	ARRAY_SIZE(facts)

static const char *name_of(uint8_t known)
{
	for (size_t i = 0; i < NR_FACTS; i++)
		if (known & facts[i].fact)
			return facts[i].name;
	return "";
}

/* What a client's thread is waiting for, for the one who watches. */
struct watch {
	volatile uint64_t port;		/* 0 if for nothing */
	volatile uint64_t since_ns;
	volatile uint64_t deadline_ns;
	volatile uint64_t nr;
	volatile uint64_t token;
	volatile pid_t tid;
};

struct death {
	volatile uint64_t port;
	volatile uint64_t ns;
};

/* What all processes share. */
struct world {
	atomic_bool is_over;
	atomic_bool is_failed;
	atomic_uint nr_requests;
	atomic_uint longest_ms;		/* from the death of a server to the end of a call */
	atomic_uchar known[MAX_REQUESTS];
	char failure[256];
	uint64_t seed;
	volatile uint64_t ports[NR_SERVERS];
	struct death deaths[NR_DEATHS];
	struct watch watches[NR_CLIENTS][NR_THREADS];
	volatile uint32_t nr_by_token[MAX_REQUESTS];
};

/* Say what is wrong; the first says it for all. */
static void __attribute__((format(printf, 2, 3)))
complain(struct world *world, const char *format, ...)
{
	va_list args;

	if (atomic_exchange(&world->is_failed, true))
		return;
	va_start(args, format);
	vsnprintf(world->failure, sizeof(world->failure), format, args);
	va_end(args);
}

static void note(struct world *world, uint64_t nr, enum fact fact)
{
	uint8_t before;

	if (nr >= MAX_REQUESTS) {
		complain(world, "there is no request %ju", (uintmax_t)nr);
		return;
	}
	before = atomic_fetch_or(&world->known[nr], fact);
	for (size_t i = 0; i < NR_FACTS; i++)
		if (fact == facts[i].fact && before & (fact | facts[i].excluded_by))
			complain(world, "request %ju: %s, but %s before", (uintmax_t)nr,
				 name_of(fact), name_of(before & (fact | facts[i].excluded_by)));
}

static uint64_t draw(uint64_t *state)
{
	uint64_t number;

	*state += 0x9e3779b97f4a7c15ULL;
	number = (*state ^ *state >> 30) * 0xbf58476d1ce4e5b9ULL;
	number = (number ^ number >> 27) * 0x94d049bb133111ebULL;
	return number ^ number >> 31;
}

static bool chance(uint64_t *state, unsigned int one_in)
{
	return draw(state) % one_in == 0;
}

static void note_death(struct world *world, uint64_t port)
{
	struct death *death = &world->deaths[port % NR_DEATHS];

	death->ns = now_ns();
	death->port = port;
}

/* Since when a port has been dead; 0 if it is not, as far as we know. */
static uint64_t dead_since(struct world *world, uint64_t port)
{
	struct death *death = &world->deaths[port % NR_DEATHS];

	return death->port == port ? death->ns : 0;
}

/* What is in a message, and in its answer. */
struct text {
	uint64_t nr;
	uint64_t port;
	uint64_t check;
};

static struct ipcport_message write_text(uint64_t nr, uint64_t port, bool is_answer)
{
	struct text text = { .nr = nr, .port = port, .check = nr * 31 + port + is_answer };
	struct ipcport_message message = { .type = 1 + is_answer };

	memcpy(message.payload, &text, sizeof(text));
	return message;
}

/* The number in a message, or ~0 if it is not one of ours to or from that port. */
static uint64_t read_text(const struct ipcport_message *message, uint64_t port, bool is_answer)
{
	struct text text;

	memcpy(&text, message->payload, sizeof(text));
	return message->type == 1U + is_answer && text.port == port &&
	       text.check == text.nr * 31 + port + is_answer ? text.nr : ~0ULL;
}

static int32_t status_for(uint64_t nr)
{
	return (int32_t)(nr * 2654435761U);
}

/*
 * Clients.
 */
struct asker {
	pthread_t thread;
	struct world *world;
	struct watch *watch;
	struct asker *rival;	/* the other thread */
	uint64_t random;
	int fd;
	volatile uint64_t token;	/* of the call that it waits for, for the rival */
	volatile uint64_t cancelled;	/* the last token that the rival has cancelled */
};

/* One request, from its beginning to its end. */
struct request {
	uint64_t nr;
	struct ipcport_message message;
	struct ipcport_delivery reply;
	struct ipcport_call args;
};

/* Whether there is still something to ask, and whom. */
static bool request_init(struct request *request, struct asker *self, uint32_t flags,
			 uint64_t deadline_ns)
{
	struct world *world = self->world;
	uint64_t port = world->ports[draw(&self->random) % NR_SERVERS];

	if (!port) {
		usleep(1000);
		return false;
	}
	request->nr = atomic_fetch_add(&world->nr_requests, 1);
	if (request->nr >= MAX_REQUESTS) {
		world->is_over = true;
		return false;
	}
	request->message = write_text(request->nr, port, false);
	memset(&request->reply, POISON, sizeof(request->reply));
	request->args = (struct ipcport_call) {
		.port = port, .message = (uintptr_t)&request->message,
		.reply = (uintptr_t)&request->reply, .flags = flags,
		.deadline_ns = deadline_ns, .out_status = POISON_STATUS,
	};
	return true;
}

static void check_answer(struct asker *self, const struct request *request)
{
	const struct ipcport_call *args = &request->args;
	uint64_t nr = read_text(&request->reply.message, args->port, true);

	if (nr != request->nr)
		complain(self->world, "request %ju has the answer to %ju",
			 (uintmax_t)request->nr, (uintmax_t)nr);
	else if (args->out_status != status_for(nr) || args->token || request->reply.info.seq)
		complain(self->world, "request %ju: status %d, token %ju", (uintmax_t)nr,
			 args->out_status, (uintmax_t)args->token);
	note(self->world, request->nr, COLLECTED);
}

/* How long it took from the server's death. */
static void measure(struct asker *self, uint64_t since_ns, uint64_t port)
{
	uint64_t dead_ns = dead_since(self->world, port), ms;
	unsigned int longest = self->world->longest_ms;

	if (!dead_ns)
		return;
	ms = (now_ns() - (dead_ns > since_ns ? dead_ns : since_ns)) / 1000000;
	while (ms > longest &&
	       !atomic_compare_exchange_weak(&self->world->longest_ms, &longest, ms))
		;
}

/* Cancel a call that is outstanding. */
static void cancel(struct asker *self, const struct request *request)
{
	int ret = call_cancel(self->fd, request->args.token);

	switch (ret) {
	case IPCPORT_CALL_QUEUED:
		note(self->world, request->nr, TAKEN_BACK);
		note(self->world, request->nr, FAILED);
		break;
	case IPCPORT_CALL_RECEIVED:
		note(self->world, request->nr, FAILED);
		break;
	case IPCPORT_CALL_ENDED:
		break;
	default:
		if (ret != -ENOENT || self->cancelled != request->args.token)
			complain(self->world, "request %ju: CANCEL says %d",
				 (uintmax_t)request->nr, ret);
	}
}

/* Judge an end of CALL that is none with an answer. @token: what it was begun with. */
static void judge(struct asker *self, const struct request *request, uint64_t token, int ret)
{
	const struct ipcport_call *args = &request->args;
	bool is_right = false;

	switch (ret) {
	case -EPIPE:
		is_right = args->flags & IPCPORT_CALL_F_SUBMIT ||
			   is_error_reply(&request->reply, EPIPE);
		break;
	case -ETIMEDOUT:
		is_right = args->deadline_ns && args->deadline_ns <= now_ns();
		break;
	case -ECANCELED:
		is_right = self->cancelled == token;
		break;
	case -ENOENT:	/* no port; or the rival was faster */
		is_right = !token || self->cancelled == token;
		break;
	case -EAGAIN:
		is_right = !token && args->flags & IPCPORT_CALL_F_NONBLOCK;
		break;
	}
	if (!is_right || args->token)
		complain(self->world, "request %ju, token %ju: CALL says %d, token %ju",
			 (uintmax_t)request->nr, (uintmax_t)token, ret, (uintmax_t)args->token);
	if (!token && (ret == -ENOENT || ret == -EAGAIN))
		note(self->world, request->nr, UNSENT);
	else if (ret != -ENOENT)
		note(self->world, request->nr, FAILED);
}

/*
 * Make the ioctl, again and again while signals interrupt it. Returns whether the call
 * is outstanding now.
 */
static bool go_on(struct asker *self, struct request *request)
{
	struct ipcport_call *args = &request->args;
	struct watch *watch = self->watch;
	uint64_t token;
	int ret;

	watch->nr = request->nr;
	watch->deadline_ns = args->deadline_ns;
	watch->since_ns = now_ns();
	watch->port = args->port;
	do {
		token = args->token;
		watch->token = token;
		self->token = token;
		ret = call_ioctl(self->fd, args);
		if (token && ret == -EINTR && args->token != token)
			complain(self->world, "request %ju: token %ju became %ju",
				 (uintmax_t)request->nr, (uintmax_t)token, (uintmax_t)args->token);
	} while (ret == -EINTR && !(args->token && chance(&self->random, 4)));
	self->token = 0;
	watch->port = 0;
	measure(self, watch->since_ns, args->port);

	if (args->token && (ret == -EINTR || ret == -EAGAIN ||
			    (!ret && args->flags & IPCPORT_CALL_F_SUBMIT)))
		return true;
	if (ret)
		judge(self, request, token, ret);
	else
		check_answer(self, request);
	return false;
}

/* End an outstanding call in one way or another. */
static void finish(struct asker *self, struct request *request)
{
	struct ipcport_call *args = &request->args;
	int nr_looks = 0;

	switch (draw(&self->random) % 4) {
	case 0:
		break;
	case 1:
		args->flags = IPCPORT_CALL_F_NONBLOCK;
		nr_looks = draw(&self->random) % 50;
		break;
	case 2:
		args->flags = 0;
		args->deadline_ns = now_ns() + draw(&self->random) % 5000000;
		nr_looks = 1;
		break;
	case 3:
		args->flags = 0;
		args->deadline_ns = 0;
		nr_looks = 1;
		break;
	}
	while (nr_looks--)
		if (!go_on(self, request))
			return;
	cancel(self, request);
}

static void ask(struct asker *self, uint32_t flags, uint64_t deadline_ns)
{
	struct request request;

	if (request_init(&request, self, flags, deadline_ns) && go_on(self, &request))
		finish(self, &request);
}

/* Several at once, finished in another order. */
static void ask_many(struct asker *self)
{
	struct request requests[4];
	int nr = 0, i;

	for (i = 0; i < 4; i++)
		if (request_init(&requests[nr], self, IPCPORT_CALL_F_SUBMIT, 0) &&
		    go_on(self, &requests[nr]))
			nr++;
	while (nr) {
		i = draw(&self->random) % nr;
		finish(self, &requests[i]);
		requests[i] = requests[--nr];
		/* its addresses went with it */
		requests[i].args.message = (uintptr_t)&requests[i].message;
		requests[i].args.reply = (uintptr_t)&requests[i].reply;
	}
}

static void send_one_way(struct asker *self)
{
	uint64_t port = self->world->ports[draw(&self->random) % NR_SERVERS];
	int ret = send_nb(self->fd, port, 1);

	if (ret && ret != -EAGAIN && ret != -ENOENT && ret != -EPIPE)
		complain(self->world, "SEND says %d", ret);
}

static void cancel_rivals(struct asker *self)
{
	uint64_t token = self->rival->token;

	if (!token)
		return;
	self->rival->cancelled = token;
	call_cancel(self->fd, token);
}

static void *asker_run(void *arg)
{
	struct asker *self = arg;

	self->watch->tid = thread_id();
	while (!self->world->is_over) {
		switch (draw(&self->random) % 8) {
		case 0:
		case 1:
			ask(self, 0, 0);
			break;
		case 2:
		case 3:
			ask(self, 0, now_ns() + draw(&self->random) % 5000000);
			break;
		case 4:
			ask(self, IPCPORT_CALL_F_NONBLOCK, 0);
			break;
		case 5:
			ask_many(self);
			break;
		case 6:
			send_one_way(self);
			break;
		case 7:
			cancel_rivals(self);
			break;
		}
	}
	return NULL;
}

/* The first thread of every other client sends signals to those that call. */
static void client_process(struct world *world, struct watch *watches, uint64_t random)
{
	const bool is_noisy = chance(&random, 2);
	struct asker askers[NR_THREADS] = { 0 };
	int fd = dev_open();

	for (int i = 0; i < NR_THREADS; i++) {
		askers[i] = (struct asker) {
			.world = world, .watch = &watches[i], .rival = &askers[!i], .fd = fd,
			.random = draw(&random),
		};
		if (thread_start(&askers[i].thread, asker_run, &askers[i]))
			abort();
	}
	while (is_noisy && !world->is_over) {
		usleep(draw(&random) % 4000);
		pthread_kill(askers[draw(&random) % NR_THREADS].thread,
			     chance(&random, 2) ? SIGUSR1 : SIGUSR2);
	}
	for (int i = 0; i < NR_THREADS; i++)
		pthread_join(askers[i].thread, NULL);
}

/*
 * Servers, and guests, who serve the ports of others.
 */
#define MAX_HELD	8

struct host {
	pthread_t thread;
	struct world *world;
	uint64_t random;
	int fd;
	int place;		/* whose port */
	bool is_guest;
	bool is_first;		/* the one that may end its port, or file, or process */
	uint64_t port;
	int nr_held;
	struct held {
		uint64_t token;
		uint64_t nr;
		bool is_void;	/* a notice has said so */
	} held[MAX_HELD];
};

static void note_notice(struct host *self, uint64_t token)
{
	uint64_t nr = self->world->nr_by_token[token % MAX_REQUESTS];

	/* unless the one who received it was killed before it could write that down */
	if (nr)
		note(self->world, nr - 1, NOTICED);
	for (int i = 0; i < self->nr_held; i++)
		if (self->held[i].token == token)
			self->held[i].is_void = true;
}

static void answered(struct host *self, const struct held *held, int ret)
{
	if (!ret)
		note(self->world, held->nr, ANSWERED);
	if ((ret && ret != -ENOENT) || (!ret && held->is_void))
		complain(self->world, "request %ju, token %ju: REPLY says %d%s",
			 (uintmax_t)held->nr, (uintmax_t)held->token, ret,
			 held->is_void ? " after a notice" : "");
}

static struct held take_held(struct host *self)
{
	int i = draw(&self->random) % self->nr_held;
	struct held held = self->held[i];

	self->held[i] = self->held[--self->nr_held];
	return held;
}

static int reply_to(struct host *self, const struct held *held)
{
	struct ipcport_message message = write_text(held->nr, self->port, true);
	struct ipcport_reply args = {
		.port = self->port, .token = held->token, .message = (uintptr_t)&message,
		.status = status_for(held->nr),
	};

	return xioctl(self->fd, IPCPORT_IOC_CALL_REPLY, &args);
}

static void answer_one(struct host *self)
{
	struct held held = take_held(self);

	answered(self, &held, reply_to(self, &held));
	/* and never again */
	if (chance(&self->random, 8) && reply_to(self, &held) != -ENOENT)
		complain(self->world, "request %ju was answered twice", (uintmax_t)held.nr);
}

static void accept_delivery(struct host *self, const struct ipcport_delivery *delivery)
{
	struct world *world = self->world;
	struct held held = { .token = delivery->info.token };

	if (is_notice(delivery)) {
		note_notice(self, held.token);
		return;
	}
	if (!held.token)
		return;
	held.nr = read_text(&delivery->message, self->port, false);
	if (held.nr == ~0ULL) {
		complain(world, "port %ju: a call that is not for it", (uintmax_t)self->port);
		return;
	}
	note(world, held.nr, RECEIVED);
	world->nr_by_token[held.token % MAX_REQUESTS] = held.nr + 1;
	if (self->nr_held == MAX_HELD)
		answer_one(self);
	self->held[self->nr_held++] = held;
}

/* There may be a new port in the place of the old one. */
static void find_port(struct host *self)
{
	self->nr_held = 0;
	if (self->is_guest)
		self->place = draw(&self->random) % NR_SERVERS;
	self->port = self->world->ports[self->place];
	if (!self->port)
		usleep(1000);
}

/* Do not wait while others wait for us. */
static uint64_t patience(struct host *self)
{
	return self->nr_held ? 1 : now_ns() + draw(&self->random) % 20000000;
}

static void judge_receive(struct host *self, int ret)
{
	if (ret == -EPIPE || ret == -ENOENT)
		find_port(self);
	else if (ret < 0 && ret != -ETIMEDOUT)
		complain(self->world, "port %ju: RECV says %d", (uintmax_t)self->port, ret);
}

static void receive(struct host *self)
{
	struct ipcport_delivery got[4];
	int ret = msg_recv(self->fd, self->port, got, 1 + draw(&self->random) % 4, 0,
			   patience(self));

	for (int i = 0; i < ret; i++)
		accept_delivery(self, &got[i]);
	judge_receive(self, ret);
}

static void answer_and_receive(struct host *self)
{
	struct ipcport_message message;
	struct ipcport_delivery got;
	struct held held = { 0 };
	struct ipcport_reply_recv args = {
		.port = self->port, .message = (uintptr_t)&message, .delivery = (uintptr_t)&got,
		.out_reply_errno = POISON,
	};
	int ret;

	if (self->nr_held)
		held = take_held(self);
	message = write_text(held.nr, self->port, true);
	args.token = held.token;
	args.status = status_for(held.nr);
	args.deadline_ns = patience(self);
	ret = xioctl(self->fd, IPCPORT_IOC_CALL_REPLY_RECV, &args);
	/* the answer, unless there was no port to give it to */
	if (held.token && ret != -ENOENT)
		answered(self, &held, -(int)args.out_reply_errno);
	if (!ret) {
		accept_delivery(self, &got);
		if (args.token != (is_notice(&got) ? 0 : got.info.token))
			complain(self->world, "REPLY_RECV: token %ju is not %ju",
				 (uintmax_t)args.token, (uintmax_t)got.info.token);
	}
	judge_receive(self, ret);
}

static void make_port(struct host *self)
{
	int64_t port = port_create_as(self->fd, 1 + draw(&self->random) % 8, 0666,
				      chance(&self->random, 2) ? IPCPORT_CREATE_F_NOTIFY_ABORT : 0);

	if (port < 0)
		complain(self->world, "CREATE says %jd", (intmax_t)port);
	self->world->ports[self->place] = port;
	self->port = port;
	self->nr_held = 0;
}

/* Ends that are not sudden: of the port, of the guest's file, of the process. */
static void end_something(struct host *self)
{
	uint64_t port = self->port;

	if (chance(&self->random, 4))
		_exit(0);
	if (self->is_guest) {
		close(self->fd);
		self->fd = dev_open();
		/* what was received through that file is over */
		for (int i = 0; i < self->nr_held; i++)
			if (reply_to(self, &self->held[i]) != -ENOENT)
				complain(self->world, "request %ju outlived its receiver's file",
					 (uintmax_t)self->held[i].nr);
		find_port(self);
	} else {
		if (port_destroy(self->fd, port))
			complain(self->world, "DESTROY of port %ju failed", (uintmax_t)port);
		note_death(self->world, port);
		make_port(self);
	}
}

static void *host_run(void *arg)
{
	struct host *self = arg;

	for (;;) {
		if (!self->port) {
			find_port(self);
			continue;
		}
		switch (draw(&self->random) % 8) {
		case 0:
		case 1:
		case 2:
			answer_and_receive(self);
			break;
		case 3:
		case 4:
			receive(self);
			break;
		case 5:
		case 6:
			if (self->nr_held)
				answer_one(self);
			break;
		case 7:
			/* a call that nobody will ever answer */
			if (self->nr_held && chance(&self->random, 4))
				take_held(self);
			if (self->is_first && chance(&self->random, 64))
				end_something(self);
			break;
		}
	}
	return NULL;
}

static void server_process(struct world *world, int place, uint64_t random)
{
	struct host hosts[NR_THREADS] = { 0 };

	for (int i = 0; i < NR_THREADS; i++) {
		hosts[i] = (struct host) {
			.world = world, .random = draw(&random), .place = place,
			.fd = i ? hosts[0].fd : dev_open(), .is_first = !i,
		};
		if (!i)
			make_port(&hosts[i]);
		else if (thread_start(&hosts[i].thread, host_run, &hosts[i]))
			abort();
	}
	host_run(&hosts[0]);
}

static void guest_process(struct world *world, uint64_t random)
{
	struct host host = {
		.world = world, .random = random, .fd = dev_open(), .is_guest = true,
		.is_first = true,
	};

	host_run(&host);
}

/*
 * The one who directs it all.
 */
FIXTURE(stress) {
	struct world *world;
	pid_t pids[NR_PLACES];
	pid_t stopped;
	uint64_t random;
	uint32_t nr_births, nr_kills, nr_stops;
};

typedef FIXTURE_DATA(stress) stress_data;

/* A number from the environment. */
static uint64_t wanted(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text && *text ? strtoull(text, NULL, 0) : otherwise;
}

static unsigned int stress_seconds(void)
{
	return wanted("IPCPORT_STRESS_SECONDS", LESS_IN_32(30));
}

FIXTURE_SETUP(stress)
{
	self->world = shared_alloc(sizeof(*self->world));
	self->world->seed = wanted("IPCPORT_STRESS_SEED", now_ns() ^ getpid());
	self->random = self->world->seed;
}

FIXTURE_TEARDOWN(stress)
{
	reap_all(self->pids, NR_PLACES);
	EXPECT_TRUE(no_call_lives());
	EXPECT_TRUE(all_is_gone());
	EXPECT_SUMS();
}

static bool is_server(int place)
{
	return place < NR_SERVERS;
}

static bool is_client(int place)
{
	return place >= NR_SERVERS + NR_GUESTS;
}

static void wake_up(int signal)
{
}

static void handle(int signal, int flags)
{
	struct sigaction action = { .sa_handler = wake_up, .sa_flags = flags };

	sigaction(signal, &action, NULL);
}

static void give_birth(stress_data *self, int place)
{
	uint64_t random = draw(&self->random);
	struct world *world = self->world;

	self->nr_births++;
	if (is_client(place))
		memset(world->watches[place - NR_SERVERS - NR_GUESTS], 0,
		       sizeof(world->watches[0]));
	self->pids[place] = fork();
	if (self->pids[place])
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setpriority(PRIO_PROCESS, 0, 0);
	handle(SIGUSR1, 0);
	handle(SIGUSR2, SA_RESTART);
	if (is_server(place))
		server_process(world, place, random);
	else if (is_client(place))
		client_process(world, world->watches[place - NR_SERVERS - NR_GUESTS], random);
	else
		guest_process(world, random);
	_exit(0);
}

/* A process has been reaped. */
static void bury(stress_data *self, int place)
{
	struct world *world = self->world;
	uint64_t port;

	self->pids[place] = 0;
	if (!is_server(place))
		return;
	port = world->ports[place];
	world->ports[place] = 0;
	if (port)
		note_death(world, port);
}

static void kill_one(stress_data *self, int place)
{
	int ret = kill_and_reap(self->pids[place]);

	if (ret && ret != -SIGKILL)
		complain(self->world, "process %d ended with %d", self->pids[place], ret);
	if (self->stopped == self->pids[place])
		self->stopped = 0;
	self->nr_kills++;
	bury(self, place);
}

/* Those who ended without us. */
static void reap_others(stress_data *self)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (int i = 0; i < NR_PLACES; i++) {
			if (self->pids[i] != pid)
				continue;
			if (status || is_client(i))
				complain(self->world, "process %d ended with status %#x", pid,
					 status);
			bury(self, i);
			if (!self->world->is_failed)
				give_birth(self, i);
		}
}

/* Stop somebody for a while, or let him go on. */
static void stop_one(stress_data *self, int place)
{
	if (self->stopped) {
		kill(self->stopped, SIGCONT);
		self->stopped = 0;
	} else {
		self->stopped = self->pids[place];
		kill(self->stopped, SIGSTOP);
		self->nr_stops++;
	}
}

/* For how long a thread has waited though there was a reason not to; 0 if there is none. */
static uint64_t overdue(struct world *world, const struct watch *watch)
{
	uint64_t port = watch->port, deadline = watch->deadline_ns, nr = watch->nr;
	uint64_t end = dead_since(world, port), now = now_ns();

	if (!end || (deadline && deadline < end))
		end = deadline;
	if (end && end < watch->since_ns)
		end = watch->since_ns;
	/* unless it is another wait by now */
	return port && end && end < now && watch->nr == nr && watch->port == port ? now - end : 0;
}

/* Complain of a thread that has waited for too long. */
static void watch_one(stress_data *self, const struct watch *watch)
{
	uint64_t ns = overdue(self->world, watch);

	if (ns < BOUND * 1000000000ULL)
		return;
	complain(self->world, "thread %d waits for request %ju, token %ju, port %ju, %ju ms %s",
		 watch->tid, (uintmax_t)watch->nr, (uintmax_t)watch->token,
		 (uintmax_t)watch->port, (uintmax_t)ns / 1000000,
		 dead_since(self->world, watch->port) ? "after the end of its server" :
							"after its deadline");
}

static void watch_all(stress_data *self)
{
	for (int i = 0; i < NR_CLIENTS; i++)
		for (int k = 0; k < NR_THREADS; k++)
			watch_one(self, &self->world->watches[i][k]);
}

/* Whom to let live: a client whose wait should be over, so that we see whether it is. */
static bool is_spared(stress_data *self, int place)
{
	const struct watch *watches;

	if (!is_client(place))
		return false;
	watches = self->world->watches[place - NR_SERVERS - NR_GUESTS];
	for (int i = 0; i < NR_THREADS; i++)
		if (overdue(self->world, &watches[i]))
			return true;
	return false;
}

/* Let them all live and die for a time. */
static void direct(stress_data *self)
{
	uint64_t end = in_ms(stress_seconds() * 1000ULL), pace = 0, pace_end = 0;
	struct world *world = self->world;

	/* or most of the time would be theirs */
	setpriority(PRIO_PROCESS, 0, -20);
	for (int i = 0; i < NR_PLACES; i++)
		give_birth(self, i);
	while (now_ns() < end && !world->is_failed && !world->is_over) {
		int place = draw(&self->random) % NR_PLACES;

		/* now slowly, now fast */
		if (now_ns() > pace_end) {
			pace_end = in_ms(1000);
			pace = 1000 << draw(&self->random) % 7;
		}
		usleep(draw(&self->random) % pace);
		reap_others(self);
		if (chance(&self->random, 8)) {
			stop_one(self, place);
		} else if (!is_spared(self, place)) {
			kill_one(self, place);
			give_birth(self, place);
		}
		watch_all(self);
	}
}

/* End the servers; then the clients end by themselves, or something is wrong. */
static void end_all(stress_data *self)
{
	struct world *world = self->world;
	int status;

	world->is_over = true;
	if (self->stopped)
		kill(self->stopped, SIGCONT);
	for (int i = 0; i < NR_PLACES; i++)
		if (self->pids[i] && !is_client(i))
			kill_one(self, i);
	for (int i = 0; i < NR_PLACES; i++) {
		if (!self->pids[i])
			continue;
		while (waitpid(self->pids[i], &status, WNOHANG) == 0 && !world->is_failed) {
			watch_all(self);
			usleep(10000);
		}
		if (world->is_failed)
			kill_one(self, i);
		else if (status)
			complain(world, "client %d ended with status %#x", self->pids[i], status);
		self->pids[i] = 0;
	}
}

TEST_F_TIMEOUT(stress, of_calls_with_sudden_deaths, stress_seconds() + 10 * BOUND)
{
	struct world *world = self->world;
	uint32_t nr_known[NR_FACTS] = { 0 }, nr;

	TH_LOG("seed %#jx, %u seconds", (uintmax_t)world->seed, stress_seconds());
	direct(self);
	end_all(self);
	EXPECT_FALSE(world->is_failed) {
		TH_LOG("%s", world->failure);
	}
	nr = world->nr_requests < MAX_REQUESTS ? world->nr_requests : MAX_REQUESTS;
	for (uint32_t i = 0; i < nr; i++)
		for (size_t k = 0; k < NR_FACTS; k++)
			nr_known[k] += !!(world->known[i] & facts[k].fact);
	for (size_t k = 0; k < NR_FACTS; k++) {
		/* else it would not have tried much; a slow machine does not get far */
		EXPECT_TRUE(nr_known[k] || nr < 2000);
		TH_LOG("%u of %u %s", nr_known[k], nr, facts[k].name);
	}
	TH_LOG("%u births, %u killed, %u stopped", self->nr_births, self->nr_kills,
	       self->nr_stops);
	TH_LOG("at most %u ms from the death of a server to the end of a call",
	       world->longest_ms);
	EXPECT_TRUE(no_call_lives());
	EXPECT_TRUE(all_is_gone());
	EXPECT_TRUE(wait_until(file_number("/sys/module/ipcport/refcnt") == 0));
}

TEST_HARNESS_MAIN
