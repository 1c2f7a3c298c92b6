#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# host_test.sh - what command and library files promise where there is no module
#
# Expects BUILD, the folder that the Makefile builds into; CC and CXX choose compilers.

# Conditions reach "check" as words; single quotes are for other shells.
# shellcheck disable=SC2016,SC2317
# shellcheck source=tap.sh
. ./tap.sh

ipcport=$BUILD/ipcport/ipcport
header=../lib/ipcport.h
uapi=../../include/uapi
commands="create send recv call serve exec stat ls show waits graph watch top bind unbind destroy demo version"

compiles() {
	echo '#include <ipcport.h>' | "$@" -Wall -Wextra -Wpedantic -Werror -isystem "$uapi" \
		-I ../lib -fsyntax-only -
}

# A header that a system keeps in its folders must not even rely on warnings being off.
test_header() {
	check "header compiles as C99" compiles "${CC:-cc}" -x c -std=c99
	check "header compiles as C11" compiles "${CC:-cc}" -x c -std=c11
	command -v "${CXX:-c++}" > /dev/null || return
	check "header compiles as C++11" compiles "${CXX:-c++}" -x c++ -std=c++11
	check "header compiles as C++20" compiles "${CXX:-c++}" -x c++ -std=c++20
}

declared() { sed -n 's/^[a-z].*\(ipcport_[a-z_]*\)(.*/\1/p' "$header" | sort; }
exported() {
	nm -D --defined-only "$BUILD/lib/libipcport.so" | sed -n 's/.* T \(ipcport_[a-z_]*\)@@.*/\1/p' |
		sort
}
same() { [ -n "$1" ] && [ "$1" = "$2" ]; }
all_versioned() { [ "$(nm -D --defined-only "$BUILD/lib/libipcport.so" | grep -vc '@@IPCPORT_0.1$\| A IPCPORT_0.1$')" -eq 0 ]; }
soname() { readelf -d "$BUILD/lib/libipcport.so" | sed -n 's/.*soname: \[\(.*\)\]/\1/p'; }

test_shared_library() {
	check "the library exports what the header declares, no more" same "$(declared)" "$(exported)"
	check "every symbol has the version IPCPORT_0.1" all_versioned
	check "the soname is libipcport.so.0" same "$(soname)" libipcport.so.0
	check "the file is libipcport.so.0.1.0" test -f "$BUILD/lib/libipcport.so.0.1.0"
}

# A program of a stranger, who has only what "make install" gave him.
test_install() {
	root=$work/root
	export PKG_CONFIG_PATH="$root/usr/lib/pkgconfig" PKG_CONFIG_SYSROOT_DIR="$root"

	run make -s -C .. O="$BUILD" DESTDIR="$root" PREFIX=/usr install
	check "make install" exits 0
	for file in bin/ipcport include/ipcport.h include/linux/ipcport.h \
		    include/linux/ipcport_netlink.h lib/libipcport.a lib/libipcport.so \
		    lib/pkgconfig/libipcport.pc lib/udev/rules.d/60-ipcport.rules \
		    lib/python3/dist-packages/ipcport.py share/ipcport/ipcport.yaml \
		    share/bash-completion/completions/ipcport share/man/man3/libipcport.3 \
		    share/man/man4/ipcport.4 share/man/man7/ipcport.7 share/man/man8/ipcport.8; do
		check "installs $file" test -e "$root/usr/$file"
	done
	check "pkg-config knows the version" same "$(pkg-config --modversion libipcport)" 0.1.0
	printf '#include <ipcport.h>\n#include <stdio.h>\nint main(void) {\n%s\n}\n' \
		'return puts(ipcport_library_version()) < 0 || ipcport_open() >= 0;' > "$work/user.c"
	# shellcheck disable=SC2046  # these are several words
	run "${CC:-cc}" -o "$work/user" "$work/user.c" \
		$(pkg-config --cflags --libs --define-variable=prefix=/usr libipcport)
	check "a program compiles with what pkg-config says" exits 0
	run env LD_LIBRARY_PATH="$root/usr/lib" "$work/user"
	check "the program runs with the shared library" prints 0.1.0
}

# A kernel's tree that knows its release, where the module went.
make_kernel() {
	modules=$root/lib/modules/6.99
	mkdir -p "$work/kernel" "$modules/updates"
	printf 'kernelrelease:\n\t@echo 6.99\n' > "$work/kernel/Makefile"
	echo x | tee "$modules/updates/ipcport.ko" > "$modules/updates/other.ko"
}

left() { (cd "$root" && find . ! -type d && find . -name ipcport); }

