"""Acknowledgements while the console is hammered and while it is left alone; starts; the core's memory."""

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from narrowgate_bench.codecs import Line
from narrowgate_bench.gateway_processes import (
    ROLES,
    Place,
    Start,
    bare_start,
    browsers,
    gateway,
    lay_out,
    open_pages,
    role_start,
    rss_mb,
    settle,
)
from narrowgate_bench.uplink_flood import Flood, Phase, tail_of

DEVICES = 300
MOST_DEVICES = 10_000
"""Devices in the registry when a start is timed."""
CLIENTS = 20
RATE_PER_S = 2_000
SOCKETS = 200
LONGEST_PHASE = 4_000
"""Frames of a phase at most: two seconds, so that what else the machine does falls on both kinds alike."""
ALTERNATIONS = 5
"""Phases of each kind in a run; their acknowledgements are taken together."""
_FRAMES = 20_000
"""Different frames that the devices have to say."""
OPEN_PAGES = 60
"""Pages kept open while the core's memory is looked at: all that it allows but four."""
_MEMORY_FRAMES = 40_000
_WATCHED_S, _LOOKS = 20.0, 10
_ALONE = "the console left alone"
_BARE = "a process with the same imports only"


def rows(seed: int, runs: int, most_frames: int = LONGEST_PHASE) -> Iterator[dict[str, Any]]:
    """Give the table's rows.

    Args:
        seed: of the district.
        runs: of ALTERNATIONS phases of each kind, and starts of each process.
        most_frames: of a phase.
    """
    with tempfile.TemporaryDirectory(prefix="narrowgate-bench-") as folder:
        yield from _acknowledgements(Path(folder), seed, runs, min(most_frames, LONGEST_PHASE))
    with tempfile.TemporaryDirectory(prefix="narrowgate-bench-") as folder:
        place = lay_out(Path(folder), seed, MOST_DEVICES, 0)
        for role in ROLES:
            yield from _starts(place, role, runs)
    with tempfile.TemporaryDirectory(prefix="narrowgate-bench-") as folder:
        yield from _memory(Path(folder), seed, most_frames)


def _acknowledgements(root: Path, seed: int, runs: int, frames: int) -> Iterator[dict[str, Any]]:
    place = lay_out(root, seed, DEVICES, _FRAMES)
    quiet: list[Phase] = []
    hammered: list[Phase] = []
    asked: list[dict[str, int]] = []
    with (
        gateway(place),
        Flood(place.coap_port, [tail_of(each) for each in place.emissions], SOCKETS) as flood,
    ):
        flood.send(min(frames, RATE_PER_S), RATE_PER_S)
        for _ in range(runs):
            alone, pressed, counts = _run(place, flood, frames)
            quiet.append(alone)
            hammered.append(pressed)
            asked.append(counts)
    pairs: tuple[tuple[str, str, Callable[[Phase], float]], ...] = (
        ("ack_p99", "ms", lambda phase: phase.p99_ms),
        ("ack_median", "ms", lambda phase: phase.median_ms),
        ("rate_reached", "frames/s", lambda phase: phase.rate_per_s),
        ("answers_missing", "frames", lambda phase: phase.missing),
    )
    for name, unit, figure in pairs:
        yield _row(name, unit, list(map(figure, hammered)), _ALONE, list(map(figure, quiet)))
    # Both kinds share what else the machine does; the peers' figures say how much that alone makes.
    p99s_ms = [phase.p99_ms for phase in quiet]
    ratios = [one.p99_ms / p99_ms for one, p99_ms in zip(hammered, p99s_ms, strict=True)]
    noise = [p99_ms / statistics.median(p99s_ms) for p99_ms in p99s_ms]
    yield _row("ack_p99_ratio", "times", ratios, "runs left alone over their median", noise)
    answered, failed = ([float(counts[name]) for counts in asked] for name in ("answered", "failed"))
    yield _row("console_answers", "answers", answered, "answers other than 200", failed)


def _run(place: Place, flood: Flood, frames: int) -> tuple[Phase, Phase, dict[str, int]]:
    """Give the acknowledgements with the console left alone, those with it hammered, and what was asked."""
    alone: list[Phase] = []
    pressed: list[Phase] = []
    asked = {"answered": 0, "failed": 0}
    for turn in range(ALTERNATIONS):
        # Which goes first takes turns, so that what grows with time falls on both.
        for is_pressed in (bool(turn % 2), not turn % 2):
            settle(place)
            if not is_pressed:
                alone.append(flood.send(frames, RATE_PER_S))
                continue
            with browsers(place, CLIENTS) as counts:
                pressed.append(flood.send(frames, RATE_PER_S))
            asked = {name: asked[name] + counts[name] for name in asked}
    return Phase.together(alone), Phase.together(pressed), asked


def _starts(place: Place, role: str, runs: int) -> Iterator[dict[str, Any]]:
    ours: list[Start] = []
    bare: list[Start] = []
    for _ in range(runs):
        ours.append(role_start(place, role))
        bare.append(bare_start(role))
    yield _row(f"{role}_ready", "s", [s.ready_s for s in ours], _BARE, [s.ready_s for s in bare])
    yield _row(f"{role}_rss", "MB", [s.rss_mb for s in ours], _BARE, [s.rss_mb for s in bare])


def _memory(root: Path, seed: int, most_frames: int) -> Iterator[dict[str, Any]]:
    """Give the core's memory with many devices that have reported: nobody looking, and all pages open."""
    place = lay_out(root, seed, MOST_DEVICES, min(most_frames, _MEMORY_FRAMES))
    with gateway(place):
        with Flood(place.coap_port, [tail_of(each) for each in place.emissions], SOCKETS) as flood:
            flood.send(len(place.emissions), RATE_PER_S)
        settle(place)
        idle_mb = rss_mb(place, "core")
        with open_pages(place, OPEN_PAGES):
            open_mb = [rss_mb(place, "core") for _ in _every(_WATCHED_S / _LOOKS, _LOOKS)]
    bare_mb = bare_start("core").rss_mb
    yield _row("core_rss_idle", "MB", [idle_mb], _BARE, [bare_mb])
    yield _row(f"core_rss_{OPEN_PAGES}_pages", "MB", open_mb, _BARE, [bare_mb] * len(open_mb))


def _every(pause_s: float, times: int) -> Iterator[int]:
    for look in range(times):
        time.sleep(pause_s)
        yield look


def _row(
    name: str, unit: str, runs: Sequence[float], peer: str, peer_runs: Sequence[float]
) -> dict[str, Any]:
    figures, peers = ([round(figure, 3) for figure in each] for each in (runs, peer_runs))
    middle, peers_middle = statistics.median(figures), statistics.median(peers)
    return asdict(Line(name, middle, unit, peer, peers_middle, figures, peers))
