"""`narrowgate rules` as its user meets it."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from narrowgate_gateway.app import narrowgate
from narrowgate_rules import GROUP_RULES, RULES

OWN = """
# Rules of our own.

# The makers say 30.
[hot_lamp]
# And we have seen 35.
family = "lighting"
help = "The lamp is hot."
severity = "minor"
when = 'power_w > most'
params.most = { default = 90, unit = "W", low = 1, high = 1000, help = "what is much" }

[burst]
share_pct = 10
"""
CASES = """
[[case]]
rule = "hot_lamp"
what = "a hot one"
given = [["00:00", { power_w = 100 }], ["00:05", { power_w = 80 }]]
expect = [["00:00", "00:05"]]

[[case]]
rule = "burst"
what = "by the file's threshold"
every = "00:10"
count = 5
say = { flow_m3_per_h = [0.3] }
expect = [["00:30"]]
"""


def rules(*arguments: str) -> Result:
    """Run the verb."""
    return CliRunner().invoke(narrowgate, ["rules", *arguments])


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """Give a file of rules with cases beside it."""
    (tmp_path / "own.cases.toml").write_text(CASES, encoding="utf-8")
    (tmp_path / "own.toml").write_text(OWN, encoding="utf-8")
    return tmp_path / "own.toml"


@pytest.fixture
def config(own: Path) -> Path:
    """Give a configuration that names the file."""
    path = own.parent / "narrowgate.toml"
    path.write_text('rule_files = ["own.toml"]\n[rules.hot_lamp]\nmost = 50\n', encoding="utf-8")
    return path


def shown(name: str, *arguments: str) -> dict[str, Any]:
    """Give what the verb tells of a rule."""
    told: dict[str, Any] = json.loads(rules("show", name, *arguments).stdout)
    return told


def test_rules_are_listed_as_json_lines(tmp_path: Path) -> None:
    """Where a program reads, each rule is a line of JSON."""
    lines = rules("list", "--config", str(tmp_path / "none.toml")).stdout.splitlines()

    names = [*(rule.name for rule in RULES), *(group.name for group in GROUP_RULES)]
    assert [json.loads(line)["rule"] for line in lines] == names


def test_a_group_is_told() -> None:
    """A group says whose findings it counts, and which it holds back."""
    told = shown("feeder_out")

    assert (told["groups"], told["counts_findings_of"]) == ("feeder", ["supply_loss", "lamp_silent"])


def test_a_line_has_what_the_rule_asks_and_its_thresholds(config: Path) -> None:
    """An own rule stands among those that ship, with the threshold that counts."""
    lines = rules("list", "--config", str(config)).stdout.splitlines()

    (own,) = (told for line in lines if (told := json.loads(line))["rule"] == "hot_lamp")
    assert own == {
        "rule": "hot_lamp",
        "family": "lighting",
        "severity": "minor",
        "hold": "at once",
        "asks": "The lamp is hot.",
        "thresholds": {"most": 50.0, "longest_hole_h": 6.0},
    }


def test_a_rule_of_a_file_is_shown_as_it_was_written(config: Path) -> None:
    """Its comments are told apart from its declaration, and its threshold knows that it was set."""
    told = shown("hot_lamp", "--config", str(config))

    assert told["comment"] == "The makers say 30. And we have seen 35."
    assert told["declaration"][0] == "[hot_lamp]"
    assert told["thresholds"][0] == {
        "name": "most",
        "default": 90,
        "unit": "W",
        "low": 1,
        "high": 1000,
        "help": "what is much",
        "optional": False,
        "value": 50.0,
        "set": True,
    }


@pytest.mark.parametrize("rule", [rule.name for rule in RULES])
def test_every_rule_says_what_it_cannot_decide_and_what_it_remembers(rule: str) -> None:
    """Nothing ships that does not say its limits."""
    told = shown(rule)

    assert all(told[key] for key in ("hold", "asks", "cannot_decide", "comment", "state_bytes_a_device"))


def test_a_rule_that_is_none_is_wrong_use() -> None:
    """The rules that there are are named."""
    done = rules("show", "bursts")

    assert (done.exit_code, "known are continuous_leak" in done.stderr) == (2, True)


def test_a_right_file_is_told_so(own: Path) -> None:
    """No fault, no data, exit code 0."""
    done = rules("check", str(own))

    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "nothing is wrong\n")


def test_faults_of_a_file_come_at_once(own: Path) -> None:
    """Each is a line of JSON with file, rule, key and character."""
    own.write_text(OWN.replace("power_w > most", "power_w > mots").replace("= 10\n", "= 0\n"))
    done = rules("check", str(own))
    own.write_text(OWN.replace("= 10\n", "= 0\nx = 1\n"))
    also = rules("check", str(own))

    [fault] = map(json.loads, done.stdout.splitlines())
    assert (done.exit_code, fault["rule"], fault["key"], fault["column"]) == (1, "hot_lamp", "when", 11)
    assert [json.loads(line)["key"] for line in also.stdout.splitlines()] == ["share_pct", "x"]


def test_cases_that_hold(own: Path) -> None:
    """Own rules and own thresholds of rules that ship are tried."""
    done = rules("test", str(own))

    assert (done.exit_code, done.stderr) == (0, "2 cases hold\n")
    assert [json.loads(line)["holds"] for line in done.stdout.splitlines()] == [True, True]


def test_a_case_that_fails_says_what_was_found(own: Path) -> None:
    """Expected and found stand side by side; exit 1."""
    own.write_text(OWN.replace("share_pct = 10", "share_pct = 50"))
    done = rules("test", str(own))

    assert (done.exit_code, done.stderr) == (
        1,
        "burst: by the file's threshold: expected 00:30, found nothing\nError: 1 of 2 cases fail\n",
    )


def test_a_file_of_cases_is_tried_with_the_rules_beside_it(own: Path) -> None:
    """Naming the cases themselves is the same."""
    assert rules("test", str(own.with_name("own.cases.toml"))).stderr == "2 cases hold\n"


def test_rules_without_cases_are_told_so(own: Path) -> None:
    """The file in which they are wanted is named."""
    own.with_name("own.cases.toml").unlink()
    done = rules("test", str(own))

    assert (done.exit_code, done.stderr) == (
        1,
        f"Error: {own.with_name('own.cases.toml')}: No such file or directory\n",
    )


def test_faulty_rules_are_not_tried(own: Path) -> None:
    """Their faults are told instead."""
    own.write_text(OWN.replace("power_w > most", "power_w >"))

    assert "hot_lamp.when" in rules("test", str(own)).stderr


def test_the_cases_that_ship_hold() -> None:
    """Without a file the rules that ship are tried."""
    done = rules("test")

    assert (done.exit_code, done.stderr.endswith(" cases hold\n")) == (0, True)
