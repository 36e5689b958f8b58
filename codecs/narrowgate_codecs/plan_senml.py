"""The plan's walk over SenML in CBOR: a label a round for all rows at once; the mirror of senml.py.

It reads what devices send: packs and records of definite length, labels of one byte, each once; names, one
number, text, truth or run of bytes, base names and times. A row with anything else is odd: the row engine
reads it. The walk only finds where the items stand; what they are is read afterwards, all at once.
"""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from narrowgate_codecs import plan_cbor as pc
from narrowgate_codecs import senml
from narrowgate_codecs.cohort import Mask, all_in, any_in
from narrowgate_codecs.wire import Places, Wire

_ARRAY, _MAP = 0x80, 0xA0
_WIDTHS = np.array(senml.WIDTHS, np.int64)
_SHORT, _BYTE = 24, 0x98
"""A count below stands in the first byte; behind _BYTE stands one of a byte."""
_BASE_NAME, _BASE_TIME = 10, 11
_VALUES = (senml.NUMBER, senml.TEXT, senml.TRUTH, senml.DATA)
_LABELS = np.full(256, -1, np.int64)
for _label in (senml.NAME, senml.TIME, *_VALUES):
    _LABELS[_label] = _label
_LABELS[0x1F - senml.BASE_NAME], _LABELS[0x1F - senml.BASE_TIME] = _BASE_NAME, _BASE_TIME
_BITS = np.zeros(12, np.int64)
_BITS[[senml.NAME, senml.TIME, _BASE_NAME, _BASE_TIME]] = 1, 2, 4, 8
_VALUE = 16
_BITS[list(_VALUES)] = _VALUE


@dataclass(slots=True)
class Records:
    """The records of some rows, (m,) each; those of one row stand together, in the order of the wire."""

    rows: Places
    base_at: Places
    """First byte of the base name."""
    base_width: Places
    name_at: Places
    name_width: Places
    time_s: NDArray[np.float64]
    kind: NDArray[np.int8]
    number: NDArray[np.float64]
    start: Places
    width: Places

    def taken(self, kept: Places) -> "Records":
        """Give some of them."""
        return Records(*(getattr(self, one.name)[kept] for one in fields(Records)))


@dataclass(slots=True)
class _Going:
    """The rows that are still walked, (g,) each."""

    rows: Places
    at: Places
    end: Places
    records: Places
    """Records that are still to come."""
    pairs: Places
    """Pairs of this record that are still to come."""
    record: Places
    """Number of this record."""
    seen: Places
    """Bits of the labels that this record had."""

    def keep(self, kept: Mask) -> "_Going":
        """Give some of them."""
        places = kept.nonzero()[0]
        return _Going(
            self.rows.take(places),
            self.at.take(places),
            self.end.take(places),
            self.records.take(places),
            self.pairs.take(places),
            self.record.take(places),
            self.seen.take(places),
        )


@dataclass(slots=True)
class _Pairs:
    """Labels and their items, as they were found."""

    record: Places
    label: Places
    first: Places
    """The item's first byte."""
    at: Places
    """Where that stands."""
    start: Places
    """First byte behind the item's head."""
    width: Places
    """[byte] behind the head: of a string."""


def is_senml(wire: Wire, starts: Places, ends: Places) -> Mask:
    """Give which rows open like a pack: an array, and a map in it; (n,)."""
    first = wire.data[starts]
    is_array: Mask = first & 0xE0 == _ARRAY
    if not any_in(is_array):
        return is_array
    after = starts + 1 + _WIDTHS[first & 0x1F]
    inside = is_array & (after < ends)
    told: Mask = inside & (wire.data[np.where(inside, after, 0)] & 0xE0 == _MAP)
    return told


def walk(wire: Wire, starts: Places, ends: Places, at_most: int) -> tuple[Records, Mask]:
    """Give the records of rows, and which rows are odd.

    Args:
        wire: the bytes.
        starts: (n,) first byte of each row, which opens like a pack.
        ends: (n,) its end.
        at_most: records of a row that are read.
    """
    odd = np.ones(len(starts), np.bool_)
    going = _opened(wire, starts, ends, at_most)
    owners: list[Places] = []
    found: list[_Pairs] = []
    made = 0
    while len(going.rows):
        opens = (going.pairs == 0).nonzero()[0]
        if len(opens):
            owners.append(going.rows[opens])
            _open(wire, going, opens, made)
            made += len(opens)
        pairs, good = _pair(wire, going)
        found.append(pairs)
        ends_record = going.pairs == 0
        good &= ~ends_record | (going.seen & _VALUE != 0)
        done = ends_record & (going.records == 0)
        odd[going.rows[done & good & (going.at == going.end)]] = False
        kept = good & ~done
        if not all_in(kept):
            going = going.keep(kept)
    return _read(wire, owners, found, odd), odd


def _opened(wire: Wire, starts: Places, ends: Places, at_most: int) -> _Going:
    first = wire.data[starts].astype(np.int64)
    wide = first == _BYTE
    count = np.where(wide, wire.data[starts + 1], first - _ARRAY)
    good = (wide | (count < _SHORT)) & (count > 0) & (count <= at_most)
    pairs, record, seen = np.zeros((3, len(starts)), np.int64)
    going = _Going(np.arange(len(starts)), starts + 1 + wide, ends, count, pairs, record, seen)
    return going if all_in(good) else going.keep(good)


