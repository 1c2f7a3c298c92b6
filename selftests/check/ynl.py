#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""ynl.py TOP KERNEL: docs/ipcport.yaml and the netlink header say the same

KERNEL is a kernel's source tree, whose YNL reads the description: it checks it against the
schema, and makes a header from it. Every name in that has to be in ours with the same
value, and the other way round; so have all texts, and the types that begin them.
"""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

# In the kernel's tree.
YNL = "tools/net/ynl"
SCHEMA = "Documentation/netlink/genetlink-c.yaml"

# Kernel-doc of an enum: a comment with the enum's name and one entry per value.
COMMENT = re.compile(r"/\*\*\n \* enum (\w+) - (.*)\n((?: \*.*\n)*?) \*/")
ENTRY = re.compile(r"^ \* @(\w+): (.*(?:\n \*\t.*)*)", re.M)
ENUM = re.compile(r"^enum (\w+) \{(.*?)^\};", re.M | re.S)
DEFINE = re.compile(r"^#define\s+(IPCPORT_\w+)\s+(\S+)", re.M)

# What one of the two has because of its form.
FORM = re.compile(r"_UNSPEC$|^__|_H$")


def plain(text):
    return " ".join(re.sub(r"\n \*", "\n", text).split())


def documented(header):
    """Texts of the enums and their values."""
    for enum, text, body in COMMENT.findall(header):
        yield enum, plain(text)
        for name, entry in ENTRY.findall(body):
            yield name, plain(entry)


def valued(header):
    """Names and values: of the enums, counted as the compiler does, and defines."""
    for _, body in ENUM.findall(header):
        value = -1
        for name, given in re.findall(r"^\t(\w+)(?:\s*=\s*([^,\n]+))?,?$", body, re.M):
            # the only expressions are those of _MAX: the last one, before __LAST
            value = int(given) if given and given.isdigit() else value + (not given)
            if name.endswith("_MAX") and not name.startswith("__"):
                value -= 1
            if not FORM.search(name):
                yield name, str(value)
    for name, value in DEFINE.findall(header):
        if not FORM.search(name):
            yield name, value


def described(family):
    """Texts of the same, as the description has them, with types."""
    def value_name(prefix, name):
        return (prefix + name).upper().replace("-", "_")

    def texts(owner, prefix, entries):
        yield owner["enum-name"].replace("-", "_"), plain(owner["doc"])
        for entry in entries:
            kind = entry.get("type", "nest")
            start = "" if kind in ("nest", "pad") else f"{kind}, "
            yield value_name(prefix, entry["name"]), start + plain(entry["doc"])

    for enum in family.yaml["definitions"]:
        yield from texts(enum, enum["name-prefix"], enum["entries"])
    for space in family.yaml["attribute-sets"]:
        if "subset-of" not in space:
            yield from texts(space, space["name-prefix"], space["attributes"])
    operations = family.yaml["operations"]
    for operation in operations["list"]:
        yield value_name(operations["name-prefix"], operation["name"]), plain(operation["doc"])


def uses(family):
    """What is only in words in the header: attributes of events, enums of attributes."""
    events = family.attr_sets["event"]
    for operation in family.ntfs.values():
        names = re.findall(r"\b[A-Z]+(?:_[A-Z]+)*\b", operation.yaml["doc"])
        told = [name.lower().replace("_", "-") for name in names]
        yield f"{operation.name}, attributes", (
            [name for name in told if name in events], operation.yaml["event"]["attributes"])
    for space in family.attr_sets.values():
        for attribute in space.attrs.values():
            named = re.findall(r"enum ipcport_(\w+)", attribute.yaml.get("doc", ""))
            enum = attribute.yaml.get("enum")
            yield f"{space.name} {attribute.name}, enum", (
                [name.replace("_", "-") for name in named], [enum] if enum else [])
    for name, space in (("port-get", "port"), ("waiter-get", "waiter"), ("user-get", "user"),
                        ("counters-get", "counters")):
        for mode in family.ops[name].modes:
            yield f"{mode} {name}, answer", (
                [attribute for attribute in family.attr_sets[space] if attribute != "pad"],
                family.ops[name].yaml[mode]["reply"]["attributes"])
    yield "counters of a port", (
        list(family.attr_sets["counters"])[1:11], list(family.attr_sets["port-counters"]))


def generated(kernel, spec):
    """The header that the kernel's generator makes, which only works in a kernel's tree."""
    with tempfile.TemporaryDirectory() as work:
        schema = pathlib.Path(work, SCHEMA)
        copy = schema.parent / "specs" / spec.name
        copy.parent.mkdir(parents=True)
        pathlib.Path(work, "MAINTAINERS").touch()
        shutil.copy(kernel / SCHEMA, schema)
        shutil.copy(spec, copy)
        return subprocess.run(
            [sys.executable, kernel / YNL / "ynl-gen-c.py", "--mode", "uapi", "--header",
             "--spec", copy], check=True, stdout=subprocess.PIPE, text=True, timeout=60).stdout


def differences(what, left, right):
    for name in sorted(left.keys() | right.keys()):
        if left.get(name) != right.get(name):
            yield f"{name}: {what}\n  header:      {left.get(name)}\n  description: {right.get(name)}"


def problems(top, kernel):
    spec = top / "docs/ipcport.yaml"
    sys.path.append(str(kernel / YNL))
    from lib.nlspec import SpecFamily
    family = SpecFamily(spec, str(kernel / SCHEMA))
    header = (top / "include/uapi" / family.yaml["uapi-header"]).read_text()

    values = dict(valued(header))
    yield from differences("value", values, dict(valued(generated(kernel, spec))))
    texts = {name: text for name, text in documented(header)
             if not FORM.search(name) and not name.endswith("_MAX")}
    # the enum of the commands is described by the family's own text
    texts.pop("ipcport_cmd")
    yield from differences("text", texts, dict(described(family)))
    for what, (told, listed) in uses(family):
        if told != listed:
            yield f"{what}: told {told}, listed {listed}"
    if len(values) < 100:
        yield f"only {len(values)} names were found in the header"
    print(f"{len(values)} names and {len(texts)} texts compared")


sys.dont_write_bytecode = True
found = list(problems(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])))
print("\n".join(found))
sys.exit(bool(found))
