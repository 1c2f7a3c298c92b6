#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# command_test.sh - the command against the module
#
# Needs /dev/ipcport, ipcport in PATH, root, and no more than busybox. Runs in the
# virtual machine and on a host.

# Conditions reach "check" as words; single quotes are for other shells.
# shellcheck disable=SC2016,SC2317
# shellcheck source=tap.sh
. "$(dirname "$0")/tap.sh"

# Tenths of a second until a wait counts as failed; slow machines need many.
patience=300

json_key() { sed -n "s/.*\"$1\":\([^,}]*\).*/\1/p" "$work/stdout"; }

# until_true COMMAND...: wait until it succeeds
until_true() {
	tries=0
	until "$@"; do
		tries=$((tries + 1))
		[ $tries -lt $patience ] || return 1
		sleep 0.1
	done
}

# create OPTION...: a port in the background; sets port and owner
create() {
	: > "$work/port"
	ipcport create "$@" > "$work/port" &
	owner=$!
	until_true test -s "$work/port" || exit 1
	port=$(cat "$work/port")
}

# end_owner: the way Ctrl-C does it, but for a process in the background
end_owner() {
	kill -TERM "$owner"
	wait "$owner"
	status=$?
}

state_is() { ipcport stat --json "$1" | grep -q "$2"; }

# start NAME COMMAND...: in the background; sets background
start() {
	file=$work/$1
	shift
	"$@" > "$file.out" 2> "$file.err" < /dev/null &
	background=$!
}

# collect NAME PID: what a start has come to, like run
collect() {
	wait "$2"
	status=$?
	stdout=$(cat "$work/$1.out")
	stderr=$(cat "$work/$1.err")
	cp "$work/$1.out" "$work/stdout"
	cp "$work/$1.err" "$work/stderr"
}

# As somebody without rights; the words must have no blanks.
as_nobody() { su -s /bin/sh nobody -c "$*"; }

is_number() { case $1 in ''|*[!0-9]*) false ;; esac; }
same_number() { [ "$(json_key "$1")" = "$2" ]; }
same_bytes() { printf '%b' "$1" | cmp -s - "$work/stdout"; }

test_version() {
	run ipcport version
	check "version" exits 0
	check "version shows the module" mentions "module     0."
	check "version shows features" mentions "messages owner-thread"
	run ipcport version --json
	check "version --json" exits 0
	check "version --json has features" mentions '"features":["messages","owner-thread"]'
	check "version --json has limits" is_number "$(json_key batch_max)"
}

# What README tells a newcomer to type.
test_first_session() {
	create
	check "create prints a number" is_number "$port"
	run ipcport send "$port" hello
	check "send succeeds" exits 0
	check "send says nothing" is_silent
	run ipcport stat "$port"
	check "stat shows the message" mentions "queue      1 of 16 messages; readable, writable"
	check "stat shows the owner" mentions "owner      pid $owner, uid 0, gid 0"
	run ipcport recv "$port"
	check "recv prints the text" prints hello
	check "recv succeeds" exits 0

	start receiver ipcport recv "$port"
	check "a receiver blocks" until_true state_is "$port" '"receivers":1'
	kill -9 "$owner"
	collect receiver "$background"
	check "the owner's death ends the wait" exits 1
	check "the receiver is told so" complains \
		"ipcport: receive from port $port: the port has ended (EPIPE)"
	wait "$owner"
	run ipcport send "$port" hello
	check "no sending to a dead port" exits 1
	check "which is said in words" complains \
		"ipcport: send to port $port: there is no such port, or it has ended (ENOENT)"
}

test_create() {
	create --capacity 3 --mode 0640
	run ipcport stat "$port"
	check "create takes a capacity" mentions "0 of 3 messages; not readable, writable"
	check "create takes a mode" mentions "mode       0640"
	first=$port
	end_owner
	check "SIGTERM ends create" exits 0
	run ipcport stat "$first"
	check "and its port" exits 1

	create --thread --json
	check "create --json" grep -q "^{\"port\":[0-9]*,\"owner_pid\":$owner}\$" "$work/port"
	run ipcport stat "$(sed 's/.*"port":\([0-9]*\).*/\1/' "$work/port")"
	check "create --thread" mentions "owner      pid $owner, thread $owner, uid 0, gid 0"
	end_owner
	run ipcport create --capacity 4294967295
	check "create with a capacity beyond the limit" exits 1
	check "says why" complains "ipcport: create a port: a value is out of range (EINVAL)"
}

