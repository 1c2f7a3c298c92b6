#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""python_test.py: the Python module with the real kernel, as TAP"""

import contextlib
import errno
import os
import select
import signal
import socket
import threading
import time

from tap import BOTH, PATIENCE, Thread, ipcport, raises, run, wait_until

NAME = f"/test/python-{os.getpid()}"


def answer_one(endpoint, status=0):
    """Be a server for one call."""
    delivery = endpoint.recv(timeout=PATIENCE)
    assert delivery.is_call and not delivery.is_notice
    endpoint.reply(delivery.info.token, delivery.message.payload.upper(), status)


def test_version(device):
    """version tells what the module can do"""
    version = device.version()
    assert version.version > 0 and version.batch_max == ipcport.BATCH_MAX
    assert version.features & ipcport.FEATURE_HANDLES
    assert version.capacity_max >= ipcport.CAPACITY_DEFAULT


def test_message(device):
    """a message arrives with all that it had, and with what the kernel says of it"""
    port = device.create(capacity=4)
    port.send(ipcport.Message(b"hello", type=7, flags=9, sender=12345), timeout=PATIENCE)
    delivery = port.recv(timeout=PATIENCE)
    assert delivery.message == (b"hello" + bytes(43), 7, 9, threading.get_native_id())
    assert delivery.message.text == "hello"
    info = delivery.info
    assert (info.pid, info.tid) == (os.getpid(), threading.get_native_id())
    assert (info.uid, info.gid) == (os.geteuid(), os.getegid())
    assert (info.token, info.badge, info.seq, info.flags) == (0, 0, 1, 0)
    assert 0 < info.time_ns <= time.monotonic_ns()
    assert delivery.cargo is None and not delivery.is_call and not delivery.is_notice


def test_values(device):
    """what has no place in a message is refused, and nothing is sent"""
    port = device.create()
    for message, error in ((bytes(49), ValueError), ("text", TypeError), (5, TypeError)):
        try:
            port.send(message, timeout=0)
        except error:
            continue
        assert False, f"{message!r} was sent"
    assert port.stat().sent == 0


def test_stat(device):
    """stat tells all of a port"""
    before = time.monotonic_ns()
    port = device.create(capacity=3, mode=0o640)
    port.bind(NAME)
    with port.open(ipcport.R_SEND), port.open(BOTH):
        port.send(b"x", timeout=0)
        stat = port.stat()
    assert before <= stat.created_ns <= time.monotonic_ns()
    assert stat._replace(created_ns=0) == ipcport.Stat(
        state=ipcport.STATE_READABLE | ipcport.STATE_WRITABLE, mode=0o640, capacity=3, depth=1,
        senders=0, receivers=0, uid=os.geteuid(), gid=os.getegid(), owner_pid=os.getpid(),
        owner_tid=0, sent=1, received=0, created_ns=0, calls=0, port=port.number,
        send_handles=2, recv_handles=1, name=NAME)


def test_batch(device):
    """batches keep their order, and what does not fit is not sent"""
    port = device.create(capacity=3)
    assert port.send_batch([b"0", b"1", b"2", b"3"], timeout=0) == 3
    with raises(errno.ETIMEDOUT, TimeoutError):
        port.send_batch([b"3"], timeout=0)
    assert [got.message.text for got in port.recv_batch(2, timeout=0)] == ["0", "1"]
    assert [got.message.text for got in port.recv_batch(5, timeout=0)] == ["2"]
    with raises(errno.EINVAL):
        port.send_batch([])
    with raises(errno.EINVAL):
        port.recv_batch(ipcport.BATCH_MAX + 1)


def test_timeout(device):
    """a timeout ends a wait, not before its time; and 0 does not wait at all"""
    port = device.create()
    start = time.monotonic()
    with raises(errno.ETIMEDOUT, TimeoutError):
        port.recv(timeout=0)
    with raises(errno.ETIMEDOUT, TimeoutError):
        port.recv(timeout=0.2)
    assert time.monotonic() - start >= 0.2
    # so far away that the kernel's clock has no such time
    port.send(b"x", timeout=1e30)
    port.recv(timeout=float("inf"))


