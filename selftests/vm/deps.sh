#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# deps.sh [GROUP...] - install the Debian packages that a part of the build needs
#
# Groups: build (module and tools), vm (boot a kernel), model (SPIN), docs (draw the
# pictures), check (everything that make check runs). Without a group: build. Says
# nothing and touches nothing when all is there. Needs root, or sudo.
set -euo pipefail
export LC_ALL=C

# Packages of one group. A kernel's build tools are linked against libelf and
# OpenSSL; pahole is called by every module build on 6.12.
group() {
	local build="gcc gcc-12 libc6-dev make bc libelf1 libssl3 pahole kmod \
		pkg-config libjson-c-dev libmd-dev libmnl-dev libncurses-dev"

	case $1 in
	build)	echo "$build" ;;
	vm)	echo "$build qemu-system-x86 busybox-static cpio xz-utils zstd python3" ;;
	model)	echo "gcc libc6-dev spin" ;;
	docs)	echo "graphviz" ;;
	check)	echo "$(group vm) $(group model) sparse codespell shellcheck perl" \
		     "clang-14 lld-14 llvm-14 gcc-multilib g++-multilib g++ flex bison" \
		     "libelf-dev libssl-dev libcmocka-dev liburing-dev mandoc" \
		     "bash-completion procps tmux graphviz python3-yaml python3-jsonschema" ;;
	*)	echo "deps.sh: no group called '$1' (build, vm, model, docs, check)" >&2; return 2 ;;
	esac
}

# Those of the given packages that dpkg does not know as installed.
missing() {
	local have

	have=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null |
		sed -n 's/^installed //p' || true)
	comm -23 <(printf '%s\n' "$@" | sort -u) <(sort -u <<< "$have") | xargs
}

# How to become root: nothing when we are, sudo where it exists.
as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	else
		sudo "$@"
	fi
}

can_be_root() {
	[ "$(id -u)" -eq 0 ] || command -v sudo > /dev/null
}

install_packages() {
	echo "deps: installing $*"
	echo "deps: reading the package lists"
	as_root apt-get -qq -o Acquire::Retries=3 update
	as_root env DEBIAN_FRONTEND=noninteractive DEBCONF_NOWARNINGS=yes apt-get -q -y \
		-o Acquire::Retries=3 -o Dpkg::Use-Pty=0 -o Dpkg::Progress-Fancy=0 \
		install --no-install-recommends "$@" |
		awk '/^(Need to get|After this|Fetched)/ { print "deps: " $0 }
			/^Setting up/ && ++count % 25 == 0 { print "deps: " count " packages set up" }
			{ fflush() }'
	echo "deps: done"
}

main() {
	local packages want

	command -v dpkg-query > /dev/null || {
		echo "deps.sh: this is not a Debian system; packages needed: $(group check)" >&2
		return 1
	}
	packages=$(for g in "${@:-build}"; do group "$g" || exit; done)
	# word splitting is meant: package names have no blanks
	# shellcheck disable=SC2086
	want=$(missing $packages)
	[ -n "$want" ] || return 0
	can_be_root || {
		echo "deps.sh: packages are missing; as root, run: apt-get update && apt-get install $want" >&2
		return 1
	}
	# shellcheck disable=SC2086
	install_packages $want
}

main "$@"
