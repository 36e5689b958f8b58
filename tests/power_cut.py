"""The power of a machine that edge and core run on: it goes, and what was not synced goes with it."""

import asyncio
import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Self, get_args

from fault_plans import PLACES, Faults, Place, Survives, drawn
from gateway_home import Running, role_arguments, running
from narrowgate_gateway.demo_city import Stage
from restarted import END_WITHIN_S, Arguments

_PULL = signal.SIGRTMIN + 3


@dataclass(frozen=True)
class Roles:
    """What runs on a machine."""

    places: Mapping[str, Sequence[Place]] = field(default_factory=lambda: PLACES)
    """Where a cut falls, by role."""
    arguments: Arguments = role_arguments
    """Of the processes."""


class Machine:
    """Edge and core of one home, on a machine that loses its power again and again; a context manager.

    Each cut falls on a place in the code of one of them, and takes the other with it. The journal's mark, a
    page that nobody syncs, is as it was, or is gone.
    """

    def __init__(self, stage: Stage, faults: Faults, seed: int, cuts: int, roles: Roles = Roles()) -> None:
        """Plan the cuts; nothing runs yet.

        Args:
            stage: the home and its configuration.
            faults: in force.
            seed: of places and of what survives.
            cuts: how many.
            roles: what runs, and where it falls.
        """
        self._roles = roles
        self._stage, self._faults, self._random, self._cuts = stage, faults, Random(seed), cuts
        self._now: dict[str, Running] = {}
        self._task: asyncio.Task[None] | None = None
        self._is_ending = False
        self.cuts = 0
        """That fell so far."""

    async def __aenter__(self) -> Self:
        """Switch on."""
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End both processes in order; without mercy if a test is failing."""
        assert self._task is not None
        if kind is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            return
        self._is_ending = True
        for role in ("edge", "core"):
            self._now[role].process.terminate()
            async with asyncio.timeout(END_WITHIN_S):
                while self._now[role].process.poll() is None:
                    await asyncio.sleep(0.01)
        await self._task

    def check(self) -> None:
        """Raise what a process died of, if not of a cut."""
        if self._task is not None and self._task.done():
            self._task.result()

    def kill(self, role: str) -> None:
        """Kill a role alone."""
        self._now[role].process.kill()

    async def _run(self) -> None:
        while not self._is_ending:
            self._plan()
            with ExitStack() as stack:
                for role in ("edge", "core"):
                    arguments = self._roles.arguments(role, self._stage.config, self._stage.home)
                    self._now[role] = stack.enter_context(running(self._stage.home, *arguments))
                codes = await self._until_dark()
            if not self._is_ending:
                assert set(codes) == {-signal.SIGKILL}, (codes, self._now["edge"].said())
                self.cuts += 1
                self._lose_page()

    async def _until_dark(self) -> list[int | None]:
        """Wait for one to fall, pull the other down with it, and give how they ended."""
        processes = [self._now[role].process for role in ("edge", "core")]
        while all(process.poll() is None for process in processes):
            await asyncio.sleep(0.005)
        while any(process.poll() is None for process in processes):
            for process in processes:
                if process.poll() is None and not self._is_ending:
                    os.kill(process.pid, _PULL)
            await asyncio.sleep(0.02)
        return [process.returncode for process in processes]

    def _plan(self) -> None:
        """Draw where the next cut falls and what survives it; none once all have fallen."""
        random, role = self._random, self._random.choice(("edge", "core"))
        self._faults.clear()
        if self.cuts >= self._cuts:
            return
        survives: Survives = random.choice(get_args(Survives))
        self._faults.keep_undo(survives, random.randrange(1 << 30))
        self._faults.plan(role, drawn(self._roles.places[role], 1, random, is_cut=True))

    def _lose_page(self) -> None:
        page: Path = self._stage.home.journal / "durable"
        if page.exists() and self._random.randrange(2):
            page.write_bytes(bytes(page.stat().st_size))
