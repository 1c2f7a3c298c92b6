#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""manuals.py TOP COMMAND: the manual pages have what there is, and nothing else

Commands and options are those that COMMAND explains; functions those of the library's
header, with the same arguments; ioctls, netlink commands, errors and module parameters
those of the headers and the source.
"""

import pathlib
import re
import subprocess
import sys

# The option that all commands have, which is explained once.
HELP = {("h", "help")}

OPTION = re.compile(r"^  (?:-(.), |    )--([a-z-]+)", re.M)


def help_of(program, command=()):
    return subprocess.run([program, "help", *command], check=True, capture_output=True,
                          text=True).stdout


def sections(page, macro):
    """Text of each section, by its title."""
    parts = re.split(rf"^\.{macro} (.*)\n", page, flags=re.M)
    return dict(zip(parts[1::2], parts[2::2]))


def flags_of_synopsis(section):
    """Letters and long names before the first paragraph, but for the "--" of a command."""
    synopsis = section.split("\n.Pp", 1)[0]
    flags = set()
    for word in re.findall(r"\bFl (-?[\w-]+)", synopsis):
        if word.startswith("-"):
            flags |= {word[1:]} - {""}
        else:
            flags |= set(word)
    return flags


def command_problems(page, program):
    commands = re.findall(r"^  ([a-z]+) +[A-Z]", help_of(program), re.M)
    found = sections(page, "Ss")
    yield "commands", set(commands), set(found)
    for command in set(commands) - {"help"}:
        told = set(OPTION.findall(help_of(program, [command])))
        section = re.split(r"^\.Sh ", found.get(command, ""), flags=re.M)[0]
        listed = set(re.findall(r"^\.It (?:Fl (\w) , )?Fl -([a-z-]+)", section, re.M))
        yield f"options of {command}", told, listed | HELP
        yield (f"synopsis of {command}", {letter or name for letter, name in told},
               flags_of_synopsis(section) | {"h"})
    yield "the option of all", HELP, set(re.findall(r"^\.It Fl (h) , Fl -(help)", page, re.M))


def prototypes(header):
    for kind, name, arguments in re.findall(
            r"^([a-z][\w ]*?[ *]+)(ipcport_\w+)\(([^;]*?)\);", header, re.M):
        yield (kind.strip(), name,
               tuple(" ".join(argument.split()) for argument in arguments.split(",")))


def synopsis_functions(page):
    for kind, name, inline, block in re.findall(
            r'^\.Ft (.*)\n\.F[no] (\w+)((?: ".*?")*)\n((?:\.Fa .*\n)*)', page, re.M):
        yield kind.strip('"'), name, tuple(re.findall(r'"(.*?)"', inline + block))


def library_problems(page, header):
    parts = sections(page, "Sh")
    yield "functions", set(prototypes(header)), set(synopsis_functions(parts["SYNOPSIS"]))
    explained = set()
    for line in re.findall(r"^\.It (.*Fn .*)", parts["DESCRIPTION"], re.M):
        explained |= set(re.findall(r"Fn (\w+)", line))
    # how far ahead a deadline lies is explained in a sentence
    explained |= set(re.findall(r"^\.Fn (ipcport_deadline_\w+)$", parts["DESCRIPTION"], re.M))
    yield "functions explained", {name for _, name, _ in prototypes(header)}, explained


def device_problems(page, top):
    header = (top / "include/uapi/linux/ipcport.h").read_text()
    netlink = (top / "include/uapi/linux/ipcport_netlink.h").read_text()
    limits = (top / "src/limits.c").read_text()
    parts = sections(page, "Sh")
    yield ("ioctls", set(re.findall(r"#define (IPCPORT_IOC_\w+)\s[^;]*?(struct \w+)\)", header)),
           set(re.findall(r"^\.It Dv (\w+) Pq Vt (.*)", parts["IOCTLS"], re.M)))
    commands = set(re.findall(r"^\t(IPCPORT_CMD_\w+)\s+= \d", netlink, re.M))
    yield ("netlink commands", commands - {"IPCPORT_CMD_UNSPEC"},
           set(re.findall(r"\bDv (IPCPORT_CMD_\w+)", parts["NETLINK"])))
    yield ("module parameters", set(re.findall(r"^LIMIT_PARAM\((\w+), (\d+)", limits, re.M)),
           set(re.findall(r"^\.It Va (\w+)\n.*; (\d+) by default", parts["MODULE PARAMETERS"],
                          re.M)))
    errors = header.split("What errno means", 1)[1].split("Who may do what", 1)[0]
    yield ("errors", set(re.findall(r"^ \* (E\w+) ", errors, re.M)),
           set(re.findall(r"^\.It Bq Er (\w+)", parts["ERRORS"], re.M)))


def problems(top, program):
    pages = {path.name: path.read_text() for path in (top / "man").iterdir()}
    header = (top / "tools/lib/ipcport.h").read_text()
    for page, found in (
            ("ipcport.8", command_problems(pages["ipcport.8"], program)),
            ("libipcport.3", library_problems(pages["libipcport.3"], header)),
            ("ipcport.4", device_problems(pages["ipcport.4"], top))):
        for what, there, documented in found:
            if not there:
                yield f"{what}: nothing was found"
            for name in there - documented:
                yield f"{page}: {what}: {name} is missing"
            for name in documented - there:
                yield f"{page}: {what}: {name} does not exist"


found = sorted(problems(pathlib.Path(sys.argv[1]), sys.argv[2]))
print("\n".join(found))
sys.exit(bool(found))
