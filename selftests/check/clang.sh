#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# clang.sh - compile the module with clang, warnings are errors
#
# Debian's headers remember gcc, so clang gets a kernel tree of its own: Debian's
# configuration, put through clang's Kconfig and prepared for modules. That takes
# half a minute and stays in the cache. Symbols come from Debian's headers.
set -euo pipefail
export LC_ALL=C

top=$(dirname "$(dirname "$(dirname "$(readlink -f "$0")")")")
kernels=$top/selftests/vm/kernels.sh
readonly SUFFIX=-14

# Options that need tools or keys that a compile check does without.
prepare() {
	local source=$1 config=$2 out=$3

	mkdir -p "$out"
	cp "$config" "$out/.config"
	"$source/scripts/config" --file "$out/.config" \
		-d DEBUG_INFO_BTF -d MODULE_SIG -d GCC_PLUGINS -d RUST
	make -s -C "$source" O="$out" LLVM=$SUFFIX olddefconfig
	make -s -j2 -C "$source" O="$out" LLVM=$SUFFIX modules_prepare
	# modpost warns if there is none; the symbols are given to it separately
	touch "$out/Module.symvers"
}

# The tree knows its own path, so it is made where it will stay; a stamp says
# that it is whole. Its configuration gives warnings that are not ours.
prepared() (
	out=$1 source=$2 headers=$3
	mkdir -p "$(dirname "$out")"
	exec 9> "$out.lock"
	flock 9
	[ ! -e "$out/.complete" ] || exit 0
	rm -rf "$out"
	prepare "$source" "$headers/.config" "$out" > "$out.log" 2>&1
	touch "$out/.complete"
)

main() {
	local source headers out

	source=$("$kernels" --path source)
	headers=$("$kernels" --path 6.12 headers)
	out=$(dirname "$source")
	out=$(dirname "$(dirname "$out")")/clang$SUFFIX/$(basename "$out")
	prepared "$out" "$source" "$headers"
	KDIR=$out "$top/selftests/vm/module.sh" clang -s -j"$(nproc)" LLVM=$SUFFIX W=1 KCFLAGS=-Werror \
		KBUILD_EXTRA_SYMBOLS="$headers/Module.symvers"
}

main
