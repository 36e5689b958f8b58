"""The tables of the embedded telemetry store: made of the families' declarations, and grown with them.

A family that is gone leaves its table as it is: nothing of it is read, and an erasure reaches it still.
"""

import duckdb

from narrowgate_ingest.compaction import KEY
from narrowgate_schema.fields import fields_of
from narrowgate_schema.words import Family

_SQL_TYPES = {
    "float64": "DOUBLE",
    "int64": "BIGINT",
    "bool": "BOOLEAN",
    "string": "VARCHAR",
    "timestamp": "TIMESTAMPTZ",
}
_STORED_AS = {"TIMESTAMPTZ": "TIMESTAMP WITH TIME ZONE"}


def _merged(family: Family) -> str:
    """Give the columns of merged rows but their key: each from the newest frame that states it."""
    return ", ".join(
        "max(frame) AS frame" if f.name == "frame" else f'arg_max("{f.name}", frame) AS "{f.name}"'
        for f in fields_of(family)
        if f.kind != "key"
    )


def tables() -> list[str]:
    """Give the statements that make what is not there yet."""
    statements = [
        "CREATE TABLE IF NOT EXISTS meta (name VARCHAR, value BIGINT)",
        "CREATE TABLE IF NOT EXISTS again (number BIGINT, frame BIGINT)",
        "CREATE TABLE IF NOT EXISTS session_rows (session VARCHAR, version BIGINT, device VARCHAR, "
        "series VARCHAR, asset VARCHAR, arrived_at TIMESTAMPTZ, departed_at TIMESTAMPTZ, frame BIGINT)",
        "CREATE OR REPLACE VIEW sessions AS SELECT * FROM session_rows "
        "QUALIFY row_number() OVER (PARTITION BY session ORDER BY version DESC) = 1",
    ]
    for family in Family:
        columns = ", ".join(f'"{f.name}" {_SQL_TYPES[f.dtype]}' for f in fields_of(family))
        statements.append(f"CREATE TABLE IF NOT EXISTS {family}_rows ({columns})")
    return statements


def views() -> list[str]:
    """Give the statements that show each family merged."""
    return [
        f"CREATE OR REPLACE VIEW {family} AS SELECT {KEY}, {_merged(family)} "  # noqa: S608
        f"FROM {family}_rows GROUP BY {KEY}"
        for family in Family
    ]


def _columns(connection: duckdb.DuckDBPyConnection) -> dict[str, dict[str, str]]:
    """Give the SQL type of each column of the tables of rows, by table."""
    found: dict[str, dict[str, str]] = {}
    for table, name, dtype in connection.execute(
        "SELECT table_name, column_name, data_type FROM duckdb_columns "
        "WHERE database_name = current_database() AND NOT internal AND table_name LIKE '%\\_rows' ESCAPE '\\'"
    ).fetchall():
        found.setdefault(table, {})[name] = dtype
    return found


def rows_tables(connection: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    """Give the tables that have rows of devices, those of families that are gone among them."""
    return tuple(table for table, columns in _columns(connection).items() if "device" in columns)


def grown(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Give the statements that add what a family has gained since its table was made.

    Raises:
        ValueError: a column is of another type than its family declares.
    """
    statements, there = [], _columns(connection)
    for family in Family:
        table = there.get(f"{family}_rows")
        for field in fields_of(family) if table is not None else ():
            wanted = _SQL_TYPES[field.dtype]
            found = table.get(field.name) if table is not None else None
            if found is None:
                statements.append(f'ALTER TABLE {family}_rows ADD COLUMN "{field.name}" {wanted}')
            elif found != _STORED_AS.get(wanted, wanted):
                raise ValueError(f"{family}.{field.name} is stored as {found}; the family declares {wanted}")
    return statements
