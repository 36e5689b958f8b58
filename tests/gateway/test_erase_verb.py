"""`narrowgate erase`: counts first, then erases, beside a running gateway and without one."""

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from gateway_home import OCCUPIED, kept_rows, make_home
from narrowgate_cases import DEFAULT_PRACTICE, Report, report
from narrowgate_ingest.state import State
from narrowgate_schema.words import Family
from operator_verbs import STRANGER, Site, make_site


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[Site, dict[str, Any]]:
    """A home in which a device was erased while the gateway ran, and what was said at each turn."""
    site = make_site(tmp_path_factory.mktemp("erase"))
    said: dict[str, Any] = {}
    with site.running() as gateway:
        site.send(["bay-1", "bay-2", STRANGER, "bay-1"], OCCUPIED)
        gateway.until(site.is_drained)
        said["ledger"] = site.ledger()
        said["counted"] = site.run_with_config("erase", "bay-1")
        said["before"] = kept_rows(site.home.journal)
        said["erased"] = site.run_with_config("erase", "bay-1", "--apply")
        files = [path for path in site.home.root.rglob("*") if path.is_file()]
        said["named"] = [path.name for path in files if b"bay-1" in path.read_bytes()]
        said["after"] = kept_rows(site.home.journal)
        said["ledger after"] = site.ledger()
        site.send(["bay-1"], OCCUPIED)
        gateway.until(site.is_drained)
        said["heard again"] = site.ledger()["dispositions"]["stored"]
        assert gateway.end() == 0
    return site, said


def test_what_there_is_is_counted_first(ran: tuple[Site, dict[str, Any]]) -> None:
    """Without --apply nothing is changed."""
    assert ran[1]["counted"].exit_code == 0, ran[1]["counted"].stderr
    assert json.loads(ran[1]["counted"].stdout)["journal"] == {"frames": 2}
    assert [row["claimed_device"] for row in ran[1]["before"]] == ["bay-1", "bay-2", STRANGER, "bay-1"]


def test_a_running_gateway_erases_with_a_receipt(ran: tuple[Site, dict[str, Any]]) -> None:
    """The receipt counts what went; rows of others stay where they are."""
    receipt = json.loads(ran[1]["erased"].stdout)
    frames = [row["claimed_device"] for row in ran[1]["after"]]

    assert (receipt["journal"], receipt["telemetry"]["rows"] >= 2) == ({"frames": 2}, True)
    assert "bay-1" not in ran[1]["erased"].stdout
    assert frames == ["", "bay-2", STRANGER, ""]


def test_no_file_of_a_running_home_names_it(ran: tuple[Site, dict[str, Any]]) -> None:
    """Neither stores nor their logs, while the core has them open; the registry is the city's to change."""
    assert {name.split(".")[0] for name in ran[1]["named"]} <= {"registry", "devices", "assets", "fleet"}


def test_the_ledger_balances_as_before(ran: tuple[Site, dict[str, Any]]) -> None:
    """What was kept was kept; a device that goes on sending is heard."""
    assert ran[1]["ledger after"]["dispositions"] == ran[1]["ledger"]["dispositions"]
    assert ran[1]["heard again"] == ran[1]["ledger"]["dispositions"]["stored"] + 1


def test_a_stopped_gateway_s_home_is_erased_by_the_verb(ran: tuple[Site, dict[str, Any]]) -> None:
    """Without a core the verb opens the stores itself."""
    erased = ran[0].run_with_config("erase", STRANGER, "--apply")

    assert erased.exit_code == 0, erased.stderr
    assert json.loads(erased.stdout)["quarantine"]["frames"] == 1


def test_no_name_is_wrong_use(ran: tuple[Site, dict[str, Any]]) -> None:
    """Frames without a name are not one device's."""
    result = ran[0].run_with_config("erase", "", "--apply")

    assert (result.exit_code, "an empty name is none" in result.stderr) == (2, True)


def test_a_home_without_a_gateway_has_nothing_to_erase(tmp_path: Path) -> None:
    """One line says so."""
    result = make_site(tmp_path).run_with_config("erase", "bay-1")

    assert result.exit_code == 1
    assert "no gateway ran in this home yet" in result.stderr


def test_reports_of_the_place_are_named_and_go_where_that_is_said(tmp_path: Path) -> None:
    """What people reported of an asset stays with a device's erasure unless the asset is named."""
    site = make_site(tmp_path)
    make_home(site.home.root, "device,profile,asset\nbay-1,pni_placepod_v1,space-7\n")
    with closing(State(site.home.state)) as state, state.transaction() as connection:
        told = Report("r1", "tamper", Family.PARKING, "Frau Secret saw it", asset="space-7")
        report(connection, told, "token:app", 9, DEFAULT_PRACTICE)
    counted = site.run_with_config("erase", "bay-1")
    alone = site.run_with_config("erase", "bay-1", "--apply")
    kept = b"Secret" in site.home.state.read_bytes()
    erased = site.run_with_config("erase", "bay-1", "--asset", "space-7", "--apply")

    assert "1 reports are about space-7" in counted.stderr
    assert kept
    assert (alone.exit_code, erased.exit_code) == (0, 0), alone.stderr + erased.stderr
    assert json.loads(erased.stdout)["state"]["reports"] == 1
    assert b"Secret" not in site.home.state.read_bytes()
