# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# tap.sh - what the shell tests share: each check prints one line of TAP 13
#
# The names stdout, stderr and status hold what the last "run" left.

number=0
failures=0
work=$(mktemp -d) || exit 1

# check NAME COMMAND...: passes if COMMAND succeeds; if not, show the last "run" too
check() {
	claim=$1
	shift
	number=$((number + 1))
	if "$@"; then
		echo "ok $number $claim"
		return
	fi
	failures=$((failures + 1))
	echo "not ok $number $claim"
	printf '%s\n' "check: $*" | sed 's/^/# /'
	echo "# last run: status $status"
	printf '%s\n' "$stdout" "$stderr" | head -n 20 | sed 's/^/# | /'
}

# run COMMAND...: run it, keep what it printed and its status
run() {
	"$@" > "$work/stdout" 2> "$work/stderr" < "${input:-/dev/null}"
	status=$?
	stdout=$(cat "$work/stdout")
	stderr=$(cat "$work/stderr")
}

# Conditions for check.
exits() { [ "$status" -eq "$1" ]; }
prints() { [ "$stdout" = "$1" ]; }
complains() { [ "$stderr" = "$1" ]; }
mentions() { case $stdout in *"$1"*) ;; *) false ;; esac; }
is_silent() { [ -z "$stdout$stderr" ]; }
complains_in_one_line() { [ "$(wc -l < "$work/stderr")" -eq 1 ] && [ -z "$stdout" ]; }

finish() {
	rm -rf "$work"
	echo "1..$number"
	[ "$failures" -eq 0 ]
	exit
}
