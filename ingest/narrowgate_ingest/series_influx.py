"""Series questions answered by InfluxDB, in InfluxQL: 1.x and 3.x have it, 2.x by a database mapping."""

import http.client
import json
from collections.abc import Iterator
from threading import BoundedSemaphore
from typing import Any

import pyarrow as pa

from narrowgate_ingest.influx_client import InfluxClient, SecretUnreadable, Target
from narrowgate_ingest.series import (
    Aggregate,
    Question,
    SeriesUnreadable,
    answer_schema,
    checked_bucket,
)

_MOST_ANSWER_BYTES = 64 << 20
_DEVICES_A_QUERY = 500
_MOST_AT_ONCE = 2
"""Questions that may wait for the server: whoever else asks is told so, and answers about all else go on."""
_ROOM_S = 1.0
_KEY = ("device", "series", "time")


class InfluxSeries:
    """Asks the readings in one InfluxDB."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self._room = BoundedSemaphore(_MOST_AT_ONCE)

    def range(self, question: Question, *, most_rows: int) -> pa.Table:
        """Give the values as they are."""
        select = f'SELECT "{question.field}" AS "value", "device", "series"'
        schema = answer_schema(question)
        rows: list[dict[str, Any]] = []
        if most_rows < 1:
            return schema.empty_table()  # to InfluxQL, LIMIT 0 is no limit
        for condition in _conditions(question):
            part = self._rows(question, f"{select} {condition} ORDER BY time LIMIT {most_rows:d}")
            if len(part) == most_rows:
                # The limit may have cut the last instant in two: all of it is needed to tell what is first.
                at_us = part[-1]["time"]
                part = [row for row in part if row["time"] != at_us]
                part += self._rows(question, f"{select} {condition} AND time = {at_us:d}u")
            rows += part
        return _table(rows, schema, by=("time", "device", "series")).slice(0, most_rows)

    def downsample(self, question: Question, bucket_us: int, aggregate: Aggregate) -> pa.Table:
        """Give a value a bucket."""
        schema = answer_schema(question, aggregate)
        select = f'SELECT {aggregate}("{question.field}") AS "value"'
        group = f'GROUP BY time({checked_bucket(bucket_us)}u), "device", "series" fill(none)'
        return self._all(question, select, group, schema)

    def last(self, question: Question) -> pa.Table:
        """Give the newest value of each series."""
        select = f'SELECT last("{question.field}") AS "value"'
        return self._all(question, select, 'GROUP BY "device", "series"', answer_schema(question))

    def _all(self, question: Question, select: str, group: str, schema: pa.Schema) -> pa.Table:
        rows: list[dict[str, Any]] = []
        for condition in _conditions(question):
            rows += self._rows(question, f"{select} {condition} {group}")
        return _table(rows, schema, by=_KEY)

    def _rows(self, question: Question, influxql: str) -> list[dict[str, Any]]:
        """Give an answer's rows, tags included."""
        try:
            return [
                {**each.get("tags", {}), **dict(zip(each["columns"], values, strict=True))}
                for each in self._series(influxql)
                for values in each.get("values", [])
            ]
        except (KeyError, TypeError, ValueError, AttributeError):
            raise self._unreadable("an answer in another form than InfluxDB's") from None

    def _series(self, influxql: str) -> list[dict[str, Any]]:
        if not self._room.acquire(timeout=_ROOM_S):
            raise self._unreadable(f"{_MOST_AT_ONCE} questions wait for its answer already")
        client = InfluxClient(self.target)
        try:
            answer = client.ask(influxql, most_bytes=_MOST_ANSWER_BYTES)
        except (OSError, http.client.HTTPException, SecretUnreadable, UnicodeError) as error:
            raise self._unreadable(f"{type(error).__name__}: {error}") from error
        finally:
            client.close()
            self._room.release()
        if len(answer.body) >= _MOST_ANSWER_BYTES:
            raise self._unreadable("the answer is too large: ask for less")
        try:
            said = json.loads(answer.body)
        except (ValueError, RecursionError):
            raise self._unreadable(f"status {answer.status}, and no JSON") from None
        return self._checked(answer.status, said)

    def _checked(self, status: int, said: Any) -> list[dict[str, Any]]:
        result = said["results"][0] if isinstance(said, dict) and said.get("results") else said
        if status != 200 or not isinstance(result, dict) or "error" in result:
            words = result.get("error") or result.get("message") if isinstance(result, dict) else said
            raise self._unreadable(f"{status} {words}")
        series: list[dict[str, Any]] = result.get("series", [])
        if result.get("partial") or any(each.get("partial") for each in series):
            raise self._unreadable("the server cut its answer: ask for less")
        return series

    def _unreadable(self, words: str) -> SeriesUnreadable:
        return SeriesUnreadable(f"InfluxDB {self.target.name}: {words}")


def _conditions(question: Question) -> Iterator[str]:
    """Yield FROM and WHERE clauses that together cover a question, each of bounded length."""
    span = f'FROM "{question.family}" WHERE time >= {question.start_us:d}u AND time < {question.end_us:d}u'
    if question.devices is None:
        yield span
        return
    devices = sorted(set(question.devices))
    for start in range(0, len(devices), _DEVICES_A_QUERY):
        names = devices[start : start + _DEVICES_A_QUERY]
        yield f"{span} AND ({' OR '.join(_is_device(name) for name in names)})"


def _is_device(name: str) -> str:
    r"""Give the condition on a device; InfluxQL wants ', \ and newline behind a backslash."""
    escaped = name.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")
    return f"\"device\" = '{escaped}'"


def _table(rows: list[dict[str, Any]], schema: pa.Schema, by: tuple[str, ...]) -> pa.Table:
    """Give rows as a table; a number is a float where the field is one, though JSON writes 1 for 1.0."""
    columns = {name: [row[name] for row in rows] for name in ("time", "value")}
    columns |= {name: [row[name] or "" for row in rows] for name in ("device", "series")}
    value_type = schema.field("value").type
    if pa.types.is_floating(value_type):
        columns["value"] = [float(value) for value in columns["value"]]
    table = pa.table({name: pa.array(columns[name], schema.field(name).type) for name in schema.names})
    return table.sort_by([(name, "ascending") for name in by])
