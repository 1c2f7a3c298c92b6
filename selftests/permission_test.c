// SPDX-License-Identifier: GPL-2.0
/*
 * Who may do what with a port: by mode, uid, gid and capability, judged at the
 * time of the call and by the caller, whoever opened the file.
 */
#include "process.h"
#include "handle.h"

#include <linux/capability.h>

/* Users and groups that mean nothing to the system. */
enum { OWNER = 1000, GROUP = 1001, OTHER = 2000 };

/* What one process gets when it tries everything with a port. */
struct tries {
	int stat, send, recv, bind, unbind, destroy;
	int open[R_BOTH + 1];	/* by rights */
};

/* Make a handle and close it: 0 or -errno. */
static int try_open(int fd, uint64_t port, uint32_t rights)
{
	int ret = open_handle(fd, port, rights);

	return ret < 0 ? ret : close(ret);
}

static struct tries try_all(int fd, uint64_t port)
{
	struct ipcport_stat stat;
	struct tries tries = {
		.stat = port_stat(fd, port, &stat),
		.send = send_nb(fd, port, 2),
		/* what is received is not an error */
		.recv = recv_nb(fd, port),
	};

	tries.bind = port_bind(fd, port, "/test/permission");
	tries.unbind = port_unbind(fd, port);
	for (int rights = 0; rights <= R_BOTH; rights++)
		tries.open[rights] = try_open(fd, port, rights);
	if (tries.recv > 0)
		tries.recv = 0;
	return tries;
}

static const struct tries ALLOWED = {};
static const struct tries REFUSED = {
	.stat = -EACCES, .send = -EACCES, .recv = -EACCES, .destroy = -EPERM,
	.bind = -EPERM, .unbind = -EPERM, .open = { -EACCES, -EACCES, -EACCES, -EACCES },
};

#define EXPECT_TRIES(_expected, _tries) do {					\
	EXPECT_EQ((_expected).stat, (_tries).stat);				\
	EXPECT_EQ((_expected).send, (_tries).send);				\
	EXPECT_EQ((_expected).recv, (_tries).recv);				\
	EXPECT_EQ((_expected).bind, (_tries).bind);				\
	EXPECT_EQ((_expected).unbind, (_tries).unbind);				\
	for (int _i = 0; _i <= R_BOTH; _i++)					\
		EXPECT_EQ((_expected).open[_i], (_tries).open[_i]);		\
	EXPECT_EQ((_expected).destroy, (_tries).destroy);			\
} while (0)

/* What processes of a test share. */
struct desk {
	_Atomic int is_ready;
	_Atomic int is_over;
	int64_t ports[0666 + 1];	/* by mode */
	struct tries tries[0666 + 1];
};

FIXTURE(permission) {
	int fd;
	struct desk *desk;
	pid_t pids[2];
};

FIXTURE_SETUP(permission)
{
	adopt_orphans();
	self->desk = shared_alloc(sizeof(*self->desk));
	self->fd = dev_open();
	ASSERT_LE(0, self->fd);
	if (geteuid())
		SKIP(return, "only root can become others");
}

FIXTURE_TEARDOWN(permission)
{
	reap_all(self->pids, 2);
	close(self->fd);
	EXPECT_TRUE(all_is_gone());
}

/* A child of OWNER and GROUP that has a port of each mode. */
static pid_t start_owner(int fd, struct desk *desk, const uint32_t *modes, int nr)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	if (become(OWNER, GROUP, GROUP))
		_exit(1);
	for (int i = 0; i < nr; i++)
		desk->ports[modes[i]] = port_create_as(fd, 4, modes[i], 0);
	desk->is_ready = 1;
	wait_until(desk->is_over);
	_exit(0);
}

/* Start that child and put a message in each port, as root: a mode may refuse its owner. */
static bool set_up_ports(int fd, struct desk *desk, const uint32_t *modes, int nr, pid_t *pid)
{
	*pid = start_owner(fd, desk, modes, nr);
	if (!wait_until(desk->is_ready))
		return false;
	for (int i = 0; i < nr; i++)
		if (desk->ports[modes[i]] <= 0 || send_nb(fd, desk->ports[modes[i]], 1))
			return false;
	return true;
}

