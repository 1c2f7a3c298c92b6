#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""asyncio_echo_server.py: a server of calls in an asyncio program, which sends them back

Where ipcport.py is not installed, PYTHONPATH says where it is:

    PYTHONPATH=tools/python tools/python/examples/asyncio_echo_server.py /srv/echo &
    ipcport call --wait /srv/echo hello

The loop watches the handle like a socket. So the program can do other things between the
calls; here it waits for SIGTERM and SIGINT.
"""

import argparse
import asyncio
import os
import signal

import ipcport


class EchoServer:
    """Answers what comes through a handle, until it is told to stop."""

    def __init__(self, handle, is_ended_by_no_senders):
        self.handle = handle
        self.is_ended_by_no_senders = is_ended_by_no_senders
        self.nr_calls = 0
        self.end = asyncio.get_running_loop().create_future()

    async def run(self):
        """Serve; return when stop() was called, raise what went wrong."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        loop.add_reader(self.handle, self.on_readable)
        try:
            await self.end
        finally:
            loop.remove_reader(self.handle)

    def stop(self, error=None):
        """Let run() end."""
        if self.end.done():
            return
        if error:
            self.end.set_exception(error)
        else:
            self.end.set_result(None)

    def on_readable(self):
        """Take what is there, up to some messages: others want the loop too."""
        try:
            for delivery in self.handle.recv_batch(16):
                self.on_delivery(delivery)
        except BlockingIOError:
            # another process that receives from the port was faster
            pass
        except OSError as error:
            self.stop(error)

    def on_delivery(self, delivery):
        """Answer a call; a message that is none needs no answer."""
        if delivery.cargo is not None:
            # not asked for, but ours now
            os.close(delivery.cargo)
        if delivery.is_call:
            self.answer(delivery)
        elif delivery.info.flags & ipcport.INFO_F_NO_SENDERS and self.is_ended_by_no_senders:
            self.stop()

    def answer(self, delivery):
        """Send the message back."""
        try:
            self.handle.reply(delivery.info.token, delivery.message)
            self.nr_calls += 1
        except FileNotFoundError:
            # the caller has given up
            pass


async def serve(name, is_ended_by_no_senders):
    """Make a port, and serve it under a name."""
    with ipcport.Device() as device:
        port = device.create(capacity=64, flags=ipcport.CREATE_F_NOTIFY_NO_SENDERS)
        with port.open(ipcport.R_RECV, nonblock=True) as handle:
            server = EchoServer(handle, is_ended_by_no_senders)
            # only now can anybody find it
            port.bind(name)
            await server.run()
        print(f"{server.nr_calls} calls answered", flush=True)


def main():
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Serve a port that sends back each call.")
    parser.add_argument("name", help="name of the port, for example /srv/echo")
    parser.add_argument("--until-no-senders", action="store_true",
                        help="end when the last handle to send with is closed")
    options = parser.parse_args()
    asyncio.run(serve(options.name, options.until_no_senders))


if __name__ == "__main__":
    main()
