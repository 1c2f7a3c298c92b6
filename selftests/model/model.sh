#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# model.sh [NUMBER...] - check the model of calls, call.pml, with SPIN
#
# First the model as it is, in several sizes: no error may be found, and every state has
# to be looked at. Then with one mistake at a time put in: each has to be found. One line
# per run; the exit status is 1 if one went wrong. NUMBERs are lines of the report to run
# alone, counted from 1.
#
# By hand: spin -DFAULT=2 -DMORTAL=1 -run selftests/model/call.pml
set -euo pipefail
export LC_ALL=C

here=$(dirname "$(readlink -f "$0")")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Megabytes that one run may take; it needs much less.
readonly MEMORY=1500

# FAULT|TEXT|SETTINGS. Each setting is an upper limit of what the others can look at
# together: everything at once would be too much for a small machine.
runs=(
	"0|2 callers make 2 calls each|CALLS=2 MORTAL=1 STRAYS=1"
	"0|2 callers, 2 calls, DESTROY|CALLS=2 DESTROY=1 STRAYS=1"
	"0|3 callers|CALLERS=3 MORTAL=1 STRAYS=1"
	"0|3 callers, DESTROY|CALLERS=3 DESTROY=1"
	"0|3 callers, space for 2 messages|CALLERS=3 CAPACITY=2 MORTAL=1 STRAYS=1"
	"0|2 servers|SERVERS=2 MORTAL=1"
	"0|2 servers, DESTROY|SERVERS=2 DESTROY=1"
	"0|2 servers, 2 calls of one caller|CALLERS=1 CALLS=2 SERVERS=2 MORTAL=1 STRAYS=1"
	"0|outstanding calls|ASYNC=1 MORTAL=1 STRAYS=1"
	"0|outstanding calls, CANCEL|ASYNC=1 CANCEL=1 MORTAL=1 STRAYS=1"
	"0|outstanding calls, CANCEL, DESTROY|CALLERS=1 CALLS=2 ASYNC=1 CANCEL=1 DESTROY=1 STRAYS=1"
	"0|outstanding calls, 2 servers, CANCEL|CALLERS=1 ASYNC=1 CANCEL=1 SERVERS=2 MORTAL=1"
	"1|a port's end forgets who is queued|MORTAL=1"
	"2|a port's end forgets who was received|MORTAL=1"
	"3|the request is seen before the call|MORTAL=1"
	"4|the port dies between check and push|MORTAL=1"
	"5|one place for answers per thread|CALLERS=1 CALLS=2 MORTAL=1 STRAYS=1"
	"6|who comes late ends the call again|MORTAL=1"
	"7|no notice into a full queue|MORTAL=1"
	"8|a call that has ended is put back|MORTAL=1"
	"9|a call that has ended is held|CALLERS=1 SERVERS=2 MORTAL=1"
	"10|the place of a call taken back is lost|MORTAL=1"
	"11|a queued call can be answered|MORTAL=1 STRAYS=1"
	"12|exit forgets what is outstanding|ASYNC=1 MORTAL=1"
	"13|a receiver's exit ends nothing|CALLERS=1 SERVERS=2 MORTAL=1"
	"14|CANCEL takes a call that is claimed|CALLERS=1 ASYNC=1 CANCEL=1 MORTAL=1"
	"15|a call put back is still held|CALLERS=1 SERVERS=2 MORTAL=1"
	"16|nobody waiting is given the notice|MORTAL=1"
	"17|a port's end forgets who is in line|MORTAL=1"
	"18|who resumes a call is not woken|CALLERS=1 ASYNC=1 MORTAL=1"
)

# Every state was looked at: nothing was cut off, or left out to save memory.
is_complete() {
	grep -q '^Full statespace search for:' out &&
		! grep -qE 'Search not completed|max search depth|MEMLIM|out of memory' out
}

# verify DEFINE... - make the verifier and let it run; what it says is in out
verify() {
	spin "$@" -a call.pml
	# Without optimization: the compiler would take longer than the run.
	gcc -w -O0 -DSAFETY -DCOLLAPSE -DMEMLIM=$MEMORY -o pan pan.c
	./pan -m100000 -w22 > out 2>&1
}

# explain DEFINE... - how the last run came to its error
explain() {
	sed 's/^/     | /' out
	[ ! -e call.pml.trail ] ||
		spin "$@" -t -p call.pml | tail -n 150 | cut -c1-100 | sed 's/^/     | /'
}

# What a fault leads to, of all that SPIN says.
found() {
	case $1 in
	'')			;;
	"invalid end state"*)	echo "  somebody waits for ever" ;;
	*)			echo "  an assertion fails" ;;
	esac
}

# run FAULT TEXT SETTINGS - one run, in a folder of its own; the status says how it went
run() {
	local start=$SECONDS text=$2 verdict=ok states error settings

	[ "$1" = 0 ] || text="fault $1: $2"
	read -ra settings <<< "FAULT=$1 $3"
	settings=("${settings[@]/#/-D}")
	verify "${settings[@]}" > log 2>&1 || verdict=FAIL
	touch out
	states=$(sed -n 's/^ *\([0-9]*\) states, stored.*/\1/p' out)
	error=$(sed -n 's/^pan:1: \(.*\) (at depth [0-9]*)$/\1/p' out)
	case $1 in
	0)	{ grep -q 'errors: 0' out && is_complete; } || verdict=FAIL ;;
	*)	[ -n "$error" ] || verdict=FAIL ;;
	esac
	printf '%-4s %-46s %8s states %3d s%s\n' $verdict "$text" "${states:-no}" \
		$((SECONDS - start)) "$(found "$error")"
	[ $verdict = ok ] || { cat log; explain "${settings[@]}"; return 1; }
}

# run_number N - the line N of the table
run_number() {
	local fault text settings status=0

	IFS='|' read -r fault text settings <<< "${runs[$1 - 1]}"
	mkdir "$work/$1"
	cd "$work/$1"
	cp "$here/call.pml" .
	run "$fault" "$text" "$settings" > report || status=1
	cat report
	return $status
}

# As many runs at a time as there are CPUs.
main() {
	local number running=0 status=0

	# shellcheck disable=SC2046
	[ $# -gt 0 ] || set -- $(seq ${#runs[@]})
	for number in "$@"; do
		if [ $running -ge "$(nproc)" ]; then
			wait -n || status=1
		else
			running=$((running + 1))
		fi
		run_number "$number" &
	done
	for ((; running > 0; running--)); do
		wait -n || status=1
	done
	return $status
}

main "$@"