def _open(wire: Wire, going: _Going, opens: Places, made: int) -> None:
    """Begin the next record of some rows; one without pairs has so many that it ends as a bad one."""
    at = going.at[opens]
    pairs = wire.data[at].astype(np.int64) - _MAP
    going.pairs[opens] = np.where((pairs > 0) & (pairs < _SHORT), pairs, -1)
    going.at[opens] = at + 1
    going.records[opens] -= 1
    # The pairs found so far keep the numbers that stood here.
    going.record = going.record.copy()
    going.record[opens] = made + np.arange(len(opens))
    going.seen[opens] = 0


def _pair(wire: Wire, going: _Going) -> tuple[_Pairs, Mask]:
    """Find the next pair of each row, and tell whether it is one."""
    at = going.at + 1
    label = _LABELS[wire.data[going.at]]
    first = wire.data[at].astype(np.int64)
    width = pc.WIDTHS[first]
    start = at + 1 + width
    is_string = pc.STRINGS[first]
    size = np.where(width == 0, first & 0x1F, wire.window(">u2")[at + 1].astype(np.int64) >> 8 * (width == 1))
    size *= is_string
    after = start + size
    bit = _BITS[label]
    good = (label >= 0) & (width >= 0) & (after <= going.end) & (going.pairs > 0) & (going.seen & bit == 0)
    good &= ~(is_string & (width > 2))
    going.at = after
    going.pairs = going.pairs - 1
    going.seen = going.seen | bit
    return _Pairs(going.record, label, first, at, start, size), good


def _read(wire: Wire, owners: list[Places], found: list[_Pairs], odd: Mask) -> Records:
    """Give the records of the rows that are not odd; a row with an item that its label cannot have is odd."""
    rows = np.concatenate([np.zeros(0, np.int64), *owners])
    pairs = _joined(found)
    sound = (~odd[rows[pairs.record]]).nonzero()[0]
    pairs = _Pairs(*(getattr(pairs, one.name)[sound] for one in fields(_Pairs)))
    kinds, numbers = pc.values(wire, pairs.first, pairs.at, pairs.start)
    wrong = kinds != _KINDS[pairs.label]
    wrong |= (kinds == pc.NUMBER) & np.isinf(numbers)
    odd[rows[pairs.record[wrong]]] = True
    records = _spread(rows, pairs, kinds, numbers)
    order = _by_row(rows)
    sorted_rows = rows[order]
    kept = order[~odd[sorted_rows]]
    return _based(records.taken(kept), pairs, numbers, len(rows), kept)


_KINDS = np.zeros(12, np.int8)
_KINDS[[senml.NAME, senml.TEXT, _BASE_NAME]] = pc.TEXT
_KINDS[[senml.NUMBER, senml.TIME, _BASE_TIME]] = pc.NUMBER
_KINDS[senml.TRUTH], _KINDS[senml.DATA] = pc.TRUTH, pc.DATA


def _joined(found: list[_Pairs]) -> _Pairs:
    none = np.zeros(0, np.int64)
    return _Pairs(
        *(np.concatenate([none, *(getattr(one, name.name) for one in found)]) for name in fields(_Pairs))
    )


def _spread(rows: Places, pairs: _Pairs, kinds: NDArray[np.int8], numbers: NDArray[np.float64]) -> Records:
    """Give what the records say themselves."""
    count = len(rows)
    base_at, base_width, name_at, name_width, start, width = np.zeros((6, count), np.int64)
    kind = np.zeros(count, np.int8)
    time_s, number = np.zeros((2, count))
    own = Records(rows, base_at, base_width, name_at, name_width, time_s, kind, number, start, width)
    these = (_BITS[pairs.label] == _VALUE).nonzero()[0]
    at = pairs.record[these]
    own.kind[at], own.number[at] = kinds[these], numbers[these]
    own.start[at], own.width[at] = pairs.start[these], pairs.width[these]
    these = (pairs.label == senml.NAME).nonzero()[0]
    at = pairs.record[these]
    own.name_at[at], own.name_width[at] = pairs.start[these], pairs.width[these]
    these = (pairs.label == senml.TIME).nonzero()[0]
    own.time_s[pairs.record[these]] = numbers[these]
    return own


def _by_row(rows: Places) -> Places:
    """Give the order in which the records of each row stand together."""
    small = len(rows) == 0 or int(rows.max()) < 1 << 16
    # numpy sorts integers of two bytes by counting, which is several times quicker.
    order: Places = np.argsort(rows.astype(np.uint16) if small else rows, kind="stable")
    return order


def _based(
    records: Records, pairs: _Pairs, numbers: NDArray[np.float64], count: int, kept: Places
) -> Records:
    """Add what base names and times add: each holds from its record on, up to the next of its row."""
    index = np.arange(len(kept))
    first = np.ones(len(kept), np.bool_)
    first[1:] = records.rows[1:] != records.rows[:-1]
    starts = np.maximum.accumulate(np.where(first, index, 0)) if len(kept) else index
    for label in (_BASE_NAME, _BASE_TIME):
        these = (pairs.label == label).nonzero()[0]
        pair_of = np.full(count, -1, np.int64)
        pair_of[pairs.record[these]] = these
        pair = pair_of[kept]
        last = np.maximum.accumulate(np.where(pair >= 0, index, -1)) if len(kept) else index
        holds = last >= starts
        source = pair[np.where(holds, last, 0)] if len(kept) else pair
        if label == _BASE_NAME:
            records.base_at = np.where(holds, pairs.start[source], 0) if len(pairs.start) else index
            records.base_width = np.where(holds, pairs.width[source], 0) if len(pairs.start) else index
        elif len(these):
            records.time_s = np.where(holds, numbers[source], 0.0) + records.time_s
    return records
