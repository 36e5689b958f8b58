"""The page of the rules is what the declarations say, and the guide to writing one is right."""

import re
from pathlib import Path

import pytest

from narrowgate_rules import RULES
from narrowgate_rules.casebook import Case, read_cases, tried
from narrowgate_rules.rules_page import page
from narrowgate_rules.written import functions, read_rule_file, rule_file

ROOT = Path(__file__).parent.parent.parent
GUIDE = (ROOT / "docs" / "write-a-rule.md").read_text(encoding="utf-8")
[_, EXAMPLE, EXAMPLE_CASES] = re.findall(r"```toml\n(.*?)```", GUIDE, re.DOTALL)
FILE = read_rule_file(EXAMPLE, "rules.toml", [rule.name for rule in RULES])
BY_NAME = {rule.name: rule for rule in FILE.rules}


def test_what_is_written_is_up_to_date() -> None:
    """`python -m narrowgate_rules.rules_page .` would change nothing."""
    assert (ROOT / "docs" / "rules.md").read_text(encoding="utf-8") == page()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_rule_stands_on_the_page(rule: object) -> None:
    """Each has a section."""
    assert f"### `{getattr(rule, 'name', '')}`" in page()


def test_every_function_stands_in_the_guide() -> None:
    """What an expression can say is told."""
    calls = functions.Calls(None, None, None)  # type: ignore[arg-type]
    names = [*functions.AGGREGATES, *calls._functions]

    assert [name for name in names if f"`{name}`" not in GUIDE and f"`{name}(" not in GUIDE] == []


def test_every_key_stands_in_the_guide() -> None:
    """What a rule's table may say is told."""
    assert [key for key in rule_file._KEYS if f"`{key}`" not in GUIDE and f"`{key}." not in GUIDE] == []


def test_the_example_sets_a_threshold_of_a_rule_that_ships() -> None:
    """Its second table is no rule."""
    assert FILE.parameters == {"burst": {"share_pct": 10.0}}


@pytest.mark.parametrize(
    "case", read_cases(EXAMPLE_CASES, "rules.cases.toml", BY_NAME), ids=lambda case: case.title
)
def test_the_examples_cases_hold(case: Case) -> None:
    """What the guide says that its rule finds, it finds."""
    assert tried(case, BY_NAME[case.rule], {}).holds


def test_the_readme_has_the_same_rule() -> None:
    """The rule that the front page shows is the one that is tried here."""
    shown = EXAMPLE.partition("\n\n")[0].replace("# A house sleeps between two and five.\n", "")

    assert shown in (ROOT / "README.md").read_text(encoding="utf-8")
