#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""observe_watch_test.py: what "ipcport watch" tells, while it happens, as TAP"""

import errno
import itertools
import json
import os
import re
import signal

from observe import NOBODY, command, objects, run, Running
from scene import SECRET, Process, parameter, stay
from tap import Thread, ipcport, raises, wait_until

NAME = "/obs/watched"


class Watch(Running):
    """The command, and the events that it tells. It listens when it has printed the ports."""

    def __init__(self, device, *words, **options):
        super().__init__("watch", "--ports", "--json", *words, **options)
        self._device = device
        self.ports = []
        while (event := self.event())["event"] != "synced":
            self.ports.append(event)
        assert event["ports"] == len(self.ports)

    def event(self):
        """The next event."""
        return json.loads(self.line())

    def events(self):
        """All events until now."""
        last = self._device.create()
        last.destroy()
        events = []
        while not events or (events[-1]["event"], events[-1].get("port")) != (
                "destroyed", last.number):
            events.append(self.event())
        assert (events[-2]["event"], events[-2]["port"]) == ("created", last.number)
        return events[:-2]


def may_listen():
    """Whether those without rights may, which is so since Linux 6.8."""
    return tuple(map(int, os.uname().release.split(".")[:2])) >= (6, 8)


def without(event, *keys):
    """An event without what cannot be known before."""
    return {key: value for key, value in event.items() if key not in keys}


def expect(events, *expected):
    """Compare events with what they are to be; times and generations only grow."""
    assert all("time" in event for event in events)
    assert [without(event, "time", "generation") for event in events] == list(expected), events
    for key in ("time", "generation"):
        values = [event[key] for event in events if key in event]
        assert values == sorted(values), events


def me(port, **more):
    """What events have that say who owns a port."""
    return {"port": port.number, "owner_pid": os.getpid(), "uid": os.geteuid(), **more}


def test_life(device):
    """created, bound, unbound and destroyed are told, in this order, with their generation"""
    with Watch(device) as watch:
        port = device.create()
        port.bind(NAME)
        port.unbind()
        port.bind(NAME)
        port.send(SECRET)
        port.destroy()
        events = watch.events()
    name = {"port": port.number, "name": NAME}
    expect(events, {"event": "created", **me(port)}, {"event": "bound", **name},
           {"event": "unbound", **name}, {"event": "bound", **name},
           {"event": "destroyed", **me(port), "name": NAME, "cause": "destroy"})
    first = events[0]["generation"]
    assert [event["generation"] for event in events] == list(range(first, first + 5))


def test_close(device):
    """the close of its file is told as the end of a port"""
    with Watch(device) as watch:
        with ipcport.Device() as other:
            port = other.create()
        events = watch.events()
    expect(events, {"event": "created", **me(port)},
           {"event": "destroyed", **me(port), "cause": "close"})


def _owner(say):
    with ipcport.Device() as device:
        port = device.create()
        say(port.number)
        port.recv()
        say(1)
        stay()


def test_exit(device):
    """the exit of an owner is told, and then how many callers were answered"""
    with Watch(device) as watch, Process("obs-owner", _owner) as owner:
        pid, port = owner.pid, device.port(owner.hear())
        callers = [Thread(port.call, SECRET) for _ in range(3)]
        owner.hear()
        wait_until(lambda: port.stat().calls == 3)
        watch.events()
        owner.end()
        for caller in callers:
            with raises(errno.EPIPE):
                caller.end()
        events = [watch.event(), watch.event()]
        assert not watch.events()
    owned = {"port": port.number, "owner_pid": pid, "uid": os.geteuid()}
    expect(events, {"event": "destroyed", **owned, "cause": "exit"},
           {"event": "owner_died", **owned, "callers": 3})


def _receiver(say, number):
    with ipcport.Device() as device, device.open(number, ipcport.R_RECV) as handle:
        say(handle.recv().info.token)
        stay()


def _caller(say, number):
    with ipcport.Device() as device:
        say(0)
        device.port(number).call(SECRET)


def test_aborted_calls(device):
    """calls that end without an answer are told, and how; those that are answered are not"""
    with Watch(device) as watch:
        port = device.create()
        watch.events()
        here = {"event": "call_aborted", "port": port.number, "caller_pid": os.getpid(),
                "caller_tid": os.getpid()}

        answered = port.submit(SECRET)
        port.reply(port.recv().info.token)
        port.collect(answered, timeout=0)
        cancelled = port.submit(SECRET)
        port.cancel(cancelled)
        with raises(errno.ETIMEDOUT):
            port.call(SECRET, timeout=0.001)
        events = watch.events()
        timed_out = events[-1]["token"]
        assert timed_out > cancelled
        expect(events, {**here, "token": cancelled, "outcome": "cancelled"},
               {**here, "token": timed_out, "outcome": "timed_out"})

        with Process("obs-receiver", _receiver, port.number) as receiver:
            token = port.submit(SECRET)
            assert receiver.hear() == token
        expect([watch.event()], {**here, "token": token, "outcome": "holder_died"})
        with raises(errno.EPIPE):
            port.collect(token, timeout=0)

        with Process("obs-caller", _caller, port.number) as caller:
            pid = caller.pid
            token = port.recv().info.token
        expect([watch.event()], {**here, "caller_pid": pid, "caller_tid": pid, "token": token,
                                 "outcome": "caller_gone"})
        assert not watch.events()


