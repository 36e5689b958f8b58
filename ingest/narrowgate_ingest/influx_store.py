"""InfluxDB behind the telemetry store: everything stored there is sent, in order, from a cursor of its own.

Rule 1: the cursor moves only over readings that the server took, or refused for good and that are noted.
Rule 2: whatever else happens is tried again for ever; a reading sent twice is the same point.
Rule 3: nothing waits for this thread, and it holds no more than two slices in memory.

The thread is there because a request waits for a network, and neither rules nor console may wait with it.
"""

import http.client
import sqlite3
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from random import SystemRandom

import duckdb
import pyarrow as pa

from narrowgate_ingest.follower import Follower
from narrowgate_ingest.influx_ahead import Ahead, slice_rows
from narrowgate_ingest.influx_answer import Outcome, Verdict, judge
from narrowgate_ingest.influx_client import InfluxClient, SecretUnreadable, Target
from narrowgate_ingest.influx_points import Points, points_of
from narrowgate_ingest.influx_sorting import EndpointRefuses, Refused, write_around
from narrowgate_ingest.influx_unsaying import Unsaying
from narrowgate_ingest.refused_readings import RefusedReading, RefusedReadings
from narrowgate_ingest.state import PIPELINE, cursor, set_cursor
from narrowgate_ingest.telemetry import Telemetry
from narrowgate_schema.words import Family

_IDLE_S = 1.0
_LEAST_BODY_BYTES = 16 << 10
_GONE = "the reading is no longer stored here"
_UNFIT = "the name of the device or series cannot be an InfluxDB tag"


@dataclass(frozen=True)
class Patience:
    """How the store waits."""

    gather_s: float = 0.2
    """What comes within this is sent in one request, once everything before is sent."""
    first_pause_s: float = 0.25
    longest_pause_s: float = 30.0
    held_pause_s: float = 30.0
    """Between tries while somebody has to change something."""
    longest_asked_s: float = 3600.0
    """A server's Retry-After is obeyed up to this."""
    end_s: float = 5.0
    """How long the end may go on sending what is stored, while it goes well."""


class _Ended(Exception):
    """The store was told to end while it waited."""


