/* SPDX-License-Identifier: GPL-2.0 */
/*
 * call.pml - calls, their answers, and the ends of everybody concerned
 *
 * A model for SPIN of how src/ ends calls. There is one port with a queue of CAPACITY
 * messages; CALLERS threads that make CALLS calls each, one after the other; SERVERS
 * server threads, the first of which belongs to the port's owner, the others to other
 * processes; and, if asked for, a thread that destroys the port and one that cancels a
 * call. They may stop wherever the kernel lets them: a caller by a signal, its deadline
 * or SIGKILL, a server by its exit. But none has to. A caller may be one that waits
 * as long as it takes, a server one that lives for ever; otherwise each mistake that
 * strands somebody would be mended by a death that comes later.
 *
 * What the kernel does in one hold of a lock is one step here (atomic or d_step): of the
 * port's lock, an outbox's or a group's. What a thread does after it, and without any
 * lock, is part of the same step where nobody can tell the difference.
 *
 *	here			stands for
 *	call[t]			struct ipcport_kcall with token t
 *	queue, line		the port's queue, and the waiters in line
 *	Caller			ioctl CALL, without and with a token; exit and last close
 *	Canceller		ioctl CANCEL by another thread of a caller's process
 *	Server			ioctls RECV, REPLY and REPLY_RECV; exit, last close
 *	Destroyer		ioctl DESTROY by another thread of the owner
 *	Auditor			looks at what is left when nobody can do anything
 *
 * An inline stands for the function of its name. Left out: one-way messages and batches,
 * rights and limits, time (a deadline may pass at any moment), and memory ordering.
 *
 * SPIN checks the assertions, and that nobody waits for ever but servers for a message.
 * Together they say:
 *
 * - a call that was taken in ends once; one that was not, never;
 * - an answer reaches the call that it was given for and no other, not even a later
 *   one of the same thread, and its caller gets it once;
 * - a token that is unknown, queued, answered or void is ENOENT, any other is not;
 * - a call that was given up after it had been received is told of once, as long as the
 *   port lives, and no other call is;
 * - senders never fill the queue above its capacity, and stand in line only while it is
 *   full; receivers stand there only while it is empty;
 * - a record is touched only while there is a reference to it, and all are gone at the
 *   end, when nothing is left in the queue, in the line or open.
 *
 * FAULT puts in one mistake, for which SPIN then has to find an error. The first five are
 * those of the design from which this one grew; model.sh names them all.
 */

/* What model.sh sets by -D. */
#ifndef CALLERS
#define CALLERS		2
#endif
#ifndef CALLS
#define CALLS		1
#endif
#ifndef SERVERS
#define SERVERS		1
#endif
#ifndef CAPACITY
#define CAPACITY	1
#endif
#ifndef ASYNC		/* signals that leave a call outstanding, SUBMIT, EFAULT */
#define ASYNC		0
#endif
#ifndef CANCEL		/* somebody cancels an outstanding call */
#define CANCEL		0
#endif
#ifndef DESTROY		/* somebody destroys the port, sooner or later */
#define DESTROY		0
#endif
#ifndef MORTAL		/* servers that may exit, besides those that do not */
#define MORTAL		0
#endif
#ifndef STRAYS		/* answers that servers may give to any token */
#define STRAYS		0
#endif
#ifndef FAULT
#define FAULT		0
#endif

#define NONE		255
#define NR_CALLS	(CALLERS * CALLS)
#define NR_THREADS	(CALLERS + SERVERS)
#define IS_CALLER(i)	((i) < CALLERS)
#define OWNER		CALLERS		/* its server; the others follow */

/* In a queue or a hand t is the request of call t, NOTICE(t) the notice about it. */
#define NOTICE(t)	(NR_CALLS + (t))
#define IS_NOTICE(m)	((m) >= NR_CALLS)
#define CALL_OF(m)	((m) % NR_CALLS)

#define PENDING		0
mtype:ret = { ANSWER, EPIPE, ETIMEDOUT, ECANCELED, EINTR };

typedef kcall {
	byte refs;
	bit is_open;		/* in port->calls */
	bit is_queued;
	bit task;		/* its caller sleeps, or is about to */
	mtype:ret ret;		/* PENDING until it is over */
	byte answer;		/* the token for which that was given */
	byte holder;		/* server that is remembered, or 0 */
	bit is_listed;		/* in the holder's group */
	bit in_outbox;
	bit is_claimed;

	/* Kept for the assertions alone. */
	bit was_sent;
	bit was_ended;
	bit is_due;		/* a notice is, and has not arrived */
};

