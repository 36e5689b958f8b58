"""Rules of the operator's own files in a gateway."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from narrowgate_gateway.config import load
from narrowgate_gateway.rule_files import engine_of, rules_of
from narrowgate_rules.written import RuleFaults
from operator_verbs import Site, make_site

TAKEN = """
[taken]
family = "parking"
help = "A car stands there."
severity = "minor"
when = 'occupied'

[bay_battery]
limit = 20
"""
BAD = """
[odd]
family = "parking"
help = "?"
severity = "minor"
when = 'occupied and nonsense'

[overstay]
delay_s = "soon"
"""


def site_with(root: Path, more: str = "", **files: str) -> Site:
    """Make a site with files of rules beside its configuration."""
    site = make_site(root, more=more)
    named = json.dumps([f"{name}.toml" for name in files])
    site.config.write_text(f"rule_files = {named}\n{site.config.read_text()}", encoding="utf-8")
    for name, text in files.items():
        (site.config.parent / f"{name}.toml").write_text(text, encoding="utf-8")
    return site


def findings(site: Site) -> list[dict[str, Any]]:
    """Give the findings of a stopped gateway."""
    with closing(sqlite3.connect(site.home.state)) as state:
        state.row_factory = sqlite3.Row
        return [dict(row) for row in state.execute("SELECT rule, device, state FROM findings")]


def told(site: Site) -> list[dict[str, str]]:
    """Give the faults that `narrowgate check` tells."""
    return [json.loads(line) for line in site.run_with_config("check").stdout.splitlines()]


def test_a_gateway_and_a_retry_without_it_judge_by_an_own_rule(tmp_path: Path) -> None:
    """A rule of a file finds what devices send; the verb that works in a stopped home has the same rules."""
    site = site_with(tmp_path, own=TAKEN)
    with site.running() as gateway:
        site.send(["bay-1", "bay-9"])
        gateway.until(site.is_drained)
        assert gateway.end() == 0
    found = findings(site)
    site.register("bay-9")
    retried = site.run_with_config("quarantine", "retry", "--apply").exit_code
    more = findings(site)

    assert found == [{"rule": "taken", "device": "bay-1", "state": "raised"}]
    assert retried == 0
    assert sorted((row["rule"], row["device"]) for row in more) == [("taken", "bay-1"), ("taken", "bay-9")]


def test_a_files_thresholds_count(tmp_path: Path) -> None:
    """A table named as a rule that ships sets its thresholds."""
    settings = load(site_with(tmp_path, own=TAKEN).config)

    assert rules_of(settings).parameters["bay_battery"]["limit"] == 20.0


def test_the_configuration_goes_before_a_file(tmp_path: Path) -> None:
    """What stands in narrowgate.toml itself is the last word."""
    settings = load(site_with(tmp_path, "[rules.bay_battery]\nlimit = 30", own=TAKEN).config)

    assert rules_of(settings).parameters["bay_battery"]["limit"] == 30.0


def test_a_configuration_sets_an_own_rules_thresholds(tmp_path: Path) -> None:
    """An own rule's table in narrowgate.toml is known to `check`."""
    site = site_with(tmp_path, "[rules.taken]\nlongest_hole_h = 48", own=TAKEN)

    assert told(site) == []


def test_all_faults_of_all_files_come_at_once(tmp_path: Path) -> None:
    """Each with its file, rule, key, character and value, beside those of the configuration."""
    site = site_with(tmp_path, "[rules.none]\nx = 1", bad=BAD, far="[battery]\nlimit = 99\nx = 1\n")

    faults = told(site)

    assert [(Path(fault["file"]).name, fault["key"], fault["value"]) for fault in faults] == [
        ("bad.toml", "odd.when", ""),
        ("bad.toml", "overstay.delay_s", ""),
        ("far.toml", "battery.limit", "99.0"),
        ("far.toml", "battery.x", "1.0"),
        ("narrowgate.toml", "rules.none", ""),
    ]
    assert faults[0]["right"].startswith("character 14: ")


def test_a_rule_of_a_spoilt_file_is_not_unknown(tmp_path: Path) -> None:
    """Thresholds of a rule whose file has faults are no second fault."""
    faults = told(site_with(tmp_path, "[rules.odd]\nlongest_hole_h = 2", bad=BAD))

    assert "rules.odd" not in [fault["key"] for fault in faults]


def test_two_files_cannot_declare_one_rule(tmp_path: Path) -> None:
    """The second one is told; it can set thresholds only."""
    faults = told(site_with(tmp_path, one=TAKEN, two=TAKEN))

    assert {(Path(fault["file"]).name, fault["key"].partition(".")[0]) for fault in faults} == {
        ("two.toml", "taken")
    }


@pytest.mark.parametrize(
    ("content", "right"),
    [
        (None, "No such file"),
        (b"\xff", "not UTF-8"),
        (b"# " + b"x" * (1 << 20), "longer than"),
        (b"[", "no TOML"),
    ],
)
def test_a_file_that_cannot_be_read_is_a_fault(tmp_path: Path, content: bytes | None, right: str) -> None:
    """Missing, of another encoding, too long, or no TOML: one line."""
    site = site_with(tmp_path, own="")
    own = site.config.parent / "own.toml"
    own.unlink() if content is None else own.write_bytes(content)

    [fault] = told(site)

    assert (fault["file"], right in fault["right"]) == (str(own), True)


def test_a_core_does_not_start_with_faulty_rules(tmp_path: Path) -> None:
    """The engine is refused, with the file's name."""
    settings = load(site_with(tmp_path, bad=BAD).config)

    with pytest.raises(RuleFaults, match=r"bad\.toml: odd\.when, character 14"):
        engine_of(settings)
