"""The rules that ship: readable cases, from given readings to expected episodes."""

import pytest

from narrowgate_rules import RULES
from narrowgate_rules.casebook import Case, read_cases, tried
from narrowgate_rules.packs import shipped_cases, shipped_rules
from narrowgate_rules.written import read_rules
from narrowgate_rules.written.rule_file import RuleFaults
from narrowgate_schema.words import Severity

BY_NAME = {rule.name: rule for rule in RULES}
CASES = [case for name, text in shipped_cases().items() for case in read_cases(text, name, BY_NAME)]


@pytest.mark.parametrize("case", [pytest.param(case, id=case.title) for case in CASES])
def test_case(case: Case) -> None:
    """Given readings give the expected episodes, and no others."""
    assert tried(case, BY_NAME[case.rule], {}).found == case.expect


@pytest.mark.parametrize("rule", [rule.name for rule in shipped_rules()])
def test_every_rule_of_a_file_has_a_case_that_raises_it(rule: str) -> None:
    """No rule ships without a case that shows what it finds."""
    assert any(case.rule == rule and case.expect for case in CASES)


def test_cases_are_told_apart() -> None:
    """No two cases have one title."""
    titles = [case.title for case in CASES]

    assert sorted(set(titles)) == sorted(titles)


@pytest.mark.parametrize("rule", ["stuck", "suspected_leak", "battery", "impossible_step", "bay_battery"])
def test_what_sends_nobody_is_worth_knowing_only(rule: str) -> None:
    """An empty home, a guess, a battery and a fault of the data open no case."""
    assert BY_NAME[rule].severity is Severity.INFO


def test_a_role_is_one_of_those_that_meters_have() -> None:
    """A rule file that names another is refused with its place."""
    text = '[x]\nfamily = "water"\nhelp = "x"\nseverity = "info"\nwhen = "tamper"\nroles = ["inn"]\n'

    with pytest.raises(RuleFaults, match=r"x\.roles: 'inn' is none of customer, inlet, outlet, tank"):
        read_rules(text, "x.toml")
