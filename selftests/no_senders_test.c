// SPDX-License-Identifier: GPL-2.0
/*
 * "No more clients": a port that was asked to tells when the last handle to send with has
 * gone, wherever it was: open, duplicated, in another process, or under way.
 */
#include "cargo.h"
#include "remote.h"

#define CAPACITY	4

/* What a remote is told, and has. */
static struct desk {
	int fd;
	int64_t port;
	int socket;
	int handle;
} *desk;

static int64_t open_own(void)
{
	desk->handle = open_handle(desk->fd, desk->port, R_SEND);
	return desk->handle < 0 ? desk->handle : 0;
}

static int64_t close_own(void)
{
	return close(desk->handle) ? -errno : 0;
}

static int64_t take_from_socket(void)
{
	desk->handle = file_recv(desk->socket);
	return desk->handle < 0 ? desk->handle : 0;
}

static int64_t leave(void)
{
	_exit(0);
}

FIXTURE(senders) {
	int fd;
	int64_t port;
	int sockets[2];
	struct ipcport_delivery got;
	struct remote remote;
};

typedef FIXTURE_DATA(senders) senders_data;

FIXTURE_SETUP(senders)
{
	self->fd = dev_open();
	ASSERT_LE(0, self->fd);
	self->port = port_create_as(self->fd, CAPACITY, 0, IPCPORT_CREATE_F_NOTIFY_NO_SENDERS |
				    IPCPORT_CREATE_F_CARGO);
	ASSERT_LT(0, self->port);
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, self->sockets));
	desk = shared_alloc(sizeof(*desk));
	*desk = (struct desk){ .fd = self->fd, .port = self->port, .socket = self->sockets[1] };
	remote_start(&self->remote);
}

FIXTURE_TEARDOWN(senders)
{
	remote_kill(&self->remote);
	close(self->sockets[0]);
	close(self->sockets[1]);
	EXPECT_TRUE(cargo_lives(0));
	close(self->fd);
	EXPECT_TRUE(handles_live(0));
	EXPECT_TRUE(no_call_lives());
	EXPECT_TRUE(all_is_gone());
}

static int open_sender(senders_data *self)
{
	return open_handle(self->fd, self->port, R_SEND);
}

/* Whether all that is documented of this notice is so. */
static bool is_told(const struct ipcport_delivery *got)
{
	static const struct ipcport_message zero;

	return got->info.flags == IPCPORT_INFO_F_NO_SENDERS &&
	       !memcmp(&got->message, &zero, sizeof(zero)) &&
	       !got->info.pid && !got->info.tid && !got->info.token && !got->info.badge &&
	       got->info.uid == OVERFLOW_ID && got->info.gid == OVERFLOW_ID &&
	       got->info.cargo == NO_CARGO && got->info.time_ns && got->info.seq &&
	       !got->info.__reserved;
}

/* Check that the notice comes, which may take a moment, once. */
#define EXPECT_TOLD() do {							\
	EXPECT_EQ(0, recv_delivery(self->fd, self->port, &self->got, 0, FAR_AWAY));	\
	EXPECT_TRUE(is_told(&self->got));					\
	EXPECT_EQ(-EAGAIN, recv_nb(self->fd, self->port));			\
} while (0)

/* Check that nothing is in the port, whatever the kernel may have deferred. */
#define EXPECT_NOT_TOLD(_nr_handles) do {					\
	EXPECT_TRUE(handles_live(_nr_handles));					\
	EXPECT_EQ(-EAGAIN, recv_nb(self->fd, self->port));			\
} while (0)

TEST_F_TIMEOUT(senders, are_gone_when_the_last_one_is_closed, LONG_TIMEOUT)
{
	int first = open_sender(self), second = open_sender(self);

	ASSERT_LE(0, second);
	EXPECT_NOT_TOLD(2);
	close(first);
	EXPECT_NOT_TOLD(1);
	EXPECT_HANDLES(self->fd, self->port, 1, 0);
	close(second);
	EXPECT_TOLD();
	EXPECT_HANDLES(self->fd, self->port, 0, 0);
	EXPECT_PORT(self->fd, self->port, 0, 1, 1);
	EXPECT_EQ(1, self->got.info.seq);
}

