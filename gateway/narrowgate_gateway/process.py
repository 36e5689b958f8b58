"""One process of a gateway: python -m narrowgate_gateway.process ROLE CONFIG HOME.

Its standard input is the supervisor's hand: when it closes, the supervisor is gone and the process ends too.
"""

import asyncio
import os
import signal
import sqlite3
import sys
from pathlib import Path

from narrowgate_gateway.complaints import complain, speak_plainly
from narrowgate_gateway.config import ConfigFaults, load
from narrowgate_gateway.settings import Home, Settings
from narrowgate_gateway.status import AlreadyRunning, StoreClosed
from narrowgate_gateway.thrift import load_little
from narrowgate_ingest.journal import JournalLocked

CANNOT_START = 78
"""Exit code of a process that would not start a second time either (sysexits' EX_CONFIG).

A port is taken, or the configuration, the registry or the journal is not right.
"""
STORE_CLOSED = 74
"""Exit code of a core that cannot open a file of its own that the edge does without (EX_IOERR)."""


async def run_role(role: str, settings: Settings, home: Home, *, watch_input: bool) -> None:
    """Run one role until SIGTERM, SIGINT, or the end of standard input where that is watched."""
    load_little()
    stop = asyncio.Event()
    stop_on_signals(stop)
    if watch_input:
        stop_with_hand(stop)
    if role == "edge":
        from narrowgate_gateway.edge import run_edge

        await run_edge(settings, home, stop)
    else:
        from narrowgate_gateway.core import run_core

        await run_core(settings, home, stop)


def stop_on_signals(stop: asyncio.Event) -> None:
    """Have SIGTERM and SIGINT set an event; a SIGINT that the parent has turned off stays off."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        if signal.getsignal(number) is not signal.SIG_IGN:
            loop.add_signal_handler(number, stop.set)


def stop_with_hand(stop: asyncio.Event) -> None:
    """Have the end of standard input set an event."""
    loop = asyncio.get_running_loop()
    loop.add_reader(sys.stdin.fileno(), _hand_gone, loop, stop)


def _hand_gone(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    if not os.read(sys.stdin.fileno(), 4096):
        loop.remove_reader(sys.stdin.fileno())
        stop.set()


def start(role: str, settings: Settings, home: Home, *, watch_input: bool) -> int:
    """Run one role and give its exit code; what keeps it from starting is one line on standard error."""
    speak_plainly(role)
    try:
        asyncio.run(run_role(role, settings, home, watch_input=watch_input))
    except (AlreadyRunning, JournalLocked, ValueError, sqlite3.Error) as error:
        return _refuse(role, str(error))
    except StoreClosed as error:
        complain(role, str(error))
        return STORE_CLOSED
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        return _refuse(role, f"{error.strerror or error}{where}")
    return 0


def _refuse(role: str, line: str) -> int:
    complain(role, line)
    return CANNOT_START


if __name__ == "__main__":
    _, which, config, root = sys.argv
    try:
        read = load(Path(config))
    except ConfigFaults as faults:
        sys.exit(_refuse(which, str(faults)))
    sys.exit(start(which, read, Home(Path(root)), watch_input=True))
