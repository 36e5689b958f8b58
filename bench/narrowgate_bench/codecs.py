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
_FEWEST_OF_A_PART = 64
_FEWEST_TIMED = 2048
"""Frames that a figure is of: one call of a tenth of a millisecond tells more of what ran before it."""
_BESIEGED = ("axioma_qalcosonic_w1_v1", "ctwing_parking_v1", "huati_nb_v1")
"""Profiles whose honest batches are timed between hostile ones: one of each family."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Frames and the ports they came on; None: they say themselves what they are."""

    payloads: list[bytes]
    ports: list[int | None] | None
    at: int = 0
    """Place of the first frame in the batch that they are a part of."""

    def parts(self, count: int) -> "list[Batch]":
        """Give so many parts, one after the other, all frames together; a few frames are not parted."""
        each = -(-len(self.payloads) // count)
        if each < _FEWEST_OF_A_PART:
            return [self] * count
        return [self._part(at, at + each) for at in range(0, len(self.payloads), each)]

    def _part(self, first: int, stop: int) -> "Batch":
        return Batch(self.payloads[first:stop], None if self.ports is None else self.ports[first:stop], first)

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
    """Give the table's rows as they are measured, in processor time.

    construct reads a frame at a time, so what it makes of a batch is what it makes of the batch's parts: each
    run times it on the next part, all runs together on the whole batch.

    Args:
        seed: of the frames.
        runs: how often each figure is taken.
        most_frames: of a batch; larger batches are cut down to it.
    """
    rng = random.Random(seed)
    every: dict[str, Batch] = {}
    for profile in sorted(BUILT_IN):
        for label, frames in _kinds(profile, rng, min(SIZES[-1], most_frames)):
            every[profile] = frames
            for line in _profile_lines(profile, label, frames, runs):
                yield asdict(line)
    yield asdict(_mixed(every, rng, runs, most_frames))
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
        yield _line(f"{name}, batch {len(some.payloads)}", some, plan, "construct", by_row, runs, parted=True)
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


def _mixed(every: dict[str, Batch], rng: random.Random, runs: int, most_frames: int) -> Line:
    """Give the row of all profiles' frames, as many of each as there are, drawn over all its choices."""
    each = _each(sorted(len(drawn.payloads) for drawn in every.values()), most_frames)
    frames: list[tuple[str, bytes, int | None]] = []
    for profile, drawn in every.items():
        ports = drawn.ports or [None] * len(drawn.payloads)
        pairs = zip(drawn.payloads[:each], ports[:each], strict=True)
        frames += [(profile, frame, port) for frame, port in pairs]
    rng.shuffle(frames)
    frames = frames[:most_frames]
    return _arrow(
        f"all {len(every)} profiles shuffled, batch {len(frames)} to Arrow",
        [(profile, frame) for profile, frame, _ in frames],
        [port for _, _, port in frames],
        runs,
    )


def _each(sizes: list[int], most: int) -> int:
    """Give how many to take of each so that they make `most` together, the small ones whole."""
    left = most
    for at, size in enumerate(sizes):
        each = -(-left // (len(sizes) - at))
        if each <= size:
            return each
        left -= size
    return max(sizes, default=0)


def _arrow(name: str, frames: list[tuple[str, bytes]], ports: list[int | None] | None, runs: int) -> Line:
    """Give the row of uplinks to readings; every frame is of a device of its own."""
    payloads = [frame for _, frame in frames]
    uplinks = uplinks_from(payloads, ports=ports, received_at_us=RECEIVED_AT_US)
    devices = [f"device-{at}" for at in range(len(frames))]

    def context(first: int, stop: int) -> Context:
        profiles = [profile for profile, _ in frames[first:stop]]
        return Context(devices[first:stop], profiles, ZONE, keys=[KEY] * (stop - first))

    whole = context(0, len(frames))
    contexts = {part.at: context(part.at, part.at + len(part.payloads)) for part in _parts_of(payloads, runs)}

    def by_row(some: Batch) -> object:
        return decode_by_row(uplinks.slice(some.at, len(some.payloads)), contexts[some.at])

    batch = Batch(payloads, ports)
    return _line(name, batch, lambda some: decode(uplinks, whole), "construct", by_row, runs, parted=True)


def _parts_of(payloads: list[bytes], runs: int) -> list[Batch]:
    return Batch(payloads, None).parts(runs)


def _line(
    name: str,
    frames: Batch,
    ours: Work,
    peer: str,
    theirs: Work,
    runs: int,
    *,
    parted: bool = False,
) -> Line:
    """Time both in turn, so that what else the machine does falls on both.

    Args:
        name: the row's.
        frames: the batch.
        ours: what is measured.
        peer: what it is measured beside.
        theirs: does the same.
        runs: how often each is timed.
        parted: each run times the peer on the next part of the batch.
    """
    parts = frames.parts(runs) if parted else [frames]
    ours(frames), theirs(parts[0])
    figures: tuple[list[float], list[float]] = ([], [])
    for run in range(runs):
        figures[0].append(round(_frames_per_s(ours, frames), 1))
        figures[1].append(round(_frames_per_s(theirs, parts[run % len(parts)]), 1))
    return Line(
        name, statistics.median(figures[0]), "frames/s", peer, statistics.median(figures[1]), *figures
    )


def _frames_per_s(work: Work, frames: Batch) -> float:
    count = len(frames.payloads)
    rounds = max(1, _FEWEST_TIMED // count)
    # This process's own time: what else the machine does is no matter of ours.
    started = time.process_time()
    for _ in range(rounds):
        work(frames)
    return rounds * count / max(time.process_time() - started, 1e-9)
