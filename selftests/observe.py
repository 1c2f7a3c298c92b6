# SPDX-License-Identifier: GPL-2.0
"""observe.py: run the command, for the tests of what it shows"""

import contextlib
import json
import os
import re
import select
import shutil
import subprocess
import time

import tap
from tap import PATIENCE

# Somebody without any rights.
NOBODY = {"user": 65534, "group": 65534, "extra_groups": []}

COMMAND = shutil.which("ipcport")


def run(tests):
    """As tap.run(), where there are the command, and somebody who sees all ports."""
    if not COMMAND:
        tap.skip_all("there is no command ipcport")
    if os.geteuid():
        tap.skip_all("only root sees all ports")
    tap.run(tests)


def command(*words, status=0, within=(), **options):
    """Run it to its end, with this exit status: what it printed. An error is one line.

    The words of within come before it.
    """
    words = [*within, COMMAND, *map(str, words)]
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=PATIENCE, check=False, **options)
    assert done.returncode == status, done
    if not status:
        assert not done.stderr, done
        return done.stdout
    assert not done.stdout and done.stderr.count("\n") == 1, done
    return done.stderr


def objects(*words, **options):
    """What it prints as JSON, which is one line."""
    text = command(*words, "--json", **options)
    assert text.endswith("\n") and text.count("\n") == 1, text
    return json.loads(text)


def rows(text):
    """The lines of a table, each as a dict by its headings; checks that columns are aligned."""
    lines = text.splitlines()
    head = [match.span() for match in re.finditer(r"\S+", lines[0])]
    found = []
    for line in lines:
        cells = [match.span() for match in re.finditer(r"\S+(?: \S+)*", line)]
        assert len(cells) == len(head), text
        for (start, end), (first, last) in zip(cells[1:], head[1:]):
            assert start == first or end == last, text
        found.append([line[start:end] for start, end in cells])
    return [dict(zip(found[0], cells)) for cells in found[1:]]


class Running(contextlib.AbstractContextManager):
    """The command while it runs, and what it prints, line by line. Killed at the end."""

    def __init__(self, *words, **options):
        self._process = subprocess.Popen([COMMAND, *map(str, words)], stdin=subprocess.DEVNULL,
                                         stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                         **options)
        self.pid = self._process.pid
        self._text = b""

    def has_printed(self, seconds=PATIENCE):
        """Whether there is something to read, or comes in time, or it has ended."""
        return b"\n" in self._text or bool(
            select.select([self._process.stdout], [], [], seconds)[0])

    def line(self):
        """The next line."""
        end = time.monotonic() + PATIENCE
        while b"\n" not in self._text:
            assert self.has_printed(end - time.monotonic()), "it prints nothing"
            data = os.read(self._process.stdout.fileno(), 65536)
            assert data, f"it has ended: {self._process.stderr.read()}"
            self._text += data
        line, self._text = self._text.split(b"\n", 1)
        return line.decode()

    def end(self, number):
        """Send it a signal: its status, what is left of its output, and its complaints."""
        self._process.send_signal(number)
        out, err = self._process.communicate(timeout=PATIENCE)
        return self._process.returncode, (self._text + out).decode(), err.decode()

    def __exit__(self, *_):
        self._process.kill()
        self._process.communicate()
