"""Snapshots: what comes back, what starts anew, what is refused."""

import dataclasses

import pytest

from narrowgate_rules import CONTINUOUS_LEAK, OVERSTAY, RULES, Engine, StateColumn
from narrowgate_schema.words import Family
from rules_rows import HOUR_US, MONDAY_US, Row, hear


def _heard_engine() -> Engine:
    engine = Engine(RULES)
    hear(engine, Family.PARKING, [Row(1, "b", MONDAY_US, {"occupied": True})])
    hear(engine, Family.WATER, [Row(2, "m", MONDAY_US, {"volume_m3": 1.0}, "1")])
    return engine


def test_round_trip() -> None:
    """A restored engine gives the same snapshot again."""
    data = _heard_engine().snapshot()
    engine = Engine(RULES)

    anew = engine.restore(data)

    assert ((), data) == (anew, engine.snapshot())


def test_empty_round_trip() -> None:
    """An engine that heard nothing has a snapshot too."""
    engine = Engine(RULES)

    assert engine.restore(Engine(RULES).snapshot()) == ()


def test_rule_of_another_version_starts_anew_alone() -> None:
    """A rule whose version changed starts anew and is named; the others go on."""
    newer = dataclasses.replace(OVERSTAY, version=OVERSTAY.version + 1)

    assert Engine([CONTINUOUS_LEAK, newer]).restore(_heard_engine().snapshot()) == ("overstay",)


def test_rule_of_another_layout_starts_anew_alone() -> None:
    """A rule whose state has other columns starts anew and is named."""
    wider = dataclasses.replace(
        CONTINUOUS_LEAK, state=(*CONTINUOUS_LEAK.state, StateColumn("more", "int8", 0))
    )

    assert Engine([wider, OVERSTAY]).restore(_heard_engine().snapshot()) == ("continuous_leak",)


def test_new_rule_starts_anew_on_known_devices() -> None:
    """A rule that the snapshot does not know judges devices that it knows."""
    engine = Engine([CONTINUOUS_LEAK])
    engine.restore(Engine([OVERSTAY]).snapshot())

    rows = [Row(n, "m", MONDAY_US + n * HOUR_US, {"volume_m3": n * 1.0}) for n in range(25)]
    assert len(hear(engine, Family.WATER, rows).findings) == 1


def test_late_goes_on_after_restore() -> None:
    """The newest time of each device is part of the snapshot."""
    engine = Engine(RULES)
    engine.restore(_heard_engine().snapshot())

    assert hear(engine, Family.PARKING, [Row(3, "b", MONDAY_US - 1, {"occupied": True})]).late == [True]


@pytest.mark.parametrize("length", [0, 1, 8, 10, 25, 26, 100, -1])
def test_cut_snapshot_is_refused(length: int) -> None:
    """A snapshot that was cut anywhere is refused."""
    data = _heard_engine().snapshot()

    with pytest.raises(ValueError, match="snapshot"):
        Engine(RULES).restore(data[:length])


@pytest.mark.parametrize("at", [0, 9, 10, 30, -1])
def test_flipped_bit_is_refused(at: int) -> None:
    """A snapshot with a flipped bit is refused, and the engine is as it was."""
    data = bytearray(_heard_engine().snapshot())
    data[at] ^= 1
    engine = _heard_engine()
    before = engine.snapshot()

    with pytest.raises(ValueError, match="snapshot"):
        engine.restore(bytes(data))

    assert before == engine.snapshot()
