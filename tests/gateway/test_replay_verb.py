"""`narrowgate replay`: what would change first, then the change, beside a running gateway and without one."""

import json
from pathlib import Path
from typing import Any

import pytest

from operator_verbs import STRANGER, Site, make_site

SPAN = ("--from", "2020-01-01T00:00:00Z")

OWN_RULE = """
[never]
family = "parking"
help = "A battery that is none; a replay hears the operator's rules too."
severity = "minor"
when = 'battery_v < 0'
"""


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[Site, dict[str, Any]]:
    """A home in which a device was registered late and history replayed, and what was said."""
    site = make_site(tmp_path_factory.mktemp("replay"))
    own = site.config.with_name("own.toml")
    own.write_text(OWN_RULE, encoding="utf-8")
    site.config.write_text(f'rule_files = ["own.toml"]\n{site.config.read_text()}', encoding="utf-8")
    said: dict[str, Any] = {}
    with site.running() as gateway:
        site.send(["bay-1", STRANGER, "bay-2", STRANGER])
        gateway.until(site.is_drained)
        said["same"] = site.run_with_config("replay", *SPAN)
        site.register()
        said["would"] = site.run_with_config("replay", *SPAN)
        said["before"] = site.ledger()["dispositions"]
        said["did"] = site.run_with_config("replay", *SPAN, "--device", STRANGER, "--apply")
        said["after"] = site.ledger()
        assert gateway.end() == 0
    return site, said


def test_history_that_gives_the_same_has_no_lines(ran: tuple[Site, dict[str, Any]]) -> None:
    """Nothing is printed but the summary."""
    assert (ran[1]["same"].exit_code, ran[1]["same"].stdout) == (0, "")
    assert "4 frames run again" in ran[1]["same"].stderr


def test_what_would_change_is_said_first(ran: tuple[Site, dict[str, Any]]) -> None:
    """A line for each reading, frame and stay; nothing is changed."""
    changes = [json.loads(line)["change"] for line in ran[1]["would"].stdout.splitlines()]

    assert sorted(changes) == ["frame", "frame", "reading_added", "reading_added", "session_added"]
    assert ran[1]["before"]["quarantined"] == 2


def test_a_running_gateway_makes_the_change(ran: tuple[Site, dict[str, Any]]) -> None:
    """Frames leave quarantine, and the ledger balances."""
    assert len(ran[1]["did"].stdout.splitlines()) == 5
    assert ran[1]["after"]["dispositions"]["quarantined"] == 0
    assert ran[1]["after"]["difference"] == 0


def test_without_a_gateway_the_verb_opens_the_stores(ran: tuple[Site, dict[str, Any]]) -> None:
    """What was applied stands."""
    again = ran[0].run_with_config("replay", *SPAN)

    assert (again.exit_code, again.stdout) == (0, ""), again.stderr


def test_an_archive_of_another_release_is_not_read(ran: tuple[Site, dict[str, Any]]) -> None:
    """One line names it."""
    said = ran[0].home.archive / "format.json"
    was = said.read_bytes()
    said.write_text('{"format": 99}')
    refused = ran[0].run_with_config("replay", *SPAN)
    said.write_bytes(was)

    assert refused.exit_code == 1
    assert "format version 99" in refused.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--from", "yesterday"), "no time such as"),
        (("--from", "2026-03-01T00:00:00"), "say its zone"),
        (("--from", "2026-03-02T00:00:00Z", "--to", "2026-03-01T00:00:00Z"), "--to is not behind --from"),
        ((), "Missing option"),
    ],
)
def test_a_span_that_is_none_is_wrong_use(
    ran: tuple[Site, dict[str, Any]], arguments: tuple[str, ...], words: str
) -> None:
    """Exit 2 and a line that says what would be right."""
    result = ran[0].run_with_config("replay", *arguments)

    assert result.exit_code == 2
    assert words in result.stderr


def test_a_home_without_a_gateway_has_no_history(tmp_path: Path) -> None:
    """One line says so."""
    result = make_site(tmp_path).run_with_config("replay", *SPAN)

    assert result.exit_code == 1
    assert "no gateway ran in this home yet" in result.stderr