# After test_install.
test_uninstall() {
	echo x > "$root/usr/share/ipcport/other"
	make_kernel
	run make -s -C ../.. O="$BUILD" DESTDIR="$root" PREFIX=/usr KDIR="$work/kernel" uninstall
	check "make uninstall" exits 0
	check "it leaves only what others put there" same "$(left | sort)" \
		"$(printf '%s\n' ./lib/modules/6.99/updates/other.ko ./usr/share/ipcport \
			./usr/share/ipcport/other)"
	rm "$root/usr/share/ipcport/other"
	for time in first second; do
		run make -s -C .. O="$BUILD" DESTDIR="$root" PREFIX=/usr uninstall
		check "make uninstall of the tools, a $time time" exits 0
		check "the $time time leaves nothing" same "x$(left)" \
			x./lib/modules/6.99/updates/other.ko
	done
}

has_line() { printf '%s\n' "$stderr" | grep -qxF "$1"; }

missing_library="tools: false does not find json-c (Debian: apt-get install pkg-config libjson-c-dev)"

test_missing_library() {
	run make -s -C .. O="$work/build" PKG_CONFIG=false "$work/build/ipcport/ipcport"
	check "make fails where a library is missing" exits 2
	check "it names library and package" has_line "$missing_library"
	check "it compiles nothing before" test ! -e "$work/build"
}

test_help() {
	for name in $commands; do
		run "$ipcport" "$name" --help
		check "$name --help exits with 0" exits 0
		check "$name --help says how it is called" mentions "Usage: ipcport $name"
		check "$name --help says nothing on stderr" same x "x$stderr"
		long=$stdout
		run "$ipcport" "$name" -h
		check "$name -h is the same" prints "$long"
		run "$ipcport" help "$name"
		check "help $name is the same" prints "$long"
		run "$ipcport" help
		check "help lists $name" mentions "  $name "
	done
	run "$ipcport" --help
	check "--help exits with 0" exits 0
}

# Sockets of this kind keep apart what was written in several parts.
first_write() {
	/usr/bin/python3 -c 'if True:
		import socket, subprocess, sys
		ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
		subprocess.run(sys.argv[1:], stderr=its)
		print(ours.recv(4096).decode(), end="")' "$@"
}

test_messages() {
	run first_write "$ipcport" bogus
	check "a message is written at once" prints \
		"ipcport: there is no command 'bogus'; see 'ipcport help'"
	run first_write "$ipcport" ls --bogus
	check "so is what getopt says" prints "ipcport ls: unrecognized option '--bogus'"
}

# usage NAME ARGUMENT...: the command line is wrong, and nothing is printed on stdout
usage() {
	what=$1
	shift
	run "$ipcport" "$@"
	check "$what: exit status 2" exits 2
	check "$what: nothing on stdout" same x "x$stdout"
}

test_usage_errors() {
	usage "no command"
	usage "unknown command" bogus
	usage "help for an unknown command" help bogus
	for name in $commands; do
		usage "$name, unknown option" "$name" --bogus
	done
	for name in send recv call serve stat bind unbind destroy; do
		usage "$name without port" "$name"
		usage "$name with port 0" "$name" 0
		usage "$name with a port beyond 64 bits" "$name" 18446744073709551616
		usage "$name with an empty name" "$name" ''
		usage "$name with a name of 64 bytes" "$name" "$(printf '%063dx' 0)"
	done
	usage "destroy with a tab in the name" destroy "$(printf 'a\tb')"
	check "the hint names the command's help" complains \
		"ipcport: 'a	b' is neither the number nor the name of a port; see 'ipcport destroy --help'"
	usage "create, capacity 0" create --capacity 0
	usage "create, capacity beyond 32 bits" create --capacity 4294967296
	usage "create, mode with execute bits" create --mode 0777
	usage "create, mode 0" create --mode 0
	usage "create, a number for a name" create --name 12
	usage "create, empty name" create --name ''
	usage "send, text too long" send 1 "$(printf '%049d' 0)"
	usage "send, timeout without number" send --timeout soon 1 x
	usage "send, type beyond 32 bits" send --type 4294967296 1 x
	usage "recv, count 0" recv --count 0 1
	usage "recv, negative timeout" recv --timeout -1 1
	usage "recv, stream and JSON" recv --stream --json 1
	usage "recv, two ports" recv 1 2
	usage "call, text too long" call 1 "$(printf '%049d' 0)"
	usage "call, a later text too long" call 1 x "$(printf '%049d' 0)"
	usage "call, timeout without number" call --timeout soon 1 x
	usage "call, type beyond 32 bits" call --type 4294967296 1 x
	usage "serve without command" serve 1
	usage "serve without command, behind --" serve 1 --
	usage "serve, new port without command" serve --create
	usage "serve, option behind the port" serve 1 --raw cat
	usage "serve, count 0" serve --count 0 1 cat
	usage "serve, capacity of an old port" serve --capacity 1 1 cat
	usage "serve, mode of an old port" serve --mode 0600 1 cat
	usage "serve, name of an old port" serve --name new 1 cat
	usage "serve, a number for a name" serve --create --name 12 cat
	usage "serve, wait for a new port" serve --create --wait cat
	for name in send recv call serve; do
		usage "$name, wait for a number" "$name" --wait 1 x
		check "$name, wait for a number: it says how to write a time" complains \
			"ipcport: --wait needs a name, '1' is a number; a time goes with \"=\": --wait=1; \
see 'ipcport $name --help'"
		usage "$name, wait without number" "$name" --wait=soon name x
	done
	usage "exec without handles" exec -- true
	usage "exec without command" exec --send 1
	usage "exec, port 0" exec --send 0 true
	usage "exec, empty name" exec --recv '' true
	usage "exec, badge 0" exec --badge 0 --send 1 true
	usage "exec, a word for a badge" exec --badge red --send 1 true
	# shellcheck disable=SC2046  # these are several words
	usage "exec, more handles than it can have" exec $(printf -- '--send 1 %.0s' $(seq 65)) true
	usage "bind without name" bind 1
	usage "bind, a number for a name" bind 1 12
	usage "bind, two names" bind 1 a b
	usage "unbind, two ports" unbind 1 2
	usage "serve, capacity 0" serve --create --capacity 0 cat
	usage "serve, mode 0" serve --create --mode 0 cat
	usage "stat, two ports" stat 1 2
	usage "destroy, two ports" destroy 1 2
	usage "ls, argument" ls 1
	usage "show, port 0" show 0
	usage "show, empty name" show ''
	usage "show, two ports" show 1 2
	usage "show, all users of a port" show --all 1
	usage "waits, process 0" waits 0
	usage "waits, a word for a process" waits init
	usage "waits, two processes" waits 1 2
	usage "graph, argument" graph 1
	usage "graph, two formats" graph --svg --json
	usage "watch, argument" watch 1
	usage "top, argument" top 1
	usage "top, no delay" top --delay 0
	usage "top, count 0" top --count 0
	usage "top, unknown sort key" top --sort colour
	usage "watch, count 0" watch --count 0
	usage "watch, a word for a count" watch --count many
	usage "version, argument" version 1
	usage "demo, two files" demo a b
}

