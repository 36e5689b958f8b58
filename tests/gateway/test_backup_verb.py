"""`narrowgate backup` and `restore`: state out while running or stopped, and in again elsewhere."""

import json
import shutil
import sqlite3
import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from commands_waiting import wish
from gateway_home import kept_rows
from narrowgate_fleet import CommandQueue
from narrowgate_gateway.app import narrowgate
from narrowgate_gateway.backup import MANIFEST
from narrowgate_gateway.settings import Home
from narrowgate_gateway.verbs import backup
from narrowgate_ingest.telemetry import Telemetry
from narrowgate_schema.commands import ReportInterval, Valve
from operator_verbs import STRANGER, Site, make_site


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A home and a configuration; segments are small, and none is kept that nobody needs."""
    return make_site(tmp_path, more="[journal]\nsegment_bytes = 65536\nkeep_bytes = 0\n")


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> tuple[Site, Path]:
    """A home whose gateway ran and ended, and a backup of it."""
    site = make_site(tmp_path_factory.mktemp("stopped"))
    with site.running() as gateway:
        site.send(["bay-1", STRANGER, "bay-2"])
        gateway.until(site.is_drained)
        assert site.run("archive", "--now").exit_code == 0
        assert gateway.end() == 0
    with closing(CommandQueue(site.home.commands)) as queue:
        for command in (Valve(is_open=False), ReportInterval(60)):
            queue.put(wish(command), by="user:ann", now_us=0)
    directory = site.home.root.parent / "backup"
    assert site.run_with_config("backup", str(directory)).exit_code == 0
    return site, directory


def test_an_erasure_amid_a_backup_makes_it_none(
    stopped: tuple[Site, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was copied before may hold what was erased: there is no manifest, and one line says why."""
    copy_stores = backup._copy_stores

    def after_an_erasure(place: Home, directory: Path) -> None:
        with closing(sqlite3.connect(place.state)) as state, state:
            state.execute("INSERT INTO receipts (at_us, told) VALUES (5, '{}')")
        copy_stores(place, directory)

    monkeypatch.setattr(backup, "_copy_stores", after_an_erasure)
    result = stopped[0].run_with_config("backup", str(tmp_path / "copy"))

    assert result.exit_code == 1
    assert "a device was erased meanwhile" in result.stderr
    assert not (tmp_path / "copy" / MANIFEST).exists()


def _restored(directory: Path, home: Path) -> Result:
    return CliRunner().invoke(narrowgate, ["restore", str(directory), "--home", str(home)])


def test_of_a_restored_queue_nothing_leaves_twice_that_must_not(
    stopped: tuple[Site, Path], tmp_path: Path
) -> None:
    """A valve that waited when the backup was made may have left since; what may be repeated goes on."""
    home = Home(tmp_path / "new")
    assert _restored(stopped[1], home.root).exit_code == 0
    with closing(CommandQueue(home.commands)) as queue:
        found = [(str(row.state), str(row.reason)) for row in queue.listed()]

    assert found == [("PENDING", "put"), ("TIMEOUT", "restored")]


def _stored(home: Home) -> list[int]:
    telemetry = Telemetry(home.telemetry)
    try:
        frames: list[int] = telemetry.query("SELECT frame FROM parking_rows ORDER BY frame")[
            "frame"
        ].to_pylist()
        return frames
    finally:
        telemetry.close()


def test_a_backup_under_load_has_all_that_was_acknowledged_before(site: Site, tmp_path: Path) -> None:
    """Load, backup, more load, restore elsewhere, run: what was acknowledged by then is there once."""
    before: list[int] = []
    going_on = threading.Event()
    going_on.set()

    def load() -> None:
        while going_on.is_set():
            site.send(["bay-1", "bay-2", STRANGER])

    with site.running() as gateway:
        before += site.send(["bay-1", "bay-2", STRANGER] * 200)
        loading = threading.Thread(target=load)
        loading.start()
        try:
            made = site.run_with_config("backup", str(tmp_path / "backup"))
        finally:
            going_on.clear()
            loading.join()
        site.send(["bay-1"] * 50)
        gateway.until(site.is_drained)
        assert gateway.end() == 0
    assert made.exit_code == 0, made.output
    place = replace(site, home=Home(tmp_path / "elsewhere"))
    restored = _restored(tmp_path / "backup", place.home.root)
    assert restored.exit_code == 0, restored.output
    with place.running() as gateway:
        gateway.until(place.is_drained)
        ledger = place.ledger()
        assert gateway.end() == 0
    frames = _stored(place.home)
    refused = [row["frame"] for row in place.lines("quarantine", "list")]

    assert ledger["balances"]
    # One device after the other sent, so that the first of the frames kept are those acknowledged before.
    assert ledger["kept"] == json.loads(made.stdout)["frames"] >= len(before) == 600
    assert len({*frames, *refused}) == len(frames) + len(refused) == ledger["kept"]
    assert ledger["dispositions"]["stored"] == ledger["readings"]["parking"] == len(frames)


