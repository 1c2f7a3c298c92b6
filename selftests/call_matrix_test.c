// SPDX-License-Identifier: GPL-2.0
/*
 * The death matrix: whatever happens to a call, however far it has come, it ends in
 * exactly one way, at once, and leaves nothing behind.
 *
 * The call is made by a process of its own, the caller; the port belongs to another, the
 * owner; a third, the receiver, may receive from it. The test looks on, makes it happen,
 * and serves the calls that live on. MATRIX says what each call is to come to. The
 * tests are made of it, and so is the table that the program prints at its end.
 */
#include "call_scene.h"

static const char * const state_names[] = {
	"blocked", "queued", "received", "async, queued", "async, received", "being answered",
};

/* What became of a cell. */
enum verdict { NOT_RUN, RUNNING, OK };

struct result {
	enum verdict verdict;
	uint32_t nr_answered;	/* races in which the caller got the answer first */
	uint32_t nr_not;	/* and those in which it did not */
};

static struct result (*results)[NR_STATES];

/*
 * The test's side: setting the scene.
 */
FIXTURE(call) {
	struct result *result;
	bool is_clean;
};

FIXTURE_VARIANT(call) {
	enum event event;
	enum state state;
	int ret;
};

#define CELL(_event, _what, _state, _how, _ret)						\
	FIXTURE_VARIANT_ADD(call, _how##_when_##_what) {				\
		.event = (_event), .state = (_state), .ret = (_ret),			\
	}

#define CELLS(_event, _what, _name, _blocked, _queued, _received, _async_queued, \
	      _async_received, _answered)						\
	CELL(_event, _what, BLOCKED, blocked, _blocked);				\
	CELL(_event, _what, QUEUED, queued, _queued);					\
	CELL(_event, _what, RECEIVED, received, _received);				\
	CELL(_event, _what, SUBMITTED_QUEUED, submitted_and_queued, _async_queued);	\
	CELL(_event, _what, SUBMITTED_RECEIVED, submitted_and_received, _async_received);	\
	CELL(_event, _what, ANSWERED, being_answered, _answered)

MATRIX(CELLS);

/* What one cell leaves is not held against the next. */
static bool no_call_is_left(void)
{
	return calls_live(scene->nr_live);
}

/* Start whoever is not there, and make a port if there is none. */
static void set_scene(struct __test_metadata *_metadata)
{
	struct ipcport_stat stat;

	if (scene->event == OWNER_EXEC)
		remote_kill(&scene->owner);
	if (!scene->owner.pid) {
		scene->owner_fd = 0;
		remote_start(&scene->owner);
	}
	if (!scene->receiver.pid)
		remote_start(&scene->receiver);
	if (!scene->caller.pid) {
		scene->caller_fd = 0;
		remote_start(&scene->caller);
	}
	ASSERT_LT(0, remote_do(&scene->caller, open_caller_file));
	if (!port_stat(scene->fd, scene->port, &stat))
		return;
	scene->port = remote_do(&scene->owner, create_port);
	ASSERT_LT(0, (int64_t)scene->port);
}

FIXTURE_SETUP(call)
{
	struct sigaction action = { .sa_handler = count_signal };

	self->result = &results[variant->event][variant->state];
	self->result->verdict = RUNNING;
	self->is_clean = nothing_lives();
	scene = shared_alloc(sizeof(*scene));
	scene->event = variant->event;
	scene->state = variant->state;
	scene->ret = variant->ret;
	scene->nr_live = live_count("calls");
	ASSERT_LE(0, scene->nr_live);
	if (scene->event == SIGNAL_RESTART)
		action.sa_flags = SA_RESTART;
	sigaction(SIGUSR1, &action, NULL);
	ASSERT_EQ(0, pipe(scene->exec_pipe));
	scene->fd = dev_open();
	ASSERT_LE(0, scene->fd);
}

FIXTURE_TEARDOWN(call)
{
	pid_t pids[] = { scene->owner.pid, scene->receiver.pid, scene->caller.pid };

	reap_all(pids, 3);
	close(scene->fd);
	EXPECT_TRUE(!self->is_clean || all_is_gone());
	EXPECT_TRUE(no_call_is_left());
	if (!_metadata->exit_code)
		self->result->verdict = OK;
}

