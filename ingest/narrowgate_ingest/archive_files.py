"""The archive on disk: Parquet parts that anybody's tools read.

    archive/frames/family=water/day=2026-03-01/<first>-<until>.parquet      raw frames, as journalled
    archive/ticks/day=2026-03-01/<first>-<until>.parquet                    the passing of time
    archive/readings/family=water/day=2026-03-01/<first>-<until>.parquet    decoded rows

A part's name tells the journal rows [first, until) that it covers; `again-<number>` holds the readings of
frames that were run again. The day is the day of arrival, in UTC.

Rule 1: a part has its name only when it is whole and synced.
Rule 2: parts beyond the archive's cursor were left by a crash; they go before anything is written anew.
Rule 3: a part is replaced by renaming, never written over: who reads it meanwhile reads the old one.
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from narrowgate_ingest.segments import make_directory, sync_directory, sync_file, write_synced

FORMAT_VERSION = 1
UNKNOWN = "unknown"
"""The family of frames whose device nobody has registered."""
_DAY_US = 86_400_000_000
_SUFFIX = ".parquet"
_NAME = re.compile(r"(\d{20})-(\d{20})|again-(\d{20})")


class Archived(StrEnum):
    """What is archived."""

    FRAMES = "frames"
    TICKS = "ticks"
    READINGS = "readings"


@dataclass(frozen=True)
class Part:
    """One file of the archive."""

    path: Path
    kind: Archived
    family: str
    """Empty for ticks."""
    day: str
    first: int
    """Journal offset of the first row that it may hold; of an `again` part, 0."""
    until: int
    again: int
    """Number of the frames that were run again; 0 of an ordinary part."""

    @property
    def whose(self) -> str:
        """Give the column that names the device of a row of readings or frames."""
        return "device" if self.kind is Archived.READINGS else "claimed_device"

    def rows_of(self, device: str) -> int:
        """Give how many rows of a device the part has.

        Raises:
            ValueError: it is no part as this release writes them.
        """
        with reading(self.path), pq.ParquetFile(self.path) as file:
            column = file.read(columns=[self.whose])[self.whose]
            return int(pc.sum(pc.equal(column, device)).as_py() or 0)


class ArchiveFiles:
    """The directory of the archive, for the one that writes it."""

    def __init__(self, root: Path) -> None:
        """Open or make it.

        Raises:
            OSError: it cannot be made.
            ValueError: another format version wrote it.
        """
        self.root = root
        make_directory(root)
        self._unfinished = root / "unfinished"
        said = root / "format.json"
        if not said.exists():
            beside = root / "format.json.unfinished"
            write_synced(beside, json.dumps({"format": FORMAT_VERSION}).encode())
            beside.rename(said)
            sync_directory(root)
        check_format(root)

    def begin(self, cursor: int, again: int) -> None:
        """Remove what a crash left: unfinished files and parts that no cursor covers.

        Raises:
            ValueError: the cursors know nothing of what many parts hold: they are another archive's.
        """
        self.sweep()
        beyond = [part for part in parts_of(self.root) if part.until > cursor or part.again > again]
        if cursor == 0 and len({part.first for part in beyond if not part.again}) > 1:
            raise ValueError(
                f"{self.root}: holds {len(beyond)} files that state.db knows nothing of; "
                "if state.db was lost, move them elsewhere: any tool reads them there"
            )
        self.remove(beyond)

    def sweep(self) -> None:
        """Remove unfinished files; nobody may be writing one."""
        make_directory(self._unfinished)
        for path in self._unfinished.glob(f"*{_SUFFIX}"):
            path.unlink()

    def remove(self, parts: list[Part]) -> None:
        """Unlink parts, durably."""
        for part in parts:
            part.path.unlink(missing_ok=True)
        for directory in sorted({part.path.parent for part in parts}):
            sync_directory(directory)
            with suppress(OSError):  # others are in it
                directory.rmdir()

    def rewrite(self, part: Part, keeps: Callable[[pa.Table], pa.Table]) -> int:
        """Put in a part's place what `keeps` leaves of it; the part goes if nothing is left.

        Returns:
            The number of rows that went.
        """
        make_directory(self._unfinished)
        beside = self._unfinished / f"rewritten{_SUFFIX}"
        with reading(part.path):
            before, left = _copied(part.path, beside, keeps)
        if left == before:
            beside.unlink()
        elif left == 0:
            self.remove([part])
            beside.unlink()
        else:
            sync_file(beside)
            beside.rename(part.path)
            sync_directory(part.path.parent)
        return before - left

    def expire(
        self, kinds: tuple[Archived, ...], keep_days: int, today: str, taken: int | None = None
    ) -> int:
        """Unlink parts that came in more than `keep_days` days before `today`; 0 keeps all.

        Args:
            kinds: of what.
            keep_days: whole days.
            today: such as 2026-03-01.
            taken: journal offset before which nobody has to read any more; None if nobody reads here.
        """
        if keep_days == 0:
            return 0
        oldest = (datetime.fromisoformat(today) - timedelta(days=keep_days)).date().isoformat()
        old = [
            part
            for part in parts_of(self.root)
            if part.kind in kinds and part.day < oldest and (taken is None or part.until <= taken)
        ]
        self.remove(old)
        return len(old)

    def writing(self, name: str) -> "PartSet":
        """Give what takes the rows of one set of parts, all of that name."""
        make_directory(self._unfinished)
        return PartSet(self.root, self._unfinished, name)


class PartSet:
    """Parts being written, a file for each kind, family and day; `publish` gives them their names."""

    def __init__(self, root: Path, unfinished: Path, name: str) -> None:
        self._root = root
        self._unfinished = unfinished
        self._name = name
        self._writers: dict[Path, pq.ParquetWriter] = {}

    def add(self, kind: Archived, family: str, rows: pa.RecordBatch, arrived_us: NDArray[np.int64]) -> None:
        """Take rows (n,) that came in at some instants (n,) [us]."""
        days = arrived_us // _DAY_US
        for day in np.unique(days).tolist():
            self._write(kind, family, day, rows.filter(pa.array(days == day)))

    def _write(self, kind: Archived, family: str, day: int, rows: pa.RecordBatch) -> None:
        date = day_of(day * _DAY_US)
        place = Path(kind) / f"family={family}" / f"day={date}" if family else Path(kind) / f"day={date}"
        writer = self._writers.get(place)
        if writer is None:
            path = self._unfinished / f"{len(self._writers)}{_SUFFIX}"
            writer = self._writers[place] = _writer(path, rows.schema)
        writer.write_batch(rows)

    def publish(self) -> int:
        """Make all parts durable, then give each its name; give how many there are."""
        for writer in self._writers.values():
            writer.close()
        paths = [self._unfinished / f"{number}{_SUFFIX}" for number in range(len(self._writers))]
        for path in paths:
            sync_file(path)
        for path, place in zip(paths, self._writers, strict=True):
            directory = self._root / place
            make_directory(directory)
            path.rename(directory / f"{self._name}{_SUFFIX}")
            sync_directory(directory)
        return len(paths)

    def drop(self) -> None:
        """Close what was begun; the files go when the next set is begun."""
        for writer in self._writers.values():
            with suppress(OSError, pa.ArrowException):
                writer.close()


def part_name(first: int, until: int) -> str:
    """Give the name of parts of the journal rows [first, until)."""
    return f"{first:020d}-{until:020d}"


def again_name(number: int) -> str:
    """Give the name of parts of frames that were run again."""
    return f"again-{number:020d}"


def day_of(time_us: int) -> str:
    """Give the day of an instant [us] in UTC, such as 2026-03-01."""
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=time_us)).date().isoformat()


def check_format(root: Path) -> None:
    """Refuse an archive of another format with ValueError; one that is not there has none."""
    path = root / "format.json"
    if not path.exists():
        return
    try:
        said = json.loads(path.read_bytes())
    except ValueError:
        said = None
    version = said.get("format") if isinstance(said, dict) else None
    if version != FORMAT_VERSION:
        raise ValueError(f"{path}: format version {version}; this release reads version {FORMAT_VERSION}")


def check_parts(root: Path) -> None:
    """Refuse an archive with a part that cannot be read with ValueError, which names it."""
    check_format(root)
    for part in parts_of(root):
        if part.kind is not Archived.TICKS:
            with reading(part.path), pq.ParquetFile(part.path) as file:
                file.schema_arrow.field(part.whose)


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Read a part in this block; ValueError names it if it is damaged, or another's file."""
    try:
        yield
    except (pa.ArrowException, KeyError) as error:
        raise ValueError(f"{path}: no part of an archive: {str(error).strip(chr(39))}") from None


