// SPDX-License-Identifier: GPL-2.0
/*
 * Bad memory under a batch: a message that cannot be stored is still at the head
 * of the queue, in order, for whoever comes next; and what could not be read was
 * not sent.
 */
#define _GNU_SOURCE
#include <linux/userfaultfd.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "actor.h"

#define TIMEOUT		300
#define CAPACITY	8
#define FAR		in_ms(PATIENCE * 1000)

/* Where an array lies. */
enum place {
	UNMAPPED,	/* where nothing is mapped */
	NO_ACCESS,	/* in a page without any right */
	READ_ONLY,	/* in a page that can be read only */
	CROSSING,	/* its first member begins in a good page, before such a page */
	KERNEL,		/* where the kernel is */
	NOWHERE,	/* NULL */
};

/* Below the program, where mmap() puts nothing: a hole elsewhere would be filled. */
#define HOLE		((void *)0x200000)

static size_t page_size(void)
{
	return sysconf(_SC_PAGESIZE);
}

/* Two pages, the second without access. */
static char *pages_alloc(void)
{
	char *pages = shared_alloc(2 * page_size());

	memset(pages, POISON, 2 * page_size());
	mprotect(pages + page_size(), page_size(), PROT_NONE);
	return pages;
}

/* An array of which @good members of @size bytes lie in the first page. */
static void *array_at(char *pages, unsigned int good, size_t size, size_t more)
{
	return pages + page_size() - good * size - more;
}

static struct ipcport_delivery *bad_place(enum place place)
{
	char *pages = pages_alloc(), *second = pages + page_size();

	switch (place) {
	case UNMAPPED:
		return HOLE;
	case NO_ACCESS:
		break;
	case READ_ONLY:
		mprotect(second, page_size(), PROT_READ);
		break;
	case CROSSING:
		return array_at(pages, 0, 0, sizeof(struct ipcport_delivery) / 2);
	case KERNEL:
		return (void *)~(uintptr_t)0xfff;
	case NOWHERE:
		return NULL;
	}
	return (void *)second;
}

static int fill(int fd, uint64_t port, uint64_t value, uint32_t count)
{
	return send_values(fd, port, value, count, IPCPORT_SEND_F_NONBLOCK, 0);
}

/* How many of the next @count messages have these numbers and sequence numbers. */
static uint32_t drain_expected(int fd, uint64_t port, uint64_t value, uint64_t seq, uint32_t count)
{
	struct ipcport_delivery got;
	uint32_t i;

	for (i = 0; i < count; i++) {
		memset(&got, POISON, sizeof(got));
		if (msg_recv(fd, port, &got, 1, IPCPORT_RECV_F_NONBLOCK, 0) != 1 ||
		    value_of(&got.message) != value + i || got.info.seq != seq + i)
			break;
	}
	return i;
}

/*
 * One variant per kind of bad place.
 */
FIXTURE(fault) {
	int fd;
	int64_t port;
	struct ipcport_delivery *bad;
};

FIXTURE_VARIANT(fault) {
	enum place place;
};

FIXTURE_VARIANT_ADD(fault, unmapped) { .place = UNMAPPED };
FIXTURE_VARIANT_ADD(fault, no_access) { .place = NO_ACCESS };
FIXTURE_VARIANT_ADD(fault, read_only) { .place = READ_ONLY };
FIXTURE_VARIANT_ADD(fault, crossing_a_page_end) { .place = CROSSING };
FIXTURE_VARIANT_ADD(fault, kernel_address) { .place = KERNEL };
FIXTURE_VARIANT_ADD(fault, null_pointer) { .place = NOWHERE };

FIXTURE_SETUP(fault)
{
	self->fd = dev_open();
	ASSERT_LE(0, self->fd);
	self->port = port_create(self->fd, CAPACITY);
	ASSERT_LT(0, self->port);
	self->bad = bad_place(variant->place);
	ASSERT_TRUE(msync(HOLE, page_size(), MS_ASYNC) && errno == ENOMEM);
}

FIXTURE_TEARDOWN(fault)
{
	close(self->fd);
	EXPECT_TRUE(nothing_lives());
}

