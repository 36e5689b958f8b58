"""What the rules find of the faults that a pretend district is given: recall, false findings, time to detect.

The district lives four days; its uplinks come in when they were sent, with a tick every five minutes. In a
second life a sixth of the reports of meters and lamps is lost; the changes of bays are not, for of a car that
left unheard nobody can know. Faults are those of the truth; a finding of a rule and device without one is
false, but that of a silence is right where nothing was heard for so long.
"""

import json
import statistics
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from narrowgate_bench.codecs import Line
from narrowgate_codecs import PROFILES, Context, decode, uplinks_from
from narrowgate_fleet import Fleet, Registry, import_csv
from narrowgate_ingest.backtest import Findings
from narrowgate_rules import RULES, Engine, Ticks
from narrowgate_schema.tables import TIMESTAMP
from narrowgate_simulators import MORE_FAULTS, City, Emission, Fault
from narrowgate_simulators.noise import chance

DEVICES = 900
HOURS = 96.0
START_US = 1_772_380_800_000_000
"""2026-03-01 16:00 UTC, midnight in the city."""
LOST = 0.17
FOUND_BY = {"reverse_flow": "register_falls"}
"""The rule that finds a fault, where it has another name: these meters tell their register only."""
_TIMEZONE = ZoneInfo("Asia/Shanghai")
_STEPS = 12
"""Steps of five minutes in a batch."""
_HOUR_US = 3_600_000_000
_DAY_US = 24 * _HOUR_US
_LONGEST_HOLE_US = 6 * _HOUR_US
_Raised = dict[tuple[str, str], list[tuple[int, bool]]]
"""By rule and device: when findings were raised [us], and whether they are of a silence that really was."""


@dataclass(frozen=True)
class Recall:
    """What became of the faults of one kind."""

    rule: str
    faults: int
    found: int
    false: int
    took_h: list[float]
    """From a fault's beginning to its finding's [h]."""
    hold_h: list[float]
    """From a fault's beginning to the latest that a right finding begins [h]."""


@dataclass(frozen=True)
class Lived:
    """What the rules said of a district's days."""

    recalls: list[Recall]
    """By rule."""
    device_days: int
    """Whole days of meters."""
    evaluable: int
    """Those of them into which no hole of more than six hours reaches."""


def rows(seed: int, runs: int, most_devices: int = DEVICES) -> Iterator[dict[str, object]]:
    """Give the table's rows: recall [%] beside false findings, time to detect beside the hold [h].

    Args:
        seed: of the first district.
        runs: districts; their faults are counted together.
        most_devices: of a district.
    """
    for lost, how in ((0.0, ""), (LOST, f", {LOST:.0%} of the uplinks lost")):
        lived = [live(seed + n, min(most_devices, DEVICES), lost) for n in range(runs)]
        for parts in zip(*(one.recalls for one in lived), strict=True):
            yield from _told(parts[0].rule + how, parts)
        share = [100.0 * one.evaluable / max(one.device_days, 1) for one in lived]
        days = [float(one.device_days) for one in lived]
        yield asdict(_line(f"evaluable days of meters{how}", "%", share, "days", days))


def _told(name: str, parts: tuple[Recall, ...]) -> Iterator[dict[str, object]]:
    faults, found = sum(part.faults for part in parts), sum(part.found for part in parts)
    if faults:
        share, false = 100.0 * found / faults, [float(sum(part.false for part in parts))]
        yield asdict(_line(f"{name}: found of {faults}", "%", [share], "false findings", false))
    elif any(part.false for part in parts):
        false = [float(sum(part.false for part in parts))]
        yield asdict(_line(f"{name}: no fault was there", "%", [0.0], "false findings", false))
    took_h = [each for part in parts for each in part.took_h]
    hold_h = [each for part in parts for each in part.hold_h]
    if took_h:
        yield asdict(_line(f"{name}: time to detect", "h", took_h, "latest that is right", hold_h))


def live(seed: int, devices: int, lost: float = 0.0, hours: float = HOURS) -> Lived:
    """Let a district live through its days, and give what the rules found of its faults.

    Args:
        seed: of the district.
        devices: a third of each family.
        lost: share of the reports of meters and lamps that never come in.
        hours: that the district lives; faults for which there is no time are not put in [h].
    """
    city = City(seed, devices, START_US, hours, _TIMEZONE.key, more_faults=MORE_FAULTS)
    with tempfile.TemporaryDirectory(prefix="narrowgate-bench-") as folder:
        fleet, profiles = _registered(city, Path(folder))
        found, heard = _judged(city, fleet, profiles, lost)
    meters = [heard[device] for device in city.families[0].devices]
    device_days, evaluable = _evaluable(meters, round(hours / 24.0))
    return Lived(_recalls(city.truth, _raised(found, heard)), device_days, evaluable)


def _registered(city: City, home: Path) -> tuple[Fleet, dict[str, str]]:
    city.write_fleet(home / "fleet.csv")
    families = {name: profile.family.value for name, profile in PROFILES.items()}
    with Registry(home) as registry, (home / "fleet.csv").open("rb") as sheet:
        import_csv(registry, sheet, families)
        fleet = Fleet(registry.tables())
    return fleet, {row["device"]: row["profile"] for row in city.fleet_rows()}


