"""Devices of which nothing is heard."""

import pytest
from hypothesis import given, settings

from narrowgate_rules import BAY_SILENT, LAMP_SILENT, METER_SILENT, Engine, Rule
from narrowgate_schema.words import Family
from rules_arrivals import CUTS
from rules_rows import (
    DAY_US,
    HOUR_US,
    MINUTE_US,
    MONDAY_US,
    Arrival,
    Columns,
    Heard,
    Row,
    Tick,
    hear,
    hear_in_parts,
)
from silence_twin import Silences, silent_devices

RHYTHM = Columns(("a", "b"), {"report_interval_s": [600.0, 600.0]})
LIMIT_US = 20 * MINUTE_US
HALF_HOUR = Columns(("a",), {"report_interval_s": [1800.0]})


def bays() -> Engine:
    """Give an engine that listens to bays."""
    return Engine([BAY_SILENT])


def said(heard: Heard) -> list[tuple[object, ...]]:
    """Give what the twin gives."""
    names = ("device", "version", "state", "raised_at", "cleared_at", "frame")
    return [tuple(row[name] for name in names) for row in heard.findings]


def quiet(after_us: int, until_us: int, step_us: int = 10 * MINUTE_US, frame: int = 100) -> list[Arrival]:
    """Give ticks from one instant to another."""
    return [Tick(frame + n, at_us) for n, at_us in enumerate(range(after_us, until_us + 1, step_us))]


@given(silent_devices())
@settings(deadline=None, max_examples=300)
def test_silence_twin(arrivals: list[Arrival]) -> None:
    """The rule finds what its definition, read arrival by arrival, finds."""
    assert Silences(LIMIT_US).hear(arrivals) == said(hear(bays(), Family.PARKING, arrivals, RHYTHM))


@given(silent_devices(), CUTS)
@settings(deadline=None, max_examples=200)
def test_any_split_finds_the_same(arrivals: list[Arrival], cuts: list[int]) -> None:
    """However the arrivals are cut, with the memory stored and taken over at every cut."""
    whole = hear(bays(), Family.PARKING, arrivals, RHYTHM)

    assert hear_in_parts(bays, Family.PARKING, arrivals, RHYTHM, cuts).versions() == whole.versions()


@pytest.mark.parametrize("step_us", [MINUTE_US, 7 * MINUTE_US, 10 * MINUTE_US])
def test_an_episode_begins_where_the_limit_ended(step_us: int) -> None:
    """Whichever tick notices it: two missed reports of half an hour each."""
    arrivals = [Row(1, "a", MONDAY_US + 1, {}), *quiet(MONDAY_US, MONDAY_US + 2 * HOUR_US, step_us)]

    assert hear(bays(), Family.PARKING, arrivals, HALF_HOUR).episodes() == [
        ("a", MONDAY_US + 1 + HOUR_US, None)
    ]


def test_the_next_reading_ends_it() -> None:
    """At its own time; the finding says how long nothing was heard."""
    arrivals = [
        Row(1, "a", MONDAY_US, {}),
        *quiet(MONDAY_US, MONDAY_US + 2 * HOUR_US),
        Row(900, "a", MONDAY_US + 2 * HOUR_US, {}),
    ]
    heard = hear(bays(), Family.PARKING, arrivals, HALF_HOUR)

    assert heard.episodes() == [("a", MONDAY_US + HOUR_US, MONDAY_US + 2 * HOUR_US)]
    assert heard.findings[-1]["evidence"] == '{"limit_s": 3600.0, "silent_s": 7200.0}'


def test_nobody_is_silent_while_the_gateway_was_away() -> None:
    """A device that is due when the gateway returns has its limit again; then it counts."""
    back_us = MONDAY_US + 9 * HOUR_US
    arrivals = [Tick(0, MONDAY_US), Row(1, "a", MONDAY_US, {}), *quiet(back_us, back_us + 2 * HOUR_US)]

    assert hear(bays(), Family.PARKING, arrivals, HALF_HOUR).episodes() == [("a", back_us + HOUR_US, None)]


def test_old_readings_after_a_return_raise_nothing() -> None:
    """A device that sends what it kept meanwhile, reading by reading, is not silent between them."""
    back_us = MONDAY_US + 9 * HOUR_US
    arrivals: list[Arrival] = [Tick(0, MONDAY_US), Row(1, "a", MONDAY_US, {}), Tick(2, back_us)]
    for n in range(8):
        at_us = back_us + (n + 1) * MINUTE_US
        arrivals += [Row(10 + 2 * n, "a", MONDAY_US + (n + 1) * HOUR_US, {}), Tick(11 + 2 * n, at_us)]

    assert hear(bays(), Family.PARKING, arrivals, HALF_HOUR).episodes() == []