TEST_F_TIMEOUT(fault, keeps_the_message_at_the_head, TIMEOUT)
{
	ASSERT_EQ(3, fill(self->fd, self->port, 10, 3));
	for (int i = 0; i < 3; i++) {
		EXPECT_EQ(-EFAULT, msg_recv(self->fd, self->port, self->bad, 1, 0, 0));
		EXPECT_PORT(self->fd, self->port, 3, 3, 0);
	}
	EXPECT_EQ(3, drain_expected(self->fd, self->port, 10, 1, 3));
	EXPECT_PORT(self->fd, self->port, 0, 3, 3);
}

TEST_F_TIMEOUT(fault, keeps_a_batch_in_order, TIMEOUT)
{
	struct ipcport_stat before, after;

	ASSERT_EQ(CAPACITY, fill(self->fd, self->port, 10, CAPACITY));
	EXPECT_EQ(0, port_stat(self->fd, self->port, &before));
	for (int count = 1; count <= CAPACITY + 1; count++) {
		EXPECT_EQ(-EFAULT, msg_recv(self->fd, self->port, self->bad, count, 0, 0));
		EXPECT_EQ(0, port_stat(self->fd, self->port, &after));
		EXPECT_EQ(0, memcmp(&before, &after, sizeof(before)));
	}
	EXPECT_EQ(CAPACITY, drain_expected(self->fd, self->port, 10, 1, CAPACITY));
}

TEST_F_TIMEOUT(fault, is_not_looked_for_while_there_is_nothing, TIMEOUT)
{
	EXPECT_EQ(-EAGAIN, msg_recv(self->fd, self->port, self->bad, 1,
				    IPCPORT_RECV_F_NONBLOCK, 0));
	EXPECT_EQ(-ETIMEDOUT, msg_recv(self->fd, self->port, self->bad, 1, 0, in_ms(1)));
	EXPECT_PORT(self->fd, self->port, 0, 0, 0);
}

/* The message was handed to the receiver, and comes back from it. */
TEST_F_TIMEOUT(fault, gives_back_what_was_handed_to_a_waiting_receiver, TIMEOUT)
{
	for (int i = 0; i < 20; i++) {
		struct actor *actor = receiver(self->fd, self->port, .deliveries = self->bad,
					       .is_raw = true);

		ASSERT_TRUE(wait_for_receivers(self->fd, self->port, 1));
		ASSERT_EQ(0, send_nb(self->fd, self->port, i));
		EXPECT_EQ(-EFAULT, actor_end(actor));
		EXPECT_PORT(self->fd, self->port, 1, i + 1, i);
		EXPECT_EQ(1, drain_expected(self->fd, self->port, i, i + 1, 1));
	}
}

TEST_F_TIMEOUT(fault, passes_the_message_to_the_receiver_behind, TIMEOUT)
{
	for (int i = 0; i < 20; i++) {
		struct actor *first, *second, *third;

		first = receiver(self->fd, self->port, .deliveries = self->bad, .is_raw = true);
		ASSERT_TRUE(wait_for_receivers(self->fd, self->port, 1));
		second = receiver(self->fd, self->port);
		ASSERT_TRUE(wait_for_receivers(self->fd, self->port, 2));
		third = receiver(self->fd, self->port);
		ASSERT_TRUE(wait_for_receivers(self->fd, self->port, 3));
		ASSERT_EQ(0, send_nb(self->fd, self->port, i));
		EXPECT_EQ(-EFAULT, actor_end(first));
		EXPECT_EQ(1, actor_end(second));
		EXPECT_EQ(i, actor_value(second));
		EXPECT_TRUE(has_waiters(self->fd, self->port, 0, 1));
		ASSERT_EQ(0, send_nb(self->fd, self->port, 50));
		EXPECT_EQ(1, actor_end(third));
		EXPECT_EQ(50, actor_value(third));
		EXPECT_PORT(self->fd, self->port, 0, 2 * i + 2, 2 * i + 2);
	}
}

/* Who can store nothing is passed over by all messages, of which none is lost. */
TEST_F_TIMEOUT(fault, loses_nothing_to_a_line_of_bad_receivers, TIMEOUT)
{
	enum { BAD = 4 };
	struct actor *actors[BAD];

	for (int i = 0; i < BAD; i++) {
		actors[i] = receiver(self->fd, self->port, .deliveries = self->bad,
				     .is_raw = true);
		ASSERT_TRUE(wait_for_receivers(self->fd, self->port, i + 1));
	}
	ASSERT_EQ(1, fill(self->fd, self->port, 10, 1));
	for (int i = 0; i < BAD; i++)
		EXPECT_EQ(-EFAULT, actor_end(actors[i]));
	EXPECT_PORT(self->fd, self->port, 1, 1, 0);
	EXPECT_EQ(1, drain_expected(self->fd, self->port, 10, 1, 1));
}

