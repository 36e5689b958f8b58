"""A flood of hostile datagrams beside honest devices: what these notice of it, and what it leaves behind.

A whole gateway runs, its edge on a core of its own. Honest devices send at a steady pace, beside the flood
and alone, in turn.

Rule 1: an honest exchange counts from its first sending to its answer, however often it was sent again.
Rule 2: what was acknowledged is in the journal, once; what the door counts as kept is there, and no more.
Rule 3: a datagram that the kernel dropped was sent and cost the edge nothing: it is in no figure of CPU time.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass
from pathlib import Path
from sqlite3 import connect
from typing import Any

import numpy as np
from numpy.typing import NDArray

from narrowgate_bench.coap import LISTENER, RATE_PER_S
from narrowgate_bench.coap_generator import Generator, Tails, Volley
from narrowgate_bench.coap_servers import Ran, Server, cores, device_name, register
from narrowgate_bench.codecs import Line
from narrowgate_bench.gateway_processes import ROLES, Place, gateway, rss_mb, settle
from narrowgate_bench.hostile_datagrams import HONEST, HOSTILE, Kind, uplink
from narrowgate_bench.hostile_sender import INSIDE, Told
from narrowgate_gateway.settings import Home
from narrowgate_gateway.status import read_status
from narrowgate_ingest.counters import DoorCounters
from narrowgate_ingest.quarantine import strangers_bytes
from narrowgate_ingest.records import Kind as Record
from narrowgate_ingest.tail import Tail
from narrowgate_simulators.ports import free_tcp_port, free_udp_port

DEVICES = 10_000
FRAMES = 1 << 20
"""Hostile datagrams of a run."""
RATES_PER_S = (100_000.0, 200_000.0, 400_000.0, 0.0)
"""Paces of the flood; 0: as fast as this machine sends."""
QUOTA_BYTES = 4 << 20
"""What quarantine may hold of unknown devices: little, so that a flood reaches it."""
_EACH_PER_S = 50_000.0
"""The pace at which kinds are sent alone: it leaves nobody out."""
_MOST_OF_A_KIND = 1 << 16
_POST, _HEAD_BYTES = 2, 4
_WARM_UP, _WINDOW = 20_000, 2048
_PIECE, _QUIET = 5_000, 20_000
"""Honest exchanges between two looks at the flood, and of a run without one."""
_CONFIG = """\
[[coap]]
host = "::"
port = {coap}
path = "nb/{{device}}/up"
allow = ["{inside}"]
{listener}
[door]
strangers_bytes = {quota}

[journal]
min_free_bytes = 67108864

[console]
port = {console}
"""


@dataclass(frozen=True, slots=True)
class Phase:
    """What honest devices saw of a time."""

    took_ms: NDArray[np.float64]
    sent_again: int
    turned_away: int
    flood: Told
    drops: int
    edge: Ran
    """What the edge had of its core meanwhile."""

    def percentile_ms(self, percent: float) -> float:
        """Give within how long so many were acknowledged [ms]."""
        return float(np.percentile(self.took_ms, percent))

    @property
    def cpu_us(self) -> float:
        """Give the edge's CPU time of a datagram that came in, hostile or honest [us]."""
        came = self.flood.sent - self.drops + len(self.took_ms) + self.sent_again
        return self.edge.cpu_s / max(1, came) * 1e6


def rows(seed: int, runs: int, most_frames: int = FRAMES) -> Iterator[dict[str, Any]]:
    """Give the table's rows.

    Args:
        seed: of the hostile datagrams.
        runs: of each pace.
        most_frames: hostile datagrams of a run.

    Raises:
        RuntimeError: an honest device was told anything but 2.04 or to come later, the edge died, or the
            journal does not hold what was acknowledged, once.
    """
    with tempfile.TemporaryDirectory(prefix="narrowgate-bench-") as folder, ExitStack() as held:
        place = _laid_out(Path(folder))
        held.callback(os.sched_setaffinity, 0, os.sched_getaffinity(0))
        alone, others = cores()
        os.sched_setaffinity(0, others)
        held.enter_context(gateway(place))
        siege = Siege(place, held, seed)
        siege.pin(alone)
        yield from _beside(siege, runs, most_frames)
        yield from _memory(siege)
        yield from _costs(siege, runs, min(most_frames, _MOST_OF_A_KIND))
        yield from siege.kept()


