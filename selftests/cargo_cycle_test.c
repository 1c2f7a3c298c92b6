// SPDX-License-Identifier: GPL-2.0
/*
 * Ports that carry handles of themselves and of each other: nothing of them is left when
 * their owner has gone, in whatever way, though nobody received anything.
 *
 * What is left is seen by counts, while the test itself still has a device file. That the
 * module can be unloaded is seen after all tests.
 */
#include "cargo.h"
#include "remote.h"

#define RING		10
#define CHAIN		LESS_IN_32(1000)

/* How the owner lets go of its ports. */
enum end {
	END_DESTROY,
	END_DESTROY_BACKWARDS,
	END_EXIT,
	END_KILL,
	END_CLOSE,
	END_EXEC,
};

/* What a remote is told: to make @nr ports, each with handles for the next @reach ones. */
static struct desk {
	int fd;
	enum end end;
	uint32_t rights;
	uint64_t badge;
	int nr, reach;
	bool is_chain;		/* the last port carries nothing */
	bool is_call;		/* what carries is a call, not a message */
	int64_t ports[1000];
	int exec_pipe[2];
	struct ipcport_delivery delivery;
} *desk;

/* Send a handle for one port to another: 0 or -errno. */
static int entrust(int64_t carrier, int64_t port)
{
	int handle = open_badged(desk->fd, port, desk->rights, desk->badge);
	int64_t ret;

	if (handle < 0)
		return handle;
	ret = desk->is_call ? cargo_submit(desk->fd, carrier, port, handle) :
			      cargo_send_nb(desk->fd, carrier, port, handle);
	close(handle);
	return ret < 0 ? ret : 0;
}

static int64_t make_ports(void)
{
	if (desk->end == END_CLOSE || desk->end == END_EXEC)
		desk->fd = dev_open();
	for (int i = 0; i < desk->nr; i++) {
		desk->ports[i] = port_create_for_cargo(desk->fd, desk->reach);
		if (desk->ports[i] < 0)
			return desk->ports[i];
	}
	return 0;
}

static int64_t make_knot(void)
{
	int64_t ret = make_ports();

	for (int i = 0; i < desk->nr - desk->is_chain && !ret; i++)
		for (int j = 1; j <= desk->reach && !ret; j++)
			ret = entrust(desk->ports[i], desk->ports[(i + j) % desk->nr]);
	return ret;
}

static int64_t destroy_ports(void)
{
	bool is_backwards = desk->end == END_DESTROY_BACKWARDS;
	int nr_failed = 0;

	for (int i = 0; i < desk->nr; i++)
		nr_failed += port_destroy(desk->fd, desk->ports[is_backwards ?
								desk->nr - 1 - i : i]) != 0;
	return nr_failed;
}

static int64_t close_file(void)
{
	return close(desk->fd) ? -errno : 0;
}

static int64_t leave(void)
{
	_exit(0);
}

static int64_t become_another_program(void)
{
	exec_self(desk->exec_pipe[1]);
}

/* Let the owner's ports end: whether that went well. */
static bool end_ports(struct remote *owner)
{
	switch (desk->end) {
	case END_DESTROY:
	case END_DESTROY_BACKWARDS:
		return !remote_do(owner, destroy_ports);
	case END_EXIT:
		remote_tell(owner, leave);
		return !remote_reap(owner);
	case END_KILL:
		return remote_kill(owner) == -SIGKILL;
	case END_CLOSE:
		return !remote_do(owner, close_file);
	case END_EXEC:
		remote_tell(owner, become_another_program);
		return wait_for_exec(desk->exec_pipe[0]);
	}
	return false;
}

/* What must be gone when all ports are, though files are open. */
static const char * const kinds[] = {
	"ports", "messages", "handles", "cargo", "waiters", "owners",
};

static bool all_count(long nr)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (live_count(kinds[i]) != nr)
			return false;
	return true;
}

