"""Which rows of telemetry no reader sees any more, as SQL.

A key's fields are each the newest frame's that states it. A row is hidden whose every field newer frames of
its key have stated again.
"""

import duckdb

from narrowgate_schema.fields import fields_of
from narrowgate_schema.words import Family

KEY = "device, series, time"


def is_hidden(family: Family) -> str:
    """Give the condition of rows that are hidden, over a window `same` of the rows of their key."""
    states = (f.name for f in fields_of(family) if f.kind != "key" and f.name != "frame")
    return " AND ".join(
        ["frame < max(frame) OVER same"]
        + [
            f'("{name}" IS NULL OR frame < max(frame) FILTER ("{name}" IS NOT NULL) OVER same)'
            for name in states
        ]
    )


def compaction(family: Family) -> str:
    """Give the statement that deletes the hidden rows of keys that the frames [$1, $2) have.

    Whole rows are read of keys only that stand more than once: most stand once.
    """
    rows = f"{family}_rows"
    keys = f"SELECT DISTINCT {KEY} FROM {rows} WHERE frame >= $1 AND frame < $2"  # noqa: S608
    twice = (
        f"SELECT {KEY} FROM {rows} SEMI JOIN ({keys}) USING ({KEY}) "  # noqa: S608 - a closed set
        f"WHERE frame < $2 GROUP BY {KEY} HAVING count(*) > 1"
    )
    hidden = (
        f"SELECT rowid AS place, {is_hidden(family)} AS hidden FROM "  # noqa: S608 - a closed set
        f"(SELECT rowid, * FROM {rows} WHERE frame < $2) SEMI JOIN ({twice}) USING ({KEY}) "
        f"WINDOW same AS (PARTITION BY {KEY})"
    )
    return f"DELETE FROM {rows} WHERE rowid IN (SELECT place FROM ({hidden}) WHERE hidden)"  # noqa: S608


def part_end(connection: duckdb.DuckDBPyConnection, start: int, until: int, readings: int) -> int:
    """Give where the first part of the frames [start, until) ends that has about so many readings, at most.

    What DuckDB needs for a part goes by its readings, and a frame may tell a day of them.
    """
    counts = " UNION ALL ".join(
        f"SELECT count(*) AS n FROM {family}_rows WHERE frame >= $1 AND frame < $2"  # noqa: S608 - a closed set
        for family in Family
    )
    while True:
        sql = f"SELECT sum(n)::BIGINT FROM ({counts})"  # noqa: S608
        ((rows,),) = connection.execute(sql, [start, until]).fetchall()
        if rows <= readings or until - start <= 1:
            return until
        until = start + max(1, (until - start) * readings // rows)


def hidden_among(family: Family) -> str:
    """Give the question which rows of a table `given` are hidden, once they stand for the frames `asked`.

    Rows of other frames are the store's, and those of a table `older`.
    """
    names = ", ".join(f'"{f.name}"' for f in fields_of(family))
    others = (
        f"SELECT {names} FROM (SELECT {names} FROM {family}_rows UNION SELECT {names} FROM older) "  # noqa: S608
        f"SEMI JOIN given USING ({KEY}) WHERE frame NOT IN (SELECT frame FROM asked)"
    )
    return (
        f"SELECT frame, device, series, epoch_us(time) AS time FROM (SELECT *, {is_hidden(family)} AS hidden "  # noqa: S608
        f"FROM (SELECT {names} FROM given UNION ALL {others}) WINDOW same AS (PARTITION BY {KEY})) "
        "WHERE hidden AND frame IN (SELECT frame FROM asked)"
    )