/* Run try_all() and DESTROY as somebody else; the result comes back through *tries. */
static int try_as(int fd, uint64_t port, uid_t uid, gid_t gid, gid_t supplementary,
		  struct tries *tries)
{
	pid_t pid = fork();

	if (!pid) {
		if (become(uid, gid, supplementary))
			_exit(1);
		*tries = try_all(fd, port);
		tries->destroy = port_destroy(fd, port);
		_exit(0);
	}
	return reap(pid);
}

/* Every mode there is, for each class of caller. */

FIXTURE(mode) {
	int fd;
	struct desk *desk;
	pid_t owner;
};

FIXTURE_VARIANT(mode) {
	uid_t uid;
	gid_t gid, supplementary;
	int shift;	/* where in the mode its permission is */
};

FIXTURE_VARIANT_ADD(mode, for_another_process_of_the_owners_user) {
	.uid = OWNER, .gid = OTHER, .supplementary = OTHER, .shift = 6,
};

FIXTURE_VARIANT_ADD(mode, for_another_process_of_the_owners_user_and_group) {
	.uid = OWNER, .gid = GROUP, .supplementary = GROUP, .shift = 6,
};

FIXTURE_VARIANT_ADD(mode, for_a_user_of_the_group) {
	.uid = OTHER, .gid = GROUP, .supplementary = OTHER, .shift = 3,
};

FIXTURE_VARIANT_ADD(mode, for_a_user_with_the_supplementary_group) {
	.uid = OTHER, .gid = OTHER, .supplementary = GROUP, .shift = 3,
};

FIXTURE_VARIANT_ADD(mode, for_others) {
	.uid = OTHER, .gid = OTHER, .supplementary = OTHER, .shift = 0,
};

FIXTURE_SETUP(mode)
{
	adopt_orphans();
	self->desk = shared_alloc(sizeof(*self->desk));
	self->fd = dev_open();
	ASSERT_LE(0, self->fd);
	if (geteuid())
		SKIP(return, "only root can become others");
}

FIXTURE_TEARDOWN(mode)
{
	reap_all(&self->owner, 1);
	close(self->fd);
	EXPECT_TRUE(all_is_gone());
}

/* The 63 modes; 0 would be the default. */
static int list_modes(uint32_t *modes)
{
	int nr = 0;

	for (uint32_t mode = 1; mode <= 0666; mode++)
		if (!(mode & ~0666))
			modes[nr++] = mode;
	return nr;
}

static void expect_by_mode(struct __test_metadata *_metadata, int fd, struct desk *desk,
			   uint32_t mode, int bits)
{
	int may_send = !!(bits & 2), may_recv = !!(bits & 4);
	struct ipcport_stat stat;

	EXPECT_EQ(bits & 6 ? 0 : -EACCES, desk->tries[mode].stat) {
		TH_LOG("mode %#o", mode);
	}
	EXPECT_EQ(may_send ? 0 : -EACCES, desk->tries[mode].send) {
		TH_LOG("mode %#o", mode);
	}
	EXPECT_EQ(may_recv ? 0 : -EACCES, desk->tries[mode].recv) {
		TH_LOG("mode %#o", mode);
	}
	for (int rights = 0; rights <= R_BOTH; rights++) {
		bool may_open = bits & 6 && (may_send || !(rights & R_SEND)) &&
				(may_recv || !(rights & R_RECV));

		EXPECT_EQ(may_open ? 0 : -EACCES, desk->tries[mode].open[rights]) {
			TH_LOG("mode %#o, rights %d", mode, rights);
		}
	}
	EXPECT_EQ(-EPERM, desk->tries[mode].bind);
	EXPECT_EQ(-EPERM, desk->tries[mode].unbind);
	EXPECT_EQ(-EPERM, desk->tries[mode].destroy);
	/* What was refused changed nothing. */
	EXPECT_PORT(fd, desk->ports[mode], 1 + may_send - may_recv, 1 + may_send, may_recv);
	EXPECT_EQ(0, port_stat(fd, desk->ports[mode], &stat));
	EXPECT_EQ(mode, stat.out_mode);
	EXPECT_EQ(OWNER, stat.out_uid);
	EXPECT_EQ(GROUP, stat.out_gid);
	EXPECT_TRUE(has_name(fd, desk->ports[mode], ""));
}

