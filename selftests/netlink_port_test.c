// SPDX-License-Identifier: GPL-2.0
/*
 * Ports over netlink: what is shown of one, and dumps of all, also while ports come and
 * go, and of so many that it takes long.
 */
#include "netlink.h"

#define MAX_PORTS	"/sys/module/ipcport/parameters/max_ports"
#define MAX_MESSAGES	"/sys/module/ipcport/parameters/max_messages"

/* Ports of the largest dump, and how long a round may take on a machine that is busy. */
#define NR_MANY		100000
#define ROUND_MS	2000

FIXTURE(port) {
	int fd;
	int64_t port;
	struct nl nl;
	struct views views;
	struct view view;
};

FIXTURE_SETUP(port)
{
	adopt_orphans();
	self->fd = dev_open();
	ASSERT_LE(0, self->fd);
	self->port = port_create_as(self->fd, 4, 0640, IPCPORT_CREATE_F_NOTIFY_ABORT);
	ASSERT_LT(0, self->port);
	ASSERT_EQ(0, nl_open(&self->nl));
}

FIXTURE_TEARDOWN(port)
{
	views_free(&self->views);
	EXPECT_SOUND(&self->nl);
	nl_close(&self->nl);
	close(self->fd);
	EXPECT_TRUE(all_is_gone());
}

/* Compare what netlink shows with what STAT says. */
#define EXPECT_LIKE_STAT(_fd, _view) do {					\
	struct ipcport_stat _stat;						\
										\
	ASSERT_EQ(0, port_stat(_fd, NUMBER(_view, PORT_ID), &_stat));		\
	EXPECT_EQ(_stat.out_mode, NUMBER(_view, PORT_MODE));			\
	EXPECT_EQ(_stat.out_capacity, NUMBER(_view, PORT_CAPACITY));		\
	EXPECT_EQ(_stat.out_depth, NUMBER(_view, PORT_DEPTH));			\
	EXPECT_EQ(_stat.out_senders, NUMBER(_view, PORT_SENDERS));		\
	EXPECT_EQ(_stat.out_receivers, NUMBER(_view, PORT_RECEIVERS));		\
	EXPECT_EQ(_stat.out_uid, NUMBER(_view, PORT_UID));			\
	EXPECT_EQ(_stat.out_gid, NUMBER(_view, PORT_GID));			\
	EXPECT_EQ(_stat.out_owner_pid, NUMBER(_view, PORT_OWNER_PID));		\
	EXPECT_EQ(_stat.out_owner_tid, NUMBER(_view, PORT_OWNER_TID));		\
	EXPECT_EQ(_stat.out_owner_tid != 0, HAS(_view, PORT_OWNER_TID));	\
	EXPECT_EQ(_stat.out_created_ns, NUMBER(_view, PORT_CREATED));		\
	EXPECT_EQ(_stat.out_calls, NUMBER(_view, PORT_CALLS));			\
	EXPECT_EQ(_stat.out_send_handles, NUMBER(_view, PORT_SEND_HANDLES));	\
	EXPECT_EQ(_stat.out_recv_handles, NUMBER(_view, PORT_RECV_HANDLES));	\
	EXPECT_EQ(_stat.out_sent, COUNTER(_view, SENT));			\
	EXPECT_EQ(_stat.out_received, COUNTER(_view, RECEIVED));		\
	EXPECT_STREQ((char *)_stat.out_name, TEXT(_view, PORT_NAME));		\
	EXPECT_EQ(_stat.out_name[0] != 0, HAS(_view, PORT_NAME));		\
} while (0)

/* One port. */

TEST_F(port, that_is_new_is_shown_as_stat_shows_it)
{
	ASSERT_EQ(0, get_port(&self->nl, self->port, &self->view));
	EXPECT_EQ(self->port, NUMBER(&self->view, PORT_ID));
	EXPECT_EQ(IPCPORT_CREATE_F_NOTIFY_ABORT, NUMBER(&self->view, PORT_FLAGS));
	EXPECT_EQ(getpid(), NUMBER(&self->view, PORT_OWNER_PID));
	EXPECT_EQ(4, NUMBER(&self->view, PORT_CAPACITY));
	EXPECT_EQ(0640, NUMBER(&self->view, PORT_MODE));
	EXPECT_EQ(PORT_ALWAYS | BIT(PORT_OWNER_COMM), self->view.has);
	EXPECT_LIKE_STAT(self->fd, &self->view);
}

