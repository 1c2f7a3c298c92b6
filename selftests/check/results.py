#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""results.py TAP KERNEL-LOG: judge one run of the kselftests in a virtual machine

TAP is what guest.sh printed, KERNEL-LOG what the kernel did. Every TAP result is
one test. A program also fails if it dies, runs out of time, says no plan or
gives fewer results than planned; the kernel log is a test of its own, and any
report in it is shown with the program that ran when it appeared. Prints what
failed or was skipped, then "N passed, N failed, N skipped".
"""

import re
import sys

MARKER = "ipcport-test:"
RESULT = re.compile(r"(not ok|ok)\s+\d+\s*(.*)")
SKIP = re.compile(r"#\s*SKIP", re.IGNORECASE)
PLAN = re.compile(r"1\.\.(\d+)(.*)")

# The kernel says nothing of the kind on a good day.
REPORT = re.compile(
    r"WARNING|\bBUG\b|\bOops\b|Call Trace|general protection|unable to handle"
    r"|possible (circular|recursive|irq|deadlock|bad unlock)|inconsistent lock state"
    r"|suspicious RCU|Invalid wait context|held lock freed|lock held when returning"
    r"|scheduling while atomic|sleeping function called|unreferenced object|memory leak"
    r"|blocked for more than|hung_task|rcu.*(stall|detected)|soft lockup|hard LOCKUP"
    r"|KASAN|KCSAN|KFENCE|UBSAN|refcount_t|list_(add|del) corruption|ODEBUG"
    r"|bad page|Bad rss|stack-protector|Kernel panic|Objects remaining"
    r"|Unloaded with|slab error|trying to register non-static key")


class Tally:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def ok(self):
        self.passed += 1

    def fail(self, text, details=()):
        self.failed += 1
        print(f"not ok {text}")
        for line in details:
            print(f"    {line}")

    def skip(self, text):
        self.skipped += 1
        print(f"skipped {text}")


class Program:
    """The results of one test program, fed line by line."""

    def __init__(self, name, tally):
        self.name, self.tally = name, tally
        self.plan = None
        self.results = self.bad = 0
        self.notes = []

    def feed(self, line):
        plan, result = PLAN.match(line), RESULT.match(line)
        if plan and self.plan is None:
            self.plan = int(plan.group(1))
            if not self.plan:
                self.tally.skip(f"{self.name}: {plan.group(2).strip(' #')}")
        elif result:
            self.judge(*result.groups())
            self.notes = []
        elif line.strip():
            self.notes.append(line)

    def judge(self, verdict, text):
        self.results += 1
        if verdict == "not ok":
            self.bad += 1
            self.tally.fail(f"{self.name}: {text}", self.notes[-15:])
        elif SKIP.search(text):
            self.tally.skip(f"{self.name}: {text}")
        else:
            self.tally.ok()

    def end(self, status):
        """status is None if the virtual machine ended first."""
        if status is None:
            self.tally.fail(f"{self.name}: the machine ended while it ran", self.notes[-15:])
        elif self.plan is None:
            self.tally.fail(f"{self.name}: no plan, status {status}", self.notes[-15:])
        elif self.results != self.plan:
            self.tally.fail(f"{self.name}: {self.results} results of {self.plan}, "
                            f"status {status}", self.notes[-15:])
        elif status not in (0, 4) and not self.bad:
            self.tally.fail(f"{self.name}: status {status}", self.notes[-15:])


def judge_output(path, tally):
    program, finished = None, False
    with open(path, errors="replace") as lines:
        for line in map(str.rstrip, lines):
            word = line.split()
            if line.startswith("# program "):
                program = Program(word[2], tally)
            elif line.startswith("# status ") and program:
                program.end(int(word[2]))
                program = None
            elif line.startswith("# finished"):
                finished = True
            elif line.startswith("# vm ") and word[2] != "0":
                tally.fail(f"the virtual machine ended with status {word[2]}")
            elif program:
                program.feed(line)
            elif not finished:
                print(line)
    if program:
        program.end(None)
    elif not finished:
        tally.fail("the tests did not run to their end")


def reports(lines):
    """The lines of the log that are reports, each with the program it belongs to."""
    program, oom = None, False
    for line in lines:
        if MARKER in line:
            program, oom = line.split(MARKER)[1].strip(), False
        elif "invoked oom-killer" in line:
            # its stack dump is no report: a test provokes it
            oom = True
        elif oom and "Call Trace" in line:
            oom = False
        elif program and REPORT.search(line):
            yield program, line


def judge_log(path, tally):
    try:
        with open(path, errors="replace") as log:
            lines = log.read().splitlines()
    except FileNotFoundError:
        tally.fail("kernel log: there is none")
        return
    if not any(MARKER in line for line in lines):
        tally.fail("kernel log: no marker of a test in it", lines[-15:])
        return
    found = list(reports(lines))
    if found:
        tally.fail(f"kernel log: {len(found)} reports, in {path}",
                   [f"{program}: {line}" for program, line in found[:30]])
    else:
        tally.ok()


def main():
    tally = Tally()
    judge_output(sys.argv[1], tally)
    judge_log(sys.argv[2], tally)
    print(f"{tally.passed} passed, {tally.failed} failed, {tally.skipped} skipped")
    return bool(tally.failed)


sys.exit(main())