kcall call[NR_CALLS];

/* The port, guarded by its lock. */
bit is_dead;
chan queue = [2 * NR_CALLS] of { byte };
chan line = [NR_THREADS] of { byte };

/* What a thread brings or was given, and whether it waits in line. */
byte hand[NR_THREADS] = NONE;
bit is_waiting[NR_THREADS];

byte nr_callers = CALLERS;	/* that are not done */
byte strays = STRAYS;

/* Used within one step only. */
hidden byte first, i, is_right;

#if FAULT == 5
byte slot[CALLERS];	/* the call that a thread waits for */
#endif

/*
 * References.
 */

inline get(t) {
	assert(call[t].refs);
	call[t].refs++
}

/* With the last one the record goes; what is cleared here nobody may look at again. */
inline put(t) {
	assert(call[t].refs);
	call[t].refs--;
	if
	:: !call[t].refs ->
		assert(!call[t].is_open && !call[t].is_listed && !call[t].in_outbox);
		assert(call[t].was_sent == call[t].was_ended);
		call[t].is_queued = false;
		call[t].task = false;
		call[t].ret = PENDING;
		call[t].answer = 0;
		call[t].holder = 0;
		call[t].was_sent = false;
		call[t].was_ended = false
	:: else
	fi
}

/*
 * port.c. What ends in _locked is part of a step of somebody who holds the port's lock.
 */

#define HAS_SPACE	(len(queue) < CAPACITY)

/* A sender's message goes into the queue. */
inline push_locked(from) {
	assert(HAS_SPACE && call[hand[from]].refs == 3);
#if FAULT != 3
	call[hand[from]].is_open = true;
#endif
	call[hand[from]].is_queued = true;
	call[hand[from]].was_sent = true;
	queue!hand[from];
	hand[from] = NONE
}

inline pop_locked(to) {
	queue?hand[to];
	if
	:: !IS_NOTICE(hand[to]) -> call[hand[to]].is_queued = false
	:: else
	fi
}

/* wake_sender(), wake_receiver(): serve whoever is first in line. */
inline wake_one_locked() {
	line?first;
	is_waiting[first] = false;
	if
	:: IS_CALLER(first) && !is_dead -> push_locked(first)
	:: !IS_CALLER(first) && len(queue) -> pop_locked(first)
	:: else		/* EPIPE: it keeps what it brought, or gets nothing */
	fi;
	first = 0
}

inline refill_locked() {
	do
	:: !is_dead && len(line) && HAS_SPACE -> wake_one_locked()
	:: else -> break
	od
}

inline hand_out_locked() {
	do
	:: !is_dead && len(line) && len(queue) -> wake_one_locked()
	:: else -> break
	od
}

inline enqueue_locked(me) {
	is_waiting[me] = true;
	line!me
}

/* Nobody in line waits for what is there. */
inline unlock() {
	if
	:: !is_dead && len(line) ->
		line?<first>;
		assert(IS_CALLER(first) && !HAS_SPACE || !IS_CALLER(first) && !len(queue));
		first = 0
	:: else
	fi
}

/* Leave the line for a reason of one's own, unless it has been served just now. */
inline leave_line(me) {
	d_step {
		if
		:: is_waiting[me] -> is_waiting[me] = false; line??eval(me)
		:: else
		fi;
		unlock()
	}
}

/* The first half of ipcport_send() */
inline send(me, is_epipe) {
	d_step {
		if
		:: is_epipe
		:: !is_epipe && HAS_SPACE -> push_locked(me); hand_out_locked()
		:: else -> enqueue_locked(me)
		fi;
		unlock()
	}
}

/* The first half of ipcport_recv() */
inline recv(me) {
	d_step {
		if
		:: len(queue) -> pop_locked(me); refill_locked()
		:: !len(queue) && is_dead
		:: else -> enqueue_locked(me)
		fi;
		unlock()
	}
}

/* ipcport_unrecv() */
inline unrecv(me) {
	d_step {
		if
		:: !IS_NOTICE(hand[me]) && !call[hand[me]].is_open && FAULT != 8 ->
			put(hand[me])
		:: else ->
			if
			:: !IS_NOTICE(hand[me]) -> call[hand[me]].is_queued = true
			:: else
			fi;
			/* to the head */
			i = len(queue);
			queue!hand[me];
			do
			:: i -> queue?first; queue!first; i--
			:: else -> break
			od;
			first = 0;
			if
			:: len(queue) == 1 -> hand_out_locked()
			:: else
			fi
		fi;
		hand[me] = NONE;
		unlock()
	}
}

