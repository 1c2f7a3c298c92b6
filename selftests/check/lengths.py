#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""lengths.py TOP: no function over 100 lines, no .c over 500, no version tests

Also refuses kernel version numbers outside src/compat: code is for the newest
kernel, and compat probes for what older ones lack.
"""

import pathlib
import sys

MAX_FUNCTION = 100
MAX_FILE = 500


def functions(lines):
    """First and last line of each function, by the braces in column one."""
    start = None
    for number, line in enumerate(lines, 1):
        if line.startswith("{"):
            start = number
        elif line.startswith("}") and start:
            yield start, number
            start = None


def problems(top):
    for folder in ("src", "include", "tools", "selftests"):
        for path in sorted((top / folder).rglob("*.[ch]")):
            lines = path.read_text().splitlines()
            # tests are lists of cases: they may be long, their functions not
            if path.suffix == ".c" and folder != "selftests" and len(lines) > MAX_FILE:
                yield f"{path}: {len(lines)} lines"
            for start, end in functions(lines):
                if end - start > MAX_FUNCTION:
                    yield f"{path}:{start}: a function of {end - start} lines"
            for number, line in enumerate(lines, 1):
                if "LINUX_VERSION_CODE" in line and "compat" not in path.parts:
                    yield f"{path}:{number}: a test of the kernel's version"


found = list(problems(pathlib.Path(sys.argv[1])))
print("\n".join(found))
sys.exit(bool(found))