/* OPEN asks for the rights that the handle will have. */
TEST_F_TIMEOUT(mode, grants_write_to_send_and_read_to_receive_and_either_to_stat, LONG_TIMEOUT)
{
	struct desk *desk = self->desk;
	uint32_t modes[64];
	int nr = list_modes(modes);
	pid_t pid;

	ASSERT_EQ(63, nr);
	ASSERT_TRUE(set_up_ports(self->fd, desk, modes, nr, &self->owner));
	pid = fork();
	if (!pid) {
		if (become(variant->uid, variant->gid, variant->supplementary))
			_exit(1);
		for (int i = 0; i < nr; i++) {
			desk->tries[modes[i]] = try_all(self->fd, desk->ports[modes[i]]);
			desk->tries[modes[i]].destroy = port_destroy(self->fd,
								     desk->ports[modes[i]]);
		}
		_exit(0);
	}
	ASSERT_EQ(0, reap(pid));
	for (int i = 0; i < nr; i++)
		expect_by_mode(_metadata, self->fd, desk, modes[i], modes[i] >> variant->shift);
}

TEST_F_TIMEOUT(permission, of_the_owner_process_is_not_a_matter_of_the_mode, LONG_TIMEOUT)
{
	struct tries *tries = shared_alloc(2 * sizeof(*tries));
	int64_t *port = shared_alloc(sizeof(*port));

	self->pids[0] = fork();
	if (!self->pids[0]) {
		if (become(OWNER, GROUP, GROUP))
			_exit(1);
		*port = port_create_as(self->fd, 4, 0066, 0);
		tries[0] = try_all(self->fd, *port);
		/* another process of the same user is a matter of the mode */
		if (!fork()) {
			tries[1] = try_all(self->fd, *port);
			tries[1].destroy = port_destroy(self->fd, *port);
			_exit(0);
		}
		wait(NULL);
		self->desk->is_ready = 1;
		wait_until(self->desk->is_over);
		tries[0].destroy = port_destroy(self->fd, *port);
		_exit(0);
	}
	ASSERT_TRUE(wait_until(self->desk->is_ready));
	EXPECT_TRIES(REFUSED, tries[1]);
	EXPECT_PORT(self->fd, *port, 0, 1, 1);
	self->desk->is_over = 1;
	EXPECT_EQ(0, reap(self->pids[0]));
	self->pids[0] = 0;
	EXPECT_TRIES(ALLOWED, tries[0]);
	EXPECT_DEAD(self->fd, *port);
}

TEST_F_TIMEOUT(permission, to_destroy_is_not_a_matter_of_the_mode, LONG_TIMEOUT)
{
	static const uint32_t modes[] = { 0666 };
	struct tries *tries = shared_alloc(sizeof(*tries));
	uint64_t port;

	ASSERT_TRUE(set_up_ports(self->fd, self->desk, modes, 1, &self->pids[0]));
	port = self->desk->ports[0666];
	ASSERT_EQ(0, try_as(self->fd, port, OWNER, GROUP, GROUP, tries));
	EXPECT_EQ(0, tries->stat);
	EXPECT_EQ(-EPERM, tries->destroy);
	EXPECT_PORT(self->fd, port, 1, 2, 1);
}

TEST_F_TIMEOUT(permission, to_destroy_is_not_inherited_by_a_child, LONG_TIMEOUT)
{
	struct desk *desk = self->desk;

	self->pids[0] = fork();
	if (!self->pids[0]) {
		int64_t port;

		if (become(OWNER, GROUP, GROUP))
			_exit(1);
		port = port_create(self->fd, 1);
		desk->ports[0] = port;
		if (!fork()) {
			desk->tries[0].destroy = port_destroy(self->fd, port);
			desk->is_ready = 1;
			_exit(0);
		}
		wait(NULL);
		/* the owner itself may */
		wait_until(desk->is_over);
		_exit(status_of(port_destroy(self->fd, port)));
	}
	ASSERT_TRUE(wait_until(desk->is_ready));
	EXPECT_EQ(-EPERM, desk->tries[0].destroy);
	EXPECT_PORT(self->fd, desk->ports[0], 0, 0, 0);
	desk->is_over = 1;
	EXPECT_EQ(0, reap(self->pids[0]));
	self->pids[0] = 0;
	EXPECT_DEAD(self->fd, desk->ports[0]);
}

