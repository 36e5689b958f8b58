"""Codecs side by side: plan, construct, a hand-written struct loop and Kaitai Struct, on the same frames."""

import importlib.util
import random
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any
from zoneinfo import ZoneInfo

from narrowgate_bench.codec_construct import reader as construct_reader
from narrowgate_bench.codec_frames import KEY, USUAL, Sender, Sent
from narrowgate_bench.codec_hostile import besieged
from narrowgate_bench.codec_struct_loops import LOOPS
from narrowgate_codecs import Context, decode, uplinks_from
from narrowgate_codecs.bundle import bundle
from narrowgate_codecs.decode import decode_by_row
from narrowgate_codecs.registry import BUILT_IN

ZONE = ZoneInfo("Asia/Shanghai")
RECEIVED_AT_US = 1_750_000_000_000_000
SIZES = (1, 32, 4096)
MIXED_SIZE = 65_536
_BESIEGED = ("axioma_qalcosonic_w1_v1", "ctwing_parking_v1", "huati_nb_v1")
"""Profiles whose honest batches are timed between hostile ones: one of each family."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Frames and the ports they came on; None: they say themselves what they are."""

    payloads: list[bytes]
    ports: list[int | None] | None

    def first(self, count: int) -> "Batch":
        """Give the first frames."""
        return Batch(self.payloads[:count], None if self.ports is None else self.ports[:count])

    def middle(self) -> "Batch":
        """Give one frame of middle length alone."""
        order = sorted(range(len(self.payloads)), key=lambda at: len(self.payloads[at]))
        at = order[len(order) // 2]
        return Batch([self.payloads[at]], None if self.ports is None else [self.ports[at]])


Work = Callable[[Batch], object]


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
    for profile in _BESIEGED:
        yield asdict(_besieged(profile, rng, runs, min(SIZES[-1], most_frames)))


def _kinds(profile: str, rng: random.Random, count: int) -> Iterator[tuple[str, Batch]]:
    """Give a profile's usual frame in one layout, where it has one, and all that its encoder can send."""
    sender = Sender(profile, "up", rng)
    if profile in USUAL:
        usual = Sender(profile, "up", rng, all_codes=False)
        yield "fixed", _one_length(usual, USUAL[profile], count)
    yield "all choices", _distinct(sender.sent, count)


def _one_length(sender: Sender, message: str, count: int) -> Batch:
    shortest = min(len(sender.frame(message)) for _ in range(400))

    def draw() -> Sent:
        while len((sent := sender.sent(message))[0]) != shortest:
            pass
        return sent

    return _distinct(draw, count)


def _distinct(draw: Callable[[], Sent], count: int) -> Batch:
    """Draw frames of which no two are equal; fewer where so many are hard to come by."""
    drawn: dict[Sent, None] = {}
    for _ in range(20 * count):
        drawn.setdefault(draw())
        if len(drawn) == count:
            break
    ports = [port for _, port in drawn]
    return Batch([frame for frame, _ in drawn], None if set(ports) <= {None} else ports)


def _profile_lines(profile: str, label: str, frames: Batch, runs: int) -> Iterator[Line]:
    def plan(some: Batch) -> object:
        keys = [KEY] * len(some.payloads)
        return bundle(profile, some.payloads, ZONE, RECEIVED_AT_US, ports=some.ports, keys=keys)

    def by_row(some: Batch) -> object:
        fewest = len(some.payloads) + 1
        keys = [KEY] * len(some.payloads)
        return bundle(
            profile, some.payloads, ZONE, RECEIVED_AT_US, ports=some.ports, keys=keys, fewest=fewest
        )

    name = f"{profile} {label}"
    for size in SIZES:
        some = frames.middle() if size == 1 else frames.first(size)
        yield _line(f"{name}, batch {len(some.payloads)}", some, plan, "construct", by_row, runs)
    if label == "fixed" or profile not in USUAL:
        yield from _peers(name, profile, frames, plan, runs)
    tagged = [(profile, frame) for frame in frames.payloads]
    yield _arrow(f"{name}, batch {len(tagged)} to Arrow", tagged, frames.ports, runs)


def _peers(name: str, profile: str, frames: Batch, plan: Work, runs: int) -> Iterator[Line]:
    """Give the rows of construct's own parse, a struct loop and Kaitai Struct, where there is such a peer."""
    own, loop = construct_reader(profile), LOOPS.get(profile)
    if own is not None:
        one, peer = frames.middle(), "construct's own parse, raw fields only"
        yield _line(f"{name}, batch 1", one, plan, peer, lambda some: own(some.payloads), runs)
    for size in SIZES[1:] if loop is not None else ():
        some = frames.first(size)
        yield _line(f"{name}, batch {len(some.payloads)}", some, plan, "struct loop", _looped(loop), runs)
    if importlib.util.find_spec("kaitaistruct") is not None:
        from narrowgate_bench.codec_kaitai import reader

        kaitai = reader(profile)
        if kaitai is not None:
            peer, count = "kaitaistruct, raw fields only", len(frames.payloads)
            yield _line(
                f"{name}, batch {count}", frames, plan, peer, lambda some: kaitai(some.payloads), runs
            )


def _looped(loop: Any) -> Work:
    return lambda some: loop(some.payloads, ZONE, RECEIVED_AT_US)


def _besieged(profile: str, rng: random.Random, runs: int, count: int) -> Line:
    """Give the row of honest frames between floods of hostile layouts."""
    _, frames = next(_kinds(profile, rng, count))

    def read(sent: list[Sent]) -> object:
        ports = None if frames.ports is None else [port for _, port in sent]
        return bundle(profile, [frame for frame, _ in sent], ZONE, RECEIVED_AT_US, ports=ports)

    honest = list(zip(frames.payloads, frames.ports or [None] * len(frames.payloads), strict=True))
    figures = besieged(profile, honest, read, runs, rng.randrange(1 << 30))
    name = f"{profile} fixed, batch {len(frames.payloads)} between floods of hostile layouts"
    between, alone = statistics.median(figures.between), statistics.median(figures.alone)
    return Line(name, between, "frames/s", "left alone", alone, figures.between, figures.alone)


def _mixed(rng: random.Random, runs: int, most_frames: int) -> Line:
    each = -(-most_frames // len(BUILT_IN))
    frames: list[tuple[str, bytes, int | None]] = []
    for profile in sorted(BUILT_IN):
        drawn = _distinct(Sender(profile, "up", rng).sent, each)
        ports = drawn.ports or [None] * len(drawn.payloads)
        frames += [(profile, frame, port) for frame, port in zip(drawn.payloads, ports, strict=True)]
    rng.shuffle(frames)
    frames = frames[:most_frames]
    return _arrow(
        f"all {len(BUILT_IN)} profiles shuffled, batch {len(frames)} to Arrow",
        [(profile, frame) for profile, frame, _ in frames],
        [port for _, _, port in frames],
        runs,
    )


def _arrow(name: str, frames: list[tuple[str, bytes]], ports: list[int | None] | None, runs: int) -> Line:
    payloads = [frame for _, frame in frames]
    uplinks = uplinks_from(payloads, ports=ports, received_at_us=RECEIVED_AT_US)
    count = len(frames)
    context = Context(["device"] * count, [profile for profile, _ in frames], ZONE, keys=[KEY] * count)
    return _line(
        name,
        Batch(payloads, ports),
        lambda some: decode(uplinks, context),
        "construct",
        lambda some: decode_by_row(uplinks, context),
        runs,
    )


def _line(
    name: str,
    frames: Batch,
    ours: Work,
    peer: str,
    theirs: Work,
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


def _frames_per_s(work: Work, frames: Batch) -> float:
    count = len(frames.payloads)
    rounds = max(1, 512 // count)
    started = time.perf_counter()
    for _ in range(rounds):
        work(frames)
    return rounds * count / (time.perf_counter() - started)
