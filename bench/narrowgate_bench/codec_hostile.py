"""Honest frames between floods of layouts that nobody ever sends again: what is forgotten, and what it costs.

Each flood is of more lengths and shapes than a plan keeps, frames of the profile itself among them, so that
what is kept is pushed out before the honest batches come again. Only the honest batches are timed.
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from narrowgate_bench.codec_frames import Sender, Sent

Read: TypeAlias = Callable[[list[Sent]], object]

_SHAPES, _OWN = 60, 140
"""Random shapes of a flood, and frames of the profile's own encoder."""
_BATCHES, _BATCH = 2, 12
"""A layout is kept from its second batch on; smaller batches are no matter for a plan."""
_HONEST = 4
"""Honest batches that come after each flood."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Honest frames in a second of processor time, by run."""

    between: list[float]
    """Between floods."""
    alone: list[float]
    """Left alone."""


def besieged(profile: str, honest: list[Sent], read: Read, runs: int, seed: int) -> Figures:
    """Time honest batches between floods, and left alone.

    Args:
        profile: its name.
        honest: (n,) the frames of a batch.
        read: reads a batch.
        runs: how often each is timed.
        seed: of the hostile frames.
    """
    rng = random.Random(seed)
    sender = Sender(profile, "up", rng)
    read(honest)
    figures = Figures([], [])
    for _ in range(runs):
        figures.alone.append(_frames_per_s(read, honest))
        flood(sender, read, rng)
        figures.between.append(_frames_per_s(read, honest))
    return figures


def flood(sender: Sender, read: Read, rng: random.Random) -> None:
    """Read batches of shapes that were not there before."""
    shapes = [(rng.randbytes(rng.randrange(1, 1500)), sender.sent()[1]) for _ in range(_SHAPES)]
    for shape in [*shapes, *(sender.sent() for _ in range(_OWN))]:
        for _ in range(_BATCHES):
            read([shape] * _BATCH)


def _frames_per_s(read: Read, frames: list[Sent]) -> float:
    # This process's own time: a stall of the machine falls on one side only, and would look like the flood's.
    started = time.process_time()
    for _ in range(_HONEST):
        read(frames)
    return round(_HONEST * len(frames) / max(time.process_time() - started, 1e-9), 1)