static void *destroy_in_thread(void *arg)
{
	struct client *client = arg;

	client->answer = port_destroy(client->fd, client->port);
	return NULL;
}

TEST_F_TIMEOUT(permission, to_destroy_is_that_of_any_thread_of_the_owner, LONG_TIMEOUT)
{
	struct client client = { .fd = self->fd, .port = port_create(self->fd, 1) };

	/* Without capabilities, so that it can only be for being the owner. */
	self->pids[0] = fork();
	if (!self->pids[0]) {
		if (become(OWNER, GROUP, GROUP))
			_exit(1);
		client.port = port_create(self->fd, 1);
		pthread_create(&client.thread, NULL, destroy_in_thread, &client);
		pthread_join(client.thread, NULL);
		_exit(status_of(client.answer));
	}
	EXPECT_EQ(0, reap(self->pids[0]));
	self->pids[0] = 0;
	EXPECT_EQ(0, port_destroy(self->fd, client.port));
}

/* Become @uid with these capabilities and no others. */
static int become_capable(uid_t uid, uint64_t capabilities)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];
	int ret;

	prctl(PR_SET_KEEPCAPS, 1);
	ret = become(uid, uid, uid);
	if (ret)
		return ret;
	for (int i = 0; i < 2; i++) {
		data[i].permitted = capabilities >> 32 * i;
		data[i].effective = capabilities >> 32 * i;
		data[i].inheritable = 0;
	}
	return syscall(SYS_capset, &header, data) ? -errno : 0;
}

static int try_capable(int fd, uint64_t port, uid_t uid, uint64_t capabilities,
		       struct tries *tries)
{
	pid_t pid = fork();

	if (!pid) {
		if (become_capable(uid, capabilities))
			_exit(1);
		*tries = try_all(fd, port);
		tries->destroy = port_destroy(fd, port);
		_exit(0);
	}
	return reap(pid);
}

#define CAP(_name)	(1ULL << (_name))
/* All that every kernel here has, 0 to CAP_AUDIT_READ. */
#define CAPS_ALL	(CAP(CAP_AUDIT_READ + 1) - 1)

TEST_F_TIMEOUT(permission, is_overridden_by_cap_ipc_owner, LONG_TIMEOUT)
{
	static const uint32_t modes[] = { 0600 };
	struct tries *tries = shared_alloc(sizeof(*tries));
	uint64_t port;

	ASSERT_TRUE(set_up_ports(self->fd, self->desk, modes, 1, &self->pids[0]));
	port = self->desk->ports[0600];
	ASSERT_EQ(0, try_capable(self->fd, port, OTHER, CAP(CAP_IPC_OWNER), tries));
	EXPECT_TRIES(ALLOWED, *tries);
	EXPECT_DEAD(self->fd, port);
}

TEST_F_TIMEOUT(permission, is_not_overridden_by_all_other_capabilities, LONG_TIMEOUT)
{
	static const uint32_t modes[] = { 0600 };
	struct tries *tries = shared_alloc(sizeof(*tries));
	uint64_t port;

	ASSERT_TRUE(set_up_ports(self->fd, self->desk, modes, 1, &self->pids[0]));
	port = self->desk->ports[0600];
	ASSERT_EQ(0, try_capable(self->fd, port, OTHER, CAPS_ALL & ~CAP(CAP_IPC_OWNER), tries));
	EXPECT_TRIES(REFUSED, *tries);
	EXPECT_PORT(self->fd, port, 1, 1, 0);
}