/* The port ends between hand-off and fault: nobody may hang, nothing may leak. */
TEST_F_TIMEOUT(fault, ends_well_when_the_port_ends_meanwhile, TIMEOUT)
{
	for (int i = 0; i < 50; i++) {
		int64_t port = port_create(self->fd, CAPACITY);
		struct actor *first, *second;
		int ret;

		first = receiver(self->fd, port, .deliveries = self->bad, .is_raw = true);
		ASSERT_TRUE(wait_for_receivers(self->fd, port, 1));
		second = receiver(self->fd, port);
		ASSERT_TRUE(wait_for_receivers(self->fd, port, 2));
		ASSERT_EQ(0, send_nb(self->fd, port, i));
		for (volatile int spin = 0; spin < i * 100; spin++)
			;
		ASSERT_EQ(0, port_destroy(self->fd, port));
		EXPECT_EQ(-EFAULT, actor_end(first));
		ret = actor_end(second);
		if (ret == 1) {
			EXPECT_EQ(i, actor_value(second));
		} else {
			EXPECT_EQ(-EPIPE, ret);
			EXPECT_TRUE(is_poisoned(&second->delivery));
		}
	}
	EXPECT_GE(0, live_count("messages"));
}

/* What was put back may stand above the capacity; no sender may make it more. */
TEST_F_TIMEOUT(fault, puts_back_above_the_capacity, TIMEOUT)
{
	int64_t port = port_create(self->fd, 2);
	struct actor *three, *four, *five;
	struct ipcport_stat stat;

	ASSERT_EQ(2, fill(self->fd, port, 1, 2));
	three = sender(self->fd, port, 3);
	ASSERT_TRUE(wait_for_senders(self->fd, port, 1));
	four = sender(self->fd, port, 4);
	ASSERT_TRUE(wait_for_senders(self->fd, port, 2));
	five = sender(self->fd, port, 5);
	ASSERT_TRUE(wait_for_senders(self->fd, port, 3));
	EXPECT_EQ(-EFAULT, msg_recv(self->fd, port, self->bad, 2, 0, 0));
	EXPECT_EQ(0, port_stat(self->fd, port, &stat));
	EXPECT_EQ(0, stat.out_received);
	EXPECT_EQ(stat.out_sent, stat.out_depth);
	EXPECT_EQ(IPCPORT_STATE_READABLE, stat.out_state);
	EXPECT_EQ(-EAGAIN, send_nb(self->fd, port, 100));
	EXPECT_EQ(5, drain_expected(self->fd, port, 1, 1, 5));
	EXPECT_EQ(1, actor_end(three));
	EXPECT_EQ(1, actor_end(four));
	EXPECT_EQ(1, actor_end(five));
	EXPECT_PORT(self->fd, port, 0, 5, 5);
}

TEST_F_TIMEOUT(fault, sends_nothing_from_there, TIMEOUT)
{
	const struct ipcport_message *bad = (void *)self->bad;
	int expected = variant->place == READ_ONLY ? 1 : -EFAULT;

	if (variant->place == CROSSING)	/* half of the half is in the good page */
		bad = (void *)((char *)bad + sizeof(*bad) / 2);
	EXPECT_EQ(expected, msg_send(self->fd, self->port, bad, 1, 0, 0));
	EXPECT_PORT(self->fd, self->port, expected == 1, expected == 1, 0);
}

/* A sender that would have to wait is told of its bad address at once. */
TEST_F_TIMEOUT(fault, sends_nothing_from_there_to_a_full_port, TIMEOUT)
{
	const struct ipcport_message *bad = (void *)self->bad;

	if (variant->place == CROSSING)
		bad = (void *)((char *)bad + sizeof(*bad) / 2);
	ASSERT_EQ(CAPACITY, fill(self->fd, self->port, 1, CAPACITY));
	EXPECT_EQ(variant->place == READ_ONLY ? -ETIMEDOUT : -EFAULT,
		  msg_send(self->fd, self->port, bad, 1, 0, in_ms(1)));
	EXPECT_PORT(self->fd, self->port, CAPACITY, CAPACITY, 0);
}

/*
 * Arrays that begin in good memory.
 */
FIXTURE(partly) {
	int fd;
	int64_t port;
	char *pages;
};

