#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# vm.sh - run a command in a virtual machine with ipcport loaded
#
# Needs no root and installs nothing; deps.sh vm and kernels.sh provide what it
# uses. See usage() for how to call it. IPCPORT_ACCEL=kvm uses KVM, which is
# faster where it works; the default, TCG, works everywhere.
set -euo pipefail
export LC_ALL=C

here=$(dirname "$(readlink -f "$0")")
top=$(dirname "$(dirname "$here")")

kernel=6.12 limit=600 memory=1024M cpus=2 append='' log='' module='' interactive=
files=()
command=()
work='' has_started=

# Exit statuses that are not the command's own.
readonly TIMED_OUT=124 DIED=125 CANNOT_START=126

usage() {
	cat << 'END'
usage: vm.sh [OPTION]... -- COMMAND [ARG]...	run COMMAND as root in the guest
       vm.sh [OPTION]... -i			a shell in the guest; exit ends it, or ^A x
  -k KERNEL	6.1, 6.12 or 6.12-rt (6.12)
  -t SECONDS	time limit (600; none with -i)
  -m MEMORY	(1024M)
  -s CPUS	(2)
  -a ARGS	more kernel arguments
  -f FILE[:GUESTPATH]	copy a file or folder into the guest, by default to
		/root/; programs bring their shared libraries along
  -M MODULE	load this instead of build/KERNEL/ipcport.ko; "none" loads nothing
  -l LOG	write the kernel log to this file
Only COMMAND's output is printed. The exit status is COMMAND's (at most 110),
124 if the time ran out, 125 if the guest died, 126 if it could not start.
END
}

die() {
	echo "vm.sh: $*" >&2
	exit $CANNOT_START
}

