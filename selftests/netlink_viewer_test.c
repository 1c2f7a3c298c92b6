// SPDX-License-Identifier: GPL-2.0
/*
 * Who may see what over netlink: by user, group and mode, by capability, and by the
 * network namespace in which the socket was opened.
 */
#include "netlink.h"

/* Users and groups that mean nothing to the system. */
enum { OWNER = 1000, GROUP = 1001, OTHER = 2000 };

#define MAX_PORTS	"/sys/module/ipcport/parameters/max_ports"

/* What processes of a test share. */
struct desk {
	_Atomic int phase, go;
	_Atomic int error;	/* line of the child that failed */
	int64_t port, other;
	pid_t pid;
	struct view view;
	bool is_seen[0666 + 1];
};

FIXTURE(viewer) {
	int fd;
	struct desk *desk;
	struct nl nl;
	struct nl ear;
	struct view view;
	struct views views;
	pid_t child;
};

FIXTURE_SETUP(viewer)
{
	adopt_orphans();
	self->desk = shared_alloc(sizeof(*self->desk));
	self->fd = dev_open();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, nl_open(&self->nl));
	if (geteuid())
		SKIP(return, "only root can become others");
}

FIXTURE_TEARDOWN(viewer)
{
	reap_all(&self->child, 1);
	views_free(&self->views);
	EXPECT_SOUND(&self->nl);
	nl_close(&self->nl);
	nl_close(&self->ear);
	close(self->fd);
	EXPECT_EQ(0, self->desk->error);
	EXPECT_TRUE(all_is_gone());
}

/* In a child: all must hold, or the test learns which line did not. */
#define CHILD_ASSERT(_desk, _condition) do {					\
	if (!(_condition)) {							\
		(_desk)->error = __LINE__;					\
		_exit(1);							\
	}									\
} while (0)

/* A port of OWNER and GROUP, which this process owns. */
static int64_t create_for_owner(int fd, uint32_t mode)
{
	int64_t port;

	if (setresgid(-1, GROUP, -1) || setresuid(-1, OWNER, -1))
		abort();
	port = port_create_as(fd, 4, mode, 0);
	if (setresuid(-1, 0, -1) || setresgid(-1, 0, -1))
		abort();
	return port;
}

/* Let a child do @run as somebody else: 0, or what it exits with. */
static int as(uid_t uid, gid_t gid, gid_t supplementary, void (*run)(struct desk *),
	      struct desk *desk)
{
	pid_t pid = fork();

	if (!pid) {
		CHILD_ASSERT(desk, !become(uid, gid, supplementary));
		run(desk);
		_exit(0);
	}
	return reap(pid);
}

/* Ports. */

/* Look at all in every way there is; they agree, or it is an error. */
static void look_at_ports(struct desk *desk)
{
	struct views views = {};
	struct view view;
	struct nl nl;
	int64_t port = desk->port;
	int nr = 0, ret;
	char name[32];

	CHILD_ASSERT(desk, !nl_open(&nl));
	CHILD_ASSERT(desk, !dump_ports(&nl, &views));
	memset(desk->is_seen, 0, sizeof(desk->is_seen));
	for (uint32_t mode = 1; mode <= 0666; mode++) {
		if (mode & ~0666)
			continue;
		ret = get_port(&nl, port, &view);
		CHILD_ASSERT(desk, ret == 0 || ret == -ENOENT);
		desk->is_seen[mode] = !ret;
		nr += !ret;
		CHILD_ASSERT(desk, !find_port(&views, port) == !!ret);
		sprintf(name, "/mode/%o", mode);
		CHILD_ASSERT(desk, get_named(&nl, name, &view) == ret);
		port++;
	}
	CHILD_ASSERT(desk, views.nr == nr && !nl.nr_unsound);
}

/* A port of each mode, with numbers that follow one another, and named by their modes. */
static bool create_modes(int fd, struct desk *desk)
{
	int64_t port, last = 0;
	char name[32];

	for (uint32_t mode = 1; mode <= 0666; mode++) {
		if (mode & ~0666)
			continue;
		port = create_for_owner(fd, mode);
		sprintf(name, "/mode/%o", mode);
		if (port <= 0 || (last && port != last + 1) || port_bind(fd, port, name))
			return false;
		if (!last)
			desk->port = port;
		last = port;
	}
	return true;
}

