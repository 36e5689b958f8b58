"""How long telemetry keeps stays: ended ones that are older go, all versions of one at once.

Stays are what rules made of readings, which the archive has: nothing that came in goes with them.
"""

import pyarrow.compute as pc

from narrowgate_ingest.telemetry import Telemetry
from narrowgate_schema.clock import Clock

_DAY_US = 86_400_000_000
_PLACE = "stays_let_go"


class StaysKept:
    """Lets telemetry go of old stays, a stretch of frames at a time."""

    def __init__(self, telemetry: Telemetry, days: int, clock: Clock) -> None:
        """Keep stays for so many days behind their end; 0 keeps all.

        Args:
            telemetry: the store.
            days: counted from the newest stay where the clock is ahead of it.
            clock: says what is old.
        """
        self._telemetry, self._days, self._clock = telemetry, days, clock

    def step(self, settled: int) -> int:
        """Let go of a stretch, where one is due; give how many rows went.

        Args:
            settled: journal offset up to which stays stay what they are.

        Raises:
            duckdb.Error: nothing was changed.
        """
        if not self._days:
            return 0
        start, telemetry = stays_let_go(self._telemetry), self._telemetry
        limit = min(settled, telemetry.cursor(), start + telemetry.stretch_frames)
        newest = telemetry.query(
            "SELECT epoch_us(max(greatest(arrived_at, departed_at))) AS at FROM session_rows"
        )
        newest_us = newest["at"][0].as_py()
        if newest_us is None or limit <= start:
            return 0
        until, before_us = self._until(start, limit, newest_us)
        if until <= start:
            return 0
        with telemetry.changing() as connection:
            gone = connection.execute(_LETTING_GO, [start, until, before_us]).fetchall()[0][0]
            connection.execute("DELETE FROM meta WHERE name = ?", [_PLACE])
            connection.execute("INSERT INTO meta VALUES (?, ?)", [_PLACE, until])
        return int(gone)

    def _until(self, start: int, limit: int, newest_us: int) -> tuple[int, int]:
        """Give up to which frame stays are old: ended before which instant [us]."""
        now_us = self._clock.now_us()
        before_us = min(now_us, newest_us) - self._days * _DAY_US
        # An end far in the future is a wrong clock's: it holds nothing up.
        ends = self._telemetry.query(
            "SELECT frame FROM session_rows WHERE frame >= $1 AND frame < $2 "
            "AND departed_at BETWEEN make_timestamptz($3::BIGINT) AND make_timestamptz($4::BIGINT)",
            [start, limit, before_us, now_us + _DAY_US],
        )
        young = pc.min(ends["frame"]).as_py()
        return (limit if young is None else int(young)), before_us


def stays_let_go(telemetry: Telemetry) -> int:
    """Give the journal offset up to which old stays went; from any thread."""
    return telemetry.meta(_PLACE)


_LETTING_GO = (
    "DELETE FROM session_rows WHERE session IN (SELECT session FROM session_rows SEMI JOIN "
    "(SELECT DISTINCT session FROM session_rows WHERE frame >= $1 AND frame < $2) USING (session) "
    "GROUP BY session HAVING max(frame) < $2 AND "
    "arg_max(departed_at, version) < make_timestamptz($3::BIGINT))"
)
"""A stay that goes on, or was told anew by a later frame, is looked at again where that frame stands."""
