"""The engine's contract: late, unbelievable clocks, failing rules, unknown devices, misuse."""

import dataclasses
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from narrowgate_rules import CONTINUOUS_LEAK, LAMP_OUT, OVERSTAY, RULES, Engine, Ticks
from narrowgate_rules.columns import Columns as RuleColumns
from narrowgate_rules.episodes import Outcome
from narrowgate_schema.tables import FINDINGS, READINGS, SESSIONS, TICKS
from narrowgate_schema.words import Family
from rules_rows import (
    DAY_US,
    HOUR_US,
    MONDAY_US,
    NOWHERE,
    SECOND_US,
    Row,
    Tick,
    hear,
    readings,
    ticks,
)


def _free(frame: int, time_us: int, **more: Any) -> Row:
    return Row(frame, "bay", time_us, {"occupied": False}, **more)


@pytest.mark.parametrize("family", list(Family))
def test_no_rows(family: Family) -> None:
    """A batch without rows and ticks gives empty batches of the right schemas."""
    judged = Engine(RULES).judge({family: readings(family, [])}, Ticks.none(), NOWHERE)

    schemas = (judged.findings.schema, judged.sessions.schema, judged.readings[family].schema)
    assert schemas == (FINDINGS, SESSIONS, READINGS[family])


def test_no_families() -> None:
    """A batch may hold ticks alone."""
    judged = Engine(RULES).judge({}, ticks([Tick(1, MONDAY_US)]), NOWHERE)

    assert judged.findings.num_rows == 0


@pytest.mark.parametrize("family", list(Family))
def test_all_null(family: Family) -> None:
    """Readings without any measure raise nothing."""
    heard = hear(Engine(RULES), family, [Row(n, "d", MONDAY_US + n * HOUR_US, {}) for n in range(48)])

    assert heard.findings == []


def test_late_is_held_against_earlier_frames() -> None:
    """A reading is late if an earlier frame of its device and series was newer; an equal time is not late."""
    rows = [_free(1, MONDAY_US), _free(2, MONDAY_US - 1), _free(3, MONDAY_US), _free(4, MONDAY_US + 1)]

    assert hear(Engine(RULES), Family.PARKING, rows).late == [False, True, False, False]


def test_history_of_one_frame_is_not_late() -> None:
    """The rows of one frame never make each other late, whatever their order."""
    rows = [_free(1, MONDAY_US + 2), _free(1, MONDAY_US + 1), _free(1, MONDAY_US)]

    assert hear(Engine(RULES), Family.PARKING, rows).late == [False, False, False]


def test_series_are_late_apart() -> None:
    """Each series of a device has its own newest time."""
    rows = [_free(1, MONDAY_US + 1, series="1"), _free(2, MONDAY_US, series="2")]

    assert hear(Engine(RULES), Family.PARKING, rows).late == [False, False]


@pytest.mark.parametrize(
    ("time_us", "received_us"),
    [(MONDAY_US + 601 * SECOND_US, MONDAY_US), (DAY_US, MONDAY_US), (2**62, MONDAY_US)],
)
def test_unbelievable_clock(time_us: int, received_us: int) -> None:
    """A clock ahead of the arrival or never set is marked, and makes nothing else late."""
    rows = [_free(1, time_us, received_us=received_us), _free(2, MONDAY_US)]

    judged = Engine(RULES).judge({Family.PARKING: readings(Family.PARKING, rows)}, Ticks.none(), NOWHERE)

    marked = judged.readings[Family.PARKING].select(["clock_unsynchronised", "late"]).to_pydict()
    assert marked == {"clock_unsynchronised": [True, None], "late": [None, False]}


def test_tolerance_for_clocks_ahead() -> None:
    """A clock that is ahead by no more than the tolerance is believed."""
    rows = [_free(1, MONDAY_US + 600 * SECOND_US, received_us=MONDAY_US)]

    assert hear(Engine(RULES), Family.PARKING, rows).late == [False]


@pytest.mark.parametrize("volume", [float("nan"), float("inf"), -float("inf"), 1e308, -1e308])
def test_poisonous_number(volume: float) -> None:
    """A number that is none, or beyond all measure, leaves the leak that is there to be found."""
    rows = [Row(n, "m", MONDAY_US + n * HOUR_US, {"volume_m3": 1 + n * 0.1}) for n in range(30)]
    rows[12] = Row(12, "m", rows[12].time_us, {"volume_m3": volume})

    findings = hear(Engine(RULES), Family.WATER, rows).findings

    assert [row["rule"] for row in findings if row["rule"] != "impossible_step"] == ["continuous_leak"]


def test_failing_rule_leaves_the_engine_as_it_was() -> None:
    """When one rule raises, no rule's memory has changed and the batch may be judged again in parts."""
    engine = Engine([OVERSTAY, dataclasses.replace(OVERSTAY, name="poisoned", judge=_raise)])
    batch = {Family.PARKING: readings(Family.PARKING, [_free(1, MONDAY_US)])}
    before = engine.snapshot()

    with pytest.raises(ArithmeticError, match="poison"):
        engine.judge(batch, ticks([Tick(2, MONDAY_US)]), NOWHERE)

    assert before == engine.snapshot()


