"""Takes back what an InfluxDB was told: all of an erased device, or points that frames no longer give.

What is to be taken back stands in state.db until the server has done it. A point that still stands here is
sent again as it stands.

Rule 1: nothing is sent of a key while it is to be taken back.
"""

import http.client
import json
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing

import pyarrow as pa

from narrowgate_ingest.follower import Follower
from narrowgate_ingest.influx_answer import Answer
from narrowgate_ingest.influx_client import InfluxClient, SecretUnreadable
from narrowgate_schema.words import Family

_AGAIN_S = 30.0
"""Pause after a server would not take something back [s]."""
_MOST_POINTS = 500
_FIRST, _LAST = "1677-09-22T00:00:00Z", "2262-04-11T00:00:00Z"

Point = tuple[str, str, str, int]
"""Family, device, series, time [us]."""
Send = Callable[[Mapping[Family, pa.RecordBatch]], None]


class Unsaying:
    """What one store has to take back."""

    def __init__(
        self, name: str, client: InfluxClient, state: sqlite3.Connection, follower: Follower
    ) -> None:
        self._name, self._client, self._state, self._follower = name, client, state, follower
        self._not_before_s = 0.0

    def run(self, send: Send) -> bool:
        """Take back what is asked for; what the server refuses stays, with its words, for later.

        Args:
            send: sends readings.

        Returns:
            Whether there was anything to take back.
        """
        if time.monotonic() < self._not_before_s or not (self._devices() or self._points()):
            return False
        try:
            words = self._unsay(send)
        except SecretUnreadable as error:
            words = str(error)
        except (OSError, http.client.HTTPException) as error:
            words = f"{type(error).__name__}: {error}"
        if words:
            self._not_before_s = time.monotonic() + _AGAIN_S
            self._state.execute("UPDATE unsaid SET words = ? WHERE store = ?", (words[:300], self._name))
        return True

    def _devices(self) -> list[str]:
        rows = self._state.execute("SELECT device FROM unsaid WHERE store = ?", (self._name,))
        return [device for (device,) in rows]

    def _points(self) -> list[Point]:
        return self._state.execute(
            "SELECT family, device, series, time FROM unsaid_points WHERE store = ? LIMIT ?",
            (self._name, _MOST_POINTS),
        ).fetchall()

    def _unsay(self, send: Send) -> str:
        """Give the server's words if it would not; empty if all is done."""
        for device in self._devices():
            if words := self._asked(self._device_deleted(device)):
                return words
            self._let_go("DELETE FROM unsaid WHERE store = ? AND device = ?", [(self._name, device)])
        while points := self._points():
            for answer in self._points_deleted(points):
                if words := self._asked(answer):
                    return words
            keys = {
                family: [(point[1], point[2], point[3]) for point in points if point[0] == family]
                for family in Family
            }
            send({family: self._follower.keyed(family, keys[family]) for family in Family})
            self._let_go(
                "DELETE FROM unsaid_points WHERE store = ? AND family = ? AND device = ? AND series = ? "
                "AND time = ?",
                [(self._name, *point) for point in points],
            )
        return ""

    def _let_go(self, sql: str, rows: Sequence[tuple[object, ...]]) -> None:
        # What is let go of here may be the last place that names an erased device.
        self._state.execute("PRAGMA secure_delete = ON")
        self._state.execute("BEGIN IMMEDIATE")
        with closing(self._state.cursor()) as cursor:
            cursor.executemany(sql, rows)
        self._state.execute("COMMIT")
        self._state.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _device_deleted(self, device: str) -> Answer:
        if self._client.target.api == "v1":
            measurements = ", ".join(f'"{family}"' for family in Family)
            sql = f'DROP SERIES FROM {measurements} WHERE "device" = {_literal(device)}'
            return self._client.ask(sql, most_bytes=1 << 16)
        return self._client.delete(
            {"start": _FIRST, "stop": _LAST, "predicate": f"device={json.dumps(device)}"}
        )

    def _points_deleted(self, points: Sequence[Point]) -> list[Answer]:
        if self._client.target.api == "v1":
            statements = [
                f'DELETE FROM "{family}" WHERE "device" = {_literal(device)} '  # noqa: S608 - InfluxQL
                f'AND "series" = {_literal(series)} AND time = {time_us * 1000}'
                for family, device, series, time_us in points
            ]
            return [self._client.ask("; ".join(statements), most_bytes=1 << 20)]
        return [self._client.delete(_predicate(*point)) for point in points]

    @staticmethod
    def _asked(answer: Answer) -> str:
        """Give why a server did not delete; empty if it did."""
        if answer.status in (404, 405, 501):
            return f"the server deletes nothing (HTTP {answer.status}): do it there by its own means"
        said = answer.body.decode("utf-8", "replace")
        if answer.status >= 300 or '"error"' in said:
            return f"HTTP {answer.status}: {' '.join(said.split())[:200]}"
        return ""


def _predicate(family: str, device: str, series: str, time_us: int) -> dict[str, str]:
    which = [f'_measurement="{family}"', f"device={json.dumps(device)}"]
    if series:
        which.append(f"series={json.dumps(series)}")
    return {"start": _rfc3339(time_us), "stop": _rfc3339(time_us + 1), "predicate": " AND ".join(which)}


def _rfc3339(time_us: int) -> str:
    seconds, rest_us = divmod(time_us, 1_000_000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{rest_us:06d}Z"


def _literal(text: str) -> str:
    """Give a text as InfluxQL writes it."""
    quoted = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{quoted}'"
