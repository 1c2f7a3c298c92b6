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

test_epoll_server
test_asyncio_echo_server
finish
