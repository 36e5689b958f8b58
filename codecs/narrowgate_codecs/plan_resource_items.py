"""The plan's items: values gathered by frame, instance and instant; the mirror of resource_items.py."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from narrowgate_codecs import resources as res
from narrowgate_codecs.cohort import Cohort, Column, Level
from narrowgate_codecs.plan_leaves import raw_name
from narrowgate_codecs.senml import RELATIVE_S
from narrowgate_codecs.wire import Places

_US = 1_000_000


@dataclass(slots=True)
class Entries:
    """Values of some rows; those of one row in the order of the wire, (m,) each."""

    rows: Places
    instances: Places
    items: Places
    """Instance of the resource; -1 for one that has none."""
    slots: Places
    """Place in the registry; -1 for an unknown resource."""
    numbers: NDArray[np.float64]
    times_us: NDArray[np.int64]
    """[us] of the record; 0 for none."""
    starts: Places
    """First byte of the value, on the wire."""
    widths: Places
    """[byte] of the value, where it is a string or bytes."""

    def taken(self, kept: Places) -> "Entries":
        """Give some of them."""
        return Entries(
            self.rows[kept],
            self.instances[kept],
            self.items[kept],
            self.slots[kept],
            self.numbers[kept],
            self.times_us[kept],
            self.starts[kept],
            self.widths[kept],
        )


def item_level(
    cohort: Cohort, rows: Places, owners: Places, entries: Entries, registry: Any, wanted: frozenset[str]
) -> Level:
    """Give the items of sound entries.

    Args:
        cohort: the frames.
        rows: (n,) which of the cohort's the entries count.
        owners: (n,) the rows of the cohort's level that these are.
        entries: of known resources.
        registry: what their slots mean.
        wanted: names that readings carry.
    """
    item, firsts = _grouped(entries)
    own = entries.rows[firsts]
    level = Level(
        cohort.level.wire,
        cohort.starts[rows[own]],
        np.zeros(len(firsts), np.bool_),
        parent=cohort.level,
        owners=owners[own],
        index=firsts,
    )
    level.columns[res.INSTANCE.name] = Column(entries.instances[firsts], None)
    _date(level, entries, item, firsts, registry.stamps[entries.slots])
    for slot in np.unique(entries.slots).tolist():
        name = registry.names[slot]
        if name in wanted and name not in level.columns:
            slots = [at for at, other in enumerate(registry.names) if other == name]
            these = (np.isin(entries.slots, slots) if len(slots) > 1 else entries.slots == slot).nonzero()[0]
            level.columns[name] = _column(entries.numbers[these], item[these], len(firsts))
    return level


def opaque_level(cohort: Cohort, rows: Places, entries: Entries, index: Places) -> Level:
    """Give the level of opaque values, dated by their records."""
    frames = rows[entries.rows]
    level = Level(
        cohort.level.wire,
        entries.starts,
        np.zeros(len(index), np.bool_),
        parent=cohort.level,
        owners=frames if cohort.rows is None else cohort.rows[frames],
        index=index,
    )
    absolute = entries.times_us >= RELATIVE_S * _US
    clock = np.where(absolute, entries.times_us, 0)
    level.columns[raw_name(res.CLOCK.name)] = Column(clock, absolute)
    level.columns[raw_name(res.OFFSET.name)] = Column(np.where(absolute, 0, entries.times_us), None)
    return level


def _grouped(entries: Entries) -> tuple[Places, Places]:
    """Give which item each entry is of, (m,), and the first entry of each item."""
    count = len(entries.rows)
    if not count:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    last = int(entries.rows.max()) + 1
    several = np.zeros(last, np.bool_)
    several[entries.rows[(entries.times_us != 0) | (entries.instances != 0)]] = True
    is_plain = ~several[entries.rows]
    plain, others = is_plain.nonzero()[0], (~is_plain).nonzero()[0]
    item, firsts = np.empty(count, np.int64), np.zeros(0, np.int64)
    if len(plain):
        # One item a row: the first entry of each row is the one that is written last here.
        rows = entries.rows[plain]
        first = np.full(last, -1, np.int64)
        first[rows[::-1]] = plain[::-1]
        firsts = first[first >= 0]
        item[plain] = (np.cumsum(first >= 0) - 1)[rows]
    if len(others):
        more, order = _sorted(entries, others)
        item[others] = more + len(firsts)
        firsts = np.concatenate([firsts, order])
    return item, firsts


def _sorted(entries: Entries, some: Places) -> tuple[Places, Places]:
    """Give the same of rows with several items: by row, instance and instant."""
    keys = [entries.times_us[some], entries.instances[some], entries.rows[some]]
    order = np.lexsort([some, *keys])
    new = np.zeros(len(some), np.bool_)
    new[0] = True
    for key in keys:
        new[1:] |= key[order[1:]] != key[order[:-1]]
    item = np.empty(len(some), np.int64)
    item[order] = np.cumsum(new) - 1
    return item, some[order[new]]


def _column(numbers: NDArray[np.float64], item: Places, count: int) -> Column:
    """Give what items say; of two values of one item the later one holds, a number that is none too."""
    values, said = np.zeros(count), np.zeros(count, np.bool_)
    finite = np.isfinite(numbers)
    values[item] = np.where(finite, numbers, 0.0)
    said[item] = finite
    return Column(values, said)


def _date(level: Level, entries: Entries, item: Places, firsts: Places, is_stamp: NDArray[np.bool_]) -> None:
    """Keep the items' clocks and their distances from reception."""
    times = entries.times_us[firsts]
    absolute = times >= RELATIVE_S * _US
    clock, clocked = np.where(absolute, times, 0), absolute.copy()
    stamps = is_stamp.nonzero()[0]
    if len(stamps):
        clock[item[stamps]] = entries.numbers[stamps].astype(np.int64) * _US
        clocked[item[stamps]] = True
    level.columns[raw_name(res.CLOCK.name)] = Column(clock, clocked)
    level.columns[raw_name(res.OFFSET.name)] = Column(np.where(clocked, 0, times), None)