TEST_F(port, that_is_in_use_is_shown_as_stat_shows_it)
{
	int sender = open_handle(self->fd, self->port, R_SEND);
	int both = open_handle(self->fd, self->port, R_BOTH);
	struct caller *caller, *received;
	struct actor *waiter;

	ASSERT_LE(0, sender);
	ASSERT_LE(0, both);
	ASSERT_EQ(0, port_bind(self->fd, self->port, "/test/shown"));
	received = caller(self->fd, self->port);
	ASSERT_LT(0, recv_call(self->fd, self->port, 0, FAR_AWAY));
	caller = caller(self->fd, self->port);
	ASSERT_TRUE(wait_for_calls(self->fd, self->port, 1, 2));
	for (int i = 0; i < 3; i++)
		ASSERT_EQ(0, send_nb(self->fd, self->port, i));
	waiter = sender(self->fd, self->port, 9);
	ASSERT_TRUE(wait_for_senders(self->fd, self->port, 1));

	ASSERT_EQ(0, get_named(&self->nl, "/test/shown", &self->view));
	EXPECT_EQ(self->port, NUMBER(&self->view, PORT_ID));
	EXPECT_STREQ("/test/shown", TEXT(&self->view, PORT_NAME));
	EXPECT_EQ(4, NUMBER(&self->view, PORT_DEPTH));
	EXPECT_EQ(1, NUMBER(&self->view, PORT_SENDERS));
	EXPECT_EQ(2, NUMBER(&self->view, PORT_CALLS));
	EXPECT_EQ(2, NUMBER(&self->view, PORT_SEND_HANDLES));
	EXPECT_EQ(1, NUMBER(&self->view, PORT_RECV_HANDLES));
	EXPECT_EQ(2, COUNTER(&self->view, CALLS));
	EXPECT_LIKE_STAT(self->fd, &self->view);

	EXPECT_EQ(0, port_destroy(self->fd, self->port));
	EXPECT_EQ(-EPIPE, caller_end(caller));
	EXPECT_EQ(-EPIPE, caller_end(received));
	EXPECT_EQ(-EPIPE, actor_end(waiter));
	close(sender);
	close(both);
}

static void *be_owner_thread(void *arg)
{
	int64_t *ports = arg;

	prctl(PR_SET_NAME, "the-thread");
	ports[1] = thread_id();
	ports[0] = port_create_as(ports[2], 1, 0, IPCPORT_CREATE_F_OWNER_THREAD);
	wait_until(ports[3]);
	return NULL;
}

TEST_F(port, of_a_thread_names_the_thread_and_the_process)
{
	int64_t *ports = shared_alloc(4 * sizeof(*ports));
	pthread_t thread;

	ports[2] = self->fd;
	prctl(PR_SET_NAME, "the-process");
	ASSERT_EQ(0, thread_start(&thread, be_owner_thread, ports));
	ASSERT_TRUE(wait_until(*(volatile int64_t *)ports));
	ASSERT_EQ(0, get_port(&self->nl, ports[0], &self->view));
	EXPECT_EQ(getpid(), NUMBER(&self->view, PORT_OWNER_PID));
	EXPECT_EQ(ports[1], NUMBER(&self->view, PORT_OWNER_TID));
	EXPECT_STREQ("the-process", TEXT(&self->view, PORT_OWNER_COMM));
	EXPECT_LIKE_STAT(self->fd, &self->view);
	ports[3] = 1;
	pthread_join(thread, NULL);
	/* which can be seen a little earlier */
	EXPECT_TRUE(wait_until(get_port(&self->nl, ports[0], &self->view) == -ENOENT));
}

