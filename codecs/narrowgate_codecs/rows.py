"""From what a frame says to rows of readings: the profile's mapping, carried out."""

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa

from narrowgate_codecs import elements as el
from narrowgate_codecs.bit_clocks import BitClock, local_time
from narrowgate_codecs.instants import instant_us, zone_of
from narrowgate_codecs.profile import Carry, Each, Profile, Reading
from narrowgate_codecs.refusal import FrameRefused
from narrowgate_codecs.scope import Scope
from narrowgate_codecs.values import Value, calendar_times, epoch_us, speak
from narrowgate_schema.tables import READINGS
from narrowgate_schema.words import Family

RADIO = ("rsrp_dbm", "rssi_dbm", "sinr_db", "ecl", "cell_id")
"""Columns that the transport may know where the frame is silent."""

Row = dict[str, Any]


def rows_of(
    profile: Profile,
    message: str,
    scope: Scope,
    values: dict[str, Value],
    timezone: ZoneInfo,
    received_at_us: int | None,
) -> list[Row]:
    """Give the rows of one frame: measures, series and time; [] if it says nothing that is a reading.

    Args:
        profile: the frame's profile.
        message: the message's name.
        scope: what the frame said, raw.
        values: the same as values.
        timezone: the zone of clocks that state none.
        received_at_us: reception [us since 1970 UTC], or None if it is unknown.
    """
    rows: list[Row] = []
    for reading in profile.readings:
        if reading.message != message:
            continue
        if reading.each is not None:
            rows.extend(_items(reading, reading.each, scope, timezone, received_at_us))
            continue
        if reading.series_by is not None:
            rows.extend(_series(reading, scope, timezone, received_at_us))
            continue
        row = _measures(reading, values)
        if row:
            row["series"] = reading.series
            _date(row, reading, scope, timezone, received_at_us)
            if not (reading.only_dated and row["clock_unsynchronised"]):
                rows.append(row)
    return rows


def _items(
    reading: Reading, each: Each, scope: Scope, timezone: ZoneInfo, received_at_us: int | None
) -> list[Row]:
    """Give a row for each item of a list that has an instant of its own."""
    rows: list[Row] = []
    start_us = None
    if each.clock is None and reading.clock is not None:
        start_us = _instant(reading.clock, scope, timezone, received_at_us)
    for at, item in enumerate(scope.lists.get(reading.records or "", [])):
        time_us = None if start_us is None else start_us + (each.first + at) * each.step_s * 1_000_000
        if each.clock is not None:
            time_us = _instant(each.clock, item, timezone, received_at_us)
        said = {} if time_us is None else _sound(item)
        row, series = _carried(reading, said), _series_of(reading, said)
        if row and series is not None:
            rows.append({**row, "series": series, "time": time_us})
    return rows


def _series(reading: Reading, scope: Scope, timezone: ZoneInfo, received_at_us: int | None) -> list[Row]:
    """Give a row for each item of a list, all at the message's instant, each under its own series."""
    rows: list[Row] = []
    for item in scope.lists.get(reading.records or "", []):
        said = _sound(item)
        row, series = _carried(reading, said), _series_of(reading, said)
        if row and series is not None:
            row["series"] = series
            _date(row, reading, scope, timezone, received_at_us)
            rows.append(row)
    return rows


def _series_of(reading: Reading, said: dict[str, Value]) -> str | None:
    if reading.series_by is None:
        return reading.series
    series = said.get(reading.series_by)
    return None if series is None else str(series)


def _sound(item: Scope) -> dict[str, Value]:
    """Give what an item says; {} for one that says the impossible, which is refused already."""
    try:
        return speak(item)
    except FrameRefused:
        return {}


def _measures(reading: Reading, values: dict[str, Value]) -> Row:
    said = values if reading.records is None else _merged(values[reading.records])
    return _carried(reading, said)


def _carried(reading: Reading, said: dict[str, Value]) -> Row:
    measures: Row = {}
    for carry in reading.carries:
        value = _believed(carry, said)
        if value is not None and carry.field not in measures:
            measures[carry.field] = value
    return measures


def _believed(carry: Carry, said: dict[str, Value]) -> Value:
    value = said.get(carry.name)
    doubted = carry.doubted_by is not None and said.get(carry.doubted_by)
    return None if doubted and value is False else value


def _merged(records: Any) -> dict[str, Value]:
    """Give the values of records that share one instant: of the same name the last one holds."""
    merged: dict[str, Value] = {}
    for record in records:
        merged.update({name: value for name, value in record.items() if value is not None})
    return merged


def _date(row: Row, reading: Reading, scope: Scope, timezone: ZoneInfo, received_at_us: int | None) -> None:
    row["time"] = received_at_us
    if reading.clock is None:
        return
    clock_us = _instant(reading.clock, scope, timezone, received_at_us)
    if any(getattr(said.element, "name", None) == reading.clock for said in scope.said):
        row["clock_unsynchronised"] = clock_us is None
    if clock_us is not None:
        row["time"] = clock_us


def _instant(clock: str, scope: Scope, timezone: ZoneInfo, received_at_us: int | None) -> int | None:
    """Give the instant that a scope's clock means [us since 1970 UTC]; None if it was never set."""
    for said in scope.said:
        if isinstance(said.element, el.Epoch) and said.element.name == clock:
            return epoch_us(said.element, said.raw)
        if isinstance(said.element, el.Clock) and said.element.name == clock:
            zone = zone_of(said.element, timezone)
            return instant_us(calendar_times(said.element, said.raw), zone, received_at_us)
        if isinstance(said.element, BitClock) and said.element.name == clock:
            return _shifted_us(said.element, said.raw, timezone, received_at_us)
    return None


def _shifted_us(clock: BitClock, raw: bytes, timezone: ZoneInfo, received_at_us: int | None) -> int | None:
    time = local_time(clock, raw)
    start_us = instant_us([] if time is None else [time], timezone, received_at_us)
    return None if start_us is None else start_us + clock.shift.seconds * 1_000_000


def readings_batch(family: Family, rows: Sequence[Row]) -> pa.RecordBatch:
    """Give the rows as a batch of the family's schema; a column that no row names is null."""
    schema = READINGS[family]
    named = {name for row in rows for name in row}
    columns = [
        pa.array([row.get(field.name) for row in rows], type=field.type)
        if field.name in named
        else pa.nulls(len(rows), field.type)
        for field in schema
    ]
    return pa.RecordBatch.from_arrays(columns, schema=schema)