parse() {
	local option

	while getopts k:t:m:s:a:f:M:l:ih option; do
		case $option in
		k) kernel=$OPTARG ;;
		t) limit=$OPTARG ;;
		m) memory=$OPTARG ;;
		s) cpus=$OPTARG ;;
		a) append=$OPTARG ;;
		f) files+=("$OPTARG") ;;
		M) module=$OPTARG ;;
		l) log=$OPTARG ;;
		i) interactive=y ;;
		h) usage; exit 0 ;;
		*) usage >&2; exit $CANNOT_START ;;
		esac
	done
	shift $((OPTIND - 1))
	command=("$@")
	if [ -n "$interactive" ]; then
		[ $# -eq 0 ] || die "-i is a shell of yours, it takes no command"
		[ -t 0 ] || die "-i needs a terminal"
	else
		[ $# -gt 0 ] || { usage >&2; exit $CANNOT_START; }
	fi
}

# Everything that must be there, one line for what is not.
check_host() {
	local tool

	for tool in qemu-system-x86_64 busybox cpio gcc python3; do
		command -v $tool > /dev/null || die "$tool is missing; run: selftests/vm/deps.sh vm"
	done
	vmlinux=$("$here/kernels.sh" --path "$kernel" vmlinux) || exit $CANNOT_START
	module=${module:-$top/build/$kernel/ipcport.ko}
	[ "$module" = none ] || [ -f "$module" ] ||
		die "$module is missing; run: make module KERNEL=$kernel"
}

# The command line as a line of shell.
quote() {
	local word

	for word in "$@"; do
		printf "'%s' " "${word//\'/\'\\\'\'}"
	done
	echo
}

# The shared libraries of a program, under the same paths in the guest.
add_libraries() {
	local library

	[ "$(head -c 4 "$1" | tr -d '\0')" = $'\177ELF' ] || return 0
	while read -r library; do
		[ -e "$root$library" ] || install -D "$library" "$root$library"
	done < <(ldd "$1" 2> /dev/null | sed -n 's,^.*[[:space:]]\(/[^ ]*\) (0x.*,\1,p')
}

add_file() {
	local from=${1%%:*} to=${1#*:} file

	[ -e "$from" ] || die "$from does not exist"
	[ "$to" != "$1" ] || to=/root/$(basename "$from")
	mkdir -p "$root$(dirname "$to")"
	# a folder can be one that is there, such as /usr
	[ ! -d "$from" ] || { mkdir -p "$root$to"; from=$from/.; }
	cp -rL "$from" "$root$to"
	while read -r file; do
		add_libraries "$file"
	done < <(find "$root$to" -type f -perm /111)
}

# Built once and kept: the program that ends the machine, and the empty DSDT.
helpers() {
	local out=$top/build/vm

	mkdir -p "$out"
	if [ ! "$out/vmexit" -nt "$here/vmexit.c" ]; then
		gcc -O2 -Wall -static -o "$out/vmexit.$$" "$here/vmexit.c"
		mv "$out/vmexit.$$" "$out/vmexit"
	fi
	if [ ! "$out/dsdt.cpio" -nt "$here/emptydsdt.py" ]; then
		python3 "$here/emptydsdt.py" "$out/dsdt.cpio.$$"
		mv "$out/dsdt.cpio.$$" "$out/dsdt.cpio"
	fi
	cp "$out/vmexit" "$root/bin/"
}

# What a shell prints first, its prompt, and what programs ask for that draw on its terminal.
shell_files() {
	printf 'PS1="[vm %s] \\w # "\n' "$kernel" > "$root/vm/profile"
	if infocmp -x "${TERM:-dumb}" > "$work/terminal" 2> /dev/null; then
		mkdir -p "$root/etc/terminfo"
		tic -x -o "$root/etc/terminfo" "$work/terminal"
		printf 'export TERM=%s\n' "${TERM:-dumb}" >> "$root/vm/profile"
	fi
	printf '\nThis is a virtual machine with Linux %s and ipcport.\n"exit" leaves it, and so does Ctrl-a x.\n\n' \
		"$kernel" > "$root/vm/welcome"
	# a terminal that does not know its size says 0
	{ stty size 2> /dev/null || echo 24 80; } |
		sed 's/^0 0$/24 80/; s/\(.*\) \(.*\)/rows \1 cols \2/' > "$root/vm/size"
}

make_root() {
	local applet file

	mkdir -p "$root"/{bin,dev,etc,proc,root,run,sys,tmp,vm}
	cp "$(command -v busybox)" "$root/bin/busybox"
	for applet in $(busybox --list); do
		[ "$applet" = busybox ] || ln -s busybox "$root/bin/$applet"
	done
	printf '%s\n' root:x:0:0:root:/root:/bin/sh nobody:x:65534:65534:nobody:/:/bin/sh \
		> "$root/etc/passwd"
	printf '%s\n' root:x:0: nogroup:x:65534: > "$root/etc/group"
	cp "$here/init" "$root/init"
	helpers
	[ "$module" = none ] || cp "$module" "$root/vm/ipcport.ko"
	for file in "${files[@]}"; do
		add_file "$file"
	done
	if [ -n "$interactive" ]; then
		shell_files
	else
		quote "${command[@]}" > "$root/vm/command"
	fi
}

make_initrd() {
	local root=$work/root

	make_root
	(cd "$root" && find . | cpio --quiet -o -H newc -R 0:0) > "$work/main.cpio"
	cat "$top/build/vm/dsdt.cpio" "$work/main.cpio" > "$work/initrd"
	rm -rf "$root" "$work/main.cpio"
}

# The guest's second serial port is our standard output. The pipe to cat keeps
# QEMU from making a terminal or file that others share non-blocking.
boot() {
	# shellcheck disable=SC2054  # the commas are QEMU's
	local qemu=(qemu-system-x86_64 -M q35 -cpu max -smp "$cpus"
		-accel "${IPCPORT_ACCEL:-"tcg,thread=multi"}"
		-m "$memory" -nodefaults -no-user-config -display none -no-reboot
		-device isa-debug-exit,iobase=0xf4,iosize=4
		-serial "file:$log" -kernel "$vmlinux" -initrd "$work/initrd"
		-append "console=ttyS0 panic=-1 oops=panic $append")

	if [ -n "$interactive" ]; then
		"${qemu[@]}" -serial mon:stdio
	else
		timeout --foreground -k 5 "$limit" "${qemu[@]}" \
			-chardev stdio,id=out,signal=on -serial chardev:out < /dev/null | cat
		return "${PIPESTATUS[0]}"
	fi
}

# QEMU before 8.1 can run code for a moment that the kernel has just patched, an int3. Seldom,
# and before our init runs, the guest dies of that at boot; later it is a failure as any other.
died_of_qemu() {
	grep -q 'Oops: int3' "$log" && ! grep -q 'Run /init as init process' "$log"
}

# Translate QEMU's exit status; vmexit.c has the other half.
verdict() {
	local status=$1

	case $status in
	124|137) echo "vm.sh: no end after $limit seconds" >&2; return $TIMED_OUT ;;
	esac
	[ "$status" -lt 33 ] || [ $((status % 2)) -eq 0 ] || return $(((status - 33) / 2))
	# ^A x, or power off
	[ -z "$interactive" ] || [ "$status" -ne 0 ] || return 0
	[ "$status" -eq 0 ] || die "QEMU failed with status $status"
	echo "vm.sh: the guest died; the end of its log:" >&2
	tail -n 40 "$log" >&2
	return $DIED
}

# A failure before the guest starts must not look like the command's.
clean_up() {
	local status=$?

	rm -rf "$work"
	[ -n "$has_started" ] || [ $status -eq 0 ] || exit $CANNOT_START
}

main() {
	local status=0 tries=3

	trap clean_up EXIT
	# what goes into the guest must be readable there by other users
	umask 022
	parse "$@"
	check_host
	work=$(mktemp -d "${TMPDIR:-/tmp}/ipcport-vm.XXXXXX")
	log=${log:-$work/kernel.log}
	make_initrd
	has_started=y
	boot || status=$?
	while [ "$status" -eq 0 ] && [ $((tries--)) -gt 0 ] && died_of_qemu; do
		echo "vm.sh: QEMU let the guest die before it had started; again" >&2
		boot || status=$?
	done
	verdict $status
}

main "$@"
