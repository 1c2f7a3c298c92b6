# SPDX-License-Identifier: MIT
"""Ports from Python: the ioctls of /dev/ipcport and of handles, with nothing in between

A port is a bounded queue of messages that belongs to one process. A handle is a file
descriptor for a port; what poll(), select, selectors and asyncio do with descriptors they
do with handles. <linux/ipcport.h> says what a port is and what each error means.

A server makes a port, gives it a name, and answers what it is asked:

    with ipcport.Device() as device:
        port = device.create(capacity=64)
        port.bind("/srv/upper")
        while True:
            delivery = port.recv()
            if delivery.is_call:
                port.reply(delivery.info.token, delivery.message.payload.upper())

A client finds it by that name, and waits up to five seconds for it, and for the answer:

    with ipcport.Device() as device:
        with device.open("/srv/upper", ipcport.R_SEND, wait=True, timeout=5) as handle:
            answer = handle.call(b"hello", timeout=5)
            print(answer.message.text)

What holds for every method here, unless it says otherwise:

Errors      OSError with the kernel's errno, in Python's own classes where there is one:
            BrokenPipeError when the port or its server has ended, TimeoutError,
            PermissionError, BlockingIOError, FileNotFoundError for a port, name or call
            that is not there. Numbers and bytes that a structure has no room for are
            ValueError or struct.error. What fails has changed nothing.
Waiting     timeout is in seconds, None means for ever, and 0 not at all: what is possible
            at once is done, else it is TimeoutError. If O_NONBLOCK is set, nothing waits;
            it is BlockingIOError.
Signals     A handler that runs during a wait and does not raise does not end it.
Threads     All may be used from any number of threads; others run during a wait.
Messages    A message to send is a Message, or bytes, which are its payload then.
Cargo       One descriptor can travel with a message: a number, or what has fileno(), to a
            port that was created with CREATE_F_CARGO; or with an answer. The sender keeps
            its own. Received cargo is a new descriptor that somebody has to
            close, and handles come as descriptors too: Handle(delivery.cargo).
"""

import array
import fcntl
import os
import struct
import time
from typing import NamedTuple, Optional

__all__ = [
    "Answer", "Delivery", "Device", "Handle", "Info", "Message", "Port", "Stat", "Version",
    "DEVICE", "PAYLOAD_SIZE", "BATCH_MAX", "CAPACITY_DEFAULT", "NAME_SIZE", "MODE_DEFAULT",
    "TYPE_ERROR", "INFO_F_ABORTED", "INFO_F_NO_SENDERS",
    "FEATURE_MESSAGES", "FEATURE_OWNER_THREAD", "FEATURE_CALLS", "FEATURE_HANDLES",
    "FEATURE_NAMES", "FEATURE_CARGO", "FEATURE_URING_CALL",
    "CREATE_F_OWNER_THREAD", "CREATE_F_NOTIFY_ABORT", "CREATE_F_NOTIFY_NO_SENDERS",
    "CREATE_F_CARGO",
    "STATE_READABLE", "STATE_WRITABLE", "STATE_DEAD",
    "CALL_QUEUED", "CALL_RECEIVED", "CALL_ENDED", "R_SEND", "R_RECV",
]

DEVICE = "/dev/ipcport"

# Constants are called as in <linux/ipcport.h>, without IPCPORT_ in front.
PAYLOAD_SIZE = 48
BATCH_MAX = 1024
CAPACITY_DEFAULT = 16
NAME_SIZE = 64
MODE_DEFAULT = 0o600
TYPE_ERROR = 0x80

INFO_F_ABORTED = 0x1
INFO_F_NO_SENDERS = 0x2

FEATURE_MESSAGES = 0x1
FEATURE_OWNER_THREAD = 0x2
FEATURE_CALLS = 0x4
FEATURE_HANDLES = 0x8
FEATURE_NAMES = 0x10
FEATURE_CARGO = 0x20
FEATURE_URING_CALL = 0x40

CREATE_F_OWNER_THREAD = 0x1
CREATE_F_NOTIFY_ABORT = 0x2
CREATE_F_NOTIFY_NO_SENDERS = 0x4
CREATE_F_CARGO = 0x8

STATE_READABLE = 0x1
STATE_WRITABLE = 0x2
STATE_DEAD = 0x4

CALL_QUEUED = 1
CALL_RECEIVED = 2
CALL_ENDED = 3

