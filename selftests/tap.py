# SPDX-License-Identifier: GPL-2.0
"""tap.py: what the tests in Python share: they wait, they run, and they say how it went

The module ipcport is looked for in $IPCPORT_PYTHON, or where it is in a checkout.
"""

import contextlib
import errno
import os
import pathlib
import sys
import threading
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, os.environ.get("IPCPORT_PYTHON", str(HERE.parent / "tools" / "python")))
import ipcport  # noqa: E402

# Seconds until a test gives up on something that must happen. Emulated CPUs are slow.
PATIENCE = 60

BOTH = ipcport.R_SEND | ipcport.R_RECV


class Skip(Exception):
    """A test that cannot be made here, and why."""


class raises(contextlib.AbstractContextManager):
    """The block must end with this kind of OSError."""

    def __init__(self, number, kind=OSError):
        self.number, self.kind = number, kind

    def __exit__(self, kind, error, _):
        assert error is not None, f"no {errno.errorcode[self.number]}"
        if not isinstance(error, OSError):
            return False
        assert error.errno == self.number, f"{error} instead of {errno.errorcode[self.number]}"
        assert isinstance(error, self.kind), f"{error!r} is no {self.kind.__name__}"
        return True


class Thread(threading.Thread):
    """A thread that hands on what its function returned or raised."""

    def __init__(self, function, *args, **kwargs):
        super().__init__(daemon=True)
        self.function, self.args, self.kwargs = function, args, kwargs
        self.result = self.error = None
        self.start()

    def run(self):
        try:
            self.result = self.function(*self.args, **self.kwargs)
        except OSError as error:
            self.error = error

    def end(self):
        """What the function returned."""
        self.join(PATIENCE)
        assert not self.is_alive(), "a thread does not end"
        if self.error:
            raise self.error
        return self.result


def wait_until(condition):
    """Look until it holds: what it returned then."""
    end = time.monotonic() + PATIENCE
    while not (result := condition()):
        assert time.monotonic() < end, "what should happen does not"
        time.sleep(0.001)
    return result


def open_files():
    """How many descriptors there are."""
    return len(os.listdir("/proc/self/fd"))


def comment(text):
    """Lines that are no results."""
    return "".join(f"# {line}\n" for line in text.splitlines())


def _run(test):
    """A verdict, and what is to be said behind the name of the test."""
    files = open_files()
    try:
        with ipcport.Device() as device:
            test(device)
        assert open_files() == files, "descriptors are left open"
        return "ok", ""
    except Skip as reason:
        return "ok", f" # SKIP {reason}"
    except Exception:  # any of them is a failed test
        print(comment(traceback.format_exc()), end="")
        return "not ok", ""


def skip_all(reason):
    """Say why there is no test, and exit."""
    print(f"TAP version 13\n1..0 # SKIP {reason}")
    sys.exit(4)


def run(tests):
    """Run all test_* of a module's globals, each with a device of its own; then exit."""
    tests = [value for name, value in tests.items() if name.startswith("test_")]
    if not os.path.exists(ipcport.DEVICE):
        skip_all(f"there is no {ipcport.DEVICE}")
    failed = 0
    print(f"TAP version 13\n1..{len(tests)}")
    for number, test in enumerate(tests, 1):
        verdict, note = _run(test)
        failed += verdict != "ok"
        print(f"{verdict} {number} {test.__doc__}{note}", flush=True)
    sys.exit(bool(failed))
