"""Bays and their cars: arrivals by the hour, stays with a long tail, and cars that outstay the limit.

A PlacePod reports each change, and a keep-alive when it was silent for hours; it has no clock. A bay never
changes or reports twice within ten minutes, so that a stepped world dates every state apart.
"""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from narrowgate_codecs import encode
from narrowgate_simulators.emission import Emission
from narrowgate_simulators.faults import SLACK_US, Fault
from narrowgate_simulators.noise import uniform
from narrowgate_simulators.places import Places
from narrowgate_simulators.span import SECOND_US, Span, whole_seconds_us
from narrowgate_simulators.stays import Stays

PROFILE = "pni_placepod_v1"
KEEP_ALIVE_S = 4 * 3600
BOOT_S = 1800
"""Each bay reports its state once within the first half hour [s]."""
_STATUS, _KEEP_ALIVE = 0, 1


class ParkingBays:
    """All bays of a city; their uplinks as flat arrays sorted by (bay, time)."""

    family = "parking"

    def __init__(self, seed: int, span: Span, count: int, path: Callable[[str], str]) -> None:
        self._seed, self._path = seed, path
        index = np.arange(count, dtype=np.int64)
        self.devices = [f"bay-{row:06d}" for row in range(count)]
        self._places = Places.along(seed, self.family, count)
        self.limit_s = np.where(uniform(seed, "limit", index) < 0.6, 2, 4) * 3600
        boot_us = span.start_us + whole_seconds_us(1 + uniform(seed, "boot", index) * (BOOT_S - 1))
        stays = Stays.drawn(seed, span, boot_us, self.limit_s)
        self.truth = tuple(
            self._fault(stays, row, span.end_us) for row in np.flatnonzero(stays.over).tolist()
        )
        bay, due_us, occupied, kind = _changes(stays, boot_us, span.end_us)
        self._bay, self._due_us, self._occupied, self._kind = _with_keep_alives(
            bay, due_us, occupied, kind, span.end_us
        )
        first = np.searchsorted(self._bay, index)
        self._sequence = np.arange(len(self._bay)) - first[self._bay] + 1
        self._by_time = np.argsort(self._due_us, kind="stable")

    def _fault(self, stays: Stays, row: int, end_us: int) -> Fault:
        bay, arrival_us, departure_us = (
            int(of[row]) for of in (stays.bay, stays.arrival_us, stays.departure_us)
        )
        limit_end_us = arrival_us + int(self.limit_s[bay]) * SECOND_US
        until_us = departure_us if departure_us <= end_us else None
        return Fault(
            "overstay",
            self.devices[bay],
            arrival_us,
            limit_end_us - SLACK_US,
            limit_end_us + SLACK_US,
            until_us,
        )

    def emissions(self, after_us: int, until_us: int) -> Iterator[Emission]:
        """Give what the bays send in (after, until] [us], in no special order."""
        due_us = self._due_us[self._by_time]
        begin, end = np.searchsorted(due_us, [after_us, until_us], side="right")
        for row in self._by_time[begin:end].tolist():
            yield self._emission(row)

    def _emission(self, row: int) -> Emission:
        device = self.devices[int(self._bay[row])]
        occupied, sequence = bool(self._occupied[row]), int(self._sequence[row])
        records: list[dict[str, object]] = [{"record": "status", "occupied": occupied}]
        if self._kind[row] == _KEEP_ALIVE:
            warm = float(uniform(self._seed, "warmth", int(self._bay[row]), sequence)[0])
            records = [
                {"record": "keep_alive", "occupied": occupied},
                {"record": "battery", "battery_v": 3.6},
                {"record": "temperature", "temperature_c": round(18.0 + 10.0 * warm, 1)},
            ]
        payload = encode(PROFILE, "records", {"records": records})
        return Emission(device, self._path(device), payload, sequence, None, int(self._due_us[row]))

    def report_every_us(self, row: int) -> int:
        """Give how often a bay is heard at least [us]."""
        return KEEP_ALIVE_S * SECOND_US

    def last_words_us(self, row: int) -> NDArray[np.int64]:
        """Give the reports of one bay that say it is free, (n,) [us]: no stay runs on in its silence."""
        begin, end = np.searchsorted(self._bay, [row, row + 1])
        return self._due_us[begin:end][~self._occupied[begin:end]]

    def rows(self) -> Iterator[dict[str, str]]:
        """Give the registry's rows of the bays."""
        for bay, device in enumerate(self.devices):
            yield {
                "device": device,
                "profile": PROFILE,
                "asset": f"space-{bay:06d}",
                "role": "bay",
                "zone": f"parking-{int(self._places.road[bay]) + 1}",
                "stay_limit": f"{int(self.limit_s[bay]) // 3600}h",
                "report_interval_s": str(KEEP_ALIVE_S),
                **self._places.columns(bay),
            }


_Events = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_], NDArray[np.int64]]


def _changes(stays: Stays, boot_us: NDArray[np.int64], end_us: int) -> _Events:
    """Give every bay's first report and its changes within the span, sorted by (bay, time)."""
    bays = np.arange(len(boot_us), dtype=np.int64)
    seen = stays.arrival_us > boot_us[stays.bay]
    there = np.zeros(len(boot_us), dtype=np.bool_)
    there[stays.bay[~seen]] = True
    bay = np.concatenate([bays, stays.bay[seen], stays.bay])
    due_us = np.concatenate([boot_us, stays.arrival_us[seen], stays.departure_us])
    occupied = np.concatenate([there, np.ones(int(seen.sum()), np.bool_), np.zeros(len(stays.bay), np.bool_)])
    kind = np.where(np.arange(len(bay)) < len(bays), _KEEP_ALIVE, _STATUS)
    order = np.lexsort((due_us, bay))
    order = order[due_us[order] <= end_us]
    return bay[order], due_us[order], occupied[order], kind[order]


def _with_keep_alives(
    bay: NDArray[np.int64],
    due_us: NDArray[np.int64],
    occupied: NDArray[np.bool_],
    kind: NDArray[np.int64],
    end_us: int,
) -> _Events:
    """Repeat the state whenever a bay was silent for KEEP_ALIVE_S and no change comes within ten minutes."""
    same = np.append(bay[1:] == bay[:-1], False)[: len(bay)]
    next_us = np.where(same, np.roll(due_us, -1) - SLACK_US, end_us)
    every_us = KEEP_ALIVE_S * SECOND_US
    repeats = np.maximum((next_us - due_us) // every_us, 0) + 1
    first = np.cumsum(repeats) - repeats
    count = np.arange(int(repeats.sum())) - np.repeat(first, repeats)
    return (
        np.repeat(bay, repeats),
        np.repeat(due_us, repeats) + count * every_us,
        np.repeat(occupied, repeats),
        np.where(count == 0, np.repeat(kind, repeats), _KEEP_ALIVE),
    )
