// SPDX-License-Identifier: GPL-2.0
/*
 * read() and write() on handles: a message is all or nothing, what was counted was done,
 * and what was not can be done again.
 */
#include "process.h"
#include "actor.h"
#include "handle.h"

#define CAPACITY	8

/* Messages and deliveries that one call handles at most in these tests. */
#define MANY		64

/* Below the program, where mmap() puts nothing. */
#define HOLE		((char *)0x200000)

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
	/* a write to a dead port must not be one to a broken pipe */
	sigaction(SIGPIPE, &action, NULL);
}

FIXTURE(io) {
	int fd;
	int64_t port;
	int sender, receiver;
	char *pages;			/* two, of which the second cannot be touched */
	size_t page;
	struct ipcport_message messages[MANY];
	struct ipcport_delivery deliveries[MANY];
};

typedef FIXTURE_DATA(io) io_data;

FIXTURE_SETUP(io)
{
	handle_signals(0);
	self->fd = dev_open();
	ASSERT_LE(0, self->fd);
	self->port = port_create(self->fd, CAPACITY);
	ASSERT_LT(0, self->port);
	self->sender = open_handle(self->fd, self->port, R_SEND);
	ASSERT_LE(0, self->sender);
	self->receiver = open_handle(self->fd, self->port, R_RECV);
	ASSERT_LE(0, self->receiver);
	self->page = sysconf(_SC_PAGESIZE);
	self->pages = shared_alloc(2 * self->page);
	ASSERT_EQ(0, mprotect(self->pages + self->page, self->page, PROT_NONE));
	for (int i = 0; i < MANY; i++)
		self->messages[i] = message_of(i);
	memset(self->deliveries, POISON, sizeof(self->deliveries));
}

FIXTURE_TEARDOWN(io)
{
	EXPECT_EQ(0, nr_signals);
	syscall(SYS_close_range, self->fd, ~0U, 0);
	EXPECT_TRUE(handles_live(0));
	EXPECT_TRUE(all_is_gone());
}

/* An array of which @good members of @size bytes can be touched, and nothing behind. */
static void *array_at(io_data *self, unsigned int good, size_t size)
{
	return self->pages + self->page - good * size;
}

/* Send the numbers from @value on by the ioctl, as many as there is space for. */
static int fill(io_data *self, uint64_t value, uint32_t count)
{
	return send_values(self->fd, self->port, value, count, IPCPORT_SEND_F_NONBLOCK, 0);
}

/* How many of the next @count messages have the numbers from @value on. */
static int drain(io_data *self, uint64_t value, int count)
{
	int i;

	for (i = 0; i < count; i++)
		if (recv_nb(self->fd, self->port) != (int64_t)(value + i))
			break;
	return i;
}

/* How many of the first deliveries have the numbers from @value on; the rest untouched. */
static int count_delivered(io_data *self, uint64_t value)
{
	int nr = 0;

	while (nr < MANY && !is_poisoned(&self->deliveries[nr]) &&
	       value_of(&self->deliveries[nr].message) == value + nr)
		nr++;
	for (int i = nr; i < MANY; i++)
		if (!is_poisoned(&self->deliveries[i]))
			return -1;
	return nr;
}

/*
 * Sizes.
 */
TEST_F_TIMEOUT(io, takes_each_number_of_messages, LONG_TIMEOUT)
{
	for (int nr = 1; nr <= CAPACITY; nr++) {
		memset(self->deliveries, POISON, sizeof(self->deliveries));
		EXPECT_EQ(nr * MESSAGE_SIZE,
			  write_at(self->sender, self->messages, nr * MESSAGE_SIZE));
		EXPECT_EQ(nr * DELIVERY_SIZE,
			  read_at(self->receiver, self->deliveries, nr * DELIVERY_SIZE));
		EXPECT_EQ(nr, count_delivered(self, 0));
	}
	EXPECT_PORT(self->fd, self->port, 0, 36, 36);
}