TEST_F(port, that_has_ended_or_never_was_is_not_found)
{
	int64_t port = port_create(self->fd, 1);

	ASSERT_EQ(0, get_port(&self->nl, port, &self->view));
	ASSERT_EQ(0, port_destroy(self->fd, port));
	EXPECT_EQ(-ENOENT, get_port(&self->nl, port, &self->view));
	EXPECT_EQ(-ENOENT, get_port(&self->nl, port + 1, &self->view));
	EXPECT_EQ(-ENOENT, get_port(&self->nl, 0, &self->view));
	EXPECT_EQ(-ENOENT, get_port(&self->nl, UINT64_MAX, &self->view));
	EXPECT_EQ(-ENOENT, get_port(&self->nl, 1ULL << 32 | self->port, &self->view));
	/* a socket goes on to work after refusals */
	EXPECT_EQ(0, get_port(&self->nl, self->port, &self->view));
}

/* With a handle on it, its messages can still be received, but it is no port any more. */
TEST_F(port, that_is_only_being_emptied_is_not_found)
{
	int64_t port = port_create(self->fd, 1);
	int handle = open_handle(self->fd, port, R_RECV);

	ASSERT_EQ(0, send_nb(self->fd, port, 5));
	ASSERT_EQ(0, port_destroy(self->fd, port));
	EXPECT_EQ(-ENOENT, get_port(&self->nl, port, &self->view));
	ASSERT_EQ(0, dump_ports(&self->nl, &self->views));
	EXPECT_EQ(1, self->views.nr);
	EXPECT_EQ(5, recv_nb(handle, 0));
	close(handle);
}

