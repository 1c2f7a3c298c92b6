#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""observe_test.py: what "ipcport ls" and "ipcport show" say of ports and users, as TAP"""

import errno
import os
import re
import subprocess
import time

from observe import NOBODY, command, objects, rows, run
from scene import SECRET, Crowd, in_time
from tap import BOTH, Skip, ipcport, raises, wait_until

NAME = "/obs/shown"

# Counters of calls, whose sum is that of those which ended.
ENDS = ("answered", "port_died", "holder_died", "timed_out", "cancelled", "caller_gone")

MODULE = os.environ.get("IPCPORT_MODULE")

EVERY = (["ls"], ["show"], ["show", "1"], ["waits"], ["waits", "1"], ["graph"], ["watch"],
         ["top"])


def by_id(ports):
    """Ports by their numbers; each is there once, in the order of the numbers."""
    found = {port["id"]: port for port in ports}
    assert list(found) == sorted(found) and len(found) == len(ports), ports
    return found


def adds_up(counters, queued=0, unanswered=0):
    """Check the counters of a port, or of all ports, against what is still there."""
    assert counters["sent"] == counters["received"] + counters["dropped"] + queued, counters
    ended = sum(counters[end] for end in ENDS)
    assert counters["calls"] == ended + unanswered, counters


def test_attributes(device):
    """ls --json has every attribute of every port"""
    before = time.monotonic_ns()
    flags = ipcport.CREATE_F_OWNER_THREAD | ipcport.CREATE_F_CARGO
    plain, named = device.create(), device.create(capacity=5, mode=0o640, flags=flags)
    named.bind(NAME)
    with named.open(ipcport.R_SEND), named.open(BOTH):
        named.send(SECRET, timeout=0)
        named.submit(SECRET)
        ports = by_id(objects("ls"))
    for port in (plain, named):
        created, counters = map(ports[port.number].pop, ("created", "counters"))
        assert in_time(before, created) and created == port.stat().created_ns
        assert counters == {"sent": port.stat().sent, "received": 0, "dropped": 0,
                            "calls": port.stat().calls, **dict.fromkeys(ENDS, 0)}
    common = {"owner_pid": os.getpid(), "owner_comm": comm(), "uid": os.geteuid(),
              "gid": os.getegid(), "senders": 0, "receivers": 0,
              "generation": ports[plain.number]["generation"]}
    assert ports[plain.number] == {
        **common, "id": plain.number, "name": None, "owner_tid": None, "mode": "0600",
        "flags": 0, "capacity": ipcport.CAPACITY_DEFAULT, "depth": 0, "calls": 0,
        "send_handles": 0, "recv_handles": 0}, ports
    assert ports[named.number] == {
        **common, "id": named.number, "name": NAME, "owner_tid": os.getpid(), "mode": "0640",
        "flags": flags, "capacity": 5, "depth": 2, "calls": 1, "send_handles": 2,
        "recv_handles": 1}, ports


def comm():
    """What this process is called."""
    with open("/proc/self/comm", encoding="ascii") as file:
        return file.read().rstrip("\n")


def test_table(device):
    """for people ls has a line for each port, in columns"""
    ports = [device.create(capacity=3) for _ in range(12)]
    ports[0].bind(NAME)
    ports[1].send(SECRET)
    shown = rows(command("ls"))
    assert [int(row["PORT"]) for row in shown] == [port.number for port in ports]
    common = {"PID": str(os.getpid()), "COMMAND": comm(), "UID": str(os.geteuid()),
              "MODE": "0600", "CAP": "3", "SEND": "0", "RECV": "0", "CALLS": "0"}
    for row, name, depth in zip(shown, (NAME, "-", "-"), "010"):
        assert row == {**common, "PORT": row["PORT"], "NAME": name, "DEPTH": depth}, shown


def test_names(device):
    """a name that is no text is shown without harm, and has no place in JSON"""
    port = device.create()
    port.bind(b"/a\xff\\")
    assert rows(command("ls"))[0]["NAME"] == r"/a\xff\\"
    assert "name" not in objects("ls")[0]
    port.unbind()
    port.bind("ä")
    assert rows(command("ls"))[0]["NAME"] == "ä" and objects("ls")[0]["name"] == "ä"


def test_end(device):
    """a port that has ended is not shown any more; to ask for it is an error"""
    port, other = device.create(), device.create()
    port.bind(NAME)
    port.destroy()
    assert list(by_id(objects("ls"))) == [other.number]
    for which in (port.number, NAME):
        assert "ENOENT" in command("show", which, status=1)
    other.destroy()
    assert objects("ls") == [] and rows(command("ls")) == []


def test_show(device):
    """show tells the same of a port by its number and by its name"""
    device.create()
    port = device.create(flags=ipcport.CREATE_F_CARGO | ipcport.CREATE_F_NOTIFY_ABORT)
    port.bind(NAME)
    port.send(SECRET)
    listed = by_id(objects("ls"))[port.number]
    for which in (port.number, NAME):
        assert objects("show", which) == {**listed, "waiters": []}
        text = command("show", which)
        for line in (f"port       {port.number}", f"name       {NAME}", "mode       0600",
                     f"owner      pid {os.getpid()} ({comm()}), uid 0, gid 0",
                     "options    notify-abort, cargo", "queue      1 of 16 messages",
                     "messages   1 sent, 0 received, 0 dropped",
                     "calls      0 made, 0 answered",
                     "waiting    0 in send, 0 in recv, 0 calls"):
            assert line + "\n" in text, text