TEST_F_TIMEOUT(permission, is_not_overridden_by_uid_0_alone, LONG_TIMEOUT)
{
	static const uint32_t modes[] = { 0600 };
	struct tries *tries = shared_alloc(sizeof(*tries));
	uint64_t port;

	ASSERT_TRUE(set_up_ports(self->fd, self->desk, modes, 1, &self->pids[0]));
	port = self->desk->ports[0600];
	ASSERT_EQ(0, try_capable(self->fd, port, 0, 0, tries));
	EXPECT_TRIES(REFUSED, *tries);
	EXPECT_PORT(self->fd, port, 1, 1, 0);
}

TEST_F_TIMEOUT(permission, is_judged_by_the_caller_when_root_opened_the_file, LONG_TIMEOUT)
{
	static const uint32_t modes[] = { 0600 };
	struct tries *tries = shared_alloc(sizeof(*tries));
	int sockets[2];
	uint64_t port;
	pid_t pid;

	ASSERT_TRUE(set_up_ports(self->fd, self->desk, modes, 1, &self->pids[0]));
	port = self->desk->ports[0600];
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
	pid = fork();
	if (!pid) {
		int fd;

		close(self->fd);
		if (become(65534, 65534, 65534))
			_exit(1);
		fd = file_recv(sockets[1]);
		if (fd < 0)
			_exit(2);
		*tries = try_all(fd, port);
		tries->destroy = port_destroy(fd, port);
		_exit(0);
	}
	ASSERT_EQ(0, file_send(sockets[0], self->fd));
	ASSERT_EQ(0, reap(pid));
	EXPECT_TRIES(REFUSED, *tries);
	EXPECT_PORT(self->fd, port, 1, 1, 0);
}

TEST_F_TIMEOUT(permission, is_judged_by_the_caller_when_nobody_opened_the_file, LONG_TIMEOUT)
{
	static const uint32_t modes[] = { 0600 };
	struct tries tries;
	int sockets[2], fd;
	uint64_t port;
	pid_t pid;

	ASSERT_TRUE(set_up_ports(self->fd, self->desk, modes, 1, &self->pids[0]));
	port = self->desk->ports[0600];
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
	pid = fork();
	if (!pid) {
		if (become(65534, 65534, 65534))
			_exit(1);
		fd = dev_open();
		_exit(status_of(fd < 0 ? fd : file_send(sockets[0], fd)));
	}
	if (reap(pid) == EACCES)
		SKIP(return, "/dev/ipcport is not open to all users here");
	fd = file_recv(sockets[1]);
	ASSERT_LE(0, fd);
	tries = try_all(fd, port);
	tries.destroy = port_destroy(fd, port);
	EXPECT_TRIES(ALLOWED, tries);
	close(fd);
}

TEST_F_TIMEOUT(permission, is_judged_by_the_effective_ids, LONG_TIMEOUT)
{
	static const uint32_t modes[] = { 0600 };
	struct tries *tries = shared_alloc(2 * sizeof(*tries));
	uint64_t port;
	pid_t pid;

	ASSERT_TRUE(set_up_ports(self->fd, self->desk, modes, 1, &self->pids[0]));
	port = self->desk->ports[0600];
	pid = fork();
	if (!pid) {
		if (setgroups(0, NULL) || setresgid(OTHER, OTHER, OTHER) ||
		    setresuid(OWNER, OTHER, OWNER))
			_exit(1);
		tries[0] = try_all(self->fd, port);
		if (setresuid(OTHER, OWNER, -1))
			_exit(2);
		tries[1] = try_all(self->fd, port);
		_exit(0);
	}
	ASSERT_EQ(0, reap(pid));
	EXPECT_EQ(-EACCES, tries[0].stat);
	EXPECT_EQ(-EACCES, tries[0].send);
	EXPECT_EQ(-EACCES, tries[0].recv);
	EXPECT_EQ(0, tries[1].stat);
	EXPECT_EQ(0, tries[1].send);
	EXPECT_EQ(0, tries[1].recv);
	EXPECT_PORT(self->fd, port, 1, 2, 1);
}