def test_threads(device):
    """while a thread waits, others run"""
    port = device.create()
    thread = Thread(port.recv, timeout=PATIENCE)
    wait_until(lambda: port.stat().receivers == 1)
    port.send(b"now")
    assert thread.end().message.text == "now"


def test_rights(device):
    """a handle can do what it was opened for, and no more"""
    port = device.create()
    with port.open(ipcport.R_SEND) as sender, device.open(port.number, ipcport.R_RECV) as receiver:
        sender.send(b"x", timeout=0)
        with raises(errno.EACCES, PermissionError):
            sender.recv(timeout=0)
        with raises(errno.EACCES, PermissionError):
            receiver.send(b"x", timeout=0)
        with raises(errno.EACCES, PermissionError):
            sender.open(BOTH)
        assert receiver.recv(timeout=0).message.text == "x"
        assert not os.get_inheritable(sender.fileno())


def test_badge(device):
    """a message carries the badge of the handle that it came through"""
    port = device.create()
    with port.open(BOTH, badge=0xfedcba9876543210) as handle, handle.open(BOTH) as same:
        handle.send(b"x", timeout=0)
        same.send(b"y", timeout=0)
        assert [got.info.badge for got in same.recv_batch(5)] == [0xfedcba9876543210] * 2


def test_names(device):
    """a name finds the port, until it is taken away"""
    first, second = device.create(), device.create()
    first.bind(NAME)
    with raises(errno.EEXIST, FileExistsError):
        second.bind(NAME)
    with device.open(NAME, ipcport.R_SEND) as handle:
        handle.send(b"by name", timeout=0)
        first.unbind()
        handle.send(b"and after", timeout=0)
    assert [got.message.text for got in first.recv_batch(2)] == ["by name", "and after"]
    with raises(errno.ENOENT, FileNotFoundError):
        device.open(NAME, ipcport.R_SEND)
    for name in ("", "x" * 64, "x" * 100, "a\0b", "\n"):
        with raises(errno.EINVAL):
            first.bind(name)
    first.bind("é" * 31)
    assert first.stat().name == "é" * 31


def test_wait_for_name(device):
    """who waits for a name gets a handle when there is one"""
    with raises(errno.ETIMEDOUT, TimeoutError):
        device.open(NAME, ipcport.R_SEND, wait=True, timeout=0)
    thread = Thread(device.open, NAME, ipcport.R_SEND, wait=True, timeout=PATIENCE)
    port = device.create()
    port.bind(NAME)
    with thread.end() as handle:
        assert handle.stat().port == port.number


def test_nonblock(device):
    """with O_NONBLOCK nothing waits"""
    port = device.create(capacity=1)
    with port.open(BOTH, nonblock=True) as handle:
        assert not os.get_blocking(handle.fileno())
        with raises(errno.EAGAIN, BlockingIOError):
            handle.recv()
        with raises(errno.EAGAIN, BlockingIOError):
            handle.reply_recv(0)
        handle.send(b"x")
        with raises(errno.EAGAIN, BlockingIOError):
            handle.send(b"y")
        handle.recv()
        with raises(errno.EAGAIN, BlockingIOError):
            handle.call(b"nobody answers at once")
        # and it has been taken back
        assert (port.stat().depth, port.stat().calls) == (0, 0)


def test_poll(device):
    """a handle can be polled"""
    port = device.create(capacity=1)
    with port.open(BOTH) as handle:
        poll = select.poll()
        poll.register(handle, select.POLLIN | select.POLLOUT)
        assert poll.poll(0) == [(handle.fileno(), select.POLLOUT)]
        handle.send(b"x")
        assert poll.poll(0) == [(handle.fileno(), select.POLLIN)]
        handle.recv()
        port.destroy()
        assert poll.poll(0) == [(handle.fileno(), select.POLLHUP | select.POLLERR)]


