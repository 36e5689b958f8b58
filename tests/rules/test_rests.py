"""Rules that a batch cannot move are not judged."""

import dataclasses

import pytest

from narrowgate_rules import Engine, Rule
from narrowgate_rules.columns import Columns
from narrowgate_rules.episodes import Outcome
from narrowgate_rules.written import read_rules
from narrowgate_schema.words import Family
from rules_rows import HOUR_US, MONDAY_US, Row, hear

_REST = [
    "flow_m3_per_h > 1",
    "any_of(reverse_flow, flow_m3_per_h < 0)",
    "not (abs(flow_m3_per_h) * 2 > 1)",
    "slope(flow_m3_per_h * volume_m3) > 1",
    'mean(flow_m3_per_h, "2h") > attribute("q3_m3_per_h", 2.5)',
]
_GO_ON = [
    "known(flow_m3_per_h)",
    "previous(flow_m3_per_h) > 1",
    "held(flow_m3_per_h) > 1",
    "flow_m3_per_h > 1 or volume_m3 > 1",
    "flow_m3_per_h > slope(volume_m3)",
    'between("00:00", "12:00") and flow_m3_per_h > 1',
]


def _rule(when: str) -> Rule:
    text = f"[odd]\nfamily = 'water'\nhelp = 'Odd.'\nseverity = 'info'\nwhen = '''{when}'''\n"
    return read_rules(text, "odd.toml")[0]


@pytest.mark.parametrize("when", _REST)
def test_rests_without_its_values(when: str) -> None:
    """A rule rests in a batch without the values without which nothing is known."""
    assert _rule(when).rests({"flow_m3_per_h", "reverse_flow"})


@pytest.mark.parametrize("when", _GO_ON)
def test_goes_on_without_some_values(when: str) -> None:
    """A rule that could decide or remember something without the values goes on."""
    assert not _rule(when).rests({"flow_m3_per_h", "reverse_flow"})


@pytest.mark.parametrize("when", [*_REST, *_GO_ON])
def test_resting_changes_nothing(when: str) -> None:
    """A rule has the same memory and findings whether it rests or judges rows without values."""
    rule = _rule(when)
    rows = [
        Row(n, "m", MONDAY_US + n * HOUR_US, {"volume_m3": 1.0 + n, "flow_m3_per_h": 9.0 if n % 3 else None})
        for n in range(9)
    ]
    ours, always = Engine([rule]), Engine([dataclasses.replace(rule, rests=lambda missing: False)])

    findings = [[hear(engine, Family.WATER, [row]).findings for row in rows] for engine in (ours, always)]

    assert findings[0] == findings[1]
    assert ours.snapshot() == always.snapshot()


def test_rule_of_ours_never_rests() -> None:
    """A rule that says nothing of it is judged whatever the batch lacks."""
    seen: list[int] = []

    def judge(columns: Columns) -> Outcome:
        seen.append(columns.groups)
        return rule.judge(columns)

    rule = _rule(_REST[0])
    watched = Rule(**{**vars(rule), "judge": judge, "rests": lambda missing: False})
    hear(Engine([watched]), Family.WATER, [Row(1, "m", MONDAY_US, {})])

    assert seen == [1]