TEST_F(port, is_found_by_its_name_as_long_as_it_has_it)
{
	char longest[IPCPORT_NAME_SIZE];

	memset(longest, 'n', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	EXPECT_EQ(-ENOENT, get_named(&self->nl, longest, &self->view));
	ASSERT_EQ(0, port_bind(self->fd, self->port, longest));
	ASSERT_EQ(0, get_named(&self->nl, longest, &self->view));
	EXPECT_EQ(self->port, NUMBER(&self->view, PORT_ID));
	EXPECT_STREQ(longest, TEXT(&self->view, PORT_NAME));
	longest[62] = '\0';
	EXPECT_EQ(-ENOENT, get_named(&self->nl, longest, &self->view));
	ASSERT_EQ(0, port_unbind(self->fd, self->port));
	longest[62] = 'n';
	EXPECT_EQ(-ENOENT, get_named(&self->nl, longest, &self->view));
	ASSERT_EQ(0, get_port(&self->nl, self->port, &self->view));
	EXPECT_FALSE(HAS(&self->view, PORT_NAME));
}

TEST_F(port, with_secrets_in_it_does_not_show_them)
{
	struct ipcport_message message = secret_message();
	struct ipcport_delivery delivery;
	struct ipcport_call call = {
		.port = self->port, .message = (uintptr_t)&message, .flags = IPCPORT_CALL_F_SUBMIT,
	};

	/* the helper that looks for them would find them */
	ASSERT_NE(NULL, memmem(&message, sizeof(message), SECRET, sizeof(SECRET) - 1));
	ASSERT_EQ(1, msg_send(self->fd, self->port, &message, 1, 0, 0));
	ASSERT_EQ(0, xioctl(self->fd, IPCPORT_IOC_CALL, &call));
	ASSERT_EQ(0, get_port(&self->nl, self->port, &self->view));
	EXPECT_EQ(2, NUMBER(&self->view, PORT_DEPTH));
	EXPECT_EQ(0, dump_ports(&self->nl, &self->views));
	EXPECT_EQ(0, dump_waiters(&self->nl, &self->views));
	EXPECT_EQ(1, self->views.nr);
	ASSERT_EQ(1, msg_recv(self->fd, self->port, &delivery, 1, 0, 0));
	ASSERT_EQ(1, msg_recv(self->fd, self->port, &delivery, 1, 0, 0));
	EXPECT_EQ(0, dump_waiters(&self->nl, &self->views));
	EXPECT_EQ(1, self->views.nr);
	EXPECT_EQ(0, get_plain(&self->nl, IPCPORT_CMD_COUNTERS_GET, &self->view));
}

/* Generations. */

TEST_F(port, comes_named_goes_and_each_time_the_generation_grows_by_one)
{
	int64_t start = generation(&self->nl, self->port), port;

	ASSERT_LT(0, start);
	port = port_create(self->fd, 1);
	EXPECT_EQ(start + 1, generation(&self->nl, self->port));
	ASSERT_EQ(0, port_bind(self->fd, port, "/test/generation"));
	EXPECT_EQ(start + 2, generation(&self->nl, self->port));
	ASSERT_EQ(0, port_unbind(self->fd, port));
	EXPECT_EQ(start + 3, generation(&self->nl, self->port));
	ASSERT_EQ(0, port_destroy(self->fd, port));
	EXPECT_EQ(start + 4, generation(&self->nl, self->port));
}

TEST_F(port, that_ends_with_its_name_is_one_change)
{
	int64_t start = generation(&self->nl, self->port), port = port_create(self->fd, 1);

	ASSERT_EQ(0, port_bind(self->fd, port, "/test/generation"));
	ASSERT_EQ(0, port_destroy(self->fd, port));
	EXPECT_EQ(start + 3, generation(&self->nl, self->port));
}

TEST_F(port, keeps_its_generation_through_all_that_is_no_change_of_ports)
{
	int64_t start = generation(&self->nl, self->port);
	int handle = open_handle(self->fd, self->port, R_BOTH);
	struct ipcport_stat stat;

	ASSERT_LE(0, handle);
	EXPECT_EQ(0, send_nb(self->fd, self->port, 1));
	EXPECT_EQ(1, recv_nb(self->fd, self->port));
	EXPECT_EQ(0, port_stat(self->fd, self->port, &stat));
	EXPECT_EQ(-ENOENT, port_unbind(self->fd, self->port));
	EXPECT_EQ(-EINVAL, port_bind(self->fd, self->port, ""));
	EXPECT_EQ(-EINVAL, port_create(self->fd, 1 << 30));
	EXPECT_EQ(-ENOENT, port_destroy(self->fd, UINT64_MAX));
	close(handle);
	EXPECT_EQ(0, dump_ports(&self->nl, &self->views));
	EXPECT_EQ(start, generation(&self->nl, self->port));
}

TEST_F(port, has_in_a_dump_the_generation_that_it_has_alone)
{
	struct view *view;

	for (int i = 0; i < 200; i++)
		ASSERT_LT(0, port_create(self->fd, 1));
	ASSERT_EQ(0, dump_ports(&self->nl, &self->views));
	EXPECT_EQ(201, self->views.nr);
	EXPECT_LT(2, self->nl.nr_parts);
	EXPECT_FALSE(self->nl.is_interrupted);
	for_each_view(view, &self->views)
		EXPECT_EQ(generation(&self->nl, self->port), NUMBER(view, PORT_GENERATION));
}

/* Dumps against a model. */

#define NR_SLOTS	150
#define NR_OPERATIONS	1000

/* What a port must look like. */
struct model {
	int64_t port;
	int fd;
	char name[32];
	int handle;
	uint32_t depth, sent, received;
};

struct world {
	int fds[3];
	struct model models[NR_SLOTS];
	int64_t last;		/* number of the newest port */
	int nr_names;
	int nr_changes;		/* that count as a generation */
};

static bool model_create(struct world *world, struct model *model)
{
	*model = (struct model){ .fd = world->fds[rand() % 3], .handle = -1 };
	model->port = port_create(model->fd, 3);
	if (model->port <= world->last)
		return false;
	world->last = model->port;
	world->nr_changes++;
	return true;
}

static bool model_destroy(struct world *world, struct model *model)
{
	int ret = port_destroy(model->fd, model->port);

	if (model->handle >= 0)
		close(model->handle);
	model->port = 0;
	world->nr_changes++;
	return !ret;
}

static bool model_name(struct world *world, struct model *model)
{
	bool has_name = model->name[0];
	int ret;

	if (has_name) {
		ret = port_unbind(model->fd, model->port);
		model->name[0] = '\0';
	} else {
		snprintf(model->name, sizeof(model->name), "/model/%d", world->nr_names++);
		ret = port_bind(model->fd, model->port, model->name);
	}
	world->nr_changes++;
	return !ret;
}

static bool model_send(struct model *model)
{
	bool is_full = model->depth == 3;
	int ret = send_nb(model->fd, model->port, 1);

	model->depth += !is_full;
	model->sent += !is_full;
	return ret == (is_full ? -EAGAIN : 0);
}

static bool model_recv(struct model *model)
{
	bool is_empty = !model->depth;
	int ret = recv_nb(model->fd, model->port);

	model->depth -= !is_empty;
	model->received += !is_empty;
	return ret == (is_empty ? -EAGAIN : 1);
}

static bool model_open(struct model *model)
{
	if (model->handle >= 0) {
		close(model->handle);
		model->handle = -1;
		return true;
	}
	model->handle = open_handle(model->fd, model->port, R_BOTH);
	return model->handle >= 0;
}

/* Do something to a port, or make one; whether it went as it must. */
static bool model_step(struct world *world)
{
	struct model *model = &world->models[rand() % NR_SLOTS];

	if (!model->port)
		return model_create(world, model);
	switch (rand() % 8) {
	case 0: return model_destroy(world, model);
	case 1:
	case 2: return model_name(world, model);
	case 3: return model_open(model);
	case 4: return model_recv(model);
	default: return model_send(model);
	}
}

static bool is_like(const struct view *view, const struct model *model)
{
	uint64_t nr_handles = model->handle >= 0;

	return !strcmp(model->name, TEXT(view, PORT_NAME)) &&
	       model->depth == NUMBER(view, PORT_DEPTH) &&
	       model->sent == COUNTER(view, SENT) &&
	       model->received == COUNTER(view, RECEIVED) && !COUNTER(view, DROPPED) &&
	       nr_handles == NUMBER(view, PORT_SEND_HANDLES) &&
	       nr_handles == NUMBER(view, PORT_RECV_HANDLES) &&
	       NUMBER(view, PORT_OWNER_PID) == (uint64_t)getpid() &&
	       NUMBER(view, PORT_CAPACITY) == 3;
}

/* How many ports of the model a dump does not show as they are. */
static int count_wrong(const struct world *world, const struct views *views)
{
	int nr = 0;

	for (int i = 0; i < NR_SLOTS; i++) {
		const struct model *model = &world->models[i];
		const struct view *view = model->port ? find_port(views, model->port) : NULL;

		nr += model->port && (!view || !is_like(view, model));
	}
	return nr;
}

static size_t count_live(const struct world *world)
{
	size_t nr = 0;

	for (int i = 0; i < NR_SLOTS; i++)
		nr += !!world->models[i].port;
	return nr;
}

/* By number, each once. */
static bool is_in_order(const struct views *views)
{
	for (size_t i = 1; i < views->nr; i++)
		if (NUMBER(&views->views[i - 1], PORT_ID) >= NUMBER(&views->views[i], PORT_ID))
			return false;
	return true;
}

TEST_F_TIMEOUT(port, dump_is_as_a_model_after_1000_random_operations, LONG_TIMEOUT)
{
	struct world *world = calloc(1, sizeof(*world));
	int64_t start = generation(&self->nl, self->port);

	srand(1);
	for (int i = 0; i < 3; i++) {
		world->fds[i] = dev_open();
		ASSERT_LE(0, world->fds[i]);
	}
	for (int i = 1; i <= NR_OPERATIONS; i++) {
		ASSERT_TRUE(model_step(world));
		if (i % 50)
			continue;
		ASSERT_EQ(0, dump_ports(&self->nl, &self->views));
		EXPECT_FALSE(self->nl.is_interrupted);
		EXPECT_EQ(count_live(world) + 1, self->views.nr);
		EXPECT_TRUE(is_in_order(&self->views));
		EXPECT_EQ(0, count_wrong(world, &self->views));
		EXPECT_EQ(start + world->nr_changes,
			  NUMBER(&self->views.views[0], PORT_GENERATION));
	}
	EXPECT_LT(NR_SLOTS / 2, count_live(world));
	for (int i = 0; i < NR_SLOTS; i++)
		if (world->models[i].port && world->models[i].handle >= 0)
			close(world->models[i].handle);
	for (int i = 0; i < 3; i++)
		close(world->fds[i]);
	EXPECT_EQ(0, dump_ports(&self->nl, &self->views));
	EXPECT_EQ(1, self->views.nr);
	free(world);
}

/* Dumps while ports come and go. */

#define NR_STEADY	300

/* Threads that make ports and end them, each with a file of its own. */
struct churn {
	_Atomic bool *is_over;
	_Atomic uint32_t nr;
	int ret;
	pthread_t thread;
};

static void *churn_run(void *arg)
{
	struct churn *churn = arg;
	int fd = dev_open();
	int64_t ports[32] = {};
	char name[32];

	for (uint32_t i = 0; !*churn->is_over && !churn->ret; i++) {
		int64_t *port = &ports[i * 7 % 32];

		if (*port)
			churn->ret = port_destroy(fd, *port);
		*port = port_create(fd, 1);
		snprintf(name, sizeof(name), "/churn/%d/%u", thread_id(), i);
		if (*port < 0 || (i % 3 == 0 && port_bind(fd, *port, name)))
			churn->ret = -1;
		churn->nr++;
	}
	close(fd);
	return NULL;
}

static void churn_start(struct churn *churns, int nr, _Atomic bool *is_over)
{
	for (int i = 0; i < nr; i++) {
		churns[i] = (struct churn){ .is_over = is_over };
		if (thread_start(&churns[i].thread, churn_run, &churns[i]))
			abort();
	}
}

#define churn_end(_churns, _nr, _is_over) do {					\
	*(_is_over) = true;							\
	for (int _i = 0; _i < (_nr); _i++) {					\
		pthread_join((_churns)[_i].thread, NULL);			\
		EXPECT_EQ(0, (_churns)[_i].ret);				\
	}									\
} while (0)