def test_limit(device):
    """a limit that was in somebody's way is told"""
    with Watch(device) as watch:
        with parameter("max_messages", 1), raises(errno.EDQUOT):
            device.create(capacity=1000)
        events = watch.events()
    expect(events, {"event": "limit_hit", "uid": os.geteuid(), "limit_name": "max_messages",
                    "limit_bound": 1})


def test_ports(device):
    """with --ports it begins with those that there are"""
    with ipcport.Device() as other:
        port = other.create()
        port.bind(NAME)
        with Watch(device) as watch:
            shown, = objects("ls")
            assert [without(there, "time") for there in watch.ports] == [
                {"event": "port", **shown}]
            port.destroy()
            event, = watch.events()
    assert event["event"] == "destroyed" and event["generation"] == shown["generation"] + 1


class Model:
    """The names of ports by their numbers, as a listener knows them."""

    def __init__(self, watch):
        self._watch = watch
        self._sync(watch.ports)

    def _sync(self, ports):
        self.ports = {port["id"]: port["name"] for port in ports}
        self._generation = ports[0]["generation"]

    def step(self):
        """Take in the next event; whether that was the end of a new beginning."""
        event = self._watch.event()
        if event["event"] == "lost":
            self._sync(list(iter(self._next_port, None)))
            return True
        if event.get("generation", 0) > self._generation:
            self._generation = event["generation"]
            self._change(event)
        return False

    def _next_port(self):
        event = self._watch.event()
        return event if event["event"] == "port" else None

    def _change(self, event):
        if event["event"] == "destroyed":
            self.ports.pop(event["port"], None)
        else:
            self.ports[event["port"]] = event["name"] if event["event"] == "bound" else None


def _churn(_):
    """Make ports, give some of them names, end most of them."""
    with ipcport.Device() as device:
        for number in itertools.count():
            ports = [device.create(capacity=1) for _ in range(50)]
            ports[0].bind(f"/obs/churn-{number}")
            for port in ports[number % 2:]:
                port.destroy()


def has_drops():
    """Whether a netlink socket has lost something."""
    with open("/proc/net/netlink", encoding="ascii") as file:
        head, *lines = map(str.split, file)
    return any(line[head.index("Drops")] != "0" for line in lines)


def test_lost_events(device):
    """when events were lost it says so, and tells what is needed to know all ports again"""
    # no dump is empty
    device.create().bind(NAME)
    with Watch(device) as watch:
        model = Model(watch)
        os.kill(watch.pid, signal.SIGSTOP)
        with Process("obs-churn", _churn):
            wait_until(has_drops)
            os.kill(watch.pid, signal.SIGCONT)
            while not model.step():
                pass
        last = device.create()
        while last.number not in model.ports:
            model.step()
        assert model.ports == {port["id"]: port["name"] for port in objects("ls")}


def test_text(device):
    """for people there is a line for each event, with the time of day"""
    with Running("watch", "--ports") as watch:
        assert re.fullmatch(r"\d\d:\d\d:\d\d\.\d{6} synced       0 ports", watch.line())
        port = device.create()
        port.bind(NAME)
        port.cancel(port.submit(SECRET))
        port.destroy()
        lines = [watch.line() for _ in range(4)]
        status, rest, errors = watch.end(signal.SIGTERM)
    assert (status, rest, errors) == (-signal.SIGTERM, "", "")
    here = f"port {port.number}"
    mine = f"of pid {os.getpid()}, uid {os.geteuid()}"
    for line, pattern in zip(lines, (
            f"created      {here} {mine}, generation G",
            f"bound        {here} {NAME}, generation G",
            f"call_aborted {here}, call G of pid {os.getpid()}, thread {os.getpid()}: cancelled",
            f"destroyed    {here} {NAME} {mine}: destroy, generation G")):
        assert re.fullmatch(r"[\d:.]{15} " + re.escape(pattern).replace("G", r"\d+"), line), line


def test_count(device):
    """with --count it ends after so many events"""
    with Running("watch", "--ports", "--count", "2") as watch:
        assert "synced" in watch.line()
        port = device.create()
        port.bind(NAME)
        port.destroy()
        assert ["created" in watch.line(), "bound" in watch.line()] == [True, True]
        assert watch.end(0) == (0, "", "")


def test_nobody(device):
    """somebody without rights hears of what he may see; on old kernels he is told why not"""
    hidden, shown = device.create(), device.create(mode=0o604)
    if not may_listen():
        assert "before Linux 6.8 this needs CAP_NET_ADMIN (EPERM)" in command(
            "watch", status=1, **NOBODY)
        return
    with Watch(device, **NOBODY) as watch:
        assert [port["id"] for port in watch.ports] == [shown.number]
        hidden.bind(NAME)
        shown.bind(NAME + "-too")
        hidden.destroy()
        shown.destroy()
        numbers = [event["port"] for event in (watch.event(), watch.event())]
    assert numbers == [shown.number] * 2


if __name__ == "__main__":
    run(globals())
