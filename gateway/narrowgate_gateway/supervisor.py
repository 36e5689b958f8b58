"""Runs edge and core beside each other: restarts what dies, ends in the order that loses nothing."""

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE, Process
from dataclasses import dataclass, field
from pathlib import Path

from narrowgate_gateway.process import CANNOT_START
from narrowgate_gateway.settings import Home, Settings
from narrowgate_gateway.status import read_status

ROLES = ("edge", "core")
_FIRST_PAUSE_S = 0.1
_LAST_PAUSE_S = 10.0
_EDGE_STOP_S = 15.0


@dataclass
class _Child:
    """One role's process, over its restarts."""

    role: str
    process: Process | None = None
    is_up: bool = False
    """Whether this process became ready."""
    was_up: bool = False
    """Whether any process of the role ever did."""
    restarts: int = 0
    pause_s: float = field(default=_FIRST_PAUSE_S)


class Supervisor:
    """Both processes of one home."""

    def __init__(self, config: Path, settings: Settings, home: Home) -> None:
        self._config = config
        self._home = home
        self._core_stop_s = settings.core.drain_s + 15.0
        self._stop = asyncio.Event()
        self._refused = False

    async def run(self) -> int:
        """Run until SIGTERM or SIGINT; give 0, or 1 if a process could not start."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        self._home.run.mkdir(parents=True, exist_ok=True)
        children = {role: _Child(role) for role in ROLES}
        keeping = [asyncio.create_task(self._keep(child)) for child in children.values()]
        await self._stop.wait()
        # The edge first: what it acknowledges while it ends, the core still takes.
        await _end(children["edge"], _EDGE_STOP_S)
        await _end(children["core"], self._core_stop_s)
        await asyncio.gather(*keeping)
        return 1 if self._refused else 0

    async def _keep(self, child: _Child) -> None:
        """Keep one role running."""
        while not self._stop.is_set():
            child.is_up = False
            child.process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", "narrowgate_gateway.process", child.role, str(self._config), str(self._home.root)),
                stdin=PIPE,
            )
            code = await self._watch(child, child.process)
            if self._stop.is_set():
                return
            if code == CANNOT_START and not child.was_up:
                self._refused = True
                self._stop.set()
                return
            # One that came up is no hopeless case: its devices are not kept waiting.
            child.pause_s = _FIRST_PAUSE_S if child.is_up else min(child.pause_s * 2, _LAST_PAUSE_S)
            child.restarts += 1
            _say(f"{child.role} ended with {_how(code)}; starting it again")
            await _first(self._stop.wait(), child.pause_s)

    async def _watch(self, child: _Child, process: Process) -> int:
        """Wait for a process to end, noticing when it becomes ready."""
        ended = asyncio.create_task(process.wait())
        while not child.is_up and not ended.done():
            status = read_status(self._home.run, child.role)
            child.is_up = status is not None and status["pid"] == process.pid
            await asyncio.wait([ended], timeout=0.1)
        child.was_up |= child.is_up
        return await ended


async def _end(child: _Child, within_s: float) -> None:
    """Ask a process to end, and make it end if it does not."""
    process = child.process
    if process is None or process.returncode is not None:
        return
    process.terminate()
    if not await _first(process.wait(), within_s):
        _say(f"{child.role} did not end within {within_s:.0f} s; killed")
        process.kill()
        await process.wait()


async def _first(awaitable: "asyncio.Future[object] | object", within_s: float) -> bool:
    """Wait for something, for a time at most; tell whether it came."""
    try:
        await asyncio.wait_for(awaitable, within_s)  # type: ignore[arg-type]
    except TimeoutError:
        return False
    return True


def _how(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def _say(line: str) -> None:
    sys.stderr.write(f"narrowgate: {line}\n")