static int count_missing(const struct views *views, const int64_t *ports, int nr)
{
	size_t at = 0;
	int nr_missing = 0;

	for (int i = 0; i < nr; i++) {
		while (at < views->nr && NUMBER(&views->views[at], PORT_ID) < (uint64_t)ports[i])
			at++;
		nr_missing += at == views->nr ||
			      NUMBER(&views->views[at], PORT_ID) != (uint64_t)ports[i];
	}
	return nr_missing;
}

TEST_F_TIMEOUT(port, that_lives_is_never_missing_or_doubled_while_others_come_and_go, LONG_TIMEOUT)
{
	int64_t *steady = calloc(NR_STEADY, sizeof(*steady));
	_Atomic bool is_over = false;
	int nr_interrupted = 0, nr_dumps = 0;
	struct churn churns[2];
	uint64_t start;

	churn_start(churns, 2, &is_over);
	/* so that their numbers lie among those that come and go */
	for (int i = 0; i < NR_STEADY; i++) {
		uint32_t nr = churns[0].nr;

		steady[i] = port_create(self->fd, 1);
		ASSERT_LT(0, steady[i]);
		ASSERT_TRUE(i % 10 || wait_until(churns[0].nr > nr));
	}
	start = now_ns();
	while (nr_dumps < 10 || now_ns() < start + 2000000000) {
		ASSERT_EQ(0, dump_ports(&self->nl, &self->views));
		EXPECT_TRUE(is_in_order(&self->views));
		EXPECT_EQ(0, count_missing(&self->views, steady, NR_STEADY));
		nr_interrupted += self->nl.is_interrupted;
		nr_dumps++;
	}
	churn_end(churns, 2, &is_over);
	EXPECT_LT(0, nr_interrupted);
	TH_LOG("%d dumps in %ju ms, %d of them interrupted; %u ports came and went", nr_dumps,
	       (uintmax_t)(now_ns() - start) / 1000000, nr_interrupted,
	       churns[0].nr + churns[1].nr);
	ASSERT_EQ(0, dump_ports(&self->nl, &self->views));
	EXPECT_FALSE(self->nl.is_interrupted);
	EXPECT_EQ(NR_STEADY + 1, self->views.nr);
	free(steady);
}

