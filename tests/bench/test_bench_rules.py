"""The benchmark of the rules runs, and what it measures is what it says."""

import math
from pathlib import Path

import pyarrow.parquet as pq

from narrowgate_bench import rules
from narrowgate_bench.rules_district import Registry, record, shuffled
from narrowgate_rules import CONTINUOUS_LEAK, Engine, Ticks
from narrowgate_schema.words import Family

METERS = 200


def test_every_row_is_a_figure() -> None:
    """Each row has a name, a unit, and as many raw figures as runs or more, all above nothing."""
    measured = list(rules.rows(1, 1, METERS))

    assert len({row["name"] for row in measured}) == len(measured) >= 8
    assert all(
        math.isfinite(figure) and figure > 0 for row in measured for figure in row["runs"] + row["peer_runs"]
    )


def test_sql_and_rule_find_the_same_meters() -> None:
    """The peer answers the same question: the leaking meters, and no others."""
    batches = shuffled(1, METERS, 30)
    engine, registry = Engine([CONTINUOUS_LEAK]), Registry(METERS)
    said = [engine.judge({Family.WATER: one}, Ticks.none(), registry).findings for one in batches]

    found = sorted(row["device"] for findings in said for row in findings.to_pylist())
    assert (found, len(found)) == (["m0000000", "m0000100"], rules._in_sql(batches))


def test_recording_has_a_row_a_meter_and_hour(tmp_path: Path) -> None:
    """The year's file has every meter in every hour."""
    record(tmp_path / "h.parquet", 1, 3, 4)

    assert pq.read_table(tmp_path / "h.parquet").num_rows == 12
