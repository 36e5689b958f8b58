"""`narrowgate fleet keys` as a user meets it, and what `check` says of a seal that is missing."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from narrowgate_gateway.checks import registry_faults
from narrowgate_gateway.settings import Home
from narrowgate_gateway.verbs.fleet import command

KEY = "00112233445566778899aabbccddeeff"
SECRET, OTHER = "ab" * 32, "cd" * 32


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with one device, and a file with its key."""
    home = tmp_path / "state"
    fleet(home, "import", "-", stdin="device,profile\nw1,cjt188_water_v2004\n")
    (tmp_path / "keys.csv").write_text(f"device,key\nw1,{KEY}\n")
    return home


def fleet(home: Path, *arguments: str, secret: str | None = None, stdin: str | None = None) -> Result:
    """Run `narrowgate fleet` on a home."""
    environment = {"NARROWGATE_HOME": str(home), "NARROWGATE_SEAL": secret, "NARROWGATE_SEAL_FILE": None}
    return CliRunner().invoke(command, list(arguments), stdin, env=environment)


def take(home: Path, secret: str | None = SECRET) -> Result:
    """Import the file of keys."""
    return fleet(home, "keys", "import", str(home.parent / "keys.csv"), secret=secret)


def test_keys_are_taken_and_counted(home: Path) -> None:
    """An import says what it did, a list how many keys a device has."""
    done = take(home)

    assert json.loads(done.stdout) == {"applied": True, "changed": 1, "unchanged": 0, "faults": 0}
    assert json.loads(fleet(home, "keys", "list").stdout) == {"device": "w1", "keys": 1}


def test_without_a_secret_no_key_is_taken(home: Path) -> None:
    """A key never lies open on disk: without a secret the import is refused in one line."""
    refused = take(home, secret=None)

    assert (refused.exit_code, refused.stderr.count("\n"), "NARROWGATE_SEAL" in refused.stderr) == (
        1,
        1,
        True,
    )


def test_a_secret_is_changed_by_sealing_anew(home: Path) -> None:
    """With the new and the old secret the keys are sealed anew; then the new one alone opens them."""
    take(home)
    anew = fleet(home, "keys", "reseal", secret=f"{OTHER},{SECRET}")
    again = take(home, secret=OTHER)

    assert (anew.exit_code, anew.stderr) == (0, "keys of 1 devices sealed anew\n")
    assert json.loads(again.stdout)["unchanged"] == 1


def test_a_wrong_secret_names_the_device_and_no_key(home: Path) -> None:
    """What cannot be opened is told in one line."""
    take(home)
    refused = take(home, secret=OTHER)

    assert refused.exit_code == 1
    assert (
        refused.stderr
        == "Error: device w1: its key was sealed with a secret that is not in NARROWGATE_SEAL\n"
    )


def test_keys_are_forgotten(home: Path) -> None:
    """Of a device whose keys were dropped none is left; a second time it is refused."""
    take(home)
    done = fleet(home, "keys", "drop", "w1")
    again = fleet(home, "keys", "drop", "w1")

    assert (done.exit_code, fleet(home, "keys", "list").stdout) == (0, "")
    assert (again.exit_code, again.stderr) == (1, "Error: no keys are held of w1\n")


@pytest.mark.parametrize(
    ("secret", "said"),
    [
        (None, "their secret is not set: put it in NARROWGATE_SEAL, or its file in NARROWGATE_SEAL_FILE"),
        (OTHER, "device w1: its key was sealed with a secret that is not in NARROWGATE_SEAL"),
    ],
)
def test_a_check_tells_of_keys_that_cannot_be_opened(
    home: Path, monkeypatch: pytest.MonkeyPatch, secret: str | None, said: str
) -> None:
    """What would make every encrypted frame undecodable is found before the gateway starts."""
    take(home)
    monkeypatch.delenv("NARROWGATE_SEAL_FILE", raising=False)
    if secret is None:
        monkeypatch.delenv("NARROWGATE_SEAL", raising=False)
    else:
        monkeypatch.setenv("NARROWGATE_SEAL", secret)

    assert [(fault.key, fault.right) for fault in registry_faults(Home(home))] == [("keys", said)]
