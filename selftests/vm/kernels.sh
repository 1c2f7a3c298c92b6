#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# kernels.sh [--update] [NAME...]	fetch and unpack; NAME is 6.1, 6.12, 6.12-rt or source
# kernels.sh --path NAME WHAT		print a path; WHAT is headers, vmlinux, release or modules
# kernels.sh --path source		print the path of the unpacked kernel source
#
# Debian's packaged kernels, their headers and one kernel source, unpacked into
# a cache and never installed: ${IPCPORT_CACHE:-~/.cache/ipcport}/NAME/VERSION.
# What is in the cache is used as it is, without the network; --update looks
# for a newer version. Works as an ordinary user; only empty package lists
# need root, to fill them.
set -euo pipefail
export LC_ALL=C

cache=${IPCPORT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/ipcport}
part=

die() {
	echo "kernels.sh: $*" >&2
	exit 1
}

say() {
	echo "kernels: $*" >&2
}

# The meta packages of a kernel: image, then headers.
meta_packages() {
	case $1 in
	6.1)	 echo linux-image-amd64 linux-headers-amd64 ;;
	6.12)	 echo linux-image-6.12-amd64 linux-headers-6.12-amd64 ;;
	6.12-rt) echo linux-image-6.12-rt-amd64 linux-headers-6.12-rt-amd64 ;;
	*)	 die "no kernel called '$1' (6.1, 6.12, 6.12-rt, source)" ;;
	esac
}

# The packages that PACKAGE depends on and whose name starts with linux-PREFIX.
depends() {
	apt-cache depends "$1" | sed -n "s/^ *Depends: \(linux-$2.*\)\$/\1/p"
}

version() {
	apt-cache policy "$1" | sed -n 's/^ *Candidate: //p'
}

# apt-get download needs package lists, which a fresh machine may not have.
# "Have" means that the package we are after is in them.
need_lists() {
	! version "$1" | grep -qv '(none)' || return 0
	say "reading the package lists"
	if [ "$(id -u)" -eq 0 ]; then
		apt-get -qq -o Acquire::Retries=3 update
	elif command -v sudo > /dev/null; then
		sudo apt-get -qq -o Acquire::Retries=3 update
	else
		die "package lists are empty; as root, run: apt-get update"
	fi
	version "$1" | grep -qv '(none)' || die "no package '$1' in the package lists"
}

# Newest complete version of NAME in the cache, or nothing.
cached() {
	find "$cache/$1" -mindepth 1 -maxdepth 1 -type d ! -name '.*' 2>/dev/null |
		sort -V | tail -1
}

# Download packages into $part/debs and unpack them into $part. Where apt's own
# download user cannot write here, apt says so and goes on as root.
fetch() {
	local deb

	mkdir -p "$part/debs"
	(cd "$part/debs" && apt-get -q -o Acquire::Retries=3 download "$@" 2>&1) |
		sed -un 's/^Get:[0-9]* .* \(linux-[^ ]*\) .*\[\(.*\)\]$/kernels: downloading \1, \2/p' >&2
	for deb in "$part"/debs/*.deb; do
		say "unpacking $(basename "$deb")"
		dpkg -x "$deb" "$part"
	done
	rm -rf "${part:?}/debs"
}

# vmlinuz to vmlinux, which boots faster (no 16-bit setup, no decompression in
# the guest) through its PVH entry. The setup header says where the compressed
# kernel is; its last four bytes are the size, appended by the kernel's build.
extract_vmlinux() {
	local sectors start length unpack

	sectors=$(od -An -tu1 -j $((0x1f1)) -N1 "$1")
	start=$(od -An -tu4 -j $((0x248)) -N4 "$1")
	start=$(((sectors + 1) * 512 + start + 1))
	length=$(($(od -An -tu4 -j $((0x24c)) -N4 "$1") - 4))
	case $(tail -c +$start "$1" | od -An -tx4 -N4) in
	*fd2fb528) unpack="zstd -dcq" ;;
	*587a37fd) unpack="xz -dc" ;;
	*)	   die "$1 is compressed in a way not known here" ;;
	esac
	dd if="$1" iflag=skip_bytes,count_bytes skip=$((start - 1)) count=$length \
		bs=1M status=none | $unpack > "$2"
}

# The header packages refer to /usr by absolute path: point them at $2, where
# they will stand, instead.
relocate_headers() {
	local headers=$1 final=$2

	sed -i "s,^include /usr/src/,include $final/usr/src/," "$headers/Makefile"
}

# Of an image keep vmlinux, and the one module that benchmarks compare with.
prune_image() {
	local release=$1 binder

	binder=$(find "$part/lib/modules/$release" -name 'binder_linux.ko*' | head -1)
	mkdir "$part/modules"
	[ -z "$binder" ] || mv "$binder" "$part/modules/"
	xz -dq "$part"/modules/*.xz 2>/dev/null || true
	rm -rf "${part:?}/lib" "${part:?}/boot" "${part:?}/usr/share"
}

get_kernel() {
	local final=$1 image=$2 headers=$3 more release

	release=${image#linux-image-}
	mapfile -t more < <(depends "$headers" 'headers-.*-common'; depends "$headers" kbuild-)
	fetch "$image" "$headers" "${more[@]}"
	say "extracting vmlinux of $release"
	extract_vmlinux "$part/boot/vmlinuz-$release" "$part/vmlinux"
	relocate_headers "$part/usr/src/linux-headers-$release" "$final"
	echo "$release" > "$part/release"
	prune_image "$release"
}

# The source is for checkpatch, kernel-doc, the kselftest library and the clang
# build; none of them reads drivers or other architectures, which are most of it.
get_source() {
	local tarball

	fetch linux-source-6.12
	tarball=$(find "$part/usr/src" -name 'linux-source-*.tar.xz')
	say "unpacking the kernel source (a quarter of a minute)"
	mkdir "$part/tree"
	tar -xJf "$tarball" -C "$part/tree" --strip-components=1 --anchored \
		--wildcards --exclude='*/drivers/*.[ch]' --exclude='*/sound/*.[ch]' \
		--exclude='*/Documentation/devicetree' --exclude='*.dts*'
	rm -rf "${part:?}/usr"
}

