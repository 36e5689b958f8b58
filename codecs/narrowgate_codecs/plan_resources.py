"""The plan's resources: TLV and SenML of many frames become rows of items; the mirror of resource_lists.py.

What shapes such a frame is walked a header a round for all frames at once, as lists are: cost follows the
headers of the longest frame, not the number of layouts, and no layout has to be learned.
"""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from narrowgate_codecs import plan_cbor as pc
from narrowgate_codecs import plan_senml, plan_tlv
from narrowgate_codecs import resources as res
from narrowgate_codecs import senml as sn
from narrowgate_codecs.cohort import NO_PORT, Cohort, Level, Mask
from narrowgate_codecs.plan_leaves import Wants
from narrowgate_codecs.plan_lists import tell
from narrowgate_codecs.plan_names import names as names_of
from narrowgate_codecs.plan_regions import Steps, follow
from narrowgate_codecs.plan_resource_items import Entries, item_level, opaque_level
from narrowgate_codecs.plan_resource_values import Registry, is_ascii, judged_senml, judged_tlv
from narrowgate_codecs.resource_items import path_of
from narrowgate_codecs.wire import Places

_LATEST_S = 1 << 40
_PATHS_BEGIN = frozenset("/0123456789")
_NO_PATH = (-1, -1, -1, -1)
Read: TypeAlias = tuple[Entries, Places, Mask]
"""Values, which of them are opaque, and which rows are odd."""