TEST_F_TIMEOUT(senders, are_not_gone_before_they_came, LONG_TIMEOUT)
{
	EXPECT_EQ(0, send_nb(self->fd, self->port, 1));
	EXPECT_EQ(1, recv_nb(self->fd, self->port));
	EXPECT_NOT_TOLD(0);
}

TEST_F_TIMEOUT(senders, are_gone_each_time_they_are, LONG_TIMEOUT)
{
	for (int i = 1; i <= 5; i++) {
		int handle = open_sender(self);

		EXPECT_EQ(0, send_nb(handle, 0, i));
		EXPECT_EQ(i, recv_nb(self->fd, self->port));
		close(handle);
		EXPECT_TOLD();
		EXPECT_PORT(self->fd, self->port, 0, 2 * i, 2 * i);
	}
}

TEST_F_TIMEOUT(senders, are_not_gone_while_there_is_a_duplicate, LONG_TIMEOUT)
{
	int handle = open_sender(self), copy = dup(handle);

	close(handle);
	EXPECT_NOT_TOLD(1);
	close(copy);
	EXPECT_TOLD();
}

TEST_F_TIMEOUT(senders, are_not_gone_while_a_forked_child_has_one, LONG_TIMEOUT)
{
	int handle = open_sender(self);
	struct remote child;

	remote_start(&child);
	close(handle);
	EXPECT_NOT_TOLD(1);
	EXPECT_EQ(-SIGKILL, remote_kill(&child));
	EXPECT_TOLD();
}

TEST_F_TIMEOUT(senders, are_not_gone_while_there_is_a_narrower_one, LONG_TIMEOUT)
{
	int handle = open_handle(self->fd, self->port, R_BOTH);
	int narrower = open_narrower(handle, R_SEND);

	close(handle);
	EXPECT_NOT_TOLD(1);
	close(narrower);
	EXPECT_TOLD();
}

TEST_F_TIMEOUT(senders, are_those_who_may_send, LONG_TIMEOUT)
{
	int receiver = open_handle(self->fd, self->port, R_RECV);
	int nothing = open_handle(self->fd, self->port, 0);
	int handle = open_sender(self);

	ASSERT_LE(0, handle);
	close(nothing);
	EXPECT_NOT_TOLD(2);
	close(handle);
	EXPECT_TOLD();
	close(receiver);
	EXPECT_NOT_TOLD(0);
}

/*
 * In other processes, and on the way there.
 */
TEST_F_TIMEOUT(senders, are_gone_when_their_process_is_killed, LONG_TIMEOUT)
{
	ASSERT_EQ(0, remote_do(&self->remote, open_own));
	EXPECT_NOT_TOLD(1);
	EXPECT_EQ(-SIGKILL, remote_kill(&self->remote));
	EXPECT_TOLD();
}

TEST_F_TIMEOUT(senders, are_gone_when_their_process_exits, LONG_TIMEOUT)
{
	ASSERT_EQ(0, remote_do(&self->remote, open_own));
	remote_tell(&self->remote, leave);
	EXPECT_EQ(0, remote_reap(&self->remote));
	EXPECT_TOLD();
}

TEST_F_TIMEOUT(senders, are_gone_when_the_last_of_two_processes_is, LONG_TIMEOUT)
{
	int handle = open_sender(self);

	ASSERT_EQ(0, remote_do(&self->remote, open_own));
	close(handle);
	EXPECT_NOT_TOLD(1);
	EXPECT_EQ(0, remote_do(&self->remote, close_own));
	EXPECT_TOLD();
}