/* Begin a dump of many ports, take its first part, and change something. */
static int dump_around(struct nl *nl, struct views *views, int (*change)(int, uint64_t), int fd,
		       uint64_t port)
{
	char buffer[256];
	int ret;

	views_free(views);
	ret = nl_send(nl, nl_request(nl, buffer, IPCPORT_CMD_PORT_GET, NLM_F_DUMP));
	if (!ret)
		ret = take_part(nl, keep_view, views) > 0 ? change(fd, port) : -ENODATA;
	if (ret < 0)
		return ret;
	while ((ret = take_part(nl, keep_view, views)) > 0)
		;
	return ret;
}

static int change_by_create(int fd, uint64_t port)
{
	return port_create(fd, 1) < 0 ? -1 : 0;
}

static int change_by_bind(int fd, uint64_t port)
{
	return port_bind(fd, port, "/test/changed");
}

static int change_by_send(int fd, uint64_t port)
{
	return send_nb(fd, port, 1);
}

TEST_F(port, dump_says_that_ports_changed_meanwhile)
{
	static int (* const changes[])(int, uint64_t) = {
		change_by_create, change_by_bind, port_unbind, port_destroy,
	};
	int64_t port, start, nr_before;
	struct view *view;

	for (int i = 0; i < 1000; i++)
		ASSERT_LT(0, port_create(self->fd, 1));
	port = port_create(self->fd, 1);
	for (size_t i = 0; i < 4; i++) {
		start = generation(&self->nl, self->port);
		ASSERT_EQ(0, dump_ports(&self->nl, &self->views));
		EXPECT_FALSE(self->nl.is_interrupted);
		nr_before = self->views.nr;
		ASSERT_EQ(0, dump_around(&self->nl, &self->views, changes[i], self->fd, port));
		EXPECT_TRUE(self->nl.is_interrupted);
		EXPECT_LE(nr_before - 1, self->views.nr);
		/* it is the one of the beginning all through */
		for_each_view(view, &self->views)
			EXPECT_EQ(start, NUMBER(view, PORT_GENERATION));
	}
}