static bool nothing_counts(void)
{
	uint64_t end = in_ms(30000);

	while (!all_count(0) && now_ns() < end)
		usleep(1000);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (live_count(kinds[i]))
			printf("# %ld %s\n", live_count(kinds[i]), kinds[i]);
	return all_count(0);
}

/* A call that ended with its port remembers that one until its caller has been told. */
static bool has_uncollected(void)
{
	return desk->is_call && (desk->end == END_DESTROY || desk->end == END_DESTROY_BACKWARDS);
}

static bool carries_nothing(void)
{
	return cargo_lives(0) && handles_live(0);
}

FIXTURE(knot) {
	int fd;
	struct remote owner;
};

FIXTURE_VARIANT(knot) {
	enum end end;
	uint32_t rights;
	uint64_t badge;
	bool is_call;
};

#define ENDS(_name, ...)							\
	FIXTURE_VARIANT_ADD(knot, _name##_when_destroyed) {			\
		.end = END_DESTROY, ##__VA_ARGS__				\
	};									\
	FIXTURE_VARIANT_ADD(knot, _name##_when_destroyed_backwards) {		\
		.end = END_DESTROY_BACKWARDS, ##__VA_ARGS__			\
	};									\
	FIXTURE_VARIANT_ADD(knot, _name##_when_the_owner_exits) {		\
		.end = END_EXIT, ##__VA_ARGS__					\
	};									\
	FIXTURE_VARIANT_ADD(knot, _name##_when_the_owner_is_killed) {		\
		.end = END_KILL, ##__VA_ARGS__					\
	};									\
	FIXTURE_VARIANT_ADD(knot, _name##_when_the_file_is_closed) {		\
		.end = END_CLOSE, ##__VA_ARGS__					\
	};									\
	FIXTURE_VARIANT_ADD(knot, _name##_when_the_owner_execs) {		\
		.end = END_EXEC, ##__VA_ARGS__					\
	}

ENDS(to_send, .rights = R_SEND);
ENDS(to_receive, .rights = R_RECV);
ENDS(with_badges, .rights = R_BOTH, .badge = 7);
ENDS(in_calls, .rights = R_BOTH, .is_call = true);

FIXTURE_SETUP(knot)
{
	self->fd = dev_open();
	ASSERT_LE(0, self->fd);
	ASSERT_TRUE(nothing_counts());
	desk = shared_alloc(sizeof(*desk));
	*desk = (struct desk){
		.fd = self->fd, .end = variant->end, .rights = variant->rights,
		.badge = variant->badge, .is_call = variant->is_call, .reach = 1,
	};
	ASSERT_EQ(0, pipe(desk->exec_pipe));
	remote_start(&self->owner);
}

FIXTURE_TEARDOWN(knot)
{
	remote_kill(&self->owner);
	EXPECT_TRUE(nothing_counts());
	close(self->fd);
	EXPECT_TRUE(no_call_lives());
	EXPECT_TRUE(all_is_gone());
}

/* Make it, see that it is there, end it, see that it is not. */
#define EXPECT_KNOT_ENDS(_nr, _nr_cargo) do {					\
	desk->nr = (_nr);							\
	ASSERT_EQ(0, remote_do(&self->owner, make_knot));			\
	EXPECT_EQ(_nr, live_count("ports"));					\
	EXPECT_EQ(_nr_cargo, live_count("cargo"));				\
	EXPECT_TRUE(handles_live(_nr_cargo));					\
	EXPECT_TRUE(end_ports(&self->owner));					\
	EXPECT_TRUE(has_uncollected() ? carries_nothing() : nothing_counts());	\
} while (0)

TEST_F_TIMEOUT(knot, of_a_port_with_itself, LONG_TIMEOUT)
{
	EXPECT_KNOT_ENDS(1, 1);
}

TEST_F_TIMEOUT(knot, of_a_port_with_itself_many_times, LONG_TIMEOUT)
{
	desk->reach = 16;
	EXPECT_KNOT_ENDS(1, 16);
}

TEST_F_TIMEOUT(knot, of_two, LONG_TIMEOUT)
{
	EXPECT_KNOT_ENDS(2, 2);
}