TEST_F_TIMEOUT(senders, are_not_gone_on_their_way_through_a_socket, LONG_TIMEOUT)
{
	int handle = open_sender(self);

	ASSERT_EQ(0, file_send(self->sockets[0], handle));
	close(handle);
	EXPECT_NOT_TOLD(1);
	ASSERT_EQ(0, remote_do(&self->remote, take_from_socket));
	EXPECT_NOT_TOLD(1);
	EXPECT_EQ(-SIGKILL, remote_kill(&self->remote));
	EXPECT_TOLD();
}

TEST_F_TIMEOUT(senders, are_gone_when_a_socket_drops_the_last, LONG_TIMEOUT)
{
	int handle = open_sender(self);

	remote_kill(&self->remote);
	ASSERT_EQ(0, file_send(self->sockets[0], handle));
	close(handle);
	EXPECT_NOT_TOLD(1);
	close(self->sockets[0]);
	close(self->sockets[1]);
	EXPECT_TOLD();
}

TEST_F_TIMEOUT(senders, are_not_gone_while_one_is_cargo, LONG_TIMEOUT)
{
	int64_t carrier = port_create_for_cargo(self->fd, CAPACITY);
	int handle = open_sender(self), got;

	ASSERT_EQ(0, cargo_send_nb(self->fd, carrier, 1, handle));
	close(handle);
	EXPECT_NOT_TOLD(1);
	EXPECT_HANDLES(self->fd, self->port, 1, 0);
	got = cargo_recv(self->fd, carrier);
	ASSERT_LE(0, got);
	EXPECT_NOT_TOLD(1);
	close(got);
	EXPECT_TOLD();
	EXPECT_EQ(0, port_destroy(self->fd, carrier));
}

TEST_F_TIMEOUT(senders, are_gone_when_the_last_was_cargo_that_is_dropped, LONG_TIMEOUT)
{
	int64_t carrier = port_create_for_cargo(self->fd, CAPACITY);
	int handle = open_sender(self);

	ASSERT_EQ(0, cargo_send_nb(self->fd, carrier, 1, handle));
	close(handle);
	EXPECT_NOT_TOLD(1);
	EXPECT_EQ(0, port_destroy(self->fd, carrier));
	EXPECT_TOLD();
}

/* In an answer that is not collected. */
TEST_F_TIMEOUT(senders, are_not_gone_while_one_is_the_cargo_of_an_answer, LONG_TIMEOUT)
{
	int64_t carrier = port_create_for_cargo(self->fd, CAPACITY);
	int64_t token = call_submit(self->fd, carrier, 4, 0, FAR_AWAY);
	int handle = open_sender(self);

	ASSERT_EQ(token, recv_call(self->fd, carrier, 0, FAR_AWAY));
	ASSERT_EQ(0, cargo_reply(self->fd, carrier, token, 6, handle));
	close(handle);
	EXPECT_NOT_TOLD(1);
	EXPECT_EQ(IPCPORT_CALL_ENDED, call_cancel(self->fd, token));
	EXPECT_TOLD();
	EXPECT_EQ(0, port_destroy(self->fd, carrier));
}

/* The port that they send to carries the last of them itself. */
TEST_F_TIMEOUT(senders, are_not_gone_while_one_is_in_the_port_itself, LONG_TIMEOUT)
{
	int handle = open_sender(self), got;

	ASSERT_EQ(0, cargo_send_nb(self->fd, self->port, 1, handle));
	close(handle);
	EXPECT_TRUE(handles_live(1));
	EXPECT_PORT(self->fd, self->port, 1, 1, 0);
	got = cargo_recv(self->fd, self->port);
	EXPECT_NOT_TOLD(1);
	close(got);
	EXPECT_TOLD();
}

/* What could not become a handle was none. */
TEST_F_TIMEOUT(senders, are_not_gone_if_they_could_not_be_made, LONG_TIMEOUT)
{
	int handle = open_handle(self->fd, self->port, R_RECV), spare = use_up_fds();

	EXPECT_EQ(-EMFILE, open_sender(self));
	close(spare);
	allow_fds();
	EXPECT_EQ(-EACCES, open_narrower(handle, R_BOTH));
	EXPECT_EQ(-EINVAL, open_handle(self->fd, self->port, R_SEND | 4));
	EXPECT_NOT_TOLD(1);
	close(handle);
}

