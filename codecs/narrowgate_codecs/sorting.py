"""The frames of a batch sorted by profile, so that each plan finds its own back to back on a wire of its own.

Rule 1: what a batch of many profiles costs follows its frames, not its frames times its profiles: columns are
read and bytes are moved once for all of them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from narrowgate_codecs.arrow_columns import stable_order
from narrowgate_codecs.cohort import NO_PORT, Mask
from narrowgate_codecs.context import Context
from narrowgate_codecs.layout import Direction
from narrowgate_codecs.wire import Places, Wire, packed_column, part_of


@dataclass(frozen=True, slots=True)
class Group:
    """The frames of one profile and direction."""

    profile: str
    direction: Direction
    rows: Places
    """(m,) Rows of the uplinks, ascending."""
    first: int
    """Frames of other groups before them."""


class Sorted:
    """The frames of a batch, group by group."""

    def __init__(self, uplinks: pa.RecordBatch, context: Context, profiles: set[str | None]) -> None:
        """Take the frames, what is known of them, and the profiles that they have."""
        self._uplinks, self._context, self._profiles = uplinks, context, profiles
        self._order: Places | None = None

    def groups(self) -> Iterator[Group]:
        """Give the groups that have frames; a frame without a profile is in none."""
        if len(self._profiles) == 1 and self._context.directions is None:
            (sole,) = self._profiles
            if sole is not None:
                yield Group(sole, "up", np.arange(self._uplinks.num_rows), 0)
            return
        names = pa.array(self._context.profiles, pa.string()).dictionary_encode()
        words = names.dictionary.to_pylist()
        # Frames without a profile come behind all others.
        keys = 2 * names.indices.fill_null(len(words)).to_numpy(zero_copy_only=False).astype(np.int32)
        if self._context.directions is not None:
            keys += np.array([direction == "down" for direction in self._context.directions], np.bool_)
        order = stable_order(keys, 2 * len(words) + 2)
        found, firsts = np.unique(keys[order], return_index=True)
        self._order = order if len(found) > 1 else None
        edges = pairwise([*firsts.tolist(), len(keys)])
        for key, (first, stop) in zip(found.tolist(), edges, strict=True):
            if key < 2 * len(words):
                yield Group(words[key // 2], "down" if key % 2 else "up", order[first:stop], first)

    def wire(self, group: Group) -> tuple[Wire, Places, Places]:
        """Give the wire of a group's frames, where each starts in it, and how long each is [byte]."""
        wire, starts, lengths = self._packed
        return part_of(wire, starts, lengths, group.first, group.first + len(group.rows))

    @cached_property
    def ports(self) -> Places:
        """The captured message types by row of the uplinks, (n,); NO_PORT for none."""
        column = self._uplinks.column("port").cast(pa.int64())
        ports: Places = column.fill_null(NO_PORT).to_numpy(zero_copy_only=False)
        return ports

    @cached_property
    def received(self) -> tuple[NDArray[np.int64], Mask]:
        """Receptions by row of the uplinks [us since 1970 UTC], (n,), and where they are known."""
        column = self._uplinks.column("received_at").view(pa.int64())
        if not column.null_count:
            return column.to_numpy(), np.ones(len(column), np.bool_)
        known = column.is_valid().to_numpy(zero_copy_only=False)
        return column.fill_null(0).to_numpy(zero_copy_only=False), known

    @cached_property
    def _packed(self) -> tuple[Wire, Places, Places]:
        payloads = self._uplinks.column("payload")
        return packed_column(payloads if self._order is None else payloads.take(pa.array(self._order)))