TEST_F_TIMEOUT(io, delivers_the_same_as_the_ioctl, LONG_TIMEOUT)
{
	struct ipcport_message message;
	struct ipcport_delivery *got = self->deliveries;
	uint64_t before = now_ns(), after;

	memset(&message, 0xa5, sizeof(message));
	ASSERT_EQ(MESSAGE_SIZE, write_at(self->sender, &message, MESSAGE_SIZE));
	after = now_ns();
	ASSERT_EQ(DELIVERY_SIZE, read_at(self->receiver, got, DELIVERY_SIZE));
	EXPECT_EQ(gettid(), got->message.sender);
	EXPECT_EQ(message.type, got->message.type);
	EXPECT_EQ(message.flags, got->message.flags);
	EXPECT_EQ(0, memcmp(message.payload, got->message.payload, sizeof(message.payload)));
	EXPECT_EQ(0, got->info.token);
	EXPECT_EQ(0, got->info.badge);
	EXPECT_LE(before, got->info.time_ns);
	EXPECT_GE(after, got->info.time_ns);
	EXPECT_EQ(1, got->info.seq);
	EXPECT_EQ(getpid(), got->info.pid);
	EXPECT_EQ(gettid(), got->info.tid);
	EXPECT_EQ(geteuid(), got->info.uid);
	EXPECT_EQ(getegid(), got->info.gid);
	EXPECT_EQ(-1, got->info.cargo);
	EXPECT_EQ(0, got->info.flags);
	EXPECT_EQ(0, got->info.__reserved);
}

TEST_F_TIMEOUT(io, refuses_each_size_that_is_not_whole, LONG_TIMEOUT)
{
	ASSERT_EQ(2, fill(self, 50, 2));
	for (size_t size = 1; size < 4 * DELIVERY_SIZE; size++) {
		if (size % MESSAGE_SIZE)
			EXPECT_EQ(-EINVAL, write_at(self->sender, self->messages, size));
		if (size % DELIVERY_SIZE)
			EXPECT_EQ(-EINVAL, read_at(self->receiver, self->deliveries, size));
	}
	EXPECT_EQ(0, count_delivered(self, 0));
	EXPECT_PORT(self->fd, self->port, 2, 2, 0);
	EXPECT_EQ(2, drain(self, 50, 2));
}

TEST_F_TIMEOUT(io, of_nothing_does_nothing, LONG_TIMEOUT)
{
	struct iovec none[2] = { { self->messages, 0 }, { NULL, 0 } };

	EXPECT_EQ(0, write_at(self->sender, self->messages, 0));
	EXPECT_EQ(0, write_at(self->sender, NULL, 0));
	EXPECT_EQ(0, writev(self->sender, none, 2));
	EXPECT_EQ(0, writev(self->sender, NULL, 0));
	/* nor does it wait */
	EXPECT_EQ(0, read_at(self->receiver, self->deliveries, 0));
	EXPECT_EQ(0, readv(self->receiver, none, 2));
	ASSERT_EQ(1, fill(self, 50, 1));
	EXPECT_EQ(0, read_at(self->receiver, self->deliveries, 0));
	EXPECT_PORT(self->fd, self->port, 1, 1, 0);
}

TEST_F_TIMEOUT(io, has_no_position, LONG_TIMEOUT)
{
	ASSERT_EQ(1, fill(self, 50, 1));
	EXPECT_EQ(-1, pread(self->receiver, self->deliveries, DELIVERY_SIZE, 0));
	EXPECT_EQ(ESPIPE, errno);
	EXPECT_EQ(-1, pread(self->receiver, self->deliveries, DELIVERY_SIZE, 128));
	EXPECT_EQ(ESPIPE, errno);
	EXPECT_EQ(-1, pwrite(self->sender, self->messages, MESSAGE_SIZE, 0));
	EXPECT_EQ(ESPIPE, errno);
	EXPECT_EQ(-1, lseek(self->receiver, 0, SEEK_CUR));
	EXPECT_EQ(ESPIPE, errno);
	EXPECT_EQ(-1, lseek(self->sender, 64, SEEK_SET));
	EXPECT_EQ(ESPIPE, errno);
	EXPECT_TRUE(mmap(NULL, self->page, PROT_READ, MAP_SHARED, self->receiver, 0) ==
		    MAP_FAILED);
	EXPECT_EQ(ENODEV, errno);
	EXPECT_EQ(0, count_delivered(self, 0));
	EXPECT_PORT(self->fd, self->port, 1, 1, 0);
}

/*
 * Whose it is. USER means nothing to the system.
 */
#define USER		2000

