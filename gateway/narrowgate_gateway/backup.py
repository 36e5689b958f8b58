"""A whole copy of a home: the stores as they stand between two batches, the journal up to there or further.

Rule 1: the journal is copied again in the instant of the cut, by the thread that alone trims it: no row that
        the copied stores have not seen is missing.
Rule 2: the manifest is written last. A directory without one is no backup.
Rule 3: secrets are not copied: cookies' key, passwords, tokens and certificates stay where they are.
"""

import json
import os
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import IO

from narrowgate_fleet import command_file
from narrowgate_gateway.settings import Home
from narrowgate_ingest import archive_files, quarantine, records, state, telemetry
from narrowgate_ingest.segments import first_offsets, segment_path, sync_directory
from narrowgate_ingest.telemetry import Telemetry
from narrowgate_ingest.watermark import Mark, Watermark

MANIFEST = "manifest.json"
CONFIG = "narrowgate.toml"
FORMATS: Mapping[str, int] = {
    "backup": 1,
    "journal": records.FORMAT_VERSION,
    "state": state.FORMAT_VERSION,
    "quarantine": quarantine.FORMAT_VERSION,
    "telemetry": telemetry.FORMAT_VERSION,
    "archive": archive_files.FORMAT_VERSION,
    "commands": command_file.FORMAT,
}
_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class Copied:
    """A file of a backup."""

    path: str
    """Below the backup's directory."""
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What a backup holds."""

    taken_at: str
    narrowgate: str
    formats: dict[str, int]
    journal_end: int
    """Journal offset behind the last row."""
    frames: int
    """Frames ever journalled up to there."""
    files: list[Copied]


def copy_stores(home: Home, stored: Telemetry, into: Path) -> None:
    """Copy the stores and what the journal has grown by; nothing is written to them meanwhile.

    Args:
        home: whose.
        stored: its telemetry, opened.
        into: a directory that has a copy of the journal already, and of nothing else.

    Raises:
        OSError, sqlite3.Error, duckdb.Error: the copy is not whole.
    """
    _copy_database(home.state, into / home.state.name)
    if home.commands.exists():
        _copy_database(home.commands, into / home.commands.name)
    for path in sorted(home.quarantine.glob("*.db")):
        _copy_database(path, into / home.quarantine.name / path.name)
    stored.copy_to(into / home.telemetry.name)
    copy_journal(home.journal, into / home.journal.name)


def erasures_of(state_file: Path) -> list[tuple[object, ...]]:
    """Give what was erased, and what is being erased, by a state database; to be held against a later look.

    Raises:
        sqlite3.Error: it cannot be read.
    """
    sql = "SELECT number, '' FROM receipts UNION ALL SELECT device, told FROM erasures ORDER BY 1"
    with closing(sqlite3.connect(f"{state_file.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        known = "SELECT count(*) FROM sqlite_schema WHERE name IN ('receipts', 'erasures')"
        # A state that no release with erasures opened yet has neither.
        return connection.execute(sql).fetchall() if connection.execute(known).fetchone() == (2,) else []


def copy_rest(home: Home, config: Path | None, into: Path) -> None:
    """Copy what no pipeline writes: archive, registry, access, the door's counters, the configuration.

    The archive comes behind the stores: what its copied cursor covers is in the parts, and parts beyond it
    are written again.
    """
    for path in _files(home.archive):
        target = into / path.relative_to(home.root)
        target.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):  # replaced or too old just now
            shutil.copyfile(path, target)
    for path in (home.registry / "registry.db", home.root / "access.db"):
        if path.exists():
            _copy_database(path, into / path.relative_to(home.root))
    if home.door_counters.exists():
        shutil.copyfile(home.door_counters, into / home.door_counters.name)
    if config is not None:
        shutil.copyfile(config, into / CONFIG)


def copy_journal(journal: Path, into: Path) -> None:
    """Bring a copy of a journal up to what is durable now; what was copied before is not copied again."""
    into.mkdir(exist_ok=True)
    mark = Watermark(journal).read()
    if mark is None:
        return
    for first in first_offsets(journal):
        if first <= mark.segment:
            limit = mark.position if first == mark.segment else None
            _extend(segment_path(journal, first), segment_path(into, first), limit)
    if (journal / "aside").is_dir():
        shutil.copytree(journal / "aside", into / "aside", dirs_exist_ok=True)
    Watermark(into, writable=True).set(mark)


def _extend(source: Path, target: Path, limit: int | None) -> None:
    """Bring a copy of a segment up to its first `limit` bytes, or to all of it."""
    try:
        reading = source.open("rb")
    except FileNotFoundError:  # trimmed just now
        return
    with reading, target.open("a+b") as writing:
        target_header = _header(writing)
        if _header(reading)[: len(target_header)] != target_header:
            writing.truncate(0)  # an empty segment was replaced by another under its name
        position = writing.seek(0, os.SEEK_END)
        reading.seek(position)
        left = None if limit is None else max(0, limit - position)
        while data := reading.read(_CHUNK_BYTES if left is None else min(left, _CHUNK_BYTES)):
            writing.write(data)
            left = None if left is None else left - len(data)


def _header(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read(records.SEGMENT_HEADER_BYTES)


def _copy_database(source: Path, target: Path) -> None:
    """Copy a SQLite file as of one instant, whoever writes it meanwhile."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with (
        closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as reading,
        closing(sqlite3.connect(target)) as writing,
    ):
        reading.backup(writing)
        writing.execute("PRAGMA journal_mode=DELETE")  # one file, without a log beside it
    target.chmod(0o600)


def seal(into: Path) -> Manifest:
    """Make everything durable and write the manifest of what is there."""
    mark = Watermark(into / "journal").read() or Mark(0, 0, 0, 0)
    manifest = Manifest(
        taken_at=datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        narrowgate=version("narrowgate"),
        formats=dict(FORMATS),
        journal_end=mark.end,
        frames=mark.frames,
        files=[_described(path, into) for path in _files(into)],
    )
    unfinished = into / f"{MANIFEST}.unfinished"
    with unfinished.open("w", encoding="utf-8") as file:
        json.dump(asdict(manifest), file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(into / MANIFEST)
    for path in (into, *sorted(path for path in into.rglob("*") if path.is_dir())):
        sync_directory(path)
    return manifest


def _files(root: Path) -> Iterator[Path]:
    return (path for path in sorted(root.rglob("*")) if path.is_file())


def _described(path: Path, root: Path) -> Copied:
    with path.open("rb") as file:
        os.fsync(file.fileno())
    return Copied(str(path.relative_to(root)), path.stat().st_size, digest(path))


def digest(path: Path) -> str:
    """Give a file's SHA-256 in hex."""
    found = sha256()
    with path.open("rb") as file:
        while data := file.read(_CHUNK_BYTES):
            found.update(data)
    return found.hexdigest()
