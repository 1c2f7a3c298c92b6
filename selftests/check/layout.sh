#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# layout.sh - every UAPI structure looks the same to 32-bit and 64-bit programs
#
# The compiler's own debug information is compared, so that no structure has to
# be listed here; holes and padding are refused, as they would leak the stack.
set -euo pipefail
export LC_ALL=C

top=$(dirname "$(dirname "$(dirname "$(readlink -f "$0")")")")
include=$top/include/uapi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A program that uses each structure once, for the compiler to describe it.
program() {
	local header name

	find "$include" -name '*.h' | sort | while read -r header; do
		echo "#include <${header#"$include"/}>"
		sed -n 's/^struct \([a-z0-9_]*\) {.*/\1/p' "$header" | while read -r name; do
			echo "struct $name use_$name;"
		done
	done
}

# describe BITS - name, offset and size of each member of each structure
describe() {
	gcc "-m$1" -g -c -x c -I"$include" -o "$work/$1.o" "$work/layout.c"
	pahole "$work/$1.o" | grep -v '^$' > "$work/$1"
}

program > "$work/layout.c"
[ "$(grep -c '^struct' "$work/layout.c")" -gt 0 ] || { echo "no structure found"; exit 1; }
describe 64
describe 32
# the cache line is the machine's affair, and long is not in the header
diff -u <(grep -v cachelines "$work/64") <(grep -v cachelines "$work/32")
if grep -nE 'XXX|padding:|holes:' "$work/64"; then
	echo "a structure has a hole or padding"
	exit 1
fi
grep -c '^struct' "$work/64" | sed 's/$/ structures are the same/'