def _judged(
    city: City, fleet: Fleet, profiles: dict[str, str], lost: float
) -> tuple[Findings, dict[str, list[int]]]:
    """Give the findings, and when each device was heard [us]."""
    engine, findings, frame = Engine(RULES, timezone=_TIMEZONE), Findings(), 0
    heard: dict[str, list[int]] = {device: [] for device in city.devices}
    sure = set(city.families[1].devices)
    emissions: list[Emission] = []
    ticks: list[tuple[int, int]] = []
    for number, step in enumerate(city.steps(), 1):
        came = [
            one
            for one in step.emissions
            if one.device in sure or chance(1, "lost", one.device, one.sequence) >= lost
        ]
        emissions += came
        frame += len(came) + 1
        ticks.append((frame - 1, step.instant_us))
        for one in came:
            heard[one.device].append(one.due_us)
        if number % _STEPS == 0 or number == city.step_count():
            batch = _uplinks(emissions, [offset for offset, _ in ticks])
            devices = [one.device for one in emissions]
            context = Context(devices, [profiles[device] for device in devices], _TIMEZONE)
            passing = Ticks(*(np.array(column, np.int64) for column in zip(*ticks, strict=True)))
            findings.add(engine.judge(decode(batch, context).readings, passing, fleet).findings)
            emissions, ticks = [], []
    return findings, heard


def _uplinks(emissions: list[Emission], ticks: list[int]) -> pa.RecordBatch:
    """Give uplinks that came in when they were sent, numbered around the ticks behind them."""
    made = uplinks_from([one.payload for one in emissions], devices=[one.device for one in emissions])
    first = ticks[-1] - len(emissions) - len(ticks) + 1
    frames = np.setdiff1d(np.arange(first, ticks[-1]), ticks)
    came = pa.array([one.due_us for one in emissions], pa.int64()).cast(TIMESTAMP)
    for name, column in (("frame", pa.array(frames)), ("received_at", came)):
        place = made.schema.get_field_index(name)
        made = made.set_column(place, made.schema.field(place), column)
    return made


def _raised(found: Findings, heard: dict[str, list[int]]) -> _Raised:
    raised: _Raised = {}
    for row in found.episodes():
        at_us = int(row["raised_at"].timestamp() * 1_000_000 + 0.5)
        is_true = _was_silent(row, at_us, heard[row["device"]])
        raised.setdefault((row["rule"], row["device"]), []).append((at_us, is_true))
    return raised


def _was_silent(row: dict[str, Any], at_us: int, heard: list[int]) -> bool:
    """Tell whether nothing was heard for as long as the finding of a silence says."""
    limit_us = round(json.loads(row["evidence"]).get("limit_s", 0) * 1e6)
    return limit_us > 0 and not any(at_us - limit_us < one < at_us for one in heard)


def _recalls(truth: tuple[Fault, ...], raised: _Raised) -> list[Recall]:
    faults: dict[str, list[Fault]] = {rule.name: [] for rule in RULES}
    for fault in truth:
        faults[FOUND_BY.get(fault.fault, fault.fault)].append(fault)
    return [_recall(rule, faults[rule], raised) for rule in sorted(faults)]


def _recall(rule: str, faults: list[Fault], raised: _Raised) -> Recall:
    """Hold the findings of one rule against its faults: the first from a fault's beginning on is its."""
    ours: dict[str, list[int]] = {}
    for fault in faults:
        ours[fault.device] = [at for at, _ in raised.get((rule, fault.device), []) if at >= fault.at_us]
    found = [fault for fault in faults if ours[fault.device]]
    false = [
        at_us
        for (name, device), instants in raised.items()
        for at_us, is_true in instants
        if name == rule and not is_true and at_us not in ours.get(device, [])
    ]
    took_h = [(min(ours[fault.device]) - fault.at_us) / _HOUR_US for fault in found]
    hold_h = [(fault.expected_to_us - fault.at_us) / _HOUR_US for fault in found]
    return Recall(rule, len(faults), len(found), len(false), took_h, hold_h)


def _evaluable(heard: list[list[int]], days: int) -> tuple[int, int]:
    """Count the whole days of meters, and those into which no long hole reaches."""
    evaluable = 0
    for instants in heard:
        edges = np.array([START_US, *instants, START_US + days * _DAY_US])
        holes = np.flatnonzero(np.diff(edges) > _LONGEST_HOLE_US)
        first, last = ((edges[holes + more] - START_US) // _DAY_US for more in (0, 1))
        is_dark = np.zeros(days + 1, np.bool_)
        for begin, end in zip(first.tolist(), last.tolist(), strict=True):
            is_dark[begin : end + 1] = True
        evaluable += days - int(np.count_nonzero(is_dark[:days]))
    return days * len(heard), evaluable


def _line(name: str, unit: str, ours: list[float], peer: str, theirs: list[float]) -> Line:
    return Line(name, statistics.median(ours), unit, peer, statistics.median(theirs), ours, theirs)