def test_waiters(device):
    """show lists who waits in a port, or for a name that no port has"""
    with Crowd(device) as crowd:
        wait_until(lambda: len(objects("waits")) == 7)
        known = objects("waits")
        for wait in known:
            for key in ("waits_for", "is_cycle", "is_deadlock"):
                del wait[key]
        for which in (*crowd.names, crowd.NOBODY):
            here = objects("show", which)["waiters"]
            assert sorted(here, key=repr) == sorted(
                (wait for wait in known if which in (wait["port"], wait["name"])), key=repr)
            shown = rows(command("show", which).split("\n\n")[1])
            assert [(row["KIND"], int(row["PID"]), int(row["TID"])) for row in shown] == [
                (wait["kind"] + (" async" if wait["is_async"] else ""), wait["pid"],
                 wait["tid"]) for wait in here]
        full = objects("show", crowd.kinds["send"])
        assert (full["senders"], full["receivers"], full["depth"]) == (2, 0, 1)


def test_counters(device):
    """counters tell what became of messages and calls, and add up"""
    before = objects("show")["counters"]
    port = device.create(capacity=8)
    port.send_batch([SECRET] * 3)
    port.recv()
    answered, received, queued = (port.submit(SECRET) for _ in range(3))
    port.recv_batch(4)
    port.reply(answered)
    port.collect(answered)
    port.cancel(received)
    with raises(errno.ETIMEDOUT):
        port.call(SECRET, timeout=0.001)
    port.submit(SECRET)
    port.cancel(port.submit(SECRET))
    port.submit(SECRET)
    shown = objects("show", port.number)
    assert shown["counters"] == {
        **dict.fromkeys(ENDS, 0), "sent": 10, "received": 5, "dropped": 2, "calls": 7,
        "answered": 1, "timed_out": 1, "cancelled": 2}, shown
    assert (shown["depth"], shown["calls"]) == (3, 3), shown
    assert queued
    adds_up(shown["counters"], queued=3, unanswered=3)
    total = objects("show")["counters"]
    assert {key: total[key] - before[key] for key in shown["counters"]} == shown["counters"]
    port.destroy()
    total = objects("show")["counters"]
    adds_up(total)
    assert total["port_died"] - before["port_died"] == 3
    assert total["dropped"] - before["dropped"] == 5
    assert (total["created"] - before["created"], total["destroyed"] - before["destroyed"]) == (1, 1)
    text = command("show")
    assert f"messages   {total['sent']} sent, {total['received']} received, " in text, text
    assert f"ports      {total['created']} created, {total['destroyed']} destroyed, " in text


def limits(user):
    """What a user holds, by limit."""
    return {limit["name"]: limit["used"] for limit in user["limits"]}


def test_limits(device):
    """show tells what users have used up of their limits: one's own, or those of all"""
    with subprocess.Popen(["ipcport", "create", "--capacity", "7"], stdout=subprocess.PIPE,
                          **NOBODY) as other:
        try:
            other.stdout.readline()
            port = device.create(capacity=5)
            port.submit(SECRET)
            mine = {"max_ports": 1, "max_messages": 5, "max_calls": 1, "max_cargo": 0}
            theirs = {"max_ports": 1, "max_messages": 7, "max_calls": 0, "max_cargo": 0}
            user, = objects("show")["users"]
            assert (user["uid"], limits(user)) == (os.geteuid(), mine)
            for limit in user["limits"]:
                assert limit["bound"] == parameter_value(limit["name"])
            users = {user["uid"]: limits(user) for user in objects("show", "--all")["users"]}
            assert users == {os.geteuid(): mine, NOBODY["user"]: theirs}
            user, = objects("show", "--all", **NOBODY)["users"]
            assert (user["uid"], limits(user)) == (NOBODY["user"], theirs)
            table = rows(command("show").split("\n\n")[1])
            assert {row["LIMIT"]: int(row["USED"]) for row in table} == mine
        finally:
            other.kill()


def parameter_value(name):
    """A parameter of the module."""
    with open(f"/sys/module/ipcport/parameters/{name}", encoding="ascii") as file:
        return int(file.read())


def test_nobody(device):
    """somebody without rights is shown the ports whose mode allows him something"""
    hidden, shown = device.create(mode=0o660), device.create(mode=0o602)
    assert list(by_id(objects("ls", **NOBODY))) == [shown.number]
    assert objects("show", shown.number, **NOBODY)["id"] == shown.number
    assert "ENOENT" in command("show", hidden.number, status=1, **NOBODY)
    # the counters are for everyone
    assert objects("show", **NOBODY)["counters"] == objects("show")["counters"]


def test_usage(_):
    """what is wrong on the command line is said, with status 2"""
    for words in (["ls", "1"], ["show", "1", "2"], ["show", "--all", "1"], ["waits", "1", "2"],
                  ["graph", "1"], ["graph", "--svg", "--json"], ["watch", "1"],
                  ["watch", "--count", "0"], ["top", "1"], ["top", "--delay", "x"]):
        command(*words, status=2)


def test_secret(device):
    """nothing shows what is in messages"""
    with Crowd(device) as crowd:
        for words in (["ls"], ["show"], ["waits"], ["graph"],
                      *(["show", port] for port in crowd.names)):
            for more in ([], ["--json"]):
                text = command(*words, *more)
                assert text and SECRET.decode() not in text


def test_no_module(device):
    """without the module each command says so in one line, with status 2"""
    if not MODULE:
        raise Skip("IPCPORT_MODULE names no module to load")
    mode = os.stat(ipcport.DEVICE).st_mode & 0o777
    device.close()
    subprocess.run(["rmmod", "ipcport"], check=True)
    try:
        for words in EVERY:
            for more in ([], ["--json"]):
                error = command(*words, *more, status=2)
                assert re.fullmatch(r"ipcport: .* is the module loaded\?\n", error), error
    finally:
        subprocess.run(["insmod", MODULE], check=True)
        os.chmod(ipcport.DEVICE, mode)


if __name__ == "__main__":
    run(globals())