R_SEND = 0x1
R_RECV = 0x2

# Flags that the methods set by themselves.
SEND_F_CARGO = 0x2
CALL_F_SUBMIT = 0x2
CALL_F_CARGO = 0x4
REPLY_F_CARGO = 0x1
REPLY_RECV_F_CARGO = 0x2
OPEN_F_WAIT = 0x1
OPEN_F_NONBLOCK = 0x2

# The end of the kernel's clocks, which are signed.
_CLOCK_END = 2**63 - 1


class Structure:
    """A structure of the header: its members in order, as "name:format"."""

    def __init__(self, name, members):
        self.name = name
        self.members = [member.split(":") for member in members.split()]
        # no alignment, as the header's structures have no holes
        self.struct = struct.Struct("=" + "".join(kind for _, kind in self.members))

    def pack(self, values):
        """As bytes; members without a value are zero."""
        return self.struct.pack(*(values.get(name, b"" if kind.endswith("s") else 0)
                                  for name, kind in self.members))

    def unpack(self, data):
        """The values of the members by name."""
        return dict(zip((name for name, _ in self.members), self.struct.unpack(data)))


class Ioctl:
    """An ioctl of the header: its number, and the structure that is its argument."""

    WRITE, READ = 1, 2
    TYPE = 0xBA

    def __init__(self, name, direction, number, argument):
        self.name, self.argument = name, argument
        self.number = direction << 30 | argument.struct.size << 16 | self.TYPE << 8 | number

    def __call__(self, fd, values):
        """Make the ioctl: its result. values also has what the kernel wrote, on any end."""
        # fcntl lets other threads run and hands back what the kernel wrote, also after a
        # failure, if the buffer can be written to and is not longer than 1024 bytes
        buffer = bytearray(self.argument.pack(values))
        try:
            while True:
                try:
                    return fcntl.ioctl(fd, self.number, buffer, True)
                except InterruptedError:
                    # no handler has raised, so go on: a restart changes nothing
                    pass
        finally:
            values.update(self.argument.unpack(buffer))


_MESSAGE = Structure("message", "sender:Q type:I flags:I payload:48s")
_INFO = Structure("info", "token:Q badge:Q time_ns:Q seq:Q pid:I tid:I uid:I gid:I cargo:i "
                  "flags:I __reserved:Q")

_VERSION = Ioctl("VERSION", Ioctl.READ | Ioctl.WRITE, 0x00, Structure(
    "version", "flags:I out_version:I out_features:Q out_capacity_max:I out_batch_max:I"))
_CREATE = Ioctl("PORT_CREATE", Ioctl.READ | Ioctl.WRITE, 0x10, Structure(
    "create", "flags:I capacity:I mode:I __reserved:I out_port:Q"))
_DESTROY = Ioctl("PORT_DESTROY", Ioctl.WRITE, 0x11, Structure(
    "destroy", "port:Q flags:I __reserved:I"))
_STAT = Ioctl("PORT_STAT", Ioctl.READ | Ioctl.WRITE, 0x12, Structure(
    "stat", "port:Q flags:I __reserved:I out_state:I out_mode:I out_capacity:I out_depth:I "
    "out_senders:I out_receivers:I out_uid:I out_gid:I out_owner_pid:I out_owner_tid:I "
    "out_sent:Q out_received:Q out_created_ns:Q out_calls:Q out_port:Q "
    "out_send_handles:I out_recv_handles:I out_name:64s"))
_BIND = Ioctl("PORT_BIND", Ioctl.WRITE, 0x13, Structure(
    "bind", "port:Q flags:I __reserved:I name:64s"))
_UNBIND = Ioctl("PORT_UNBIND", Ioctl.WRITE, 0x14, Structure(
    "unbind", "port:Q flags:I __reserved:I"))
_SEND = Ioctl("MSG_SEND", Ioctl.WRITE, 0x20, Structure(
    "send", "port:Q messages:Q count:I flags:I deadline_ns:Q cargo:i __reserved:I"))
_RECV = Ioctl("MSG_RECV", Ioctl.WRITE, 0x21, Structure(
    "recv", "port:Q deliveries:Q count:I flags:I deadline_ns:Q"))
_CALL = Ioctl("CALL", Ioctl.READ | Ioctl.WRITE, 0x30, Structure(
    "call", "port:Q message:Q reply:Q token:Q deadline_ns:Q flags:I out_status:i cargo:i "
    "__reserved:I"))
