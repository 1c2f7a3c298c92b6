#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# module_test.sh - load and unload the module, and look at its tracepoints
#
# Unloads the module that is loaded, and loads IPCPORT_MODULE again and again; it
# is left loaded. Skips everything where it may not, or has no module to load.
#
# shellcheck shell=dash
# shellcheck disable=SC2317  # the tests are called by their names
# shellcheck disable=SC2015  # "a && b || fail" means what it does here

readonly MODULE="${IPCPORT_MODULE:-}"
readonly TRACING=/sys/kernel/tracing
readonly PARAMETERS=/sys/module/ipcport/parameters
HOLD=$(dirname "$0")/hold
holder='' mode=''

# Each test is a function; its name is what it says, and a line it prints on
# failure is why. It returns 0, 1, or 4 to skip.
TESTS="
loads_and_unloads_100_times
cannot_be_unloaded_while_its_file_is_open
cannot_be_unloaded_while_a_port_lives_whose_file_a_child_holds
cannot_be_unloaded_while_a_thread_waits
can_be_unloaded_right_after_a_port_was_destroyed
can_be_unloaded_right_after_an_owner_died
can_be_unloaded_right_after_a_file_was_closed
cannot_be_loaded_twice
takes_limits_when_it_is_loaded
names_the_limit_once_after_loading
starts_with_the_same_numbers_again
leaves_nothing_behind_when_it_is_unloaded
has_tracepoints_that_tell_of_a_messages_way
has_tracepoints_that_tell_why_a_port_ended
can_be_unloaded_with_its_tracepoints_on
"

say() {
	echo "# $*"
}

is_loaded() {
	grep -q '^ipcport ' /proc/modules
}

load() {
	is_loaded || insmod "$MODULE" "$@" || return
	chmod "${mode:-600}" /dev/ipcport
}

unload() {
	! is_loaded || rmmod ipcport
}

# Start a program that says "ready" once it holds what it is to hold.
hold() {
	local line fifo=/tmp/ipcport-hold.$$

	mkfifo "$fifo" || return
	"$HOLD" "$1" > "$fifo" &
	holder=$!
	read -r line < "$fifo"
	rm -f "$fifo"
	[ "$line" = ready ] || { say "hold $1 does not hold"; return 1; }
}

# It is reaped here, so everything it had is gone afterwards.
let_go() {
	[ -z "$holder" ] || { kill -9 "$holder"; wait "$holder"; } 2> /dev/null
	holder=''
}

expect() {
	[ "$2" = "$3" ] || { say "$1 is '$3', not '$2'"; return 1; }
}

# rmmod must fail because the module is in use, and the module must still work.
refuses_to_unload() {
	local message

	if message=$(rmmod ipcport 2>&1); then
		say "it was unloaded"
		load
		return 1
	fi
	case $message in
	*"in use"*|*"temporarily unavailable"*|*busy*) ;;
	*) say "$message"; return 1 ;;
	esac
	"$HOLD" message > /dev/null || { say "and does not work any more"; return 1; }
}

cannot_be_unloaded_while() {
	local ret=0

	load && hold "$1" || return
	refuses_to_unload || ret=1
	let_go
	unload || { say "and not afterwards either"; ret=1; }
	return "$ret"
}

loads_and_unloads_100_times() {
	local i=0

	while [ "$i" -lt 100 ]; do
		unload && load || { say "failed after $i times"; return 1; }
		i=$((i + 1))
	done
	"$HOLD" message > /dev/null
}

cannot_be_unloaded_while_its_file_is_open() {
	cannot_be_unloaded_while file
}

# The child dies with its parent, a moment later.
cannot_be_unloaded_while_a_port_lives_whose_file_a_child_holds() {
	local ret=0 i=0

	load && hold port || return
	refuses_to_unload || ret=1
	let_go
	until unload 2> /dev/null; do
		i=$((i + 1))
		[ "$i" -lt 1200 ] || { say "and not afterwards either"; return 1; }
		sleep 0.1
	done
	return "$ret"
}

cannot_be_unloaded_while_a_thread_waits() {
	cannot_be_unloaded_while receiver
}

can_be_unloaded_right_after() {
	local i=0

	while [ "$i" -lt 5 ]; do
		load && "$HOLD" "$1" > /dev/null || return
		unload || { say "not after $i times"; return 1; }
		i=$((i + 1))
	done
}

can_be_unloaded_right_after_a_port_was_destroyed() {
	can_be_unloaded_right_after message
}

# A child holds the file for a moment longer than the owner lives.
can_be_unloaded_right_after_an_owner_died() {
	local i=0 tries

	while [ "$i" -lt 5 ]; do
		load && "$HOLD" death > /dev/null || return
		tries=0
		until unload 2> /dev/null; do
			tries=$((tries + 1))
			[ "$tries" -lt 1200 ] || { say "not after $i times"; return 1; }
			sleep 0.1
		done
		i=$((i + 1))
	done
}

can_be_unloaded_right_after_a_file_was_closed() {
	can_be_unloaded_right_after close
}

cannot_be_loaded_twice() {
	load && ! insmod "$MODULE" 2> /dev/null && "$HOLD" message > /dev/null
}

