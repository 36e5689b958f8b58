"""Places with thresholds of their own."""

import pytest
from hypothesis import given, settings

from narrowgate_rules import RULES, Engine, Rule
from narrowgate_rules.overrides import faults_of
from narrowgate_schema.words import Family
from rules_arrivals import CUTS, lighting, parking, water
from rules_rows import HOUR_US, MONDAY_US, Arrival, Columns, Row, hear, hear_in_parts

LEAST = "continuous_leak.floor_share_pct=0 overstay.default_limit_s=600 lamp_out.least_power_w=50"
MIXED = Columns(("a", "b"), {}, {"thresholds": [LEAST, None]})
COURSES = {Family.WATER: water, Family.PARKING: parking, Family.LIGHTING: lighting}


def all_rules() -> Engine:
    """Give an engine with all rules."""
    return Engine(RULES, {"overstay": {"default_limit_s": 7200.0}})


def leaking(litres: int) -> list[Arrival]:
    """Give two meters that leak alike for 30 hours."""
    return [
        Row(n * 2 + at, device, MONDAY_US + n * HOUR_US, {"volume_m3": 10 + n * litres / 1000})
        for n in range(30)
        for at, device in enumerate("ab", 1)
    ]


def test_a_place_has_its_own_floor() -> None:
    """Five litres an hour are a leak where the place says so, and none elsewhere."""
    heard = hear(all_rules(), Family.WATER, leaking(5), MIXED)

    assert {row["device"] for row in heard.findings if row["rule"] == "continuous_leak"} == {"a"}


@pytest.mark.parametrize("family", COURSES)
def test_devices_are_judged_as_with_a_city_of_that_threshold(family: Family) -> None:
    """One device's thresholds change nothing of another's findings, whatever the rule."""

    @given(COURSES[family](25), CUTS)
    @settings(deadline=None, max_examples=6)
    def check(arrivals: list[Arrival], cuts: list[int]) -> None:
        whole = hear(all_rules(), family, arrivals, MIXED)
        plain = hear(all_rules(), family, arrivals, Columns(("a", "b")))
        parts = hear_in_parts(all_rules, family, arrivals, MIXED, cuts)

        assert parts.versions() == whole.versions()
        assert [row for row in whole.versions() if row[0] != "a"] == [
            row for row in plain.versions() if row[0] != "a"
        ]

    check()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_threshold_of_every_rule_may_be_a_places_own(rule: Rule) -> None:
    """Numbers are taken as the operator's would be."""
    specs = [f"{rule.name}.{param.name}={param.low:.9f}" for param in rule.params]

    assert all(not faults_of([rule], [spec]) for spec in specs)


def test_what_there_is_not_counts_for_nothing() -> None:
    """Unknown rules and thresholds, and values out of range, are named and change nothing."""
    strange = "no_rule.x=1 burst.no_threshold=1 continuous_leak.flowing_h=99999"
    fleet = Columns(("a", "b"), {}, {"thresholds": [strange, None]})

    assert len(faults_of(RULES, [strange])) == 3
    assert hear(all_rules(), Family.WATER, leaking(20), fleet).versions() == (
        hear(all_rules(), Family.WATER, leaking(20)).versions()
    )


def test_a_place_of_its_own_latches_as_others_do() -> None:
    """What an episode is marked with is told of all devices."""
    fleet = Columns(("a", "b"), {}, {"thresholds": ["meter_tamper.longest_hole_h=2", None]})
    rows: list[Arrival] = [
        Row(n * 2 + at, device, MONDAY_US + n * HOUR_US, {"tamper": n == 0})
        for n in range(3)
        for at, device in enumerate("ab", 1)
    ]

    states = {(row["device"], row["state"]) for row in hear(all_rules(), Family.WATER, rows, fleet).findings}
    assert states == {("a", "raised"), ("a", "latched"), ("b", "raised"), ("b", "latched")}
