"""A rule that begins anew hears the past, and then knows what it would have known."""

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from narrowgate_rules import BAY_SILENT, CONTINUOUS_LEAK, OVERSTAY, Engine, Ticks
from narrowgate_schema.words import Family
from rules_arrivals import parking, water
from rules_rows import NOWHERE, Arrival, Row, Tick, hear, readings, ticks

RULES = {Family.WATER: [CONTINUOUS_LEAK], Family.PARKING: [OVERSTAY, BAY_SILENT]}


def _past(family: Family, arrivals: list[Arrival]) -> list[tuple[dict[Family, pa.RecordBatch], Ticks]]:
    rows = [each for each in arrivals if isinstance(each, Row)]
    return [({family: readings(family, rows)}, ticks([each for each in arrivals if isinstance(each, Tick)]))]


@given(
    st.one_of(st.tuples(st.just(Family.WATER), water()), st.tuples(st.just(Family.PARKING), parking())),
    st.integers(0, 80),
)
@settings(deadline=None, max_examples=40)
def test_warm_up_is_as_if_it_had_been_there(course: tuple[Family, list[Arrival]], cut: int) -> None:
    """What a rule says after its warm-up is what it would have said had it heard everything live."""
    family, arrivals = course
    while 0 < cut < len(arrivals) and arrivals[cut].frame == arrivals[cut - 1].frame:
        cut += 1
    before, after = arrivals[:cut], arrivals[cut:]
    always = Engine(RULES[family])
    hear(always, family, before)
    others = Engine([])
    hear(others, family, before)
    anew = Engine(RULES[family])
    names = anew.restore(others.snapshot())

    anew.warm_up(names, _past(family, before), NOWHERE)

    assert hear(always, family, after).findings == hear(anew, family, after).findings


def test_what_is_open_is_given() -> None:
    """Episodes of the past that are still open are given at their last versions, others not."""
    rows: list[Arrival] = [
        Row(n, who, 1_767_571_200_000_000 + n * 3_600_000_000, {"volume_m3": 1 + n * flow})
        for who, flow in (("leaks", 0.1), ("rests", 0.0))
        for n in range(30)
    ]
    rows.sort(key=lambda row: row.frame)

    standing = Engine([CONTINUOUS_LEAK]).warm_up(
        ["continuous_leak"],
        _past(Family.WATER, rows),
        NOWHERE,
    )

    assert standing.column("device").to_pylist() == ["leaks"]


def test_a_name_that_is_no_rules() -> None:
    """Only rules of the engine warm up."""
    with pytest.raises(ValueError, match="no rules: flood"):
        Engine([OVERSTAY]).warm_up(["flood"], [], NOWHERE)