TEST_F_TIMEOUT(knot, of_a_ring, LONG_TIMEOUT)
{
	EXPECT_KNOT_ENDS(RING, RING);
}

TEST_F_TIMEOUT(knot, of_all_with_all, LONG_TIMEOUT)
{
	desk->reach = RING;
	EXPECT_KNOT_ENDS(RING, RING * RING);
}

TEST_F_TIMEOUT(knot, of_a_long_chain, LONG_TIMEOUT)
{
	desk->is_chain = true;
	EXPECT_KNOT_ENDS(CHAIN, CHAIN - 1);
}

/*
 * Handles that are open besides those that are under way.
 */
FIXTURE(thread) {
	int fd;
	struct remote owner, other;
};

FIXTURE_SETUP(thread)
{
	self->fd = dev_open();
	ASSERT_LE(0, self->fd);
	ASSERT_TRUE(nothing_counts());
	desk = shared_alloc(sizeof(*desk));
	*desk = (struct desk){
		.fd = self->fd, .end = END_KILL, .rights = R_BOTH, .reach = 1,
	};
	remote_start(&self->owner);
	remote_start(&self->other);
}

FIXTURE_TEARDOWN(thread)
{
	remote_kill(&self->owner);
	remote_kill(&self->other);
	EXPECT_TRUE(nothing_counts());
	close(self->fd);
	EXPECT_TRUE(no_call_lives());
	EXPECT_TRUE(all_is_gone());
}

/* What is kept by an open handle is its own port's messages, and not what they carry. */
TEST_F_TIMEOUT(thread, that_is_held_at_one_end_keeps_one_port_only, LONG_TIMEOUT)
{
	struct ipcport_stat stat;
	int handle, next;

	desk->nr = RING;
	ASSERT_EQ(0, remote_do(&self->owner, make_knot));
	handle = open_handle(self->fd, desk->ports[0], R_RECV);
	ASSERT_LE(0, handle);
	EXPECT_TRUE(end_ports(&self->owner));
	EXPECT_TRUE(wait_until(live_count("messages") == 1 && live_count("cargo") == 1));
	EXPECT_TRUE(wait_until(live_count("ports") == 2));
	EXPECT_TRUE(handles_live(2));

	next = cargo_recv(handle, 0);
	ASSERT_LE(0, next);
	EXPECT_EQ(0, port_stat(next, 0, &stat));
	EXPECT_EQ(desk->ports[1], stat.out_port);
	EXPECT_EQ(IPCPORT_STATE_DEAD, stat.out_state & IPCPORT_STATE_DEAD);
	EXPECT_EQ(-EPIPE, recv_nb(next, 0));
	EXPECT_EQ(-EPIPE, recv_nb(handle, 0));
	close(next);
	close(handle);
	EXPECT_TRUE(nothing_counts());
}

/* The same, received by nobody. */
TEST_F_TIMEOUT(thread, that_is_let_go_at_one_end_falls, LONG_TIMEOUT)
{
	int handle;

	desk->nr = RING;
	ASSERT_EQ(0, remote_do(&self->owner, make_knot));
	handle = open_handle(self->fd, desk->ports[0], R_RECV);
	EXPECT_TRUE(end_ports(&self->owner));
	EXPECT_LE(1, live_count("ports"));
	close(handle);
	EXPECT_TRUE(nothing_counts());
}

