#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# python.sh - the Python module agrees with the header: structures, numbers, constants
#
# The module's own tables are turned into a C program that does not compile if anything
# in them is wrong. What the header has and the module does not is listed here.
set -euo pipefail
export LC_ALL=C

top=$(dirname "$(dirname "$(dirname "$(readlink -f "$0")")")")
include=$top/include/uapi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# the one that Debian's programs use, not another one that may come first in PATH
python=/usr/bin/python3

# What a program in Python has no use for: delivery is two structures there, "timeout=0"
# stands for NONBLOCK, and nobody can prepare an io_uring.
structures='struct ipcport_(delivery|uring_call)'
readonly UNKNOWN="^($structures|IPCPORT_(SEND|RECV|CALL|REPLY_RECV)_F_NONBLOCK|IPCPORT_IOC_TYPE)$"

# An assertion in C for each thing that the module knows.
assertions() {
	PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$top/tools/python "$python" - << 'END'
import struct

import ipcport


def equal(left, right):
    print(f'_Static_assert({left} == {right}, "{left} is {right}");')


def structure(argument):
    name = f"struct ipcport_{argument.name}"
    equal(f"sizeof({name})", argument.struct.size)
    formats = "="
    for member, kind in argument.members:
        of_member = f"(({name} *)0)->{member}"
        equal(f"offsetof({name}, {member})", struct.calcsize(formats))
        equal(f"sizeof({of_member})", struct.calcsize("=" + kind))
        if not kind.endswith("s"):
            equal(f"((__typeof__({of_member}))-1 < 0)", int(kind.islower()))
        formats += kind


for name, value in vars(ipcport).items():
    if name.isupper() and not name.startswith("_") and isinstance(value, int):
        equal(f"IPCPORT_{name}", value)
    elif isinstance(value, ipcport.Structure):
        structure(value)
    elif isinstance(value, ipcport.Ioctl):
        structure(value.argument)
        equal(f"IPCPORT_IOC_{value.name}", f"{value.number}u")
equal("sizeof(struct ipcport_delivery)", ipcport.Delivery.SIZE)
equal("offsetof(struct ipcport_delivery, info)", ipcport.Delivery.SIZE // 2)
END
}

# What the header defines.
defined() {
	sed -nE -e 's/^(struct ipcport_[a-z_]*) \{.*/\1/p' \
		-e 's/^#define (IPCPORT_[A-Z0-9_]*)[[:space:]].*/\1/p' "$include/linux/ipcport.h"
}

{
	printf '#include <stddef.h>\n#include <linux/ipcport.h>\n'
	assertions
} > "$work/python.c"
nr=$(grep -c '^_Static_assert' "$work/python.c")
[ "$nr" -gt 300 ] || { echo "no more than $nr things are known"; exit 1; }
gcc -std=c11 -Wall -Werror -I"$include" -fsyntax-only "$work/python.c"

status=0
while read -r word; do
	[[ ! $word =~ $UNKNOWN ]] || continue
	grep -qwF "$word" "$work/python.c" || { echo "$word is not in ipcport.py"; status=1; }
done < <(defined)
[ $status -ne 0 ] || echo "$nr things are the same"
exit $status