/* Become that user, for good. */
static void lose_root(void)
{
	if (become(USER, USER, USER))
		_exit(100);
}

/* Check who the sender of the next message is said to be. */
#define EXPECT_SENDER(_value, _pid, _user) do {					\
	struct ipcport_delivery _got;						\
										\
	memset(&_got, POISON, sizeof(_got));					\
	ASSERT_EQ(DELIVERY_SIZE, read_at(self->receiver, &_got, DELIVERY_SIZE));	\
	EXPECT_EQ(_value, value_of(&_got.message));				\
	EXPECT_EQ(_pid, (pid_t)_got.info.pid);					\
	EXPECT_EQ(_user, _got.info.uid);					\
	EXPECT_EQ(_user, _got.info.gid);					\
} while (0)

TEST_F_TIMEOUT(io, is_that_of_the_user_who_opened_the_handle, LONG_TIMEOUT)
{
	struct iovec iov = { &self->messages[2], MESSAGE_SIZE };
	pid_t pid;

	if (geteuid() || getegid())
		SKIP(return, "only root can become others");
	pid = fork();
	if (!pid) {
		lose_root();
		if (write_value(self->sender, 1) != MESSAGE_SIZE ||
		    writev(self->sender, &iov, 1) != MESSAGE_SIZE)
			_exit(101);
		/* an ioctl is not made by who does not know what the file is */
		_exit(status_of(send_nb(self->sender, 0, 3)));
	}
	EXPECT_EQ(0, reap(pid));
	EXPECT_SENDER(1, pid, 0);
	EXPECT_SENDER(2, pid, 0);
	EXPECT_SENDER(3, pid, USER);
}

TEST_F_TIMEOUT(io, gives_a_user_nothing_that_root_could_lend, LONG_TIMEOUT)
{
	int64_t port = port_create_as(self->fd, CAPACITY, 0666, 0);
	int sockets[2], handle;
	pid_t pid;

	if (geteuid() || getegid())
		SKIP(return, "only root can become others");
	close(self->receiver);
	self->receiver = open_handle(self->fd, port, R_RECV);
	ASSERT_LE(0, self->receiver);
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
	pid = fork();
	if (!pid) {
		lose_root();
		_exit(status_of(file_send(sockets[0], open_handle(self->fd, port, R_SEND))));
	}
	EXPECT_EQ(0, reap(pid));
	handle = file_recv(sockets[1]);
	ASSERT_LE(0, handle);
	EXPECT_EQ(MESSAGE_SIZE, write_value(handle, 1));
	EXPECT_EQ(MESSAGE_SIZE, write_value(dup(handle), 2));
	EXPECT_EQ(0, send_nb(handle, 0, 3));
	EXPECT_SENDER(1, getpid(), USER);
	EXPECT_SENDER(2, getpid(), USER);
	EXPECT_SENDER(3, getpid(), 0);
}

/*
 * Part of it.
 */
TEST_F_TIMEOUT(io, reads_what_there_is, LONG_TIMEOUT)
{
	ASSERT_EQ(3, fill(self, 50, 3));
	EXPECT_EQ(3 * DELIVERY_SIZE, read_at(self->receiver, self->deliveries,
					     MANY * DELIVERY_SIZE));
	EXPECT_EQ(3, count_delivered(self, 50));
	ASSERT_EQ(0, set_nonblock(self->receiver, true));
	EXPECT_EQ(-EAGAIN, read_at(self->receiver, self->deliveries, MANY * DELIVERY_SIZE));
	EXPECT_PORT(self->fd, self->port, 0, 3, 3);
}

TEST_F_TIMEOUT(io, writes_what_fits_if_it_does_not_wait, LONG_TIMEOUT)
{
	ASSERT_EQ(0, set_nonblock(self->sender, true));
	ASSERT_EQ(3, fill(self, 50, 3));
	EXPECT_EQ((CAPACITY - 3) * MESSAGE_SIZE,
		  write_at(self->sender, self->messages, MANY * MESSAGE_SIZE));
	EXPECT_EQ(-EAGAIN, write_at(self->sender, self->messages, MANY * MESSAGE_SIZE));
	EXPECT_PORT(self->fd, self->port, CAPACITY, CAPACITY, 0);
	EXPECT_EQ(3, drain(self, 50, 3));
	EXPECT_EQ(CAPACITY - 3, drain(self, 0, CAPACITY - 3));
}

