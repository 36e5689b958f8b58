"""Commands: a closed set of kinds, plain data in JSON and back, and refused where they cannot be meant."""

import json
import re

import pytest
from hypothesis import given

from command_strategies import commands
from narrowgate_schema.commands import (
    COMMANDS,
    NEVER_REPEATED,
    Command,
    CommandKind,
    LampLevel,
    arguments_of,
    command_of,
    kind_of,
)


def test_every_kind_has_its_arguments() -> None:
    """Each kind of the closed set is a record of arguments, and each record one kind."""
    assert sorted(COMMANDS) == sorted(CommandKind)
    assert len(set(COMMANDS.values())) == len(COMMANDS)


@given(commands())
def test_command_comes_back_from_json(command: Command) -> None:
    """A command that was written down as JSON is the same command when it is read."""
    written = json.loads(json.dumps(arguments_of(command)))

    assert command_of(kind_of(command), written) == command


def test_what_does_harm_twice_is_marked() -> None:
    """A valve, a restart and a recalibration are not sent again when their answer is lost."""
    assert sorted(NEVER_REPEATED) == ["reboot", "recalibrate", "valve"]


def test_left_out_arguments_have_their_defaults() -> None:
    """A level alone means all lamps of the device, until told otherwise."""
    assert command_of("lamp_level", {"level_pct": 40}) == LampLevel(40, "", None)


@pytest.mark.parametrize(
    ("kind", "arguments", "said"),
    [
        ("explode", {}, "command 'explode': one of lamp_level, "),
        ("lamp_level", {}, "lamp_level level_pct: a value is wanted"),
        ("lamp_level", {"level_pct": 101}, "lamp_level level_pct: 101: 0 to 100 is possible"),
        ("lamp_level", {"level_pct": float("nan")}, "lamp_level level_pct: nan: 0 to 100 is possible"),
        ("lamp_level", {"level_pct": True}, "lamp_level level_pct: True: a number is wanted"),
        ("lamp_level", {"level": 40}, "lamp_level level: one of level_pct, series, for_min is possible"),
        ("lamp_level", {"level_pct": 40, "series": 3}, "lamp_level series: 3: a text is wanted"),
        ("report_interval", {"interval_s": 1.5}, "report_interval interval_s: 1.5: a whole number is wanted"),
        ("valve", {"is_open": "yes"}, "valve is_open: 'yes': true or false is wanted"),
        ("reboot", {"now": True}, "reboot now: one of no argument is possible"),
        ("lamp_programme", {"steps": 3}, "lamp_programme steps: a list is wanted"),
        (
            "lamp_programme",
            {"steps": [{"at_min": 0}]},
            "lamp_programme steps: steps of at_min and level_pct are wanted",
        ),
        ("lamp_programme", {"steps": [], "days": ["someday"]}, "lamp_programme days: mon, tue, wed, "),
    ],
)
def test_what_cannot_be_meant_is_refused(kind: str, arguments: dict[str, object], said: str) -> None:
    """A kind or an argument that no command has is refused in one line that says what is possible."""
    with pytest.raises(ValueError, match=re.escape(said)):
        command_of(kind, arguments)
