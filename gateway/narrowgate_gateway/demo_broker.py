"""The demo's MQTT broker in a process of its own: python -m narrowgate_gateway.demo_broker PORT.

amqtt, on loopback, with nobody to keep out. It ends when its standard input closes. For anything but a demo
use a broker that keeps its sessions on disk.
"""

import asyncio
import logging
import os
import signal
import sys

from amqtt.broker import Broker

HOST = "127.0.0.1"


async def serve(port: int) -> None:
    """Serve until SIGTERM or the end of standard input."""
    broker = Broker(
        {
            "listeners": {"default": {"type": "tcp", "bind": f"{HOST}:{port}"}},
            "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
        }
    )
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    loop.add_signal_handler(signal.SIGINT, lambda: None)
    loop.add_reader(sys.stdin.fileno(), _hand_gone, stop)
    await broker.start()
    await stop.wait()
    await broker.shutdown()


def _hand_gone(stop: asyncio.Event) -> None:
    if not os.read(sys.stdin.fileno(), 4096):
        asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
        stop.set()


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    asyncio.run(serve(int(sys.argv[1])))
