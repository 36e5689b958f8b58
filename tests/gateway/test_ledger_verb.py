"""`narrowgate ledger`: what became of every frame, in figures."""

import json
import os
import pty
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from findings_rows import batch, raised
from narrowgate_cases import Wants, apply, install_outbox
from narrowgate_cases.outbox import next_letter, note_dead
from narrowgate_gateway.app import narrowgate
from narrowgate_gateway.settings import Home
from operator_verbs import STRANGER, Site, make_site
from upgrade_home import HOMES, unpacked


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A home whose gateway took five frames, two of them of a stranger."""
    made = make_site(tmp_path_factory.mktemp("ledger"))
    with made.running() as gateway:
        made.send(["bay-1", STRANGER, "bay-2", STRANGER, "bay-1", "suspended-1"])
        gateway.until(made.is_drained)
        assert gateway.end() == 0
    return made


def test_every_frame_is_counted_once(site: Site) -> None:
    """Kept frames stand under one disposition each; refusals at the door stand beside them."""
    ledger = site.ledger()

    assert ledger["kept"] == 5 == sum(ledger["dispositions"].values())
    assert ledger["reasons"] == {"unknown": 2}
    assert (ledger["refused"], ledger["readings"]["parking"]) == (1, 3)
    assert [tuple(share.values()) for share in ledger["shares"]] == [
        ("", "", "coap", "quarantined", 2),
        ("", "parking", "coap", "stored", 3),
    ]
    assert (ledger["difference"], ledger["balances"]) == (0, True)
    assert ledger["webhook"] == {"pending": 0, "dead": 0, "delivered": 0, "forgotten": 0}


def test_a_terminal_is_shown_a_table(site: Site) -> None:
    """On a terminal the same figures stand in a table."""
    leader, follower = pty.openpty()
    command = [sys.executable, "-m", "narrowgate_gateway.app", "ledger", "--home", str(site.home.root)]
    with subprocess.Popen(command, stdout=follower, stderr=follower) as process:
        os.close(follower)
        shown = b""
        while part := _read(leader):
            shown += part
    os.close(leader)

    assert process.returncode == 0
    assert "frames kept" in shown.decode()
    assert "balances" in shown.decode()


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 4096)
    except OSError:  # the other end is closed
        return b""


@pytest.fixture
def copied(site: Site, tmp_path: Path) -> Site:
    """A home with a copy of that one's state."""
    copy = replace(site, home=Home(tmp_path / "home"))
    copy.home.root.mkdir()
    whole, copied = sqlite3.connect(site.home.state), sqlite3.connect(copy.home.state)
    with closing(whole), closing(copied):
        whole.backup(copied)
    return copy


def test_a_ledger_that_does_not_balance_is_a_fault(copied: Site) -> None:
    """A kept frame without a disposition is told, and the exit code is 1."""
    with closing(sqlite3.connect(copied.home.state, isolation_level=None)) as state:
        state.execute("UPDATE dispositions SET frames = frames - 1 WHERE disposition = 'stored'")
    result = copied.run("ledger", "--json")

    assert (result.exit_code, json.loads(result.stdout)["difference"]) == (1, 1)
    assert result.stderr == (
        "Error: the ledger is out by 1 frames: 5 frames are kept, 4 have a disposition; "
        "2 frames are stored, 3 by tenant, family and transport\n"
    )


def test_a_home_without_a_ledger_is_named(tmp_path: Path) -> None:
    """Where no gateway ran there is nothing to count."""
    result = make_site(tmp_path).run("ledger")

    assert (result.exit_code, len(result.stderr.splitlines())) == (1, 1)
    assert "no gateway ran in this home yet" in result.stderr


@pytest.mark.parametrize("verb", [("ledger",), ("cases", "list")])
def test_a_home_that_an_earlier_release_left_is_told_its_way_out(
    verb: tuple[str, ...], tmp_path: Path
) -> None:
    """Until a gateway has brought it up to date, the verbs say so, not which table is missing alone."""
    home, _ = unpacked(min(HOMES.glob("home-*.tar.xz")), tmp_path)
    result = CliRunner().invoke(narrowgate, [*verb, "--home", str(home)])

    assert result.exit_code == 1
    assert "narrowgate run brings an older one up to date" in result.stderr


def test_dead_letters_are_listed(copied: Site) -> None:
    """What the webhook gave up is counted, and listed with the last answer and what it said."""
    with closing(sqlite3.connect(copied.home.state, isolation_level=None)) as state:
        install_outbox(state, [("webhook", Wants())])
        apply(state, batch(raised("f1")), 7)
        letter = next_letter(state, "webhook", 0.0)
        assert letter is not None
        note_dead(state, "webhook", letter, "410 Gone", 9.0)
    [dead] = copied.lines("ledger", "--dead-letters")

    assert (dead["delivery"], dead["words"], dead["body"]["device"]) == ("f1-1", "410 Gone", "lamp-1")
    assert copied.ledger()["webhook"]["dead"] == 1