/* How many ports are not as @is_shown says for their mode. */
static int count_wrong(const struct desk *desk, bool (*is_shown)(uint32_t mode))
{
	int nr = 0;

	for (uint32_t mode = 1; mode <= 0666; mode++)
		nr += !(mode & ~0666) && desk->is_seen[mode] != is_shown(mode);
	return nr;
}

static bool always(uint32_t mode)
{
	return true;
}

static bool to_group(uint32_t mode)
{
	return mode & 0060;
}

static bool to_others(uint32_t mode)
{
	return mode & 0006;
}

TEST_F_TIMEOUT(viewer, sees_ports_by_their_user_group_and_mode, LONG_TIMEOUT)
{
	ASSERT_TRUE(create_modes(self->fd, self->desk));
	EXPECT_EQ(0, as(OWNER, OTHER, OTHER, look_at_ports, self->desk));
	EXPECT_EQ(0, count_wrong(self->desk, always));
	EXPECT_EQ(0, as(OTHER, GROUP, OTHER, look_at_ports, self->desk));
	EXPECT_EQ(0, count_wrong(self->desk, to_group));
	EXPECT_EQ(0, as(OTHER, OTHER, GROUP, look_at_ports, self->desk));
	EXPECT_EQ(0, count_wrong(self->desk, to_group));
	EXPECT_EQ(0, as(OTHER, OTHER, OTHER, look_at_ports, self->desk));
	EXPECT_EQ(0, count_wrong(self->desk, to_others));
	/* root sees all */
	EXPECT_EQ(0, as(0, 0, 0, look_at_ports, self->desk));
	EXPECT_EQ(0, count_wrong(self->desk, always));
}

/* It is who opened the socket who is judged, not who asks. */

static void use_sockets_of_root(struct desk *desk)
{
	struct nl *nl = (struct nl *)(desk + 1);
	struct views views = {};

	CHILD_ASSERT(desk, !get_port(nl, desk->port, &desk->view));
	CHILD_ASSERT(desk, !dump_ports(nl, &views) && views.nr == 1);
}

TEST_F(viewer, is_who_opened_the_socket)
{
	struct desk *desk = shared_alloc(sizeof(*desk) + sizeof(struct nl));
	struct nl *nl = (struct nl *)(desk + 1);

	desk->port = create_for_owner(self->fd, 0600);
	ASSERT_EQ(0, nl_open(nl));
	EXPECT_EQ(0, as(OTHER, OTHER, OTHER, use_sockets_of_root, desk));
	EXPECT_EQ(0, desk->error);
	nl_close(nl);

	/* and the other way round: a user's socket in root's hands */
	ASSERT_EQ(0, setresuid(-1, OTHER, -1));
	ASSERT_EQ(0, nl_open(nl));
	ASSERT_EQ(0, setresuid(-1, 0, -1));
	EXPECT_EQ(-ENOENT, get_port(nl, desk->port, &self->view));
	EXPECT_EQ(0, dump_ports(nl, &self->views));
	EXPECT_EQ(0, self->views.nr);
	EXPECT_SOUND(nl);
	nl_close(nl);
}

/* Waiters. */

/* Of all kinds, as OWNER, in a port that others do not see. */
static void look_at_waiters(struct desk *desk)
{
	struct views views = {};
	struct nl nl;

	CHILD_ASSERT(desk, !nl_open(&nl));
	CHILD_ASSERT(desk, !dump_waiters(&nl, &views));
	desk->phase = views.nr;
	if (views.nr)
		desk->view = views.views[0];
	CHILD_ASSERT(desk, !dump_waiters_in(&nl, desk->port, &views) && views.nr == desk->phase);
	CHILD_ASSERT(desk, !nl.nr_unsound);
}

TEST_F(viewer, does_not_see_who_waits_in_a_port_that_it_may_not_see)
{
	struct actor *actor;

	self->desk->port = create_for_owner(self->fd, 0600);
	actor = receiver(self->fd, self->desk->port);
	ASSERT_TRUE(wait_for_receivers(self->fd, self->desk->port, 1));
	EXPECT_EQ(0, as(OTHER, OTHER, OTHER, look_at_waiters, self->desk));
	EXPECT_EQ(0, self->desk->phase);
	ASSERT_EQ(0, dump_waiters(&self->nl, &self->views));
	EXPECT_EQ(1, self->views.nr);
	EXPECT_EQ(0, send_nb(self->fd, self->desk->port, 1));
	EXPECT_EQ(1, actor_end(actor));
}

