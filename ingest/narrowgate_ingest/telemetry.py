"""The embedded telemetry store: readings in DuckDB, one row a key for every reader.

Rows are appended with their journal offset; a reader sees them merged by (device, series, time), field by
field, the newest frame winning. A write replaces all that stands of its stretch of the journal, in one
transaction with the store's own cursor: a batch is never in twice, never half, and when it is decided anew
after a crash the new decision stands.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import duckdb
import pyarrow as pa

from narrowgate_ingest.compaction import KEY, compaction, part_end
from narrowgate_ingest.duckdb_transaction import transaction
from narrowgate_ingest.older import Older
from narrowgate_ingest.segments import sync_directory, sync_file
from narrowgate_ingest.telemetry_readers import Readers
from narrowgate_ingest.telemetry_tables import grown, rows_tables, tables, views
from narrowgate_schema.tables import READINGS, SESSIONS
from narrowgate_schema.words import Family

FORMAT_VERSION = 1

_THREADS = 2
"""However many cores there are: each thread keeps memory of its own, and listeners want their cores."""
_AGAIN_FRAMES = 5000
"""Frames of one number in `again`, at most."""
_FEWEST_PART_ROWS = 1 << 10
_VERSION = ("session", "version")
_NOTHING: Mapping[str, pa.Table] = {}


class Telemetry:
    """The DuckDB file; one process owns it."""

    def __init__(self, path: Path, *, memory_limit: str = "96MB") -> None:
        """Open or make the file.

        Args:
            path: the file.
            memory_limit: what DuckDB may hold of tables and answers; more of an answer waits on disk.

        Raises:
            duckdb.Error: another process has it, or it cannot be opened.
            ValueError: another format version wrote it.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": memory_limit,
            "threads": _THREADS,
            "async_threads": 1,
            "TimeZone": "UTC",
            "autoinstall_known_extensions": False,
        }
        self.stretch_frames = 1 << 16
        """Journal rows that one call of `compact` looks at."""
        self.part_rows = 1 << 18
        """Readings among them that are looked at in one go, about; fewer once DuckDB could not hold them."""
        self.older: Older | None = None
        """Where readings stand that were let go of here."""
        self._is_shut = False
        self._connection = self._connected()
        self._readers = Readers(lambda: self._connection.cursor())

    def _connected(self) -> duckdb.DuckDBPyConnection:
        connection = duckdb.connect(str(self._path), config=self._config)
        with ExitStack() as undo:
            undo.callback(connection.close)
            self._check_version(connection)
            with transaction(connection):
                for statement in [*tables(), *grown(connection), *views()]:
                    connection.execute(statement)
                if _meta(connection, "format_version") is None:
                    connection.execute(
                        "INSERT INTO meta VALUES ('cursor', 0), ('format_version', ?)", [FORMAT_VERSION]
                    )
                if _meta(connection, "compacted") is None:
                    connection.execute("INSERT INTO meta VALUES ('compacted', 0)")
            undo.pop_all()
        return connection

    def _check_version(self, connection: duckdb.DuckDBPyConnection) -> None:
        tables = {name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables").fetchall()}
        version = _meta(connection, "format_version") if "meta" in tables else None
        if version not in (None, FORMAT_VERSION):
            raise ValueError(
                f"{self._path}: format version {version}; this release reads version {FORMAT_VERSION}"
            )

    def cursor(self) -> int:
        """Give the journal offset up to which rows are stored."""
        with self._revived():
            return _meta(self._connection, "cursor") or 0

    @contextmanager
    def changing(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Run a block as one transaction of the thread that writes; duckdb.Error if nothing was changed."""
        with self._revived(), transaction(self._connection) as connection:
            yield connection

    def meta(self, name: str) -> int:
        """Give a number that is noted here, from any thread; 0 where it never was."""
        found = self.query("SELECT coalesce(max(value), 0) AS value FROM meta WHERE name = $1", [name])
        return int(found["value"][0].as_py())

    def write(
        self,
        readings: Mapping[Family, pa.RecordBatch],
        sessions: pa.RecordBatch,
        start: int,
        until: int,
    ) -> None:
        """Store what the journal rows [start, until) gave, in place of what stood there of them.

        Raises:
            ValueError: `until` is before `start`.
            duckdb.Error: nothing was stored; the next call tries on a new connection if this one is done for.
        """
        if until < start:
            raise ValueError(f"rows from {start} to {until} are none")
        with self._revived():
            self._replace(readings, sessions, start, until)

    @contextmanager
    def _revived(self) -> Iterator[None]:
        """Open the file anew where a failed write shut it: it has all that was committed.

        Who reads is waited for: as long as anybody has it open, what is opened is what was shut.
        """
        if self._is_shut:
            self._reopen()
        try:
            yield
        except duckdb.FatalException:
            self._is_shut = True
            self._reopen()
            raise

    def _reopen(self) -> None:
        with self._readers.shut():
            with suppress(duckdb.Error):
                self._connection.close()
            self._connection = self._connected()
        self._is_shut = False

    def _replace(
        self, readings: Mapping[Family, pa.RecordBatch], sessions: pa.RecordBatch, start: int, until: int
    ) -> None:
        done = self.cursor()
        parts = [(f"{family}_rows", rows, READINGS[family]) for family, rows in readings.items()]
        with transaction(self._connection) as connection:
            if done > start:
                for table in (*(f"{family}_rows" for family in Family), "session_rows"):
                    connection.execute(
                        f"DELETE FROM {table} WHERE frame >= ? AND frame < ?",  # noqa: S608
                        [start, until],
                    )
            for table, rows, schema in [*parts, ("session_rows", sessions, SESSIONS)]:
                self._append(table, rows, schema)
            connection.execute("UPDATE meta SET value = ? WHERE name = 'cursor'", [max(done, until)])

    def write_again(
        self, readings: Mapping[Family, pa.RecordBatch], sessions: pa.RecordBatch, frames: Sequence[int]
    ) -> None:
        """Add what frames before the cursor gave when they were run again; twice is the same as once.

        Rows that stand already stay. `again` names the frames under a new number, for those who read on
        behind the cursor. Of keys that were let go of all that the archive has comes back with them.

        Raises:
            duckdb.Error, OSError: nothing was stored.
        """
        back = self._back(readings)
        with self.changing() as connection:
            for given in (readings, back):
                for family, rows in given.items():
                    self._append(f"{family}_rows", rows, READINGS[family], f"{KEY}, frame")
            for session, version in zip(*(sessions[name].to_pylist() for name in _VERSION), strict=True):
                connection.execute(
                    "DELETE FROM session_rows WHERE session = ? AND version = ?", [session, version]
                )
            self._append("session_rows", sessions, SESSIONS)
            (number,) = connection.execute("SELECT coalesce(max(number), 0) + 1 FROM again").fetchall()[0]
            connection.executemany("INSERT INTO again VALUES (?, ?)", [[number, each] for each in frames])

    def replace_frames(
        self,
        readings: Mapping[Family, pa.RecordBatch],
        frames: Sequence[int],
        sessions: pa.RecordBatch,
        since: tuple[int, Sequence[str]],
    ) -> None:
        """Let frames before the cursor have given these readings and no others; twice is the same as once.

        `again` names the frames, a portion a number, for those who read on behind the cursor. Of keys that
        were let go of all that the archive has comes back with them.

        Args:
            readings: what the frames give.
            frames: their journal offsets.
            sessions: take the place of all versions of some sessions from an offset on.
            since: that offset, and which sessions they are.

        Raises:
            duckdb.Error, OSError: nothing was stored.
        """
        first, named = since
        back = self._back(readings, set(frames))
        with self.changing() as connection:
            connection.register("named", pa.table({"frame": pa.array(sorted(frames), pa.int64())}))
            try:
                for family in Family:
                    connection.execute(f"DELETE FROM {family}_rows WHERE frame IN (FROM named)")  # noqa: S608
                connection.execute(
                    "INSERT INTO again SELECT (SELECT coalesce(max(number), 0) FROM again) + 1 + "
                    "(row_number() OVER (ORDER BY frame) - 1) // ?, frame FROM named",
                    [_AGAIN_FRAMES],
                )
            finally:
                connection.unregister("named")
            connection.execute(
                "DELETE FROM session_rows WHERE frame >= $1 AND list_contains($2::VARCHAR[], session)",
                [first, list(named)],
            )
            for family, rows in readings.items():
                self._append(f"{family}_rows", rows, READINGS[family])
            for family, rows in back.items():
                self._append(f"{family}_rows", rows, READINGS[family], f"{KEY}, frame")
            self._append("session_rows", sessions, SESSIONS)

    def _back(
        self, readings: Mapping[Family, pa.RecordBatch], but: Collection[int] = ()
    ) -> dict[Family, pa.RecordBatch]:
        """Give what the archive has of the keys of readings that were let go of, but of some frames."""
        if self.older is None:
            return {}
        return {family: self.older.beside(family, rows, but) for family, rows in readings.items()}

    def rows_from(self, device: str) -> int:
        """Give the number of rows of a device, sessions among them."""
        return self._count((*(f"{family}_rows" for family in Family), "session_rows"), "device", device)

    def rows_of(self, frame: int) -> int:
        """Give the number of readings of a frame."""
        return self._count([f"{family}_rows" for family in Family], "frame", frame)

    def _count(self, tables: Iterable[str], column: str, value: str | int) -> int:
        counts = " UNION ALL ".join(
            f'SELECT count(*) AS n FROM {table} WHERE "{column}" = $1'  # noqa: S608 - a closed set
            for table in tables
        )
        ((rows,),) = self._connection.execute(f"SELECT sum(n) FROM ({counts})", [value]).fetchall()  # noqa: S608
        return int(rows)

    def frames_between(self, start: int, until: int) -> set[int]:
        """Give the frames of journal rows [start, until) that a reading came from; from any thread."""
        frames = " UNION ALL ".join(
            f"SELECT frame FROM {family}_rows WHERE frame >= $1 AND frame < $2"  # noqa: S608 - a closed set
            for family in Family
        )
        return set(self.query(f"SELECT DISTINCT frame FROM ({frames})", [start, until])["frame"].to_pylist())  # noqa: S608

    def copy_to(self, path: Path) -> None:
        """Write a whole copy of the store into a new file; readers and this store go on as they are.

        Raises:
            duckdb.Error: the copy is not whole.
        """
        copy = str(path).replace("'", "''")
        connection = self._connection.cursor()
        connection.execute(f"ATTACH '{copy}' AS copied")
        try:
            with transaction(connection):
                for (name,) in connection.execute(
                    "SELECT table_name FROM duckdb_tables WHERE database_name = current_database()"
                ).fetchall():
                    connection.execute(f'CREATE TABLE copied."{name}" AS SELECT * FROM "{name}"')  # noqa: S608
            connection.execute("CHECKPOINT copied")  # the file alone is the copy
        finally:
            connection.execute("DETACH copied")
            connection.close()

    def erase(self, device: str) -> int:
        """Let go of a device's rows, and of the file's blocks that had them; give how many there were.

        The file is written anew without them and takes the other's place; readers wait meanwhile.

        Raises:
            duckdb.Error, OSError: call again; the rows may be gone, the blocks are not.
        """
        gone = 0
        with self.changing() as connection:
            for table in rows_tables(connection):
                sql = f'DELETE FROM "{table}" WHERE device = ?'  # noqa: S608 - names of our own
                gone += connection.execute(sql, [device]).fetchall()[0][0]
        beside = self._path.with_name(f"{self._path.name}.rebuilt")
        for left in (beside, beside.with_name(f"{beside.name}.wal")):
            left.unlink(missing_ok=True)
        self.copy_to(beside)
        sync_file(beside)
        with self._readers.shut():
            # What is in the log only is in the copy, too: a log that stays would be read into it.
            self._connection.execute("CHECKPOINT")
            self._connection.close()
            try:
                self._path.with_name(f"{self._path.name}.wal").unlink(missing_ok=True)
                beside.rename(self._path)
                sync_directory(self._path.parent)
            finally:
                self._connection = self._connected()
        return gone

    def _append(self, table: str, rows: pa.RecordBatch, schema: pa.Schema, unless: str = "") -> None:
        """Append rows, those aside whose columns `unless` stand in a row already."""
        if rows.num_rows == 0:
            return
        self._connection.register("incoming", pa.Table.from_batches([rows], schema))
        try:
            columns = ", ".join(f'"{name}"' for name in schema.names)
            missing = f"ANTI JOIN {table} USING ({unless})" if unless else ""
            self._connection.execute(
                f"INSERT INTO {table} ({columns}) SELECT {columns} FROM incoming {missing}"  # noqa: S608
            )
        finally:
            with suppress(duckdb.Error):  # what failed is told, not that the transaction is over with it
                self._connection.unregister("incoming")

    def compact(self, before: int) -> int:
        """Let go of rows that no reader sees any more: newer frames have stated all that they state.

        A call looks at the keys of the next `stretch_frames`, where the last call ended, and does nothing
        before a whole stretch is settled. What still shows stays as it came, under its frame, so that a frame
        run again later finds its place between the others.

        Args:
            before: the offset up to which the state is settled: rows behind it may yet be replaced.

        Returns:
            The number of rows let go of.

        Raises:
            duckdb.Error: what was looked at before is compacted, nothing else was changed.
        """
        start = _meta(self._connection, "compacted") or 0
        until = start + self.stretch_frames
        if until > min(before, self.cursor()):
            return 0
        gone = 0
        while start < until:
            end = part_end(self._connection, start, until, self.part_rows)
            try:
                gone += self._compact_part(start, end)
            except duckdb.OutOfMemoryException:
                if self.part_rows <= _FEWEST_PART_ROWS:
                    raise
                self.part_rows //= 2
            else:
                start = end
        return gone

    def _compact_part(self, start: int, until: int) -> int:
        gone = 0
        with self.changing() as connection:
            for family in Family:
                gone += connection.execute(compaction(family), [start, until]).fetchall()[0][0]
            connection.execute("UPDATE meta SET value = ? WHERE name = 'compacted'", [until])
        return gone

    def query(
        self, sql: str, parameters: Sequence[object] = (), beside: Mapping[str, pa.Table] = _NOTHING
    ) -> pa.Table:
        """Give the rows of a SELECT over a family's name or `sessions`, from any thread.

        Args:
            sql: the question.
            parameters: of its places.
            beside: further tables that it names.
        """
        with self._readers.connection() as reader, ExitStack() as ending:
            for name, table in beside.items():
                reader.register(name, table)
                ending.callback(reader.unregister, name)
            return reader.sql(sql, params=list(parameters)).to_arrow_table()

    def close(self) -> None:
        """Close the file; what is not written out yet stays in its log."""
        with suppress(duckdb.Error):
            self._connection.execute("CHECKPOINT")
        self._connection.close()


def _meta(connection: duckdb.DuckDBPyConnection, name: str) -> int | None:
    rows = connection.execute("SELECT value FROM meta WHERE name = ?", [name]).fetchall()
    return int(rows[0][0]) if rows else None
