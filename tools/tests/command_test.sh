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
patience=600

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

# serve ARGUMENT...: the same with a server behind it; sets port and owner
serve() {
	: > "$work/port"
	ipcport serve --create "$@" > "$work/port" 2> "$work/serve.err" &
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

same_answer() { [ "$1" = "$2" ]; }
# Kernels have the header that the module needs from 6.6 on.
has_uring_cmd() { case $(uname -r) in 6.[0-5].*) false ;; esac; }

test_version() {
	run ipcport version
	check "version" exits 0
	check "version shows the module" mentions "module     0."
	check "version shows features" mentions "messages owner-thread calls handles names cargo"
	check "version shows whether io_uring can call" same_answer \
		"$(mentions uring-call; echo $?)" "$(has_uring_cmd; echo $?)"
	run ipcport version --json
	check "version --json" exits 0
	check "version --json has features" mentions \
		'"features":["messages","owner-thread","calls","handles","names","cargo"'
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
	check "recv --json shows that it is no call" same_number token 0
	check "recv --json shows that it is no notice" same_number aborted false
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
	for pair in port:"$port" name:null send_handles:0 recv_handles:0 readable:true writable:false dead:false owner_pid:"$owner" \
		    owner_tid:0 uid:0 gid:0 mode:'"0600"' capacity:2 depth:2 senders:0 \
		    receivers:0 sent:2 received:0 calls:0; do
		check "stat --json, $pair" same_number "${pair%%:*}" "${pair#*:}"
	done
	end_owner
}

test_call_and_serve() {
	serve tr a-z A-Z
	check "serve --create prints a number" is_number "$port"
	run ipcport call "$port" hello
	check "call prints the answer" prints HELLO
	check "call succeeds" exits 0
	check "call says nothing else" test -z "$stderr"
	run ipcport call "$port" one '' three
	check "call takes many texts" prints "ONE

THREE"
	run ipcport call "$port" "$(printf '%048d' 7)"
	check "48 bytes fit, in both directions" prints "$(printf '%048d' 7)"
	echo line > "$work/line"
	input=$work/line
	run ipcport call "$port"
	check "call takes its text from stdin" prints LINE
	printf '%049d' 7 > "$work/line"
	run ipcport call "$port"
	check "49 bytes on stdin are too many" exits 2
	input=
	run ipcport call --verbose "$port" hello
	check "call --verbose" same_bytes "pid $owner uid 0 type 0 token $(sed -n \
		's/.*token \([0-9]*\):.*/\1/p' "$work/stdout"): HELLO\n"
	run ipcport call --json "$port" hello
	check "call --json" exits 0
	check "call --json shows the status" same_number status 0
	check "call --json shows the token" is_number "$(json_key token)"
	check "call --json shows who answered" same_number pid "$owner"
	check "call --json shows the text" mentions '"text":"HELLO"'
	check "the server is idle" until_true state_is "$port" '"receivers":1'
	run ipcport stat "$port"
	check "no call is unanswered" mentions "calls      0 unanswered"
	end_owner
	check "SIGTERM ends serve" exits 0
	check "serve said nothing" test ! -s "$work/serve.err"
	run ipcport call "$port" hello
	check "its port has ended" complains \
		"ipcport: call port $port: there is no such port, or it has ended (ENOENT)"
	check "which is a failure" exits 1

	serve --capacity 3 --mode 0602 --json cat
	port=$(sed 's/.*"port":\([0-9]*\).*/\1/' "$work/port")
	check "serve --json" grep -q "^{\"port\":$port,\"owner_pid\":$owner}\$" "$work/port"
	run ipcport stat --json "$port"
	check "serve takes a capacity" same_number capacity 3
	check "serve takes a mode" same_number mode '"0602"'
	run as_nobody ipcport call "$port" hello
	check "a mode can let strangers call" prints hello
	run as_nobody ipcport serve "$port" cat
	check "without letting them serve" complains \
		"ipcport: serve port $port: the permissions do not allow it (EACCES)"
	end_owner
}