FIXTURE_SETUP(partly)
{
	self->fd = dev_open();
	ASSERT_LE(0, self->fd);
	self->port = port_create(self->fd, 64);
	ASSERT_LT(0, self->port);
	self->pages = pages_alloc();
}

FIXTURE_TEARDOWN(partly)
{
	close(self->fd);
	EXPECT_TRUE(nothing_lives());
}

/* Good members, and bytes of the first bad one that are in the good page. */
static const struct {
	unsigned int good;
	unsigned int more;
} cuts[] = {
	{ 1, 0 }, { 1, 63 }, { 3, 1 }, { 7, 32 }, { 15, 0 }, { 16, 0 }, { 16, 40 }, { 17, 8 },
	{ 30, 60 },
};

TEST_F_TIMEOUT(partly, stores_what_can_be_stored, TIMEOUT)
{
	for (size_t i = 0; i < ARRAY_SIZE(cuts); i++) {
		const unsigned int good = cuts[i].good;
		struct ipcport_delivery *array;
		int64_t port = port_create(self->fd, 64);

		memset(self->pages, POISON, page_size());
		array = array_at(self->pages, good, sizeof(*array), cuts[i].more);
		ASSERT_EQ(40, fill(self->fd, port, 100, 40));
		EXPECT_EQ(good, msg_recv(self->fd, port, array, 40, 0, 0));
		for (unsigned int k = 0; k < good; k++) {
			EXPECT_EQ(100 + k, value_of(&array[k].message));
			EXPECT_EQ(1 + k, array[k].info.seq);
		}
		EXPECT_PORT(self->fd, port, 40 - good, 40, good);
		EXPECT_EQ(-EFAULT, msg_recv(self->fd, port, array + good, 40, 0, 0));
		EXPECT_PORT(self->fd, port, 40 - good, 40, good);
		EXPECT_EQ(40 - good, drain_expected(self->fd, port, 100 + good, 1 + good,
						    40 - good));
	}
}

TEST_F_TIMEOUT(partly, sends_what_can_be_read, TIMEOUT)
{
	for (size_t i = 0; i < ARRAY_SIZE(cuts); i++) {
		const unsigned int good = cuts[i].good;
		struct ipcport_message *array;
		int64_t port = port_create(self->fd, 64);

		array = array_at(self->pages, good, sizeof(*array), cuts[i].more);
		for (unsigned int k = 0; k < good; k++)
			array[k] = message_of(100 + k);
		EXPECT_EQ(good, msg_send(self->fd, port, array, 40, 0, 0));
		EXPECT_PORT(self->fd, port, good, good, 0);
		EXPECT_EQ(-EFAULT, msg_send(self->fd, port, array + good, 40, 0, 0));
		EXPECT_PORT(self->fd, port, good, good, 0);
		EXPECT_EQ(good, drain_expected(self->fd, port, 100, 1, good));
	}
}

TEST_F_TIMEOUT(partly, sends_what_can_be_read_after_a_wait, TIMEOUT)
{
	struct ipcport_message *array = array_at(self->pages, 20, sizeof(*array), 10);
	int64_t port = port_create(self->fd, 2);
	struct ipcport_send args = {
		.port = port, .messages = (uintptr_t)array, .count = 30, .deadline_ns = FAR,
	};
	pid_t pid;

	for (int i = 0; i < 20; i++)
		array[i] = message_of(i);
	pid = fork();
	if (!pid)
		_exit(status_of(xioctl(self->fd, IPCPORT_IOC_MSG_SEND, &args) - 20));
	ASSERT_LT(0, pid);
	for (int i = 0; i < 20; i++)
		EXPECT_EQ(i, recv_value(self->fd, port, 0, FAR));
	EXPECT_EQ(0, reap(pid));
	EXPECT_PORT(self->fd, port, 0, 20, 20);
}

/* Memory that can be written through one address while another comes and goes. */
struct window {
	int memfd;
	char *stable;
	char *shaky;
	bool is_unmapped;
	atomic_bool is_over;
	pthread_t thread;
};

/* Take the second page away, and bring it back. */
static void *window_shake(void *arg)
{
	struct window *window = arg;
	char *second = window->shaky + page_size();

	while (!window->is_over) {
		if (window->is_unmapped) {
			munmap(second, page_size());
			mmap(second, page_size(), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
			     window->memfd, page_size());
		} else {
			mprotect(second, page_size(), PROT_NONE);
			mprotect(second, page_size(), PROT_READ | PROT_WRITE);
		}
	}
	return NULL;
}