TEST_F(port, dump_is_of_one_moment_while_only_messages_come_and_go)
{
	for (int i = 0; i < 1000; i++)
		ASSERT_LT(0, port_create(self->fd, 1));
	ASSERT_EQ(0, dump_around(&self->nl, &self->views, change_by_send, self->fd, self->port));
	EXPECT_FALSE(self->nl.is_interrupted);
	EXPECT_EQ(1001, self->views.nr);
}

/* Whoever began it may leave it at any point. */
TEST_F(port, dump_that_nobody_reads_to_its_end_leaves_nothing)
{
	char buffer[256];
	struct nl nl;

	for (int i = 0; i < 1000; i++)
		ASSERT_LT(0, port_create(self->fd, 1));
	for (int i = 0; i < 20; i++) {
		ASSERT_EQ(0, nl_open(&nl));
		ASSERT_EQ(0, nl_send(&nl, nl_request(&nl, buffer, IPCPORT_CMD_PORT_GET,
						     NLM_F_DUMP)));
		for (int k = 0; k < i % 4; k++)
			EXPECT_EQ(1, take_part(&nl, NULL, NULL));
		nl_close(&nl);
	}
	EXPECT_EQ(0, dump_ports(&self->nl, &self->views));
	EXPECT_EQ(1001, self->views.nr);
}

/* Many. */

/* Two threads that play ball, and note the longest time that a round took. */
struct game {
	pthread_t threads[2];
	int fd;
	int64_t there, back;
	_Atomic bool is_over;
	_Atomic uint64_t nr, longest_ns;
};

static void *game_answer(void *arg)
{
	struct game *game = arg;
	int64_t value;

	while ((value = recv_value(game->fd, game->there, 0, 0)) > 0)
		if (send_value(game->fd, game->back, value, 0, 0))
			break;
	return NULL;
}

static void *game_play(void *arg)
{
	struct game *game = arg;
	uint64_t start, took;

	while (!game->is_over) {
		start = now_ns();
		if (send_value(game->fd, game->there, 1, 0, 0) ||
		    recv_value(game->fd, game->back, 0, 0) != 1)
			break;
		took = now_ns() - start;
		if (took > game->longest_ns)
			game->longest_ns = took;
		game->nr++;
	}
	return NULL;
}