def test_a_reading_that_was_long_under_way_ends_it_where_it_began() -> None:
    """It was measured before the limit ended: the episode has no length."""
    arrivals = [
        Row(1, "a", MONDAY_US, {}),
        *quiet(MONDAY_US, MONDAY_US + 2 * HOUR_US),
        Row(900, "a", MONDAY_US + 5 * MINUTE_US, {}),
    ]

    assert hear(bays(), Family.PARKING, arrivals, HALF_HOUR).episodes() == [
        ("a", MONDAY_US + HOUR_US, MONDAY_US + HOUR_US)
    ]


def test_a_meter_may_be_silent_for_three_days() -> None:
    """However often it reports; one that reports rarely has three reports to miss."""
    hourly = Columns(("a", "b"), {"report_interval_s": [3600.0, 2 * 86_400.0]})
    arrivals = [
        Row(1, "a", MONDAY_US, {}),
        Row(2, "b", MONDAY_US, {}),
        *quiet(MONDAY_US, MONDAY_US + 7 * DAY_US),
    ]

    assert hear(Engine([METER_SILENT]), Family.WATER, arrivals, hourly).episodes() == [
        ("a", MONDAY_US + 3 * DAY_US, None),
        ("b", MONDAY_US + 6 * DAY_US, None),
    ]


@pytest.mark.parametrize(("rule", "family"), [(LAMP_SILENT, Family.LIGHTING), (BAY_SILENT, Family.PARKING)])
def test_nothing_is_missed_without_a_rhythm(rule: Rule, family: Family) -> None:
    """A bay that reports its changes only may stand for a month, a lamp of unknown habits too."""
    arrivals = [Row(1, "a", MONDAY_US, {}), *quiet(MONDAY_US, MONDAY_US + 30 * DAY_US, HOUR_US // 6)]

    assert hear(Engine([rule]), family, arrivals, Columns(("a",), {})).episodes() == []


def test_the_operator_may_say_the_rhythm_of_all() -> None:
    """Three hours: three reports an hour apart."""
    engine = Engine([LAMP_SILENT], {"lamp_silent": {"default_interval_h": 1.0}})
    arrivals = [Row(1, "a", MONDAY_US, {}), *quiet(MONDAY_US, MONDAY_US + 4 * HOUR_US)]

    assert hear(engine, Family.LIGHTING, arrivals, Columns(("a",), {})).episodes() == [
        ("a", MONDAY_US + 3 * HOUR_US, None)
    ]


def test_a_meter_may_be_silent_for_three_days_whatever_its_rhythm() -> None:
    """That bound asks for no rhythm."""
    arrivals = [Row(1, "a", MONDAY_US, {}), *quiet(MONDAY_US, MONDAY_US + 4 * DAY_US)]

    assert hear(Engine([METER_SILENT]), Family.WATER, arrivals, Columns(("a",), {})).episodes() == [
        ("a", MONDAY_US + 3 * DAY_US, None)
    ]


def test_a_device_is_silent_once() -> None:
    """Of several series the one that was heard first speaks for the device."""
    arrivals = [
        Row(1, "a", MONDAY_US, {}, "inlet"),
        Row(1, "a", MONDAY_US, {}, "outlet"),
        *quiet(MONDAY_US, MONDAY_US + 4 * HOUR_US),
    ]
    heard = hear(bays(), Family.PARKING, arrivals, HALF_HOUR)

    assert [(row["series"], row["state"]) for row in heard.findings] == [("inlet", "raised")]


def test_nobody_is_silent_without_ticks() -> None:
    """Readings alone show nothing of those that are not there."""
    arrivals: list[Arrival] = [Row(n, "a", MONDAY_US + n * DAY_US, {}) for n in range(5)]

    assert hear(bays(), Family.PARKING, arrivals, HALF_HOUR).episodes() == []


@pytest.mark.parametrize("arrivals", [[], quiet(MONDAY_US, MONDAY_US + DAY_US)])
def test_nobody_there_is_silent(arrivals: list[Arrival]) -> None:
    """No device, no finding."""
    assert hear(bays(), Family.PARKING, arrivals).findings == []