TEST_F_TIMEOUT(senders, are_not_gone_if_cargo_finds_no_place, LONG_TIMEOUT)
{
	int64_t carrier = port_create_for_cargo(self->fd, CAPACITY);
	int handle = open_sender(self), spare, got;

	ASSERT_EQ(0, cargo_send_nb(self->fd, carrier, 1, handle));
	close(handle);
	spare = use_up_fds();
	EXPECT_EQ(-EMFILE, cargo_recv(self->fd, carrier));
	close(spare);
	allow_fds();
	EXPECT_EQ(-EFAULT, msg_recv(self->fd, carrier, (void *)8, 1, 0, FAR_AWAY));
	EXPECT_NOT_TOLD(1);
	got = cargo_recv(self->fd, carrier);
	EXPECT_EQ(0, send_nb(got, 0, 5));
	EXPECT_EQ(5, recv_nb(self->fd, self->port));
	close(got);
	EXPECT_TOLD();
	EXPECT_EQ(0, port_destroy(self->fd, carrier));
}

/*
 * Its place among the messages.
 */
TEST_F_TIMEOUT(senders, are_told_of_after_what_they_sent, LONG_TIMEOUT)
{
	struct ipcport_delivery got[4];
	int handle = open_sender(self);

	EXPECT_EQ(0, send_nb(handle, 0, 1));
	EXPECT_EQ(0, send_nb(handle, 0, 2));
	close(handle);
	EXPECT_EQ(0, send_nb(self->fd, self->port, 3));
	EXPECT_EQ(4, msg_recv(self->fd, self->port, got, 4, 0, FAR_AWAY));
	EXPECT_EQ(1, value_of(&got[0].message));
	EXPECT_EQ(2, value_of(&got[1].message));
	EXPECT_TRUE(is_told(&got[2]));
	EXPECT_EQ(3, got[2].info.seq);
	EXPECT_EQ(3, value_of(&got[3].message));
	EXPECT_EQ(0, got[3].info.flags);
	EXPECT_PORT(self->fd, self->port, 0, 4, 4);
}

TEST_F_TIMEOUT(senders, are_told_of_in_a_full_port, LONG_TIMEOUT)
{
	int handle = open_sender(self);

	EXPECT_EQ(CAPACITY, send_values(handle, 0, 1, CAPACITY, IPCPORT_SEND_F_NONBLOCK, 0));
	close(handle);
	EXPECT_PORT(self->fd, self->port, CAPACITY + 1, CAPACITY + 1, 0);
	EXPECT_EQ(-EAGAIN, send_nb(self->fd, self->port, 9));
	for (int i = 0; i < CAPACITY; i++)
		EXPECT_EQ(1 + i, recv_nb(self->fd, self->port));
	EXPECT_TOLD();
}

/* While nobody receives, one waits and one more is due. */
TEST_F_TIMEOUT(senders, are_told_of_twice_at_most, LONG_TIMEOUT)
{
	for (int i = 0; i < 5; i++) {
		close(open_sender(self));
		EXPECT_TRUE(handles_live(0));
		EXPECT_PORT(self->fd, self->port, 1, 1, 0);
	}
	EXPECT_EQ(0, recv_delivery(self->fd, self->port, &self->got, 0, FAR_AWAY));
	EXPECT_TRUE(is_told(&self->got));
	EXPECT_PORT(self->fd, self->port, 1, 2, 1);
	EXPECT_TOLD();
	EXPECT_PORT(self->fd, self->port, 0, 2, 2);
	close(open_sender(self));
	EXPECT_TOLD();
}

TEST_F_TIMEOUT(senders, are_told_of_once_if_they_have_come_back, LONG_TIMEOUT)
{
	int handle;

	for (int i = 0; i < 5; i++)
		close(open_sender(self));
	handle = open_sender(self);
	EXPECT_PORT(self->fd, self->port, 1, 1, 0);

	/* this one was true when it was told; what was due is not any more */
	EXPECT_TOLD();
	close(handle);
	EXPECT_TOLD();
	EXPECT_PORT(self->fd, self->port, 0, 2, 2);
}