/* By fcntl(), which all who have the open file see. */
TEST_F_TIMEOUT(io, waits_again_when_the_file_is_told_to, LONG_TIMEOUT)
{
	struct actor *actor;

	ASSERT_EQ(0, set_nonblock(self->receiver, true));
	EXPECT_EQ(-EAGAIN, read_value(self->receiver));
	EXPECT_EQ(-EAGAIN, read_value(dup(self->receiver)));
	ASSERT_EQ(0, set_nonblock(self->receiver, false));
	actor = sender(self->fd, self->port, 5);
	EXPECT_EQ(5, read_value(self->receiver));
	EXPECT_EQ(1, actor_end(actor));
}

TEST_F_TIMEOUT(io, of_more_than_a_batch_is_written_in_parts_and_read_in_order, LONG_TIMEOUT)
{
	enum { NR = 3000 };
	struct ipcport_message *messages = calloc(NR, sizeof(*messages));
	struct ipcport_delivery *deliveries = calloc(NR, sizeof(*deliveries));
	int64_t port = port_create(self->fd, 1024);
	int handle = open_handle(self->fd, port, R_BOTH), nr = 0, ret;
	pid_t pid;

	ASSERT_LE(0, handle);
	for (int i = 0; i < NR; i++)
		messages[i] = message_of(i);
	pid = fork();
	if (!pid)
		_exit(write_at(handle, messages, NR * MESSAGE_SIZE) != NR * MESSAGE_SIZE);
	while (nr < NR) {
		ret = read_at(handle, deliveries + nr, (NR - nr) * DELIVERY_SIZE);
		ASSERT_LT(0, ret);
		ASSERT_EQ(0, ret % DELIVERY_SIZE);
		nr += ret / DELIVERY_SIZE;
	}
	EXPECT_EQ(0, reap(pid));
	for (int i = 0; i < NR; i++) {
		ASSERT_EQ(i, value_of(&deliveries[i].message));
		ASSERT_EQ(i + 1, deliveries[i].info.seq);
	}
	EXPECT_PORT(self->fd, port, 0, NR, NR);
}

/*
 * Bad memory.
 */
TEST_F_TIMEOUT(io, into_nowhere_leaves_everything_in_the_port, LONG_TIMEOUT)
{
	char * const bad[] = { NULL, HOLE, self->pages + self->page, (char *)~(uintptr_t)0xfff };

	ASSERT_EQ(3, fill(self, 50, 3));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(-EFAULT, read_at(self->receiver, bad[i], DELIVERY_SIZE));
		EXPECT_EQ(-EFAULT, read_at(self->receiver, bad[i], 3 * DELIVERY_SIZE));
		EXPECT_EQ(-EFAULT, write_at(self->sender, bad[i], MESSAGE_SIZE));
		EXPECT_EQ(-EFAULT, write_at(self->sender, bad[i], 3 * MESSAGE_SIZE));
		EXPECT_PORT(self->fd, self->port, 3, 3, 0);
	}
	EXPECT_EQ(3, drain(self, 50, 3));
}

TEST_F_TIMEOUT(io, reads_the_messages_before_a_fault_and_leaves_the_rest, LONG_TIMEOUT)
{
	struct ipcport_delivery *array;

	for (int good = 1; good < 4; good++) {
		ASSERT_EQ(5, fill(self, 50, 5));
		array = array_at(self, good, DELIVERY_SIZE);
		memset(array, POISON, good * DELIVERY_SIZE);
		EXPECT_EQ(good * DELIVERY_SIZE, read_at(self->receiver, array, 5 * DELIVERY_SIZE));
		for (int i = 0; i < good; i++)
			EXPECT_EQ(50 + i, value_of(&array[i].message));
		EXPECT_EQ(5 - good, drain(self, 50 + good, 5 - good));
		EXPECT_EQ(-EAGAIN, recv_nb(self->fd, self->port));
	}
}

