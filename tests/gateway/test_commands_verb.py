"""`narrowgate commands` as a user meets it."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from gateway_home import make_home
from narrowgate_fleet import CommandQueue
from narrowgate_gateway.verbs.commands import command

FLEET = """\
device,profile,state,serial,asset,cell
lamp-1,nas_ul20xx_v11,active,,L-1,460-1
lamp-2,nas_ul20xx_v11,retired,,,
relay,milesight_ws558_v1,active,,,
meter,cjt188_water_v2004,active,00000012345678,,
bay,pni_placepod_v1,active,,,
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with lamps, a meter and a bay."""
    return make_home(tmp_path_factory.mktemp("commands") / "state", FLEET).root


def commands(home: Path, *arguments: str) -> Result:
    """Run the verb on a home."""
    return CliRunner().invoke(command, list(arguments), env={"NARROWGATE_HOME": str(home)})


def sent(home: Path, *arguments: str) -> dict[str, Any]:
    """Send, and give what was printed."""
    result = commands(home, "send", *arguments)
    assert result.exit_code == 0, result.output
    told: dict[str, Any] = json.loads(result.stdout)
    return told


def test_a_command_is_kept_and_printed(home: Path) -> None:
    """What is printed says how the command stands and with which bytes the device will be told."""
    told = sent(home, "lamp-1", "lamp_level", "level_pct=40", "--ttl-h", "2")

    assert (told["state"], told["arguments"]["level_pct"], told["payload"]) == ("PENDING", 40, "01ff28")


def test_the_same_key_is_the_same_command_twice(home: Path) -> None:
    """A script that runs again gives no second command."""
    first, again = (sent(home, "meter", "valve", "is_open=false", "--idempotency-key", "k") for _ in range(2))

    assert first["id"] == again["id"]


def test_a_meters_command_names_the_meter(home: Path) -> None:
    """A frame that is addressed carries the identity that the registry states."""
    assert "78563412000000" in sent(home, "meter", "valve", "is_open=true")["payload"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nobody", "reboot"), "there is no device 'nobody'"),
        (("lamp-2", "reboot"), "device 'lamp-2' is retired: it is sent nothing"),
        (("bay", "reboot"), "pni_placepod_v1 reboot: no command is possible"),
        (("lamp-1", "lamp_level", "level_pct=101"), "lamp_level level_pct: 101: 0 to 100 is possible"),
        (("lamp-1", "lamp_level", "level_pct=1", "--ttl-h", "nan"), "ttl_h: a number of hours is wanted"),
        (("lamp-1", "lamp_level", "level_pct=1", "--idempotency-key", ""), "idempotency key: 1 to 160 char"),
        (("lamp-1", "lamp_level", "level=1"), "lamp_level level: one of level_pct, series, for_min is"),
        (
            ("relay", "lamp_level", "level_pct=40", "series=relay_8"),
            "milesight_ws558_v1 lamp_level level_pct: 40 is none that it understands",
        ),
    ],
)
def test_what_a_device_cannot_be_told_is_refused_at_once(
    home: Path, arguments: tuple[str, ...], words: str
) -> None:
    """The refusal is one line that names what stands in the way, and nothing is kept."""
    before = commands(home, "list").stdout
    refused = commands(home, "send", *arguments)

    assert (refused.exit_code, refused.stderr.count("\n")) == (1, 1)
    assert words in refused.stderr
    assert commands(home, "list").stdout == before


@pytest.mark.parametrize(
    "arguments",
    [
        ("send", "lamp-1", "lamp_level", "40"),
        ("send", "lamp-1", "lamp_level", "level_pct=40", "level_pct=50"),
        ("show", str(1 << 70)),
    ],
)
def test_what_cannot_be_read_is_wrong_use(home: Path, arguments: tuple[str, ...]) -> None:
    """Arguments are NAME=VALUE, each name once, and a command's number is one that there can be."""
    assert commands(home, *arguments).exit_code == 2


def test_show_tells_each_step(home: Path) -> None:
    """The audit of a command says when, why and by whom."""
    number = sent(home, "lamp-1", "report_interval", "interval_s=3600")["id"]
    commands(home, "cancel", str(number), "-m", "wrong lamp")
    shown = json.loads(commands(home, "show", str(number)).stdout)

    assert [(step["state"], step["reason"], step["detail"]) for step in shown["steps"]] == [
        ("PENDING", "put", ""),
        ("CANCELED", "withdrawn", "wrong lamp"),
    ]
    assert all(step["actor"].startswith("os:") for step in shown["steps"])


def test_what_is_over_is_not_canceled(home: Path) -> None:
    """A second cancel is refused in one line."""
    number = str(sent(home, "lamp-1", "reboot")["id"])
    commands(home, "cancel", number)

    assert "is CANCELED: only one that waits can be canceled" in commands(home, "cancel", number).stderr


def test_list_narrows(home: Path) -> None:
    """A list holds what was asked for, the newest first."""
    sent(home, "relay", "report_interval", "interval_s=60")
    newest = sent(home, "relay", "report_interval", "interval_s=120")
    rows = [json.loads(line) for line in commands(home, "list", "--device", "relay").stdout.splitlines()]

    assert (rows[0]["id"], rows[1]["reason"]) == (newest["id"], "superseded")


def test_a_command_counts_towards_its_cell(home: Path) -> None:
    """The queue knows the radio cell that serves the device."""
    number = sent(home, "lamp-1", "lamp_level", "level_pct=10")["id"]
    queue = CommandQueue(home / "commands.db")
    cell = queue.get(number).cell
    queue.close()

    assert cell == "460-1"


def test_a_home_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    """A wrong home is one line, not an empty list."""
    refused = commands(tmp_path / "nowhere", "list")

    assert (refused.exit_code, "there is no such home" in refused.stderr) == (1, True)