_REPLY = Ioctl("CALL_REPLY", Ioctl.WRITE, 0x31, Structure(
    "reply", "port:Q token:Q message:Q status:i flags:I cargo:i __reserved:I"))
_REPLY_RECV = Ioctl("CALL_REPLY_RECV", Ioctl.READ | Ioctl.WRITE, 0x32, Structure(
    "reply_recv", "port:Q token:Q message:Q delivery:Q deadline_ns:Q status:i flags:I "
    "out_reply_errno:I cargo:i"))
_CANCEL = Ioctl("CALL_CANCEL", Ioctl.READ | Ioctl.WRITE, 0x33, Structure(
    "cancel", "token:Q flags:I out_state:I"))
_OPEN = Ioctl("HANDLE_OPEN", Ioctl.WRITE, 0x40, Structure(
    "open", "port:Q badge:Q deadline_ns:Q rights:I flags:I name:64s"))


class Message(NamedTuple):
    """What travels. sender is the kernel's: it is not read when a message is sent."""

    payload: bytes = b""
    type: int = 0
    flags: int = 0
    sender: int = 0

    @property
    def text(self):
        """The payload up to its first zero, as UTF-8."""
        return self.payload.partition(b"\0")[0].decode(errors="replace")

    def pack(self):
        """The 64 bytes that write() takes; the payload is filled up with zeroes."""
        if len(self.payload) > PAYLOAD_SIZE:
            raise ValueError(f"a payload of {len(self.payload)} bytes, "
                             f"more than {PAYLOAD_SIZE}")
        return _MESSAGE.pack(self._asdict())

    @classmethod
    def unpack(cls, data):
        """Out of 64 bytes."""
        return cls(**_MESSAGE.unpack(data))


class Info(NamedTuple):
    """What the kernel says of a message and its sender: struct ipcport_info."""

    token: int
    badge: int
    time_ns: int
    seq: int
    pid: int
    tid: int
    uid: int
    gid: int
    cargo: int
    flags: int

    @classmethod
    def unpack(cls, data):
        """Out of 64 bytes."""
        values = _INFO.unpack(data)
        return cls(**{name: values[name] for name in cls._fields})


class Delivery(NamedTuple):
    """What a receiver gets."""

    message: Message
    info: Info

    SIZE = 128

    @property
    def is_call(self):
        """Whether somebody waits for an answer to it."""
        return self.info.token != 0 and self.info.flags == 0

    @property
    def is_notice(self):
        """Whether it is no message: info.flags says what it tells."""
        return self.info.flags != 0

    @property
    def cargo(self) -> Optional[int]:
        """The descriptor that came with it, or None."""
        return None if self.info.cargo < 0 else self.info.cargo

    @classmethod
    def unpack(cls, data):
        """Out of the 128 bytes that read() gives for each message."""
        return cls(Message.unpack(data[:64]), Info.unpack(data[64:128]))


class Answer(NamedTuple):
    """What a caller gets: the server's message and status, and what the kernel says."""

    message: Message
    info: Info
    status: int

    cargo = Delivery.cargo


class Version(NamedTuple):
    """What the module is and can do; features are FEATURE_* bits."""

    version: int
    features: int
    capacity_max: int
    batch_max: int


class Stat(NamedTuple):
    """A port at one moment; the members are those of struct ipcport_stat."""

    state: int
    mode: int
    capacity: int
    depth: int
    senders: int
    receivers: int
    uid: int
    gid: int
    owner_pid: int
    owner_tid: int
    sent: int
    received: int
    created_ns: int
    calls: int
    port: int
    send_handles: int
    recv_handles: int
    name: str


def _deadline(timeout):
    """The kernel's deadline for a timeout in seconds."""
    if timeout is None:
        return 0
    nanoseconds = int(min(max(0, timeout) * 1e9, _CLOCK_END))
    # a clock that still shows 0 must not make "at once" into "never"
    return min(max(1, time.monotonic_ns() + nanoseconds), _CLOCK_END)


def _memory(data):
    """Memory with these bytes that has an address and stays there."""
    return array.array("B", data)


def _address(memory):
    return memory.buffer_info()[0]


def _packed(message):
    if not isinstance(message, Message):
        message = Message(memoryview(message).tobytes())
    return message.pack()