TEST_F_TIMEOUT(io, writes_the_messages_before_a_fault_and_no_more, LONG_TIMEOUT)
{
	struct ipcport_message *array;

	for (int good = 1; good < 4; good++) {
		array = array_at(self, good, MESSAGE_SIZE);
		for (int i = 0; i < good; i++)
			array[i] = message_of(50 + i);
		EXPECT_EQ(good * MESSAGE_SIZE, write_at(self->sender, array, 5 * MESSAGE_SIZE));
		EXPECT_EQ(good, drain(self, 50, good));
		EXPECT_EQ(-EAGAIN, recv_nb(self->fd, self->port));
	}
}

/* A message of which only a part can be stored is not taken. */
TEST_F_TIMEOUT(io, does_not_split_a_message_at_a_fault, LONG_TIMEOUT)
{
	char *end = self->pages + self->page;

	ASSERT_EQ(3, fill(self, 50, 3));
	for (size_t part = 1; part < DELIVERY_SIZE; part += 21)
		EXPECT_EQ(-EFAULT, read_at(self->receiver, end - part, DELIVERY_SIZE));
	for (size_t part = 1; part < MESSAGE_SIZE; part += 9)
		EXPECT_EQ(-EFAULT, write_at(self->sender, end - part, MESSAGE_SIZE));
	EXPECT_PORT(self->fd, self->port, 3, 3, 0);
	EXPECT_EQ(DELIVERY_SIZE, read_at(self->receiver, end - DELIVERY_SIZE - 100,
					 3 * DELIVERY_SIZE));
	EXPECT_EQ(50, value_of((struct ipcport_message *)(end - DELIVERY_SIZE - 100)));
	EXPECT_EQ(2, drain(self, 51, 2));
}

/*
 * Vectors.
 */

/* Cut @size bytes at @bytes into pieces of @step; how many pieces. */
static int cut(struct iovec *iovs, void *bytes, size_t size, size_t step)
{
	int nr = 0;

	for (size_t done = 0; done < size; done += step) {
		iovs[nr].iov_base = (char *)bytes + done;
		iovs[nr].iov_len = size - done < step ? size - done : step;
		nr++;
	}
	return nr;
}

TEST_F_TIMEOUT(io, finds_messages_that_are_spread_over_a_vector, LONG_TIMEOUT)
{
	static const size_t steps[] = { 1, 3, 7, 63, 64, 65, 100, 127, 128, 129, 192, 1000 };
	struct iovec iovs[512];
	int nr;

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		memset(self->deliveries, POISON, sizeof(self->deliveries));
		nr = cut(iovs, self->messages, 3 * MESSAGE_SIZE, steps[i]);
		EXPECT_EQ(3 * MESSAGE_SIZE, writev(self->sender, iovs, nr));
		nr = cut(iovs, self->deliveries, 3 * DELIVERY_SIZE, steps[i]);
		EXPECT_EQ(3 * DELIVERY_SIZE, readv(self->receiver, iovs, nr));
		EXPECT_EQ(3, count_delivered(self, 0));
	}
	EXPECT_PORT(self->fd, self->port, 0, 36, 36);
}

TEST_F_TIMEOUT(io, of_a_vector_is_as_large_as_its_sum, LONG_TIMEOUT)
{
	struct iovec iovs[3] = { { self->messages, 30 }, { NULL, 0 }, { self->messages, 33 } };

	EXPECT_EQ(-1, writev(self->sender, iovs, 3));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, readv(self->receiver, iovs, 3));
	EXPECT_EQ(EINVAL, errno);
	iovs[1] = (struct iovec){ self->messages, 1 };
	EXPECT_EQ(MESSAGE_SIZE, writev(self->sender, iovs, 3));
	EXPECT_PORT(self->fd, self->port, 1, 1, 0);
}

TEST_F_TIMEOUT(io, of_a_vector_ends_before_the_message_that_faults, LONG_TIMEOUT)
{
	struct iovec out[3] = {
		{ &self->messages[0], MESSAGE_SIZE }, { &self->messages[1], 10 },
		{ HOLE, MESSAGE_SIZE - 10 },
	};
	struct iovec in[3] = {
		{ &self->deliveries[0], DELIVERY_SIZE }, { &self->deliveries[1], 10 },
		{ HOLE, DELIVERY_SIZE - 10 },
	};

	EXPECT_EQ(MESSAGE_SIZE, writev(self->sender, out, 3));
	EXPECT_PORT(self->fd, self->port, 1, 1, 0);
	ASSERT_EQ(1, fill(self, 1, 1));
	EXPECT_EQ(DELIVERY_SIZE, readv(self->receiver, in, 3));
	EXPECT_EQ(0, value_of(&self->deliveries[0].message));
	EXPECT_EQ(1, drain(self, 1, 1));
	/* and where it is the first */
	EXPECT_EQ(-1, writev(self->sender, out + 1, 2));
	EXPECT_EQ(EFAULT, errno);
	ASSERT_EQ(1, fill(self, 2, 1));
	EXPECT_EQ(-1, readv(self->receiver, in + 1, 2));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(1, drain(self, 2, 1));
}

