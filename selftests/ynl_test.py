#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""ynl_test.py: the netlink family through YNL, which knows docs/ipcport.yaml alone

What it needs is in the folder $IPCPORT_YNL, or ynl/ beside this: the description, the
kernel's tools/net/ynl/lib as lib/, and the module yaml. YNL refuses what is not described.
"""

import contextlib
import os
import pathlib
import sys
import threading

from tap import PATIENCE, Skip, Thread, ipcport, run, wait_until

YNL = pathlib.Path(os.environ.get("IPCPORT_YNL", pathlib.Path(__file__).parent / "ynl"))
NAME = f"/test/ynl-{os.getpid()}"


@contextlib.contextmanager
def family():
    """The family, as YNL makes it of the description."""
    if not YNL.is_dir():
        raise Skip(f"there is no {YNL}")
    if str(YNL) not in sys.path:
        sys.path.insert(0, str(YNL))
    from lib import YnlFamily
    result = YnlFamily(str(YNL / "ipcport.yaml"), schema="")
    try:
        yield result
    finally:
        result.sock.close()


def described(ynl, space):
    """Names of a set of attributes."""
    return {name for name, attribute in ynl.attr_sets[space].items() if attribute.type != "pad"}


def heard_of(ynl, port, count):
    """Events of a port, once there are as many."""
    ynl.check_ntf()
    heard = [event for event in ynl.async_msg_queue if event["msg"].get("port") == port]
    return heard if len(heard) >= count else None


def test_port(device):
    """port-get shows a port by its number and by its name, with all that is described"""
    port = device.create(capacity=3, mode=0o640)
    port.bind(NAME)
    port.send(b"one", timeout=0)
    with family() as ynl:
        shown = ynl.do("port-get", {"id": port.number})
        assert shown == ynl.do("port-get", {"name": NAME})
        assert set(shown) == described(ynl, "port") - {"owner-tid"}
        assert set(shown["counters"]) == described(ynl, "port-counters")
    assert (shown["id"], shown["name"]) == (port.number, NAME)
    assert (shown["owner-pid"], shown["uid"]) == (os.getpid(), os.geteuid())
    assert (shown["mode"], shown["capacity"], shown["depth"]) == (0o640, 3, 1)
    assert shown["counters"]["sent"] == 1 and shown["counters"]["received"] == 0


def test_owner_tid(device):
    """port-get tells the thread that owns a port"""
    port = device.create(flags=ipcport.CREATE_F_OWNER_THREAD)
    with family() as ynl:
        assert ynl.do("port-get", {"id": port.number})["owner-tid"] == threading.get_native_id()


def test_ports(device):
    """port-get as a dump lists all ports once"""
    numbers = [device.create().number for _ in range(100)]
    with family() as ynl:
        shown = [port["id"] for port in ynl.dump("port-get", {})]
    assert [number for number in shown if number in numbers] == numbers


def test_waiters(device):
    """waiter-get shows who waits in a port, and for a name"""
    port = device.create()
    receiver = Thread(port.recv, timeout=PATIENCE)
    wait_until(lambda: port.stat().receivers == 1)
    opener = Thread(device.open, NAME, 0, wait=True, timeout=PATIENCE)
    with family() as ynl:
        [shown] = ynl.dump("waiter-get", {"port": port.number})
        assert (shown["kind"], shown["port"]) == ("recv", port.number)
        assert (shown["pid"], shown["tid"]) == (os.getpid(), receiver.native_id)
        assert set(shown) <= described(ynl, "waiter")
        [shown] = wait_until(lambda: ynl.dump("waiter-get", {"name": NAME}))
        assert (shown["kind"], shown["tid"]) == ("name", opener.native_id)
    port.send(b"", timeout=0)
    receiver.end()
    port.bind(NAME)
    opener.end().close()


def test_call(device):
    """waiter-get shows a call that nobody sleeps for, and who holds it"""
    port = device.create()
    token = port.submit(b"", timeout=0)
    with family() as ynl:
        [shown] = ynl.dump("waiter-get", {"port": port.number})
        assert shown["kind"] == "call-queued" and shown["is-async"] and shown["token"] == token
        port.recv(timeout=0)
        [shown] = ynl.dump("waiter-get", {"port": port.number})
        assert (shown["kind"], shown["holder-pid"]) == ("call-received", os.getpid())
    port.cancel(token)


def test_users(device):
    """user-get shows a user's limits, and all users"""
    device.create(capacity=2)
    with family() as ynl:
        shown = ynl.do("user-get", {})
        assert shown == ynl.do("user-get", {"uid": os.geteuid()})
        assert shown in ynl.dump("user-get", {})
        limits = {limit["name"]: limit for limit in shown["limit"]}
        assert set(limits) == {"max_ports", "max_messages", "max_calls", "max_cargo"}
        assert all(set(limit) == described(ynl, "limit") for limit in shown["limit"])
    assert 0 < limits["max_ports"]["used"] <= limits["max_ports"]["bound"]


def test_counters(device):
    """counters-get shows all that is described"""
    device.create()
    with family() as ynl:
        shown = ynl.do("counters-get", {})
        assert set(shown) == described(ynl, "counters")
    assert shown["created"] >= 1


def test_events(device):
    """events have the attributes that are described for them"""
    with family() as ynl:
        ynl.ntf_subscribe("ports")
        port = device.create()
        port.bind(NAME)
        port.unbind()
        token = port.submit(b"", timeout=0)
        port.cancel(token)
        port.destroy()
        heard = wait_until(lambda: heard_of(ynl, port.number, 5))
        assert [event["name"] for event in heard] == [
            "created-ntf", "bound-ntf", "unbound-ntf", "call-aborted-ntf", "destroyed-ntf"]
        for event in heard:
            listed = set(ynl.ntfs[event["name"]].yaml["event"]["attributes"])
            # the port has lost its name before it ends
            assert set(event["msg"]) == listed - (
                {"name"} if event["name"] == "destroyed-ntf" else set())
        assert heard[3]["msg"]["outcome"] == "cancelled"
        assert heard[4]["msg"]["cause"] == "destroy"


if __name__ == "__main__":
    run(globals())