# answers STATUS TEXT COMMAND...: what a call to such a server comes to, twice
answers() {
	expected=$1 text=$2
	shift 2
	serve "$@"
	for try in 1 2; do
		run ipcport call "$port" hello never
		check "serve $1, try $try: call fails" exits 1
		check "serve $1, try $try: the text" prints "$text"
		check "serve $1, try $try: the status" complains \
			"ipcport: call port $port: the server's status is $expected"
	done
	run ipcport call --json "$port" hello never
	check "serve $1: call --json fails as well" exits 1
	check "serve $1: call --json has the status" same_number status "$expected"
	check "serve $1: call --json says nothing else" test -z "$stderr"
	check "serve $1: nothing comes after a failure" state_is "$port" '"sent":3'
	end_owner
	check "serve $1: the server ends cleanly" exits 0
}

test_serve_status() {
	answers 3 "so far" sh -c 'echo so far; exit 3'
	answers 137 "" sh -c 'kill -9 $$'
	answers 127 "" /does/not/exist
	check "serve says what it cannot run" grep -q \
		"^ipcport: cannot run /does/not/exist: .* (ENOENT)\$" "$work/serve.err"
	answers 126 "" /etc
	answers -90 "" seq 100
	check "serve says what is too long" grep -q \
		"^ipcport: seq has written more than the 48 bytes of an answer\$" "$work/serve.err"
	answers -90 "" yes
	answers -90 "" printf '%049d' 0

	serve echo "$(printf '%048d' 5)"
	run ipcport call "$port" x
	check "a newline behind 48 bytes is not too much" prints "$(printf '%048d' 5)"
	end_owner
	serve sh -c 'sleep 1000 & echo $!'
	run ipcport call --timeout 500 "$port" x
	check "what a command leaves in the background is not waited for" is_number "$stdout"
	kill "$stdout"
	end_owner
}

test_serve_environment() {
	serve sh -c 'echo $IPCPORT_PORT $IPCPORT_TYPE $IPCPORT_FLAGS $IPCPORT_UID $IPCPORT_GID'
	run ipcport call --type 4000000000 "$port" hello
	check "the command knows the message" prints "$port 4000000000 5 0 0"
	end_owner
	serve sh -c 'echo $IPCPORT_PID $IPCPORT_TOKEN'
	start caller ipcport call --json "$port" hello
	collect caller "$background"
	check "the command knows caller and token" mentions \
		"\"text\":\"$background $(json_key token)\""
	end_owner
	serve sh -c 'ls -l /proc/$$/fd | grep -c ipcport; cat'
	run ipcport call "$port" hello
	check "the command does not inherit the device" prints '0\x0ahello'
	end_owner
	serve --raw wc -c
	run ipcport call "$port" hello
	check "serve --raw passes everything on" prints '48\x0a'
	end_owner
}

# There is no answer to wait for, but a call comes after what was sent before.
test_serve_one_way() {
	serve sh -c "tr a-z A-Z >> $work/log; echo \$IPCPORT_TOKEN >> $work/log; seq 1000"
	ipcport send "$port" one-way
	check "a one-way message is run" until_true grep -qs "^ONE-WAY0\$" "$work/log"
	run ipcport call "$port" call
	check "which the server survives" complains \
		"ipcport: call port $port: the server's status is -90"
	check "and says nothing of" test "$(wc -l < "$work/serve.err")" -eq 1
	end_owner
}

