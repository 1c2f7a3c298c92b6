#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""observe_waits_test.py: what "ipcport waits" says of who waits for whom, as TAP"""

import os
import time

from observe import NOBODY, command, objects, rows, run
from scene import SECRET, Chain, Crowd, Cycle, Process, Scene, in_time, own_port
from tap import ipcport, wait_until

COMMON = {"is_async": False, "is_cycle": False, "is_deadlock": False}


def title(place):
    """How a process is shown to people."""
    return f"{place.comm}[{place.pid}]"


def call(caller, server, token, kind="call_received", **more):
    """The wait of one process of a scene for the answer of another one."""
    holder = {"holder_pid": server.pid, "holder_comm": server.comm}
    if kind == "call_queued":
        holder = dict.fromkeys(holder)
    return {**COMMON, **holder, "kind": kind, "pid": caller.pid, "tid": caller.pid,
            "comm": caller.comm, "uid": os.geteuid(), "port": server.port, "name": server.name,
            "owner_pid": server.pid, "owner_comm": server.comm, "token": token,
            "waits_for": server.pid, **more}


def waits(*words, **options):
    """What waits prints as JSON, without the times, which go to the function's attribute."""
    found = objects("waits", *words, **options)
    waits.since = [wait.pop("since") for wait in found]
    return found


def told(*words):
    """What waits prints for people: the rows of the table, and the lines below."""
    table, _, text = command("waits", *words).partition("\n\n")
    return rows(table), text.splitlines()


def test_chain(device):
    """of a chain of three it tells callers, ports, owners, holders, tokens and times"""
    before = time.monotonic_ns()
    with Chain() as chain:
        expected = [call(chain.client, chain.front, chain.tokens[0]),
                    call(chain.front, chain.back, chain.tokens[1])]
        assert waits() == expected
        assert before < waits.since[0] < waits.since[1] < time.monotonic_ns(), waits.since
        assert waits(chain.client.pid) == expected
        assert waits(chain.front.pid) == expected[1:]
        assert waits(chain.back.pid) == []
    assert waits() == []
    assert device.create().stat().calls == 0


def test_culprit(device):
    """whoever asks on whom a process of the chain hangs is told in the last line"""
    with Chain() as chain:
        client, front, back = map(title, (chain.client, chain.front, chain.back))
        for first, pid in enumerate((chain.client.pid, chain.front.pid)):
            table, text = told(pid)
            assert [row["PROCESS"].lstrip("`-") for row in table] == [client, front, back][first:]
            assert [row["OWNER"] for row in table] == [front, back, "-"][first:]
            assert [row["HOLDER"] for row in table] == [front, back, "-"][first:]
            assert [row["NAME"] for row in table] == ["/obs/front", "/obs/back", "-"][first:]
            assert text == [f"{[client, front][first]} waits for {back}, which waits in no port "
                            "that you may see."], text
        assert command("waits", chain.back.pid) == f"{back} waits in no port that you may see.\n"


def test_tree(device):
    """in the tree who is waited for stands below who waits"""
    with Chain() as chain:
        lines = command("waits").splitlines()[1:]
        indents = [line.index(title(place)) for line, place in
                   zip(lines, (chain.client, chain.front, chain.back))]
        assert indents == [0, 2, 4], lines
        # one more who waits for the same
        with Process("obs-late", _late, chain.front.port) as late:
            wait_until(lambda: device.port(chain.front.port).stat().calls == 2)
            table, text = told()
            assert [row["PROCESS"].lstrip("`-") for row in table] == [
                title(place) for place in (chain.client, chain.front, chain.back, late)]
            assert [row["KIND"] for row in table] == ["call_received"] * 2 + ["-", "call_queued"]
            assert text == []


def _late(_, number):
    with ipcport.Device() as device:
        device.port(number).call(SECRET)


def links(cycle, note):
    """The waits of a cycle of three."""
    one, two, three = cycle.members
    note = {"is_cycle": True, "is_deadlock": note == "DEADLOCK"}
    return [call(one, two, cycle.tokens[0], **note), call(two, three, cycle.tokens[1], **note),
            call(three, one, cycle.tokens[1] + 1, "call_queued", **note)]


def test_deadlock(device):
    """a cycle of three is a deadlock, from wherever one looks"""
    with Cycle(device) as cycle:
        expected = links(cycle, "DEADLOCK")
        assert waits() == expected
        for first, member in enumerate(cycle.members):
            assert waits(member.pid) == expected[first:] + expected[:first]
        titles = [title(member) for member in cycle.members]
        for table, text in (told(), told(cycle.members[2].pid)):
            assert sorted(row["PROCESS"].lstrip("`-") for row in table) == sorted(titles)
            assert [row["NOTE"] for row in table] == ["DEADLOCK"] * 3
            assert text == ["Deadlock: " + " -> ".join(titles + titles[:1])], text


def test_cycle(device):
    """a cycle with a thread that could still help is no deadlock"""
    for second in ("sleeps", "receives"):
        with Cycle(device, second) as cycle:
            found = [wait for wait in waits() if wait["kind"] != "recv"]
            assert found == links(cycle, "cycle"), second
            table, text = told()
            assert [row["NOTE"] for row in table if row["KIND"] != "recv"] == ["cycle"] * 3
            assert len(text) == 1 and text[0].startswith("Cycle, perhaps a deadlock: "), text