def _raise(columns: RuleColumns) -> Outcome:
    columns.state["count"] += 1
    raise ArithmeticError("poison")


def test_misshapen_state_is_refused() -> None:
    """A rule that hands back state of another type is refused by name."""
    engine = Engine([dataclasses.replace(LAMP_OUT, judge=_misshape)])

    with pytest.raises(ValueError, match="lamp_out handed back a misshapen state column 'level_pct'"):
        hear(engine, Family.LIGHTING, [Row(1, "l", MONDAY_US, {})])


def _misshape(columns: RuleColumns) -> Outcome:
    outcome = LAMP_OUT.judge(columns)
    return Outcome({**outcome.state, "level_pct": np.zeros(1, np.float32)}, outcome.transitions)


def test_wrong_schema_is_refused() -> None:
    """Readings of another family are refused."""
    with pytest.raises(ValueError, match="water readings do not have the schema"):
        Engine(RULES).judge({Family.WATER: readings(Family.PARKING, [])}, Ticks.none(), NOWHERE)


def test_ticks_out_of_order_are_refused() -> None:
    """Ticks come in the order of their offsets."""
    with pytest.raises(ValueError, match="offsets increasing"):
        Engine(RULES).judge({}, ticks([Tick(2, MONDAY_US), Tick(1, MONDAY_US)]), NOWHERE)


def test_ticks_of_an_unset_host_are_not_believed() -> None:
    """Of a TICKS batch only the instants of a synchronised host count."""
    times = pa.array([MONDAY_US, 5, MONDAY_US + 1], pa.int64()).cast(TICKS.field("time").type)
    columns = [pa.array([1, 2, 3]), times, pa.array([0.0] * 3), pa.array([True, True, False])]

    taken = Ticks.from_batch(pa.RecordBatch.from_arrays(columns, schema=TICKS))

    assert (taken.offset.tolist(), taken.time_us.tolist()) == ([1], [MONDAY_US])


def test_wrong_parameters_are_all_named() -> None:
    """Every unknown rule, unknown parameter and value out of range is named at once."""
    wrong: dict[str, dict[str, float | None]] = {
        "flood": {},
        "lamp_out": {"hold_s": 1.0, "hold_min": -1.0},
        "overstay": {"delay_s": float("nan")},
    }

    with pytest.raises(
        ValueError, match=r"'flood' is no rule.*delay_s = nan.*hold_s is no parameter.*hold_min = -1"
    ):
        Engine(RULES, wrong)


def test_two_rules_of_one_name_are_refused() -> None:
    """Rules are told apart by name."""
    with pytest.raises(ValueError, match="two rules have one name"):
        Engine([OVERSTAY, OVERSTAY])


@pytest.mark.parametrize("tolerance_s", [-1.0, float("nan"), 1e9])
def test_wrong_tolerance_is_refused(tolerance_s: float) -> None:
    """The tolerance for clocks ahead lies between nothing and a day."""
    with pytest.raises(ValueError, match="future_tolerance_s"):
        Engine(RULES, future_tolerance_s=tolerance_s)


def test_unknown_input_is_refused() -> None:
    """A rule may only read numbers and flags of its family."""
    with pytest.raises(ValueError, match="'power_w' is no number or flag of water"):
        dataclasses.replace(CONTINUOUS_LEAK, inputs=("power_w",))


def test_rule_with_ticks_wants_a_due_column() -> None:
    """A rule that takes ticks says by slot when it is due."""
    with pytest.raises(ValueError, match="has no state column 'due_us'"):
        dataclasses.replace(CONTINUOUS_LEAK, takes_ticks=True)


def test_finding_row() -> None:
    """A finding names rule, versions, device, series, times, evidence and the frame that decided."""
    rows = [Row(n, "m", MONDAY_US + n * HOUR_US, {"volume_m3": 1 + n * 0.1}, "2") for n in range(25)]

    (finding,) = hear(Engine(RULES), Family.WATER, rows).findings

    assert {
        "finding": finding["finding"],
        "version": 1,
        "rule": "continuous_leak",
        "rule_version": 2,
        "severity": "minor",
        "family": "water",
        "device": "m",
        "series": "2",
        "asset": None,
        "members": [],
        "state": "raised",
        "raised_at": MONDAY_US + 24 * HOUR_US,
        "cleared_at": None,
        "evidence": '{"floor_m3_per_h": 0.012, "flow_m3_per_h": 0.1, "flowing_h": 24.0}',
        "frame": 24,
    } == finding


def test_identity_is_the_same_for_ever() -> None:
    """The name of an episode is made of rule, device, series and start alone."""
    rows = [Row(n, "m", MONDAY_US + n * HOUR_US, {"volume_m3": 1 + n * 0.1}) for n in range(25)]

    assert hear(Engine(RULES), Family.WATER, rows).findings[0]["finding"] != "2d1a"
