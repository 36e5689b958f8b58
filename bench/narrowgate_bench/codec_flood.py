"""Random and mutated frames without end: `python -m narrowgate_bench.codec_flood --frames 10000000 --seed 1`.

Nothing may be raised; the work on a frame is counted, not timed, and must stay within a fixed multiple of
its bytes; memory must not grow; and of every few batches some frames are read by plan and by construct, which
must say the same. Prints what it counted as JSON; the first thing that is wrong with its seed, and exit 1.
"""

import json
import random
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
import construct as c
import numpy as np

from narrowgate_bench.codec_frames import KEY, Sender, Sent
from narrowgate_bench.codec_fuzz import differences, worn
from narrowgate_codecs import PROFILES, Context, decode, uplinks_from
from narrowgate_codecs.cohort import Cohort
from narrowgate_codecs.engine import Frame
from narrowgate_codecs.layout import Direction
from narrowgate_codecs.scope import Scope

SEEDS = (1, 20_260_101, 77_003)
"""Seeds whose first batches the tests read again."""
BATCH = 2048
_POOL = 192
"""Sound frames of a profile and direction that others are made of."""
_COMPARED_EVERY, _COMPARED = 16, 96
OWN_STEPS, STEPS_A_BYTE = 150, 8
"""Elements that the row engine may visit: so many for any frame, and so many more for each of its bytes."""
OWN_READS, READS_A_FRAME = 1500, 4
"""Columns that a plan may read from a batch: so many for any, and so many more for each of its frames."""


@dataclass(slots=True)
class Counts:
    """What a flood took."""

    frames: int = 0
    bytes: int = 0
    by_row: int = 0
    refused: int = 0
    compared: int = 0
    steps: int = 0
    """Elements that the row engine visited."""
    most_steps: float = 0.0
    """Of any frame, as a share of what it may take."""
    reads: int = 0
    """Columns that plans read."""
    most_reads: float = 0.0
    """Of any batch, as a share of what it may take."""
    excess: list[str] = field(default_factory=list)
    """Frames that took more, as hex with their profiles."""


@contextmanager
def counted(counts: Counts) -> Iterator[Counts]:
    """Count every element that the row engine visits and every column that a plan reads."""
    visit, read, window = c.Construct._parsereport, Frame.read_into, Cohort.window

    def visiting(self: Any, stream: Any, context: Any, path: str) -> Any:
        counts.steps += 1
        return visit(self, stream, context, path)

    def reading(self: Frame, scope: Scope) -> None:
        before = counts.steps
        try:
            read(self, scope)
        finally:
            share = (counts.steps - before) / (OWN_STEPS + STEPS_A_BYTE * len(scope.frame))
            counts.most_steps = max(counts.most_steps, share)
            if share > 1:
                counts.excess.append(scope.frame.hex())

    def looking(self: Cohort, dtype: str, offset: int) -> Any:
        counts.reads += 1
        return window(self, dtype, offset)

    patched: tuple[tuple[Any, str, Any], ...] = (
        (c.Construct, "_parsereport", visiting),
        (Frame, "read_into", reading),
        (Cohort, "window", looking),
    )
    kept = [(owner, name, getattr(owner, name)) for owner, name, _ in patched]
    for owner, name, counting in patched:
        setattr(owner, name, counting)
    try:
        yield counts
    finally:
        for owner, name, plain in kept:
            setattr(owner, name, plain)


@dataclass(frozen=True, slots=True)
class Way:
    """A profile's direction, and sound frames of it."""

    profile: str
    direction: Direction
    pool: tuple[Sent, ...]


def ways(rng: random.Random) -> list[Way]:
    """Give every profile's directions with frames of their own encoders."""
    directions: tuple[Direction, ...] = ("up", "down")
    return [
        Way(profile.name, direction, tuple(sender.sent() for _ in range(_POOL)))
        for profile in PROFILES.values()
        for direction in directions
        if profile.fields(direction)
        for sender in [Sender(profile.name, direction, rng)]
    ]


def batch(way: Way, rng: random.Random, size: int = BATCH) -> list[Sent]:
    """Give frames to read: random bytes, sound frames, or sound ones changed, cut, longer or spliced."""
    kind = rng.random()
    ports = [port for _, port in way.pool]
    if kind < 0.2:
        longest = rng.choice((4, 40, 300))
        return [(rng.randbytes(rng.randrange(longest)), rng.choice(ports)) for _ in range(size)]
    drawn = [rng.choice(way.pool) for _ in range(size)]
    if kind < 0.3:
        return drawn
    if kind < 0.36:
        return worn(drawn, way.profile, way.direction, rng)
    return [(_changed(frame, way, rng), port) for frame, port in drawn]