class ResourceSteps:
    """Resources up to the end of the region."""

    def __init__(self, element: res.Resources, wants: Wants, inner: Steps) -> None:
        self.name, self.at_most = element.name, element.at_most
        self.registry = Registry(element)
        self.element, self.inner = element, inner
        self.wanted = frozenset(name for name in wants.values if name in self.registry.names)
        for _, word in res.INSTANCE.words:
            wants.word(res.INSTANCE.name, str(word))

    def run(self, cohort: Cohort) -> None:
        """Read them; drop the rows that are not plainly sound."""
        if cohort.trace is not None:
            cohort.trace.is_broken = True
        starts, ends = cohort.starts + cohort.at, cohort.starts + cohort.end
        is_senml = plan_senml.is_senml(cohort.level.wire, starts, ends)
        odd = np.zeros(cohort.count, np.bool_)
        for rows, read in ((is_senml.nonzero()[0], self._senml), ((~is_senml).nonzero()[0], self._tlv)):
            if len(rows):
                entries, opaque, bad = read(cohort, rows, starts[rows], ends[rows])
                odd[rows[bad]] = True
                tell(cohort, self.name, self._level(cohort, rows, entries, bad))
                if self.inner:
                    self._frames(cohort, rows, entries, opaque, bad)
        cohort.at = cohort.end
        cohort.drop(odd)

    def _frames(self, cohort: Cohort, rows: Places, entries: Entries, opaque: Places, bad: Mask) -> None:
        """Read what opaque values hold, as a level of their own; a row with a bad one is odd."""
        kept = opaque[~bad[entries.rows[opaque]]]
        some = entries.taken(kept)
        if not len(kept):
            return
        level = opaque_level(cohort, rows, some, kept)
        follow(self.inner, Cohort(level, level.starts, 0, some.widths))
        tell(cohort, res.FRAMES, level)

    def _level(self, cohort: Cohort, rows: Places, entries: Entries, bad: Mask) -> Level:
        sound = entries.taken(((entries.slots >= 0) & ~bad[entries.rows]).nonzero()[0])
        owners = rows if cohort.rows is None else cohort.rows[rows]
        return item_level(cohort, rows, owners, sound, self.registry, self.wanted)

    def _senml(self, cohort: Cohort, rows: Places, starts: Places, ends: Places) -> Read:
        wire = cohort.level.wire
        records, odd = plan_senml.walk(wire, starts, ends, self.at_most)
        names, number = names_of(wire, records)
        of_record = np.array([_numbers_of(name) for name in names], np.int64).reshape(-1, 4)[number]
        slots = self.registry.slots(of_record[:, 0], of_record[:, 2])
        unread = np.array([name is None for name in names], np.bool_)[number]
        texts = (records.kind == pc.TEXT).nonzero()[0]
        unread[texts] |= ~is_ascii(wire, records.start[texts], records.width[texts])
        timed = (records.time_s > -sn.RELATIVE_S) & (records.time_s < _LATEST_S)
        time_us = np.rint(np.where(timed, records.time_s, 0.0) * 1e6).astype(np.int64)
        entries = Entries(
            records.rows,
            of_record[:, 1],
            of_record[:, 3],
            slots,
            records.number,
            time_us,
            records.start,
            records.width,
        )
        is_opaque = self.registry.is_opaque(slots)
        if self.element.inner:
            is_opaque |= (of_record[:, 0] < 0) & (records.kind == pc.DATA)
        bad = unread | ((is_opaque | (slots >= 0)) & ~timed)
        bad |= judged_senml(self.registry, entries, records.kind) | self._other_versions(
            names, number, records
        )
        odd[records.rows[bad]] = True
        return entries, is_opaque.nonzero()[0], odd

    def _other_versions(self, names: list[str | None], number: Places, records: plan_senml.Records) -> Mask:
        """Give which records say that the encoder is of a version we do not know."""
        if not self.element.versions:
            return np.zeros(len(number), np.bool_)
        is_version = np.array(
            [name is not None and name.endswith(res.VERSION_NAME) for name in names], np.bool_
        )
        known = np.isin(records.number, self.element.versions)
        other: Mask = is_version[number] & (records.kind == pc.NUMBER) & ~known
        return other

    def _tlv(self, cohort: Cohort, rows: Places, starts: Places, ends: Places) -> Read:
        found, odd = plan_tlv.walk(cohort.level.wire, starts, ends, self.at_most)
        ports = self._ports(cohort, rows)
        entries, slots = self._entries(found), np.full(len(found.rows), -1, np.int64)
        open_rows = (ports == NO_PORT) & ~odd
        objects = ports.copy()
        self._choose(cohort, found, entries, objects, open_rows)
        odd |= open_rows & (objects == NO_PORT)
        slots = self.registry.slots(objects[found.rows], found.resources)
        entries.slots = slots
        bad = judged_tlv(cohort.level.wire, self.registry, entries, found, any_text=False)
        odd[found.rows[bad]] = True
        return entries, (self.registry.is_opaque(entries.slots)).nonzero()[0], odd

    def _entries(self, found: plan_tlv.Values) -> Entries:
        count = len(found.rows)
        none = np.full(count, -1, np.int64)
        numbers, times = np.zeros(count), np.zeros(count, np.int64)
        return Entries(
            found.rows, found.instances, found.items, none, numbers, times, found.starts, found.widths
        )

    def _choose(
        self,
        cohort: Cohort,
        found: plan_tlv.Values,
        entries: Entries,
        objects: Places,
        open_rows: Mask,
    ) -> None:
        """Give each open row its object where that is plain: the first one if it fits, else the only one."""
        left = open_rows.copy()
        for tier in self.registry.tiers:
            fits = np.zeros(len(objects), np.int64)
            for number in tier:
                good = self._fits(cohort, found, entries, left, number)
                objects[good] = number
                if number == self.registry.objects[0]:
                    left &= ~good
                else:
                    fits[good] += 1
            objects[left & (fits > 1)] = NO_PORT
            left &= fits == 0

    def _fits(
        self, cohort: Cohort, found: plan_tlv.Values, entries: Entries, left: Mask, number: int
    ) -> Mask:
        """Give which of some rows can be of an object."""
        here = left[found.rows].nonzero()[0]
        good = left.copy()
        if len(here):
            some = found_at(found, here)
            tried = entries.taken(here)
            tried.slots = self.registry.slots(np.full(len(here), number), some.resources)
            odd = judged_tlv(cohort.level.wire, self.registry, tried, some, any_text=True)
            good[some.rows[odd | (tried.slots < 0)]] = False
        return good

    def _ports(self, cohort: Cohort, rows: Places) -> NDArray[Any]:
        given = cohort.level.ports
        if given is None:
            return np.full(len(rows), NO_PORT, np.int64)
        ports: Places = given[rows if cohort.rows is None else cohort.rows[rows]]
        return ports


def _numbers_of(name: str | None) -> tuple[int, int, int, int]:
    """Give the object, instance, resource and instance of the resource that a name says, -1 for none."""
    path = path_of(name) if name and name[0] in _PATHS_BEGIN else None
    if path is None:
        return _NO_PATH
    return path.object, path.instance, path.resource, -1 if path.at is None else path.at


def found_at(found: plan_tlv.Values, kept: Places) -> plan_tlv.Values:
    """Give some of the values."""
    names = ("rows", "instances", "resources", "items", "starts", "widths")
    return plan_tlv.Values(*(getattr(found, name)[kept] for name in names))