static void look_at_visible_waiter(struct desk *desk)
{
	struct views views = {};
	struct nl nl;

	CHILD_ASSERT(desk, !nl_open(&nl));
	CHILD_ASSERT(desk, !dump_waiters_in(&nl, desk->port, &views) && views.nr == 1);
	CHILD_ASSERT(desk, !dump_waiters(&nl, &views) && views.nr == 1);
	CHILD_ASSERT(desk, NUMBER(views.views, WAITER_PORT) == (uint64_t)desk->port);
	CHILD_ASSERT(desk, NUMBER(views.views, WAITER_UID) == 0);
}

TEST_F(viewer, sees_who_waits_in_a_port_that_it_may_see)
{
	struct actor *actor;

	self->desk->port = create_for_owner(self->fd, 0604);
	actor = receiver(self->fd, self->desk->port);
	ASSERT_TRUE(wait_for_receivers(self->fd, self->desk->port, 1));
	EXPECT_EQ(0, as(OTHER, OTHER, OTHER, look_at_visible_waiter, self->desk));
	EXPECT_EQ(0, send_nb(self->fd, self->desk->port, 1));
	EXPECT_EQ(1, actor_end(actor));
}

/* A child of OTHER that calls through a handle a port which it may not see. */
static pid_t start_caller(int handle, struct desk *desk)
{
	pid_t pid = fork();

	if (!pid) {
		CHILD_ASSERT(desk, !become(OTHER, OTHER, OTHER));
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		call_value(handle, 0, 1, 0, FAR_AWAY);
		_exit(0);
	}
	return pid;
}

TEST_F(viewer, sees_itself_wherever_it_waits)
{
	struct actor *actor;
	int handle;

	self->desk->port = create_for_owner(self->fd, 0600);
	handle = open_handle(self->fd, self->desk->port, R_SEND);
	ASSERT_LE(0, handle);
	self->child = start_caller(handle, self->desk);
	ASSERT_TRUE(wait_for_calls(self->fd, self->desk->port, 1, 1));
	actor = sender(self->fd, self->desk->port, 1, .count = 9);
	ASSERT_TRUE(wait_for_senders(self->fd, self->desk->port, 1));

	EXPECT_EQ(0, as(OTHER, OTHER, OTHER, look_at_waiters, self->desk));
	ASSERT_EQ(1, self->desk->phase);
	EXPECT_EQ(self->child, NUMBER(&self->desk->view, WAITER_TID));
	EXPECT_EQ(IPCPORT_WAIT_CALL_QUEUED, NUMBER(&self->desk->view, WAITER_KIND));
	EXPECT_EQ(0, as(OTHER + 1, OTHER, OTHER, look_at_waiters, self->desk));
	EXPECT_EQ(0, self->desk->phase);
	EXPECT_EQ(0, port_destroy(self->fd, self->desk->port));
	EXPECT_EQ(3, actor_end(actor));
	close(handle);
}

static void *await_name(void *arg)
{
	struct desk *desk = arg;

	if (setresuid(OTHER, OTHER, OTHER))
		abort();
	desk->pid = getpid();
	close(open_when_named(desk->go, "/viewer/name", R_SEND, FAR_AWAY));
	return NULL;
}

static void look_for_name(struct desk *desk)
{
	struct views views = {};
	struct nl nl;

	CHILD_ASSERT(desk, !nl_open(&nl));
	CHILD_ASSERT(desk, !dump_waiters(&nl, &views));
	desk->phase = views.nr;
}

TEST_F(viewer, sees_only_itself_among_those_who_wait_for_names)
{
	self->desk->go = self->fd;
	self->child = child_start(await_name, self->desk);
	ASSERT_TRUE(wait_until(self->desk->pid && sleeps_in_ioctl(self->child)));
	EXPECT_EQ(0, as(OTHER, OTHER, OTHER, look_for_name, self->desk));
	EXPECT_EQ(1, self->desk->phase);
	EXPECT_EQ(0, as(OWNER, OWNER, OWNER, look_for_name, self->desk));
	EXPECT_EQ(0, self->desk->phase);
	ASSERT_EQ(0, dump_waiters_for(&self->nl, "/viewer/name", &self->views));
	ASSERT_EQ(1, self->views.nr);
	EXPECT_EQ(OTHER, NUMBER(self->views.views, WAITER_UID));
}