# Build one cache entry in a folder of its own and move it into place when it is
# whole, so that neither ^C nor a second run can leave or see half of one.
make_entry() {
	local name=$1 image=$2 headers=${3-} v final

	v=$(version "$image")
	final=$cache/$name/$v
	[ ! -d "$final" ] || return 0
	rm -rf "$cache/$name"/.part.*
	part=$(mktemp -d "$cache/$name/.part.XXXXXX")
	trap 'rm -rf "$part"' EXIT
	chmod 755 "$part"
	if [ "$name" = source ]; then
		get_source
	else
		get_kernel "$final" "$image" "$headers"
	fi
	mv -T "$part" "$final"
	trap - EXIT
	say "$name is in $final"
}

# Bring one NAME into the cache unless it is there. The lock makes a second run
# wait for the first and then find its result.
provide() (
	update=$1 name=$2
	[ "$name" = source ] || meta_packages "$name" > /dev/null
	[ -n "$update" ] || [ -z "$(cached "$name")" ] || exit 0
	mkdir -p "$cache/$name"
	exec 9> "$cache/$name/.lock"
	flock -n 9 || { say "waiting for another run to fetch $name"; flock 9; }
	[ -n "$update" ] || [ -z "$(cached "$name")" ] || exit 0
	if [ "$name" = source ]; then
		need_lists linux-source-6.12
		make_entry source linux-source-6.12
	else
		read -r image headers < <(meta_packages "$name")
		need_lists "$image"
		make_entry "$name" "$(depends "$image" image-)" "$(depends "$headers" headers-)"
	fi
)

print_path() {
	local name=${1-} what=${2-} dir

	case $name in
	6.1|6.12|6.12-rt|source) ;;
	*) die "no kernel is called '$name' here; there are 6.1, 6.12 and 6.12-rt" ;;
	esac
	# find fails where there is nothing yet
	dir=$(cached "$name") || true
	[ -n "$dir" ] || die "'$name' is not in the cache; run: selftests/vm/kernels.sh $name"
	case $name/$what in
	source/)   echo "$dir/tree" ;;
	*/headers) echo "$dir/usr/src/linux-headers-$(cat "$dir/release")" ;;
	*/vmlinux) echo "$dir/vmlinux" ;;
	*/modules) echo "$dir/modules" ;;
	*/release) cat "$dir/release" ;;
	*)	   die "usage: --path NAME headers|vmlinux|release|modules, --path source" ;;
	esac
}

main() {
	local update='' name

	case ${1-} in
	--path)	  shift; print_path "$@"; return ;;
	--update) update=y; shift ;;
	esac
	for name in "${@:-6.12}"; do
		provide "$update" "$name"
	done
}

main "$@"