takes_limits_when_it_is_loaded() {
	unload && load max_ports=7 max_capacity=33 || return
	expect max_ports 7 "$(cat "$PARAMETERS"/max_ports)" || return
	expect max_capacity 33 "$(cat "$PARAMETERS"/max_capacity)" || return
	expect "the number of ports" "7 EDQUOT" "$("$HOLD" limit)" || return
	unload && load || return
	expect max_ports 4096 "$(cat "$PARAMETERS"/max_ports)"
}

count_in_log() {
	dmesg | grep -c 'has reached max_ports='
}

names_the_limit_once_after_loading() {
	local before

	unload && load max_ports=3 || return
	before=$(count_in_log)
	"$HOLD" limit > /dev/null
	expect "the number of lines" $((before + 1)) "$(count_in_log)" || return
	"$HOLD" limit > /dev/null
	"$HOLD" limit > /dev/null
	expect "the number of lines later" $((before + 1)) "$(count_in_log)" || return
	unload
}

# Numbers are not used again while the module is loaded; nobody knows older ones.
starts_with_the_same_numbers_again() {
	unload && load || return
	expect "the first port" 1 "$("$HOLD" message)" || return
	expect "the second port" 2 "$("$HOLD" message)" || return
	unload && load || return
	expect "the first port" 1 "$("$HOLD" message)"
}

leaves_nothing_behind_when_it_is_unloaded() {
	local path

	load && "$HOLD" message > /dev/null && unload || return
	for path in /dev/ipcport /sys/module/ipcport /sys/class/misc/ipcport \
		    /sys/kernel/debug/ipcport "$TRACING/events/ipcport"; do
		[ ! -e "$path" ] || { say "$path is still there"; return 1; }
	done
	! grep -q ipcport /proc/misc || { say "/proc/misc still has it"; return 1; }
	! grep -q '^ipcport' /proc/slabinfo || { say "its slab is still there"; return 1; }
}

# Tracing that notes the names of tasks patches the scheduler's code while both CPUs
# run it. QEMU before 8.1 can go on running what was there for a moment, an int3, and
# then the guest is dead. The names are not looked at here.
trace_start() {
	load || return
	echo 0 > "$TRACING/options/record-cmd"
	echo 0 > "$TRACING/tracing_on"
	echo > "$TRACING/trace"
	echo 1 > "$TRACING/events/ipcport/enable" || return
	echo 1 > "$TRACING/tracing_on"
}

trace_stop() {
	echo 0 > "$TRACING/events/ipcport/enable"
	grep -v '^#' "$TRACING/trace" | sed 's/^.*: \(ipcport_[a-z]*:\)/\1/'
}

has_tracing() {
	[ -d "$TRACING/events" ] || { say "no tracefs in $TRACING"; return 4; }
}

has_tracepoints_that_tell_of_a_messages_way() {
	local port trace

	has_tracing || return
	trace_start || return
	port=$("$HOLD" message)
	trace=$(trace_stop)
	expect "the trace" "ipcport_create: port=$port capacity=1 mode=0600
ipcport_push: port=$port seq=1 depth=1
ipcport_pop: port=$port seq=1 depth=0
ipcport_close: port=$port cause=destroy depth=0 waiters=0" "$trace"
}

has_tracepoints_that_tell_why_a_port_ended() {
	local trace by_death by_exit by_close

	has_tracing || return
	trace_start || return
	by_death=$("$HOLD" death)
	by_exit=$("$HOLD" exit)
	by_close=$("$HOLD" close)
	trace=$(trace_stop | grep ipcport_close)
	expect "the trace" "ipcport_close: port=$by_death cause=exit depth=0 waiters=0
ipcport_close: port=$by_exit cause=exit depth=0 waiters=0
ipcport_close: port=$by_close cause=close depth=0 waiters=0" "$trace"
}

can_be_unloaded_with_its_tracepoints_on() {
	has_tracing || return
	trace_start || return
	"$HOLD" message > /dev/null
	unload || return
	[ ! -e "$TRACING/events/ipcport" ]
}

run() {
	local name=$1 status=0 what

	what=$(echo "$name" | tr _ ' ')
	nr=$((nr + 1))
	$name || status=$?
	let_go
	case $status in
	0) echo "ok $nr $what" ;;
	4) echo "ok $nr $what # SKIP" ;;
	*) echo "not ok $nr $what"; failed=1 ;;
	esac
}

# One line that skips everything.
skip_all() {
	echo "1..0 # SKIP $1"
	exit 4
}

echo "TAP version 13"
[ "$(id -u)" = 0 ] || skip_all "only root can load modules"
[ -f "$MODULE" ] || skip_all "IPCPORT_MODULE names no module to load"
[ -x "$HOLD" ] || skip_all "$HOLD is not built"
[ ! -e /dev/ipcport ] || mode=$(stat -c %a /dev/ipcport)
unload 2> /dev/null || skip_all "somebody uses the module"
load || skip_all "the module cannot be loaded here"

nr=0 failed=0
# shellcheck disable=SC2086  # a list of names
set -- $TESTS
echo "1..$#"
for name in "$@"; do
	run "$name"
done
load
exit $failed