/*
 * The owner receives what it is to end itself, the test what the caller ends; crossed, it
 * is the other way round, so that a call ends both in its port and with who received it.
 */
static int64_t receive(void)
{
	if (scene->event == RECEIVER_EXIT)
		return remote_do(&scene->receiver, receive_call);
	if (ends_port() != scene->is_crossed)
		return remote_do(&scene->owner, receive_call);
	return receive_call();
}

static bool is_over(void)
{
	return is_synchronous() && scene->call.is_done;
}

static void begin_call(struct __test_metadata *_metadata, uint64_t deadline_ns)
{
	scene->deadline_ns = deadline_ns;
	ASSERT_EQ(0, port_stat(scene->fd, scene->port, &scene->before));
	if (is_synchronous()) {
		ASSERT_EQ(0, remote_do(&scene->caller, launch_call));
	} else {
		scene->token = remote_do(&scene->caller, submit_call);
		ASSERT_LT(0, (int64_t)scene->token);
	}
}

/* Let the caller wait for what it submitted. */
static void collect_call(struct __test_metadata *_metadata, uint64_t deadline_ns)
{
	scene->deadline_ns = deadline_ns;
	ASSERT_EQ(0, remote_do(&scene->caller, launch_call));
}

static bool is_blocked_or_queued(void)
{
	int nr_calls = scene->witness ? 2 : 1;

	return scene->state == BLOCKED ? has_waiters(scene->fd, scene->port, 1, 0) :
					 has_calls(scene->fd, scene->port, 1, nr_calls);
}

/* Whether the call comes as far as it should; its deadline may come first. */
static bool reach_state(void)
{
	bool is_there;
	int64_t token;

	wait_until((is_there = is_blocked_or_queued()) || is_over());
	if (!is_there || !is_received())
		return is_there;
	token = receive();
	if (token > 0)
		scene->token = token;
	return token > 0;
}

/* How many wait for space when the scene is set: the call, and a sender behind it. */
static int nr_in_line(void)
{
	return scene->state == BLOCKED ? 2 : is_in_queue();
}

/* The call's deadline may pass before the sender has come to wait behind it. */
static bool is_lined_up(void)
{
	if (scene->state == BLOCKED && is_over())
		return has_waiters(scene->fd, scene->port, 1, 0);
	return has_waiters(scene->fd, scene->port, nr_in_line(), 0) || scene->behind->is_done;
}

/* Somebody waits for space behind the call, to see whether its place is given away. */
static void line_up(struct __test_metadata *_metadata)
{
	scene->behind = sender(scene->fd, scene->port, BEHIND);
	ASSERT_TRUE(wait_until(is_lined_up()));
}

/* What goes before the call in some of the cells. */
static void prepare(struct __test_metadata *_metadata)
{
	scene->deadline_ns = FAR_AWAY;
	if (scene->event == RECEIVER_EXIT && !is_received()) {
		/* the receiver has another call */
		scene->witness = call_submit(scene->fd, scene->port, WITNESS, 0, FAR_AWAY);
		ASSERT_EQ(scene->witness, receive());
	}
	if (scene->event == CANCEL && scene->state == BLOCKED) {
		/* what the token could be is known from the one before */
		scene->token = remote_do(&scene->caller, submit_call);
		ASSERT_EQ(IPCPORT_CALL_QUEUED, remote_do(&scene->caller, cancel_call));
	}
	if (scene->state == BLOCKED)
		ASSERT_EQ(0, send_nb(scene->fd, scene->port, FILLER));
}

/* Make the call, up to the moment when it happens. */
static void enter_state(struct __test_metadata *_metadata)
{
	bool has_deadline = scene->event == DEADLINE;
	uint64_t ms = FIRST_MS;

	prepare(_metadata);
	for (;; ms *= 2) {
		begin_call(_metadata, has_deadline && is_synchronous() ? in_ms(ms) : FAR_AWAY);
		if (reach_state())
			break;
		ASSERT_TRUE(is_over());
		ASSERT_EQ(-ETIMEDOUT, remote_do(&scene->caller, finish_call));
	}
	if (scene->state == BLOCKED || is_in_queue())
		line_up(_metadata);
	if (has_collector())
		collect_call(_metadata, has_deadline ? in_ms(ms) : FAR_AWAY);
	if (is_synchronous() || has_collector())
		ASSERT_TRUE(wait_until(caller_sleeps(&scene->call) || scene->call.is_done));
}