def _cargo(cargo, flag):
    """The members that say what is cargo."""
    if cargo is None:
        return {}
    return {"cargo": cargo if isinstance(cargo, int) else cargo.fileno(), "flags": flag}


class _File:
    """An open file that is closed at the end of a with, or with the object."""

    _fd = -1

    def fileno(self):
        """The descriptor."""
        return self._fd

    def close(self):
        """Close the descriptor, if it is open."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)

    def detach(self):
        """Give the descriptor away: it belongs to the caller then."""
        fd, self._fd = self._fd, -1
        return fd

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __del__(self):
        self.close()


class _Endpoint:
    """What can be done with a port, through its number or through a handle."""

    # number that the ioctls get; a handle knows its port
    _number = 0

    def fileno(self):
        """The descriptor on which the ioctls are made."""
        raise NotImplementedError

    def _ioctl(self, ioctl, **values):
        values["port"] = self._number
        return ioctl(self.fileno(), values)

    def send(self, message, timeout=None, cargo=None):
        """Put a message into the port; wait for space if need be."""
        self._send(_packed(message), 1, timeout, _cargo(cargo, SEND_F_CARGO))

    def send_batch(self, messages, timeout=None):
        """Put up to BATCH_MAX messages in: how many of the first were taken, at least one.

        Fewer than all is no error; why it was not more is told when the rest is sent.
        """
        packed = [_packed(message) for message in messages]
        return self._send(b"".join(packed), len(packed), timeout, {})

    def _send(self, data, count, timeout, more):
        memory = _memory(data)
        return self._ioctl(_SEND, messages=_address(memory), count=count,
                           deadline_ns=_deadline(timeout), **more)

    def recv(self, timeout=None):
        """Take the next message out of the port: a Delivery."""
        return self.recv_batch(1, timeout)[0]

    def recv_batch(self, count, timeout=None):
        """Wait for a message, then take what is there, up to count: a list."""
        memory = _memory(bytes(Delivery.SIZE * min(count, BATCH_MAX)))
        count = self._ioctl(_RECV, deliveries=_address(memory), count=count,
                            deadline_ns=_deadline(timeout))
        data = memory.tobytes()
        return [Delivery.unpack(data[start:start + Delivery.SIZE])
                for start in range(0, count * Delivery.SIZE, Delivery.SIZE)]

    def call(self, message, timeout=None, cargo=None):
        """Send a message and wait until it is answered: an Answer.

        However it ends, with whatever exception, no call is left outstanding.
        """
        memory = _memory(_packed(message))
        return self._call({"message": _address(memory), "deadline_ns": _deadline(timeout),
                           **_cargo(cargo, CALL_F_CARGO)}, is_kept=False)

    def submit(self, message, timeout=None, cargo=None):
        """Send a message whose answer is collected later: the call's token.

        timeout is for the wait for space.
        """
        memory = _memory(_packed(message))
        values = {"port": self._number, "message": _address(memory),
                  "deadline_ns": _deadline(timeout), "flags": 0,
                  **_cargo(cargo, CALL_F_CARGO)}
        values["flags"] |= CALL_F_SUBMIT
        _CALL(self.fileno(), values)
        return values["token"]

    def collect(self, token, timeout=None):
        """Wait for the answer to a call that was submitted: an Answer.

        With TimeoutError the call has ended. It is still outstanding after
        BlockingIOError, if there was no room for the cargo of the answer, and after the
        exception of a signal's handler; then collect it again, or cancel it.
        """
        return self._call({"token": token, "deadline_ns": _deadline(timeout)}, is_kept=True)

    def _call(self, values, is_kept):
        memory = _memory(bytes(Delivery.SIZE))
        values["port"], values["reply"] = self._number, _address(memory)
        try:
            _CALL(self.fileno(), values)
        except BaseException:
            if values["token"] and not is_kept:
                self._end_call(values["token"])
            raise
        delivery = Delivery.unpack(memory.tobytes())
        return Answer(delivery.message, delivery.info, values["out_status"])

    def _end_call(self, token):
        try:
            self.cancel(token)
        except FileNotFoundError:
            # it has ended by itself
            pass

    def cancel(self, token):
        """End a call that is outstanding: how far it had come, CALL_*."""
        values = {"token": token}
        _CANCEL(self.fileno(), values)
        return values["out_state"]

    def reply(self, token, message=b"", status=0, cargo=None):
        """Answer the call that a delivery's info.token names. Never waits.

        FileNotFoundError if nobody waits for the answer any more.
        """
        memory = _memory(_packed(message))
        self._ioctl(_REPLY, token=token, message=_address(memory), status=status,
                    **_cargo(cargo, REPLY_F_CARGO))

    def reply_recv(self, token, message=b"", status=0, timeout=None, cargo=None):
        """Answer a call, unless token is 0, and wait for the next message: a Delivery.

        That nobody waits for the answer any more is no error. After TimeoutError,
        BlockingIOError or BrokenPipeError the answer has been given.
        """
        answer, memory = _memory(_packed(message)), _memory(bytes(Delivery.SIZE))
        self._ioctl(_REPLY_RECV, token=token, message=_address(answer),
                    delivery=_address(memory), deadline_ns=_deadline(timeout), status=status,
                    **_cargo(cargo, REPLY_RECV_F_CARGO))
        return Delivery.unpack(memory.tobytes())

    def open(self, rights, badge=0, nonblock=False):
        """Make a Handle for the port, with R_SEND, R_RECV, both, or 0.

        Of a handle, one that may do no more. Only the port's owner can choose a badge.
        """
        return Handle(self._ioctl(_OPEN, rights=rights, badge=badge,
                                  flags=OPEN_F_NONBLOCK if nonblock else 0))

    def bind(self, name):
        """Give the port a name, by which Device.open() finds it. For its owner only."""
        # one that is too long has no zero at its end, and the kernel refuses it
        self._ioctl(_BIND, name=os.fsencode(name))

    def unbind(self):
        """Take the port's name away. For its owner only."""
        self._ioctl(_UNBIND)

    def destroy(self):
        """End the port; who waits on it gets BrokenPipeError. For its owner only."""
        self._ioctl(_DESTROY)

    def stat(self):
        """Look at the port: a Stat."""
        values = {"port": self._number}
        _STAT(self.fileno(), values)
        name = os.fsdecode(values.pop("out_name").rstrip(b"\0"))
        return Stat(name=name, **{key[4:]: value for key, value in values.items()
                                  if key.startswith("out_")})