TEST_F_TIMEOUT(senders, are_told_of_again_if_nobody_could_be_told, LONG_TIMEOUT)
{
	close(open_sender(self));
	for (int i = 0; i < 3; i++) {
		EXPECT_EQ(-EFAULT, msg_recv(self->fd, self->port, (void *)8, 1,
					    IPCPORT_RECV_F_NONBLOCK, 0));
		EXPECT_PORT(self->fd, self->port, 1, 1, 0);
	}
	EXPECT_TOLD();
	EXPECT_PORT(self->fd, self->port, 0, 1, 1);
}

/* One waits, one is due, and the one that waits is put back. */
TEST_F_TIMEOUT(senders, are_told_of_twice_though_the_first_was_put_back, LONG_TIMEOUT)
{
	close(open_sender(self));
	close(open_sender(self));
	EXPECT_EQ(-EFAULT, msg_recv(self->fd, self->port, (void *)8, 1,
				    IPCPORT_RECV_F_NONBLOCK, 0));
	for (int i = 0; i < 2; i++) {
		EXPECT_EQ(0, recv_delivery(self->fd, self->port, &self->got,
					   IPCPORT_RECV_F_NONBLOCK, 0));
		EXPECT_TRUE(is_told(&self->got));
	}
	EXPECT_EQ(-EAGAIN, recv_nb(self->fd, self->port));
}

TEST_F_TIMEOUT(senders, are_told_of_in_a_batch_that_ends_with_a_fault, LONG_TIMEOUT)
{
	size_t page = sysconf(_SC_PAGESIZE);
	char *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			   -1, 0);
	struct ipcport_delivery *place = (void *)(pages + page - DELIVERY_SIZE);

	mprotect(pages + page, page, PROT_NONE);
	EXPECT_EQ(0, send_nb(self->fd, self->port, 1));
	close(open_sender(self));
	EXPECT_EQ(1, msg_recv(self->fd, self->port, place, 2, 0, FAR_AWAY));
	EXPECT_EQ(1, value_of(&place->message));
	EXPECT_TOLD();
}

/*
 * How it comes.
 */
TEST_F_TIMEOUT(senders, are_told_of_to_who_waits, LONG_TIMEOUT)
{
	int handle = open_sender(self);
	struct actor *actor = receiver(self->fd, self->port);

	ASSERT_TRUE(wait_for_receivers(self->fd, self->port, 1));
	close(handle);
	EXPECT_EQ(1, actor_end(actor));
	EXPECT_TRUE(is_told(&actor->delivery));
	EXPECT_PORT(self->fd, self->port, 0, 1, 1);
}

TEST_F_TIMEOUT(senders, are_told_of_to_who_polls_and_reads, LONG_TIMEOUT)
{
	int receiver = open_handle(self->fd, self->port, R_RECV), handle = open_sender(self);

	EXPECT_EQ(0, poll_now(receiver));
	close(handle);
	EXPECT_EQ(POLLIN, poll_for(receiver, POLLIN));
	EXPECT_EQ(DELIVERY_SIZE, read(receiver, &self->got, sizeof(self->got)));
	EXPECT_TRUE(is_told(&self->got));
	EXPECT_EQ(0, poll_now(receiver));
	close(receiver);
}

TEST_F_TIMEOUT(senders, are_told_of_by_what_is_no_call, LONG_TIMEOUT)
{
	uint64_t token = 0;

	close(open_sender(self));
	EXPECT_EQ(0, call_reply_recv(self->fd, self->port, &token, 0, &self->got, 0, FAR_AWAY,
				     NULL));
	EXPECT_EQ(0, token);
	EXPECT_TRUE(is_told(&self->got));
	EXPECT_EQ(-ENOENT, call_reply(self->fd, self->port, self->got.info.token, 6, 0));
	EXPECT_IDLE(self->fd, self->port);
}