TEST_F_TIMEOUT(io, can_be_asked_once_not_to_wait, LONG_TIMEOUT)
{
	struct iovec in = { self->deliveries, MANY * DELIVERY_SIZE };
	struct iovec out = { self->messages, MANY * MESSAGE_SIZE };

	EXPECT_EQ(-1, preadv2(self->receiver, &in, 1, -1, RWF_NOWAIT));
	EXPECT_EQ(EAGAIN, errno);
	EXPECT_EQ(CAPACITY * MESSAGE_SIZE, pwritev2(self->sender, &out, 1, -1, RWF_NOWAIT));
	EXPECT_EQ(-1, pwritev2(self->sender, &out, 1, -1, RWF_NOWAIT));
	EXPECT_EQ(EAGAIN, errno);
	EXPECT_EQ(CAPACITY * DELIVERY_SIZE, preadv2(self->receiver, &in, 1, -1, RWF_NOWAIT));
	EXPECT_EQ(CAPACITY, count_delivered(self, 0));
	EXPECT_EQ(0, fcntl(self->receiver, F_GETFL) & O_NONBLOCK);
	EXPECT_PORT(self->fd, self->port, 0, CAPACITY, CAPACITY);
}

/*
 * Waiting.
 */

/* A child that writes, or reads, as many messages as it can with one call. */
struct writer {
	int handle;
	int count;
	bool is_reader;
	volatile ssize_t ret;
	volatile bool is_done;
	volatile pid_t tid;
	pthread_t thread;
	struct ipcport_message messages[MANY];
	struct ipcport_delivery deliveries[MANY];
};

static void *writer_run(void *arg)
{
	struct writer *writer = arg;

	writer->tid = syscall(SYS_gettid);
	writer->ret = writer->is_reader ?
		read_at(writer->handle, writer->deliveries, writer->count * DELIVERY_SIZE) :
		write_at(writer->handle, writer->messages, writer->count * MESSAGE_SIZE);
	writer->is_done = true;
	return NULL;
}

static struct writer *writer_start(int handle, int count, bool is_reader)
{
	struct writer *writer = shared_alloc(sizeof(*writer));

	writer->handle = handle;
	writer->count = count;
	writer->is_reader = is_reader;
	for (int i = 0; i < count; i++)
		writer->messages[i] = message_of(i);
	if (thread_start(&writer->thread, writer_run, writer))
		abort();
	return writer;
}

static ssize_t writer_end(struct writer *writer)
{
	pthread_join(writer->thread, NULL);
	return writer->ret;
}

TEST_F_TIMEOUT(io, waits_for_a_message_that_another_process_writes, LONG_TIMEOUT)
{
	struct writer *reader = writer_start(self->receiver, 4, true);
	pid_t pid;

	ASSERT_TRUE(wait_for_receivers(self->fd, self->port, 1));
	EXPECT_FALSE(reader->is_done);
	pid = fork();
	if (!pid)
		_exit(write_value(self->sender, 7) != MESSAGE_SIZE);
	EXPECT_EQ(DELIVERY_SIZE, writer_end(reader));
	EXPECT_EQ(7, value_of(&reader->deliveries[0].message));
	EXPECT_EQ(pid, reader->deliveries[0].info.pid);
	EXPECT_EQ(0, reap(pid));
	EXPECT_PORT(self->fd, self->port, 0, 1, 1);
}