test_create_with_command() {
	run ipcport create -- sh -c 'echo $IPCPORT_PORT'
	check "create -- COMMAND succeeds" exits 0
	check "the command knows the port" is_number "$stdout"
	run ipcport stat "$stdout"
	check "the port ends with the command" exits 1
	run ipcport create -- sh -c 'ipcport send $IPCPORT_PORT hi; ipcport recv $IPCPORT_PORT'
	check "the command can use the port" prints hi
	run ipcport create -- sh -c 'exit 7'
	check "the command's status is passed on" exits 7
	run ipcport create -- sh -c 'kill -9 $$'
	check "a signal's number as well" exits 137
	run ipcport create -- /does/not/exist
	check "a command that is not there" exits 127
	run ipcport create -- /etc
	check "a command that is none" exits 126
	start command ipcport create -- sh -c 'trap "exit 5" TERM; echo $IPCPORT_PORT; while :; do sleep 0.1; done'
	until_true test -s "$work/command.out"
	kill -TERM "$background"
	collect command "$background"
	check "SIGTERM is passed to the command" exits 5
}

test_send_and_recv() {
	create --capacity 8
	run ipcport send "$port" one two '' 'a\b'
	check "send takes many texts" exits 0
	run ipcport recv --count 2 "$port"
	check "recv --count, in order" prints "one
two"
	run ipcport recv --count 2 "$port"
	check "an empty text, a backslash" prints "
a\\\\b"
	run ipcport send --type 4000000000 "$port" "gruen"
	check "send --type" exits 0
	run ipcport recv --json "$port"
	check "recv --json shows the type" same_number type 4000000000
	check "recv --json shows the length" same_number flags 5
	check "recv --json shows the sender" same_number uid 0
	check "recv --json counts messages" same_number seq 5
	check "recv --json shows the text" mentions '"text":"gruen"'
	check "recv --json shows the payload" mentions '"payload":"677275656e000000'
	run ipcport send "$port" "$(printf 'a\033b')"
	run ipcport recv --verbose "$port"
	check "recv --verbose" mentions "#6 pid "
	check "recv shows control characters" mentions " uid 0 type 0: a\\x1bb"
	run ipcport send "$port" "$(printf '%048d' 7)"
	run ipcport recv "$port"
	check "48 bytes fit" prints "$(printf '%048d' 7)"
	run ipcport send --split "$port" "$(printf '%049d' 7)"
	run ipcport recv --count 2 "$port"
	check "49 bytes are split" prints "$(printf '%048d' 0)
7"
	end_owner
}

test_waiting() {
	create --capacity 1
	run ipcport recv --nonblock "$port"
	check "recv --nonblock, empty" exits 1
	check "recv --nonblock says why" complains \
		"ipcport: receive from port $port: it would have to wait (EAGAIN)"
	run ipcport recv --timeout 0.1 "$port"
	check "recv --timeout, empty" complains \
		"ipcport: receive from port $port: the time is up (ETIMEDOUT)"
	run ipcport send --nonblock "$port" one two
	check "send --nonblock, full" exits 1
	check "send --nonblock says for which message" complains \
		"ipcport: send message 2 to port $port: it would have to wait (EAGAIN)"
	run ipcport send --timeout 0.1 "$port" two
	check "send --timeout, full" complains \
		"ipcport: send to port $port: the time is up (ETIMEDOUT)"
	run ipcport recv --timeout 0 "$port"
	check "a timeout of 0 takes what is there" prints one

	start sender ipcport send "$port" three four
	check "a sender blocks" until_true state_is "$port" '"senders":1'
	run ipcport recv "$port"
	check "recv makes space" prints three
	collect sender "$background"
	check "the sender goes on" exits 0
	start sender ipcport send "$port" five
	until_true state_is "$port" '"senders":1'
	kill -9 "$owner"
	collect sender "$background"
	check "the owner's death ends a send" complains \
		"ipcport: send to port $port: the port has ended (EPIPE)"
	check "with status 1" exits 1
	wait "$owner"
}

test_streams() {
	create
	seq 1 10000 > "$work/file"
	ipcport send "$port" < "$work/file" &
	background=$!
	ipcport recv --stream "$port" > "$work/copy"
	check "a stream ends" test $? -eq 0
	wait $background
	check "its sender succeeded" test $? -eq 0
	check "a file survives a stream" cmp "$work/file" "$work/copy"
	printf 'a\000b' | ipcport send "$port"
	ipcport send "$port" next
	run ipcport recv --stream "$port"
	check "a short stream with a NUL" same_bytes 'a\0b'
	run ipcport recv "$port"
	check "what follows a stream stays in the port" prints next
	ipcport send "$port" < /dev/null
	run ipcport recv --stream "$port"
	check "an empty stream" is_silent
	end_owner
}

test_follow() {
	create
	start follower ipcport recv --follow "$port"
	until_true state_is "$port" '"receivers":1'
	ipcport send "$port" one two three
	until_true state_is "$port" '"received":3'
	kill -9 "$owner"
	collect follower "$background"
	check "recv --follow prints all" prints "one
two
three"
	check "recv --follow says when the port ends" complains \
		"ipcport: receive from port $port: the port has ended (EPIPE)"
	check "which is a failure" exits 1
	wait "$owner"
}

