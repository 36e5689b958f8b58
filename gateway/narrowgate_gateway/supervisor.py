"""Runs edge and core beside each other: restarts what dies, ends in the order that loses nothing.

python -m narrowgate_gateway.supervisor CONFIG HOME runs one that ends with its standard input, as the
processes that it starts do.
"""

import asyncio
import os
import signal
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import Awaitable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from narrowgate_gateway.complaints import complain, speak_plainly
from narrowgate_gateway.config import load
from narrowgate_gateway.process import CANNOT_START, STORE_CLOSED, stop_on_signals, stop_with_hand
from narrowgate_gateway.settings import Home, Settings
from narrowgate_gateway.status import AlreadyRunning, Role, read_status
from narrowgate_gateway.thrift import environment

ROLES = ("edge", "core")
AGAIN = "starting it again"
"""How a line ends that says what became of a process, not why."""
_FIRST_PAUSE_S = 0.1
_LAST_PAUSE_S = 10.0
_EDGE_STOP_S = 15.0
_LAST_PAUSE_ONCE_UP_S = 1.0
_FIRST_PAUSE_CLOSED_S = 1.0
_LAST_PAUSE_CLOSED_S = 60.0
"""A store that cannot be opened waits for a hand: it is tried seldom, and said as seldom [s]."""
_SOUND_AFTER_S = 10.0
"""A process that lived so long is started again without delay [s]."""


@dataclass
class _Child:
    """One role's process, over its restarts."""

    role: str
    process: Process | None = None
    is_up: bool = False
    """Whether this process became ready."""
    was_up: bool = False
    """Whether any process of the role ever did."""
    pause_s: float = field(default=_FIRST_PAUSE_S)
    is_closed: bool = False
    """Whether the last process could not open a store."""
    beginning: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while a process is started: who ends the role then waits for it instead of missing it."""


class Supervisor:
    """Both processes of one home."""

    def __init__(self, config: Path, settings: Settings, home: Home) -> None:
        self._config = config
        self._home = home
        self._core_stop_s = settings.core.drain_s + 15.0
        self._stop = asyncio.Event()
        self._refused = False

    async def run(self, *, watch_input: bool = False) -> int:
        """Run until SIGTERM, SIGINT or, where it is watched, the end of standard input.

        Returns:
            0, or 1 if a process could not start.

        Raises:
            AlreadyRunning: another gateway works in this home.
            OSError: the home cannot be written.
        """
        role = Role(self._home.run, "supervisor")
        stop_on_signals(self._stop)
        if watch_input:
            stop_with_hand(self._stop)
        children = {name: _Child(name) for name in ROLES}
        keeping = [asyncio.create_task(self._keep(child)) for child in children.values()]
        stopping = asyncio.create_task(self._stop.wait())
        # A task that ends by itself has a fault of ours: the gateway then ends in order and says so.
        await asyncio.wait([stopping, *keeping], return_when=asyncio.FIRST_COMPLETED)
        self._stop.set()
        # The edge first: what it acknowledges while it ends, the core still takes.
        await _end(children["edge"], _EDGE_STOP_S)
        await _end(children["core"], self._core_stop_s)
        await asyncio.wait(keeping)
        role.release()
        for task in keeping:
            task.result()
        return 1 if self._refused else 0

    async def _keep(self, child: _Child) -> None:
        """Keep one role running."""
        while not self._stop.is_set():
            child.is_up, began_s = False, time.monotonic()
            try:
                process = await self._begin(child)
            except OSError as error:  # no memory, no process or no descriptor to be had: there will be
                complain("", f"{child.role} cannot be started: {error.strerror or error}; {AGAIN}")
                await _first(self._stop.wait(), _LAST_PAUSE_ONCE_UP_S)
                continue
            if process is None:
                return
            code = await self._watch(child, process)
            if self._stop.is_set():
                return
            if code == CANNOT_START and not child.was_up:
                self._refused = True
                self._stop.set()
                return
            _note_end(child, code, time.monotonic() - began_s)
            await _first(self._stop.wait(), child.pause_s)

    async def _begin(self, child: _Child) -> Process | None:
        """Start a role's process; None once the gateway is to end."""
        async with child.beginning:
            if self._stop.is_set():
                return None
            child.process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", "narrowgate_gateway.process", child.role, str(self._config), str(self._home.root)),
                stdin=PIPE,
                env={**environment(child.role), **os.environ},
                # Ctrl-C reaches the whole group; who ends when is the supervisor's to say.
                preexec_fn=_ignore_interrupts,
            )
            return child.process

    async def _watch(self, child: _Child, process: Process) -> int:
        """Wait for a process to end, noticing when it becomes ready."""
        ended = asyncio.create_task(process.wait())
        while not child.is_up and not ended.done():
            status = read_status(self._home.run, child.role)
            child.is_up = status is not None and status["pid"] == process.pid
            await asyncio.wait([ended], timeout=0.1)
        child.was_up |= child.is_up
        return await ended


def _note_end(child: _Child, code: int, lived_s: float) -> None:
    """Say how a process ended, and settle how long its successor waits."""
    was_closed, child.is_closed = child.is_closed, code == STORE_CLOSED
    if child.is_closed:
        child.pause_s = min(child.pause_s * 4, _LAST_PAUSE_CLOSED_S) if was_closed else _FIRST_PAUSE_CLOSED_S
        if not was_closed:  # why it is tried again, each try says itself
            complain("", f"devices are answered, nothing is decoded until {child.role} is up; {AGAIN}")
        return
    lived = child.is_up and lived_s > _SOUND_AFTER_S
    # One that came up is no hopeless case: its devices are not kept waiting.
    most_s = _LAST_PAUSE_ONCE_UP_S if child.is_up else _LAST_PAUSE_S
    child.pause_s = _FIRST_PAUSE_S if lived else min(child.pause_s * 2, most_s)
    complain("", f"{child.role} ended with {_how(code)}; {AGAIN}")


async def _end(child: _Child, within_s: float) -> None:
    """Ask a process to end, and make it end if it does not."""
    async with child.beginning:
        process = child.process
    if process is None or process.returncode is not None:
        return
    with suppress(ProcessLookupError):
        process.terminate()
    if not await _first(process.wait(), within_s):
        complain("", f"{child.role} did not end within {within_s:.0f} s; killed")
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _first(awaitable: Awaitable[object], within_s: float) -> bool:
    """Wait for something, for a time at most; tell whether it came."""
    try:
        async with asyncio.timeout(within_s):
            await awaitable
    except TimeoutError:
        return False
    return True


def _how(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def _ignore_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def supervise(config: Path, settings: Settings, home: Home, *, watch_input: bool = False) -> int:
    """Run a gateway and give its exit code; what keeps it from starting is one line on standard error."""
    speak_plainly("")
    try:
        return asyncio.run(Supervisor(config, settings, home).run(watch_input=watch_input))
    except AlreadyRunning as error:
        complain("", str(error))
        return 1


if __name__ == "__main__":
    _, written, root = sys.argv
    sys.exit(supervise(Path(written), load(Path(written)), Home(Path(root)), watch_input=True))