TEST_F_TIMEOUT(io, waits_for_space_until_all_is_written, LONG_TIMEOUT)
{
	struct writer *writer = writer_start(self->sender, 3 * CAPACITY, false);

	for (int i = 0; i < 3 * CAPACITY; i++) {
		if (i < 2 * CAPACITY) {
			ASSERT_TRUE(wait_for_senders(self->fd, self->port, 1));
			EXPECT_FALSE(writer->is_done);
		}
		EXPECT_EQ(i, read_value(self->receiver));
	}
	EXPECT_EQ(3 * CAPACITY * MESSAGE_SIZE, writer_end(writer));
	EXPECT_PORT(self->fd, self->port, 0, 3 * CAPACITY, 3 * CAPACITY);
}

TEST_F_TIMEOUT(io, tells_what_was_written_before_a_signal, LONG_TIMEOUT)
{
	struct writer *writer = writer_start(self->sender, CAPACITY + 5, false);

	ASSERT_TRUE(wait_for_senders(self->fd, self->port, 1));
	ASSERT_EQ(2, drain(self, 0, 2));
	ASSERT_TRUE(wait_until(has_waiters(self->fd, self->port, 1, 0)));
	pthread_kill(writer->thread, SIGUSR1);
	EXPECT_EQ((CAPACITY + 2) * MESSAGE_SIZE, writer_end(writer));
	EXPECT_EQ(1, nr_signals);
	nr_signals = 0;
	EXPECT_PORT(self->fd, self->port, CAPACITY, CAPACITY + 2, 2);
	EXPECT_EQ(CAPACITY, drain(self, 2, CAPACITY));
}

TEST_F_TIMEOUT(io, that_did_nothing_before_a_signal_says_so, LONG_TIMEOUT)
{
	struct writer *writer;

	writer = writer_start(self->receiver, 1, true);
	ASSERT_TRUE(wait_for_receivers(self->fd, self->port, 1));
	pthread_kill(writer->thread, SIGUSR1);
	EXPECT_EQ(-EINTR, writer_end(writer));
	ASSERT_EQ(CAPACITY, fill(self, 0, CAPACITY));
	writer = writer_start(self->sender, 2, false);
	ASSERT_TRUE(wait_for_senders(self->fd, self->port, 1));
	pthread_kill(writer->thread, SIGUSR1);
	EXPECT_EQ(-EINTR, writer_end(writer));
	EXPECT_EQ(2, nr_signals);
	nr_signals = 0;
	EXPECT_PORT(self->fd, self->port, CAPACITY, CAPACITY, 0);
}

TEST_F_TIMEOUT(io, is_restarted_after_a_signal_if_that_is_wanted, LONG_TIMEOUT)
{
	struct writer *reader, *writer;

	handle_signals(SA_RESTART);
	reader = writer_start(self->receiver, 1, true);
	ASSERT_TRUE(wait_for_receivers(self->fd, self->port, 1));
	pthread_kill(reader->thread, SIGUSR1);
	ASSERT_TRUE(wait_until(nr_signals == 1));
	ASSERT_TRUE(wait_for_receivers(self->fd, self->port, 1));
	EXPECT_FALSE(reader->is_done);
	ASSERT_EQ(1, fill(self, 5, 1));
	EXPECT_EQ(DELIVERY_SIZE, writer_end(reader));

	ASSERT_EQ(CAPACITY, fill(self, 10, CAPACITY));
	writer = writer_start(self->sender, 1, false);
	ASSERT_TRUE(wait_for_senders(self->fd, self->port, 1));
	pthread_kill(writer->thread, SIGUSR1);
	ASSERT_TRUE(wait_until(nr_signals == 2));
	ASSERT_TRUE(wait_for_senders(self->fd, self->port, 1));
	EXPECT_FALSE(writer->is_done);
	EXPECT_EQ(CAPACITY, drain(self, 10, CAPACITY));
	EXPECT_EQ(MESSAGE_SIZE, writer_end(writer));
	nr_signals = 0;
	EXPECT_EQ(1, drain(self, 0, 1));
}

/*
 * The end. No SIGPIPE: a port is no pipe, and its end is not the writer's fault.
 */