test_serve_ends() {
	create
	start server ipcport serve --count 2 "$port" -- cat
	ipcport send "$port" one-way
	run ipcport call "$port" one two
	check "serve answers for another process" prints "one
two"
	collect server "$background"
	check "serve --count ends after so many calls" exits 0
	start caller ipcport call "$port" hello
	run ipcport serve "$port" sh -c 'kill -INT $PPID; echo bye'
	check "SIGINT ends serve" exits 0
	collect caller "$background"
	check "not without an answer" prints bye
	check "which is none that failed" exits 0

	start server ipcport serve "$port" -- sh -c \
		"trap 'echo told; exit 5' TERM; : > $work/running; while :; do sleep 0.1; done"
	server=$background
	start caller ipcport call "$port" hello
	until_true test -e "$work/running"
	check "a received call is unanswered" state_is "$port" '"calls":1'
	kill -TERM "$server"
	collect caller "$background"
	check "SIGTERM is passed to the command" prints told
	check "whose answer is given" complains \
		"ipcport: call port $port: the server's status is 5"
	collect server "$server"
	check "then serve ends" exits 0
	rm "$work/running"

	start server ipcport serve "$port" -- cat
	until_true state_is "$port" '"receivers":1'
	kill -9 "$owner"
	collect server "$background"
	check "serve ends with the port" exits 1
	check "and says so" complains \
		"ipcport: serve port $port: the port has ended (EPIPE)"
	wait "$owner"
}

# killed_server: kill server during a call; the command that runs is not its business
killed_server() {
	start caller ipcport call --timeout 500 "$port" hello
	until_true test -s "$work/running"
	kill -9 "$server"
	collect caller "$background"
	check "a killed server's caller is told" complains \
		"ipcport: call port $port: the port or its server has ended (EPIPE)"
	check "with status 1, and nothing on stdout" test "$status$stdout" = 1
	kill "$(cat "$work/running")"
	rm "$work/running"
}

test_killed_servers() {
	serve sh -c "echo \$\$ > $work/running; exec sleep 1000"
	server=$owner
	killed_server
	wait "$owner"
	create
	start server ipcport serve "$port" -- sh -c "echo \$\$ > $work/running; exec sleep 1000"
	server=$background
	killed_server
	run ipcport stat "$port"
	check "a port outlives a server that does not own it" exits 0
	check "without calls" mentions "calls      0 unanswered"
	start server ipcport serve --count 1 "$port" -- cat
	run ipcport call "$port" hello
	check "another server can take over" prints hello
	wait "$background"
	end_owner
}

test_call_waiting() {
	create --capacity 1
	run ipcport call --timeout 0.1 "$port" hello
	check "call --timeout" complains "ipcport: call port $port: the time is up (ETIMEDOUT)"
	check "a call that was given up is taken back" state_is "$port" '"depth":0'
	start first ipcport call "$port" one
	first=$background
	check "a call is in the port" until_true state_is "$port" '"depth":1'
	start second ipcport call "$port" two
	check "another one waits for space" until_true state_is "$port" '"senders":1'
	run ipcport recv --json "$port"
	check "recv takes a call" mentions '"text":"one"'
	check "recv --json shows its token" test "$(json_key token)" -gt 0
	collect first "$first"
	check "recv does not answer, and its end is told" complains \
		"ipcport: call port $port: the port or its server has ended (EPIPE)"
	run ipcport recv --verbose "$port"
	check "recv --verbose shows a token" mentions " type 0 token "
	collect second "$background"
	check "a call that waited for space ends as well" exits 1
	start first ipcport call "$port" one
	first=$background
	until_true state_is "$port" '"depth":1'
	start second ipcport call "$port" two
	until_true state_is "$port" '"senders":1'
	kill -9 "$owner"
	collect first "$first"
	check "the owner's death ends a queued call" complains \
		"ipcport: call port $port: the port or its server has ended (EPIPE)"
	collect second "$background"
	check "and one that waits for space" complains \
		"ipcport: call port $port: the port or its server has ended (EPIPE)"
	wait "$owner"
	create
	run as_nobody ipcport call "$port" hello
	check "a stranger may not call" complains \
		"ipcport: call port $port: the permissions do not allow it (EACCES)"
	end_owner
}

# token_of TEXT: of the message with this text in the follower's output
token_of() { sed -n "s/.*\"token\":\([0-9]*\),.*\"text\":\"$1\".*/\1/p" "$work/follower.out"; }

