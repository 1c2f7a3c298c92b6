#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""observe_top_test.py: what "ipcport top" shows, on a terminal and as JSON, as TAP

The terminal is one of tmux's, in which a program can press keys and read the screen.
"""

import contextlib
import itertools
import json
import os
import re
import shutil
import subprocess

from observe import COMMAND, command, objects, run
from scene import SECRET, Crowd, Process, own_port
from tap import PATIENCE, Skip, ipcport, wait_until

# The first line of ports on the screen.
TOP = 4

COLUMNS = ["PORT", "NAME", "PID", "COMMAND", "DEPTH", "SEND", "RECV", "CALLS", "MSGS/S",
           "CALLS/S"]


class Screen(contextlib.AbstractContextManager):
    """A terminal in which top runs. Both end at the end of a with.

    How the terminal is set up is on it before that, and below its status afterwards.
    """

    _numbers = itertools.count()

    def __init__(self, *words, width=100, height=24, locale="C"):
        if not shutil.which("tmux"):
            raise Skip("there is no tmux")
        # the last one may still be about to end
        self._socket = f"obs-{os.getpid()}-{next(self._numbers)}"
        self._tmux("new-session", "-d", "-x", width, "-y", height, "--", "sh", "-c",
                   'trap : INT; stty -g; "$@"; echo "ends with $?"; stty -g; read -r _', "sh",
                   "env", f"LC_ALL={locale}", COMMAND, "top", *words)

    def _tmux(self, *words):
        words = ["tmux", "-u", "-L", self._socket, "-f", "/dev/null", *map(str, words)]
        return subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=PATIENCE, check=True).stdout

    def lines(self):
        """The screen as it is now."""
        return self._tmux("capture-pane", "-p").splitlines()

    def when(self, condition, *args):
        """Wait until condition(lines, *args) holds for the screen.

        An assertion in it that fails means not yet: the screen may be drawn just now.
        """
        lines, error = [], None

        def look():
            nonlocal lines, error
            lines = self.lines()
            try:
                return condition(lines, *args) is not False
            except (AssertionError, IndexError) as failed:
                error = failed
                return False

        try:
            wait_until(look)
        except AssertionError:
            raise AssertionError("\n".join(["the screen:", *lines])) from error
        return lines

    def press(self, *keys):
        """Press keys."""
        self._tmux("send-keys", *keys)

    def resize(self, width, height):
        """Make the terminal larger or smaller."""
        self._tmux("resize-window", "-x", width, "-y", height)

    def ends(self):
        """Wait for top to end: its status."""
        lines = self.when(lambda lines: "ends with" in [line for line in lines if line][-2])
        before, status, after = (line for line in lines if line)
        # it has left nothing on the screen, and the terminal as it was
        assert before == after, lines
        return int(status.split()[-1])

    def __exit__(self, *_):
        self._tmux("kill-server")


def ports(lines):
    """The ports on a screen, each as a dict."""
    assert lines[TOP - 1].split() == COLUMNS
    cells = [line.split() for line in lines[TOP:] if line]
    assert all(len(line) == len(COLUMNS) for line in cells)
    return [dict(zip(COLUMNS, line)) for line in cells]


def is_sorted(lines, how, *names):
    """The screen says how it is sorted, and has ports of these names, from top to bottom."""
    assert lines[1] == f"sorted by {how}, every 1000s"
    assert [port["NAME"] for port in ports(lines)] == [f"/obs/{name}" for name in names]


def is_filled(lines, nr, width):
    """The first ports fill the screen, and the column of names is wide enough or full."""
    names = [f"/obs/{number:02}-{'x' * 40}"[:width] for number in range(nr)]
    assert [port["NAME"] for port in ports(lines)] == names


def _busy(say):
    with ipcport.Device() as device:
        port = own_port(device, say, "/obs/busy", capacity=9)
        while True:
            port.send(SECRET)
            port.cancel(port.submit(SECRET))
            port.recv()


def test_screen(device):
    """the screen shows what each port is, and who waits in it"""
    with Crowd(device) as crowd, Screen("--sort", "port", "--delay", "0.2") as screen:
        common = {"PID": str(crowd.owner.pid), "COMMAND": crowd.owner.comm, "MSGS/S": "0.0",
                  "CALLS/S": "0.0"}
        values = zip(("1/1", "0/1", "2/4", "0/4"), "2000", "0100", "0021")
        expected = [
            {**common, "PORT": str(number), "NAME": name,
             **dict(zip(("DEPTH", "SEND", "RECV", "CALLS"), value))}
            for (number, name), value in zip(crowd.names.items(), values)]
        lines = screen.when(lambda lines: ports(lines) == expected)
        assert lines[:3] == [
            "ports 4  waiting threads 3  open calls 3  messages/s 0.0  calls/s 0.0",
            "sorted by port, every 0.2s",
            "q quit  r reverse  p port  n name  d depth  w waiters  c calls  m messages"], lines


def is_busy(lines):
    """The busy port is first; its rates are those of all together."""
    first, second = ports(lines)
    assert (first["NAME"], second["NAME"]) == ("/obs/busy", "/obs/idle")
    assert (second["MSGS/S"], second["CALLS/S"]) == ("0.0", "0.0")
    messages, calls = float(first["MSGS/S"]), float(first["CALLS/S"])
    # two messages for each call, but a look may come between them
    assert calls > 0 and abs(messages - 2 * calls) <= 10
    total = re.search(r"  messages/s ([\d.]+)  calls/s ([\d.]+)$", lines[0])
    assert abs(float(total[1]) - messages) < 1 and abs(float(total[2]) - calls) < 1


def test_rates(device):
    """the busiest port comes first, with how many messages and calls a second it gets"""
    idle = device.create()
    idle.bind("/obs/idle")
    idle.send(SECRET)
    with Process("obs-busy", _busy) as busy:
        busy.hear()
        with Screen("--delay", "0.3") as screen:
            screen.when(is_busy)


def test_keys(device):
    """keys sort at once, and look again, whatever the delay is"""
    with Crowd(device) as crowd, Screen("--delay", "1000") as screen:
        screen.when(is_sorted, "messages", "full", "empty", "left", "taken")
        for key, how, names in (
                ("n", "name", ("empty", "full", "left", "taken")),
                ("d", "depth", ("left", "full", "empty", "taken")),
                ("w", "waiters", ("full", "empty", "left", "taken")),
                ("c", "calls", ("left", "taken", "full", "empty")),
                ("p", "port", ("full", "empty", "left", "taken")),
                ("m", "messages", ("full", "empty", "left", "taken"))):
            screen.press(key)
            screen.when(is_sorted, how, *names)
        screen.press("n", "r")
        screen.when(is_sorted, "name, reversed", "taken", "left", "full", "empty")
        # a key that means nothing changes nothing
        screen.press("x", "r")
        screen.when(is_sorted, "name", "empty", "full", "left", "taken")
        device.create().bind("/obs/later")
        crowd.owner.process.end()
        screen.press("Space")
        screen.when(is_sorted, "name", "later")
        screen.press("q")
        assert screen.ends() == 0


def test_end(_):
    """q ends it, and so does Ctrl-C; then the terminal is as it was before"""
    for key in ("q", "C-c"):
        with Screen() as screen:
            screen.when(lambda lines: ports(lines) == [])
            screen.press(key)
            assert (screen.ends() == 0) == (key == "q")


def test_size(device):
    """it fills the terminal, and follows when that becomes larger or smaller"""
    for number in range(30):
        device.create().bind(f"/obs/{number:02}-{'x' * 40}")
    with Screen("--sort", "name", "--delay", "1000", height=14) as screen:
        screen.when(is_filled, 10, 31)
        screen.resize(120, 40)
        screen.when(is_filled, 30, 63)
        screen.resize(80, 24)
        screen.when(is_filled, 20, 12)
        # too small for anything
        screen.resize(10, 2)
        screen.when(lambda lines: len(lines) == 2)
        screen.resize(80, 24)
        screen.when(is_filled, 20, 12)


def test_count(_):
    """with --count it ends after so many looks"""
    with Screen("--count", "2", "--delay", "0.1") as screen:
        assert screen.ends() == 0


def test_json(device):
    """with --json it prints what ls does, sorted, and the rates"""
    idle = device.create()
    with Process("obs-busy", _busy) as busy:
        port = device.port(busy.hear())
        before = port.stat().sent
        shown = objects("top", "--delay", "0.25")
        sent = port.stat().sent - before
        assert [one["id"] for one in shown] == [port.number, idle.number]
        rates = [{key: one.pop(f"{key}_per_second") for key in ("sent", "received", "calls")}
                 for one in shown]
        assert rates[1] == {"sent": 0, "received": 0, "calls": 0}
        assert 0 < rates[0]["sent"] <= sent / 0.25, (rates, sent)
        assert abs(rates[0]["sent"] - 2 * rates[0]["calls"]) <= 10, rates
        shown, = (one for one in shown if one["id"] == idle.number)
        assert shown in objects("ls")


def test_json_count(device):
    """with --json and --count it prints a line for each look"""
    port = device.create()
    text = command("top", "--json", "--count", "3", "--delay", "0.05")
    assert [[one["id"] for one in json.loads(line)] for line in text.splitlines()] == [
        [port.number]] * 3


def test_characters(device):
    """wide and combining characters shift nothing; if there is only ASCII they are escaped"""
    columns = {"/\u4e2d\u4e2d": 5, "/u\u0308x": 3}
    for name in columns:
        device.create().bind(name)
    with Screen("--sort", "port", "--delay", "1000", locale="C.UTF-8") as screen:
        lines = screen.when(lambda lines: [port["NAME"] for port in ports(lines)] == [*columns])
        end = lines[TOP - 1].index("PID") + len("PID")
        for line, (name, width) in zip(lines[TOP:], columns.items()):
            assert line[:end + len(name) - width].endswith(f" {os.getpid()}"), line
    with Screen("--sort", "port", "--delay", "1000") as screen:
        screen.when(lambda lines: [port["NAME"] for port in ports(lines)] == [
            r"/\xe4\xb8\xad\xe4\xb8\xad", r"/u\xcc\x88x"])


def test_hang_up(_):
    """it ends when its terminal is gone"""
    master, slave = os.openpty()
    top = subprocess.Popen([COMMAND, "top", "--delay", "1000"], stdin=slave, stdout=slave,
                           env={**os.environ, "TERM": "linux"})
    shown = b""
    try:
        os.close(slave)
        # the headings are the last that is drawn
        while b"CALLS/S" not in shown:
            shown += os.read(master, 4096)
        os.close(master)
        assert top.wait(PATIENCE) >= 0
    finally:
        top.kill()
        top.wait()


def test_no_terminal(_):
    """without a terminal it says so"""
    assert "needs a terminal" in command("top", status=1)


if __name__ == "__main__":
    run(globals())