static int window_open(struct window *window, bool is_unmapped)
{
	const size_t size = 2 * page_size();

	window->memfd = memfd_create("window", MFD_CLOEXEC);
	if (ftruncate(window->memfd, size))
		return -errno;
	window->stable = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, window->memfd, 0);
	/* while it is not mapped, nothing else may be put there */
	window->shaky = mmap(HOLE, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
			     window->memfd, 0);
	if (window->stable == MAP_FAILED || window->shaky == MAP_FAILED)
		return -errno;
	window->is_unmapped = is_unmapped;
	window->is_over = false;
	return thread_start(&window->thread, window_shake, window);
}

static void window_close(struct window *window)
{
	window->is_over = true;
	pthread_join(window->thread, NULL);
	munmap(window->stable, 2 * page_size());
	munmap(window->shaky, 2 * page_size());
	close(window->memfd);
}

#define NR_SHAKEN	LESS_IN_32(1000)

/*
 * Receive NR_SHAKEN messages from number @base on, by twos of which the second lies
 * on the edge: strictly in order. Returns how often the edge was not there.
 */
static int receive_shaken(struct __test_metadata *_metadata, int fd, uint64_t port,
			  struct window *window, int base)
{
	const size_t offset = page_size() - 3 * sizeof(struct ipcport_delivery) / 2;
	struct ipcport_delivery *to = (void *)(window->shaky + offset);
	struct ipcport_delivery *got = (void *)(window->stable + offset);
	int done = 0, nr_faults = 0;

	while (done < NR_SHAKEN) {
		int at = done % 2, ret;

		ret = msg_recv(fd, port, to + at, 2 - at, 0, FAR);
		if (ret == -EFAULT) {
			nr_faults++;
			continue;
		}
		ASSERT_LT(0, ret);
		for (int k = 0; k < ret; k++, done++) {
			ASSERT_EQ(base + done, value_of(&got[at + k].message));
			ASSERT_EQ(base + done + 1, got[at + k].info.seq);
		}
	}
	return nr_faults;
}

/* Again until the edge was once not there when it was needed. */
static void shake(struct __test_metadata *_metadata, int fd, uint64_t port, bool is_unmapped)
{
	const uint64_t end = FAR;
	struct window window;
	int done = 0, nr_faults = 0;

	ASSERT_EQ(0, window_open(&window, is_unmapped));
	do {
		struct actor *actor = sender(fd, port, done, .count = NR_SHAKEN, .is_stream = true);

		nr_faults += receive_shaken(_metadata, fd, port, &window, done);
		EXPECT_EQ(NR_SHAKEN, actor_end(actor));
		done += NR_SHAKEN;
	} while (!nr_faults && now_ns() < end);
	window_close(&window);
	TH_LOG("%d messages, %d faults", done, nr_faults);
	EXPECT_LT(0, nr_faults);
	EXPECT_PORT(fd, port, 0, done, done);
}

TEST_F_TIMEOUT(partly, loses_nothing_while_memory_is_protected_and_not, TIMEOUT)
{
	shake(_metadata, self->fd, self->port, false);
}

TEST_F_TIMEOUT(partly, loses_nothing_while_memory_is_unmapped_and_mapped, TIMEOUT)
{
	shake(_metadata, self->fd, self->port, true);
}

/*
 * A receiver that is held in the middle of its page fault: the port goes on
 * without it, and its message comes back before those that were sent meanwhile.
 */
static int fault_trap(void *page)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = {
		.range = { .start = (uintptr_t)page, .len = page_size() },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	int uffd = syscall(SYS_userfaultfd, O_CLOEXEC);

	if (uffd < 0)
		return -errno;
	if (ioctl(uffd, UFFDIO_API, &api) || ioctl(uffd, UFFDIO_REGISTER, &range)) {
		close(uffd);
		return -errno;
	}
	return uffd;
}

/* Let the fault go on, into memory that has no rights any more. */
static void fault_fail(int uffd, void *page)
{
	struct uffdio_range range = { .start = (uintptr_t)page, .len = page_size() };

	mprotect(page, page_size(), PROT_NONE);
	ioctl(uffd, UFFDIO_UNREGISTER, &range);
	close(uffd);
}

