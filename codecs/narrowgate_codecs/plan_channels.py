"""The plan's channels: an item for every bit of a mask; the mirror of channels.py."""

import numpy as np

from narrowgate_codecs import layout as lay
from narrowgate_codecs.cohort import Cohort, Level
from narrowgate_codecs.plan_items import ItemSteps
from narrowgate_codecs.plan_leaves import raw_name
from narrowgate_codecs.plan_lists import counted_by
from narrowgate_codecs.plan_regions import Steps
from narrowgate_codecs.wire import Places

_BITS = np.arange(63)


class ChannelSteps(ItemSteps):
    """The same fields once for every bit that is set."""

    shortest = 0
    """[byte] The bits are few, so an item may be empty."""

    def __init__(self, element: lay.Channels, steps: Steps, measure: Steps, least: int) -> None:
        """Take what reads an item (nothing: the items are only passed over) and what shapes one."""
        super().__init__(lay.Array(element.name, element.mask, element.fields), steps, measure, least)
        self.mask, self.channel = raw_name(element.mask), element.channel

    def counts(self, cohort: Cohort) -> Places | None:
        """Give how many bits are set; drop the rows too short for so many items."""
        bits = np.bitwise_count(cohort.heard(self.mask)).astype(np.int64)
        return counted_by(cohort, bits, self.least) if self.least else bits

    def told(self, cohort: Cohort, level: Level, owners: Places) -> None:
        """Say which bit each item stands for."""
        if level.index is None:
            raise TypeError("items have places")
        masks = cohort.heard(self.mask).astype(np.int64)[owners]
        place = np.cumsum(masks[:, None] >> _BITS & 1, axis=1)
        channels = np.argmax(place == level.index[:, None] + 1, axis=1) + 1
        items = Cohort(level, level.starts, 0, 0)
        items.say(raw_name(self.channel), channels)
        items.say(self.channel, channels)
