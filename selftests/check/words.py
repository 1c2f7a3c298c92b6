#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""words.py TOP: every IPCPORT_ word in the documents exists in what users have, or in a script

That is headers, the library and the command; tests and examples can have words of their own.
A word that ends in * or _ stands for all that begin like it.
"""

import pathlib
import re
import sys

WORD = re.compile(r"\bIPCPORT_\w*")


def words(paths):
    for path in paths:
        for number, line in enumerate(path.read_text().splitlines(), 1):
            for word in WORD.findall(line):
                yield path, number, word


def files(top, folder, *suffixes):
    return sorted(path for path in (top / folder).rglob("*") if path.suffix in suffixes)


def main(top):
    known_in = files(top, "include", ".h")
    known_in += files(top, "tools/lib", ".h", ".map") + files(top, "tools/ipcport", ".c", ".h")
    # variables of the environment
    known_in += files(top, "selftests", ".sh")
    known = {word for _, _, word in words(known_in)}
    documents = sorted(top.glob("README*"))
    documents += files(top, "docs", ".md", ".rst", ".yaml", ".txt")
    documents += files(top, "man", ".3", ".4", ".7", ".8")
    bad = 0
    for path, number, word in words(documents):
        if word not in known and not (
                word.endswith("_") and any(name.startswith(word) for name in known)):
            print(f"{path}:{number}: {word} does not exist")
            bad += 1
    return bool(bad)


sys.exit(main(pathlib.Path(sys.argv[1])))
