"""What devices and files of rules can do wrong: an error at load, or a reading that counts for nothing."""

from collections.abc import Sequence

import pytest

from narrowgate_rules import RULES, Engine
from narrowgate_rules.written import read_rules
from narrowgate_rules.written.rule_file import RuleFaults
from narrowgate_schema.fields import fields_of
from narrowgate_schema.words import Family
from rules_rows import DAY_US, HOUR_US, MONDAY_US, Arrival, Columns, Row, hear

FAULTS_AT_LOAD = {
    "an unknown column": ("flow_m4_per_h > 1", r"'flow_m4_per_h'"),
    "a column of another family": ("power_w > 1", r"'power_w'"),
    "units that cannot be compared": ("flow_m3_per_h > volume_m3", r"m3/h and m3"),
    "units that cannot be added": ("flow_m3_per_h + temperature_c > 1", r"m3/h and Cel"),
    "a window without bound": ('min(flow_m3_per_h, "") > 1', r"character"),
    "a window that never ends": ('min(flow_m3_per_h, "999999999d") > 1', r"character"),
    "a number without end": ("flow_m3_per_h > 1e999", r"too large"),
    "what is no number": ("flow_m3_per_h > nan", r"'nan'"),
    "an unknown function": ("exec(flow_m3_per_h) > 1", r"'exec' is no function"),
}
STRANGE = [float("nan"), float("inf"), float("-inf"), 1e308, -1e308, 5e-324, None]
Y2099_US, Y1970_US = 4_070_908_800_000_000, 0
INLET = Columns(("a", "b"), {}, {"role": ["inlet", "customer"]})


def rule(when: str) -> str:
    """Give a file with one rule."""
    return f'[it]\nfamily = "water"\nhelp = "it"\nseverity = "info"\nwhen = \'{when}\'\n'


@pytest.mark.parametrize("what", FAULTS_AT_LOAD)
def test_a_rule_that_cannot_be_is_refused_when_it_is_loaded(what: str) -> None:
    """With one line that names its place."""
    when, told = FAULTS_AT_LOAD[what]

    with pytest.raises(RuleFaults, match=told):
        read_rules(rule(when), "it.toml")


def numbers_of(family: Family) -> list[str]:
    """Give the measures of a family."""
    return [each.name for each in fields_of(family) if each.dtype == "float64"]


def strange(family: Family) -> list[Arrival]:
    """Give readings of which every measure is by turns no number, endless, huge, tiny and missing."""
    names = numbers_of(family)
    return [
        Row(n + 1, "ab"[n % 2], MONDAY_US + n * HOUR_US, dict.fromkeys(names, value))
        for n, value in enumerate(STRANGE * 6)
    ]


@pytest.mark.parametrize("family", list(Family))
def test_numbers_that_are_none_raise_no_exception(family: Family) -> None:
    """Whatever a reading says, all rules judge it."""
    heard = hear(Engine(RULES), family, strange(family), INLET)

    assert [row for row in heard.findings if row["rule"] in ("continuous_leak", "overstay", "lamp_out")] == []


@pytest.mark.parametrize("family", list(Family))
def test_numbers_that_are_none_poison_no_state(family: Family) -> None:
    """After not a number and endlessness a device is judged as if it had said nothing."""
    names = numbers_of(family)
    nothing = dict.fromkeys(names)

    def course(first: Sequence[float | None]) -> list[Arrival]:
        before = [
            Row(n + 1, "a", MONDAY_US + n * HOUR_US, dict.fromkeys(names, value) if value else nothing)
            for n, value in enumerate(first)
        ]
        sound = [
            Row(n + 50, "a", MONDAY_US + (n + 10) * HOUR_US, dict.fromkeys(names, 50.0 + n % 3))
            for n in range(60)
        ]
        return [*before, *sound]

    poisoned = hear(Engine(RULES), family, course([float("nan"), float("inf"), float("-inf")]), INLET)

    assert poisoned.findings == hear(Engine(RULES), family, course([None, None, None]), INLET).findings


@pytest.mark.parametrize("wrong_us", [Y2099_US, Y1970_US, -1, 2**62])
def test_a_clock_that_cannot_be_is_marked_and_moves_nothing(wrong_us: int) -> None:
    """A reading of 2099 or of 1970 among others changes no finding, and no later reading is late for it."""
    sound = [
        Row(2 * n + 2, "a", MONDAY_US + n * HOUR_US, {"volume_m3": 10 + n * 0.02, "temperature_c": 1.0})
        for n in range(40)
    ]
    wrong = Row(21, "a", wrong_us, {"volume_m3": 9e9}, received_us=MONDAY_US + DAY_US)

    with_it = hear(Engine(RULES), Family.WATER, sorted([*sound, wrong], key=lambda row: row.frame))
    without = hear(Engine(RULES), Family.WATER, sound)

    assert with_it.findings == without.findings
    assert with_it.findings
    assert sorted(map(str, with_it.late)) == sorted(["None", *map(str, without.late)])
