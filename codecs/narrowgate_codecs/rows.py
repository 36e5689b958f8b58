"""From what a frame says to rows of readings: the profile's mapping, carried out."""

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa

from narrowgate_codecs import elements as el
from narrowgate_codecs.bit_clocks import BitClock, local_time
from narrowgate_codecs.instants import instant_us, zone_of
from narrowgate_codecs.moments import moment_us
from narrowgate_codecs.profile import Carry, Each, Profile, Reading
from narrowgate_codecs.refusal import FrameRefused
from narrowgate_codecs.scope import Said, Scope
from narrowgate_codecs.values import Value, calendar_times, epoch_us, speak
from narrowgate_schema.tables import READINGS
from narrowgate_schema.words import Family

RADIO = ("rsrp_dbm", "rssi_dbm", "sinr_db", "ecl", "cell_id")
"""Columns that the transport may know where the frame is silent."""

Row = dict[str, Any]
_CLOCKS = (el.Epoch, el.Clock, el.Moment, BitClock)


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
            if not (reading.only_dated and row.get("clock_unsynchronised", True)):
                rows.append(row)
    return rows


def _items(
    reading: Reading, each: Each, scope: Scope, timezone: ZoneInfo, received_at_us: int | None
) -> list[Row]:
    """Give a row for each item of a list that has an instant of its own."""
    rows: list[Row] = []
    for at, item in _reached(scope, reading.records):
        if each.clock is None:
            start_us = received_at_us
            if not each.from_reception:
                start_us = _instant(reading.clock or "", item, timezone, received_at_us)
            time_us = None if start_us is None else start_us + (each.first + at) * each.step_s * 1_000_000
        else:
            time_us = _instant(each.clock, item, timezone, received_at_us)
        said = {} if time_us is None and each.offset is None else _sound(item)
        row, series = _carried(reading, said), _series_of(reading, item, said)
        if row and series is not None:
            if each.offset is not None and each.clock in said:
                row["clock_unsynchronised"] = time_us is None
            if time_us is None and received_at_us is not None:
                time_us = received_at_us + _offset(each.offset, item)
            rows.append({**row, "series": series, "time": time_us})
    return rows


def _reached(scope: Scope, path: str | None) -> list[tuple[int, Scope]]:
    """Give the items of a list and their places in it; of a list in a list's items, those of all of them."""
    found = [(0, scope)]
    for name in (path or "").split("."):
        found = [(at, item) for _, one in found for at, item in enumerate(one.lists.get(name, []))]
    return found


def _offset(name: str | None, item: Scope) -> int:
    """Give how far from reception an item was [us]; 0 where it does not say."""
    return next((said.raw for said in item.said if getattr(said.element, "name", None) == name), 0)


def _series(reading: Reading, scope: Scope, timezone: ZoneInfo, received_at_us: int | None) -> list[Row]:
    """Give a row for each item of a list, all at the message's instant, each under its own series."""
    rows: list[Row] = []
    for _, item in _reached(scope, reading.records):
        said = _sound(item)
        row, series = _carried(reading, said), _series_of(reading, item, said)
        if row and series is not None:
            row["series"] = series
            _date(row, reading, item, timezone, received_at_us)
            rows.append(row)
    return rows


def _series_of(reading: Reading, item: Scope, said: dict[str, Value]) -> str | None:
    """Give the series that an item names, or else the nearest thing around it that names one."""
    if reading.series_by is None:
        return reading.series
    around = item.parent
    while reading.series_by not in said:
        # The frame's own level is no item: it names no series.
        if around is None or around.parent is None:
            return None
        said, around = _sound(around), around.parent
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
        value = said.get(carry.name)
        if carry.after is not None or carry.doubted_by is not None:
            value = _believed(carry, said, value)
        if value is not None and carry.field not in measures:
            measures[carry.field] = value
    return measures


def _believed(carry: Carry, said: dict[str, Value], value: Value) -> Value:
    if carry.after is not None and said.get(carry.after) is not False:
        return None
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
    said = None if reading.clock is None else _clock(reading.clock, scope)
    if said is None:
        return
    clock_us = _clock_us(said, timezone, received_at_us)
    row["clock_unsynchronised"] = clock_us is None
    if clock_us is not None:
        row["time"] = clock_us


def _instant(clock: str, scope: Scope, timezone: ZoneInfo, received_at_us: int | None) -> int | None:
    """Give the instant that a clock of a scope, or of one around it, means [us since 1970 UTC].

    None: it was never set, or there is none.
    """
    said = _clock(clock, scope)
    return None if said is None else _clock_us(said, timezone, received_at_us)


def _clock(clock: str, scope: Scope) -> Said | None:
    """Give what a clock of a scope says, or of the nearest scope around it that has one."""
    around: Scope | None = scope
    while around is not None:
        for said in around.said:
            if isinstance(said.element, _CLOCKS) and said.element.name == clock:
                return said
        around = around.parent
    return None


def _clock_us(said: Said, timezone: ZoneInfo, received_at_us: int | None) -> int | None:
    match said.element:
        case el.Epoch():
            return epoch_us(said.element, said.raw)
        case el.Moment():
            return moment_us(said.element, said.raw)
        case el.Clock():
            zone = zone_of(said.element, timezone)
            return instant_us(calendar_times(said.element, said.raw), zone, received_at_us)
        case BitClock():
            return _shifted_us(said.element, said.raw, timezone, received_at_us)
    raise TypeError(f"{said.element.name} is no clock")


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