def test_read_and_write(device):
    """what read() and write() carry is packed and unpacked"""
    port = device.create()
    with port.open(BOTH) as handle:
        message = ipcport.Message(b"bytes", 1, 2)
        assert os.write(handle.fileno(), message.pack() * 2) == 128
        data = os.read(handle.fileno(), 4096)
    assert len(data) == 2 * ipcport.Delivery.SIZE
    second = ipcport.Delivery.unpack(data[128:])
    assert second.message[1:3] == (1, 2) and second.message.text == "bytes"
    assert second.info.seq == 2 and second.cargo is None


def test_call(device):
    """a call is answered, with a status, by number and through handles"""
    port = device.create()
    with port.open(ipcport.R_SEND) as sender, port.open(ipcport.R_RECV) as receiver:
        for client, server in ((port, port), (sender, receiver)):
            thread = Thread(answer_one, server, status=-7)
            answer = client.call(b"hello", timeout=PATIENCE)
            thread.end()
            assert answer.message.text == "HELLO" and answer.status == -7
            assert answer.info.pid == os.getpid() and answer.cargo is None
    assert port.stat().calls == 0


def test_call_that_ends(device):
    """a call without an answer says why, and leaves nothing behind"""
    port = device.create()
    with raises(errno.ETIMEDOUT, TimeoutError):
        port.call(b"x", timeout=0.05)
    assert (port.stat().depth, port.stat().calls) == (0, 0)
    with port.open(ipcport.R_SEND) as handle:
        thread = Thread(handle.call, b"x", timeout=PATIENCE)
        wait_until(lambda: port.stat().calls == 1)
        port.destroy()
        with raises(errno.EPIPE, BrokenPipeError):
            thread.end()
        assert handle.stat().state & ipcport.STATE_DEAD
    with raises(errno.ENOENT, FileNotFoundError):
        port.stat()


def test_submit(device):
    """calls are submitted, and collected or cancelled later"""
    port = device.create()
    first, second = port.submit(b"first"), port.submit(b"second")
    assert first and second and first != second
    with raises(errno.ETIMEDOUT, TimeoutError):
        port.collect(port.submit(b"third"), timeout=0)
    answer_one(port)
    assert port.cancel(second) == ipcport.CALL_QUEUED
    assert port.collect(first, timeout=PATIENCE).message.text == "FIRST"
    for token in (first, second):
        with raises(errno.ENOENT, FileNotFoundError):
            port.collect(token, timeout=0)


def test_reply_recv(device):
    """a server answers and receives in one step"""
    port = device.create()
    tokens = [port.submit(text) for text in (b"a", b"b")]
    delivery = port.reply_recv(0, timeout=PATIENCE)
    delivery = port.reply_recv(delivery.info.token, b"A", 1, timeout=PATIENCE)
    assert delivery.message.text == "b"
    with raises(errno.ETIMEDOUT, TimeoutError):
        port.reply_recv(delivery.info.token, b"B", 2, timeout=0)
    answers = [port.collect(token, timeout=PATIENCE) for token in tokens]
    assert [(got.message.text, got.status) for got in answers] == [("A", 1), ("B", 2)]
    with raises(errno.ENOENT, FileNotFoundError):
        port.reply(delivery.info.token, b"again")


def test_notices(device):
    """notices are told from messages and calls"""
    port = device.create(flags=ipcport.CREATE_F_NOTIFY_ABORT | ipcport.CREATE_F_NOTIFY_NO_SENDERS)
    token = port.submit(b"x")
    assert port.recv(timeout=0).info.token
    assert port.cancel(token) == ipcport.CALL_RECEIVED
    port.open(ipcport.R_SEND).close()
    first, second = port.recv_batch(5, timeout=0)
    assert first.info.flags == ipcport.INFO_F_ABORTED
    assert second.info.flags == ipcport.INFO_F_NO_SENDERS
    for notice in (first, second):
        assert notice.is_notice and not notice.is_call