class Handle(_File, _Endpoint):
    """A file descriptor for one port, with rights that were fixed when it was made.

    It can be polled; os.read() and os.write() work as well, with Delivery.unpack() and
    Message.pack(); and it can be inherited, passed on, or be cargo. Handle(fd) takes over
    a descriptor that came from elsewhere.
    """

    def __init__(self, fd):
        self._fd = fd

    def __repr__(self):
        return f"<ipcport.Handle fd={self._fd}>"


class Port(_Endpoint):
    """A port by its number, on an open Device."""

    def __init__(self, device, number):
        self._device, self._number = device, number

    @property
    def number(self):
        """The port's number."""
        return self._number

    def fileno(self):
        """The device's descriptor. It cannot be polled; a handle can, see open()."""
        return self._device.fileno()

    def __repr__(self):
        return f"<ipcport.Port {self._number}>"


class Device(_File):
    """An open /dev/ipcport. Ports that are created here end with it, at the latest."""

    def __init__(self, path=DEVICE):
        self._fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)

    def version(self):
        """Ask what the module is and can do: a Version."""
        values = {}
        _VERSION(self._fd, values)
        return Version(*(values["out_" + name] for name in Version._fields))

    def create(self, capacity=0, mode=0, flags=0):
        """Make a Port that this process owns; 0 means the kernel's default."""
        values = {"capacity": capacity, "mode": mode, "flags": flags}
        _CREATE(self._fd, values)
        return Port(self, values["out_port"])

    def port(self, number):
        """A Port by its number. Whether there is one is seen when it is used."""
        return Port(self, number)

    def open(self, port, rights, badge=0, wait=False, timeout=None, nonblock=False):
        """Make a Handle for a port by its number or name, with R_SEND, R_RECV, both, or 0.

        With wait, if nobody has the name yet, wait until somebody has.
        """
        values = {"rights": rights, "badge": badge, "deadline_ns": _deadline(timeout),
                  "flags": (OPEN_F_WAIT if wait else 0) | (OPEN_F_NONBLOCK if nonblock else 0)}
        if isinstance(port, int):
            values["port"] = port
        else:
            values["name"] = os.fsencode(port)
        return Handle(_OPEN(self._fd, values))

    def __repr__(self):
        return f"<ipcport.Device fd={self._fd}>"