class Siege:
    """A gateway with its honest devices, and who means it no good."""

    def __init__(self, place: Place, held: ExitStack, seed: int) -> None:
        """Let the devices send alone for a while."""
        self._place, self._seed = place, seed
        tails = _uplinks()
        self._edge = Server(_edge_pid(place), place.coap_port, _POST, tails)
        self._devices = held.enter_context(Generator(place.coap_port, _POST, tails))
        self._counters = DoorCounters(place.home.door_counters)
        self._acknowledged = self._devices.saturate(_WARM_UP, _WINDOW).acknowledged
        self.first_mb = self._memory_mb()
        self.memory_mb: list[dict[str, float]] = []

    def pin(self, where: set[int]) -> None:
        """Have all threads of the edge run on some cores only."""
        for task in Path(f"/proc/{self._edge.pid}/task").iterdir():
            os.sched_setaffinity(int(task.name), where)

    def quiet(self, exchanges: int) -> Phase:
        """Let honest devices send alone, once the core has come to all that was before."""
        settle(self._place)
        before = self._edge.ran()
        said = [self._honest(exchanges)]
        return self._phase(said, Told(0, 0.0, {}), 0, before)

    def beside(self, frames: int, per_s: float, kinds: Sequence[Kind] = HOSTILE) -> Phase:
        """Let honest devices send beside a flood."""
        self._seed += 1
        dropped = self._dropped()
        said: list[Volley] = []
        with self._flood(frames, per_s, kinds) as flood:
            before = self._edge.ran()
            while not said or flood.poll() is None:
                said.append(self._honest(min(frames, _PIECE)))
            told = _told(flood)
        self.memory_mb.append(self._memory_mb())
        return self._phase(said, told, self._dropped() - dropped, before)

    def cost_us(self, frames: int, kind: Kind) -> float:
        """Give the edge's CPU time of a datagram of a kind [us]."""
        self._seed += 1
        dropped = self._dropped()
        with self._flood(frames, _EACH_PER_S, [kind]) as flood:
            before_s = self._edge.cpu_s()
            told = _told(flood)
            # Its answer comes behind what waits before it.
            self._honest(1)
            took_s = self._edge.cpu_s() - before_s
        return took_s / max(1, told.sent - (self._dropped() - dropped)) * 1e6

    def held_bytes(self) -> int:
        """Give what quarantine holds of unknown devices, once the core has come to all [B]."""
        settle(self._place)
        path = self._place.home.quarantine / "quarantine.db"
        with closing(connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            return sum(strangers_bytes(connection).values())

    def kept(self) -> Iterator[dict[str, Any]]:
        """Hold the journal against what was acknowledged, and against what the door counts."""
        if _edge_pid(self._place) != self._edge.pid:
            raise RuntimeError("the edge did not live through the flood")
        honest, distinct, all_frames = _journalled(self._place.home)
        counted = self._counters.read()["kept"]
        if not (honest == distinct == self._acknowledged and all_frames == counted):
            raise RuntimeError(
                f"{self._acknowledged} acknowledged, {honest} kept, {distinct} of them distinct; "
                f"the door counts {counted}, the journal holds {all_frames}"
            )
        yield _row("honest frames kept", "frames", [honest], "acknowledged", [self._acknowledged])
        yield _row("frames kept", "frames", [all_frames], "counted by the door", [counted])

    def _honest(self, exchanges: int) -> Volley:
        volley = self._devices.pace(exchanges, RATE_PER_S)
        self._acknowledged += volley.acknowledged
        if volley.wrong:
            raise RuntimeError(f"{volley.wrong} answers were not what was asked for")
        return volley

    def _flood(self, frames: int, per_s: float, kinds: Sequence[Kind]) -> "subprocess.Popen[str]":
        """Begin to send."""
        numbers = (self._place.coap_port, self._seed, per_s, frames, DEVICES)
        flood = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", "narrowgate_bench.hostile_sender", *map(str, numbers), *kinds],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        if flood.stdin is None or flood.stdout is None or flood.stdout.readline() != "ready\n":
            raise RuntimeError("the flood did not come about")
        flood.stdin.write("\n")
        flood.stdin.flush()
        return flood

    def _phase(self, said: list[Volley], flood: Told, drops: int, before: Ran) -> Phase:
        took_ms = np.concatenate([each.took_ms for each in said])
        again, away = sum(each.sent_again for each in said), sum(each.turned_away for each in said)
        return Phase(took_ms, again, away, flood, drops, self._edge.ran().since(before))

    def _dropped(self) -> int:
        return self._counters.read()["kernel_drops"]

    def _memory_mb(self) -> dict[str, float]:
        return {role: rss_mb(self._place, role) for role in ROLES}


_NOTICED: tuple[tuple[str, str, Callable[[Phase], float]], ...] = (
    ("honest_p50", "ms", lambda phase: phase.percentile_ms(50)),
    ("honest_p99", "ms", lambda phase: phase.percentile_ms(99)),
    ("sent_again", "frames", lambda phase: phase.sent_again),
    ("told to come later", "frames", lambda phase: phase.turned_away),
    ("cpu_per_datagram", "us", lambda phase: phase.cpu_us),
    ("edge_ran", "of a core", lambda phase: phase.edge.cpu_s / phase.edge.seconds),
    ("edge_waited for a core", "of the time", lambda phase: phase.edge.waited_s / phase.edge.seconds),
)
_FLOODED: tuple[tuple[str, str, Callable[[Phase], float]], ...] = (
    ("kernel_drops", "datagrams", lambda phase: phase.drops),
    ("answers to the flood", "datagrams", lambda phase: sum(phase.flood.answers.values())),
)


def _beside(siege: Siege, runs: int, frames: int) -> Iterator[dict[str, Any]]:
    for per_s in RATES_PER_S:
        beside, alone = [], []
        for _ in range(runs):
            beside.append(siege.beside(frames, per_s))
            alone.append(siege.quiet(min(frames, _QUIET)))
        name = f"beside {per_s:.0f}/s" if per_s else "beside all that goes"
        for what, unit, figure in _NOTICED:
            ours, theirs = ([figure(each) for each in side] for side in (beside, alone))
            yield _row(f"{what}, {name}", unit, ours, "without a flood", theirs)
        sent = [each.flood.sent for each in beside]
        for what, unit, figure in _FLOODED:
            yield _row(f"{what}, {name}", unit, [figure(each) for each in beside], "sent", sent)
        reached = [each.flood.sent / each.flood.seconds for each in beside]
        yield _row(f"flood, {name}", "1/s", reached, "wanted", [per_s] * runs)


def _memory(siege: Siege) -> Iterator[dict[str, Any]]:
    for role in ROLES:
        figures = [each[role] for each in siege.memory_mb]
        first = [siege.first_mb[role]] * len(figures)
        yield _row(f"{role}_rss", "MB", figures, "before the flood", first)
    yield _row("quarantine, of unknown devices", "bytes", [siege.held_bytes()], "its quota", [QUOTA_BYTES])


def _costs(siege: Siege, runs: int, frames: int) -> Iterator[dict[str, Any]]:
    """Compare kinds with sound uplinks at the same pace."""
    sound = [siege.cost_us(frames, Kind.SOUND) for _ in range(runs)]
    for kind in HOSTILE:
        figures = [siege.cost_us(frames, kind) for _ in range(runs)]
        yield _row(f"cpu_per_datagram, {kind}", "us", figures, "a sound uplink", sound)


def _laid_out(root: Path) -> Place:
    home = Home(root)
    register(root, DEVICES)
    coap, console = free_udp_port(), free_tcp_port()
    config = root / "narrowgate.toml"
    text = _CONFIG.format(coap=coap, console=console, inside=INSIDE, listener=LISTENER, quota=QUOTA_BYTES)
    config.write_text(text, encoding="utf-8")
    return Place(home, config, coap, console, [])


def _uplinks() -> Tails:
    """Give requests of all devices in turn, from the options on."""
    tails = [uplink(device_name(number), HONEST)[_HEAD_BYTES:] for number in range(DEVICES)]
    content = np.stack([np.frombuffer(tail, np.uint8) for tail in tails])
    return lambda exchanges: content[exchanges % DEVICES]


def _edge_pid(place: Place) -> int:
    status = read_status(place.home.run, "edge")
    if status is None:
        raise RuntimeError("no edge runs")
    return int(status["pid"])


def _told(flood: "subprocess.Popen[str]") -> Told:
    """Wait for what a flood says at its end."""
    said, _ = flood.communicate()
    return Told(**json.loads(said))


def _journalled(home: Home) -> tuple[int, int, int]:
    """Give the honest devices' rows of a journal, how many distinct tokens they have, and all rows."""
    tail, offset, tokens, count = Tail(home.journal), 0, [np.zeros(0, np.uint32)], 0
    while (chunk := tail.read(offset, 1 << 16)).next_offset > offset:
        offset = chunk.next_offset
        for kind, batch in chunk.records:
            if kind is Record.UPLINKS:
                count += batch.num_rows
                pairs = zip(batch["endpoint"].to_pylist(), batch["token"].to_pylist(), strict=True)
                honest = b"".join(token for endpoint, token in pairs if endpoint.startswith("127.0.0.1:"))
                tokens.append(np.frombuffer(honest, np.uint32))
    found = np.concatenate(tokens)
    return len(found), len(np.unique(found)), count


def _row(name: str, unit: str, ours: Sequence[float], peer: str, theirs: Sequence[float]) -> dict[str, Any]:
    figures, peers = (np.round(np.array(each, np.float64), 3) for each in (ours, theirs))
    middle, other = float(np.median(figures)), float(np.median(peers))
    return asdict(Line(name, middle, unit, peer, other, figures.tolist(), peers.tolist()))
