"""Edge and core with a large fleet: what memory they have after each phase of uplinks over CoAP.

Rule 1: all devices report in turn, each with its own request; nobody is favoured by a cache.
Rule 2: no two frames say the same: meters' clocks go on, bays change, the rest is dated by its arrival.
Rule 3: memory is looked at when the core has stored all that was acknowledged.
"""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from narrowgate_bench.coap import LISTENER
from narrowgate_bench.coap_generator import Generator, Ints, Rows
from narrowgate_bench.codecs import Line
from narrowgate_bench.gateway_processes import ROLES, Place, gateway, lay_out, memory_mb, settle, settled
from narrowgate_bench.uplink_flood import tail_of
from narrowgate_simulators import Emission

DEVICES = 100_000
PHASE = 1 << 18
"""Frames of a phase."""
_EMISSIONS_A_DEVICE = 3
"""About what an hour brings: by then every meter and every lamp has spoken."""
_POST = 2
_WINDOW = 512
_WITHIN_S = 3600.0
_ROUND_S = 2
"""By how much meters' clocks go on from one of their frames to the next."""
_CLOCK, _SUM = slice(-11, -4), -2
"""Where a CJ/T 188 frame has the meter's clock (seconds first, BCD) and its check sum, from its end."""
_FIRST_SUMMED = -35
_ZONE = timedelta(hours=8)
_READY = "when ready"


def rows(seed: int, runs: int, most_frames: int = PHASE) -> Iterator[dict[str, Any]]:
    """Give the table's rows.

    Args:
        seed: of the district.
        runs: phases.
        most_frames: of a phase; small ones have fewer devices.
    """
    devices = min(DEVICES, most_frames)
    with tempfile.TemporaryDirectory(prefix="narrowgate-bench-") as folder:
        place = lay_out(Path(folder), seed, devices, _EMISSIONS_A_DEVICE * devices)
        text = place.config.read_text(encoding="utf-8")
        place.config.write_text(text.replace("[journal]", f"{LISTENER}\n[journal]"), encoding="utf-8")
        with gateway(place), Fleet(place) as fleet:
            yield from _watched(place, fleet, runs, most_frames)


def _watched(place: Place, fleet: "Fleet", runs: int, frames: int) -> Iterator[dict[str, Any]]:
    ready = {role: memory_mb(place, role) for role in ROLES}
    looks: dict[str, list[tuple[float, float]]] = {role: [] for role in ROLES}
    acknowledged = 0
    for _ in range(runs):
        acknowledged += fleet.saturate(frames, _WINDOW).acknowledged
        settle(place, _WITHIN_S)
        for role in ROLES:
            looks[role].append(memory_mb(place, role))
    for role in ROLES:
        for number, kind in enumerate(("rss", "pss")):
            figures = [look[number] for look in looks[role]]
            yield _row(f"{role}_{kind}, {fleet.devices} devices", "MB", figures, _READY, ready[role][number])
    yield _row("frames settled", "frames", [settled(place)], "acknowledged", acknowledged)


class Fleet(Generator):
    """All devices of a place, each reporting in its turn."""

    def __init__(self, place: Place) -> None:
        """Take what each device said first, and of a bay what it said next."""
        said: dict[str, list[Emission]] = {}
        for emission in place.emissions:
            said.setdefault(emission.device, []).append(emission)
        self.devices = len(said)
        turns = [
            (each[0], each[-1] if each[0].path.startswith("nb/bay") else each[0]) for each in said.values()
        ]
        tails = [[np.frombuffer(tail_of(one), np.uint8) for one in turn] for turn in turns]
        self._widths = np.array([[len(tail) for tail in turn] for turn in tails])
        widest = int(self._widths.max())
        self._content = np.stack([[np.pad(tail, (0, widest - len(tail))) for tail in turn] for turn in tails])
        self._is_meter = np.array([turn[0].time_us is not None for turn in turns])
        self._began = datetime.now(UTC) + _ZONE
        super().__init__(place.coap_port, _POST, self._requests)

    def _places_of(self, exchanges: Ints) -> tuple[Ints, Ints]:
        """Give each exchange's device, and whether it is its first or second kind of report."""
        return exchanges % self.devices, exchanges // self.devices % 2

    def _send(self, exchanges: Ints) -> None:
        """Send requests of one length at a time."""
        widths = self._widths[self._places_of(exchanges)]
        for width in np.unique(widths):
            super()._send(exchanges[widths == width])

    def _requests(self, exchanges: Ints) -> Rows:
        """Give requests that all have one length, from the options on."""
        devices, turns = self._places_of(exchanges)
        requests = self._content[devices, turns, : self._widths[devices[0], turns[0]]]
        meters = np.flatnonzero(self._is_meter[devices])
        for turn in np.unique(exchanges[meters] // self.devices).tolist():
            rows = meters[exchanges[meters] // self.devices == turn]
            requests[rows] = dated(requests[rows], self._began + timedelta(seconds=_ROUND_S * turn))
        return requests


def dated(requests: Rows, at: datetime) -> Rows:
    """Give requests that end in a CJ/T 188 frame, all of one length, with another local time in it."""
    digits = f"{at:%S%M%H%d%m}{at.year % 100:02d}{at.year // 100}"
    requests[:, _CLOCK] = np.frombuffer(bytes.fromhex(digits), np.uint8)
    requests[:, _SUM] = requests[:, _FIRST_SUMMED:_SUM].sum(axis=1) % 256
    return requests


def _row(name: str, unit: str, runs: Sequence[float], peer: str, at_first: float) -> dict[str, Any]:
    figures: list[float] = np.round(np.array(runs, np.float64), 3).tolist()
    return asdict(Line(name, max(figures), unit, peer, at_first, figures, [at_first] * len(figures)))
