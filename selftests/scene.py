# SPDX-License-Identifier: GPL-2.0
"""scene.py: processes that wait for each other, for the tests of what shows it

Everyone in a scene says when its place is reached; where the last step is a wait in the
kernel, the port tells. So a scene stands when the function that makes it returns.
"""

import contextlib
import os
import select
import signal
import sys
import threading
import time
import traceback
from typing import NamedTuple

from tap import BOTH, PATIENCE, Thread, comment, ipcport, wait_until

# Seconds after which a process ends that nobody has ended.
LONGEST = 300

# What must never be shown.
SECRET = b"not for you"

# The port of a second thread in a cycle.
OTHER = "/obs/other"


def call_me(comm):
    """Give the calling thread a name."""
    with open("/proc/thread-self/comm", "w", encoding="ascii") as file:
        file.write(comm)


def stay():
    """Do something else than wait in a port."""
    threading.Event().wait()


class Process:
    """A child called comm that runs play(say, *args), and is killed at the end of a with.

    What it says with say(number) is heard with hear(), in this order. When play returns,
    the child exits.
    """

    def __init__(self, comm, play, *args):
        self.comm = comm
        self._reader, writer = os.pipe()
        self.pid = os.fork()
        if not self.pid:
            self._run(writer, play, *args)
        os.close(writer)

    def _run(self, writer, play, *args):
        status = 1
        try:
            signal.alarm(LONGEST)
            call_me(self.comm)
            # who was waited for may be the first to be ended
            with contextlib.suppress(BrokenPipeError):
                play(lambda number: os.write(writer, b"%d\n" % number), *args)
            status = 0
        except BaseException:  # nothing may get back into the test
            os.write(sys.stdout.fileno(), comment(traceback.format_exc()).encode())
        os._exit(status)

    def hear(self):
        """The next number that the child says."""
        text = b""
        while not text.endswith(b"\n"):
            assert select.select([self._reader], [], [], PATIENCE)[0], f"{self.comm} is silent"
            byte = os.read(self._reader, 1)
            assert byte, f"{self.comm} has ended"
            text += byte
        return int(text)

    def end(self, number=signal.SIGKILL):
        """End the child, if it lives, and wait until it has ended."""
        if self.pid:
            os.kill(self.pid, number)
            self.wait()

    def wait(self):
        """Wait for the child to end: its status."""
        pid, self.pid = self.pid, 0
        os.close(self._reader)
        return os.waitpid(pid, 0)[1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()


class Place(NamedTuple):
    """Somebody in a scene: a process, and its port, if it has one."""

    process: Process
    port: int = 0
    name: str = ""

    @property
    def pid(self):
        """The process' id."""
        return self.process.pid

    @property
    def comm(self):
        """What the process is called."""
        return self.process.comm


class Scene(contextlib.ExitStack):
    """All who are in it end with it."""

    def add(self, comm, play, *args, name=""):
        """Somebody more; one who is to have a name has a port, and says its number."""
        process = self.enter_context(Process(comm, play, *args))
        return Place(process, process.hear() if name else 0, name)


def own_port(device, say, name, **options):
    """What the owners in a scene begin with."""
    port = device.create(**options)
    port.bind(name)
    say(port.number)
    return port


def _take(port, say):
    """Receive a call, and do not answer it."""
    delivery = port.recv()
    assert delivery.is_call
    say(delivery.info.token)


def _client(say, name):
    with ipcport.Device() as device, device.open(name, ipcport.R_SEND) as handle:
        handle.call(SECRET)


def _front(say, name, then):
    with ipcport.Device() as device:
        port = own_port(device, say, name)
        with device.open(then, ipcport.R_SEND) as handle:
            _take(port, say)
            handle.call(SECRET)


def _back(say, name):
    with ipcport.Device() as device:
        _take(own_port(device, say, name), say)
        stay()


class Chain(Scene):
    """The client calls front, who has received that and calls back, who does something else.

    tokens are those of the two calls.
    """

    def __init__(self):
        super().__init__()
        self.back = self.add("obs-back", _back, "/obs/back", name="/obs/back")
        self.front = self.add("obs-front", _front, "/obs/front", "/obs/back", name="/obs/front")
        self.client = self.add("obs-client", _client, "/obs/front")
        self.tokens = [self.front.process.hear(), self.back.process.hear()]


def _wait_here(device):
    """A second thread that waits for a message."""
    port = device.create()
    port.bind(OTHER)
    port.recv()


def _call_on(device, name):
    """A second thread that calls."""
    with device.open(name, ipcport.R_SEND) as handle:
        handle.call(SECRET)


def _member(say, name, then, is_first, second):
    with ipcport.Device() as device:
        port = own_port(device, say, name)
        with device.open(then, ipcport.R_SEND, wait=True) as handle:
            if second:
                Thread(second, device, *([then] if second is _call_on else []))
            if not is_first:
                _take(port, say)
            handle.call(SECRET)


def _sleep_here(_):
    """A second thread that has nothing to do with ports."""
    stay()


class Cycle(Scene):
    """Three who call each other; the last call, to the first, is not received.

    The first may have a second thread: "sleeps", "receives", or "calls" the second too.
    """

    SECONDS = {"": None, "sleeps": _sleep_here, "receives": _wait_here, "calls": _call_on}

    def __init__(self, device, second=""):
        super().__init__()
        comms = ["obs-one", "obs-two", "obs-three"]
        names = [f"/obs/{comm[4:]}" for comm in comms]
        self.members = [
            self.add(comm, _member, names[i], names[(i + 1) % 3], i == 0,
                     None if i else self.SECONDS[second], name=names[i])
            for i, comm in enumerate(comms)]
        self.tokens = [member.process.hear() for member in self.members[1:]]
        wait_until(lambda: device.port(self.members[0].port).stat().calls == 1)
        self._wait_for_second(device, second)

    def _wait_for_second(self, device, second):
        first, next_one = self.members[:2]
        if second == "calls":
            wait_until(lambda: device.port(next_one.port).stat().calls == 2)
        elif second == "receives":
            with device.open(OTHER, 0, wait=True, timeout=PATIENCE) as handle:
                wait_until(lambda: handle.stat().receivers == 1)
        elif second:
            wait_until(lambda: len(os.listdir(f"/proc/{first.pid}/task")) == 2)


def _owner(say, names):
    """Four ports: full, empty, one in which calls are left, and one from which one is taken."""
    with ipcport.Device() as device:
        full, _, _, taken = [own_port(device, say, name, capacity=capacity)
                             for name, capacity in zip(names, (1, 1, 4, 4))]
        full.send(SECRET)
        _take(taken, say)
        stay()


class Crowd(Scene):
    """One process whose threads wait in every way there is, for ports of another.

    kinds has, by kind, the number of the port; NOBODY is the name that nobody has. The
    call that nobody waits for is one more of kind call_queued; its token is submitted.
    """

    NAMES = [f"/obs/{name}" for name in ("full", "empty", "left", "taken")]
    NOBODY = "/obs/nobody"

    def __init__(self, device):
        super().__init__()
        owner = self.enter_context(Process("obs-owner", _owner, self.NAMES))
        ports = [owner.hear() for _ in self.NAMES]
        full, empty, left, taken = ports
        self.owner = Place(owner)
        self.kinds = {"send": full, "recv": empty, "call_space": full,
                      "call_queued": left, "call_received": taken}
        self.names = dict(zip(ports, self.NAMES))
        self.waiter = self.add("obs-waiter", self._wait)
        self.submitted = self.waiter.process.hear()
        self.taken = owner.hear()
        look = [device.port(port).stat for port in ports]
        wait_until(lambda: look[0]().senders == 2 and look[1]().receivers == 1 and
                   look[2]().calls == 2)

    def _wait(self, say):
        with ipcport.Device() as device:
            ways = {kind: device.port(port).call for kind, port in self.kinds.items()}
            ways["send"] = device.port(self.kinds["send"]).send
            say(device.port(self.kinds["call_queued"]).submit(SECRET))
            for kind, way in ways.items():
                if kind != "recv":
                    Thread(self._as, kind, way, SECRET)
            Thread(self._as, "recv", device.port(self.kinds["recv"]).recv)
            Thread(self._as, "name", device.open, self.NOBODY, BOTH, wait=True)
            stay()

    @staticmethod
    def _as(kind, way, *args, **kwargs):
        call_me(f"w-{kind}")
        way(*args, **kwargs)


@contextlib.contextmanager
def parameter(name, value):
    """Another value for a parameter of the module."""
    path = f"/sys/module/ipcport/parameters/{name}"
    with open(path, encoding="ascii") as file:
        before = file.read()
    try:
        with open(path, "w", encoding="ascii") as file:
            file.write(str(value))
        yield
    finally:
        with open(path, "w", encoding="ascii") as file:
            file.write(before)


def in_time(before_ns, value_ns):
    """Whether a time that the kernel tells is between two that we know."""
    return before_ns <= value_ns <= time.monotonic_ns()