/*
 * call.c
 */

#define IS_ABORT(ret)	(ret == ETIMEDOUT || ret == ECANCELED || ret == EINTR)

/* The notice is part of the call, so it holds a reference. */
inline notify_locked(t) {
	call[t].is_due = true;
	if
	:: FAULT == 7 && !HAS_SPACE
	:: else ->
		get(t);
		queue!NOTICE(t);
		if
		:: len(queue) == 1 && FAULT != 16 -> hand_out_locked()
		:: else
		fi
	fi
}

/* The one who ends a call, whatever the cause, has is_ours afterwards. */
inline end(t, why) {
	d_step {
		is_ours = call[t].is_open || FAULT == 6;
		if
		:: is_ours ->
			assert(call[t].refs && call[t].was_sent && !call[t].was_ended);
			call[t].was_ended = true;
			call[t].is_open = false;
			if
			:: call[t].is_queued && FAULT == 10 -> queue??eval(t)
			:: call[t].is_queued && FAULT != 10 -> queue??eval(t); refill_locked()
			:: !call[t].is_queued && IS_ABORT(why) && !is_dead -> notify_locked(t)
			:: else
			fi;
			call[t].ret = why
		:: else
		fi;
		unlock()
	}
}

inline put_open(t) {
	if
	:: call[t].is_queued -> put(t)
	:: else
	fi;
	put(t)
}

/*
 * after_end(). If the call is held, that takes the lock of the holder's group, and so it
 * is a step of its own, @held; else it is part of what came before, and so is all that
 * follows it and needs no lock.
 */
#define AFTER_END(held)							\
	if								\
	:: is_ours && call[t].holder -> goto held			\
	:: is_ours && !call[t].holder -> is_ours = false; put_open(t)	\
	:: else								\
	fi

inline after_end_held() {
	call[t].is_listed = false;
	is_ours = false;
	put_open(t)
}

/* ipcport_call_reply(): answer the call that @token names. */
inline reply(token, t, is_ours) {
#if FAULT == 5
	t = slot[token / CALLS];
#else
	t = token;
#endif
	is_right = call[token].was_sent && !call[token].was_ended && !queue??[eval(token)];
	is_ours = call[t].is_open && (!call[t].is_queued || FAULT == 11);
	assert(is_ours == is_right);
	is_right = 0;
	if
	:: is_ours -> call[t].answer = token; end(t, ANSWER)
	:: else		/* ENOENT */
	fi
}

/* ipcport_call_hold(), of the message in the receiver's hand */
inline hold(me) {
	if
	:: !IS_NOTICE(hand[me]) && (call[hand[me]].is_open || FAULT == 9) ->
		assert(!call[hand[me]].is_listed);
		call[hand[me]].holder = me;
		call[hand[me]].is_listed = true
	:: else
	fi
}

/* ipcport_call_unhold(), in two steps */
inline unhold_locked(me, is_ours) {
	is_ours = !IS_NOTICE(hand[me]) && call[hand[me]].is_open && call[hand[me]].holder;
	if
	:: is_ours -> call[hand[me]].holder = 0
	:: else
	fi
}

inline leave_holder(me, is_ours) {
	if
	:: is_ours -> call[hand[me]].is_listed = false; is_ours = false
	:: else
	fi
}

/* One more member of the group of a receiver that has exited. */
inline holder_pop(me, t) {
	t = 0;
	do
	:: t < NR_CALLS && !(call[t].is_listed && call[t].holder == me) -> t++
	:: else -> break
	od;
	if
	:: t < NR_CALLS -> get(t); call[t].is_listed = false
	:: else
	fi
}

/*
 * registry.c: ipcport_close(), with port.c: ipcport_answer_all(). So a port ends.
 */

/* Whose call is still to be ended, or the mistake. */
#if FAULT == 1
#define HAS_TO_END(t)	(call[t].is_open && !call[t].is_queued)
#elif FAULT == 2
#define HAS_TO_END(t)	(call[t].is_open && call[t].is_queued)
#else
#define HAS_TO_END(t)	call[t].is_open
#endif

inline get_call(t) {
	t = 0;
	do
	:: t < NR_CALLS && !HAS_TO_END(t) -> t++
	:: else -> break
	od;
	if
	:: t < NR_CALLS -> get(t)
	:: else
	fi
}