def test_handle(device):
    """a cycle in which somebody else has a handle to receive is no deadlock"""
    with Cycle(device) as cycle:
        for member in cycle.members:
            with device.open(member.port, ipcport.R_RECV):
                assert waits() == links(cycle, "cycle")
        assert waits() == links(cycle, "DEADLOCK")


def test_worker(device):
    """a worker who shares the port of another one can answer what that one has received"""
    with Cycle(device) as cycle:
        caller, server = cycle.members[:2]
        listened, said = os.pipe()

        def work(say):
            with ipcport.Device() as own, own.open(server.port, ipcport.R_RECV) as handle:
                say(0)
                os.read(listened, 1)
                handle.reply(cycle.tokens[0])

        with Process("obs-worker", work) as worker:
            worker.hear()
            assert waits() == links(cycle, "cycle")
            os.write(said, b"x")
            # the call is answered, so this one ends
            caller.process.wait()
        os.close(listened)
        os.close(said)


def test_namespaces(device):
    """processes that cannot be seen are all 0, and no cycle; other networks have no ports"""
    with Cycle(device):
        found = waits(within=["unshare", "-p", "-f"])
        pids = {wait[key] for wait in found for key in ("pid", "tid", "owner_pid", "waits_for")}
        assert len(found) == 3 and not any(pids), found
        assert not any(wait["is_cycle"] for wait in found), found
        for what in ("waits", "ls"):
            assert objects(what, within=["unshare", "-n"]) == []


def test_busy_cycle(device):
    """a second thread that waits for the same cycle does not help"""
    with Cycle(device, "calls") as cycle:
        found = waits()
        assert len(found) == 4 and all(wait["is_deadlock"] for wait in found), found
        assert {wait["pid"] for wait in found} == {member.pid for member in cycle.members}


def test_broken_cycle(device):
    """when somebody in a cycle dies it is one no more"""
    with Cycle(device) as cycle:
        cycle.members[2].process.end()
        one, two = cycle.members[:2]
        # its caller is told, and ends
        two.process.wait()
        one.process.wait()
        assert waits() == []


def test_kinds(device):
    """it tells every way to wait, of each thread, and of calls that nobody waits for"""
    before = time.monotonic_ns()
    with Crowd(device) as crowd:
        # nothing else tells that somebody waits for a name
        wait_until(lambda: len(objects("waits")) == 7)
        found = {(wait["kind"], wait["is_async"]): wait for wait in objects("waits")}
        submitted = found.pop(("call_queued", True))
        assert (submitted["token"], submitted["tid"]) == (crowd.submitted, crowd.waiter.pid)
        assert sorted(kind for kind, _ in found) == sorted([*crowd.kinds, "name"])
        assert len({wait["tid"] for wait in found.values()}) == 6
        for (kind, _), wait in found.items():
            assert wait["comm"] == f"w-{kind}" and wait["pid"] == crowd.waiter.pid, wait
            assert in_time(before, wait["since"])
            has_token = kind in ("call_queued", "call_received")
            assert bool(wait["token"]) == has_token, wait
            if kind == "name":
                assert wait["name"] == crowd.NOBODY and not wait["waits_for"], wait
                assert not wait["port"] and not wait["owner_pid"], wait
                continue
            assert wait["port"] == crowd.kinds[kind], wait
            assert wait["name"] == crowd.names[wait["port"]], wait
            assert wait["owner_pid"] == crowd.owner.pid, wait
            assert wait["waits_for"] == (None if kind == "recv" else crowd.owner.pid), wait
        received = found["call_received", False]
        assert (received["token"], received["holder_pid"]) == (crowd.taken, crowd.owner.pid)
        # the id of a thread does as well
        expected = waits(crowd.waiter.pid)
        assert len(expected) == 7
        for wait in found.values():
            assert waits(wait["tid"]) == expected
        _, text = told(crowd.waiter.pid)
        assert text[-1] == (f"{title(crowd.waiter)} waits for {title(crowd.owner)}, which waits "
                            "in no port that you may see."), text


def _mine(say):
    os.setgroups([])
    os.setgid(NOBODY["group"])
    os.setuid(NOBODY["user"])
    with ipcport.Device() as device:
        own_port(device, say, "/obs/mine").recv()


def test_nobody(device):
    """somebody without rights is shown nothing but what concerns his own"""
    with Chain(), Scene() as scene:
        mine = scene.add("obs-mine", _mine, name="/obs/mine")
        wait_until(lambda: device.port(mine.port).stat().receivers == 1)
        found = waits(**NOBODY)
        assert [(wait["kind"], wait["pid"], wait["port"]) for wait in found] == [
            ("recv", mine.pid, mine.port)]
        assert len(waits()) == 3


def test_no_process(device):
    """of a process that there is not it says so; of one that does not wait, that"""
    with Process("obs-gone", lambda say: None) as gone:
        pid = gone.pid
        gone.wait()
    assert f"no process {pid}" in command("waits", pid, status=1)
    assert "waits in no port" in command("waits", os.getpid())
    assert waits(os.getpid()) == []
    for wrong in ("0", "-1", "x", "1x", "99999999999"):
        assert command("waits", "--", wrong, status=2)


if __name__ == "__main__":
    run(globals())
