"""CoAP servers side by side on one core: the edge with all it does, libcoap's example, a bare aiocoap."""

import os
import statistics
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from narrowgate_bench.coap_generator import Generator, Volley
from narrowgate_bench.coap_servers import Server, bare_aiocoap, cores, edge, kept, libcoap
from narrowgate_bench.codecs import Line

DEVICES = 10_000
MANY_DEVICES = 1_000_000
"""Registered devices of a large fleet; fewer in a small run."""
_DEVICES_A_FRAME = 16
WINDOWS = (192, 512, 2048)
"""Requests that are open at a time: what libcoap's socket buffer holds, one a socket, and four."""
RATE_PER_S = 5_000.0
LISTENER = "device_per_s = 10000\nsource_per_s = 100000000"
"""Rates are on, and beyond what is sent."""
SLOW_SYNC_MS = 50.0
"""What an SD card's sync takes."""
_MOST_PACED = 50_000
_AIOCOAP_SHARE = 16
"""aiocoap is asked so many times less: it is as much slower."""
_AIOCOAP_WINDOW = 192
_WARM_UP = 2_000
_LIBCOAP = "libcoap coap-server-notls"
_AIOCOAP = "a bare aiocoap server"
_US = 1e6


@dataclass(frozen=True, slots=True)
class Phase:
    """A volley, and what it cost its server."""

    volley: Volley
    cpu_s: float
    rss_mb: float

    @property
    def cpu_us(self) -> float:
        """Give the server's CPU time of an acknowledged message [us]."""
        return self.cpu_s / self.volley.acknowledged * _US

    @property
    def per_core_s(self) -> float:
        """Give the acknowledgements a second of CPU time."""
        return self.volley.acknowledged / self.cpu_s


class Side:
    """One server with its devices."""

    def __init__(self, server: Server, generator: Generator) -> None:
        """Stand for both."""
        self._server = server
        self._generator = generator
        self.acknowledged = 0

    def saturate(self, exchanges: int, window: int) -> Phase:
        """Have so many acknowledged as fast as it goes."""
        before_s = self._server.cpu_s()
        return self._phase(self._generator.saturate(exchanges, window), before_s)

    def pace(self, exchanges: int) -> Phase:
        """Send so many at RATE_PER_S."""
        before_s = self._server.cpu_s()
        return self._phase(self._generator.pace(exchanges, RATE_PER_S), before_s)

    def _phase(self, volley: Volley, before_s: float) -> Phase:
        self.acknowledged += volley.acknowledged
        if volley.wrong or volley.turned_away:
            raise RuntimeError(f"{volley.wrong + volley.turned_away} answers were not what was asked for")
        return Phase(volley, self._server.cpu_s() - before_s, self._server.rss_mb())


def rows(seed: int, runs: int, most_frames: int = 1 << 16) -> Iterator[dict[str, Any]]:
    """Give the table's rows.

    Args:
        seed: without meaning here: requests differ by their number.
        runs: phases of each kind, taken in turn.
        most_frames: of a phase.

    Raises:
        FileNotFoundError: libcoap's example server is not there.
        RuntimeError: an answer was not what was asked for, or the journal lacks an acknowledged frame.
    """
    with tempfile.TemporaryDirectory(prefix="narrowgate-bench-") as folder, ExitStack() as held:
        roots = [Path(folder) / name for name in ("edge", "libcoap", "aiocoap")]
        for root in roots:
            root.mkdir()
        before = os.sched_getaffinity(0)
        held.callback(os.sched_setaffinity, 0, before)
        servers = [
            held.enter_context(edge(roots[0], DEVICES, listener=LISTENER)),
            held.enter_context(libcoap(roots[1])),
            held.enter_context(bare_aiocoap(roots[2])),
        ]
        os.sched_setaffinity(0, cores()[1])
        ours, c, python = (_side(held, server) for server in servers)
        yield from _costs(ours, c, runs, most_frames)
        yield from _python(ours, python, runs, most_frames)
        yield from _paced(ours, c, runs, min(most_frames, _MOST_PACED))
        yield _journal(roots[0], ours)
        slow_root = Path(folder) / "slow"
        slow_root.mkdir()
        with edge(slow_root, DEVICES, listener=LISTENER, sync_ms=SLOW_SYNC_MS) as server:
            slow = _side(held, server)
            yield from _slow(slow, ours, runs, min(most_frames, _MOST_PACED))
        yield _journal(slow_root, slow)
        many = min(MANY_DEVICES, most_frames * _DEVICES_A_FRAME)
        many_root = Path(folder) / "many"
        many_root.mkdir()
        with edge(many_root, many, listener=LISTENER) as server:
            yield from _registered(_side(held, server), ours, many, runs, most_frames)


def _side(held: ExitStack, server: Server) -> Side:
    generator = held.enter_context(Generator(server.port, server.method, server.tails))
    side = Side(server, generator)
    side.saturate(_WARM_UP, _AIOCOAP_WINDOW)
    return side


