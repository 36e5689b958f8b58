"""The packs, with defaults, on look-alikes of recordings: nothing false of their faults, nothing missed."""

from collections import Counter
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq

from lookalikes import HOUR_US, Homes, district, homes, parked
from narrowgate_ingest.backtest import run
from narrowgate_ingest.recorded import Recording
from narrowgate_rules import RULES, Engine, FleetColumns
from narrowgate_schema.words import Family
from rules_rows import NOWHERE, Columns

FLOOR_L = 12
"""0.5 % of 2.5 m3/h, in whole litres."""
DAY_US = 24 * HOUR_US
INLET = Columns(("inlet",), {}, {"role": ["inlet"]})


def found(table: pa.Table, family: Family, fleet: FleetColumns, folder: Path) -> list[dict[str, Any]]:
    """Give the episodes of all rules of a family over a recording."""
    path = folder / "recording.parquet"
    pq.write_table(table, path)
    with Recording(path, family, ZoneInfo("UTC")) as recording:
        engine = Engine([rule for rule in RULES if rule.family is family])
        [findings] = run(recording, [engine], fleet, 2**60)
    return findings.episodes()


def at_us(row: dict[str, Any]) -> int:
    """Give when a finding was raised [us]."""
    return int(row["raised_at"].timestamp() * 1_000_000 + 0.5)


def leaks_in(given: Homes, episodes: list[dict[str, Any]]) -> Counter[str]:
    """Count the leaks found by device; one outside the leak of its device counts as false."""
    counted: Counter[str] = Counter()
    for row in episodes:
        if row["rule"] == "continuous_leak":
            begin_us, end_us, _ = given.leaks.get(row["device"], (0, 0, 0))
            within = begin_us + 22 * HOUR_US <= at_us(row) <= end_us + HOUR_US
            counted[row["device"] if within else "false"] += 1
    return counted


def test_homes_with_leaks(tmp_path: Path) -> None:
    """Holes, doubled stamps, falls, new registers: leaks above the floor once each, and no others."""
    given = homes(1, count=24, hours=2400)
    episodes = found(given.readings, Family.WATER, NOWHERE, tmp_path)

    above = {device for device, (_, _, flow_l) in given.leaks.items() if flow_l >= FLOOR_L}
    assert leaks_in(given, episodes) == dict.fromkeys(above, 1)
    # What else is said is true: nobody home, nothing heard for three days, a register that stepped.
    assert {row["rule"] for row in episodes} <= {
        "continuous_leak",
        "stuck",
        "meter_silent",
        "impossible_step",
    }


def test_stays_with_their_limits(tmp_path: Path) -> None:
    """Changes without a keep-alive: every overstay once, at arrival and limit, and nobody silent."""
    given = parked(1, stays=3000, bays=120)
    names = tuple(given.limit_s)
    limits = Columns(names, {}, {"stay_limit": [f"{given.limit_s[name] // 3600}h" for name in names]})
    episodes = found(given.readings, Family.PARKING, limits, tmp_path)

    assert Counter((row["rule"], row["device"], at_us(row)) for row in episodes) == Counter(
        ("overstay", *each) for each in given.overstays
    )


def test_a_district_with_bursts(tmp_path: Path) -> None:
    """Every burst within a day and a quarter, once by its hours and once by its nights, and nothing else."""
    given = district(1, days=70, bursts=(8.0, 15.0))
    episodes = found(given.readings, Family.WATER, INLET, tmp_path)

    told = sorted(
        (row["rule"], burst)
        for row in episodes
        for burst, (begin_us, _, _) in enumerate(given.bursts)
        if begin_us <= at_us(row) <= begin_us + 5 * DAY_US // 4
    )
    assert told == [("inflow_high", 0), ("inflow_high", 1), ("night_flow_high", 0), ("night_flow_high", 1)]
    assert len(episodes) == len(told)