def parts_of(root: Path, kind: Archived | None = None) -> list[Part]:
    """Give the parts of an archive in the order of their rows; those run again behind the others."""
    kinds = list(Archived) if kind is None else [kind]
    found = [part for each in kinds for part in _parts(root, each)]
    return sorted(found, key=lambda part: (part.again, part.first, part.path))


def _parts(root: Path, kind: Archived) -> Iterator[Part]:
    for path in (root / kind).rglob(f"*{_SUFFIX}"):
        name = _NAME.fullmatch(path.stem)
        if name is None:
            continue
        folders = dict(folder.split("=", 1) for folder in path.parts if "=" in folder)
        first, until, again = (int(number or 0) for number in name.groups())
        yield Part(path, kind, folders.get("family", ""), folders.get("day", ""), first, until, again)


def _copied(source: Path, target: Path, keeps: Callable[[pa.Table], pa.Table]) -> tuple[int, int]:
    """Copy a part by its row groups; give the rows that there were, and those that were kept."""
    left = 0
    with pq.ParquetFile(source) as file, _writer(target, file.schema_arrow) as writer:
        for group in range(file.num_row_groups):
            rows = keeps(file.read_row_group(group))
            if rows.num_rows:
                writer.write_table(rows)
            left += rows.num_rows
        return int(file.metadata.num_rows), int(left)


def _writer(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    said = {**(schema.metadata or {}), b"narrowgate": str(FORMAT_VERSION).encode()}
    return pq.ParquetWriter(path, schema.with_metadata(said), compression="zstd")
