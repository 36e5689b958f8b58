"""The plan's judgement of resources: which values are what the registry says, and the numbers they are."""

import numpy as np
from numpy.typing import NDArray

from narrowgate_codecs import plan_cbor as pc
from narrowgate_codecs import plan_tlv
from narrowgate_codecs import resources as res
from narrowgate_codecs.cohort import Mask, all_in, one_of
from narrowgate_codecs.plan_leaves import EXACT
from narrowgate_codecs.plan_resource_items import Entries
from narrowgate_codecs.resource_values import LATEST_S, WIDTHS
from narrowgate_codecs.wire import Places, Wire

_KINDS: tuple[res.Kind, ...] = ("float", "integer", "boolean", "text", "opaque", "time", "link")
_FLOAT, _INTEGER, _BOOLEAN, _TEXT, _OPAQUE, _TIME, _LINK = range(7)
_SENML = np.array([pc.NUMBER, pc.NUMBER, pc.TRUTH, pc.TEXT, pc.DATA, pc.NUMBER, pc.OTHER], np.int8)
_ID = 16
_IDS = 1 << _ID


class Registry:
    """A declaration's resources as columns; a slot is a place in them."""

    def __init__(self, element: res.Resources) -> None:
        known = sorted(
            (
                (one.id << _ID | resource.id, resource)
                for one in res.all_of(element)
                for resource in _all(one)
            ),
            key=lambda pair: pair[0],
        )
        # What stands last is found for unknown resources, whose place is -1; nobody looks at it.
        resources = [*(resource for _, resource in known), res.STAMP]
        self.objects = [one.id for one in res.all_of(element)]
        self.tiers = [[one.id for one in tier] for tier in (element.objects, element.also)]
        self.keys = np.array([key for key, _ in known], np.int64)
        self.names = [resource.name for resource in resources]
        self.kinds = np.array([_KINDS.index(resource.kind) for resource in resources], np.int64)
        self.many = np.array([resource.many for resource in resources], np.bool_)
        self.per = np.array([float(resource.per) for resource in resources])
        limits = [resource.limits or (-np.inf, np.inf) for resource in resources]
        self.low, self.high = np.array([low for low, _ in limits]), np.array([high for _, high in limits])
        ids = sorted({key & _IDS - 1 for key, _ in known})
        self._rows, self._columns = _numbered(self.objects), _numbered(ids)
        self._table = np.full((len(self.objects) + 1, len(ids) + 1), -1, np.int64)
        objects, columns = self._rows[self.keys >> _ID], self._columns[self.keys & _IDS - 1]
        self._table[objects, columns] = np.arange(len(known))
        self.stamps = np.append(self.keys & _IDS - 1 == res.TIMESTAMP, False)

    def is_opaque(self, slots: Places) -> Mask:
        """Give which slots are of opaque resources."""
        opaque: Mask = (self.kinds[slots] == _OPAQUE) & (slots >= 0)
        return opaque

    def slots(self, objects: Places, resources: Places) -> Places:
        """Give where resources stand in the columns; -1 for unknown ones."""
        known = (objects >= 0) & (objects < _IDS) & (resources >= 0)
        found: Places = self._table[
            self._rows[np.where(known, objects, _IDS)], self._columns[np.where(known, resources, _IDS)]
        ]
        return found


def _numbered(ids: list[int]) -> Places:
    """Give the place of each id in a list, by id; one past the last for others, (65537,)."""
    numbers = np.full(_IDS + 1, len(ids), np.int64)
    numbers[ids] = np.arange(len(ids))
    return numbers


def _all(one: res.Object) -> tuple[res.Resource, ...]:
    return (*one.resources, res.STAMP)


def judged_senml(registry: Registry, entries: Entries, kind: NDArray[np.int8]) -> Mask:
    """Give which entries the row engine must read; scale the numbers of the others."""
    slots = entries.slots
    known = slots >= 0
    kinds = registry.kinds[slots]
    number = entries.numbers
    bad = (kind != _SENML[kinds]) | _misplaced(registry, entries)
    whole = (kinds == _INTEGER) | (kinds == _TIME)
    with np.errstate(invalid="ignore"):  # what is no number is no whole one either
        bad |= whole & (number != np.rint(number))
    entries.numbers = _scaled(registry, slots, kinds, number)
    bad |= _outside(registry, slots, entries.numbers)
    judged: Mask = bad & known
    return judged