/* Users and counters. */

static void look_at_users(struct desk *desk)
{
	struct views views = {};
	struct view view;
	struct nl nl;

	CHILD_ASSERT(desk, !nl_open(&nl));
	CHILD_ASSERT(desk, get_user(&nl, OWNER, &view) == -ENOENT);
	CHILD_ASSERT(desk, get_user(&nl, 0, &view) == -ENOENT);
	CHILD_ASSERT(desk, port_create(desk->go, 3) > 0);
	CHILD_ASSERT(desk, !get_plain(&nl, IPCPORT_CMD_USER_GET, &view));
	CHILD_ASSERT(desk, NUMBER(&view, USER_UID) == OTHER && view.limits[0].used == 1);
	CHILD_ASSERT(desk, !get_user(&nl, OTHER, &view) && view.limits[1].used == 3);
	CHILD_ASSERT(desk, !dump_users(&nl, &views) && views.nr == 1);
	CHILD_ASSERT(desk, NUMBER(views.views, USER_UID) == OTHER);
	CHILD_ASSERT(desk, !get_plain(&nl, IPCPORT_CMD_COUNTERS_GET, &view));
	CHILD_ASSERT(desk, NUMBER(&view, COUNTERS_CREATED) > 0);
}

TEST_F(viewer, sees_its_own_record_and_all_counters)
{
	ASSERT_LT(0, create_for_owner(self->fd, 0666));
	ASSERT_LT(0, port_create(self->fd, 1));
	self->desk->go = self->fd;
	EXPECT_EQ(0, as(OTHER, OTHER, OTHER, look_at_users, self->desk));
	ASSERT_EQ(0, dump_users(&self->nl, &self->views));
	EXPECT_EQ(2, self->views.nr);
}

/* Events. */

static void be_refused(struct desk *desk)
{
	struct nl nl;

	CHILD_ASSERT(desk, !nl_open(&nl));
	CHILD_ASSERT(desk, nl_join(&nl) == -EPERM);
}

TEST_F(viewer, may_not_listen_where_the_kernel_cannot_tell_who_does)
{
	if (has_public_groups())
		SKIP(return, "it can here");
	EXPECT_EQ(0, as(OTHER, OTHER, OTHER, be_refused, self->desk));
	EXPECT_EQ(0, nl_join(&self->nl));
}

/* A socket that OTHER opened and that listens. */
#define LISTEN() do {								\
	if (!has_public_groups())						\
		SKIP(return, "only root can listen");				\
	ASSERT_EQ(0, setresuid(-1, OTHER, -1));					\
	ASSERT_EQ(0, nl_open(&self->ear));					\
	EXPECT_EQ(0, nl_join(&self->ear));					\
	ASSERT_EQ(0, setresuid(-1, 0, -1));					\
} while (0)

#define EXPECT_HEARD(_what, _port) do {						\
	ASSERT_EQ(0, await_event(&self->ear, &self->view));			\
	EXPECT_EQ(IPCPORT_CMD_##_what##_NTF, self->view.cmd);			\
	EXPECT_EQ(_port, NUMBER(&self->view, EVENT_PORT));			\
} while (0)

#define EXPECT_SILENCE()	EXPECT_TRUE(hears_nothing(&self->ear, self->fd))

TEST_F(viewer, hears_of_ports_that_it_may_see_and_of_no_others)
{
	int64_t hidden, shown;

	LISTEN();
	hidden = create_for_owner(self->fd, 0660);
	EXPECT_EQ(0, port_bind(self->fd, hidden, "/hidden"));
	EXPECT_EQ(0, port_unbind(self->fd, hidden));
	EXPECT_EQ(-ETIMEDOUT, call_value(self->fd, hidden, 1, 0, in_ms(20)));
	EXPECT_EQ(0, port_destroy(self->fd, hidden));
	EXPECT_SILENCE();

	shown = create_for_owner(self->fd, 0602);
	EXPECT_HEARD(CREATED, shown);
	EXPECT_EQ(OWNER, NUMBER(&self->view, EVENT_UID));
	EXPECT_EQ(0, port_bind(self->fd, shown, "/shown"));
	EXPECT_HEARD(BOUND, shown);
	EXPECT_EQ(0, port_unbind(self->fd, shown));
	EXPECT_HEARD(UNBOUND, shown);
	EXPECT_EQ(-ETIMEDOUT, call_value(self->fd, shown, 1, 0, in_ms(20)));
	EXPECT_HEARD(CALL_ABORTED, shown);
	EXPECT_EQ(0, port_destroy(self->fd, shown));
	EXPECT_HEARD(DESTROYED, shown);
	EXPECT_SILENCE();
}

