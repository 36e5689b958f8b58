"""A gateway that lets go of what is old while it lives, and its home with all that was let go of put back.

Journal segments are trimmed, telemetry is compacted and hands its readings to the archive. Every segment is
kept by a further name, so that an undisturbed core can make the same of the whole journal.
"""

import asyncio
import os
import shutil
from collections.abc import Iterable
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from gateway_home import kept_rows
from narrowgate_gateway.demo_city import Stage
from narrowgate_gateway.settings import Home
from narrowgate_ingest.archive_files import Archived, parts_of
from narrowgate_ingest.archiver import ARCHIVE
from narrowgate_ingest.compaction import KEY
from narrowgate_ingest.retention import let_go_of
from narrowgate_ingest.state import State, cursor
from narrowgate_ingest.telemetry import Telemetry
from narrowgate_schema.tables import READINGS
from narrowgate_schema.words import Family
from undisturbed import compact_all

_LOOK_EVERY_S = 0.02
_KEEPING = """
[archive]
part_every_s = 3600

[telemetry]
keep_days = 1
"""
_SHARE = "segment_bytes = 65536\nkeep_bytes = {keep_bytes}\n"


def let_go_soon(stage: Stage, *, keep_bytes: int = 131_072) -> "Segments":
    """Have a gateway keep a day of readings, archive each hour and keep little of its journal."""
    text = stage.config.read_text(encoding="utf-8")
    text = text.replace("snapshot_every_s = 2.0", "snapshot_every_s = 0.3")
    text = text.replace("[journal]\n", f"[journal]\n{_SHARE.format(keep_bytes=keep_bytes)}")
    stage.config.write_text(text + _KEEPING, encoding="utf-8")
    return Segments(stage)


class Segments:
    """The segments of a home's journal, each kept by a further name."""

    def __init__(self, stage: Stage) -> None:
        """Keep them beside the home."""
        self._journal = stage.home.journal
        self._place = stage.home.root.with_name("segments")
        self._place.mkdir()

    async def watch(self) -> None:
        """Keep what comes until cancelled."""
        while True:
            self.keep()
            await asyncio.sleep(_LOOK_EVERY_S)

    def keep(self) -> None:
        """Keep what is there; one that took another's name takes it here, too."""
        for path in self._journal.glob("*.seg"):
            kept = self._place / path.name
            with suppress(FileNotFoundError):  # gone this instant
                if not kept.exists() or not kept.samefile(path):
                    beside = self._place / "beside"
                    os.link(path, beside)
                    beside.replace(kept)

    def whole(self, stage: Stage) -> Stage:
        """Give a copy of a home that has ended, with all segments, and all readings in telemetry.

        AssertionError where a row stands twice in telemetry or archive, or is in neither.
        """
        self.keep()
        home = Home(stage.home.root.with_name("whole"))
        shutil.copytree(stage.home.root, home.root, ignore=shutil.ignore_patterns("*.seg", "wake*", "run"))
        for path in self._place.glob("*.seg"):
            os.link(path, home.journal / path.name)
        with closing(State(home.state)) as state, closing(Telemetry(home.telemetry)) as telemetry:
            archived_to = cursor(state.connection, ARCHIVE)
            for family in Family:
                _put_back(telemetry, family, home.archive, archived_to)
            compact_all(telemetry)
        _is_archived(home, archived_to)
        return replace(stage, home=home)


def let_go_to(home: Home) -> dict[Family, int]:
    """Give the journal offset up to which old readings of each family went."""
    with closing(Telemetry(home.telemetry)) as telemetry:
        return {family: let_go_of(telemetry, family) for family in Family}


def _put_back(telemetry: Telemetry, family: Family, archive: Path, archived_to: int) -> None:
    old = _rows((part.path for part in parts_of(archive, Archived.READINGS) if part.family == family), family)
    beside = {"old": old}
    place = f"{KEY}, frame"
    twice = "SELECT frame FROM {} GROUP BY {} HAVING count(*) > 1"
    for table in ("old", f"{family}_rows"):
        assert telemetry.query(twice.format(table, place), (), beside).num_rows == 0, f"{table} twice"
    lost = f"FROM {family}_rows AS here ANTI JOIN old USING ({place}) WHERE here.frame < $1"
    assert telemetry.query(lost, [archived_to], beside).to_pylist() == [], "not archived"
    with telemetry.changing() as connection:
        connection.register("old", old)
        names = ", ".join(f'"{name}"' for name in READINGS[family].names)
        connection.execute(
            f"INSERT INTO {family}_rows ({names}) "  # noqa: S608 - a closed set
            f"SELECT {names} FROM old ANTI JOIN {family}_rows USING ({place})"
        )
        connection.unregister("old")


def _is_archived(home: Home, archived_to: int) -> None:
    """Hold the archive's raw frames against the journal's: each once, as it came."""
    paths = [part.path for part in parts_of(home.archive, Archived.FRAMES)]
    tables = [pq.read_table(path, partitioning=None) for path in paths]
    archived = sorted((row["frame"], row["payload"]) for table in tables for row in table.to_pylist())
    kept = [(row["frame"], row["payload"]) for row in kept_rows(home.journal) if row["frame"] < archived_to]
    assert archived == kept


def _rows(paths: Iterable[Path], family: Family) -> pa.Table:
    schema = READINGS[family]
    tables = [pq.read_table(path, partitioning=None).cast(schema) for path in paths]
    return pa.concat_tables([schema.empty_table(), *tables])