inline port_close() {
	atomic {
		if
		:: is_dead -> goto closed	/* somebody else does it */
		:: else -> is_dead = true
		fi
	}
	d_step {
		do
		:: len(line) && FAULT != 17 -> wake_one_locked()
		:: else -> break
		od;
		skip
	}
next_call:
	atomic {
		get_call(t);
		if
		:: t == NR_CALLS -> goto closed
		:: else
		fi
	}
	atomic {
		end(t, EPIPE);
		AFTER_END(close_held);
close_put:
		put(t);
		goto next_call
	}
close_held:
	atomic { after_end_held(); goto close_put }
closed:
	t = 0
}

/*
 * Callers, with outbox.c.
 */

/* A thread may wait as long as it takes, or stop at any time. */
inline choose_patience() {
	if
	:: may_leave = false
	:: may_leave = true
	fi
}

/* On to the next call, or to the end. */
inline finish() {
	may_leave = false;
	t++;
	if
	:: t % CALLS && !is_dying -> goto begin
	:: else -> t = 0; is_dying = false; nr_callers--; goto done
	fi
}

/* ipcport_outbox_leave() */
inline outbox_leave(t) {
	call[t].in_outbox = true;
	call[t].is_claimed = false
}

proctype Caller(byte me) {
	byte t = me * CALLS;
	bit may_leave, is_dying, is_ours;

begin:
	atomic {
		/* Callers are alike, so let them begin in order. */
		if
		:: t == me * CALLS && me + 1 < CALLERS -> run Caller(me + 1)
		:: else
		fi;
		choose_patience();
		call[t].refs = 3;
		if
		:: call[t].task = true
		:: ASYNC && may_leave		/* SUBMIT */
		fi;
		hand[me] = t;
		is_ours = is_dead;
#if FAULT == 4
	}
	atomic {
#elif FAULT == 5
		slot[me] = t;
#endif
		send(me, is_ours);
		is_ours = false;
		if
		:: is_waiting[me] -> goto in_line
		:: else
		fi;
sent:
		if
		:: hand[me] != NONE ->		/* it was not sent */
			hand[me] = NONE;
			call[t].refs = 1;
			put(t);
			finish()
		:: else
		fi;
#if FAULT == 3
	}
	atomic {
		call[t].is_open = true;
#endif
		if
		:: call[t].task -> goto sleep
		:: else -> outbox_leave(t); goto outstanding
		fi
	}
in_line:
	atomic {
		if
		:: !is_waiting[me]
		:: may_leave -> leave_line(me)
		fi;
		goto sent
	}

sleep:
	atomic {
		if
		:: call[t].task && call[t].ret != PENDING
		:: may_leave && ASYNC ->	/* a signal: set_task() */
			call[t].task = false;
			if
			:: call[t].ret != PENDING
			:: else -> outbox_leave(t); goto outstanding
			fi
		:: may_leave ->
			end(t, ETIMEDOUT)
		:: may_leave ->
			is_dying = true;
			end(t, EINTR)
		fi;
		AFTER_END(sleep_held);
over:
		assert(call[t].was_ended);
		assert(call[t].ret != ANSWER || call[t].answer == t);
		if
		:: ASYNC && call[t].ret == ANSWER && may_leave ->	/* EFAULT */
			outbox_leave(t);
			goto outstanding
		:: true				/* ipcport_outbox_conclude() */
		fi;
		call[t].in_outbox = false;
		call[t].is_claimed = false;
		put(t);
		finish()
	}
sleep_held:
	atomic { after_end_held(); goto over }

outstanding:
	atomic {
		if
		:: !call[t].in_outbox ->	/* ENOENT: CANCEL was faster */
			finish()
		:: call[t].in_outbox ->		/* it goes on with its token */
			call[t].is_claimed = true;
			call[t].task = FAULT != 18;
			choose_patience();
			goto sleep
		:: call[t].in_outbox ->		/* it exits: caller_end() */
			call[t].in_outbox = false;
			is_dying = true
		fi
	}
	atomic {
		end(t, ECANCELED);
		AFTER_END(exit_held);
exit_put:
		if
		:: FAULT != 12 -> put(t)
		:: else
		fi;
		finish()
	}
exit_held:
	atomic { after_end_held(); goto exit_put }

done:
	skip
}

#if CANCEL
/* ipcport_outbox_cancel() */
proctype Canceller(byte t) {
	bit is_taken, is_ours;

end_enoent:
	atomic {
		call[t].in_outbox;
		get(t);
		is_taken = !call[t].is_claimed || FAULT == 14;
		if
		:: is_taken -> call[t].in_outbox = false
		:: else
		fi
	}
	atomic {
		end(t, ECANCELED);
		AFTER_END(held);
dropped:
		if
		:: is_taken -> put(t)
		:: else
		fi;
		put(t);
		goto done
	}
held:
	atomic { after_end_held(); goto dropped }
done:
	skip
}
#endif