/* A handle that is under way is no open file: nobody can receive through it. */
TEST_F_TIMEOUT(thread, that_only_travels_keeps_no_messages, LONG_TIMEOUT)
{
	int64_t carrier = port_create_for_cargo(self->fd, 4);
	struct parcel parcel = parcel_make();
	int handle, got;

	desk->nr = 1;
	ASSERT_EQ(0, remote_do(&self->owner, make_ports));
	ASSERT_EQ(0, cargo_send_nb(self->fd, desk->ports[0], 1, parcel.fd));
	parcel_leave(&parcel);
	handle = open_handle(self->fd, desk->ports[0], R_RECV);
	ASSERT_EQ(0, cargo_send_nb(self->fd, carrier, 1, handle));
	close(handle);
	EXPECT_TRUE(is_held(&parcel));
	EXPECT_TRUE(end_ports(&self->owner));
	EXPECT_TRUE(is_released(&parcel));
	EXPECT_TRUE(cargo_lives(1));
	got = cargo_recv(self->fd, carrier);
	ASSERT_LE(0, got);
	EXPECT_EQ(-EPIPE, recv_nb(got, 0));
	close(got);
	EXPECT_EQ(0, port_destroy(self->fd, carrier));
}

/* It was closed before it arrived: what was kept for it until then is dropped then. */
TEST_F_TIMEOUT(thread, that_only_travels_after_the_end_keeps_no_messages, LONG_TIMEOUT)
{
	int64_t carrier = port_create_for_cargo(self->fd, 4);
	struct parcel parcel = parcel_make();
	int handle, got;

	desk->nr = 1;
	ASSERT_EQ(0, remote_do(&self->owner, make_ports));
	ASSERT_EQ(0, cargo_send_nb(self->fd, desk->ports[0], 1, parcel.fd));
	parcel_leave(&parcel);
	handle = open_handle(self->fd, desk->ports[0], R_RECV);
	EXPECT_TRUE(end_ports(&self->owner));
	ASSERT_EQ(0, cargo_send_nb(self->fd, carrier, 1, handle));
	EXPECT_TRUE(is_held(&parcel));
	close(handle);
	EXPECT_TRUE(is_released(&parcel));
	got = cargo_recv(self->fd, carrier);
	ASSERT_LE(0, got);
	EXPECT_EQ(-EPIPE, recv_nb(got, 0));
	close(got);
	EXPECT_EQ(0, port_destroy(self->fd, carrier));
}

/* It arrived before its sender closed the other one. */
TEST_F_TIMEOUT(thread, that_arrived_in_time_keeps_the_messages, LONG_TIMEOUT)
{
	int64_t carrier = port_create_for_cargo(self->fd, 4);
	struct parcel parcel = parcel_make();
	int handle, got, cargo;

	desk->nr = 1;
	ASSERT_EQ(0, remote_do(&self->owner, make_ports));
	ASSERT_EQ(0, cargo_send_nb(self->fd, desk->ports[0], 1, parcel.fd));
	handle = open_handle(self->fd, desk->ports[0], R_RECV);
	EXPECT_TRUE(end_ports(&self->owner));
	ASSERT_EQ(0, cargo_send_nb(self->fd, carrier, 1, handle));
	got = cargo_recv(self->fd, carrier);
	close(handle);
	ASSERT_LE(0, got);
	cargo = cargo_recv(got, 0);
	EXPECT_TRUE(same_file(parcel.fd, cargo));
	EXPECT_EQ(-EPIPE, recv_nb(got, 0));
	close(cargo);
	close(got);
	EXPECT_EQ(0, port_destroy(self->fd, carrier));
}

static int64_t take_delivery(void)
{
	return recv_delivery(desk->fd, desk->ports[1], &desk->delivery, 0, FAR_AWAY);
}

static int64_t make_port_one(void)
{
	desk->ports[1] = port_create_for_cargo(desk->fd, 4);
	return desk->ports[1];
}

static int64_t make_port_zero(void)
{
	desk->ports[0] = port_create_for_cargo(desk->fd, 4);
	return desk->ports[0];
}