TEST_F(viewer, hears_of_its_own_ports)
{
	int64_t port;

	LISTEN();
	ASSERT_EQ(0, setresuid(-1, OTHER, -1));
	port = port_create_as(self->fd, 1, 0600, 0);
	ASSERT_EQ(0, setresuid(-1, 0, -1));
	EXPECT_HEARD(CREATED, port);
	EXPECT_EQ(0, port_destroy(self->fd, port));
	EXPECT_HEARD(DESTROYED, port);
}

static void number_write(const char *path, long long number)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld", number);
	file_write(path, text);
}

static void create_in_vain(struct desk *desk)
{
	CHILD_ASSERT(desk, port_create(desk->go, 1) == -EDQUOT);
}

TEST_F(viewer, hears_of_its_own_limits_only)
{
	long long max_ports = file_number(MAX_PORTS);

	LISTEN();
	self->desk->go = self->fd;
	number_write(MAX_PORTS, 0);
	EXPECT_EQ(0, as(OWNER, OWNER, OWNER, create_in_vain, self->desk));
	EXPECT_EQ(0, as(OTHER, OTHER, OTHER, create_in_vain, self->desk));
	number_write(MAX_PORTS, max_ports);
	ASSERT_EQ(0, await_event(&self->ear, &self->view));
	EXPECT_EQ(IPCPORT_CMD_LIMIT_HIT_NTF, self->view.cmd);
	EXPECT_EQ(OTHER, NUMBER(&self->view, EVENT_UID));
	EXPECT_SILENCE();
}

/* Network namespaces. */

static pid_t fork_into(int flags)
{
	return syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);
}

/* Live in the other namespace: a port, a name, a waiter, all of which the parent has too. */
static void live_elsewhere(struct desk *desk, int outer_fd)
{
	struct nl nl = {}, ear;
	struct views views = {};
	struct view view;
	int fd = dev_open();

	CHILD_ASSERT(desk, fd >= 0 && !nl_open(&nl) && !nl_open(&ear) && !nl_join(&ear));
	CHILD_ASSERT(desk, !dump_ports(&nl, &views) && !views.nr);
	CHILD_ASSERT(desk, get_port(&nl, desk->port, &view) == -ENOENT);
	CHILD_ASSERT(desk, get_named(&nl, "/same/name", &view) == -ENOENT);
	CHILD_ASSERT(desk, !dump_waiters(&nl, &views) && !views.nr);
	CHILD_ASSERT(desk, !get_plain(&nl, IPCPORT_CMD_COUNTERS_GET, &view));
	CHILD_ASSERT(desk, !NUMBER(&view, COUNTERS_CREATED) && !NUMBER(&view, COUNTERS_SENT));

	desk->other = port_create(fd, 3);
	CHILD_ASSERT(desk, !port_bind(fd, desk->other, "/same/name"));
	CHILD_ASSERT(desk, !send_nb(fd, desk->other, 1));
	CHILD_ASSERT(desk, !await_event(&ear, &view));
	CHILD_ASSERT(desk, NUMBER(&view, EVENT_PORT) == (uint64_t)desk->other);
	CHILD_ASSERT(desk, !await_event(&ear, &view));
	CHILD_ASSERT(desk, !get_named(&nl, "/same/name", &view));
	CHILD_ASSERT(desk, NUMBER(&view, PORT_ID) == (uint64_t)desk->other);
	CHILD_ASSERT(desk, !get_plain(&nl, IPCPORT_CMD_COUNTERS_GET, &view));
	CHILD_ASSERT(desk, NUMBER(&view, COUNTERS_SENT) == 1);
	/* what is done outside, be it by us, is not of this namespace */
	CHILD_ASSERT(desk, !send_nb(outer_fd, desk->port, 1));
	CHILD_ASSERT(desk, port_create(outer_fd, 1) > 0);
	CHILD_ASSERT(desk, hears_nothing(&ear, fd));
	desk->phase = 1;
	wait_until(desk->go);
	CHILD_ASSERT(desk, hears_nothing(&ear, fd));
	CHILD_ASSERT(desk, !nl.nr_unsound && !ear.nr_unsound);
	_exit(0);
}