missing="ipcport: there is no /dev/ipcport (ENOENT): is the module loaded?"

missing_family="ipcport: there is no netlink family ipcport (ENOENT): is the module loaded?"

# no_module NAME ARGUMENT...: one clear line, status 2
no_module() {
	what=$1
	shift
	run "$ipcport" "$@"
	check "$what without module: exit status 2" exits 2
	check "$what without module: says so in one line" complains "$missing"
	check "$what without module: nothing on stdout" same x "x$stdout"
}

# The same for those that use netlink.
test_no_family() {
	missing=$missing_family
	no_module ls ls --json
	no_module show show
	no_module "show of all users" show --all
	no_module "show of a port" show 1
	no_module "show of a name" show --json name
	no_module waits waits --json
	no_module "waits of a process" waits 1
	no_module graph graph --busy --svg
	no_module top top
	no_module "top with JSON" top --json --delay 0.5
	no_module watch watch --ports --count 1
}

test_no_module() {
	no_module create create
	no_module "create with command" create -- true
	no_module send send 1 hello
	no_module "send of 48 bytes" send 1 "$(printf '%048d' 0)"
	no_module "send of split text" send --split 1 "$(printf '%0100d' 0)"
	no_module recv recv --timeout 0.5 1
	no_module call call --timeout 0.5 1 hello
	no_module serve serve 1 -- cat
	no_module "serve with a new port" serve --create --capacity 3 --mode 0622 cat
	no_module exec exec --badge 1 --send 1 --recv name --wait=1 -- true
	no_module "send to a name" send --wait=0.5 name hello
	no_module stat stat --json 1
	no_module bind bind 1 name
	no_module unbind unbind name
	no_module destroy destroy 18446744073709551615
	no_module demo demo
	run "$ipcport" version
	check "version without module: exit status 2" exits 2
	check "version without module: says so in one line" complains "$missing"
	check "version without module: the other versions" prints "command    0.1.0
library    0.1.0"
	run "$ipcport" version --json
	check "version --json without module: exit status 2" exits 2
	check "version --json without module" prints \
		'{"command":"0.1.0","library":"0.1.0","module":null}'
}

test_programs() {
	input=/dev/null
	"$ipcport" help > /dev/full 2> "$work/stderr"
	status=$?
	check "output that does not arrive is a failure" exits 1
}

test_header
test_shared_library
test_install
test_uninstall
test_missing_library
test_help
test_messages
test_usage_errors
if [ -e /dev/ipcport ]; then
	echo "# /dev/ipcport is here: what happens without it is not tested"
else
	test_no_module
	test_no_family
fi
test_programs
finish