/* Two owners, of whom one dies. */
TEST_F_TIMEOUT(thread, between_two_owners_falls_one_by_one, LONG_TIMEOUT)
{
	desk->nr = 2;
	ASSERT_LT(0, remote_do(&self->owner, make_port_zero));
	ASSERT_LT(0, remote_do(&self->other, make_port_one));
	ASSERT_EQ(0, entrust(desk->ports[0], desk->ports[1]));
	ASSERT_EQ(0, entrust(desk->ports[1], desk->ports[0]));
	EXPECT_TRUE(handles_live(2));
	remote_kill(&self->owner);
	EXPECT_TRUE(handles_live(1));
	EXPECT_TRUE(cargo_lives(1));
	EXPECT_HANDLES(self->fd, desk->ports[1], 0, 0);

	/* the other one's owner finds out that it is dead */
	EXPECT_EQ(0, remote_do(&self->other, take_delivery));
	EXPECT_LE(0, desk->delivery.info.cargo);
	EXPECT_TRUE(cargo_lives(0));
	EXPECT_TRUE(handles_live(1));
	remote_kill(&self->other);
	EXPECT_TRUE(nothing_counts());
}

/* Answers that are not collected carry, too; the port that they come from is dead. */
TEST_F_TIMEOUT(thread, through_answers_ends_with_who_could_collect_them, LONG_TIMEOUT)
{
	int64_t port = port_create_for_cargo(self->fd, 4), token;
	int caller = open_handle(self->fd, port, R_SEND), cargo;

	token = call_submit(caller, 0, 4, 0, FAR_AWAY);
	ASSERT_EQ(token, recv_call(self->fd, port, 0, FAR_AWAY));
	cargo = open_handle(self->fd, port, R_BOTH);
	ASSERT_EQ(0, cargo_reply(self->fd, port, token, 6, cargo));
	close(cargo);
	EXPECT_EQ(0, port_destroy(self->fd, port));
	EXPECT_TRUE(handles_live(2));
	EXPECT_TRUE(cargo_lives(1));
	close(caller);
	EXPECT_TRUE(nothing_counts());
}

/*
 * Many owners at once, who make knots among each other's ports and are killed.
 */
#define NR_OWNERS	6

static struct fair {
	_Atomic int nr_entrusted;
	int64_t ports[NR_OWNERS];
	pid_t pids[NR_OWNERS];
} *fair;

static void __attribute__((noreturn)) live(int fd, int me, unsigned int seed)
{
	fair->ports[me] = port_create_for_cargo(fd, 8);
	for (;;) {
		int who = rand_r(&seed) % NR_OWNERS, whose = rand_r(&seed) % NR_OWNERS, got;
		int handle = open_handle(fd, fair->ports[whose], 1 + rand_r(&seed) % R_BOTH);

		if (handle >= 0) {
			fair->nr_entrusted += !cargo_send_nb(fd, fair->ports[who], 1, handle);
			close(handle);
		}
		got = rand_r(&seed) % 4 ? -1 : cargo_recv(fd, fair->ports[me]);
		if (got >= 0) {
			fair->nr_entrusted += !cargo_send_nb(fd, fair->ports[whose], 2, got);
			close(got);
		}
	}
}

static void start_owner(int fd, int i, unsigned int seed)
{
	pid_t pid;

	fair->ports[i] = 0;
	pid = fork();
	if (pid) {
		fair->pids[i] = pid;
		return;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	live(fd, i, seed);
}

TEST_F_TIMEOUT(thread, among_many_who_die_leaves_nothing, LONG_TIMEOUT)
{
	unsigned int seed = 1;

	fair = shared_alloc(sizeof(*fair));
	for (int i = 0; i < NR_OWNERS; i++)
		start_owner(self->fd, i, i);
	for (int i = 0; i < LESS_IN_32(300); i++) {
		int who = rand_r(&seed) % NR_OWNERS, before = fair->nr_entrusted;

		ASSERT_TRUE(wait_until(fair->nr_entrusted > before));
		ASSERT_EQ(-SIGKILL, kill_and_reap(fair->pids[who]));
		start_owner(self->fd, who, NR_OWNERS + i);
	}
	for (int i = 0; i < NR_OWNERS; i++)
		ASSERT_EQ(-SIGKILL, kill_and_reap(fair->pids[i]));
	TH_LOG("handles sent: %d", fair->nr_entrusted);
	EXPECT_TRUE(nothing_counts());
}

int main(int argc, char **argv)
{
	return process_main(argc, argv);
}
