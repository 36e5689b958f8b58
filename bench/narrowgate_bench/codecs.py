"""Codecs side by side: plan, construct, a hand-written struct loop and Kaitai Struct, on the same frames."""

import importlib.util
import random
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from zoneinfo import ZoneInfo

from narrowgate_bench.codec_construct import reader as construct_reader
from narrowgate_bench.codec_frames import Sender
from narrowgate_bench.codec_struct_loops import LOOPS
from narrowgate_codecs import Context, decode, uplinks_from
from narrowgate_codecs.bundle import bundle
from narrowgate_codecs.decode import decode_by_row
from narrowgate_codecs.registry import BUILT_IN

ZONE = ZoneInfo("Asia/Shanghai")
RECEIVED_AT_US = 1_750_000_000_000_000
SIZES = (1, 32, 4096)
MIXED_SIZE = 65_536
_USUAL = {"cjt188_water_v2004": "current_data", "huati_nb_v1": "report"}
"""The message of a profile whose usual frame has one layout."""

Frames = Sequence[bytes]


@dataclass(frozen=True, slots=True)
class Line:
    """Two figures of one run, side by side, and the raw figures they are the medians of."""

    name: str
    figure: float
    unit: str
    peer: str
    peer_figure: float
    runs: list[float]
    peer_runs: list[float]


def rows(seed: int, runs: int, most_frames: int = MIXED_SIZE) -> Iterator[dict[str, Any]]:
    """Give the table's rows as they are measured.

    Args:
        seed: of the frames.
        runs: how often each figure is taken.
        most_frames: of a batch; larger batches are cut down to it.
    """
    rng = random.Random(seed)
    for profile in sorted(BUILT_IN):
        for label, frames in _kinds(profile, rng, min(SIZES[-1], most_frames)):
            for line in _profile_lines(profile, label, frames, runs):
                yield asdict(line)
    yield asdict(_mixed(rng, runs, most_frames))


def _kinds(profile: str, rng: random.Random, count: int) -> Iterator[tuple[str, list[bytes]]]:
    """Give a profile's usual frame in one layout, where it has one, and all that its encoder can send."""
    sender = Sender(profile, "up", rng)
    if profile in _USUAL:
        usual = Sender(profile, "up", rng, all_codes=False)
        yield "fixed", _one_length(usual, _USUAL[profile], count)
    yield "all choices", _distinct(lambda: sender.frame(), count)


def _one_length(sender: Sender, message: str, count: int) -> list[bytes]:
    shortest = min(len(sender.frame(message)) for _ in range(40))

    def draw() -> bytes:
        while len(frame := sender.frame(message)) != shortest:
            pass
        return frame

    return _distinct(draw, count)


def _distinct(draw: Callable[[], bytes], count: int) -> list[bytes]:
    drawn: dict[bytes, None] = {}
    while len(drawn) < count:
        drawn.setdefault(draw())
    return list(drawn)


def _profile_lines(profile: str, label: str, frames: Frames, runs: int) -> Iterator[Line]:
    def plan(some: Frames) -> object:
        return bundle(profile, some, ZONE, RECEIVED_AT_US)

    def by_row(some: Frames) -> object:
        return bundle(profile, some, ZONE, RECEIVED_AT_US, fewest=len(some) + 1)

    name = f"{profile} {label}"
    one = sorted(frames, key=len)[len(frames) // 2 :][:1]
    for size in SIZES:
        some = one if size == 1 else frames[:size]
        yield _line(f"{name}, batch {len(some)}", some, plan, "construct", by_row, runs)
    if label == "fixed" or profile not in _USUAL:
        own = construct_reader(profile)
        yield _line(f"{name}, batch 1", one, plan, "construct's own parse, raw fields only", own, runs)
        loop = LOOPS[profile]
        for size in SIZES[1:]:
            some = frames[:size]
            yield _line(
                f"{name}, batch {len(some)}",
                some,
                plan,
                "struct loop",
                lambda some: loop(some, ZONE, RECEIVED_AT_US),
                runs,
            )
        yield from _kaitai(name, profile, frames, plan, runs)
    yield _arrow(f"{name}, batch {len(frames)} to Arrow", [(profile, frame) for frame in frames], runs)


def _kaitai(
    name: str, profile: str, frames: Frames, plan: Callable[[Frames], object], runs: int
) -> Iterator[Line]:
    """Give the row of Kaitai Struct, where its runtime is installed."""
    if importlib.util.find_spec("kaitaistruct") is not None:
        from narrowgate_bench.codec_kaitai import reader

        peer = "kaitaistruct, raw fields only"
        yield _line(f"{name}, batch {len(frames)}", frames, plan, peer, reader(profile), runs)


def _mixed(rng: random.Random, runs: int, most_frames: int) -> Line:
    each = -(-most_frames // len(BUILT_IN))
    frames = [
        (profile, frame)
        for profile in sorted(BUILT_IN)
        for frame in _distinct(Sender(profile, "up", rng).frame, each)
    ][:most_frames]
    rng.shuffle(frames)
    return _arrow(f"all {len(BUILT_IN)} profiles shuffled, batch {len(frames)} to Arrow", frames, runs)


def _arrow(name: str, frames: list[tuple[str, bytes]], runs: int) -> Line:
    uplinks = uplinks_from([frame for _, frame in frames], received_at_us=RECEIVED_AT_US)
    context = Context(["device"] * len(frames), [profile for profile, _ in frames], ZONE)
    return _line(
        name,
        [frame for _, frame in frames],
        lambda some: decode(uplinks, context),
        "construct",
        lambda some: decode_by_row(uplinks, context),
        runs,
    )


def _line(
    name: str,
    frames: Frames,
    ours: Callable[[Frames], object],
    peer: str,
    theirs: Callable[[Frames], object],
    runs: int,
) -> Line:
    """Time both in turn, so that what else the machine does falls on both."""
    ours(frames), theirs(frames)
    figures: tuple[list[float], list[float]] = ([], [])
    for _ in range(runs):
        for side, work in enumerate((ours, theirs)):
            figures[side].append(round(_frames_per_s(work, frames), 1))
    return Line(
        name, statistics.median(figures[0]), "frames/s", peer, statistics.median(figures[1]), *figures
    )


def _frames_per_s(work: Callable[[Frames], object], frames: Frames) -> float:
    rounds = max(1, 512 // len(frames))
    started = time.perf_counter()
    for _ in range(rounds):
        work(frames)
    return rounds * len(frames) / (time.perf_counter() - started)
