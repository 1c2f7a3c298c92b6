// SPDX-License-Identifier: GPL-2.0
/*
 * Files that were to travel with messages and did not arrive: whatever the reason, they
 * are let go, or they are still there for who comes next. Each travels as a parcel, whose
 * other end tells when nobody holds it any more.
 *
 * Children are started before the parcels are made, lest they hold them.
 */
#include "cargo.h"
#include "remote.h"

#define CAPACITY	4

static volatile sig_atomic_t nr_signals;

static void count_signal(int signal)
{
	nr_signals++;
}

static void handle_signals(int flags)
{
	struct sigaction action = { .sa_handler = count_signal, .sa_flags = flags };

	nr_signals = 0;
	sigaction(SIGUSR1, &action, NULL);
}

/* What a remote is told, and does. */
static struct desk {
	int fd;
	int64_t port;
	bool has_own_file;
	bool is_call;
	int64_t token;
	struct ipcport_delivery delivery;
} *desk;

static int64_t own_port(void)
{
	if (desk->has_own_file)
		desk->fd = dev_open();
	desk->port = port_create_for_cargo(desk->fd, CAPACITY);
	return desk->port;
}

static int64_t destroy_own_port(void)
{
	return port_destroy(desk->fd, desk->port);
}

static int64_t leave(void)
{
	_exit(0);
}

static int64_t close_own_file(void)
{
	return close(desk->fd) ? -errno : 0;
}

static int64_t receive_with_cargo(void)
{
	return recv_delivery(desk->fd, desk->port, &desk->delivery, 0, FAR_AWAY);
}

/* Make a file of its own and send it, with a message or a call. */
static int64_t send_own_file(void)
{
	int file = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (!desk->is_call)
		return cargo_send_nb(desk->fd, desk->port, 5, file);
	desk->token = cargo_submit(desk->fd, desk->port, 5, file);
	return desk->token < 0 ? desk->token : 0;
}

static int64_t wait_for_answer(void)
{
	return call_value(desk->fd, desk->port, 4, 0, FAR_AWAY);
}

FIXTURE(release) {
	int fd;
	int64_t port;
	int receiver;		/* a handle */
	struct parcel parcel;
	struct remote remote;
};

typedef FIXTURE_DATA(release) release_data;

#define SET_UP()								\
do {										\
	handle_signals(0);							\
	self->fd = dev_open();							\
	ASSERT_LE(0, self->fd);							\
	self->port = port_create_for_cargo(self->fd, CAPACITY);				\
	ASSERT_LT(0, self->port);						\
	self->receiver = open_handle(self->fd, self->port, R_RECV);		\
	ASSERT_LE(0, self->receiver);						\
	desk = shared_alloc(sizeof(*desk));					\
	desk->fd = self->fd;							\
	desk->port = self->port;						\
	remote_start(&self->remote);						\
	self->parcel = parcel_make();						\
} while (0)

/* Nobody has what is not ours to hold; nothing is under way. */
#define TEAR_DOWN()								\
do {										\
	remote_kill(&self->remote);						\
	parcel_leave(&self->parcel);						\
	EXPECT_TRUE(is_released(&self->parcel));				\
	EXPECT_TRUE(cargo_lives(0));						\
	close(self->receiver);							\
	close(self->fd);							\
	EXPECT_TRUE(no_call_lives());						\
	EXPECT_TRUE(handles_live(0));						\
	EXPECT_TRUE(all_is_gone());						\
} while (0)

FIXTURE_SETUP(release)
{
	SET_UP();
}

FIXTURE_TEARDOWN(release)
{
	TEAR_DOWN();
}

static int send_parcel(release_data *self, uint64_t value)
{
	return cargo_send_nb(self->fd, self->port, value, self->parcel.fd);
}

/* A received call that waits for its answer: its token. */
static int64_t received_call(release_data *self)
{
	int64_t token = call_submit(self->fd, self->port, 4, 0, FAR_AWAY);

	return recv_call(self->fd, self->port, 0, FAR_AWAY) == token ? token : -EBADMSG;
}

/*
 * What was not sent, by SEND and by CALL.
 */
FIXTURE(unsent) {
	int fd;
	int64_t port;
	int receiver;
	struct parcel parcel;
	struct remote remote;
	struct post *post;
};

FIXTURE_VARIANT(unsent) {
	bool is_call;
};

FIXTURE_VARIANT_ADD(unsent, message) { .is_call = false };
FIXTURE_VARIANT_ADD(unsent, call) { .is_call = true };

/**
 * struct post - sends a parcel, here or in a thread
 * @fd: device file or handle
 * @port: number of the port
 * @is_call: whether by CALL
 * @cargo: the file
 * @flags: NONBLOCK, which is the same bit for both
 * @deadline_ns: of the ioctl
 * @message: what to send
 * @ret: what came of it: -errno, or 0; -EBADMSG if a call is left outstanding
 * @tid: the thread, 0 until it runs
 */
struct post {
	int fd;
	uint64_t port;
	bool is_call;
	int cargo;
	uint32_t flags;
	uint64_t deadline_ns;
	void *message;

	int ret;
	volatile pid_t tid;
	pthread_t thread;
};

static int post_call(const struct post *post)
{
	struct ipcport_delivery reply;
	struct ipcport_call args = {
		.port = post->port, .message = (uintptr_t)post->message,
		.reply = (uintptr_t)&reply, .deadline_ns = post->deadline_ns,
		.flags = IPCPORT_CALL_F_CARGO | post->flags, .cargo = post->cargo,
	};
	int ret = call_ioctl(post->fd, &args);

	return args.token ? -EBADMSG : ret;
}

static int post_message(const struct post *post)
{
	struct ipcport_send args = {
		.port = post->port, .messages = (uintptr_t)post->message, .count = 1,
		.deadline_ns = post->deadline_ns, .cargo = post->cargo,
		.flags = IPCPORT_SEND_F_CARGO | post->flags,
	};

	return xioctl(post->fd, IPCPORT_IOC_MSG_SEND, &args);
}

static void *post_run(void *arg)
{
	struct post *post = arg;

	post->tid = thread_id();
	post->ret = post->is_call ? post_call(post) : post_message(post);
	return NULL;
}

