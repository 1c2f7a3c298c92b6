#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# guest.sh [PROGRAM...] - run the kselftests inside the virtual machine
#
# Prints the TAP of each program between "# program NAME" and "# status N" for
# results.py, and marks the kernel log, so that a report there can be told to
# whose. Unloading the module is the last test: nothing may be left behind.

readonly LIMIT=$((600 + ${IPCPORT_STRESS_SECONDS:-0}))
export IPCPORT_MODULE=/vm/ipcport.ko
export IPCPORT_EXAMPLES=/root/examples IPCPORT_PYTHON=/root/python
# where programs.sh has put the plugins of dot
export GVBINDIR=/usr/lib/graphviz

mark() {
	echo "ipcport-test: $1" > /dev/kmsg
}

# A test may have loaded the module anew, with a device file only for root.
ready() {
	[ -e /dev/ipcport ] || insmod "$IPCPORT_MODULE"
	chmod 0666 /dev/ipcport
}

run() {
	mark "$1"
	ready
	echo "# program $1"
	timeout -k 5 "$LIMIT" "./$1"
	echo "# status $?"
}

unload() {
	mark unload
	echo "# program unload"
	echo "1..1"
	if rmmod ipcport; then
		echo "ok 1 the module unloads"
	else
		ps
		echo "not ok 1 the module unloads"
	fi
	echo "# status 0"
}

cd /root/selftests || exit
for program in "${@:-*_test *_test_32 *_test.sh *_test.py}"; do
	# a pattern without a match stays a pattern
	for name in $program; do
		[ ! -x "$name" ] || run "$name"
	done
done
unload
# what the kernel frees later, it frees now
sleep 1
mark end
echo "# finished"