TEST_F_TIMEOUT(io, ends_with_the_port_and_without_a_signal, LONG_TIMEOUT)
{
	ASSERT_EQ(2, fill(self, 50, 2));
	ASSERT_EQ(0, port_destroy(self->fd, self->port));
	EXPECT_EQ(-EPIPE, write_value(self->sender, 1));
	EXPECT_EQ(-EPIPE, write_at(self->sender, self->messages, 4 * MESSAGE_SIZE));
	EXPECT_EQ(2 * DELIVERY_SIZE, read_at(self->receiver, self->deliveries,
					     4 * DELIVERY_SIZE));
	EXPECT_EQ(2, count_delivered(self, 50));
	EXPECT_EQ(-EPIPE, read_at(self->receiver, self->deliveries, 4 * DELIVERY_SIZE));
	EXPECT_EQ(-EPIPE, read_value(self->receiver));
	/* what is wrong in itself is wrong still */
	EXPECT_EQ(-EINVAL, write_at(self->sender, self->messages, 63));
	EXPECT_EQ(-EINVAL, read_at(self->receiver, self->deliveries, 127));
	EXPECT_EQ(0, write_at(self->sender, self->messages, 0));
	EXPECT_EQ(0, read_at(self->receiver, self->deliveries, 0));
}

TEST_F_TIMEOUT(io, tells_what_was_written_before_the_port_ended, LONG_TIMEOUT)
{
	struct writer *writer = writer_start(self->sender, CAPACITY + 3, false);

	ASSERT_TRUE(wait_for_senders(self->fd, self->port, 1));
	ASSERT_EQ(0, port_destroy(self->fd, self->port));
	EXPECT_EQ(CAPACITY * MESSAGE_SIZE, writer_end(writer));
	for (int i = 0; i < CAPACITY; i++)
		EXPECT_EQ(i, read_value(self->receiver));
	EXPECT_EQ(-EPIPE, read_value(self->receiver));
}

TEST_F_TIMEOUT(io, ends_with_the_port_also_for_who_waits, LONG_TIMEOUT)
{
	struct writer *reader = writer_start(self->receiver, 1, true), *writer;

	ASSERT_TRUE(wait_for_receivers(self->fd, self->port, 1));
	ASSERT_EQ(0, port_destroy(self->fd, self->port));
	EXPECT_EQ(-EPIPE, writer_end(reader));
	EXPECT_TRUE(is_poisoned(&self->deliveries[0]));

	self->port = port_create(self->fd, CAPACITY);
	self->sender = open_handle(self->fd, self->port, R_SEND);
	ASSERT_EQ(CAPACITY, fill(self, 0, CAPACITY));
	writer = writer_start(self->sender, 1, false);
	ASSERT_TRUE(wait_for_senders(self->fd, self->port, 1));
	ASSERT_EQ(0, port_destroy(self->fd, self->port));
	EXPECT_EQ(-EPIPE, writer_end(writer));
}

/* Many who write and many who read: each number arrives once, each writer's in order. */
TEST_F_TIMEOUT(io, loses_and_doubles_nothing_among_many, LONG_TIMEOUT)
{
	enum { WRITERS = 4, EACH = 500 };
	const int each = LESS_IN_32(EACH);
	uint64_t next[WRITERS] = { 0 };
	pid_t pids[WRITERS];
	int nr = 0;

	for (int w = 0; w < WRITERS; w++) {
		pids[w] = fork();
		if (pids[w])
			continue;
		for (int done = 0; done < each;) {
			int count = 1 + (done * 7 + w) % (2 * CAPACITY);

			if (count > each - done)
				count = each - done;
			for (int i = 0; i < count; i++)
				self->messages[i] = message_of(w * EACH + done + i);
			if (write_at(self->sender, self->messages, count * MESSAGE_SIZE) !=
			    (ssize_t)(count * MESSAGE_SIZE))
				_exit(1);
			done += count;
		}
		_exit(0);
	}
	while (nr < WRITERS * each) {
		int ret = read_at(self->receiver, self->deliveries,
				  (1 + nr % 11) * DELIVERY_SIZE);

		ASSERT_LT(0, ret);
		for (int i = 0; i < ret / (int)DELIVERY_SIZE; i++, nr++) {
			uint64_t value = value_of(&self->deliveries[i].message);

			ASSERT_EQ(next[value / EACH]++, value % EACH);
		}
	}
	for (int w = 0; w < WRITERS; w++)
		EXPECT_EQ(0, reap(pids[w]));
	EXPECT_PORT(self->fd, self->port, 0, WRITERS * each, WRITERS * each);
}

int main(int argc, char **argv)
{
	return process_main(argc, argv);
}