/*
 * What happens.
 */
static int leave_and_reap(struct remote *remote)
{
	remote_tell(remote, leave);
	return remote_reap(remote);
}

static int64_t let_it_happen(void)
{
	switch (scene->event) {
	case DESTROY:
		return remote_do(&scene->owner, destroy_port);
	case OWNER_EXIT:
		return leave_and_reap(&scene->owner);
	case OWNER_KILL:
		return remote_kill(&scene->owner);
	case OWNER_EXEC:
		remote_tell(&scene->owner, become_another_program);
		return wait_for_exec(scene->exec_pipe[0]) ? 0 : -ETIME;
	case LAST_CLOSE:
		return remote_do(&scene->owner, close_owner_file);
	case RECEIVER_EXIT:
		return leave_and_reap(&scene->receiver);
	case CALLER_KILL:
		return remote_kill(&scene->caller);
	case DEADLINE:
		return wait_until(scene->call.is_done) ? 0 : -ETIME;
	case SIGNAL_RESTART:
	case SIGNAL_EINTR:
		return syscall(SYS_tgkill, scene->caller.pid, scene->call.tid, SIGUSR1);
	case CANCEL:
		return remote_do(&scene->caller,
				 scene->state == BLOCKED ? cancel_guesses : cancel_call);
	case CALLER_CLOSE:
		return remote_do(&scene->caller, close_caller_file);
	case UNLOAD:
		return syscall(SYS_delete_module, "ipcport", O_NONBLOCK) ? -errno : 0;
	default:
		return -EINVAL;
	}
}

/* What that returns. */
static int64_t result_of_event(void)
{
	switch (scene->event) {
	case OWNER_EXIT:
	case RECEIVER_EXIT:
		return LEFT;
	case OWNER_KILL:
	case CALLER_KILL:
		return -SIGKILL;
	case CANCEL:
		if (scene->state == BLOCKED)
			return 0;
		return is_in_queue() ? IPCPORT_CALL_QUEUED : IPCPORT_CALL_RECEIVED;
	case UNLOAD:
		return -EWOULDBLOCK;
	default:
		return 0;
	}
}

/* A signal has done its work when the handler has run, after the ioctl's end. */
static bool has_happened(int nr_signals)
{
	if (scene->event != SIGNAL_RESTART && scene->event != SIGNAL_EINTR)
		return true;
	return wait_until(scene->nr_signals == nr_signals);
}

/*
 * What comes of it.
 */

/* Check what the ioctl left, given that it returned @ret. */
static void expect_outcome(struct __test_metadata *_metadata, int ret)
{
	const struct caller *call = &scene->call;
	const struct ipcport_info *info = &call->reply.info;

	/* after EBADF the token is as it was, since nobody has seen it */
	EXPECT_EQ(ret == -EBADF || (ret == -EINTR && is_resumed()), !!call->args.token);
	EXPECT_EQ(ret ? POISON_STATUS : STATUS, call->args.out_status);
	if (ret == -EPIPE) {
		EXPECT_TRUE(is_error_reply(&call->reply, EPIPE));
	} else if (ret) {
		EXPECT_TRUE(is_poisoned(&call->reply));
	} else {
		EXPECT_EQ(answer_to(CALL), caller_value(call));
		EXPECT_EQ(scene->token, info->token);
		EXPECT_EQ(getpid(), info->pid);
		EXPECT_EQ(0, info->flags);
	}
}

/* Wait until the ioctl returns, and check all that it did. */
static void expect_end(struct __test_metadata *_metadata, int ret)
{
	EXPECT_EQ(ret, remote_do(&scene->caller, finish_call));
	expect_outcome(_metadata, ret);
	if (ret == -EINTR && is_resumed()) {
		if (is_submitted() || is_received())
			EXPECT_EQ(scene->token, scene->call.args.token);
		scene->token = scene->call.args.token;
	}
}

static int answer(void)
{
	return call_reply(scene->fd, scene->port, scene->token, answer_to(CALL), STATUS);
}