static int post_now(const struct post *model)
{
	struct ipcport_message message = message_of(5);
	struct post post = *model;

	if (!post.message)
		post.message = &message;
	post_run(&post);
	return post.ret;
}

#define post(_fd, _port, ...)							\
	post_now(&(struct post) { .fd = (_fd), .port = (_port),			\
				  .is_call = variant->is_call,			\
				  .cargo = self->parcel.fd, ##__VA_ARGS__ })

FIXTURE_SETUP(unsent)
{
	SET_UP();
	ASSERT_EQ(CAPACITY, send_values(self->fd, self->port, 1, CAPACITY,
					IPCPORT_SEND_F_NONBLOCK, 0));
}

/* The port is as it was. */
FIXTURE_TEARDOWN(unsent)
{
	EXPECT_TRUE(cargo_lives(0));
	for (int i = 0; i < CAPACITY; i++)
		EXPECT_EQ(1 + i, recv_nb(self->receiver, 0));
	TEAR_DOWN();
}

/* A thread that waits for space. */
static struct post *post_start(const struct post *model)
{
	struct post *post = shared_alloc(sizeof(*post));
	struct ipcport_message *message = shared_alloc(sizeof(*message));

	*message = message_of(5);
	*post = *model;
	post->message = message;
	post->deadline_ns = FAR_AWAY;
	if (thread_start(&post->thread, post_run, post))
		abort();
	return post;
}

#define START_POST()								\
do {										\
	self->post = post_start(&(struct post) {				\
		.fd = self->fd, .port = self->port,				\
		.is_call = variant->is_call, .cargo = self->parcel.fd,		\
	});									\
	ASSERT_TRUE(wait_for_senders(self->fd, self->port, 1));			\
} while (0)

static int post_end(struct post *post)
{
	pthread_join(post->thread, NULL);
	return post->ret;
}

TEST_F_TIMEOUT(unsent, because_the_port_is_full_is_let_go, LONG_TIMEOUT)
{
	EXPECT_EQ(-EAGAIN, post(self->fd, self->port, .flags = IPCPORT_SEND_F_NONBLOCK));
	EXPECT_OURS(&self->parcel);
}

TEST_F_TIMEOUT(unsent, because_the_deadline_passes_is_let_go, LONG_TIMEOUT)
{
	EXPECT_EQ(-ETIMEDOUT, post(self->fd, self->port, .deadline_ns = 1));
	EXPECT_EQ(-ETIMEDOUT, post(self->fd, self->port, .deadline_ns = in_ms(20)));
	EXPECT_OURS(&self->parcel);
}

TEST_F_TIMEOUT(unsent, because_of_a_signal_is_let_go, LONG_TIMEOUT)
{
	START_POST();
	pthread_kill(self->post->thread, SIGUSR1);
	EXPECT_EQ(-EINTR, post_end(self->post));
	EXPECT_OURS(&self->parcel);
}

TEST_F_TIMEOUT(unsent, because_the_port_ends_is_let_go, LONG_TIMEOUT)
{
	START_POST();
	EXPECT_EQ(0, port_destroy(self->fd, self->port));
	EXPECT_EQ(-EPIPE, post_end(self->post));
	EXPECT_OURS(&self->parcel);
}

TEST_F_TIMEOUT(unsent, because_the_port_has_ended_is_let_go, LONG_TIMEOUT)
{
	int handle = open_handle(self->fd, self->port, R_SEND);

	EXPECT_EQ(0, port_destroy(self->fd, self->port));
	EXPECT_EQ(-EPIPE, post(handle, 0));
	EXPECT_EQ(-ENOENT, post(self->fd, self->port));
	close(handle);
	EXPECT_OURS(&self->parcel);
}

TEST_F_TIMEOUT(unsent, because_there_is_no_such_port_is_let_go, LONG_TIMEOUT)
{
	EXPECT_EQ(-ENOENT, post(self->fd, self->port + 1000000));
	EXPECT_EQ(-ENOENT, post(self->fd, 0));
	EXPECT_OURS(&self->parcel);
}

TEST_F_TIMEOUT(unsent, because_the_handle_has_no_right_is_let_go, LONG_TIMEOUT)
{
	EXPECT_EQ(-EACCES, post(self->receiver, 0));
	EXPECT_EQ(-EINVAL, post(self->receiver, self->port));
	EXPECT_OURS(&self->parcel);
}

TEST_F_TIMEOUT(unsent, because_the_message_cannot_be_read_is_let_go, LONG_TIMEOUT)
{
	void *hole = mmap(NULL, 1, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	EXPECT_EQ(-EFAULT, post(self->fd, self->port, .message = hole));
	EXPECT_OURS(&self->parcel);
}

TEST_F_TIMEOUT(unsent, because_its_sender_is_killed_is_let_go, LONG_TIMEOUT)
{
	pid_t pid = fork();

	if (!pid) {
		post(self->fd, self->port, .deadline_ns = FAR_AWAY);
		_exit(1);
	}
	ASSERT_TRUE(wait_for_senders(self->fd, self->port, 1));
	EXPECT_EQ(-SIGKILL, kill_and_reap(pid));
	EXPECT_OURS(&self->parcel);
}

/* Not one of those: it is sent in the end, once. */
TEST_F_TIMEOUT(unsent, because_of_a_signal_at_first_arrives_when_it_is_sent, LONG_TIMEOUT)
{
	struct ipcport_delivery got;

	handle_signals(SA_RESTART);
	START_POST();
	ASSERT_TRUE(wait_for_sleep(self->post));
	pthread_kill(self->post->thread, SIGUSR1);
	ASSERT_TRUE(wait_until(nr_signals));
	for (int i = 0; i < CAPACITY; i++)
		EXPECT_EQ(1 + i, recv_nb(self->fd, self->port));
	ASSERT_EQ(0, recv_delivery(self->fd, self->port, &got, 0, FAR_AWAY));
	EXPECT_TRUE(same_file(self->parcel.fd, got.info.cargo));
	close(got.info.cargo);
	if (variant->is_call)
		EXPECT_EQ(0, call_reply(self->fd, self->port, got.info.token, 6, 0));
	EXPECT_EQ(!variant->is_call, post_end(self->post));
	EXPECT_EQ(-EAGAIN, recv_nb(self->fd, self->port));
	EXPECT_OURS(&self->parcel);
	EXPECT_EQ(CAPACITY, send_values(self->fd, self->port, 1, CAPACITY,
					IPCPORT_SEND_F_NONBLOCK, 0));
}

/*
 * What is in the queue when the port ends.
 */
FIXTURE(queued) {
	int fd;
	int64_t port;
	int receiver;
	struct parcel parcel;
	struct remote remote;
};

FIXTURE_VARIANT(queued) {
	bool is_call;
	bool has_own_file;
	remote_order *order;	/* that ends the port; NULL is SIGKILL */
};

FIXTURE_VARIANT_ADD(queued, in_a_message_when_the_port_is_destroyed) {
	.order = destroy_own_port,
};

FIXTURE_VARIANT_ADD(queued, in_a_message_when_the_owner_exits) { .order = leave };
FIXTURE_VARIANT_ADD(queued, in_a_message_when_the_owner_is_killed) { .order = NULL };

FIXTURE_VARIANT_ADD(queued, in_a_message_when_the_file_is_closed) {
	.order = close_own_file, .has_own_file = true,
};

FIXTURE_VARIANT_ADD(queued, in_a_call_when_the_port_is_destroyed) {
	.is_call = true, .order = destroy_own_port,
};

FIXTURE_VARIANT_ADD(queued, in_a_call_when_the_owner_exits) {
	.is_call = true, .order = leave,
};

FIXTURE_VARIANT_ADD(queued, in_a_call_when_the_owner_is_killed) { .is_call = true };

FIXTURE_VARIANT_ADD(queued, in_a_call_when_the_file_is_closed) {
	.is_call = true, .order = close_own_file, .has_own_file = true,
};

FIXTURE_SETUP(queued)
{
	SET_UP();
	desk->has_own_file = variant->has_own_file;
	ASSERT_LT(0, remote_do(&self->remote, own_port));
}

FIXTURE_TEARDOWN(queued)
{
	TEAR_DOWN();
}

static void end_port(struct remote *remote, remote_order *order)
{
	if (!order) {
		remote_kill(remote);
		return;
	}
	remote_do(remote, order);
	if (order == leave)
		remote_reap(remote);
}

TEST_F_TIMEOUT(queued, is_let_go, LONG_TIMEOUT)
{
	int64_t tokens[3];

	for (int i = 0; i < 3; i++) {
		tokens[i] = variant->is_call ?
			cargo_submit(self->fd, desk->port, i, self->parcel.fd) :
			cargo_send_nb(self->fd, desk->port, i, self->parcel.fd);
		ASSERT_LE(0, tokens[i]);
	}
	EXPECT_EQ(3, live_count("cargo"));
	parcel_leave(&self->parcel);
	EXPECT_TRUE(is_held(&self->parcel));
	end_port(&self->remote, variant->order);
	EXPECT_TRUE(is_released(&self->parcel));
	EXPECT_TRUE(cargo_lives(0));
	for (int i = 0; i < 3 && variant->is_call; i++)
		EXPECT_EQ(-EPIPE, call_collect(self->fd, desk->port, tokens[i], 0, FAR_AWAY));
}

/* A dead port's messages wait for who has a handle to receive; its calls do not. */
TEST_F_TIMEOUT(queued, is_still_there_for_an_open_handle, LONG_TIMEOUT)
{
	int handle = open_handle(self->fd, desk->port, R_RECV), got;
	struct parcel dropped = parcel_make();

	ASSERT_LE(0, handle);
	ASSERT_EQ(0, cargo_send_nb(self->fd, desk->port, 1, self->parcel.fd));
	ASSERT_LT(0, cargo_submit(self->fd, desk->port, 2, dropped.fd));
	ASSERT_EQ(0, cargo_send_nb(self->fd, desk->port, 3, self->parcel.fd));
	end_port(&self->remote, variant->order);
	parcel_leave(&dropped);
	EXPECT_TRUE(is_released(&dropped));
	EXPECT_TRUE(cargo_lives(2));
	got = cargo_recv(handle, 0);
	EXPECT_TRUE(same_file(self->parcel.fd, got));
	close(got);

	/* and are dropped when nobody has one any more */
	parcel_leave(&self->parcel);
	EXPECT_TRUE(is_held(&self->parcel));
	close(handle);
	EXPECT_TRUE(is_released(&self->parcel));
}

/*
 * Receivers and callers that die.
 */
static int set_policy(int policy, int priority)
{
	struct sched_param param = { .sched_priority = priority };

	return sched_setscheduler(0, policy, &param) ? -errno : 0;
}

/* Share one CPU with all children that are started from now on. */
static int share_cpu(void)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	return sched_setaffinity(0, sizeof(one), &one);
}

/*
 * Who is not preempted sends to who sleeps until it has the message and its death.
 */
TEST_F_TIMEOUT(release, does_not_come_when_the_receiver_dies_before_it_could_look, LONG_TIMEOUT)
{
	ASSERT_EQ(0, share_cpu());
	for (int i = 0; i < 10; i++) {
		struct parcel parcel;
		int got;

		remote_kill(&self->remote);
		remote_start(&self->remote);
		parcel = parcel_make();
		remote_tell(&self->remote, receive_with_cargo);
		ASSERT_TRUE(wait_for_receivers(self->fd, self->port, 1));
		if (set_policy(SCHED_FIFO, 50))
			SKIP(return, "only root may");
		ASSERT_EQ(0, cargo_send_nb(self->fd, self->port, i, parcel.fd));
		kill(self->remote.pid, SIGKILL);
		ASSERT_EQ(0, set_policy(SCHED_OTHER, 0));
		ASSERT_EQ(-SIGKILL, remote_reap(&self->remote));
		EXPECT_TRUE(is_poisoned(&desk->delivery) || !desk->delivery.info.pid);
		EXPECT_PORT(self->fd, self->port, 1, i + 1, i);
		got = cargo_recv(self->fd, self->port);
		EXPECT_TRUE(same_file(parcel.fd, got));
		close(got);
		EXPECT_OURS(&parcel);
		close(parcel.witness);
	}
}

/* Whenever it is killed: it is still there, or nobody has it. */
TEST_F_TIMEOUT(release, comes_or_not_when_the_receiver_dies_at_any_time, LONG_TIMEOUT)
{
	int nr_left = 0, nr_gone = 0, time = 0;

	for (int i = 0; i < LESS_IN_32(100); i++) {
		struct parcel parcel;
		int got;

		remote_kill(&self->remote);
		remote_start(&self->remote);
		parcel = parcel_make();
		remote_tell(&self->remote, receive_with_cargo);
		ASSERT_TRUE(wait_for_receivers(self->fd, self->port, 1));
		ASSERT_EQ(0, cargo_send_nb(self->fd, self->port, i, parcel.fd));
		for (volatile int spin = 0; spin < time; spin++)
			;
		ASSERT_EQ(-SIGKILL, remote_kill(&self->remote));
		got = cargo_recv(self->fd, self->port);
		if (got >= 0) {
			EXPECT_TRUE(same_file(parcel.fd, got));
			close(got);
			nr_left++;
			time += 1000;
		} else {
			EXPECT_EQ(-EAGAIN, got);
			nr_gone++;
			time -= time / 8;
		}
		ASSERT_TRUE(is_held(&parcel));
		parcel_leave(&parcel);
		ASSERT_TRUE(is_released(&parcel));
		close(parcel.witness);
	}
	TH_LOG("left in the port: %d, gone with the receiver: %d", nr_left, nr_gone);
}

TEST_F_TIMEOUT(release, comes_with_a_call_whose_receiver_is_killed, LONG_TIMEOUT)
{
	struct caller *caller = cargo_caller(self->fd, self->port, 5, self->parcel.fd, 0);

	ASSERT_EQ(0, remote_do(&self->remote, receive_with_cargo));
	ASSERT_LE(0, desk->delivery.info.cargo);
	parcel_leave(&self->parcel);
	EXPECT_TRUE(is_held(&self->parcel));
	EXPECT_EQ(-SIGKILL, remote_kill(&self->remote));
	EXPECT_EQ(-EPIPE, caller_end(caller));
	EXPECT_TRUE(is_error_reply(&caller->reply, EPIPE));
	EXPECT_EQ(NO_CARGO, caller->reply.info.cargo);
	EXPECT_TRUE(is_released(&self->parcel));
}

/* An answer on its way to who dies before it could look. */
TEST_F_TIMEOUT(release, comes_with_an_answer_whose_caller_is_killed, LONG_TIMEOUT)
{
	ASSERT_EQ(0, share_cpu());
	for (int i = 0; i < 10; i++) {
		struct parcel parcel;
		int64_t token;

		remote_kill(&self->remote);
		remote_start(&self->remote);
		parcel = parcel_make();
		remote_tell(&self->remote, wait_for_answer);
		token = recv_call(self->fd, self->port, 0, FAR_AWAY);
		ASSERT_LT(0, token);
		if (set_policy(SCHED_FIFO, 50))
			SKIP(return, "only root may");
		ASSERT_EQ(0, cargo_reply(self->fd, self->port, token, 6, parcel.fd));
		kill(self->remote.pid, SIGKILL);
		ASSERT_EQ(0, set_policy(SCHED_OTHER, 0));
		ASSERT_EQ(-SIGKILL, remote_reap(&self->remote));
		EXPECT_OURS(&parcel);
		close(parcel.witness);
	}
	EXPECT_IDLE(self->fd, self->port);
}

/*
 * Calls that end before anybody has received them.
 */
TEST_F_TIMEOUT(release, comes_when_a_queued_call_is_cancelled, LONG_TIMEOUT)
{
	int64_t token = cargo_submit(self->fd, self->port, 5, self->parcel.fd);

	ASSERT_LT(0, token);
	parcel_leave(&self->parcel);
	EXPECT_TRUE(is_held(&self->parcel));
	EXPECT_EQ(IPCPORT_CALL_QUEUED, call_cancel(self->fd, token));
	EXPECT_TRUE(is_released(&self->parcel));
	EXPECT_IDLE(self->fd, self->port);
}

TEST_F_TIMEOUT(release, comes_when_a_queued_call_times_out, LONG_TIMEOUT)
{
	struct caller *caller = cargo_caller(self->fd, self->port, 5, self->parcel.fd, in_ms(50));

	EXPECT_EQ(-ETIMEDOUT, caller_end(caller));
	EXPECT_EQ(0, caller->args.token);
	EXPECT_IDLE(self->fd, self->port);
	EXPECT_OURS(&self->parcel);
}

TEST_F_TIMEOUT(release, comes_when_a_queued_call_times_out_that_is_collected, LONG_TIMEOUT)
{
	int64_t token = cargo_submit(self->fd, self->port, 5, self->parcel.fd);

	EXPECT_EQ(-ETIMEDOUT, call_collect(self->fd, self->port, token, 0, in_ms(20)));
	EXPECT_IDLE(self->fd, self->port);
	EXPECT_OURS(&self->parcel);
}

TEST_F_TIMEOUT(release, waits_while_a_queued_call_is_interrupted, LONG_TIMEOUT)
{
	struct caller *caller = cargo_caller(self->fd, self->port, 5, self->parcel.fd, 0);
	int got;

	ASSERT_TRUE(wait_for_calls(self->fd, self->port, 1, 1));
	ASSERT_TRUE(wait_for_sleep(caller));
	pthread_kill(caller->thread, SIGUSR1);
	EXPECT_EQ(-EINTR, caller_end(caller));
	ASSERT_NE(0, caller->args.token);
	got = cargo_recv(self->fd, self->port);
	EXPECT_TRUE(same_file(self->parcel.fd, got));
	close(got);
	EXPECT_EQ(0, call_reply(self->fd, self->port, caller->args.token, 6, 0));
	caller_resume(caller);
	EXPECT_EQ(0, caller_end(caller));
	EXPECT_OURS(&self->parcel);
}

TEST_F_TIMEOUT(release, comes_when_the_file_of_a_queued_call_is_closed, LONG_TIMEOUT)
{
	int other = dev_open(), handle = open_handle(self->fd, self->port, R_SEND);

	ASSERT_LT(0, cargo_submit(other, self->port, 5, self->parcel.fd));
	ASSERT_LT(0, cargo_submit(handle, 0, 6, self->parcel.fd));
	parcel_leave(&self->parcel);
	close(other);
	EXPECT_TRUE(wait_for_calls(self->fd, self->port, 1, 1));
	EXPECT_TRUE(is_held(&self->parcel));
	close(handle);
	EXPECT_TRUE(is_released(&self->parcel));
	EXPECT_IDLE(self->fd, self->port);
}

/* What a message carries stays; what a call carries goes with its caller. */
TEST_F_TIMEOUT(release, does_not_come_when_the_sender_of_a_message_exits, LONG_TIMEOUT)
{
	int got;

	ASSERT_EQ(0, remote_do(&self->remote, send_own_file));
	desk->is_call = true;
	ASSERT_EQ(0, remote_do(&self->remote, send_own_file));
	EXPECT_TRUE(cargo_lives(2));
	EXPECT_EQ(-SIGKILL, remote_kill(&self->remote));
	EXPECT_TRUE(cargo_lives(1));
	got = cargo_recv(self->fd, self->port);
	EXPECT_LE(0, got);
	close(got);
	EXPECT_IDLE(self->fd, self->port);
}

/*
 * Answers that nobody gets.
 */
TEST_F_TIMEOUT(release, comes_with_an_answer_that_nobody_waits_for, LONG_TIMEOUT)
{
	int64_t token = received_call(self), done = received_call(self);
	struct ipcport_delivery delivery;
	struct ipcport_reply_recv args;

	ASSERT_LT(0, token);
	EXPECT_EQ(IPCPORT_CALL_RECEIVED, call_cancel(self->fd, token));
	EXPECT_EQ(0, call_reply(self->fd, self->port, done, 6, 0));

	int64_t tokens[] = { token, done, done + 1000000, 0 };

	for (size_t i = 0; i < ARRAY_SIZE(tokens); i++)
		EXPECT_EQ(-ENOENT, cargo_reply(self->fd, self->port, tokens[i], 7,
					       self->parcel.fd));
	EXPECT_OURS(&self->parcel);
	self->parcel = parcel_make();
	for (size_t i = 0; i < ARRAY_SIZE(tokens) - 1; i++) {
		EXPECT_EQ(-EAGAIN, cargo_reply_recv(self->fd, &args, self->port, tokens[i],
						    self->parcel.fd, &delivery));
		EXPECT_EQ(0, args.token);
		EXPECT_EQ(ENOENT, args.out_reply_errno);
	}
	EXPECT_OURS(&self->parcel);
	EXPECT_EQ(6, call_collect(self->fd, self->port, done, 0, FAR_AWAY));
}

TEST_F_TIMEOUT(release, comes_with_an_answer_given_without_the_right_to, LONG_TIMEOUT)
{
	int handle = open_handle(self->fd, self->port, R_SEND);
	int64_t token = received_call(self);
	struct ipcport_delivery delivery;
	struct ipcport_reply_recv args;

	EXPECT_EQ(-ENOENT, cargo_reply(handle, 0, token, 7, self->parcel.fd));
	EXPECT_EQ(-EACCES, cargo_reply_recv(handle, &args, 0, token, self->parcel.fd, &delivery));
	EXPECT_EQ(token, args.token);
	close(handle);
	EXPECT_OURS(&self->parcel);
	EXPECT_EQ(0, call_reply(self->fd, self->port, token, 6, 0));
	EXPECT_EQ(6, call_collect(self->fd, self->port, token, 0, FAR_AWAY));
}

TEST_F_TIMEOUT(release, comes_when_an_answer_is_not_collected_but_cancelled, LONG_TIMEOUT)
{
	int64_t token = received_call(self);

	ASSERT_EQ(0, cargo_reply(self->fd, self->port, token, 6, self->parcel.fd));
	EXPECT_TRUE(cargo_lives(1));
	parcel_leave(&self->parcel);
	EXPECT_TRUE(is_held(&self->parcel));
	EXPECT_EQ(IPCPORT_CALL_ENDED, call_cancel(self->fd, token));
	EXPECT_TRUE(is_released(&self->parcel));
}

TEST_F_TIMEOUT(release, comes_when_an_answer_is_not_collected_before_the_file_closes, LONG_TIMEOUT)
{
	int other = dev_open();
	int64_t token = call_submit(other, self->port, 4, 0, FAR_AWAY);

	ASSERT_EQ(token, recv_call(self->fd, self->port, 0, FAR_AWAY));
	ASSERT_EQ(0, cargo_reply(self->fd, self->port, token, 6, self->parcel.fd));
	parcel_leave(&self->parcel);
	EXPECT_TRUE(is_held(&self->parcel));
	close(other);
	EXPECT_TRUE(is_released(&self->parcel));
}

static int64_t submit_from_remote(void)
{
	return call_submit(desk->fd, desk->port, 4, 0, FAR_AWAY);
}

TEST_F_TIMEOUT(release, comes_when_an_answer_is_not_collected_before_the_caller_dies, LONG_TIMEOUT)
{
	int64_t token = remote_do(&self->remote, submit_from_remote);

	ASSERT_EQ(token, recv_call(self->fd, self->port, 0, FAR_AWAY));
	ASSERT_EQ(0, cargo_reply(self->fd, self->port, token, 6, self->parcel.fd));
	parcel_leave(&self->parcel);
	EXPECT_TRUE(is_held(&self->parcel));
	EXPECT_EQ(-SIGKILL, remote_kill(&self->remote));
	EXPECT_TRUE(is_released(&self->parcel));
}

/* The answer was given: that the port ends changes nothing. */
TEST_F_TIMEOUT(release, does_not_come_when_the_port_ends_after_the_answer, LONG_TIMEOUT)
{
	int64_t token = received_call(self);
	struct ipcport_delivery reply;

	ASSERT_EQ(0, cargo_reply(self->fd, self->port, token, 6, self->parcel.fd));
	EXPECT_EQ(0, port_destroy(self->fd, self->port));
	EXPECT_EQ(0, collect_delivery(self->fd, self->port, token, &reply));
	EXPECT_TRUE(same_file(self->parcel.fd, reply.info.cargo));
	close(reply.info.cargo);
	EXPECT_OURS(&self->parcel);
}

/*
 * A receiver without a free descriptor.
 */
TEST_F_TIMEOUT(release, does_not_come_when_no_descriptor_is_free, LONG_TIMEOUT)
{
	struct ipcport_delivery got[4];
	int spare;

	ASSERT_EQ(0, send_nb(self->fd, self->port, 1));
	ASSERT_EQ(0, send_parcel(self, 2));
	ASSERT_EQ(0, send_nb(self->fd, self->port, 3));
	spare = use_up_fds();
	memset(got, POISON, sizeof(got));

	/* what comes before it can be received, what comes after it cannot */
	EXPECT_EQ(1, msg_recv(self->fd, self->port, got, 4, IPCPORT_RECV_F_NONBLOCK, 0));
	EXPECT_EQ(1, value_of(&got[0].message));
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(-EMFILE, msg_recv(self->fd, self->port, got + 1, 3, 0, FAR_AWAY));
	EXPECT_PORT(self->fd, self->port, 2, 3, 1);
	close(spare);
	EXPECT_EQ(2, msg_recv(self->fd, self->port, got + 1, 3, 0, FAR_AWAY));
	allow_fds();
	EXPECT_EQ(2, value_of(&got[1].message));
	EXPECT_EQ(2, got[1].info.seq);
	EXPECT_EQ(spare, got[1].info.cargo);
	EXPECT_TRUE(same_file(self->parcel.fd, spare));
	EXPECT_EQ(3, value_of(&got[2].message));
	EXPECT_PORT(self->fd, self->port, 0, 3, 3);
	close(spare);
}

TEST_F_TIMEOUT(release, does_not_come_when_no_descriptor_is_free_to_read, LONG_TIMEOUT)
{
	struct ipcport_delivery got;
	int spare;

	ASSERT_EQ(0, send_parcel(self, 2));
	spare = use_up_fds();
	for (int i = 0; i < 3; i++) {
		EXPECT_EQ(-1, read(self->receiver, &got, sizeof(got)));
		EXPECT_EQ(EMFILE, errno);
		EXPECT_EQ(POLLIN, poll_now(self->receiver));
	}
	EXPECT_PORT(self->fd, self->port, 1, 1, 0);
	close(spare);
	EXPECT_EQ(sizeof(got), read(self->receiver, &got, sizeof(got)));
	allow_fds();
	EXPECT_TRUE(same_file(self->parcel.fd, got.info.cargo));
	close(got.info.cargo);
}

TEST_F_TIMEOUT(release, does_not_come_when_no_descriptor_is_free_in_reply_recv, LONG_TIMEOUT)
{
	int64_t token = received_call(self);
	struct ipcport_delivery got;
	struct ipcport_reply_recv args;
	int spare;

	ASSERT_EQ(0, send_parcel(self, 2));
	spare = use_up_fds();
	memset(&got, POISON, sizeof(got));
	EXPECT_EQ(-EMFILE, cargo_reply_recv(self->fd, &args, self->port, token, NO_CARGO, &got));
	EXPECT_EQ(0, args.token);
	EXPECT_EQ(0, args.out_reply_errno);
	EXPECT_EQ(6, call_collect(self->fd, self->port, token, 0, FAR_AWAY));
	EXPECT_PORT(self->fd, self->port, 1, 2, 1);
	close(spare);
	EXPECT_EQ(0, cargo_reply_recv(self->fd, &args, self->port, 0, NO_CARGO, &got));
	allow_fds();
	EXPECT_TRUE(same_file(self->parcel.fd, got.info.cargo));
	close(got.info.cargo);
}

TEST_F_TIMEOUT(release, does_not_come_when_a_waiting_receiver_has_no_descriptor_free, LONG_TIMEOUT)
{
	struct actor *actor = receiver(self->fd, self->port);
	int spare, got;

	ASSERT_TRUE(wait_for_receivers(self->fd, self->port, 1));
	spare = use_up_fds();
	EXPECT_EQ(0, send_parcel(self, 2));
	EXPECT_EQ(-EMFILE, actor_end(actor));
	EXPECT_PORT(self->fd, self->port, 1, 1, 0);
	close(spare);
	got = cargo_recv(self->fd, self->port);
	allow_fds();
	EXPECT_TRUE(same_file(self->parcel.fd, got));
	close(got);
}

/* Somebody else can receive what one has no place for. */
TEST_F_TIMEOUT(release, does_not_come_when_another_process_has_a_descriptor_free, LONG_TIMEOUT)
{
	ASSERT_EQ(0, send_parcel(self, 2));
	use_up_fds();
	EXPECT_EQ(-EMFILE, cargo_recv(self->fd, self->port));
	parcel_leave(&self->parcel);
	use_up_fds();
	EXPECT_EQ(-EMFILE, cargo_recv(self->fd, self->port));
	EXPECT_EQ(0, remote_do(&self->remote, receive_with_cargo));
	EXPECT_LE(0, desk->delivery.info.cargo);
	allow_fds();
	EXPECT_TRUE(is_held(&self->parcel));
	remote_kill(&self->remote);
	EXPECT_TRUE(is_released(&self->parcel));
}

TEST_F_TIMEOUT(release, does_not_come_when_a_caller_has_no_descriptor_free, LONG_TIMEOUT)
{
	struct caller *caller = caller(self->fd, self->port, .value = 4);
	int64_t token = recv_call(self->fd, self->port, 0, FAR_AWAY);
	int spare;

	ASSERT_LT(0, token);
	spare = use_up_fds();
	EXPECT_EQ(0, cargo_reply(self->fd, self->port, token, 6, self->parcel.fd));
	EXPECT_EQ(-EMFILE, caller_end(caller));
	EXPECT_EQ(token, (int64_t)caller->args.token);
	caller_resume(caller);
	EXPECT_EQ(-EMFILE, caller_end(caller));
	ASSERT_EQ(token, (int64_t)caller->args.token);
	close(spare);
	caller_resume(caller);
	EXPECT_EQ(0, caller_end(caller));
	allow_fds();
	EXPECT_EQ(0, caller->args.token);
	EXPECT_EQ(6, caller_value(caller));
	EXPECT_EQ(spare, caller->reply.info.cargo);
	EXPECT_TRUE(same_file(self->parcel.fd, spare));
	close(spare);
}

TEST_F_TIMEOUT(release, does_not_come_when_who_collects_has_no_descriptor_free, LONG_TIMEOUT)
{
	int64_t token = received_call(self);
	struct ipcport_delivery reply;
	int spare;

	ASSERT_EQ(0, cargo_reply(self->fd, self->port, token, 6, self->parcel.fd));
	spare = use_up_fds();
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(-EMFILE, collect_delivery(self->fd, self->port, token, &reply));
	close(spare);
	EXPECT_EQ(0, collect_delivery(self->fd, self->port, token, &reply));
	allow_fds();
	EXPECT_TRUE(same_file(self->parcel.fd, reply.info.cargo));
	close(reply.info.cargo);
	EXPECT_EQ(-ENOENT, collect_delivery(self->fd, self->port, token, &reply));
}

/*
 * A receiver that cannot be told.
 */

/* Memory that ends with the page: before it @good bytes that can be written. */
static void *edge(size_t good, int protection)
{
	size_t page = sysconf(_SC_PAGESIZE);
	char *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	mprotect(pages + page, page, protection);
	return pages + page - good;
}

TEST_F_TIMEOUT(release, does_not_come_when_the_delivery_cannot_be_written, LONG_TIMEOUT)
{
	static const size_t good[] = { 0, 8, MESSAGE_SIZE, MESSAGE_SIZE + 32, DELIVERY_SIZE - 8 };
	int nr, next, got;

	ASSERT_EQ(0, send_parcel(self, 2));
	nr = count_fds();
	next = next_fd();
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		EXPECT_EQ(-EFAULT, msg_recv(self->fd, self->port, edge(good[i], PROT_NONE), 1,
					    IPCPORT_RECV_F_NONBLOCK, 0));
		EXPECT_EQ(-EFAULT, msg_recv(self->fd, self->port, edge(good[i], PROT_READ), 1,
					    IPCPORT_RECV_F_NONBLOCK, 0));
		EXPECT_EQ(-1, read(self->receiver, edge(good[i], PROT_NONE), DELIVERY_SIZE));
		EXPECT_EQ(EFAULT, errno);
		EXPECT_EQ(nr, count_fds());
		EXPECT_EQ(next, next_fd());
		EXPECT_PORT(self->fd, self->port, 1, 1, 0);
	}
	EXPECT_EQ(1, live_count("cargo"));
	got = cargo_recv(self->fd, self->port);
	EXPECT_TRUE(same_file(self->parcel.fd, got));
	EXPECT_EQ(nr + 1, count_fds());
	close(got);
}

TEST_F_TIMEOUT(release, does_not_come_in_the_middle_of_a_batch, LONG_TIMEOUT)
{
	struct ipcport_delivery *place = edge(2 * DELIVERY_SIZE + 64, PROT_NONE);
	int nr = count_fds(), got;

	for (int i = 1; i <= 4; i++)
		ASSERT_EQ(0, send_parcel(self, i));
	EXPECT_EQ(2, msg_recv(self->fd, self->port, place, 4, 0, FAR_AWAY));
	EXPECT_EQ(nr + 2, count_fds());
	for (int i = 0; i < 2; i++) {
		EXPECT_EQ(1 + i, value_of(&place[i].message));
		EXPECT_TRUE(same_file(self->parcel.fd, place[i].info.cargo));
		close(place[i].info.cargo);
	}
	EXPECT_PORT(self->fd, self->port, 2, 4, 2);
	for (int i = 3; i <= 4; i++) {
		got = cargo_recv(self->fd, self->port);
		EXPECT_TRUE(same_file(self->parcel.fd, got));
		close(got);
	}
}

TEST_F_TIMEOUT(release, does_not_come_when_a_waiting_receiver_cannot_be_told, LONG_TIMEOUT)
{
	struct actor *actor = receiver(self->fd, self->port, .is_raw = true,
				       .deliveries = edge(MESSAGE_SIZE, PROT_NONE));
	int nr = count_fds(), next = next_fd(), got;

	ASSERT_TRUE(wait_for_receivers(self->fd, self->port, 1));
	EXPECT_EQ(0, send_parcel(self, 2));
	EXPECT_EQ(-EFAULT, actor_end(actor));
	EXPECT_EQ(nr, count_fds());
	EXPECT_EQ(next, next_fd());
	EXPECT_PORT(self->fd, self->port, 1, 1, 0);
	got = cargo_recv(self->fd, self->port);
	EXPECT_TRUE(same_file(self->parcel.fd, got));
	close(got);
}

TEST_F_TIMEOUT(release, does_not_come_when_the_answer_cannot_be_written, LONG_TIMEOUT)
{
	int64_t token = received_call(self);
	struct ipcport_call args = {
		.port = self->port, .token = token, .flags = IPCPORT_CALL_F_NONBLOCK,
	};
	struct ipcport_delivery reply;
	int nr = count_fds(), next = next_fd();

	ASSERT_EQ(0, cargo_reply(self->fd, self->port, token, 6, self->parcel.fd));
	for (size_t good = 0; good < DELIVERY_SIZE; good += 32) {
		args.reply = (uintptr_t)edge(good, PROT_NONE);
		EXPECT_EQ(-EFAULT, call_ioctl(self->fd, &args));
		EXPECT_EQ(token, (int64_t)args.token);
		EXPECT_EQ(nr, count_fds());
		EXPECT_EQ(next, next_fd());
	}
	EXPECT_EQ(0, collect_delivery(self->fd, self->port, token, &reply));
	EXPECT_TRUE(same_file(self->parcel.fd, reply.info.cargo));
	close(reply.info.cargo);
}

/* With what is to be received, and with the answer. */
TEST_F_TIMEOUT(release, does_not_come_when_reply_recv_cannot_write_the_delivery, LONG_TIMEOUT)
{
	int64_t token = received_call(self);
	struct parcel other = parcel_make();
	struct ipcport_reply_recv args;
	struct ipcport_delivery reply;
	int nr = count_fds(), next = next_fd(), got;

	ASSERT_EQ(0, send_parcel(self, 2));
	EXPECT_EQ(-EFAULT, cargo_reply_recv(self->fd, &args, self->port, token, other.fd,
					    edge(MESSAGE_SIZE, PROT_NONE)));
	EXPECT_EQ(0, args.token);
	EXPECT_EQ(0, args.out_reply_errno);
	EXPECT_EQ(nr, count_fds());
	EXPECT_EQ(next, next_fd());
	EXPECT_EQ(0, collect_delivery(self->fd, self->port, token, &reply));
	EXPECT_TRUE(same_file(other.fd, reply.info.cargo));
	close(reply.info.cargo);
	EXPECT_OURS(&other);
	got = cargo_recv(self->fd, self->port);
	EXPECT_TRUE(same_file(self->parcel.fd, got));
	close(got);
}

/* A copy of a structure that can be read only. */
static void *read_only(const void *structure, size_t size)
{
	void *page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	memcpy(page, structure, size);
	mprotect(page, size, PROT_READ);
	return page;
}

TEST_F_TIMEOUT(release, comes_when_the_structure_of_a_call_cannot_be_written, LONG_TIMEOUT)
{
	struct ipcport_message message = message_of(5);
	struct ipcport_call args = {
		.port = self->port, .message = (uintptr_t)&message,
		.flags = IPCPORT_CALL_F_CARGO | IPCPORT_CALL_F_SUBMIT, .cargo = self->parcel.fd,
	};

	EXPECT_EQ(-EFAULT, call_ioctl(self->fd, read_only(&args, sizeof(args))));
	args.flags = IPCPORT_CALL_F_CARGO;
	EXPECT_EQ(-EFAULT, call_ioctl(self->fd, read_only(&args, sizeof(args))));
	EXPECT_PORT(self->fd, self->port, 0, 0, 0);
	EXPECT_OURS(&self->parcel);
}

TEST_F_TIMEOUT(release, comes_when_the_structure_of_reply_recv_cannot_be_written, LONG_TIMEOUT)
{
	int64_t token = received_call(self);
	struct ipcport_message message = message_of(7);
	struct ipcport_delivery delivery;
	struct ipcport_reply_recv args = {
		.port = self->port, .token = token, .message = (uintptr_t)&message,
		.delivery = (uintptr_t)&delivery, .cargo = self->parcel.fd,
		.flags = IPCPORT_REPLY_RECV_F_NONBLOCK | IPCPORT_REPLY_RECV_F_CARGO,
	};

	EXPECT_EQ(-EFAULT, xioctl(self->fd, IPCPORT_IOC_CALL_REPLY_RECV,
				  read_only(&args, sizeof(args))));
	EXPECT_OURS(&self->parcel);
	EXPECT_EQ(0, call_reply(self->fd, self->port, token, 6, 0));
	EXPECT_EQ(6, call_collect(self->fd, self->port, token, 0, FAR_AWAY));
}

/* A thread in an ioctl whose structure, in a page of its own, is locked meanwhile. */
struct locked {
	int fd;
	unsigned long cmd;
	void *args;
	int ret;
	pthread_t thread;
};

static void *locked_run(void *arg)
{
	struct locked *locked = arg;

	locked->ret = xioctl(locked->fd, locked->cmd, locked->args);
	return NULL;
}

static void locked_start(struct locked *locked, int fd, unsigned long cmd, const void *args,
			 size_t size)
{
	void *page = shared_alloc(size);

	memcpy(page, args, size);
	*locked = (struct locked){ .fd = fd, .cmd = cmd, .args = page };
	if (thread_start(&locked->thread, locked_run, locked))
		abort();
}

static int locked_end(struct locked *locked)
{
	pthread_join(locked->thread, NULL);
	return locked->ret;
}

TEST_F_TIMEOUT(release, does_not_come_when_reply_recv_cannot_write_the_token_later, LONG_TIMEOUT)
{
	struct ipcport_delivery delivery;
	struct ipcport_reply_recv args = {
		.port = self->port, .delivery = (uintptr_t)&delivery, .deadline_ns = FAR_AWAY,
	};
	struct locked locked;
	int nr = count_fds(), next = next_fd(), got;

	locked_start(&locked, self->fd, IPCPORT_IOC_CALL_REPLY_RECV, &args, sizeof(args));
	ASSERT_TRUE(wait_for_receivers(self->fd, self->port, 1));
	mprotect(locked.args, sizeof(args), PROT_READ);
	EXPECT_EQ(0, send_parcel(self, 2));
	EXPECT_EQ(-EFAULT, locked_end(&locked));
	EXPECT_EQ(nr, count_fds());
	EXPECT_EQ(next, next_fd());
	EXPECT_PORT(self->fd, self->port, 1, 1, 0);
	got = cargo_recv(self->fd, self->port);
	EXPECT_TRUE(same_file(self->parcel.fd, got));
	close(got);
}

TEST_F_TIMEOUT(release, comes_when_a_call_cannot_write_its_end_later, LONG_TIMEOUT)
{
	struct ipcport_message message = message_of(4);
	struct ipcport_delivery reply;
	struct ipcport_call args = {
		.port = self->port, .message = (uintptr_t)&message, .reply = (uintptr_t)&reply,
		.deadline_ns = FAR_AWAY,
	};
	struct locked locked;
	int nr = count_fds(), next = next_fd();
	int64_t token;

	locked_start(&locked, self->fd, IPCPORT_IOC_CALL, &args, sizeof(args));
	token = recv_call(self->fd, self->port, 0, FAR_AWAY);
	ASSERT_LT(0, token);
	mprotect(locked.args, sizeof(args), PROT_READ);
	EXPECT_EQ(0, cargo_reply(self->fd, self->port, token, 6, self->parcel.fd));
	EXPECT_EQ(-EFAULT, locked_end(&locked));
	EXPECT_EQ(nr, count_fds());
	EXPECT_EQ(next, next_fd());
	EXPECT_EQ(-ENOENT, call_cancel(self->fd, token));
	EXPECT_OURS(&self->parcel);
}

TEST_HARNESS_MAIN