TEST_F_TIMEOUT(viewer, sees_and_hears_of_its_own_network_only, LONG_TIMEOUT)
{
	struct desk *desk = self->desk;

	desk->port = port_create(self->fd, 3);
	ASSERT_EQ(0, port_bind(self->fd, desk->port, "/same/name"));
	ASSERT_EQ(0, nl_open(&self->ear));
	ASSERT_EQ(0, nl_join(&self->ear));
	self->child = fork_into(CLONE_NEWNET);
	if (!self->child)
		live_elsewhere(desk, self->fd);
	ASSERT_TRUE(wait_until(desk->phase || desk->error));
	ASSERT_EQ(0, desk->error);
	EXPECT_EQ(-ENOENT, get_port(&self->nl, desk->other, &self->view));
	ASSERT_EQ(0, get_named(&self->nl, "/same/name", &self->view));
	EXPECT_EQ(desk->port, NUMBER(&self->view, PORT_ID));
	ASSERT_EQ(0, dump_ports(&self->nl, &self->views));
	EXPECT_EQ(2, self->views.nr);
	/* the one port that the child made outside */
	EXPECT_HEARD(CREATED, NUMBER(&self->views.views[1], PORT_ID));
	EXPECT_SILENCE();
	EXPECT_EQ(0, port_destroy(self->fd, desk->port));
	desk->go = 1;
	EXPECT_EQ(0, reap(self->child));
	self->child = 0;
	EXPECT_HEARD(DESTROYED, desk->port);
	EXPECT_HEARD(DESTROYED, NUMBER(&self->views.views[1], PORT_ID));
	EXPECT_HEARD(OWNER_DIED, NUMBER(&self->views.views[1], PORT_ID));
	EXPECT_SILENCE();
}