/*
 * Servers, with delivery.c and exchange.c.
 */

/* The message in a server's hand has got to user space. */
inline store(me, todo) {
	if
	:: IS_NOTICE(hand[me]) ->
		assert(call[CALL_OF(hand[me])].is_due);
		call[CALL_OF(hand[me])].is_due = false
	:: else -> todo = todo | 1 << hand[me]
	fi;
	put(CALL_OF(hand[me]));
	hand[me] = NONE
}

proctype Server(byte me; bit is_mortal) {
	byte token, t;
	byte todo;		/* bits of the calls that it has to answer */
	bit is_ours;

loop:
	atomic {
		if
		:: recv(me)
		:: todo || strays -> goto answer
		:: is_mortal -> goto exit
		fi;
		if
		:: is_waiting[me] -> goto end_idle
		:: else
		fi;
received:
		if
		:: hand[me] == NONE && is_dead -> goto exit
		:: hand[me] == NONE && !is_dead -> goto loop
		:: hand[me] != NONE && me == OWNER -> goto deliver
		:: hand[me] != NONE && me != OWNER -> goto remember
		fi
	}
end_idle:
	atomic {
		if
		:: !is_waiting[me]
		:: is_mortal || todo -> leave_line(me)
		fi;
		goto received
	}
remember:
	atomic { hold(me) }
deliver:
	atomic {
		if
		:: store(me, todo); goto loop
		:: me != OWNER && FAULT != 15 ->	/* EFAULT */
			unhold_locked(me, is_ours)
		:: me == OWNER || FAULT == 15 ->
			unrecv(me);
			goto loop
		fi
	}
	atomic { leave_holder(me, is_ours) }
	atomic { unrecv(me); goto loop }

answer:
	atomic {
		/* one that it got, or any, if there are strays left */
		do
		:: (todo >> token) & 1 -> todo = todo & ~(1 << token); break
		:: strays -> strays--; break
		:: token < NR_CALLS - 1 -> token++
		:: token == NR_CALLS - 1 -> token = 0; goto loop
		od;
		reply(token, t, is_ours);
		AFTER_END(reply_held);
replied:
		token = 0;
		t = 0;
		goto loop
	}
reply_held:
	atomic { after_end_held(); goto replied }

exit:
	if
	:: !is_mortal -> goto done
	:: is_mortal && me == OWNER -> port_close(); goto done
	:: is_mortal && me != OWNER
	fi;
next_held:
	atomic {
		holder_pop(me, t);
		if
		:: t == NR_CALLS || FAULT == 13 -> goto done
		:: else
		fi
	}
	atomic {
		end(t, EPIPE);
		AFTER_END(exit_held);
exit_put:
		put(t);
		goto next_held
	}
exit_held:
	atomic { after_end_held(); goto exit_put }

done:
	skip
}

#if DESTROY
active proctype Destroyer() {
	byte t;
	bit is_ours;

	port_close()
}
#endif

/* When nothing can happen any more, nothing is left but receivers that wait. */
active proctype Auditor() {
	byte t;

	timeout;
	if
	:: nr_callers -> goto done	/* SPIN tells of them */
	:: else
	fi;
	d_step {
		assert(is_dead || !len(queue));
		do		/* of a dead port, put_reader() drops the rest */
		:: len(queue) ->
			queue?t;
			assert(IS_NOTICE(t));
			call[CALL_OF(t)].is_due = false;
			put(CALL_OF(t))
		:: else -> break
		od;
		do
		:: len(line) -> line?t; assert(!is_dead && !IS_CALLER(t))
		:: else -> break
		od;
		t = 0;
		do
		:: t < NR_CALLS -> assert(!call[t].refs && !call[t].is_due); t++
		:: else -> break
		od;
		skip
	}
done:
	skip
}

init {
	atomic {
		i = OWNER;
		do
		:: i < NR_THREADS -> run Server(i, false); i++
		:: i < NR_THREADS && MORTAL -> run Server(i, true); i++
		:: else -> break
		od;
#if CANCEL
		i = 0;
		do
		:: i < NR_CALLS - 1 -> i++
		:: run Canceller(i) -> break
		od;
#endif
		run Caller(0);
		i = 0
	}
}
