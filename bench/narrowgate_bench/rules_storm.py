"""A storm over a city of lamps: a cell falls silent, two feeders go dark, lone lamps fail, others flap.

What the desk must be told is known beforehand: one cause for the cell, one for each feeder, one for each lone
lamp, each with its members, and nothing of those that flap. `python -m narrowgate_bench.rules_storm` runs the
whole size in several orders of arrival and prints what it took; exit 1 if any order tells anything else.
"""

import json
import sqlite3
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from narrowgate_cases import apply, install
from narrowgate_rules import GROUP_RULES, RULES, Engine, Ticks
from narrowgate_schema.tables import READINGS
from narrowgate_schema.words import Family

START_US = 1_767_571_200_000_000
MINUTE_US = 60_000_000
ORDERS = ("time", "shuffled", "backwards", "by_device")
"""As it happened; every five minutes by chance, or backwards; lamp after lamp, all ticks last."""

_EVERY_MIN = 5
_STRIKES_MIN, _LASTS_MIN = 30, 70
_READINGS = READINGS[Family.LIGHTING]
_MEASURES = {"voltage_v": (230.0, 0.0), "power_w": (60.0, None), "commanded_level_pct": (100.0, 100.0)}
"""With supply, and without: nothing is measured then."""
_Cause = tuple[str, str, tuple[str, ...]]