def _changed(frame: bytes, way: Way, rng: random.Random) -> bytes:
    changed = bytearray(frame)
    for _ in range(rng.randrange(1, 4) if changed else 0):
        changed[rng.randrange(len(changed))] = rng.choice((0, 0xFF, 0x7F, 0x80, rng.randrange(256)))
    kind = rng.randrange(8)
    if kind == 0:
        return bytes(changed[: rng.randrange(len(changed) + 1)])
    if kind == 1:
        return bytes(changed) + rng.randbytes(rng.randrange(1, 9))
    if kind == 2:
        other = rng.choice(way.pool)[0]
        return bytes(changed[: rng.randrange(len(changed) + 1)]) + other[rng.randrange(len(other) + 1) :]
    return bytes(changed)


def flood(seed: int, frames: int) -> Iterator[Counts]:
    """Read so many frames; gives the counts so far after each batch.

    Raises:
        AssertionError: plan and construct differ; names the profile and the frames.
    """
    rng = random.Random(seed)
    every = ways(rng)
    number = 0
    with counted(Counts()) as counts:
        while counts.frames < frames:
            way = rng.choice(every)
            drawn = batch(way, rng, min(BATCH, frames - counts.frames))
            _read(way, drawn, counts, rng)
            if number % _COMPARED_EVERY == 0:
                _compare(way, drawn[:_COMPARED], counts)
            number += 1
            yield counts


def _compare(way: Way, drawn: list[Sent], counts: Counts) -> None:
    counts.compared += len(drawn)
    differing = differences(drawn, way.profile, way.direction)
    if differing:
        shown = [drawn[row][0].hex() for row in differing]
        raise AssertionError(f"{way.profile} {way.direction}: plan and construct differ on {shown}")


def _read(way: Way, drawn: list[Sent], counts: Counts, rng: random.Random) -> None:
    count = len(drawn)
    received_at_us = rng.choice((None, rng.randrange(1 << 52)))
    uplinks = uplinks_from(
        [frame for frame, _ in drawn], ports=[port for _, port in drawn], received_at_us=received_at_us
    )
    devices = [f"d{at % 64}" for at in range(count)]
    keys = [rng.choice((KEY, KEY, KEY, None, bytes(16)))] * count
    directions = [way.direction] * count
    context = Context(devices, [way.profile] * count, ZoneInfo("UTC"), keys=keys, directions=directions)
    before = counts.reads
    decoded = decode(uplinks, context)
    counts.most_reads = max(counts.most_reads, (counts.reads - before) / (OWN_READS + READS_A_FRAME * count))
    counts.frames += count
    counts.bytes += sum(len(frame) for frame, _ in drawn)
    counts.by_row += decoded.by_row
    counts.refused += len(np.unique(np.asarray(decoded.refusals["frame"])))


def memory_mb() -> float:
    """Give the memory that this process holds [MB]; 0 where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return 0.0
    return pages * 4096 / 1e6


@click.command()
@click.option("--frames", default=10_000_000, show_default=True)
@click.option("--seed", default=SEEDS[0], show_default=True)
def main(frames: int, seed: int) -> None:
    """Read frames until so many were read, and say what it took."""
    started, warm_mb = time.monotonic(), None
    counts, is_done = Counts(), False
    try:
        for counts in flood(seed, frames):
            if warm_mb is None and counts.frames >= frames // 10:
                warm_mb = memory_mb()
            if counts.excess:
                break
        is_done = True
    finally:
        if not is_done:
            click.echo(json.dumps({"seed": seed, "frames": counts.frames, "raised": True}))
    told = {
        "seed": seed,
        "frames": counts.frames,
        "bytes": counts.bytes,
        "refused": counts.refused,
        "by_row": counts.by_row,
        "compared": counts.compared,
        "steps_a_frame_by_row": round(counts.steps / max(counts.by_row + counts.compared, 1), 1),
        "most_steps_of_allowed": round(counts.most_steps, 3),
        "most_reads_of_allowed": round(counts.most_reads, 3),
        "memory_warm_mb": None if warm_mb is None else round(warm_mb),
        "memory_mb": round(memory_mb()),
        "seconds": round(time.monotonic() - started),
        "excess": counts.excess,
    }
    click.echo(json.dumps(told))
    sys.exit(1 if counts.excess else 0)


if __name__ == "__main__":
    main()