# follow_aborted OPTION...: a call is received, given up, and a message comes behind
follow_aborted() {
	create "$@"
	start follower ipcport recv --follow --json "$port"
	until_true state_is "$port" '"receivers":1'
	run ipcport call --timeout 1 "$port" call
	check "a received call can be given up" complains \
		"ipcport: call port $port: the time is up (ETIMEDOUT)"
	ipcport send "$port" last
	until_true grep -q '"text":"last"' "$work/follower.out"
	end_owner
	wait "$background"
}

test_notices() {
	follow_aborted --notify-abort
	check "create --notify-abort: the receiver is told" grep -q \
		"\"token\":$(token_of call),\"aborted\":true," "$work/follower.out"
	check "once" test "$(grep -c '"aborted":true' "$work/follower.out")" -eq 1
	follow_aborted
	check "without it nobody is told" test "$(wc -l < "$work/follower.out")" -eq 2
}

# A process has opened the device, and waits or will wait.
has_begun() { case $(ls -l "/proc/$1/fd" 2> /dev/null) in *" /dev/ipcport"*) ;; *) false ;; esac; }

test_names() {
	create --name /srv/first
	first=$owner
	check "create --name prints a number" is_number "$port"
	run ipcport stat "$port"
	check "stat shows the name" mentions "name       /srv/first"
	run ipcport stat --json /srv/first
	check "stat takes a name" same_number port "$port"
	check "stat --json shows the name" same_number name '"/srv/first"'
	run ipcport send /srv/first one two
	check "send takes a name" exits 0
	run ipcport recv /srv/first
	check "recv takes a name" prints one
	run ipcport recv "$port"
	check "the port is the same" prints two
	run ipcport recv --nonblock /srv/first
	check "what fails is called as it was called" complains \
		"ipcport: receive from port /srv/first: it would have to wait (EAGAIN)"
	run ipcport send /srv/second hello
	check "a name that nobody has" exits 1
	check "which is said in words" complains \
		"ipcport: open port /srv/second: there is no such port, or it has ended (ENOENT)"
	run ipcport create --name /srv/first
	check "a name is given once" exits 1
	check "which is said in words, too" complains \
		"ipcport: give the new port the name /srv/first: the name is taken, or the port has one (EEXIST)"
	kill -9 "$first"
	wait "$first"
	create --name /srv/first
	check "a name is free when its port has ended" state_is /srv/first "\"port\":$port,"
	run ipcport destroy /srv/first
	check "destroy takes a name" exits 0
	run ipcport stat "$port"
	check "and ends the port" exits 1
	end_owner
}

test_bind() {
	create --mode 0666
	run ipcport bind "$port" 'a na\me'
	check "root may name the ports of others" exits 0
	check "bind says nothing" is_silent
	run ipcport stat 'a na\me'
	check "stat doubles a backslash" mentions 'name       a na\\me'
	run ipcport stat --json 'a na\me'
	check "stat --json does so as well" same_number name '"a na\\me"'
	run ipcport bind "$port" other
	check "a port has one name" complains \
		"ipcport: give port $port the name other: the name is taken, or the port has one (EEXIST)"
	run ipcport unbind 'a na\me'
	check "unbind takes a name" exits 0
	check "unbind says nothing" is_silent
	run ipcport stat --json "$port"
	check "the name is gone" same_number name null
	run ipcport unbind "$port"
	check "nothing is left to unbind" complains \
		"ipcport: take the name of port $port away: it has none, or has ended (ENOENT)"
	run as_nobody ipcport bind "$port" other
	check "a stranger may not name it" complains \
		"ipcport: give port $port the name other: only the owner may do this (EPERM)"
	ipcport bind "$port" other
	run as_nobody ipcport unbind other
	check "nor take its name" complains \
		"ipcport: take the name of port other away: only the owner may do this (EPERM)"
	check "which stays" state_is other "\"port\":$port,"
	run as_nobody ipcport send other hello
	check "a mode can let strangers use it by name" exits 0
	end_owner
	create --name private
	run as_nobody ipcport send private hello
	check "or not" complains \
		"ipcport: open port private: the permissions do not allow it (EACCES)"
	end_owner
}

