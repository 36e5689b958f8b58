"""The plan's walk over LwM2M TLV: a header a round for all rows at once; the mirror of tlv.py.

Places are bytes of the wire. A row whose headers are not plainly sound is odd: the row engine reads it.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from narrowgate_codecs import tlv
from narrowgate_codecs.cohort import Mask, all_in
from narrowgate_codecs.wire import Places, Wire

NONE = -1


@dataclass(slots=True)
class Values:
    """The values found in some rows; those of one row in the order of the wire."""

    rows: Places
    """(m,)"""
    instances: Places
    resources: Places
    items: Places
    """(m,) Instance of the resource; NONE for one that has no instances."""
    starts: Places
    """(m,) First byte."""
    widths: Places
    """(m,) [byte]"""


@dataclass(slots=True)
class _Rows:
    """The rows that are still walked."""

    rows: Places
    at: Places
    end: Places
    instance: Places
    instance_end: Places
    resource: Places
    several_end: Places

    def keep(self, kept: Mask) -> "_Rows":
        """Give some of them."""
        if all_in(kept):
            return self
        every = (
            self.rows,
            self.at,
            self.end,
            self.instance,
            self.instance_end,
            self.resource,
            self.several_end,
        )
        places = kept.nonzero()[0]
        return _Rows(*(column.take(places) for column in every))

    def leave(self) -> None:
        """Leave the records whose end is reached."""
        self.several_end = np.where(self.at == self.several_end, NONE, self.several_end)
        left = self.at == self.instance_end
        self.instance = np.where(left, 0, self.instance)
        self.instance_end = np.where(left, NONE, self.instance_end)


@dataclass(slots=True)
class _Headers:
    """The headers of one round, (m,) each."""

    kind: NDArray[Any]
    number: Places
    behind: Places
    after: Places

    def keep(self, kept: Mask) -> "_Headers":
        """Give some of them."""
        places = kept.nonzero()[0]
        return _Headers(
            self.kind.take(places),
            self.number.take(places),
            self.behind.take(places),
            self.after.take(places),
        )


def walk(wire: Wire, starts: Places, ends: Places, at_most: int) -> tuple[Values, Mask]:
    """Give the values of rows, and which rows are odd.

    Args:
        wire: the bytes.
        starts: (n,) first byte of each row.
        ends: (n,) its end.
        at_most: headers of a row that are read.
    """
    count = len(starts)
    none = np.full(count, NONE, np.int64)
    going = _Rows(np.arange(count), starts, ends, np.zeros(count, np.int64), none, none, none)
    odd = starts >= ends
    going = going.keep(~odd)
    found: list[Values] = []
    flat = True
    for _ in range(at_most + 1):
        if not flat:
            going.leave()
        going = going.keep(going.at < going.end)
        if not len(going.rows):
            return _joined(found), odd
        headers = _headers(wire, going.at)
        flat = flat and all_in(headers.kind == tlv.VALUE)
        good = _sound(going, headers, flat=flat)
        if not all_in(good):
            odd[going.rows[~good]] = True
            headers = headers.keep(good)
            going = going.keep(good)
        found.append(_values(going, headers, flat=flat))
    odd[going.rows] = True
    return _joined(found), odd


def _headers(wire: Wire, at: Places) -> _Headers:
    first = wire.data[at].astype(np.int64)
    short, length_width = first >> 5 & 1 ^ 1, first >> 3 & 3
    number = wire.window(">u2")[at + 1].astype(np.int64) >> (8 * short)
    lengths_at = at + 3 - short
    # Four bytes are read whatever the length's width: the wire goes on behind its last frame.
    read = wire.window(">u4")[lengths_at].astype(np.int64) >> (32 - 8 * length_width)
    length = np.where(length_width == 0, first & 7, read)
    behind = lengths_at + length_width
    return _Headers(first >> 6, number, behind, behind + length)


def _sound(going: _Rows, headers: _Headers, *, flat: bool) -> Mask:
    """Give the rows whose header fits where it stands."""
    if flat:
        fits: Mask = headers.after <= going.end
        return fits
    inside, inside_several = going.instance_end != NONE, going.several_end != NONE
    end = np.where(inside_several, going.several_end, np.where(inside, going.instance_end, going.end))
    nested = (headers.kind == tlv.INSTANCE) & (inside | inside_several)
    good: Mask = (headers.after <= end) & ~nested & ((headers.kind == tlv.ITEM) == inside_several)
    return good


def _values(going: _Rows, headers: _Headers, *, flat: bool) -> Values:
    """Give the round's values and go on behind them, or into what holds others."""
    width = headers.after - headers.behind
    if flat:
        going.at = headers.after
        none = np.full(len(width), NONE, np.int64)
        return Values(going.rows, going.instance, headers.number, none, headers.behind, width)
    kind, number = headers.kind, headers.number
    opens, several = kind == tlv.INSTANCE, kind == tlv.SEVERAL
    going.instance = np.where(opens, number, going.instance)
    going.instance_end = np.where(opens, headers.after, going.instance_end)
    going.resource = np.where(several, number, going.resource)
    going.several_end = np.where(several, headers.after, going.several_end)
    going.at = np.where(opens | several, headers.behind, headers.after)
    is_item = kind == tlv.ITEM
    resource = np.where(is_item, going.resource, number)
    said = ~(opens | several)
    columns = (going.rows, going.instance, resource, np.where(is_item, number, NONE), headers.behind, width)
    if all_in(said):
        return Values(*columns)
    places = said.nonzero()[0]
    return Values(*(column.take(places) for column in columns))


def _joined(found: list[Values]) -> Values:
    none = np.zeros(0, np.int64)
    names = ("rows", "instances", "resources", "items", "starts", "widths")
    return Values(*(np.concatenate([none, *(getattr(one, name) for one in found)]) for name in names))
