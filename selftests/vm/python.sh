#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# python.sh - put together the Python for the virtual machine, in build/vm/python
#
# That folder becomes the guest's /usr. It has Debian's interpreter, and the standard
# library as compiled code alone: a guest's CPU is emulated, and would take long to
# compile it. Left out is what no test of ours asks for, so that the guest starts fast.
# Does nothing if all is made already.
set -euo pipefail
export LC_ALL=C

here=$(dirname "$(readlink -f "$0")")
out=$(dirname "$(dirname "$here")")/build/vm/python
# not another one that may come first in PATH
python=/usr/bin/python3

# Folders of the library.
readonly LEFT_OUT=('config-*' ctypes curses dbm dist-packages distutils email ensurepip html
	http idlelib lib2to3 lib-dynload pydoc_data site-packages sqlite3 test tkinter turtledemo
	unittest venv wsgiref xml xmlrpc zoneinfo)

# Extension modules that bring no library with them but those of the interpreter.
copy_extensions() {
	local file

	for file in "$1"/lib-dynload/*.so; do
		if [[ $file != *test* && $file != *_codecs_* ]] &&
		   ! ldd "$file" | grep -qvF -f "$out/libraries"; then
			cp "$file" "$2/lib-dynload/"
		fi
	done
}

# The sources go after they were compiled, for wherever they would have been found.
compile() {
	"$python" -I -m compileall -qq -b --invalidation-mode unchecked-hash \
		-s "$1" -p "$2" "$1"
	find "$1" -name '*.py' -delete
}

main() {
	local stdlib version

	[ -x "$python" ] || {
		echo "python.sh: $python is missing; run: selftests/vm/deps.sh vm" >&2
		exit 1
	}
	stdlib=$("$python" -I -c 'import os; print(os.path.dirname(os.__file__))')
	version=$(basename "$stdlib")
	[ ! "$out/made" -nt "$python" ] || [ ! "$out/made" -nt "$0" ] || return 0
	rm -rf "$out"
	mkdir -p "$out/bin" "$out/lib/$version/lib-dynload"
	cp -L "$python" "$out/bin/python3"
	{ ldd "$python" | sed 's/^[[:space:]]*\([^ ]*\).*/\1/'; echo "statically linked"; } \
		> "$out/libraries"
	(cd "$stdlib" && tar -c "${LEFT_OUT[@]/#/--exclude=./}" --exclude=__pycache__ .) |
		tar -x -C "$out/lib/$version"
	copy_extensions "$stdlib" "$out/lib/$version"
	compile "$out/lib/$version" "$stdlib"
	rm "$out/libraries"
	touch "$out/made"
}

main