test_wait_for_name() {
	run ipcport send --wait=0.1 late hello
	check "--wait=SECONDS ends" complains "ipcport: open port late: the time is up (ETIMEDOUT)"
	run ipcport recv --wait --timeout 0.1 late
	check "--timeout ends a wait for a name" complains \
		"ipcport: open port late: the time is up (ETIMEDOUT)"
	start caller ipcport call --wait --timeout 500 late hello
	until_true has_begun "$background"
	serve --name late tr a-z A-Z
	collect caller "$background"
	check "call waits for its server" prints HELLO
	end_owner

	start server ipcport serve --wait late -- sh -c 'echo $IPCPORT_PORT'
	server=$background
	start follower ipcport recv --wait=500 late
	until_true has_begun "$server"
	until_true has_begun "$background"
	create --name late --capacity 1
	until_true state_is late '"receivers":2'
	kill "$background"
	wait "$background"
	run ipcport call late hello
	check "a server finds out the number of its port" prints "$port"
	kill -9 "$owner"
	collect server "$server"
	check "and ends with it" complains "ipcport: serve port late: the port has ended (EPIPE)"
	wait "$owner"
	run ipcport call late hello
	check "so does the name" complains \
		"ipcport: open port late: there is no such port, or it has ended (ENOENT)"
}

# The end of a port is not the end of what a handle can still receive.
test_messages_of_a_dead_port() {
	create --name brief
	start follower ipcport recv --follow brief
	until_true state_is brief '"receivers":1'
	kill -STOP "$background"
	ipcport send brief one two
	kill -9 "$owner"
	wait "$owner"
	kill -CONT "$background"
	collect follower "$background"
	check "a handle still receives what was sent" prints "one
two"
	check "then it says that the port has ended" complains \
		"ipcport: receive from port brief: the port has ended (EPIPE)"
}

# What a message begins with when its type is 0 and 5 bytes of the payload count.
head='\0\0\0\0\0\0\0\0\0\0\0\0\5\0\0\0'

test_exec() {
	create --name pipe
	run ipcport exec --send pipe -- sh -c "printf '$head%-48s' hello >&3"
	check "exec succeeds" exits 0
	check "exec says nothing" is_silent
	run ipcport recv pipe
	check "a shell can write a message" prints hello
	run ipcport exec -s "$port" sh -c "for text in one two; do printf '$head%-48s' \$text; done |
		dd bs=1 2> /dev/null | dd bs=64 iflag=fullblock >&3 2> /dev/null"
	check "dd can put messages together" exits 0
	run ipcport exec --recv pipe -- sh -c 'for i in 1 2; do
		dd bs=128 count=1 2> /dev/null <&3 | tail -c +17 | head -c 3; echo; done'
	check "a shell can read messages" prints "one
two"

	run ipcport exec --send pipe --recv "$port" -- sh -c \
		'cat /proc/self/fdinfo/3; echo; cat /proc/self/fdinfo/4'
	check "handles come in the order of the options" handles_are "$port"
	run ipcport exec --recv pipe --recv pipe -- sh -c 'ls -l /proc/$$/fd | grep -c ipcport'
	check "the command inherits handles and nothing else" prints 2
	run ipcport exec --recv pipe -- sh -c "printf '$head%-48s' hello >&3"
	check "a handle to receive cannot send" test "$status" -ne 0
	run ipcport exec --send pipe -- sh -c 'cat <&3'
	check "a handle to send cannot receive" test "$status" -ne 0
	check "and nothing has happened" state_is pipe '"depth":0'

	start command ipcport exec --send pipe --recv pipe --recv pipe sleep 1000
	check "stat counts handles" until_true state_is pipe '"send_handles":1,"recv_handles":2'
	run ipcport stat "$port"
	check "stat shows them" mentions "handles    1 to send, 2 to receive"
	kill "$background"
	wait "$background"
	check "they end with the command" state_is pipe '"send_handles":0,"recv_handles":0'
	end_owner
}

