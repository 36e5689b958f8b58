"""Edge and core of one home, each started again the moment it is dead."""

import asyncio
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from gateway_home import Running, role_arguments, running
from narrowgate_gateway.settings import Home

END_WITHIN_S = 150.0
"""A process that was told to end has ended by then, whatever it has to work off."""


class Place(Protocol):
    """Where a gateway lives."""

    @property
    def home(self) -> Home:
        """Its home."""
        ...

    @property
    def config(self) -> Path:
        """Its configuration."""
        ...


Arguments = Callable[[str, Path, Home], tuple[str, ...]]
"""Gives the arguments of a role's process, by its configuration and home."""


class Lives:
    """Edge and core of one home, each started again the moment it is dead; an async context manager."""

    def __init__(self, stage: Place, arguments: Arguments = role_arguments) -> None:
        self._stage = stage
        self._arguments = arguments
        self._now: dict[str, Running] = {}
        self._keeping: list[asyncio.Task[None]] = []
        self._is_ending = False
        self.fallen: Counter[str] = Counter()

    async def __aenter__(self) -> Self:
        """Start both."""
        self._keeping = [asyncio.create_task(self._keep(role)) for role in ("edge", "core")]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End both, the edge first; without mercy if a test is failing."""
        self._is_ending = True
        for role, keeping in zip(("edge", "core"), self._keeping, strict=True):
            if kind is None:
                self._now[role].process.terminate()
            else:
                keeping.cancel()
            _, late = await asyncio.wait([keeping], timeout=END_WITHIN_S)
            assert not late, f"the {role} does not end: {self._now[role].said()}"
        if kind is None:
            for keeping in self._keeping:
                keeping.result()

    async def _keep(self, role: str) -> None:
        """Run a role; whatever ends it but a kill is a fault."""
        arguments = self._arguments(role, self._stage.config, self._stage.home)
        while not self._is_ending:
            with running(self._stage.home, *arguments) as one:
                self._now[role] = one
                while (code := one.process.poll()) is None:
                    await asyncio.sleep(0.01)
            self.fallen[role] += code == -signal.SIGKILL
            assert code == (0 if self._is_ending else -signal.SIGKILL), one.said()

    def kill(self, role: str) -> None:
        """Kill a role wherever it stands; any thread may."""
        self._now[role].process.kill()

    def pids(self) -> dict[str, int]:
        """Give the process of each role, whatever it is at."""
        return {role: one.process.pid for role, one in self._now.items()}

    def check(self) -> None:
        """Raise what a role died of, if not of a kill."""
        for keeping in self._keeping:
            if keeping.done():
                keeping.result()
