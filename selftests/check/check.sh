#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# check.sh [GROUP [KERNEL...]] - run the checks and tests, count them
#
# Groups: build, style, host, model, vm; all of these without one. One line per check,
# the log of each in build/check/. The last line says "N passed, N failed"; the exit
# status is 1 if anything failed. A check that fails does not stop the others.
#
# The group stress is the long form of one test, IPCPORT_STRESS_SECONDS of it on
# each kernel (600), with IPCPORT_STRESS_SEED if it is set.
set -euo pipefail
export LC_ALL=C

here=$(dirname "$(readlink -f "$0")")
top=$(dirname "$(dirname "$here")")
vm=$top/selftests/vm
logs=$top/build/check
all_kernels=(6.1 6.12 6.12-rt)
# the one whose packages deps.sh installs, not another one that may come first in PATH
python=/usr/bin/python3

passed=0 failed=0 skipped=0

# What a virtual machine runs; all programs if none is named.
what=kselftests programs=()

# A line of the report: what, how it went, how long it took.
report() {
	printf '%-4s %-34s %4d s%s\n' "$1" "$2" "$3" "${4:+  $4}"
}

# check NAME COMMAND... - one check, passed if COMMAND succeeds
check() {
	local name=$1 log=$logs/${1//[ \/]/-}.log start=$SECONDS status

	shift
	# not "if (...)", in which bash would not stop at a function's first failure
	set +e
	(set -e; "$@") > "$log" 2>&1
	status=$?
	set -e
	if [ $status = 0 ]; then
		passed=$((passed + 1))
		report ok "$name" $((SECONDS - start))
	else
		failed=$((failed + 1))
		report FAIL "$name" $((SECONDS - start)) "$log:"
		tail -n 25 "$log" | sed 's/^/     | /'
	fi
}

# Compilers and sparse have to be silent; only what says nothing about our code
# may remain.
silently() {
	local out

	out=$("$@" 2>&1) || { echo "$out"; return 1; }
	out=$(grep -v 'Skipping BTF generation' <<< "$out" || true)
	[ -z "$out" ] || { echo "$out"; return 1; }
}

make_module() {
	make -s -j"$(nproc)" module KERNEL="$1" "${@:2}"
}

# Sources of the kernel kind, and the others. Checkpatch knows folders such as
# include/uapi by name, so paths are relative to the top.
kernel_files() {
	find src include -name '*.[ch]' ! -name trace.h | sort
}

tool_files() {
	find tools -name '*.[ch]' | sort
}

test_files() {
	find selftests -name '*.[ch]' | sort
}

# Trace events are written in the form that include/trace/events has, which is
# not that of code.
trace_files() {
	find src -name 'trace.h'
}

# Our macros with arguments make entries of tables, out of constants.
readonly KERNEL_IGNORE=MACRO_ARG_REUSE
readonly TRACE_IGNORE=OPEN_ENDED_LINE,PARENTHESIS_ALIGNMENT

# What only applies inside the kernel is not asked of programs: they have libc's
# types and functions, no ARRAY_SIZE, and messages that are more than one string.
readonly USER_IGNORE=ARRAY_SIZE,AVOID_EXTERNS,CAMELCASE,COMPLEX_MACRO,CONSIDER_KSTRTO,\
EMBEDDED_FUNCTION_NAME,MACRO_ARG_REUSE,MACRO_ARG_UNUSED,NEW_TYPEDEFS,\
PREFER_DEFINED_ATTRIBUTE_MACRO,PREFER_KERNEL_TYPES,SPLIT_STRING,SSCANF_TO_KSTRTO,STRCPY,\
STRING_FRAGMENTS,STRLCPY,STRNCPY,USE_NEGATIVE_ERRNO,VOLATILE

# The harness's way to name a fixture's type, FIXTURE_DATA(x) *self, looks like a
# product; macros that make tests hold several declarations, or return.
readonly TEST_IGNORE=SPACING,MULTISTATEMENT_MACRO_USE_DO_WHILE,MACRO_WITH_FLOW_CONTROL

# checkpatch FILES-FUNCTION [OPTION...]; without its --codespell, which takes
# minutes for what codespell itself does in a second
checkpatch() {
	"$1" | xargs -r -P2 -n8 "$source/scripts/checkpatch.pl" --no-tree --strict --terse \
		--show-types --no-summary "${@:2}" -f
}

kernel_doc() {
	{ kernel_files; trace_files; } | xargs -r "$source/scripts/kernel-doc" -Werror -Wall -none
}

scripts_lint() {
	shellcheck "$vm"/*.sh "$here"/*.sh selftests/model/*.sh .ci/run
	shellcheck -s dash "$vm/init" "$vm/guest.sh" selftests/*_test.sh
	shellcheck -x -P tools/tests tools/completion/ipcport tools/tests/completion_test.sh
}

# The two words are macros of the manual pages.
codespell_all() {
	codespell -S ./build,./.git,./COPYING -L nd,fo .
}

manuals() {
	make -s -C tools
	"$python" "$here/manuals.py" . build/tools/ipcport/ipcport
}

check_build() {
	local kernel

	for kernel in "$@"; do
		check "build $kernel, W=1" silently make_module "$kernel" W=1 KCFLAGS=-Werror
	done
	check "sparse" silently make_module 6.12 W=1 KCFLAGS=-Werror C=2 CF=-D__CHECK_ENDIAN__
	check "clang" silently "$here/clang.sh"
	# -Werror is the Makefile's own
	check "tools" make -j"$(nproc)" tools
}

check_style() {
	check "checkpatch kernel" checkpatch kernel_files --ignore $KERNEL_IGNORE
	check "checkpatch trace events" checkpatch trace_files --ignore $TRACE_IGNORE
	check "checkpatch tools" checkpatch tool_files --ignore $USER_IGNORE
	check "checkpatch selftests" checkpatch test_files --ignore $USER_IGNORE,$TEST_IGNORE
	check "kernel-doc" kernel_doc
	check "codespell" codespell_all
	check "shellcheck" scripts_lint
	check "layers" python3 "$here/layers.py" src
	check "lengths" python3 "$here/lengths.py" .
	check "manuals" silently mandoc -Tlint -W warning man/*
	check "words in documents" python3 "$here/words.py" .
	check "pictures in documents" "$here/pictures.sh"
}

check_host() {
	check "header alone" "$here/header.sh"
	check "header layout 32/64" "$here/layout.sh"
	check "python module and header" "$here/python.sh"
	check "manuals and what they explain" manuals
	check "netlink header and YNL" "$python" "$here/ynl.py" . "$source"
	check "host tests" make -C tools check
}

check_model() {
	check "model of calls" selftests/model/model.sh
}

# The kernel's YNL, the module that it needs, and the description that it reads.
copy_ynl() {
	local ynl=build/selftests/ynl

	rm -rf $ynl
	mkdir -p $ynl/lib $ynl/yaml
	cp docs/ipcport.yaml $ynl
	cp "$source"/tools/net/ynl/lib/*.py $ynl/lib
	cp "$("$python" -c 'import yaml; print(yaml.__path__[0])')"/*.py $ynl/yaml
}

# Build the kselftests once: static, so that the guest needs no libraries. The
# tests of command and examples run among them. The guest also gets a Python, the module
# for it, and programs that tests look at the command with.
build_tests() {
	mkdir -p build/selftests
	rm -f build/selftests/*_test*
	make -s -j"$(nproc)" -C selftests OUTPUT="$top/build/selftests" USERCFLAGS=-Werror \
		USERLDFLAGS=-static all
	find selftests -maxdepth 1 \( -name '*_test.sh' -o -name '*.py' \) \
		-exec install -m 755 -t build/selftests {} +
	make -s -C tools
	install -m 755 -t build/selftests tools/tests/command_test.sh \
		tools/tests/example_test.sh tools/tests/tap.sh
	copy_ynl
	"$vm/python.sh"
	"$vm/programs.sh"
}

# The kselftests on one kernel. The virtual machine's own status matters only
# if it is not one of a finished run; results.py counts the rest.
run_vm() {
	local kernel=$1 status=0

	"$vm/vm.sh" -k "$kernel" -t $((3600 + ${IPCPORT_STRESS_SECONDS:-0})) \
		-l "$logs/vm-$kernel.kernel" \
		-f build/selftests:/root/selftests -f "$vm/guest.sh:/root/guest.sh" \
		-f build/tools/ipcport/ipcport:/bin/ipcport \
		-f build/tools/examples:/root/examples \
		-f build/vm/python:/usr -f build/vm/programs:/usr \
		-f tools/python:/root/python -- \
		env "IPCPORT_STRESS_SECONDS=${IPCPORT_STRESS_SECONDS-}" \
		"IPCPORT_STRESS_SEED=${IPCPORT_STRESS_SEED-}" sh /root/guest.sh "${programs[@]}" \
		> "$logs/vm-$kernel.tap" 2>&1 || status=$?
	echo "# vm $status" >> "$logs/vm-$kernel.tap"
}

check_vm() {
	local kernel start counts status

	check "selftests build" build_tests
	for kernel in "$@"; do
		start=$SECONDS status=0
		echo "...  $what $kernel, in a virtual machine: some minutes"
		make_module "$kernel" > "$logs/vm-$kernel.build" 2>&1 || true
		run_vm "$kernel"
		python3 "$here/results.py" "$logs/vm-$kernel.tap" "$logs/vm-$kernel.kernel" \
			> "$logs/vm-$kernel.log" || status=$?
		counts=$(tail -n 1 "$logs/vm-$kernel.log")
		report "$([ $status = 0 ] && echo ok || echo FAIL)" "$what $kernel" \
			$((SECONDS - start)) "$counts"
		sed '$d; s/^/     | /' "$logs/vm-$kernel.log"
		add_counts "$counts"
	done
}

check_stress() {
	what=stress programs=(call_stress_test)
	export IPCPORT_STRESS_SECONDS=${IPCPORT_STRESS_SECONDS:-600}
	check_vm "$@"
}

# "N passed, N failed, N skipped"
add_counts() {
	local p f s

	read -r p _ f _ s _ <<< "$1"
	passed=$((passed + ${p:-0})) failed=$((failed + ${f:-1})) skipped=$((skipped + ${s:-0}))
}

main() {
	local group=${1:-all} kernels

	cd "$top"
	# somebody's choice for "make module" is not meant for these builds
	unset KDIR
	kernels=("${@:2}")
	[ ${#kernels[@]} -gt 0 ] || kernels=("${all_kernels[@]}")
	"$vm/deps.sh" check
	"$vm/kernels.sh" "${kernels[@]}" 6.12 source
	source=$("$vm/kernels.sh" --path source)
	mkdir -p "$logs"
	case $group in
	all)	check_build "${kernels[@]}"; check_style; check_host; check_model
		check_vm "${kernels[@]}" ;;
	build)	check_build "${kernels[@]}" ;;
	style)	check_style ;;
	host)	check_host ;;
	model)	check_model ;;
	vm)	check_vm "${kernels[@]}" ;;
	stress)	check_stress "${kernels[@]}" ;;
	*)	echo "check.sh: no group called '$group' (build, style, host, model, vm, stress)" >&2
		exit 2 ;;
	esac
	echo "$passed passed, $failed failed$([ $skipped = 0 ] || echo ", $skipped skipped")"
	[ $failed = 0 ]
}

main "$@"