/* Receive one message and enter it: 1, or -errno. */
static int receive_one(struct __test_metadata *_metadata, uint32_t flags)
{
	struct tally *got = &scene->got;
	struct ipcport_delivery delivery;
	int ret = msg_recv(scene->fd, scene->port, &delivery, 1, flags, FAR_AWAY);
	uint64_t value = value_of(&delivery.message);

	if (ret != 1)
		return ret;
	if (is_notice(&delivery)) {
		got->nr_notices++;
		EXPECT_EQ(scene->token, delivery.info.token);
		EXPECT_EQ(0, value);
	} else if (value == CALL) {
		got->nr_calls++;
		if (is_submitted() || is_resumed())
			EXPECT_EQ(scene->token, delivery.info.token);
		EXPECT_NE(0, delivery.info.token);
		scene->token = delivery.info.token;
	} else {
		got->nr_fillers += value == FILLER;
		got->nr_behind += value == BEHIND;
		got->nr_others += value != FILLER && value != BEHIND;
		EXPECT_EQ(0, delivery.info.token);
	}
	return ret;
}

/* The call is where it was before it happened. */
static void expect_undisturbed(struct __test_metadata *_metadata)
{
	if (scene->event == SIGNAL_RESTART) {
		EXPECT_TRUE(wait_for_senders(scene->fd, scene->port, nr_in_line()));
		EXPECT_TRUE(wait_for_sleep(&scene->call));
	}
	EXPECT_TRUE(has_waiters(scene->fd, scene->port, nr_in_line(), 0));
	EXPECT_TRUE(has_calls(scene->fd, scene->port, is_in_queue() || scene->state == BLOCKED,
			      scene->state != BLOCKED));
	EXPECT_FALSE(scene->call.is_done);
}

/* Receive the call, if that is still to be done, and answer it. */
static void serve(struct __test_metadata *_metadata)
{
	int ret = 1;

	while (ret == 1 && !is_received() && !scene->got.nr_calls)
		ret = receive_one(_metadata, 0);
	ASSERT_EQ(1, ret);
	EXPECT_EQ(0, answer());
}

/* It is received once more, or answered, after an interruption. */
static void expect_resumption(struct __test_metadata *_metadata)
{
	expect_end(_metadata, -EINTR);
	EXPECT_TRUE(has_calls(scene->fd, scene->port, is_in_queue(), 1));
	if (is_received())
		serve(_metadata);
	EXPECT_EQ(0, remote_do(&scene->caller, resume_call));
	if (!is_received()) {
		EXPECT_TRUE(wait_for_sleep(&scene->call));
		serve(_metadata);
	}
	expect_end(_metadata, 0);
}

static void expect_what_comes(struct __test_metadata *_metadata)
{
	if (scene->ret == KILLED) {
		EXPECT_FALSE(scene->call.is_done);
	} else if (is_resumed()) {
		expect_resumption(_metadata);
	} else if (scene->ret) {
		expect_end(_metadata, scene->ret);
	} else {
		expect_undisturbed(_metadata);
		serve(_metadata);
		expect_end(_metadata, 0);
	}
}

/* The sender behind the call is served as soon as the call makes room for it. */
static void expect_behind(struct __test_metadata *_metadata, int ret)
{
	if (scene->behind)
		EXPECT_EQ(ret, actor_end(scene->behind));
	scene->behind = NULL;
}

/* What the server finds afterwards: each message once, a notice if one is due. */
static void expect_messages(struct __test_metadata *_metadata, bool has_behind)
{
	bool is_answered = !scene->ret || is_resumed();
	bool is_in = scene->state != BLOCKED || is_answered;
	struct tally *got = &scene->got;
	struct ipcport_stat stat;

	while (receive_one(_metadata, IPCPORT_RECV_F_NONBLOCK) == 1)
		;
	expect_behind(_metadata, 1);
	EXPECT_EQ(scene->state == BLOCKED, got->nr_fillers);
	EXPECT_EQ(has_behind, got->nr_behind);
	EXPECT_EQ(is_answered && !is_received(), got->nr_calls);
	EXPECT_EQ(has_notice(), got->nr_notices);
	EXPECT_EQ(0, got->nr_others);
	EXPECT_IDLE(scene->fd, scene->port);
	EXPECT_EQ(0, port_stat(scene->fd, scene->port, &stat));
	EXPECT_EQ(is_in + has_behind + has_notice(), stat.out_sent - scene->before.out_sent);
	EXPECT_EQ((scene->state == BLOCKED) + (is_answered || is_received()) + has_behind +
		  has_notice(), stat.out_received - scene->before.out_received);
}