test_permissions() {
	create
	run as_nobody ipcport send "$port" hello
	check "a stranger may not send" complains \
		"ipcport: send to port $port: the permissions do not allow it (EACCES)"
	run as_nobody ipcport stat "$port"
	check "nor look" exits 1
	end_owner
	create --mode 0602
	run as_nobody ipcport send "$port" hello
	check "a mode can let strangers send" exits 0
	run as_nobody ipcport recv "$port"
	check "without letting them receive" complains \
		"ipcport: receive from port $port: the permissions do not allow it (EACCES)"
	run ipcport recv --json "$port"
	check "the receiver knows who it was" same_number uid 65534
	run as_nobody ipcport destroy "$port"
	check "a stranger may not destroy" complains \
		"ipcport: destroy port $port: only the owner may do this (EPERM)"
	run ipcport destroy "$port"
	check "root may" exits 0
	check "destroy says nothing" is_silent
	run ipcport destroy "$port"
	check "but once" complains \
		"ipcport: destroy port $port: there is no such port, or it has ended (ENOENT)"
	end_owner
	check "the owner process ends as before" exits 0
}

test_stat_json() {
	create --capacity 2
	ipcport send "$port" one two
	run ipcport stat --json "$port"
	check "stat --json" exits 0
	for pair in port:"$port" readable:true writable:false dead:false owner_pid:"$owner" \
		    owner_tid:0 uid:0 gid:0 mode:'"0600"' capacity:2 depth:2 senders:0 \
		    receivers:0 sent:2 received:0; do
		check "stat --json, $pair" same_number "${pair%%:*}" "${pair#*:}"
	done
	end_owner
}

test_demo() {
	seq 1 8000 > "$work/file"
	run ipcport demo "$work/file"
	check "demo" exits 0
	check "demo compares digests" mentions "the digests match"
	check "demo: the sender is told" mentions "The sender got EPIPE"
	check "demo: the receiver is told" mentions "The receiver got EPIPE"
	check "demo says that all is well" mentions "Everything happened as promised."
	check "demo says nothing on stderr" test -z "$stderr"
	run ipcport demo --json "$work/file"
	check "demo --json" exits 0
	check "demo --json has the messages" same_number messages_received \
		$((($(wc -c < "$work/file") + 47) / 48))
	check "demo --json has the bytes" same_number bytes_received "$(wc -c < "$work/file")"
	check "demo --json has the digest" same_number sha256_received \
		"\"$(sha256sum < "$work/file" | cut -d ' ' -f 1)\""
	check "demo --json: the sender is told" mentions '"sender":{"error":"EPIPE",'
	check "demo --json: the receiver is told" mentions '"receiver":{"error":"EPIPE",'
	: > "$work/empty"
	run ipcport demo "$work/empty"
	check "demo with an empty file" exits 0
	input=$work/file
	run ipcport demo -
	input=
	check "demo with stdin" exits 0
	run ipcport demo /does/not/exist
	check "demo without file" exits 1
	check "demo leaves no file" test -z "$(ls -d "${TMPDIR:-/tmp}"/ipcport-demo-* 2> /dev/null)"
}

process_of() { sed -n "s/.*The $1, process \([0-9]*\),.*/\1/p" "$work/demo.out"; }
has_started() { [ -n "$(process_of "$1")" ]; }
is_gone() { ! kill -0 "$1" 2> /dev/null; }

# demo_losing WHO: the demo's input stays open until WHO has been killed
demo_losing() {
	mkfifo "$work/fifo"
	ipcport demo - < "$work/fifo" > "$work/demo.out" 2> "$work/demo.err" &
	background=$!
	exec 9> "$work/fifo"
	until_true has_started producer
	kill -9 "$(process_of "$1")"
	exec 9>&-
	collect demo "$background"
	rm "$work/fifo"
	check "a demo that loses its $1 fails" exits 1
	check "a demo that loses its $1 says so" grep -q "^ipcport: promised, but not so" "$work/stderr"
	check "and leaves no consumer" is_gone "$(process_of consumer)"
	check "and leaves no producer" is_gone "$(process_of producer)"
}

test_demo_failures() {
	demo_losing consumer
	demo_losing producer
	mkfifo "$work/fifo"
	ipcport demo - < "$work/fifo" > "$work/demo.out" 2>&1 &
	background=$!
	exec 9> "$work/fifo"
	until_true has_started producer
	kill -9 $background
	wait $background
	check "a killed demo leaves no consumer" until_true is_gone "$(process_of consumer)"
	check "a killed demo leaves no producer" until_true is_gone "$(process_of producer)"
	exec 9>&-
}

test_version
test_first_session
test_create
test_create_with_command
test_send_and_recv
test_waiting
test_streams
test_follow
test_permissions
test_stat_json
test_demo
test_demo_failures
finish
