#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# programs.sh - put together what tests use of Debian's, in build/vm/programs
#
# That is tmux, in whose screen a test can read, and graphviz's dot. The folder is laid
# over the guest's /usr; vm.sh finds the shared libraries of what can be executed, so
# dot's plugins are made to look like that. Does nothing if all is made already.
set -euo pipefail
export LC_ALL=C

here=$(dirname "$(readlink -f "$0")")
out=$(dirname "$(dirname "$here")")/build/vm/programs
readonly PROGRAMS=(/usr/bin/tmux /usr/bin/dot)
# what a program in tmux has for a terminal, and what tmux itself has
readonly TERMINALS=(tmux-256color linux)

is_made() {
	local program

	for program in "${PROGRAMS[@]}" "$0"; do
		[ "$out/made" -nt "$program" ] || return 1
	done
}

copy_programs() {
	local program

	for program in "${PROGRAMS[@]}"; do
		[ -x "$program" ] || {
			echo "programs.sh: $program is missing; run: selftests/vm/deps.sh check" >&2
			exit 1
		}
		install -D -t "$out/bin" "$program"
	done
}

# The layout, and the formats that it can write by itself; GVBINDIR names this folder.
copy_plugins() {
	local folder

	folder=$(dot -v -Tcanon <<< 'graph {}' 2>&1 | sed -n 's/^libdir = "\(.*\)"$/\1/p')
	install -D -t "$out/lib/graphviz" "$folder"/libgvplugin_{core,dot_layout}.so.[0-9]
	GVBINDIR=$out/lib/graphviz dot -c
}

copy_terminals() {
	local name

	for name in "${TERMINALS[@]}"; do
		mkdir -p "$out/share/terminfo/${name::1}"
		infocmp -x "$name" | tic -x -o "$out/share/terminfo" -
	done
	# tmux does not start without a character set
	install -D -m 644 -t "$out/lib/locale/C.utf8" /usr/lib/locale/C.utf8/LC_CTYPE
}

is_made && exit
rm -rf "$out"
mkdir -p "$out"
copy_programs
copy_plugins
copy_terminals
touch "$out/made"
