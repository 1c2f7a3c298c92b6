#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# module.sh NAME [MAKE-ARGUMENT...] - build ipcport.ko in build/NAME
#
# NAME is a kernel of kernels.sh, or "host" for the running one. KDIR=... is the
# build tree of another kernel, for whatever NAME.
set -euo pipefail

top=$(dirname "$(dirname "$(dirname "$(readlink -f "$0")")")")
name=$1
out=$top/build/$name

build_tree() {
	if [ -n "${KDIR-}" ]; then
		echo "$KDIR"
	elif [ "$name" = host ]; then
		echo "/lib/modules/$(uname -r)/build"
	else
		"$top/selftests/vm/kernels.sh" "$name" >&2
		"$top/selftests/vm/kernels.sh" --path "$name" headers
	fi
}

# Kbuild cannot keep objects apart from sources before 6.13, so each kernel gets
# a tree of links to the sources. Links whose source is gone are removed.
link_sources() {
	mkdir -p "$out"
	cp -rsf "$top/Kbuild" "$top/src" "$top/include" "$out/"
	find -L "$out" -type l -delete
}

kdir=$(build_tree)
[ -e "$kdir/Makefile" ] || {
	echo "no kernel headers in $kdir: install linux-headers-$(uname -r), or build for" \
		"a packaged kernel: make module KERNEL=6.12" >&2
	exit 1
}
link_sources
"${MAKE:-make}" --no-print-directory -C "$kdir" M="$out" "${@:2}" modules
