#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""layers.py SRC: includes between our own files point down, or along as agreed

LAYERS is the picture in docs/design.md, from the top. A file includes files of
lower layers, its own header, and in its own layer only what ALONG says. A file
that is not in the table is an error: put it where it belongs.
"""

import pathlib
import re
import sys

LAYERS = [
    ("doors", "main dev file ioctl control open transfer exchange uring delivery ucmd "
     "netlink waiters dump notify fill"),
    ("actors", "owner cargo handle call outcome callers outbox"),
    ("objects", "registry access ns name poll life senders line diag port"),
    ("parts", "queue msg token group limits event sleep"),
    ("ground", "trace count tally clock version compat"),
]

ALONG = {
    "main": "dev file ioctl netlink",
    "dev": "ioctl ucmd",
    "file": "ioctl transfer delivery ucmd",
    "ioctl": "control open transfer exchange uring ucmd",
    "control": "ucmd",
    "transfer": "delivery ucmd",
    "open": "ucmd",
    "exchange": "uring delivery ucmd",
    "uring": "delivery ucmd",
    "delivery": "ucmd",
    "netlink": "waiters dump notify fill",
    "waiters": "dump fill",
    "notify": "dump fill",
    "outbox": "call",
    "call": "outcome",
    "callers": "call owner",
    "life": "name senders port ns",
    "ns": "name port",
    "line": "diag port",
    "diag": "port",
    "senders": "port",
    "owner": "handle call",
    "handle": "outbox",
    "cargo": "handle",
    "registry": "name port ns",
    "name": "port ns diag",
    "port": "line ns",
    "poll": "port",
    "access": "port",
    "queue": "msg",
    "limits": "event",
    "msg": "token",
}

LEVEL = {noun: len(LAYERS) - depth
         for depth, (_, nouns) in enumerate(LAYERS) for noun in nouns.split()}

# only the doors know the structures of the user interface
UAPI_NOUNS = LAYERS[0][1].split()


def noun_of(path):
    return path.split("/")[0].split(".")[0]


def includes(path):
    for number, line in enumerate(path.read_text().splitlines(), 1):
        found = re.match(r'\s*#\s*include\s+(["<])([^">]+)[">]', line)
        if found:
            yield number, found.group(1) == '"', found.group(2)


def allowed(user, used):
    return (user == used or LEVEL[used] < LEVEL[user]
            or used in ALONG.get(user, "").split())


def problems(src):
    for path in sorted(src.rglob("*.[ch]")):
        user = noun_of(str(path.relative_to(src)))
        if user == "compat" or user == "selftest":
            continue
        if user not in LEVEL:
            yield f"{path}: not in the table of layers"
            continue
        for number, ours, name in includes(path):
            if "linux/ipcport" in name and user not in UAPI_NOUNS:
                yield f"{path}:{number}: <{name}> stops at the doors"
            if not ours or name.startswith("selftest/"):
                continue
            used = noun_of(name)
            if used not in LEVEL:
                yield f'{path}:{number}: "{name}" is not in the table of layers'
            elif not allowed(user, used):
                yield f'{path}:{number}: "{name}" points up'


found = list(problems(pathlib.Path(sys.argv[1])))
print("\n".join(found))
sys.exit(bool(found))
