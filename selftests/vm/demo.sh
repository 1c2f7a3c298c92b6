#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# demo.sh - "ipcport demo" in the virtual machine, on a real text of this machine
set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
top=$(dirname "$(dirname "$here")")
readonly MIN_BYTES=30720

# The first text that is long enough; the licences come with every Debian.
text() {
	find /usr/share/common-licenses/GPL-3 /usr/share/common-licenses /usr/share/perl \
		/usr/share/doc "$top" -type f -size +$((MIN_BYTES / 1024))k \
		! -name '*.gz' -print -quit 2> /dev/null
}

file=$(text || true)
[ -n "$file" ] || { echo "demo.sh: no text of $MIN_BYTES bytes on this machine" >&2; exit 1; }
echo "Booting Linux $("$here/kernels.sh" --path 6.12 release) in a virtual machine."
echo "The text is $file, $(stat -c %s "$file") bytes."
"$here/vm.sh" -k 6.12 -t 300 -l "$top/build/demo.kernel" \
	-f "$top/build/tools/ipcport/ipcport:/bin/ipcport" -f "$file:$file" \
	-- ipcport demo "$file"