# handles_are PORT: fdinfo of a handle to send, then of one to receive
handles_are() {
	[ "$(grep '^ipcport' "$work/stdout" | tr '\t\n' ' ,')" = "ipcport-port: $1,ipcport-rights:\
 send,ipcport-badge: 0x0,ipcport-state: live,ipcport-port: $1,ipcport-rights: recv,\
ipcport-badge: 0x0,ipcport-state: live," ]
}

test_exec_status() {
	create --mode 0606 --name pipe
	run ipcport exec --send pipe -- sh -c 'exit 7'
	check "the command's status is exec's" exits 7
	run ipcport exec --send pipe /does/not/exist
	check "exec of a command that is not there" exits 127
	run ipcport exec --send pipe /etc
	check "exec of a command that is none" exits 126
	run ipcport exec --send pipe --send nobody -- echo here
	check "exec without such a port" exits 1
	check "runs nothing, and says why" complains_in_one_line
	run ipcport exec --wait=0.1 --send nobody -- echo here
	check "exec can wait" complains "ipcport: open port nobody: the time is up (ETIMEDOUT)"

	run ipcport exec --send pipe --badge 77 --send pipe -- sh -c \
		"printf '$head%-48s' plain >&3; printf '$head%-48s' badge >&4"
	run ipcport recv --json pipe
	check "a handle has no badge" same_number badge 0
	run ipcport recv --json pipe
	check "unless it is given one" same_number badge 77
	run as_nobody ipcport exec --badge 77 --send pipe true
	check "which only the owner may do" complains \
		"ipcport: open port pipe: only the owner may do this (EPERM)"

	start command ipcport exec --send pipe -- sh -c \
		"until [ -e $work/dead ]; do sleep 0.1; done
		 printf '$head%-48s' hello | dd bs=64 iflag=fullblock >&3"
	until_true state_is pipe '"send_handles":1'
	kill -9 "$owner"
	wait "$owner"
	: > "$work/dead"
	collect command "$background"
	check "a handle tells that its port has ended" test "$status" -ne 0
	check "in the command's words" grep -qi 'broken pipe' "$work/command.err"
}

test_no_senders() {
	create --notify-no-senders --name pipe
	run ipcport exec --send pipe true
	run ipcport recv --json pipe
	check "create --notify-no-senders: the receiver is told" same_number no_senders true
	check "of nothing else" same_number aborted false
	run ipcport send pipe hello
	run ipcport recv --count 2 --verbose pipe
	check "send by name uses a handle, which goes" grep -q ' no-senders: $' "$work/stdout"
	run ipcport send "$port" hello
	run ipcport recv --json pipe
	check "send by number uses none" same_number no_senders false
	check "and no more is told" state_is pipe '"depth":0'
	ipcport exec --send pipe true
	ipcport send "$port" hello
	start server ipcport serve pipe -- sh -c "echo \$IPCPORT_TYPE >> $work/served"
	check "a server runs its command for the message" until_true test -s "$work/served"
	kill "$background"
	wait "$background"
	check "not for the notice" test "$(wc -l < "$work/served")" -eq 1
	end_owner
	create --name pipe
	ipcport exec --send pipe true
	check "without the option nobody is told" state_is pipe '"depth":0'
	end_owner
}

test_demo() {
	seq 1 8000 > "$work/file"
	run ipcport demo "$work/file"
	check "demo" exits 0
	check "demo compares digests" mentions "the digests match"
	check "demo: the sender is told" mentions "The sender got EPIPE"
	check "demo: the receiver is told" mentions "The receiver got EPIPE"
	check "demo: a call is answered" mentions 'The answer is "HELLO".'
	check "demo: the client is told" mentions "The client got EPIPE"
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
	check "demo --json: the client is told" mentions '"client":{"error":"EPIPE",'
	check "demo --json has the answer" same_number answer '"HELLO"'
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
test_call_and_serve
test_serve_status
test_serve_environment
test_serve_one_way
test_serve_ends
test_killed_servers
test_call_waiting
test_notices
test_names
test_bind
test_wait_for_name
test_messages_of_a_dead_port
test_exec
test_exec_status
test_no_senders
test_demo
test_demo_failures
finish