/* Nobody can answer the call any more, nor collect it. */
static void expect_token_is_void(struct __test_metadata *_metadata)
{
	EXPECT_EQ(-ENOENT, answer());
	EXPECT_EQ(-ENOENT, answer());
	if (scene->caller.pid && scene->token)
		EXPECT_EQ(-ENOENT, remote_do(&scene->caller, collect_again));
}

static void run_cell(struct __test_metadata *_metadata)
{
	struct ipcport_stat stat;
	bool has_behind;

	set_scene(_metadata);
	enter_state(_metadata);
	has_behind = scene->behind;
	EXPECT_EQ(result_of_event(), let_it_happen());
	EXPECT_TRUE(has_happened(1));
	if (ends_port()) {
		EXPECT_EQ(-ENOENT, port_stat(scene->fd, scene->port, &stat));
	} else if (scene->ret && !is_resumed()) {
		EXPECT_TRUE(has_calls(scene->fd, scene->port, scene->state == BLOCKED ||
				      has_behind || has_notice(), 0));
	}
	if (is_submitted() && !has_collector() && scene->ret != KILLED)
		collect_call(_metadata, FAR_AWAY);
	if (ends_port())
		expect_behind(_metadata, -EPIPE);
	else if (is_given_up() && is_in_queue())
		expect_behind(_metadata, 1);
	expect_what_comes(_metadata);
	if (!ends_port())
		expect_messages(_metadata, has_behind);
	if (scene->witness)
		EXPECT_EQ(-EPIPE, call_collect(scene->fd, scene->port, scene->witness, 0,
					       FAR_AWAY));
	expect_token_is_void(_metadata);
	EXPECT_TRUE(no_call_is_left());
}

static void run_cell_crossed(struct __test_metadata *_metadata)
{
	scene->is_crossed = true;
	scene->nr_signals = 0;
	memset(&scene->got, 0, sizeof(scene->got));
	memset(&scene->call, 0, sizeof(scene->call));
	run_cell(_metadata);
}

/*
 * The last column: many rounds in which the answer and the event meet.
 */
enum order { ANSWER_FIRST, AT_ONCE, EVENT_FIRST };

/**
 * struct race - how answer and event meet
 * @order: who is first
 * @skew_ns: how much later than the event the answer sets out, so that they meet
 * @step_ns: by how much that changes after this round
 * @deadline_ms: time from the beginning of a call to its deadline
 * @has_won: whether the caller got the answer, and nothing else before
 * @answer_ns: when the answer sets out
 * @answer_ret: what became of it
 * @event_ret: what let_it_happen() returned
 */
struct race {
	enum order order;
	int64_t skew_ns, step_ns;
	uint64_t deadline_ms;
	bool has_won;
	uint64_t answer_ns;
	int answer_ret;
	int64_t event_ret;
};

#define MAX_SKEW	30000000
#define MIN_STEP	5000
#define MAX_STEP	3000000
/* time that both get to reach the start */
#define HEAD_START	200000

/* A process has to be started for each round of some. */
static int nr_rounds(void)
{
	switch (scene->event) {
	case OWNER_EXIT:
	case OWNER_KILL:
	case OWNER_EXEC:
	case RECEIVER_EXIT:
	case CALLER_KILL:
	case DEADLINE:
		return LESS_IN_32(100);
	default:
		return LESS_IN_32(400);
	}
}

/* Sleep, but for the last moments. */
static void wait_for_time(uint64_t ns)
{
	uint64_t now = now_ns();

	if (ns > now + 1000000)
		usleep((ns - now - 500000) / 1000);
	while (now_ns() < ns)
		;
}

static void *run_answer(void *arg)
{
	struct race *race = arg;

	wait_for_time(race->answer_ns);
	race->answer_ret = answer();
	return NULL;
}

