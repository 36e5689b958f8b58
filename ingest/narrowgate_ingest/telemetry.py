"""The embedded telemetry store: readings in DuckDB, one row a key for every reader.

Rows are appended with their journal offset; a reader sees them merged by (device, series, time), field by
field, the newest frame winning. Rows and the store's own cursor are one transaction, so a batch is never in
twice and never half.
"""

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa

from narrowgate_schema.fields import fields_of
from narrowgate_schema.tables import READINGS, SESSIONS
from narrowgate_schema.words import Family

FORMAT_VERSION = 1

_SQL_TYPES = {
    "float64": "DOUBLE",
    "int64": "BIGINT",
    "bool": "BOOLEAN",
    "string": "VARCHAR",
    "timestamp": "TIMESTAMPTZ",
}
_KEY = "device, series, time"


def _tables() -> list[str]:
    statements = [
        "CREATE TABLE IF NOT EXISTS meta (name VARCHAR, value BIGINT)",
        "CREATE TABLE IF NOT EXISTS session_rows (session VARCHAR, version BIGINT, device VARCHAR, "
        "series VARCHAR, asset VARCHAR, arrived_at TIMESTAMPTZ, departed_at TIMESTAMPTZ, frame BIGINT)",
        "CREATE OR REPLACE VIEW sessions AS SELECT * FROM session_rows "
        "QUALIFY row_number() OVER (PARTITION BY session ORDER BY version DESC) = 1",
    ]
    for family in Family:
        fields = fields_of(family)
        columns = ", ".join(f'"{f.name}" {_SQL_TYPES[f.dtype]}' for f in fields)
        merged = ", ".join(
            "max(frame) AS frame" if f.name == "frame" else f'arg_max("{f.name}", frame) AS "{f.name}"'
            for f in fields
            if f.kind != "key"
        )
        statements.append(f"CREATE TABLE IF NOT EXISTS {family}_rows ({columns})")
        statements.append(
            f"CREATE OR REPLACE VIEW {family} AS SELECT {_KEY}, {merged} FROM {family}_rows GROUP BY {_KEY}"  # noqa: S608
        )
    return statements


class Telemetry:
    """The DuckDB file; one process owns it."""

    def __init__(self, path: Path, *, memory_limit: str = "256MB") -> None:
        """Open or make the file.

        Raises:
            duckdb.IOException: another process has it, or it cannot be opened.
            ValueError: another format version wrote it.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._connection = duckdb.connect(
            str(path),
            config={"memory_limit": memory_limit, "TimeZone": "UTC", "autoinstall_known_extensions": False},
        )
        self._readers = threading.local()
        for statement in _tables():
            self._connection.execute(statement)
        self._check_version()

    def _check_version(self) -> None:
        rows = dict(self._connection.execute("SELECT name, value FROM meta").fetchall())
        version = rows.setdefault("format_version", FORMAT_VERSION)
        if version != FORMAT_VERSION:
            raise ValueError(
                f"{self._path}: format version {version}; this release reads version {FORMAT_VERSION}"
            )
        if "cursor" not in rows:
            self._connection.execute(
                "INSERT INTO meta VALUES ('cursor', 0), ('format_version', ?)", [version]
            )

    def cursor(self) -> int:
        """Give the journal offset up to which rows are stored."""
        row = self._connection.execute("SELECT value FROM meta WHERE name = 'cursor'").fetchone()
        return int(row[0]) if row is not None else 0

    def write(self, readings: Mapping[Family, pa.RecordBatch], sessions: pa.RecordBatch, until: int) -> None:
        """Store rows and move the cursor to `until`, as one transaction.

        Rows of frames before the cursor are there already and passed over.

        Raises:
            duckdb.Error: nothing was stored.
        """
        done = self.cursor()
        if until <= done:
            return
        connection = self._connection
        connection.execute("BEGIN")
        try:
            for family, rows in readings.items():
                self._append(f"{family}_rows", rows, READINGS[family], done)
            self._append("session_rows", sessions, SESSIONS, done)
            connection.execute("UPDATE meta SET value = ? WHERE name = 'cursor'", [until])
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise

    def _append(self, table: str, rows: pa.RecordBatch, schema: pa.Schema, done: int) -> None:
        if rows.num_rows == 0:
            return
        self._connection.register("incoming", pa.Table.from_batches([rows], schema))
        try:
            columns = ", ".join(f'"{name}"' for name in schema.names)
            self._connection.execute(
                f"INSERT INTO {table} ({columns}) SELECT {columns} FROM incoming WHERE frame >= ?",  # noqa: S608
                [done],
            )
        finally:
            self._connection.unregister("incoming")

    def compact(self) -> None:
        """Rewrite keys that have more than one row as one; readers see no difference."""
        for family in Family:
            names = ", ".join(f'"{field.name}"' for field in fields_of(family))
            self._connection.execute("BEGIN")
            try:
                self._connection.execute(
                    f"CREATE TEMP TABLE doubled AS SELECT {names} FROM {family} SEMI JOIN "  # noqa: S608
                    f"(SELECT {_KEY} FROM {family}_rows GROUP BY {_KEY} HAVING count(*) > 1) USING ({_KEY})"
                )
                self._connection.execute(
                    f"DELETE FROM {family}_rows WHERE ({_KEY}) IN (SELECT ({_KEY}) FROM doubled)"  # noqa: S608
                )
                self._connection.execute(f"INSERT INTO {family}_rows ({names}) SELECT {names} FROM doubled")  # noqa: S608
                self._connection.execute("DROP TABLE doubled")
                self._connection.execute("COMMIT")
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise

    def query(self, sql: str, parameters: Sequence[object] = ()) -> pa.Table:
        """Give the rows of a SELECT over `water`, `parking`, `lighting` and `sessions`, from any thread."""
        reader = getattr(self._readers, "connection", None)
        if reader is None:
            reader = self._readers.connection = self._connection.cursor()
        return reader.sql(sql, params=list(parameters)).to_arrow_table()

    def close(self) -> None:
        """Write the file out and close it."""
        self._connection.execute("CHECKPOINT")
        self._connection.close()