def test_a_restored_home_is_the_one_that_was_saved(stopped: tuple[Site, Path], tmp_path: Path) -> None:
    """Ledger, quarantine, registry and configuration of a stopped home come back as they were."""
    site, directory = stopped
    place = replace(site, home=Home(tmp_path / "home"))
    assert _restored(directory, place.home.root).exit_code == 0

    assert place.ledger() == site.ledger()
    assert place.lines("quarantine", "list") == site.lines("quarantine", "list")
    assert place.run("fleet", "export").stdout == site.run("fleet", "export").stdout
    assert (place.home.root / "narrowgate.toml").read_text() == site.config.read_text()
    assert kept_rows(place.home.journal) == kept_rows(site.home.journal)


def test_secrets_stay_where_they_are(stopped: tuple[Site, Path]) -> None:
    """The key of the console's cookies is not in a backup, and the backup is its owner's alone."""
    site, directory = stopped
    saved = [path.name for path in directory.rglob("*")]

    assert (site.home.root / "access.key").exists()
    assert "access.key" not in saved
    assert directory.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("name", ["state.db", "telemetry.duckdb", "registry/registry.db", "journal/durable"])
def test_a_damaged_backup_is_not_restored(stopped: tuple[Site, Path], tmp_path: Path, name: str) -> None:
    """One changed bit anywhere is found before anything is written."""
    copy = Path(shutil.copytree(stopped[1], tmp_path / "copy"))
    data = bytearray((copy / name).read_bytes())
    data[len(data) // 2] ^= 1
    (copy / name).write_bytes(data)
    result = _restored(copy, tmp_path / "home")

    assert (result.exit_code, result.stderr) == (
        1,
        f"Error: {copy / name}: its check sum is not the manifest's\n",
    )
    assert not (tmp_path / "home").exists()


def test_every_fault_of_a_backup_is_named(stopped: tuple[Site, Path], tmp_path: Path) -> None:
    """Missing and cut files are named all at once."""
    copy = Path(shutil.copytree(stopped[1], tmp_path / "copy"))
    (copy / "state.db").unlink()
    (copy / "journal" / "durable").write_bytes(b"")
    faults = _restored(copy, tmp_path / "home").stderr.splitlines()

    assert [fault.rpartition("/")[2] for fault in faults] == [
        "durable: 0 bytes, the manifest says 4096",
        "state.db: missing",
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "no backup, or one that was not finished"),
        ("{", "no manifest"),
        ("[]", "no manifest"),
        ('{"files": 1}', "no manifest"),
    ],
)
def test_a_directory_without_a_manifest_is_no_backup(tmp_path: Path, text: str | None, words: str) -> None:
    """Only a backup that was finished has a whole manifest."""
    (tmp_path / "backup").mkdir()
    if text is not None:
        (tmp_path / "backup" / MANIFEST).write_text(text)
    result = _restored(tmp_path / "backup", tmp_path / "home")

    assert (result.exit_code, len(result.stderr.splitlines())) == (1, 1)
    assert words in result.stderr


def _with_manifest(directory: Path, copy: Path, **changes: object) -> Path:
    shutil.copytree(directory, copy)
    said = json.loads((copy / MANIFEST).read_text())
    (copy / MANIFEST).write_text(json.dumps({**said, **changes}))
    return copy


def test_a_backup_of_a_later_release_is_not_restored(stopped: tuple[Site, Path], tmp_path: Path) -> None:
    """A format that this release does not read is named before anything is written."""
    copy = _with_manifest(stopped[1], tmp_path / "copy", formats={"journal": 99})
    result = _restored(copy, tmp_path / "home")

    assert "journal has format 99; this release reads up to" in result.stderr


@pytest.mark.parametrize("path", ["../escaped", "/etc/escaped"])
def test_a_manifest_cannot_lead_out_of_its_directory(
    stopped: tuple[Site, Path], tmp_path: Path, path: str
) -> None:
    """What a manifest names lies in the backup, or nothing is restored."""
    files = [{"path": path, "bytes": 0, "sha256": ""}]
    result = _restored(_with_manifest(stopped[1], tmp_path / "copy", files=files), tmp_path / "home")

    assert "does not lie in the backup" in result.stderr


def test_nothing_is_overwritten(stopped: tuple[Site, Path]) -> None:
    """Neither a backup nor a home is made where something is."""
    site, directory = stopped
    again = site.run_with_config("backup", str(directory))
    over = _restored(directory, site.home.root)

    assert "not empty" in again.stderr
    assert (again.exit_code, over.exit_code) == (1, 1)
    assert isinstance(over.exception, FileExistsError)


def test_a_home_without_a_gateways_traces_is_named(tmp_path: Path) -> None:
    """There is nothing to save where no gateway ran."""
    result = CliRunner().invoke(narrowgate, ["backup", str(tmp_path / "b"), "--home", str(tmp_path)])

    assert (result.exit_code, len(result.stderr.splitlines())) == (1, 1)
    assert "no gateway ran in this home yet" in result.stderr


def test_the_archive_is_in_a_backup_and_goes_on_where_it_is_restored(
    stopped: tuple[Site, Path], tmp_path: Path
) -> None:
    """Its files come back as they were; what came in behind them is archived from the restored journal."""
    site, directory = stopped
    assert _restored(directory, tmp_path / "elsewhere").exit_code == 0
    elsewhere = replace(site, home=Home(tmp_path / "elsewhere"))
    before = elsewhere.lines("archive")

    assert before == site.lines("archive") != []
    assert sum(row["files"] for row in elsewhere.lines("archive", "--now")) >= len(before)