/* Let both happen at once: only then can a step too early or too late be seen. */
static void meet(struct __test_metadata *_metadata, struct race *race)
{
	int64_t skew = race->skew_ns + random() % (MIN_STEP * 2) - MIN_STEP;
	uint64_t start = now_ns() + HEAD_START;
	pthread_t thread;

	if (scene->event == DEADLINE)
		race->answer_ns = scene->deadline_ns + skew;
	else
		race->answer_ns = start + (skew > 0 ? skew : 0);
	ASSERT_EQ(0, thread_start(&thread, run_answer, race));
	if (scene->event != DEADLINE)
		wait_for_time(start + (skew < 0 ? -skew : 0));
	race->event_ret = let_it_happen();
	pthread_join(thread, NULL);
}

static void run_race(struct __test_metadata *_metadata, struct race *race)
{
	int nr_signals = scene->nr_signals;

	switch (race->order) {
	case ANSWER_FIRST:
		race->answer_ret = answer();
		race->event_ret = let_it_happen();
		break;
	case AT_ONCE:
		meet(_metadata, race);
		break;
	case EVENT_FIRST:
		race->event_ret = let_it_happen();
		EXPECT_TRUE(has_happened(nr_signals + 1));
		race->answer_ret = answer();
		break;
	}
}

/* Whoever won sets out later the next time; by less, the closer they are. */
static void adjust_skew(struct race *race, bool has_won)
{
	if (race->has_won != has_won)
		race->step_ns = race->step_ns > 2 * MIN_STEP ? race->step_ns / 2 : MIN_STEP;
	else if (race->step_ns < MAX_STEP)
		race->step_ns *= 2;
	race->skew_ns += has_won ? race->step_ns : -race->step_ns;
	if (race->skew_ns > MAX_SKEW || race->skew_ns < -MAX_SKEW)
		race->skew_ns = 0;
	race->has_won = has_won;
}

/* A call that has been received; false if its deadline passed before that. */
static bool begin_round(struct __test_metadata *_metadata, struct race *race)
{
	bool has_deadline = scene->event == DEADLINE && race->order != ANSWER_FIRST;
	int64_t token;

	set_scene(_metadata);
	begin_call(_metadata, has_deadline ? in_ms(race->deadline_ms) : FAR_AWAY);
	token = receive();
	if (token == -ETIMEDOUT && has_deadline) {
		ASSERT_EQ(-ETIMEDOUT, remote_do(&scene->caller, finish_call));
		race->deadline_ms *= 2;
		return false;
	}
	ASSERT_LT(0, token);
	scene->token = token;
	if (has_collector()) {
		collect_call(_metadata, FAR_AWAY);
		ASSERT_TRUE(wait_for_sleep(&scene->call));
	}
	return true;
}

/* The call was answered, unless the event was first and ends calls: whether it was. */
static bool expect_winner(struct __test_metadata *_metadata, bool is_answered)
{
	int ret;

	if (scene->ret == KILLED) {
		if (scene->call.is_done)
			EXPECT_EQ(0, scene->call.ret);
		EXPECT_TRUE(is_answered || !scene->call.is_done);
		return is_answered;
	}
	ret = remote_do(&scene->caller, finish_call);
	expect_outcome(_metadata, ret);
	if (ret == -EINTR && is_resumed()) {
		EXPECT_EQ(scene->token, scene->call.args.token);
		EXPECT_EQ(0, remote_do(&scene->caller, resume_call));
		expect_end(_metadata, 0);
	} else {
		EXPECT_EQ(is_answered ? 0 : scene->ret, ret);
	}
	return !ret;
}

/* Whether let_it_happen() returned what it should. */
static bool event_did(const struct race *race, bool has_won)
{
	switch (scene->event) {
	case SIGNAL_RESTART:
	case SIGNAL_EINTR:
		/* the thread may be gone when its call is answered */
		return true;
	case CANCEL:
		if (has_won)
			return race->event_ret == IPCPORT_CALL_ENDED ||
			       race->event_ret == -ENOENT;
		return race->event_ret == IPCPORT_CALL_RECEIVED;
	default:
		return race->event_ret == result_of_event();
	}
}