/* A socket stays where it was opened. */
TEST_F(viewer, sees_the_network_in_which_the_socket_was_opened)
{
	int64_t port = port_create(self->fd, 1);
	pid_t pid = fork_into(CLONE_NEWNET);

	if (!pid) {
		CHILD_ASSERT(self->desk, !get_port(&self->nl, port, &self->view));
		CHILD_ASSERT(self->desk, !dump_ports(&self->nl, &self->views));
		CHILD_ASSERT(self->desk, self->views.nr == 1);
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
}

/* User namespaces. */

/* Map user 0 inside to ourselves. */
static bool map_root(uid_t outside)
{
	char text[32];

	sprintf(text, "0 %u 1", outside);
	return !file_write("/proc/self/setgroups", "deny") &&
	       !file_write("/proc/self/uid_map", text) && !file_write("/proc/self/gid_map", text);
}

static void be_root_inside(struct desk *desk)
{
	struct views views = {};
	struct view view;
	struct nl nl;

	if (unshare(CLONE_NEWUSER))
		_exit(2);
	CHILD_ASSERT(desk, map_root(OTHER) && !nl_open(&nl));
	CHILD_ASSERT(desk, get_port(&nl, desk->port, &view) == -ENOENT);
	CHILD_ASSERT(desk, !get_port(&nl, desk->other, &view));
	/* users that are not mapped there are nobody */
	CHILD_ASSERT(desk, NUMBER(&view, PORT_UID) == OVERFLOW_ID);
	CHILD_ASSERT(desk, NUMBER(&view, PORT_GID) == OVERFLOW_ID);
	CHILD_ASSERT(desk, !dump_ports(&nl, &views) && views.nr == 1);
	CHILD_ASSERT(desk, !get_plain(&nl, IPCPORT_CMD_COUNTERS_GET, &view));
}

TEST_F(viewer, that_is_root_only_inside_is_like_any_user_outside)
{
	int ret;

	self->desk->port = create_for_owner(self->fd, 0600);
	self->desk->other = create_for_owner(self->fd, 0604);
	ret = as(OTHER, OTHER, OTHER, be_root_inside, self->desk);
	if (ret == 2)
		SKIP(return, "users may not make user namespaces here");
	EXPECT_EQ(0, ret);
}

/* Root of its own network: sees ports of all users there, and their uids as it knows them. */
static void own_a_network(struct desk *desk)
{
	struct views views = {};
	struct view view;
	int64_t port;
	struct nl nl;
	int fd;

	if (unshare(CLONE_NEWUSER | CLONE_NEWNET))
		_exit(2);
	CHILD_ASSERT(desk, map_root(OTHER) && !nl_open(&nl));
	fd = dev_open();
	CHILD_ASSERT(desk, fd >= 0);
	port = port_create_as(fd, 1, 0006, 0);
	CHILD_ASSERT(desk, !get_port(&nl, port, &view));
	CHILD_ASSERT(desk, NUMBER(&view, PORT_UID) == 0 && NUMBER(&view, PORT_GID) == 0);
	CHILD_ASSERT(desk, !get_plain(&nl, IPCPORT_CMD_USER_GET, &view));
	CHILD_ASSERT(desk, NUMBER(&view, USER_UID) == 0);
	CHILD_ASSERT(desk, !nl_join(&nl));
	/* of all users only the one that is mapped has a name here */
	CHILD_ASSERT(desk, !dump_users(&nl, &views) && views.nr == 1);
}

TEST_F(viewer, that_owns_a_network_sees_users_as_it_knows_them)
{
	int ret;

	ASSERT_LT(0, port_create(self->fd, 1));
	ret = as(OTHER, OTHER, OTHER, own_a_network, self->desk);
	if (ret == 2)
		SKIP(return, "users may not make user namespaces here");
	EXPECT_EQ(0, ret);
}

/* Process namespaces. */

TEST_F(viewer, does_not_see_processes_outside_of_its_own)
{
	struct desk *desk = self->desk;
	struct actor *actor;

	desk->port = port_create(self->fd, 1);
	actor = receiver(self->fd, desk->port);
	ASSERT_TRUE(wait_for_receivers(self->fd, desk->port, 1));
	self->child = fork_into(CLONE_NEWPID);
	if (!self->child) {
		struct views views = {};
		struct view view;
		struct nl nl;
		int64_t port;

		CHILD_ASSERT(desk, !nl_open(&nl) && !get_port(&nl, desk->port, &view));
		CHILD_ASSERT(desk, !NUMBER(&view, PORT_OWNER_PID) && !HAS(&view, PORT_OWNER_COMM));
		CHILD_ASSERT(desk, !dump_waiters(&nl, &views) && views.nr == 1);
		CHILD_ASSERT(desk, !NUMBER(views.views, WAITER_PID));
		CHILD_ASSERT(desk, !NUMBER(views.views, WAITER_TID));
		CHILD_ASSERT(desk, !HAS(views.views, WAITER_COMM));
		CHILD_ASSERT(desk, !NUMBER(views.views, WAITER_OWNER_PID));
		port = port_create(self->fd, 1);
		CHILD_ASSERT(desk, !get_port(&nl, port, &view));
		CHILD_ASSERT(desk, NUMBER(&view, PORT_OWNER_PID) == 1);
		desk->other = port;
		desk->phase = 1;
		hold_still();
	}
	ASSERT_TRUE(wait_until(desk->phase || desk->error));
	/* while we see it by our number for it */
	ASSERT_EQ(0, get_port(&self->nl, desk->other, &self->view));
	EXPECT_EQ(self->child, NUMBER(&self->view, PORT_OWNER_PID));
	EXPECT_EQ(0, send_nb(self->fd, desk->port, 1));
	EXPECT_EQ(1, actor_end(actor));
}

TEST_F(viewer, hears_of_processes_by_the_numbers_where_they_live)
{
	struct desk *desk = self->desk;

	ASSERT_EQ(0, nl_open(&self->ear));
	ASSERT_EQ(0, nl_join(&self->ear));
	self->child = fork_into(CLONE_NEWPID);
	if (!self->child)
		_exit(port_create(self->fd, 1) <= 0);
	EXPECT_EQ(0, reap(self->child));
	self->child = 0;
	ASSERT_EQ(0, await_event(&self->ear, &self->view));
	EXPECT_EQ(IPCPORT_CMD_CREATED_NTF, self->view.cmd);
	EXPECT_EQ(1, NUMBER(&self->view, EVENT_OWNER_PID));
	EXPECT_EQ(0, desk->error);
}

int main(int argc, char **argv)
{
	return process_main(argc, argv);
}