/* A daemon makes its port as root and gives up root. */
TEST_F_TIMEOUT(permission, of_the_owner_process_outlives_a_change_of_its_uid, LONG_TIMEOUT)
{
	struct desk *desk = self->desk;
	struct ipcport_stat stat;

	self->pids[0] = fork();
	if (!self->pids[0]) {
		desk->ports[0] = port_create(self->fd, 4);
		if (become(OTHER, OTHER, OTHER))
			_exit(1);
		desk->tries[0] = try_all(self->fd, desk->ports[0]);
		if (!fork()) {
			desk->tries[1] = try_all(self->fd, desk->ports[0]);
			desk->tries[1].destroy = port_destroy(self->fd, desk->ports[0]);
			_exit(0);
		}
		wait(NULL);
		desk->is_ready = 1;
		wait_until(desk->is_over);
		_exit(status_of(port_destroy(self->fd, desk->ports[0])));
	}
	ASSERT_TRUE(wait_until(desk->is_ready));
	EXPECT_EQ(0, desk->tries[0].stat);
	EXPECT_EQ(0, desk->tries[0].send);
	EXPECT_EQ(0, desk->tries[0].recv);
	/* to others it is still a port of root */
	EXPECT_TRIES(REFUSED, desk->tries[1]);
	EXPECT_PORT(self->fd, desk->ports[0], 0, 1, 1);
	ASSERT_EQ(0, port_stat(self->fd, desk->ports[0], &stat));
	EXPECT_EQ(0, stat.out_uid);
	desk->is_over = 1;
	EXPECT_EQ(0, reap(self->pids[0]));
	self->pids[0] = 0;
}

TEST_F_TIMEOUT(permission, of_a_port_ignores_the_umask, LONG_TIMEOUT)
{
	struct ipcport_stat stat;
	mode_t old = umask(0777);
	int64_t port = port_create_as(self->fd, 1, 0666, 0);
	int64_t by_default = port_create(self->fd, 1);

	umask(old);
	ASSERT_EQ(0, port_stat(self->fd, port, &stat));
	EXPECT_EQ(0666, stat.out_mode);
	ASSERT_EQ(0, port_stat(self->fd, by_default, &stat));
	EXPECT_EQ(0600, stat.out_mode);
	EXPECT_EQ(0, stat.out_uid);
	EXPECT_EQ(0, stat.out_gid);
	EXPECT_EQ(0, port_destroy(self->fd, port));
	EXPECT_EQ(0, port_destroy(self->fd, by_default));
}

/* Refusals come before anything is waited for. */
TEST_F_TIMEOUT(permission, is_refused_at_once_where_it_would_have_to_wait, LONG_TIMEOUT)
{
	int64_t full = port_create(self->fd, 1), empty = port_create(self->fd, 1);
	pid_t pid;

	ASSERT_EQ(0, send_nb(self->fd, full, 1));
	pid = fork();
	if (!pid) {
		if (become(OTHER, OTHER, OTHER))
			_exit(1);
		if (send_value(self->fd, full, 2, 0, in_ms(PATIENCE * 1000)) != -EACCES)
			_exit(2);
		if (recv_value(self->fd, empty, 0, in_ms(PATIENCE * 1000)) != -EACCES)
			_exit(3);
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
	EXPECT_PORT(self->fd, full, 1, 1, 0);
	EXPECT_PORT(self->fd, empty, 0, 0, 0);
	EXPECT_EQ(0, port_destroy(self->fd, full));
	EXPECT_EQ(0, port_destroy(self->fd, empty));
}

TEST_F_TIMEOUT(permission, to_destroy_what_has_ended_is_not_asked_for, LONG_TIMEOUT)
{
	int64_t port = port_create(self->fd, 1);
	struct tries *tries = shared_alloc(sizeof(*tries));

	EXPECT_EQ(0, port_destroy(self->fd, port));
	ASSERT_EQ(0, try_as(self->fd, port, OTHER, OTHER, OTHER, tries));
	EXPECT_EQ(-ENOENT, tries->stat);
	EXPECT_EQ(-ENOENT, tries->send);
	EXPECT_EQ(-ENOENT, tries->recv);
	EXPECT_EQ(-ENOENT, tries->destroy);
}

int main(int argc, char **argv)
{
	return process_main(argc, argv);
}
