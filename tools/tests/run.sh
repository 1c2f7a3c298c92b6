#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# run.sh TEST... - run tests that speak TAP, count, and close with a summary
#
# A test that dies, or runs fewer cases than it announced, is a failure as well.

passed=0
failed=0

for test; do
	echo "# $(basename "$test")"
	output=$(CMOCKA_MESSAGE_OUTPUT=TAP "$test" 2>&1)
	status=$?
	printf '%s\n' "$output"
	ok=$(printf '%s\n' "$output" | grep -c '^ok ')
	not_ok=$(printf '%s\n' "$output" | grep -c '^not ok ')
	planned=$(printf '%s\n' "$output" | sed -n 's/^1\.\.\([0-9]*\).*/\1/p' | tail -n 1)
	passed=$((passed + ok))
	failed=$((failed + not_ok))
	if [ "${planned:-0}" -ne $((ok + not_ok)) ] ||
	   { [ "$status" -ne 0 ] && [ "$not_ok" -eq 0 ]; }; then
		echo "not ok - $(basename "$test") ended early, with status $status"
		failed=$((failed + 1))
	fi
done

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
