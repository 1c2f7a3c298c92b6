#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# header.sh - compile every UAPI header alone, as each kind of program would
set -euo pipefail

top=$(dirname "$(dirname "$(dirname "$(readlink -f "$0")")")")
include=$top/include/uapi
warnings=(-Wall -Wextra -Wpedantic -Werror -fsyntax-only)

# compile LANGUAGE OPTION... - the header twice, which also tests its guard
compile() {
	local language=$1 name=$2

	printf '#include <%s>\n#include <%s>\nextern int ipcport_unused;\n' "$name" "$name" |
		gcc -x "$language" -I"$include" "${warnings[@]}" "${@:3}" - ||
		{ echo "$name fails as $language ${*:3}"; return 1; }
}

status=0
while read -r header; do
	name=${header#"$include"/}
	for bits in -m64 -m32; do
		# the system's own types use long long and comments that C90 does not know
		compile c "$name" -std=gnu90 -Wno-long-long $bits || status=1
		for standard in c99 c11 c17; do
			compile c "$name" -std=$standard $bits || status=1
		done
		for standard in c++98 c++11 c++20; do
			compile c++ "$name" -std=$standard -Wno-long-long $bits || status=1
		done
	done
done < <(find "$include" -name '*.h' | sort)
exit $status