@dataclass(frozen=True)
class Storm:
    """A city of so many lamps; each lies in one feeder of one cabinet of one cell."""

    devices: int = 100_000
    cell: int = 800
    cabinet: int = 200
    feeder: int = 50
    lone: int = 50
    flapping_pct: int = 5
    seed: int = 1

    @cached_property
    def names(self) -> NDArray[np.object_]:
        """The lamps."""
        return np.array([f"lamp-{n:06d}" for n in range(self.devices)], object)

    @cached_property
    def parts(self) -> dict[str, NDArray[np.intp]]:
        """Which lamps do what: silent and dark ones by group, lone ones, those that flap."""
        chance = np.random.default_rng(self.seed)
        lamps = np.arange(self.devices)
        first = self.cell // self.feeder
        left = np.setdiff1d(np.arange(self.devices // self.feeder), np.arange(first))
        dark, dead = chance.choice(left[left % (self.cabinet // self.feeder) == 0], 2, replace=False).tolist()
        struck = (lamps < self.cell) | np.isin(lamps // self.feeder, [dark, dead])
        others = chance.permutation(lamps[~struck])
        flapping = self.devices * self.flapping_pct // 100
        return {
            "cell": lamps[: self.cell],
            "dark": lamps[lamps // self.feeder == dark],
            "dead": lamps[lamps // self.feeder == dead],
            "lone_dark": np.sort(others[: self.lone // 2]),
            "lone_dead": np.sort(others[self.lone // 2 : self.lone]),
            "flapping": np.sort(others[self.lone : self.lone + flapping]),
        }

    @property
    def expected(self) -> set[_Cause]:
        """What the desk must be told: rule, device or group, members."""
        parts = self.parts
        feeders = [parts["dark"], parts["dead"]]
        found: set[_Cause] = {("cell_silent", self.group("cell", 0), tuple(self.names[parts["cell"]]))}
        found |= {
            ("feeder_out", self.group("feeder", int(lamps[0])), tuple(self.names[lamps])) for lamps in feeders
        }
        found |= {("supply_loss", name, ()) for name in self.names[parts["lone_dark"]]}
        return found | {("lamp_silent", name, ()) for name in self.names[parts["lone_dead"]]}

    def group(self, level: str, lamp: int) -> str:
        """Give the name of a lamp's cell, cabinet or feeder."""
        return f"{level}-{lamp // getattr(self, level)}"

    def rows(self) -> tuple[NDArray[np.intp], NDArray[np.int64], NDArray[np.bool_]]:
        """Give (lamp, time [us], whether it has no supply) of every reading, by time."""
        parts, lamps = self.parts, np.arange(self.devices)
        minutes = np.arange(_LASTS_MIN)
        often = np.zeros(self.devices, np.bool_)
        often[parts["flapping"]] = True
        due = (minutes[:, None] + lamps) % np.where(often, 1, _EVERY_MIN) == 0
        minute, lamp = np.nonzero(due)
        struck = minute >= _STRIKES_MIN
        silent = np.isin(lamp, np.concatenate([parts["cell"], parts["dead"], parts["lone_dead"]]))
        keep = ~(struck & silent)
        minute, lamp, struck = minute[keep], lamp[keep], struck[keep]
        dark = struck & np.isin(lamp, np.concatenate([parts["dark"], parts["lone_dark"]]))
        # Three minutes without supply, three with it.
        dark |= often[lamp] & ((minute + lamp) % 6 < 3)
        return lamp, START_US + minute * MINUTE_US + lamp * 30_000_000 // self.devices, dark


class City:
    """The storm's registry."""

    version = 1

    def __init__(self, storm: Storm) -> None:
        self._storm = storm
        self._slots = {name: slot for slot, name in enumerate(storm.names.tolist())}
        self._every_s = np.full(storm.devices, 60.0 * _EVERY_MIN)
        self._every_s[storm.parts["flapping"]] = 60.0

    def slots(self, devices: Sequence[str]) -> NDArray[np.int32]:
        """Give the slots."""
        return np.array([self._slots.get(device, -1) for device in devices], np.int32)

    def column(self, name: str) -> NDArray[Any]:
        """Give a device column."""
        return self._every_s if name == "report_interval_s" else np.full(self._storm.devices, np.nan)

    def assets_at(self, slots: NDArray[np.int32], times_us: NDArray[np.int64]) -> NDArray[Any]:
        """Give nothing: the lamps' assets have no names."""
        return np.full(len(slots), None, object)

    def asset_rows_at(self, slots: NDArray[np.int32], times_us: NDArray[np.int64]) -> NDArray[np.int32]:
        """Give the asset rows: the lamps' own."""
        return slots

    def asset_column(self, name: str) -> NDArray[Any]:
        """Give an asset column."""
        if name in ("cell", "cabinet", "feeder"):
            lamps = range(self._storm.devices)
            return np.array([self._storm.group(name, lamp) for lamp in lamps], object)
        return np.full(self._storm.devices, None if name == "zone" else np.nan, object)


@dataclass(frozen=True)
class Told:
    """What a storm came to."""

    causes: set[_Cause]
    """All that the desk was ever told."""
    cases: list[_Cause]
    """The cases that are on the desk then, whatever their state."""
    judged_s: float
    """What the engine took of the processor [s]."""
    opened_s: float
    """What the desk took of it [s]."""


def told(storm: Storm, order: str) -> Told:
    """Let an engine judge a storm, and a desk follow it."""
    engine, city = Engine(RULES, groups=GROUP_RULES), City(storm)
    causes: dict[str, dict[str, Any]] = {}
    judged_s = opened_s = 0.0
    with closing(sqlite3.connect(":memory:")) as desk:
        install(desk)
        for batch, ticks in batches(storm, order):
            began_s = time.process_time()
            judged = engine.judge({Family.LIGHTING: batch}, ticks, city)
            judged_s += time.process_time() - began_s
            causes |= {row["finding"]: row for row in judged.causes.to_pylist()}
            began_s = time.process_time()
            with desk:
                apply(desk, judged.causes, int(ticks.time_us.max(initial=START_US)))
            opened_s += time.process_time() - began_s
        rows = desk.execute("SELECT service, device, members FROM cases ORDER BY id").fetchall()
    return Told(
        {(row["rule"], row["device"], tuple(row["members"])) for row in causes.values()},
        [(service, device, tuple(json.loads(members))) for service, device, members in rows],
        judged_s,
        opened_s,
    )


def batches(storm: Storm, order: str) -> Iterator[tuple[pa.RecordBatch, Ticks]]:
    """Give the storm batch by batch: readings, and the ticks between them."""
    lamp, time_us, dark = storm.rows()
    minutes = START_US + (np.arange(_LASTS_MIN) + 1) * MINUTE_US
    if order == "by_device":
        row = np.lexsort((time_us, lamp))
        for part in np.array_split(row, max(1, len(row) // 100_000)):
            first = int(part[0]) if len(part) else 0
            yield (
                _readings(storm, lamp[part], time_us[part], dark[part], _frames(row, part, first)),
                Ticks.none(),
            )
        yield _nothing(), Ticks(len(row) + 1 + np.arange(len(minutes)), minutes)
        return
    chance = np.random.default_rng(storm.seed)
    edges = np.searchsorted(time_us, np.append(START_US + np.arange(0, _LASTS_MIN, 5) * MINUTE_US, 2**62))
    frame = 0
    for n, (begin, end) in enumerate(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)):
        row = np.arange(begin, end)
        if order != "time":
            key = chance.permutation(storm.devices) if order == "shuffled" else -np.arange(storm.devices)
            row = row[np.argsort(key[lamp[row]], kind="stable")]
        frames = frame + 1 + np.arange(len(row))
        own = minutes[5 * n : 5 * n + 5]
        frame += len(row) + len(own) + 1
        ticks = Ticks(frame - len(own) + np.arange(len(own)), own)
        yield _readings(storm, lamp[row], time_us[row], dark[row], frames), ticks


def _frames(row: NDArray[np.intp], part: NDArray[np.intp], first: int) -> NDArray[np.int64]:
    begin = int(np.flatnonzero(row == first)[0]) if len(part) else 0
    return begin + 1 + np.arange(len(part))


def _nothing() -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist([], schema=_READINGS)


def _readings(
    storm: Storm,
    lamp: NDArray[np.intp],
    time_us: NDArray[np.int64],
    dark: NDArray[np.bool_],
    frame: NDArray[np.int64],
) -> pa.RecordBatch:
    count = len(lamp)
    given: dict[str, pa.Array] = {
        "device": pa.array(storm.names, pa.string()).take(pa.array(lamp)),
        "series": pa.array(np.full(count, "", object), pa.string()),
        "profile": pa.array(np.full(count, "lamp", object), pa.string()),
        "time": pa.array(time_us).cast(_READINGS.field("time").type),
        "received_at": pa.array(time_us).cast(_READINGS.field("received_at").type),
        "frame": pa.array(frame),
    }
    for name, (well, ill) in _MEASURES.items():
        given[name] = pa.array(np.where(dark, np.nan if ill is None else ill, well), from_pandas=True)
    arrays = [
        given[field.name] if field.name in given else pa.nulls(count, field.type) for field in _READINGS
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=_READINGS)


def main() -> None:
    """Run all orders at the whole size."""
    storm = Storm()
    failed = False
    for order in ORDERS:
        heard = told(storm, order)
        wrong, missing = heard.causes - storm.expected, storm.expected - heard.causes
        failed |= bool(wrong or missing) or sorted(heard.cases) != sorted(storm.expected)
        line = {
            "order": order,
            "devices": storm.devices,
            "readings": len(storm.rows()[0]),
            "causes": len(heard.causes),
            "cases": len(heard.cases),
        }
        more = {"wrong": len(wrong), "missing": len(missing)}
        took = {"judged_s": round(heard.judged_s, 1), "opened_s": round(heard.opened_s, 2)}
        sys.stdout.write(json.dumps({**line, **more, **took}) + "\n")
        sys.stdout.flush()
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
