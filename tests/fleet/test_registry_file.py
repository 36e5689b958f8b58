"""The registry's file: format, other people's files, one writer."""

import json
import sqlite3
import zlib
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pytest

from fleet_rows import WATER, csv_text, exported, fleet_of, take
from narrowgate_fleet import Registry, RegistryFault


def test_a_newer_format_is_refused(tmp_path: Path) -> None:
    """A registry of a later release is not touched."""
    Registry(tmp_path).close()
    with closing(sqlite3.connect(tmp_path / "registry" / "registry.db")) as db:
        db.execute("PRAGMA user_version=99")

    with pytest.raises(RegistryFault, match=r"registry\.db: has format 99, this release reads format 1"):
        Registry(tmp_path)


def test_another_program_s_file_is_refused(tmp_path: Path) -> None:
    """A SQLite file that is no registry is not touched."""
    (tmp_path / "registry").mkdir()
    with closing(sqlite3.connect(tmp_path / "registry" / "registry.db")) as db:
        db.execute("CREATE TABLE songs (title)")

    with pytest.raises(RegistryFault, match="is another program's SQLite file"):
        Registry(tmp_path)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    """Bytes that are no SQLite file are told as such."""
    (tmp_path / "registry").mkdir()
    (tmp_path / "registry" / "registry.db").write_bytes(b"these are no pages of a database" * 99)

    with pytest.raises(RegistryFault, match="cannot be used as a registry"):
        Registry(tmp_path)


def test_a_damaged_file_is_told(tmp_path: Path) -> None:
    """Pages that were overwritten are a fault that names the file, whenever they are met."""
    take(tmp_path, csv_text("device,profile", f"w1,{WATER}"))
    path = tmp_path / "registry" / "registry.db"
    content = path.read_bytes()
    path.write_bytes(content[:4096] + bytes(len(content) - 4096))

    with pytest.raises(RegistryFault, match=r"registry\.db: cannot be used as a registry"):
        exported(tmp_path)


def test_a_failed_change_leaves_the_registry_as_it_was(tmp_path: Path) -> None:
    """A change that the file cannot take is told, and nothing of it stays."""
    take(tmp_path, csv_text("device,profile", f"w1,{WATER}"))
    again = take(tmp_path, csv_text("device,profile", f"w2,{WATER}"), dry_run=True).changes
    again.devices.added["w1"] = again.devices.added["w2"]
    with Registry(tmp_path) as registry, pytest.raises(RegistryFault, match="UNIQUE"), registry.writing():
        registry.apply(again)

    assert (fleet_of(tmp_path).version, fleet_of(tmp_path).slots(["w1", "w2"]).tolist()) == (1, [0, -1])


def test_a_registry_that_must_exist_is_not_made(tmp_path: Path) -> None:
    """Reading verbs leave an empty directory empty."""
    with pytest.raises(RegistryFault, match="no registry here"):
        Registry(tmp_path, create=False)
    assert list(tmp_path.iterdir()) == []


def test_there_is_one_writer_at_a_time(tmp_path: Path) -> None:
    """A second import is refused while one runs."""
    with (
        Registry(tmp_path) as first,
        first.writing(),
        pytest.raises(RegistryFault, match="another import is running"),
    ):
        take(tmp_path, csv_text("device,profile", f"w1,{WATER}"))


def test_a_registry_can_be_read_while_it_is_written(tmp_path: Path) -> None:
    """A reader sees the last version and does not wait for the writer."""
    take(tmp_path, csv_text("device,profile", f"w1,{WATER}"))
    with Registry(tmp_path) as first, first.writing(), Registry(tmp_path) as second:
        assert list(second.census().devices) == ["w1"]


def test_a_commit_is_synced(tmp_path: Path) -> None:
    """The registry runs in WAL mode and syncs at every commit."""
    with Registry(tmp_path) as registry:
        modes = [
            registry._db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")
        ]

    assert modes == ["wal", 2]


def test_a_snapshot_that_a_crash_left_behind_is_written_again(tmp_path: Path) -> None:
    """Opening the registry publishes what is committed."""
    take(tmp_path, csv_text("device,profile", f"w1,{WATER}"))
    (tmp_path / "registry" / "current").unlink()
    Registry(tmp_path).close()

    assert fleet_of(tmp_path).slots(["w1"]).tolist() == [0]


def test_a_device_is_told_with_its_asset_and_its_past(tmp_path: Path) -> None:
    """Asking for a device gives its columns, those of its asset, and all its assignments."""
    header = "device,profile,asset,street,valid_from"
    take(
        tmp_path, csv_text(header, f"w1,{WATER},A,Old Road,", f"w1,{WATER},B,New Road,2026-03-01T08:00+08:00")
    )
    with Registry(tmp_path) as registry:
        told = registry.device("w1")
        unknown = registry.device("w2")

    assert told is not None
    assert unknown is None
    assert (told["asset"], told["street"], told["assignments"]) == (
        "B",
        "New Road",
        [
            {"device": "w1", "asset": "A", "valid_from": None, "valid_to": "2026-03-01T00:00:00Z"},
            {"device": "w1", "asset": "B", "valid_from": "2026-03-01T00:00:00Z", "valid_to": None},
        ],
    )


def test_a_registry_of_an_earlier_release_gets_the_columns_that_came_later(tmp_path: Path) -> None:
    """Registry and snapshot without a later column are read; it is not set, and can be."""
    take(tmp_path, csv_text("device,profile", f"w1,{WATER}"))
    snapshot = tmp_path / "registry" / "snapshot-1"
    path = snapshot / "devices.arrow"
    narrow = pa.ipc.open_file(path.read_bytes()).read_all().drop_columns(["serial"])
    with pa.ipc.new_file(path, narrow.schema) as writer:
        writer.write_table(narrow)
    manifest = json.loads((snapshot / "manifest.json").read_text())
    content = path.read_bytes()
    manifest["files"]["devices"] = {"bytes": len(content), "crc32": zlib.crc32(content)}
    (snapshot / "manifest.json").write_text(json.dumps(manifest))
    with closing(sqlite3.connect(tmp_path / "registry" / "registry.db")) as db:
        db.execute("ALTER TABLE devices DROP COLUMN serial")
    before = fleet_of(tmp_path).column("serial").tolist()
    take(tmp_path, csv_text("device,serial", "w1,4711"))

    assert (before, fleet_of(tmp_path).column("serial").tolist()) == ([None], ["4711"])
