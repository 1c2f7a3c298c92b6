#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""emptydsdt.py OUT: an initramfs piece that replaces the machine's ACPI code by nothing

QEMU's q35 brings a DSDT whose interpretation takes a guest without KVM seconds.
Linux lets an uncompressed cpio in front of the initramfs replace it. The static
tables (CPUs, timers) stay; only PCI devices vanish, and nothing here needs any.
One object remains, \\_S5, which is what power off looks for.
"""

import struct
import sys

TABLE = "kernel/firmware/acpi/dsdt.aml"


def dsdt():
    """The table: a header whose checksum makes all bytes add up to 0, and \\_S5."""
    code = b"\x08_S5_" + b"\x12\x06\x04\x00\x00\x00\x00"

    def table(checksum):
        # a revision above QEMU's, or Linux keeps the old one
        return struct.pack("<4sIBB6s8sI4sI", b"DSDT", 36 + len(code), 2, checksum,
                           b"BOCHS ", b"BXPC    ", 0x7FFFFFFF, b"BXPC", 1) + code

    return table(-sum(table(0)) & 0xFF)


def pad(data):
    return data + b"\0" * (-len(data) % 4)


def entry(inode, name, mode, data=b""):
    """One member of a newc cpio archive."""
    name = name.encode() + b"\0"
    fields = (inode, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name), 0)
    head = b"070701" + b"".join(b"%08X" % field for field in fields)
    return pad(head + name) + pad(data)


def archive():
    parts = TABLE.split("/")
    folders = ["/".join(parts[:depth]) for depth in range(1, len(parts))]
    out = b"".join(entry(i + 1, name, 0o40755) for i, name in enumerate(folders))
    out += entry(len(parts), TABLE, 0o100644, dsdt()) + entry(0, "TRAILER!!!", 0)
    return out + b"\0" * (-len(out) % 512)


with open(sys.argv[1], "wb") as out_file:
    out_file.write(archive())