/* Check what the caller, the answer and the event were told, and what they left. */
static bool judge(struct __test_metadata *_metadata, const struct race *race)
{
	bool can_lose = scene->ret && !is_resumed();
	bool is_answered = !race->answer_ret, has_won;
	struct ipcport_stat stat;

	EXPECT_EQ(is_answered ? 0 : -ENOENT, race->answer_ret);
	EXPECT_TRUE(is_answered || (can_lose && race->order != ANSWER_FIRST));
	EXPECT_TRUE(event_did(race, is_answered));
	has_won = expect_winner(_metadata, is_answered);
	EXPECT_TRUE(!has_won || !scene->ret || race->order != EVENT_FIRST);
	if (ends_port()) {
		EXPECT_EQ(-ENOENT, port_stat(scene->fd, scene->port, &stat));
	} else {
		while (receive_one(_metadata, IPCPORT_RECV_F_NONBLOCK) == 1)
			;
		EXPECT_EQ(has_notice() && !is_answered, scene->got.nr_notices);
		EXPECT_EQ(0, scene->got.nr_calls + scene->got.nr_others);
		EXPECT_IDLE(scene->fd, scene->port);
	}
	EXPECT_EQ(-ENOENT, answer());
	memset(&scene->got, 0, sizeof(scene->got));
	return has_won;
}

static void run_races(struct __test_metadata *_metadata, struct result *result)
{
	struct race race = { .step_ns = 40000, .deadline_ms = 30 };
	int nr = nr_rounds();
	bool has_won;

	for (int i = 0; i < nr; i++) {
		scene->is_crossed = i % 2;
		race.order = i == 0 ? ANSWER_FIRST : i == nr - 1 ? EVENT_FIRST : AT_ONCE;
		while (!begin_round(_metadata, &race))
			;
		run_race(_metadata, &race);
		has_won = judge(_metadata, &race);
		if (race.order == AT_ONCE)
			adjust_skew(&race, has_won);
		if (has_won)
			result->nr_answered++;
		else
			result->nr_not++;
		ASSERT_EQ(KSFT_PASS, _metadata->exit_code);
	}
	EXPECT_TRUE(no_call_is_left());
}

TEST_F_TIMEOUT(call, ends_once_and_leaves_nothing, LONG_TIMEOUT)
{
	if (variant->state == ANSWERED)
		run_races(_metadata, self->result);
	else
		run_cell(_metadata);
	if (scene->state == RECEIVED || scene->state == SUBMITTED_RECEIVED)
		run_cell_crossed(_metadata);
}

/*
 * The matrix, as it was expected and as it came.
 */
static const char *name_of(int ret)
{
	switch (ret) {
	case 0:
		return "reply";
	case KILLED:
		return "killed";
	case -EINTR:
		return "EINTR";
	case -EPIPE:
		return "EPIPE";
	case -ENOENT:
		return "ENOENT";
	case -EBADF:
		return "EBADF";
	case -ECANCELED:
		return "ECANCELED";
	case -ETIMEDOUT:
		return "ETIMEDOUT";
	default:
		return "?";
	}
}

static void print_cell(const struct result *result, int ret, bool is_race)
{
	static const char * const verdicts[] = { "-", "FAIL", "ok" };
	char text[64];

	if (is_race && ret)
		snprintf(text, sizeof(text), "reply %u, %s %u: %s", result->nr_answered,
			 name_of(ret), result->nr_not, verdicts[result->verdict]);
	else
		snprintf(text, sizeof(text), "%s: %s", name_of(ret), verdicts[result->verdict]);
	printf(" %-16s", text);
}

static void print_row(enum event event, const char *name, const int *expected)
{
	printf("\n# %-20s", name);
	for (int state = 0; state < NR_STATES; state++)
		print_cell(&results[event][state], expected[state], state == ANSWERED);
}

static pid_t main_pid;

static void print_matrix(void)
{
	if (getpid() != main_pid)
		return;
	printf("#\n# What a call comes to, as expected, and whether it did so in this run\n#\n");
	printf("# %-20s", "");
	for (int state = 0; state < NR_STATES; state++)
		printf(" %-16s", state_names[state]);
#define PRINT(_event, _what, _name, ...)						\
	print_row(_event, _name, (const int[]){ __VA_ARGS__ })
	MATRIX(PRINT);
	printf("\n");
}

int main(int argc, char **argv)
{
	results = shared_alloc(NR_EVENTS * sizeof(*results));
	main_pid = getpid();
	if (argc == 1 || argv[1][0] == '-')
		atexit(print_matrix);
	return process_main(argc, argv);
}
