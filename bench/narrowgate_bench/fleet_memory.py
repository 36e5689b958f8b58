"""Edge and core with a large fleet: what memory they have after each phase of uplinks over CoAP.

Rule 1: all devices report in turn, each with its own request; nobody is favoured by a cache.
Rule 2: no two frames say the same: a meter's tells sixteen further hours, the rest is dated by its arrival.
Rule 3: memory is looked at when the core has stored all that was acknowledged.
"""

import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from narrowgate_bench.coap import LISTENER
from narrowgate_bench.coap_generator import Generator, Ints, Rows
from narrowgate_bench.codecs import Line
from narrowgate_bench.gateway_processes import (
    ROLES,
    Place,
    gateway,
    lay_out,
    memory_mb,
    stored,
)
from narrowgate_bench.uplink_flood import tail_of
from narrowgate_simulators import Emission

DEVICES = 100_000
PHASE = 1 << 18
"""Frames of a phase."""
_EMISSIONS_A_DEVICE = 3
"""About what an hour brings: by then every meter and every lamp has spoken."""
_POST = 2
_WINDOW = 512
_WITHIN_S, _LOOK_S = 3600.0, 0.1
_METERS = {"cjt188_water_v2004": "axioma_qalcosonic_w1_v1", ",active,3600,": ",active,31536000,"}
"""What the district's meters are here: their frames tell a log of hours, seventeen readings, of weeks ago.

So nobody may miss them: a meter that is silent is a finding.
"""
_LOG_HOURS = 16
_METER_FRAME = np.dtype(
    [
        ("at_s", "<u4"),
        ("status", "u1"),
        ("volume_l", "<u4"),
        ("log_s", "<u4"),
        ("log_l", "<u4"),
        ("increases_l", "<u2", 15),
    ]
)
_NIGHT_HOURS, _A_DAY_L = 6, 180
"""Nothing flows at night, so that no meter leaks."""
_HOUR_S, _DAY_H = 3600, 24
_MOST_DAYS = 60
"""Meters' logs begin so many days ago: what they tell is never of the future."""
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
        place = lay_out(Path(folder), seed, devices, _EMISSIONS_A_DEVICE * devices, instead=_METERS)
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
        _wait_until_stored(place, acknowledged)
        for role in ROLES:
            looks[role].append(memory_mb(place, role))
    for role in ROLES:
        for number, kind in enumerate(("rss", "pss")):
            figures = [look[number] for look in looks[role]]
            yield _row(f"{role}_{kind}, {fleet.devices} devices", "MB", figures, _READY, ready[role][number])
    frames_settled, readings_stored = stored(place)
    yield _row("frames settled", "frames", [frames_settled], "acknowledged", acknowledged)
    yield _row("readings stored", "readings", [readings_stored], "acknowledged frames", acknowledged)


def _wait_until_stored(place: Place, frames: int) -> None:
    give_up_s = time.monotonic() + _WITHIN_S
    while stored(place)[0] < frames:
        if time.monotonic() > give_up_s:
            raise RuntimeError("the core does not catch up with the journal")
        time.sleep(_LOOK_S)


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
        self._is_meter = np.array([turn[0].time_us is not None for turn in turns])
        tails = [[_tail(one) for one in turn] for turn in turns]
        self._widths = np.array([[len(tail) for tail in turn] for turn in tails])
        widest = int(self._widths.max())
        self._content = np.stack([[np.pad(tail, (0, widest - len(tail))) for tail in turn] for turn in tails])
        self._began_s = int(time.time()) // _HOUR_S * _HOUR_S - _MOST_DAYS * _DAY_H * _HOUR_S
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
        if len(meters):
            frames = logs(exchanges[meters] // self.devices, self._began_s)
            requests[meters, -_METER_FRAME.itemsize :] = frames.view(np.uint8).reshape(len(meters), -1)
        return requests


def _tail(emission: Emission) -> Rows:
    """Give a request from the options on; of a meter, with room for its frame."""
    if emission.time_us is not None:
        emission = emission._replace(payload=bytes(_METER_FRAME.itemsize))
    return np.frombuffer(tail_of(emission), np.uint8)


def logs(rounds: Ints, began_s: int) -> NDArray[np.void]:
    """Give meters' frames, (n,): each tells of the hours behind those of the round before.

    Args:
        rounds: (n,) from 0.
        began_s: when the first one's log begins, a whole hour [s since 1970].
    """
    frames = np.zeros(len(rounds), _METER_FRAME)
    first_hour = began_s // _HOUR_S + rounds[:, None] * _LOG_HOURS + np.arange(_LOG_HOURS)
    days, hour = np.divmod(first_hour - began_s // _HOUR_S, _DAY_H)
    awake = np.maximum(hour - _NIGHT_HOURS, 0)
    litres = days * _A_DAY_L + awake * (_A_DAY_L // (_DAY_H - _NIGHT_HOURS))
    frames["log_s"], frames["log_l"] = first_hour[:, 0] * _HOUR_S, litres[:, 0]
    frames["increases_l"] = np.diff(litres, axis=1)
    frames["at_s"] = first_hour[:, -1] * _HOUR_S + _HOUR_S // 2
    frames["volume_l"] = litres[:, -1]
    return frames


def _row(name: str, unit: str, runs: Sequence[float], peer: str, at_first: float) -> dict[str, Any]:
    figures: list[float] = np.round(np.array(runs, np.float64), 3).tolist()
    return asdict(Line(name, max(figures), unit, peer, at_first, figures, [at_first] * len(figures)))
