#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# example_test.sh - the examples, as somebody would try them, against the module
#
# Needs /dev/ipcport, ipcport in PATH, and no more than busybox. Runs in the virtual
# machine and on a host. IPCPORT_EXAMPLES and IPCPORT_PYTHON say where the examples are, if
# not in a checkout where they were built.

# Conditions reach "check" as words.
# shellcheck disable=SC2317
# shellcheck source=tap.sh
. "$(dirname "$0")/tap.sh"

top=$(dirname "$0")/../..
examples=${IPCPORT_EXAMPLES:-$top/build/tools/examples}
python=${IPCPORT_PYTHON:-$top/tools/python}
name=/test/example-$$

# start COMMAND...: in the background; sets background
start() {
	"$@" > "$work/out" 2> "$work/err" < /dev/null &
	background=$!
}

# end SIGNAL: end what was started, as Ctrl-C or a service manager would
end() {
	kill "-$1" "$background"
	wait "$background"
	status=$?
}

has_no_name() { ! ipcport stat "$name" 2> /dev/null; }
said() { [ "$(cat "$work/out" "$work/err")" = "$1" ]; }

test_epoll_server() {
	start "$examples/epoll_server" "$name"
	run ipcport call --wait=60 "$name" hello "good bye"
	check "epoll_server answers in capitals" prints "HELLO
GOOD BYE"
	run ipcport send "$name" "a message that is no call"
	run ipcport call "$name" again
	check "epoll_server is not confused by other messages" prints AGAIN
	run "$examples/epoll_server" "$name"
	check "epoll_server says that a name is taken" complains "epoll_server: $name: File exists"
	check "epoll_server fails then" exits 1
	end TERM
	check "epoll_server ends with SIGTERM" exits 0
	check "epoll_server says nothing" said ""
	check "epoll_server's name goes with it" has_no_name
	run "$examples/epoll_server"
	check "epoll_server says how it is called" complains "usage: epoll_server NAME"
	check "epoll_server fails without a name" exits 2
}

same_digest() { [ "$(sha256sum < "$1")" = "$(sha256sum < "$2")" ]; }

test_bulk() {
	seq 300000 > "$work/file"
	start "$examples/bulk" recv "$name"
	input=$work/file
	run "$examples/bulk" send "$name"
	check "bulk send succeeds" exits 0
	wait "$background"
	status=$?
	check "bulk recv succeeds" exits 0
	check "bulk says nothing" test ! -s "$work/err"
	check "what arrives is the file" same_digest "$work/file" "$work/out"
	input=

	start "$examples/bulk" recv "$name"
	run ipcport send --wait=60 "$name" hello
	wait "$background"
	status=$?
	check "bulk recv fails if nothing comes with the message" exits 1
	run "$examples/bulk" send
	check "bulk says how it is called" complains \
		"usage: bulk recv NAME > FILE, bulk send NAME < FILE"
}

receivers_are() { ipcport stat --json "$name" 2> /dev/null | grep -q "\"receivers\":$1"; }
files_of() { set -- "/proc/$1/fd/"*; echo $#; }

# until_true COMMAND...: wait a minute at most
until_true() {
	tries=0
	until "$@"; do
		tries=$((tries + 1))
		[ $tries -lt 600 ] || return 1
		sleep 0.1
	done
}

has_lines() { [ "$(wc -l < "$work/out")" -eq "$1" ]; }

lists() { grep -q "$1" "$work/stdout"; }
hides() { ! lists "$1"; }

# Written against the header alone.
test_list_ports() {
	ipcport create --capacity 7 --name "$name" > "$work/port" &
	owner=$!
	until_true test -s "$work/port"
	run "$examples/list_ports"
	check "list_ports succeeds" exits 0
	check "list_ports shows number, owner, messages and name" lists \
		"^$(cat "$work/port") $owner 0/7 $name\$"
	kill "$owner"
	wait "$owner"
	run "$examples/list_ports"
	check "list_ports shows no port that has ended" hides " $name\$"
}

# The command has no use for a file that comes with a message.
test_unwanted_cargo() {
	ipcport create --files --name "$name" > "$work/port" &
	owner=$!
	start ipcport recv --wait --follow --verbose "$name"
	until_true receivers_are 1
	before=$(files_of "$background")
	input=$work/file
	run "$examples/bulk" send "$name"
	run "$examples/bulk" send "$name"
	input=
	check "recv shows what has no text" until_true has_lines 2
	check "recv tells of cargo" grep -q ' type 0 cargo: $' "$work/out"
	until_true receivers_are 1
	check "recv does not keep it" test "$(files_of "$background")" -eq "$before"
	kill "$owner" "$background"
	wait "$owner" "$background"
}

test_asyncio_echo_server() {
	start env PYTHONPATH="$python" /usr/bin/python3 \
		"$python/examples/asyncio_echo_server.py" "$name"
	run ipcport call --wait=60 "$name" hello "good bye"
	check "asyncio_echo_server sends back what it gets" prints "hello
good bye"
	end TERM
	check "asyncio_echo_server ends with SIGTERM" exits 0
	check "asyncio_echo_server says how many calls there were" said "2 calls answered"
	check "asyncio_echo_server's name goes with it" has_no_name
}

test_relay() {
	ipcport serve --create --name "$name-back" tr a-z A-Z > "$work/number" 2>&1 &
	server=$!
	start env PYTHONPATH="$python" /usr/bin/python3 "$python/examples/relay.py" "$name" \
		"$name-back"
	run ipcport call --wait=60 "$name" hello
	check "relay passes on what the other server answers" prints HELLO
	kill "$server"
	wait "$server"
	run ipcport call "$name" hello
	check "relay answers when the other server has ended" complains \
		"ipcport: call port $name: the server's status is -32"
	kill "$background"
	wait "$background"
	check "relay's name goes with it" has_no_name
}

test_epoll_server
test_bulk
test_list_ports
test_unwanted_cargo
test_asyncio_echo_server
test_relay
finish