static bool game_start(struct game *game, int fd)
{
	game->fd = fd;
	game->there = port_create(fd, 1);
	game->back = port_create(fd, 1);
	return game->there > 0 && game->back > 0 &&
	       !thread_start(&game->threads[0], game_answer, game) &&
	       !thread_start(&game->threads[1], game_play, game);
}

static void game_end(struct game *game)
{
	game->is_over = true;
	pthread_join(game->threads[1], NULL);
	port_destroy(game->fd, game->there);
	port_destroy(game->fd, game->back);
	pthread_join(game->threads[0], NULL);
}

/* What is kept of a dump that is too large to keep. */
struct sight {
	int64_t first, last_port;
	uint32_t nr_wrong, nr;
};

static void see(const struct view *view, void *data)
{
	struct sight *sight = data;
	int64_t port = NUMBER(view, PORT_ID);

	sight->nr_wrong += port <= sight->last_port;
	sight->last_port = port;
	if (port >= sight->first && port < sight->first + NR_MANY)
		sight->nr++;
}

static void number_write(const char *path, long long number)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld", number);
	file_write(path, text);
}

FIXTURE(many) {
	int fd, other;
	struct nl nl;
	long long max_ports, max_messages;
	struct game game;
};

FIXTURE_SETUP(many)
{
	self->fd = dev_open();
	self->other = dev_open();
	ASSERT_LE(0, self->fd);
	ASSERT_LE(0, self->other);
	ASSERT_EQ(0, nl_open(&self->nl));
	self->max_ports = file_number(MAX_PORTS);
	self->max_messages = file_number(MAX_MESSAGES);
	number_write(MAX_PORTS, 2 * NR_MANY);
	number_write(MAX_MESSAGES, 2 * NR_MANY);
	if (file_number(MAX_PORTS) < 2 * NR_MANY)
		SKIP(return, "only root can raise the limits");
}

FIXTURE_TEARDOWN(many)
{
	close(self->other);
	EXPECT_SOUND(&self->nl);
	nl_close(&self->nl);
	close(self->fd);
	number_write(MAX_PORTS, self->max_ports);
	number_write(MAX_MESSAGES, self->max_messages);
	EXPECT_TRUE(all_is_gone());
}

TEST_F_TIMEOUT(many, ports_are_all_in_a_dump_which_holds_up_no_sender, LONG_TIMEOUT)
{
	struct sight sight = {};
	uint64_t start, dumped, nr_rounds;

	sight.first = port_create(self->fd, 1);
	ASSERT_LT(0, sight.first);
	for (int i = 1; i < NR_MANY; i++)
		ASSERT_EQ(sight.first + i, port_create(self->fd, 1));
	ASSERT_TRUE(game_start(&self->game, self->other));
	ASSERT_TRUE(wait_until(self->game.nr > 100));
	self->game.longest_ns = 0;
	nr_rounds = self->game.nr;
	start = now_ns();
	EXPECT_EQ(0, dump_each(&self->nl, IPCPORT_CMD_PORT_GET, see, &sight));
	dumped = now_ns() - start;
	nr_rounds = self->game.nr - nr_rounds;
	game_end(&self->game);
	TH_LOG("%u ports in %u parts took %ju ms; %ju rounds meanwhile, the longest %ju us",
	       sight.nr, self->nl.nr_parts, (uintmax_t)dumped / 1000000, (uintmax_t)nr_rounds,
	       (uintmax_t)self->game.longest_ns / 1000);
	EXPECT_EQ(NR_MANY, sight.nr);
	EXPECT_EQ(0, sight.nr_wrong);
	EXPECT_FALSE(self->nl.is_interrupted);
	EXPECT_LT(100, nr_rounds);
	/* nobody had to wait for the end of the dump */
	EXPECT_GT(ROUND_MS * 1000000ULL + dumped / 2, self->game.longest_ns);
}

int main(int argc, char **argv)
{
	return process_main(argc, argv);
}
