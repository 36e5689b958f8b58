"""A home's own readings as a recording: out of its archive, each key once, in the order of first arrival."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb

from narrowgate_ingest.archive_files import Archived, parts_of
from narrowgate_ingest.compaction import KEY
from narrowgate_ingest.recorded import Recording, RecordingFault
from narrowgate_schema.fields import fields_of
from narrowgate_schema.words import Family

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNREAD = ("frame", "profile", "late", "received_at")


class HomeRecording(Recording):
    """The archived readings of one family."""

    def __init__(self, archive: Path, family: Family, timezone: ZoneInfo, span_us: tuple[int, int]) -> None:
        """Look at an archive.

        Args:
            archive: its directory.
            family: of the readings.
            timezone: the city's.
            span_us: readings taken within [from, to) [us].

        Raises:
            RecordingFault: there are none, or a part cannot be read.
        """
        self._span_us = span_us
        super().__init__(archive, family, timezone)

    def span(self) -> tuple[datetime, datetime] | None:
        """Give when the first and the last reading was taken; None if there is none."""
        sql = f"SELECT epoch_us(min(time)), epoch_us(max(time)) FROM {self._source}"  # noqa: S608
        [(first_us, last_us)] = self._database.execute(sql).fetchall()
        if first_us is None:
            return None
        return _EPOCH + timedelta(microseconds=first_us), _EPOCH + timedelta(microseconds=last_us)

    def _opened(self, path: Path) -> str:
        parts = [part.path for part in parts_of(path, Archived.READINGS) if part.family == self.family.value]
        if not parts:
            self._database.close()
            raise RecordingFault(f"{path}: no readings of {self.family} are archived")
        files = ", ".join("'" + str(part).replace("'", "''") + "'" for part in parts)
        read = f"read_parquet([{files}], union_by_name=true, hive_partitioning=false)"
        try:
            described = self._database.execute(f"DESCRIBE SELECT * FROM {read}").fetchall()  # noqa: S608
        except duckdb.Error as error:
            self._database.close()
            raise RecordingFault(f"{path}: {str(error).splitlines()[0]}") from None
        return _merged(read, self.family, {name for name, *_ in described}, self._span_us)


def _merged(read: str, family: Family, there: Collection[str], span_us: tuple[int, int]) -> str:
    """Give the rows with each key once: fields by the newest frame, arrival by the first."""
    fields = [f.name for f in fields_of(family) if f.kind != "key" and f.name in there]
    columns = [f'arg_max("{name}", frame) AS "{name}"' for name in fields if name not in _UNREAD]
    within = f"epoch_us(time) >= {span_us[0]:d} AND epoch_us(time) < {span_us[1]:d}"
    return (
        f"(SELECT {KEY}, min(received_at) AS received_at, {', '.join(columns)} "  # noqa: S608 - our own names
        f"FROM {read} WHERE {within} GROUP BY {KEY})"
    )
