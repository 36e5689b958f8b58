"""How long telemetry keeps readings: what is older, and in the archive, goes behind the pipeline.

Rule 1: a row goes only once the archive has it, and once whoever follows has taken what was run again.
Rule 2: a key goes whole, with its newest frame: a reader sees all of a reading or none of it.
Rule 3: what followers have not read they find in the archive: the offset up to which rows went moves in the
        same transaction.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from narrowgate_ingest.compaction import KEY
from narrowgate_ingest.stays_kept import StaysKept
from narrowgate_ingest.telemetry import Telemetry
from narrowgate_schema.clock import Clock
from narrowgate_schema.words import Family

_DAY_US = 86_400_000_000
_LOOK_EVERY_S = 60.0
_LET_GO, _SINCE = "let_go ", "since "


@dataclass(frozen=True)
class Reached:
    """How far others are."""

    settled: int
    """Journal offset up to which the state is settled and the archive written."""
    again: int
    """Number of frames run again that the archive and every follower have taken."""


class Retention:
    """Lets telemetry go of old readings, a stretch at a time."""

    def __init__(
        self,
        telemetry: Telemetry,
        keep_days: Mapping[Family, int],
        reached: Callable[[], Reached],
        clock: Clock,
        *,
        stays_days: int = 0,
        look_every_s: float = _LOOK_EVERY_S,
    ) -> None:
        """Keep readings of a family for so many days; 0, or none said, keeps all.

        Args:
            telemetry: the store.
            keep_days: by family, counted from the newest reading where the clock is ahead of it.
            reached: says how far archive and followers are.
            clock: says what is old.
            stays_days: how long ended stays are kept; 0 keeps all.
            look_every_s: pause between two looks that found nothing [s].
        """
        self._telemetry = telemetry
        self._keep_days = keep_days
        self._reached = reached
        self._clock = clock
        self._stays = StaysKept(telemetry, stays_days, clock)
        self._look_every_s = look_every_s
        self._not_before_s = 0.0

    def step(self) -> int:
        """Let go of one stretch of each family, where something is due; give how many rows went.

        Raises:
            duckdb.Error, sqlite3.Error: nothing was changed of the family it was at.
        """
        if time.monotonic() < self._not_before_s:
            return 0
        reached, gone = self._reached(), 0
        for family, days in self._keep_days.items():
            if days:
                gone += self._let_go(family, days, reached)
        gone += self._stays.step(reached.settled)
        self._forget_again(reached.again)
        if not gone:
            self._not_before_s = time.monotonic() + self._look_every_s
        return gone

    def _let_go(self, family: Family, days: int, reached: Reached) -> int:
        start, until, before_us = self._stretch(family, days, reached.settled)
        if until <= start:
            return 0
        with self._telemetry.changing() as connection:
            keys = f"SELECT DISTINCT {KEY} FROM {family}_rows WHERE frame >= {start} AND frame < {until}"  # noqa: S608
            sql = _letting_go(family, keys)
            gone = connection.execute(sql, [until, reached.again]).fetchall()[0][0]
            for name, value in ((f"{_LET_GO}{family}", until), (f"{_SINCE}{family}", before_us)):
                connection.execute("DELETE FROM meta WHERE name = ?", [name])
                connection.execute("INSERT INTO meta VALUES (?, ?)", [name, value])
        return int(gone)

    def _stretch(self, family: Family, days: int, settled: int) -> tuple[int, int, int]:
        """Give the journal rows [start, until) whose readings are too old: before which instant [us]."""
        start, now_us = let_go_of(self._telemetry, family), self._clock.now_us()
        rows = f"{family}_rows"
        limit = min(settled, self._telemetry.cursor(), start + self._telemetry.stretch_frames)
        newest = self._telemetry.query(f"SELECT epoch_us(max(received_at)) AS at FROM {rows}")  # noqa: S608
        newest_us = newest["at"][0].as_py()
        if newest_us is None or limit <= start:
            return start, start, 0
        before_us = min(now_us, newest_us) - days * _DAY_US
        # What came in far in the future came in while a clock was wrong: it holds nothing up.
        young = self._telemetry.query(
            f"SELECT min(frame) AS frame FROM {rows} WHERE frame >= $1 AND frame < $2 "  # noqa: S608
            "AND received_at BETWEEN make_timestamptz($3::BIGINT) AND make_timestamptz($4::BIGINT)",
            [start, limit, before_us, now_us + _DAY_US],
        )["frame"][0].as_py()
        return start, limit if young is None else int(young), before_us

    def _forget_again(self, taken: int) -> None:
        """Let go of old rows that came back to be run again, and of their numbers: everybody has them."""
        span = self._telemetry.query(
            "SELECT coalesce(min(number), 0) AS oldest, coalesce(max(number), 0) AS newest FROM again"
        )
        before = min(taken, span["newest"][0].as_py() - 1)  # the newest number stays known
        if span["oldest"][0].as_py() > before:
            return
        with self._telemetry.changing() as connection:
            for family, days in self._keep_days.items():
                until = let_go_of(self._telemetry, family)
                if days and until:
                    keys = (
                        f"SELECT DISTINCT {KEY} FROM {family}_rows WHERE frame IN "  # noqa: S608
                        f"(SELECT frame FROM again WHERE number <= {before})"
                    )
                    connection.execute(_letting_go(family, keys), [until, taken])
            connection.execute("DELETE FROM again WHERE number <= ?", [before])


def let_go_of(telemetry: Telemetry, family: Family) -> int:
    """Give the journal offset up to which a family's old rows went; from any thread."""
    return telemetry.meta(f"{_LET_GO}{family}")


def newest_let_go(telemetry: Telemetry) -> int:
    """Give the journal offset before which rows of some family went; from any thread."""
    return _newest(telemetry, _LET_GO)


def kept_since_us(telemetry: Telemetry) -> int:
    """Give the arrival from which on readings of all families are there [us], 0 if none went."""
    return _newest(telemetry, _SINCE)


def _newest(telemetry: Telemetry, what: str) -> int:
    sql = "SELECT coalesce(max(value), 0) AS value FROM meta WHERE starts_with(name, $1)"
    return int(telemetry.query(sql, [what])["value"][0].as_py())


def _letting_go(family: Family, keys: str) -> str:
    """Give the statement that deletes keys of some, with no frame from $1 on or that somebody waits for."""
    waiting = "SELECT frame FROM again WHERE number > $2"
    rows = f"{family}_rows"
    touched = f"SELECT rowid AS place, frame, {KEY} FROM {rows} SEMI JOIN ({keys}) USING ({KEY})"  # noqa: S608
    goes = (
        f"SELECT {KEY} FROM touched GROUP BY {KEY} "  # noqa: S608 - a closed set
        f"HAVING max(frame) < $1 AND count(*) FILTER (frame IN ({waiting})) = 0"
    )
    return (
        f"DELETE FROM {rows} WHERE rowid IN (WITH touched AS ({touched}) "  # noqa: S608 - a closed set
        f"SELECT place FROM touched SEMI JOIN ({goes}) USING ({KEY}))"
    )
