#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""relay.py: a server that asks another one, and passes its answers on

Where ipcport.py is not installed, PYTHONPATH says where it is:

    PYTHONPATH=tools/python tools/python/examples/relay.py /srv/front /srv/back &
    ipcport call --wait /srv/front hello

While the other server works, this one waits in a call of its own. Who waits for both in
the end, and for whom, is what 'ipcport waits' shows.
"""

import argparse
import contextlib

import ipcport


def ask(server, question):
    """The message and the status with which to answer."""
    try:
        answer = server.call(question)
    except OSError as error:
        return b"", -error.errno
    return answer.message, answer.status


def relay(port, server):
    """Pass on one call after the other."""
    token, message, status = 0, b"", 0
    while True:
        delivery = port.reply_recv(token, message, status)
        token = 0
        if delivery.is_call:
            token = delivery.info.token
            message, status = ask(server, delivery.message)


def main():
    """Serve a name with the help of another one until interrupted."""
    parser = argparse.ArgumentParser(description="Pass calls of a port on to another one.")
    parser.add_argument("name", help="of the new port, for example /srv/front")
    parser.add_argument("server", help="name of the other port; waited for")
    args = parser.parse_args()
    with ipcport.Device() as device, \
            device.open(args.server, ipcport.R_SEND, wait=True) as server:
        port = device.create()
        port.bind(args.name)
        relay(port, server)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