class _Backoff:
    """Pauses that double up to a bound, shortened by chance: many stores do not come back at one instant."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._chance = SystemRandom()
        self.reset()

    def reset(self) -> None:
        """Begin again with the shortest."""
        self._pause_s = self._patience.first_pause_s

    def next_s(self) -> float:
        """Give the next pause [s]."""
        pause_s = self._pause_s
        self._pause_s = min(2 * pause_s, self._patience.longest_pause_s)
        return pause_s * self._chance.uniform(0.5, 1.0)


class InfluxStore:
    """Sends readings to one InfluxDB until it is told to stop."""

    def __init__(
        self,
        target: Target,
        telemetry: Telemetry,
        state: Path,
        quarantine: Path,
        *,
        batch_lines: int = 5000,
        most_body_bytes: int = 4 << 20,
        patience: Patience = Patience(),
    ) -> None:
        """Open the cursor; no network yet.

        Args:
            target: the database.
            telemetry: where the readings are read.
            state: the core's state.db, where the cursor is kept; a target met first begins at 0.
            quarantine: directory where refused readings are noted.
            batch_lines: lines of one request, at most.
            most_body_bytes: bytes of one request, at most.
            patience: pauses.

        Raises:
            ValueError: another format version wrote the quarantine.
            sqlite3.Error: a file cannot be opened.
        """
        self.target = target
        self._batch_lines = batch_lines
        self.name = name_of(target)
        """By which it is known in state.db."""
        self._again_name = f"{self.name} again"
        self._client = InfluxClient(target)
        self._follower = Follower(telemetry, self._settled, most_rows=batch_lines)
        following = Follower(telemetry, self._settled, most_rows=slice_rows(batch_lines))
        self._ahead = Ahead(following, target.precision)
        self._state = sqlite3.connect(state, isolation_level=None, check_same_thread=False)
        # A cursor lost to a power cut only sends again what is there already.
        self._state.execute("PRAGMA synchronous=NORMAL")
        self._refused = RefusedReadings(quarantine)
        self._most_body_bytes = most_body_bytes
        self._patience = patience
        self._backoff = _Backoff(patience)
        self._unsaying = Unsaying(self.name, self._client, self._state, self._follower)
        self._stop = threading.Event()
        self._give_up_at_s = float("inf")
        self.moved = threading.Event()
        """Set it when there is more to send."""
        self.cursor = cursor(self._state, self.name)
        """Journal offset up to which everything is sent."""
        self._again = self._first_again()
        self.alive = False
        self.trouble = ""
        """Why nothing is sent, in words; empty while it goes well."""
        self.points_written = 0
        self.points_refused = 0

    @property
    def again(self) -> int:
        """Give the number of frames run again up to which they are sent as they stand now."""
        return self._again

    def stop(self) -> None:
        """Ask for the end: what is stored is sent if that goes at once."""
        self._give_up_at_s = time.monotonic() + self._patience.end_s
        self._stop.set()
        self.moved.set()

    def _settled(self) -> int:
        return cursor(self._state, PIPELINE)

    def run(self) -> None:
        """Run until stopped."""
        self.alive = True
        try:
            while self._turn():
                pass
        except _Ended:
            pass
        finally:
            self.alive = False
            self._ahead.close()
            self._client.close()
            self._refused.close()
            self._state.close()

    def _turn(self) -> bool:
        """Send one slice, or wait for one; False when it is time to end."""
        if self._stop.is_set() and time.monotonic() > self._give_up_at_s:
            return False
        self.moved.clear()
        try:
            self._unsay()
            self._write_again()
            self._write_asked()
            part = self._ahead.after(self.cursor)
            if part is not None:
                self._refused.put(self._sent(part.points, part.unfit))
                self._keep_cursor(part.until)
        except EndpointRefuses as error:
            self._wait(self._patience.held_pause_s, str(error))
            return True
        except (duckdb.Error, sqlite3.Error, OSError) as error:
            self._wait(self._backoff.next_s(), f"{type(error).__name__}: {error}")
            return True
        self._backoff.reset()
        if part is None:
            if self._stop.is_set():
                return False
            if self.moved.wait(_IDLE_S):
                self._stop.wait(self._patience.gather_s)
        return True

    def _first_again(self) -> int:
        """Give the number of frames run again to go on behind; a new target gets earlier ones anyway."""
        again = cursor(self._state, self._again_name)
        if again == 0 and self.cursor == 0:
            again = self._follower.newest_again()
            set_cursor(self._state, self._again_name, again)
        return again

    def _unsay(self) -> None:
        """Take back what is asked for; what was read ahead may say it still."""
        if self._unsaying.run(self._write):
            self._ahead.forget()

    def _write_again(self) -> None:
        """Send what quarantined frames gave when they were run again."""
        while (part := self._follower.again(self._again)) is not None:
            self._write(part.readings)
            set_cursor(self._state, self._again_name, part.number)
            self._again = part.number

    def _write_asked(self) -> None:
        """Send refused readings that somebody wants to be tried again, as they stand now."""
        while asked := self._refused.asked(self.name, self._batch_lines):
            keys = {
                family: [(one.device, one.series, one.time_us) for one in asked if one.family == family]
                for family in Family
            }
            readings = {family: self._follower.keyed(family, keys[family]) for family in Family}
            refused = self._sent(*points_of(readings, self.target.precision))
            there = {(family, *key) for family, rows in readings.items() for key in _keys(rows)}
            gone = [
                replace(one, detail=_GONE)
                for one in asked
                if (one.family, one.device, one.series, one.time_us) not in there
            ]
            self._refused.settle(asked, refused + gone)

    def _write(self, readings: Mapping[Family, pa.RecordBatch]) -> None:
        self._refused.put(self._sent(*points_of(readings, self.target.precision)))

    def _sent(self, points: Points, unfit: Points) -> list[RefusedReading]:
        """Send points and give the readings that were refused for good, the unfit ones too."""
        parts = points.portions(self._batch_lines)
        refused = [each for part in parts for each in write_around(part, self._send)]
        if len(unfit):
            refused.append(Refused(unfit, [_UNFIT] * len(unfit)))
        noted = [one for each in refused for one in self._noted(each)]
        self.points_refused += len(noted)
        self.points_written += len(points) + len(unfit) - len(noted)
        return noted

    def _noted(self, refused: Refused) -> list[RefusedReading]:
        rows = refused.points.rows
        keys = [rows[name].to_pylist() for name in ("frame", "family", "device", "series")]
        columns = (*keys, refused.points.times_us().tolist(), refused.words)
        return [RefusedReading(self.name, *row) for row in zip(*columns, strict=True)]

    def _keep_cursor(self, until: int) -> None:
        set_cursor(self._state, self.name, until)
        self.cursor = until

    def _send(self, points: Points) -> Verdict:
        """Send points again and again until the server has said something of them."""
        body = points.body()
        if len(body) > self._most_body_bytes and len(points) > 1:
            return Verdict(Outcome.TOO_LARGE, f"more than {self._most_body_bytes} bytes")
        while True:
            verdict = self._try(body)
            if verdict.outcome is Outcome.TOO_LARGE:
                self._most_body_bytes = max(_LEAST_BODY_BYTES, len(body) // 2)
            if verdict.outcome in (Outcome.WRITTEN, Outcome.REFUSED, Outcome.TOO_LARGE):
                self.trouble = ""
                self._backoff.reset()
                return verdict
            self._wait(self._pause_s(verdict), verdict.words)

    def _pause_s(self, verdict: Verdict) -> float:
        if verdict.outcome is Outcome.HELD:
            return self._patience.held_pause_s
        if verdict.retry_after_s is not None:
            return min(verdict.retry_after_s, self._patience.longest_asked_s)
        return self._backoff.next_s()

    def _try(self, body: memoryview) -> Verdict:
        try:
            return judge(self._client.write(body))
        except SecretUnreadable as error:
            return Verdict(Outcome.HELD, str(error))
        except ssl.SSLCertVerificationError as error:
            return Verdict(Outcome.HELD, f"certificate refused: {error.verify_message}")
        except UnicodeError:
            return Verdict(Outcome.HELD, "the host's name is none")
        except (OSError, http.client.HTTPException) as error:
            return Verdict(Outcome.FAILED, f"{type(error).__name__}: {error}")

    def _wait(self, seconds: float, words: str) -> None:
        """Wait, showing why; _Ended if the end came or comes meanwhile."""
        self.trouble = f"{self.target.name}: {words}"
        if self._stop.wait(seconds):
            raise _Ended


def name_of(target: Target) -> str:
    """Give the name by which a store is known in state.db."""
    return f"influxdb {target.name}"


def _keys(rows: pa.RecordBatch) -> Iterator[tuple[str, str, int]]:
    """Give (device, series, time [us]) of each reading."""
    columns = (rows["device"], rows["series"], rows["time"].cast(pa.int64()))
    return zip(*(column.to_pylist() for column in columns), strict=True)
