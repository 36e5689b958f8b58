"""The plan's optional parts: steps for the rows whose earlier number says that they have them."""

from collections.abc import Iterator

import numpy as np

from narrowgate_codecs import elements as el
from narrowgate_codecs import layout as lay
from narrowgate_codecs.cohort import Cohort, Mask, all_in, any_in, one_of
from narrowgate_codecs.facts import NO_FACT
from narrowgate_codecs.plan_leaves import Wants, raw_name
from narrowgate_codecs.plan_regions import Note, Parting, Steps, Stretch, ToEnd, follow


class LeftStep:
    """How many bytes of the region are left."""

    shaping = b""

    def __init__(self, leaf: el.Left, wants: Wants) -> None:
        self.name = leaf.name
        self.wanted, self.raw = leaf.name in wants.values, leaf.name in wants.raws
        self.idle = not (self.wanted or self.raw)
        # Where the length is settled and only choices look at it, it is settled with them.
        self.is_shape = not self.wanted and leaf.name not in wants.units

    def run(self, cohort: Cohort, offset: int) -> None:
        """Keep the number."""
        left = np.broadcast_to(np.asarray(cohort.end - (cohort.at + offset)), (cohort.count,))
        if self.raw:
            cohort.say(raw_name(self.name), left)
        if self.wanted:
            cohort.say(self.name, left)


class FactStep:
    """A number that an earlier frame announced."""

    shaping, is_shape = b"", False

    def __init__(self, leaf: el.Fact, wants: Wants) -> None:
        self.name = leaf.name
        self.wanted, self.raw = leaf.name in wants.values, leaf.name in wants.raws
        self.idle = not (self.wanted or self.raw)

    def run(self, cohort: Cohort, offset: int) -> None:
        """Keep the number; it is null where it is not known."""
        known = cohort.level.facts.get(self.name)
        every = np.full(cohort.level.count, NO_FACT) if known is None else known
        numbers = every if cohort.rows is None else every[cohort.rows]
        if self.raw:
            cohort.say(raw_name(self.name), numbers)
        if self.wanted:
            cohort.say(self.name, numbers, numbers != NO_FACT)


class _Condition:
    """Whether an earlier number is one of some values."""

    def __init__(self, element: lay.When) -> None:
        self.on, self.other = raw_name(element.on), element.other
        self.are = element.are

    def holds(self, cohort: Cohort) -> Mask:
        """Give the rows for which it is so, (m,)."""
        raw = cohort.heard(self.on)
        told: Mask = one_of(raw, self.are)
        if cohort.trace is not None and any_in(raw != raw[0]):
            cohort.trace.is_broken = True
        return ~told if self.other else told


class Spread:
    """Optional elements of fixed width: the rows with and without them stay together."""

    def __init__(self, condition: _Condition, inside: Stretch) -> None:
        self.condition, self.inside = condition, inside

    def run(self, cohort: Cohort) -> None:
        """Read the elements where they are; move only those rows' place."""
        there = self.condition.holds(cohort)
        if all_in(there):
            self.inside.run(cohort)
            return
        width = self.inside.width
        short = there & (cohort.end - cohort.at < width)
        if any_in(short):
            cohort.drop(short)
            there = there[~short]
        if any_in(there):
            if self.inside.leaves:
                self.inside.run(cohort.pick(there))
            cohort.at = cohort.at + there * width


class Aside:
    """Optional elements that leave the rest of the frame alone: read apart, then all rows go on together."""

    def __init__(self, condition: _Condition, inside: Steps) -> None:
        self.condition, self.inside = condition, inside

    def run(self, cohort: Cohort) -> None:
        """Read the elements where they are, and move only those rows' place."""
        there = self.condition.holds(cohort)
        if all_in(there):
            follow(self.inside, cohort)
        elif any_in(there):
            self._read(cohort, there)

    def _read(self, cohort: Cohort, there: Mask) -> None:
        part = cohort.pick(there)
        follow(self.inside, part)
        rows = np.arange(cohort.count) if cohort.rows is None else cohort.rows
        # What is picked says its rows, and a level's rows ascend.
        read = np.searchsorted(rows, rows if part.rows is None else part.rows)
        at = np.full(cohort.count, cohort.at, np.int64) if isinstance(cohort.at, int) else cohort.at.copy()
        at[read] = part.at
        cohort.at = at
        kept = ~there
        kept[read] = True
        cohort.drop(~kept)


class Given(Parting):
    """Optional elements whose shape may differ from row to row: the rows with them go on apart."""

    def __init__(self, condition: _Condition, inside: Steps) -> None:
        self.condition, self.inside = condition, inside

    def part(self, cohort: Cohort) -> Iterator[tuple[Steps, Cohort]]:
        """Give the rows that have them, then those that have not."""
        there = self.condition.holds(cohort)
        if all_in(there) or not any_in(there):
            yield (self.inside if there[0] else ()), cohort
            return
        yield self.inside, cohort.pick(there)
        yield (), cohort.pick(~there)


def _is_simple(step: object) -> bool:
    """Give whether a step leaves nothing behind but values: no choice, no region, no mark."""
    if isinstance(step, Stretch):
        return not any(isinstance(leaf, Note) for _, leaf in step.leaves)
    return isinstance(step, (Spread, Aside, ToEnd))


def when(element: lay.When, inside: Steps) -> "Spread | Aside | Parting":
    """Give the step of optional elements; nothing where there is nothing to read and no byte."""
    condition = _Condition(element)
    if not inside:
        return Spread(condition, Stretch(0, ()))
    if len(inside) == 1 and isinstance(inside[0], Stretch):
        return Spread(condition, inside[0])
    if all(_is_simple(step) for step in inside):
        return Aside(condition, inside)
    return Given(condition, inside)