/* Both notices can be asked for. */
TEST_F_TIMEOUT(senders, are_told_of_beside_calls_that_are_given_up, LONG_TIMEOUT)
{
	int64_t port = port_create_as(self->fd, CAPACITY, 0, IPCPORT_CREATE_F_NOTIFY_ABORT |
				      IPCPORT_CREATE_F_NOTIFY_NO_SENDERS);
	int handle = open_handle(self->fd, port, R_SEND);
	int64_t token = call_submit(handle, 0, 4, 0, FAR_AWAY);

	ASSERT_LT(0, token);
	ASSERT_EQ(token, recv_call(self->fd, port, 0, FAR_AWAY));
	close(handle);
	for (int i = 0, nr_aborted = 0; i < 2; i++) {
		ASSERT_EQ(0, recv_delivery(self->fd, port, &self->got, 0, FAR_AWAY));
		nr_aborted += is_notice(&self->got) && (int64_t)self->got.info.token == token;
		EXPECT_TRUE(is_notice(&self->got) || is_told(&self->got));
		if (i)
			EXPECT_EQ(1, nr_aborted);
	}
	EXPECT_EQ(-EAGAIN, recv_nb(self->fd, port));
	EXPECT_EQ(0, port_destroy(self->fd, port));
}

TEST_F_TIMEOUT(senders, are_not_told_of_if_nobody_asked, LONG_TIMEOUT)
{
	int64_t port = port_create_as(self->fd, CAPACITY, 0, IPCPORT_CREATE_F_NOTIFY_ABORT);

	for (int i = 0; i < 2; i++) {
		close(open_handle(self->fd, port, R_SEND));
		EXPECT_TRUE(handles_live(0));
		EXPECT_PORT(self->fd, port, 0, 0, 0);
	}
	EXPECT_EQ(0, port_destroy(self->fd, port));
}

TEST_F_TIMEOUT(senders, are_not_told_of_when_the_port_is_dead, LONG_TIMEOUT)
{
	int receiver = open_handle(self->fd, self->port, R_RECV), handle = open_sender(self);

	EXPECT_EQ(0, send_nb(handle, 0, 1));
	EXPECT_EQ(0, port_destroy(self->fd, self->port));
	close(handle);
	EXPECT_TRUE(handles_live(1));
	EXPECT_EQ(1, recv_nb(receiver, 0));
	EXPECT_EQ(-EPIPE, recv_nb(receiver, 0));
	close(receiver);
}

/* Clients that come and go as they like: the last word is that nobody is there. */
static int64_t come_and_go(void)
{
	for (int i = 0; i < 200; i++) {
		if (open_own())
			return -1;
		close_own();
	}
	return 0;
}

TEST_F_TIMEOUT(senders, are_gone_in_the_end_however_they_come_and_go, LONG_TIMEOUT)
{
	struct ipcport_stat stat;
	struct remote others[3];
	int nr = 0;

	/* each has a desk of its own */
	for (int i = 0; i < 3; i++) {
		struct desk *shared = desk;

		desk = shared_alloc(sizeof(*desk));
		*desk = *shared;
		remote_start(&others[i]);
		remote_tell(&others[i], come_and_go);
		desk = shared;
	}
	for (int i = 0; i < 3; i++) {
		EXPECT_EQ(0, remote_result(&others[i]));
		remote_kill(&others[i]);
	}
	EXPECT_TRUE(handles_live(0));
	while (!recv_delivery(self->fd, self->port, &self->got, IPCPORT_RECV_F_NONBLOCK, 0)) {
		EXPECT_TRUE(is_told(&self->got));
		nr++;
	}
	EXPECT_TRUE(nr == 1 || nr == 2);
	EXPECT_EQ(0, port_stat(self->fd, self->port, &stat));
	EXPECT_EQ(0, stat.out_send_handles);
	EXPECT_EQ(stat.out_sent, stat.out_received);
}

TEST_HARNESS_MAIN
