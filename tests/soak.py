"""A district that lives for long while faults by lot come over its gateway, and what its processes take."""

import asyncio
import os
import statistics
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Literal, get_args

from fault_plans import PLACES, Faults, Strike, drawn
from influx_stand import Influxd
from kill_matrix import Course, Felling, Left, lived, surrounded
from narrowgate_gateway.demo_city import Stage
from narrowgate_simulators import Emission
from restarted import Lives

Fault = Literal["edge", "core", "both", "server", "disk", "frames"]
ROLES = ("edge", "core")
_FAULT_EVERY_S = 8.0
_LAST_KILL = 0.5
"""Processes fall in the first half only: what grows, grows in a life that is long."""
_WARM_S = 10.0
_SAMPLE_EVERY_S = 0.5
_BAD_FRAMES = 40
_PAGE_KB = os.sysconf("SC_PAGE_SIZE") // 1024
_FAR_SEQUENCE = 20_000
"""Devices themselves do not count that far; what was acknowledged is kept as bits up to the newest."""


@dataclass(frozen=True)
class Sample:
    """What a process takes at an instant."""

    age_s: float
    memory_mb: float
    handles: int


@dataclass
class Watch:
    """Looks at edge and core twice a second."""

    samples: dict[str, list[Sample]] = field(default_factory=lambda: {role: [] for role in ROLES})

    async def over(self, lives: Lives) -> None:
        """Look until cancelled."""
        loop, born = asyncio.get_running_loop(), dict[int, float]()
        while True:
            for role, pid in lives.pids().items():
                at_s = loop.time()
                try:
                    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
                    handles = sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
                except (OSError, IndexError):
                    continue  # it falls this instant
                if pages:
                    age_s = at_s - born.setdefault(pid, at_s)
                    self.samples[role].append(Sample(age_s, pages * _PAGE_KB / 1024, handles))
            await asyncio.sleep(_SAMPLE_EVERY_S)

    def thirds(self, role: str, what: Callable[[Sample], float]) -> tuple[float, float]:
        """Give the medians of the first and the last third of the longest life, once it was warm."""
        samples = self.samples[role]
        starts = [at for at, each in enumerate(samples) if each.age_s == 0.0]
        lives = [samples[start:stop] for start, stop in pairwise([*starts, len(samples)])]
        warm = [each for each in max(lives, key=len) if each.age_s >= _WARM_S]
        third = max(1, len(warm) // 3)
        return statistics.median(map(what, warm[:third])), statistics.median(map(what, warm[-third:]))


class Lot:
    """Faults drawn from a seed, over the steps of a district's life."""

    def __init__(
        self, stage: Stage, faults: Faults, server: Influxd, seed: int, real_seconds: float, watch: Watch
    ) -> None:
        """Draw them; nothing happens yet.

        Args:
            stage: the district.
            faults: in force.
            server: goes away now and then.
            seed: of all that is drawn.
            real_seconds: how long the district lives [s].
            watch: looks at the processes.
        """
        self._rng, self._stage, self._faults, self._server = Random(seed), stage, faults, server
        self._steps = stage.city.step_count()
        self._per_s = self._steps / real_seconds
        self._armed: dict[str, list[Strike]] = {role: [] for role in ROLES}
        self._is_there = True
        self._bad = 0
        self.drawn: list[tuple[int, Fault]] = []
        """At which step what comes."""
        self.course = Course(self._is_behind, real_seconds=real_seconds, watch=watch.over)
        self._draw(max(6, round(real_seconds / _FAULT_EVERY_S)))

    def _draw(self, count: int) -> None:
        # Each kind comes, however short the life is.
        kinds = [*get_args(Fault), *self._rng.choices(get_args(Fault), k=count - len(get_args(Fault)))]
        for kind in kinds:
            is_kill = kind in ("edge", "core", "both", "disk")
            first, last = self._steps // 20, int(self._steps * (_LAST_KILL if is_kill else 0.9))
            step = self._rng.randrange(first, last)
            while step in self.course.errands_at:
                step = self._rng.randrange(first, last)
            self.drawn.append((step, kind))
            self._put(step, kind)
        self.drawn.sort()
        end = int(self._steps * 0.95)
        self.course.errands_at[end] = self._bring_back

    def _put(self, step: int, kind: Fault) -> None:
        errands = self.course.errands_at
        if kind == "frames":
            self.course.more_at[step] = self._bad_frames()
        elif kind == "server":
            errands[step] = self._take_away
            back = step + max(1, round(self._per_s * self._rng.uniform(2.0, 12.0)))
            errands.setdefault(back, self._bring_back)
        else:
            roles = ROLES if kind in ("both", "disk") else (kind,)
            slow_s = self._rng.uniform(0.01, 0.05) if kind == "disk" else 0.0
            armed = {role: drawn(PLACES[role], 1, self._rng) for role in roles}
            errands[step] = lambda: self._arm(armed, slow_s)
            # A step later: the plan is read as a process starts.
            self.course.strikes_at.setdefault(step + 1, []).extend(roles)

    def _arm(self, armed: dict[str, list[Strike]], slow_s: float) -> None:
        """Have roles fall now, and again at a place in their code; a disk is slow until the next fall."""
        self._faults.slow_syncs(slow_s)
        for role, strikes in armed.items():
            self._armed[role] += strikes
            self._faults.plan(role, self._armed[role])

    def _take_away(self) -> None:
        self._server.kill()
        self._is_there = False

    def _bring_back(self) -> None:
        if not self._is_there:
            self._server.start()
            self._is_there = True

    def _bad_frames(self) -> list[Emission]:
        bays = sorted({row["device"] for row in self._stage.city.fleet_rows()} - self._stage.metered)
        frames = []
        for device in self._rng.choices(bays, k=_BAD_FRAMES):
            self._bad += 1
            # No profile here knows this beginning; an empty frame, say, would be stored without a row.
            payload = b"\xff" + self._rng.randbytes(self._rng.randrange(60))
            frames.append(Emission(device, f"nb/{device}/up", payload, _FAR_SEQUENCE + self._bad, None, 0))
        return frames

    def _is_behind(self, step: int) -> bool:
        """Tell, at the end, whether a fall has not come true yet: a role that ends must end in order."""
        return step >= self._steps and any(
            self._faults.done(role) < len(strikes) for role, strikes in self._armed.items()
        )


async def soaked(stage: Stage, server: Influxd, lot: Lot) -> Left:
    """Let a district live through what was drawn, and give what is left."""
    async with surrounded(stage, server, Felling(0)) as far:
        return await lived(stage, far, lot.course)
