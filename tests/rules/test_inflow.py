"""The inlets of districts."""

from hypothesis import given, settings

import inflow_twin
from inflow_twin import inlets
from narrowgate_rules import INFLOW_HIGH, NIGHT_FLOW, RULES, Engine
from narrowgate_schema.words import Family
from rules_arrivals import CUTS
from rules_rows import DAY_US, HOUR_US, MONDAY_US, NOWHERE, Arrival, Columns, Heard, Row, hear, hear_in_parts

INLETS = Columns(("a", "b"), {}, {"role": ["inlet", "inlet"]})


def said(heard: Heard) -> list[tuple[object, ...]]:
    """Give what the twins give."""
    names = ("device", "version", "state", "raised_at", "cleared_at", "frame")
    return [tuple(row[name] for name in names) for row in heard.findings]


def eager() -> Engine:
    """Give an engine that needs little history."""
    few = {"night_flow_high": {"least_nights": 2.0}, "inflow_high": {"least_days": 1.0, "calm_hours": 3.0}}
    return Engine([NIGHT_FLOW, INFLOW_HIGH], few)


@given(inlets())
@settings(deadline=None, max_examples=30)
def test_night_flow_twin(arrivals: list[Arrival]) -> None:
    """The rule finds what its definition, read sample by sample, finds."""
    engine = Engine([NIGHT_FLOW], {"night_flow_high": {"least_nights": 2.0}})

    assert inflow_twin.night_flow(arrivals, 2) == said(hear(engine, Family.WATER, arrivals, INLETS))


@given(inlets())
@settings(deadline=None, max_examples=30)
def test_inflow_twin(arrivals: list[Arrival]) -> None:
    """The rule finds what its definition, read sample by sample, finds."""
    engine = Engine([INFLOW_HIGH], {"inflow_high": {"least_days": 1.0, "calm_hours": 3.0}})

    assert inflow_twin.inflow_high(arrivals, 1, 3) == said(hear(engine, Family.WATER, arrivals, INLETS))


@given(inlets(), CUTS)
@settings(deadline=None, max_examples=20)
def test_any_split_finds_the_same(arrivals: list[Arrival], cuts: list[int]) -> None:
    """However the arrivals are cut, with the memory stored and taken over at every cut."""
    whole = hear(eager(), Family.WATER, arrivals, INLETS)

    assert hear_in_parts(eager, Family.WATER, arrivals, INLETS, cuts).versions() == whole.versions()


def nights(flows: list[float]) -> list[Arrival]:
    """Give a flow at 03:00 and one at 05:00 of each day."""
    rows = list[Arrival]()
    for day, flow in enumerate(flows):
        for hour in (3, 5):
            at_us = MONDAY_US + day * DAY_US + hour * HOUR_US
            rows.append(Row(len(rows) + 1, "a", at_us, {"flow_m3_per_h": flow}))
    return [*rows, Row(900, "a", MONDAY_US + len(flows) * DAY_US + 12 * HOUR_US, {"flow_m3_per_h": 50.0})]


def test_a_night_over_all_before_is_a_leak() -> None:
    """Raised where its last hour ended, cleared by a night near the others."""
    arrivals = nights([50.0] * 5 + [54.0, 54.0, 58.0, 60.0, 54.0])

    assert hear(Engine([NIGHT_FLOW]), Family.WATER, arrivals, INLETS).episodes() == [
        ("a", MONDAY_US + 7 * DAY_US + 3 * HOUR_US, MONDAY_US + 9 * DAY_US + 3 * HOUR_US)
    ]


def test_nothing_is_said_before_a_week_is_known() -> None:
    """Whatever the nights are."""
    assert hear(Engine([NIGHT_FLOW]), Family.WATER, nights([10.0] * 6 + [90.0]), INLETS).episodes() == []


def test_a_household_has_no_night_flow() -> None:
    """Nor has a meter of which the registry says nothing."""
    arrivals = nights([50.0] * 8 + [90.0])

    assert hear(Engine([NIGHT_FLOW, INFLOW_HIGH]), Family.WATER, arrivals, NOWHERE).episodes() == []


def test_an_inlet_is_no_household() -> None:
    """A flow that never ceases, far over what a household's meter passes, is what an inlet is for."""
    rows: list[Arrival] = [
        Row(n + 1, "a", MONDAY_US + n * HOUR_US // 12, {"flow_m3_per_h": 80.0, "volume_m3": n * 7.0})
        for n in range(600)
    ]

    assert hear(Engine(RULES), Family.WATER, rows, INLETS).episodes() == []