def test_cargo(device):
    """files travel with messages, calls and answers"""
    port = device.create(flags=ipcport.CREATE_F_CARGO)
    reader, writer = os.pipe()
    port.send(b"x", cargo=writer)
    os.close(writer)
    delivery = port.recv(timeout=0)
    assert not os.get_inheritable(delivery.cargo)
    os.write(delivery.cargo, b"through cargo")
    os.close(delivery.cargo)
    assert os.read(reader, 100) == b"through cargo"
    # its last writer is closed
    assert os.read(reader, 100) == b""

    token = port.submit(b"x", cargo=reader)
    os.close(reader)
    delivery = port.recv(timeout=0)
    port.reply(delivery.info.token, b"y", cargo=delivery.cargo)
    os.close(delivery.cargo)
    answer = port.collect(token, timeout=PATIENCE)
    assert os.read(answer.cargo, 100) == b""
    os.close(answer.cargo)


def test_handle_as_cargo(device):
    """a handle travels, and stays what it is"""
    port, other = device.create(flags=ipcport.CREATE_F_CARGO), device.create()
    with other.open(ipcport.R_SEND, badge=5) as handle:
        port.send(b"x", cargo=handle)
    with ipcport.Handle(port.recv(timeout=0).cargo) as handle:
        handle.send(b"y", timeout=0)
        with raises(errno.EACCES, PermissionError):
            handle.recv(timeout=0)
        assert other.recv(timeout=0).info.badge == 5


def test_refused_cargo(device):
    """what may not be cargo is refused, and nothing is sent"""
    port = device.create(flags=ipcport.CREATE_F_CARGO)
    with socket.socket(socket.AF_UNIX) as unix:
        for cargo in (unix, device):
            with raises(errno.EOPNOTSUPP):
                port.send(b"x", cargo=cargo)
    with raises(errno.EBADF):
        port.send(b"x", cargo=999)
    assert port.stat().sent == 0


class Interruption(Exception):
    """What a handler raises."""


@contextlib.contextmanager
def signals(handler, condition):
    """Send this thread a signal when the condition holds."""
    before = signal.signal(signal.SIGUSR1, handler)
    main = threading.get_ident()

    def send():
        wait_until(condition)
        signal.pthread_kill(main, signal.SIGUSR1)

    thread = Thread(send)
    try:
        yield
    finally:
        thread.end()
        signal.signal(signal.SIGUSR1, before)


def test_handler_that_returns(device):
    """a signal whose handler returns does not end a wait"""
    port = device.create()
    numbers = []

    def handler(number, _):
        numbers.append(number)
        port.send(b"from the handler", timeout=0)

    with signals(handler, lambda: port.stat().receivers == 1):
        assert port.recv(timeout=PATIENCE).message.text == "from the handler"
    assert numbers == [signal.SIGUSR1]


def test_handler_that_raises(device):
    """a handler that raises ends a call, and the call is taken back"""
    port = device.create()

    def handler(*_):
        raise Interruption

    for is_received in (False, True):
        with signals(handler, lambda: port.stat().calls == 1 and (
                not is_received or port.recv(timeout=0))):
            try:
                port.call(b"x", timeout=PATIENCE)
                assert False, "it was answered"
            except Interruption:
                pass
        assert (port.stat().depth, port.stat().calls) == (0, 0)


def test_close(device):
    """what is closed is closed once, and by whoever comes last"""
    port = device.create()
    handle = port.open(BOTH)
    fd = handle.detach()
    handle.close()
    with ipcport.Handle(fd) as same:
        assert same.stat().port == port.number
    same.close()
    try:
        same.stat()
        assert False, "it is open"
    except ValueError:
        # as with all that is closed in Python
        pass
    handle = port.open(BOTH)
    assert port.stat().send_handles == 1
    del handle
    assert port.stat().send_handles == 0


if __name__ == "__main__":
    run(globals())