def _costs(ours: Side, c: Side, runs: int, frames: int) -> Iterator[dict[str, Any]]:
    for window in WINDOWS:
        # In turn, so that what else the machine does falls on both.
        pairs = [(ours.saturate(frames, window), c.saturate(frames, window)) for _ in range(runs)]
        name = f"window {window}"
        yield _row(f"cpu_per_ack, {name}", "us", *_each(pairs, lambda phase: phase.cpu_us), _LIBCOAP)
        yield _row(f"acks, {name}", "1/s", *_each(pairs, lambda phase: phase.volley.per_s), _LIBCOAP)
        yield _row(
            f"sent_again, {name}", "frames", *_each(pairs, lambda phase: phase.volley.sent_again), _LIBCOAP
        )


def _python(ours: Side, python: Side, runs: int, frames: int) -> Iterator[dict[str, Any]]:
    few = max(1, frames // _AIOCOAP_SHARE)
    pairs = [(ours.saturate(frames, WINDOWS[-1]), python.saturate(few, _AIOCOAP_WINDOW)) for _ in range(runs)]
    yield _row("acks_per_core", "1/s of CPU", *_each(pairs, lambda phase: phase.per_core_s), _AIOCOAP)
    yield _row("acks_beside", "1/s", *_each(pairs, lambda phase: phase.volley.per_s), _AIOCOAP)
    grown, theirs = ([side[-1].rss_mb - side[0].rss_mb] for side in zip(*pairs, strict=True))
    yield _row("rss_growth", "MB", grown, theirs, _AIOCOAP)


def _paced(ours: Side, c: Side, runs: int, frames: int) -> Iterator[dict[str, Any]]:
    pairs = [(ours.pace(frames), c.pace(frames)) for _ in range(runs)]
    for percent in (50, 99):
        figures = _each(pairs, lambda phase: phase.volley.percentile_ms(percent))  # noqa: B023 - used at once
        yield _row(f"ack_p{percent} at {RATE_PER_S:.0f}/s", "ms", *figures, _LIBCOAP)
    yield _row(
        f"cpu_per_ack at {RATE_PER_S:.0f}/s", "us", *_each(pairs, lambda phase: phase.cpu_us), _LIBCOAP
    )


def _slow(slow: Side, ours: Side, runs: int, frames: int) -> Iterator[dict[str, Any]]:
    """Compare an edge on an SD card's disk with the same on this one."""
    paced = [(slow.pace(frames), ours.pace(frames)) for _ in range(runs)]
    name, peer = f"sync of {SLOW_SYNC_MS:.0f} ms more", "the edge on this disk"
    p99s_ms = _each(paced, lambda phase: phase.volley.percentile_ms(99))
    yield _row(f"ack_p99 at {RATE_PER_S:.0f}/s, {name}", "ms", *p99s_ms, peer)
    yield _row(f"sent_again at {RATE_PER_S:.0f}/s, {name}", "frames", *_each(paced, _repeats), peer)
    pairs = [(slow.saturate(frames, WINDOWS[-1]), ours.saturate(frames, WINDOWS[-1])) for _ in range(runs)]
    yield _row(f"acks, {name}", "1/s", *_each(pairs, lambda phase: phase.volley.per_s), peer)


def _registered(large: Side, ours: Side, devices: int, runs: int, frames: int) -> Iterator[dict[str, Any]]:
    """Compare an edge with many devices registered with the same with fewer."""
    peer = f"the edge with {DEVICES} devices"
    for window in WINDOWS:
        pairs = [(large.saturate(frames, window), ours.saturate(frames, window)) for _ in range(runs)]
        name = f"cpu_per_ack, window {window}, {devices} devices"
        yield _row(name, "us", *_each(pairs, lambda phase: phase.cpu_us), peer)
    yield _row(
        f"rss, {devices} devices",
        "MB",
        *_each(pairs, lambda phase: phase.rss_mb),
        peer,
    )


def _repeats(phase: Phase) -> float:
    return phase.volley.sent_again


def _journal(root: Path, ours: Side) -> dict[str, Any]:
    """Compare the journal with what was acknowledged."""
    frames, distinct = kept(root)
    if not frames == distinct == ours.acknowledged:
        raise RuntimeError(f"{ours.acknowledged} acknowledged, {frames} kept, {distinct} of them distinct")
    return _row("frames_kept", "frames", [frames], [ours.acknowledged], "acknowledged")


def _each(
    pairs: list[tuple[Phase, Phase]], figure: Callable[[Phase], float]
) -> tuple[list[float], list[float]]:
    return [figure(ours) for ours, _ in pairs], [figure(theirs) for _, theirs in pairs]


def _row(name: str, unit: str, ours: Sequence[float], theirs: Sequence[float], peer: str) -> dict[str, Any]:
    figures, peers = ([round(float(figure), 3) for figure in each] for each in (ours, theirs))
    middle, peers_middle = statistics.median(figures), statistics.median(peers)
    return asdict(Line(name, middle, unit, peer, peers_middle, figures, peers))