static void *trap_page(void)
{
	void *page = mmap(NULL, page_size(), PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return page == MAP_FAILED ? NULL : page;
}

TEST_F_TIMEOUT(partly, a_message_comes_back_before_those_sent_meanwhile, TIMEOUT)
{
	void *page = trap_page();
	int uffd = fault_trap(page);
	struct actor *actor;
	struct uffd_msg event;

	if (uffd < 0)
		SKIP(return, "no userfaultfd: %s", strerror(-uffd));
	ASSERT_EQ(2, fill(self->fd, self->port, 1, 2));
	actor = receiver(self->fd, self->port, .count = 2, .deliveries = page);
	ASSERT_EQ(sizeof(event), read(uffd, &event, sizeof(event)));
	EXPECT_EQ(2, fill(self->fd, self->port, 3, 2));
	EXPECT_PORT(self->fd, self->port, 2, 4, 2);
	fault_fail(uffd, page);
	EXPECT_EQ(-EFAULT, actor_end(actor));
	EXPECT_PORT(self->fd, self->port, 4, 4, 0);
	EXPECT_EQ(4, drain_expected(self->fd, self->port, 1, 1, 4));
}

TEST_F_TIMEOUT(partly, messages_come_back_in_order_whoever_fails_first, TIMEOUT)
{
	enum { NR = 3 };
	static const int order[NR] = { 1, 2, 0 };
	struct actor *actors[NR];
	struct uffd_msg event;
	void *pages[NR];
	int uffds[NR];

	ASSERT_EQ(2 * NR + 1, fill(self->fd, self->port, 1, 2 * NR + 1));
	for (int i = 0; i < NR; i++) {
		pages[i] = trap_page();
		uffds[i] = fault_trap(pages[i]);
		if (uffds[i] < 0)
			SKIP(return, "no userfaultfd: %s", strerror(-uffds[i]));
		actors[i] = receiver(self->fd, self->port, .count = 2, .deliveries = pages[i]);
		ASSERT_EQ(sizeof(event), read(uffds[i], &event, sizeof(event)));
	}
	EXPECT_PORT(self->fd, self->port, 1, 2 * NR + 1, 2 * NR);
	for (int i = 0; i < NR; i++) {
		fault_fail(uffds[order[i]], pages[order[i]]);
		EXPECT_EQ(-EFAULT, actor_end(actors[order[i]]));
	}
	EXPECT_PORT(self->fd, self->port, 2 * NR + 1, 2 * NR + 1, 0);
	EXPECT_EQ(2 * NR + 1, drain_expected(self->fd, self->port, 1, 1, 2 * NR + 1));
}

TEST_F_TIMEOUT(partly, a_message_that_comes_back_wakes_who_waits_by_then, TIMEOUT)
{
	void *page = trap_page();
	int uffd = fault_trap(page);
	struct actor *actor, *later;
	struct uffd_msg event;

	if (uffd < 0)
		SKIP(return, "no userfaultfd: %s", strerror(-uffd));
	ASSERT_EQ(1, fill(self->fd, self->port, 1, 1));
	actor = receiver(self->fd, self->port, .deliveries = page);
	ASSERT_EQ(sizeof(event), read(uffd, &event, sizeof(event)));
	later = receiver(self->fd, self->port);
	ASSERT_TRUE(wait_for_receivers(self->fd, self->port, 1));
	fault_fail(uffd, page);
	EXPECT_EQ(-EFAULT, actor_end(actor));
	EXPECT_EQ(1, actor_end(later));
	EXPECT_EQ(1, actor_value(later));
	EXPECT_PORT(self->fd, self->port, 0, 1, 1);
}

TEST_F_TIMEOUT(partly, a_port_may_end_while_a_receiver_stores, TIMEOUT)
{
	void *page = trap_page();
	int uffd = fault_trap(page);
	struct actor *actor;
	struct uffd_msg event;

	if (uffd < 0)
		SKIP(return, "no userfaultfd: %s", strerror(-uffd));
	ASSERT_EQ(1, fill(self->fd, self->port, 1, 1));
	actor = receiver(self->fd, self->port, .deliveries = page);
	ASSERT_EQ(sizeof(event), read(uffd, &event, sizeof(event)));
	EXPECT_EQ(0, port_destroy(self->fd, self->port));
	fault_fail(uffd, page);
	EXPECT_EQ(-EFAULT, actor_end(actor));
	EXPECT_GE(0, live_count("messages"));
	EXPECT_GE(0, live_count("ports"));
}

TEST_HARNESS_MAIN