def judged_tlv(
    wire: Wire, registry: Registry, entries: Entries, found: plan_tlv.Values, *, any_text: bool
) -> Mask:
    """Give which entries the row engine must read; read the numbers of the others.

    Args:
        wire: the bytes.
        registry: what the slots mean.
        entries: their numbers are written.
        found: where the values stand.
        any_text: text is not looked at, as where an object is looked for.
    """
    slots = entries.slots
    known = slots >= 0
    kinds = np.where(known, registry.kinds[slots], -1)
    bad = _misplaced(registry, entries)
    number = np.zeros(len(slots))
    for kind, name in enumerate(_KINDS):
        these = (kinds == kind).nonzero()[0]
        if not len(these):
            continue
        widths = found.widths[these]
        wrong = np.zeros(len(these), np.bool_)
        if name in WIDTHS:
            wrong = ~one_of(widths, WIDTHS[name])
        if kind in (_FLOAT, _INTEGER, _BOOLEAN, _TIME):
            number[these] = _numbers(wire, kind, found.starts[these], widths)
        if kind == _TEXT and not any_text:
            wrong = ~is_ascii(wire, found.starts[these], widths)
        bad[these] |= wrong
    bad |= (kinds == _INTEGER) & (np.abs(number) > EXACT)
    bad |= (kinds == _BOOLEAN) & (number > 1)
    entries.numbers = _scaled(registry, slots, kinds, number)
    bad |= _outside(registry, slots, entries.numbers)
    judged: Mask = bad & known
    return judged


def _misplaced(registry: Registry, entries: Entries) -> Mask:
    misplaced: Mask = registry.many[entries.slots] != (entries.items >= 0)
    misplaced |= entries.instances >= res.MOST_INSTANCES
    return misplaced


def _scaled(
    registry: Registry, slots: Places, kinds: Places, number: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Give the numbers in their units; a time that no clock can have is none."""
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = number / registry.per[slots]
    return np.where((kinds == _TIME) & ((number < 0) | (number >= LATEST_S)), 0.0, scaled)


def _outside(registry: Registry, slots: Places, number: NDArray[np.float64]) -> Mask:
    outside: Mask = (number < registry.low[slots]) | (number > registry.high[slots])
    return outside & np.isfinite(number)


def _numbers(wire: Wire, kind: int, starts: Places, widths: Places) -> NDArray[np.float64]:
    """Give the numbers of one kind, each of its own width; 0 for a width that no number has."""
    number = np.zeros(len(starts))
    dtypes = {4: ">f4", 8: ">f8"} if kind == _FLOAT else {1: "i1", 2: ">i2", 4: ">i4", 8: ">i8"}
    if kind == _BOOLEAN:
        dtypes = {1: "u1"}
    first = int(widths[0])
    if first in dtypes and all_in(widths == first):
        with np.errstate(invalid="ignore"):  # a signalling NaN is no number like any other
            return wire.window(dtypes[first])[starts].astype(np.float64)
    for width, dtype in dtypes.items():
        these = (widths == width).nonzero()[0]
        if len(these):
            with np.errstate(invalid="ignore"):
                number[these] = wire.window(dtype)[starts[these]]
    return number


def is_ascii(wire: Wire, starts: Places, widths: Places) -> Mask:
    """Give which runs of bytes are ASCII; those of no bytes are."""
    total = int(widths.sum())
    edges = np.cumsum(widths) - widths
    places = np.arange(total) + np.repeat(starts - edges, widths)
    beyond = (wire.data[places] > 0x7F).nonzero()[0]
    plain = np.ones(len(starts), np.bool_)
    plain[np.searchsorted(edges, beyond, side="right") - 1] = False
    return plain
