"""The plan's parts that stand behind several headers: rows that took different ways meet again.

A batch of a hundred kinds of headers would else be a hundred small ones from there on. Such a part is a
region, or a choice that goes on to the end of one. Reading it last is the same as reading it in its turn, as
long as nothing outside of it goes by what it says.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

from narrowgate_codecs import elements as el
from narrowgate_codecs import layout as lay
from narrowgate_codecs.cohort import Cohort
from narrowgate_codecs.plan_regions import Steps, follow
from narrowgate_codecs.soundness import every

Region: TypeAlias = lay.Body | lay.Encrypted
Part: TypeAlias = Region | lay.Switch
Uses = Callable[[tuple[lay.Element, ...]], Iterable[str]]
"""Gives the names that elements go by, one for each use."""


class Joint:
    """A part behind several headers."""

    def __init__(self, inside: Steps, weight: int) -> None:
        """Take its steps, and how many elements it has: what holds others is read before them."""
        self.inside, self.weight = inside, weight

    def run(self, cohort: Cohort) -> None:
        """Put rows that were parted off until all came to the part; those that were not are read now."""
        level = cohort.level
        if cohort.rows is None or level.parent is not None:
            follow(self.inside, cohort)
            return
        part = Cohort(level, cohort.starts, cohort.at, cohort.end, cohort.rows)
        level.put_off = (*level.put_off, (self, part))
        cohort.at = cohort.end

    def finish(self, cohort: Cohort) -> None:
        """Read the part in all rows."""
        follow(self.inside, cohort)


def weight_of(part: Part) -> int:
    """Give how many elements a part has, itself included."""
    return sum(1 for _ in every((part,)))


def parts_of(fields: tuple[lay.Element, ...], uses: Uses) -> frozenset[Part]:
    """Give the parts of a direction that stand behind several headers and can be read last.

    What only stands in another such part is read once with it, and is none.
    """
    found: frozenset[Part] = joints_of(fields, uses) | tails_of(fields, uses)
    ways = Counter(_ways(fields, found, set()))
    return frozenset(part for part in found if ways[part] > 1)


def _ways(fields: tuple[lay.Element, ...], found: frozenset[Part], met: set[Part]) -> Iterator[Part]:
    """Give each part once for every way that leads to it, the inside of each part walked once."""
    for field in fields:
        if isinstance(field, Part) and field in found:
            yield field
            if field in met:
                continue
            met.add(field)
        yield from _ways(lay.children(field), found, met)


def joints_of(fields: tuple[lay.Element, ...], uses: Uses) -> frozenset[Region]:
    """Give the regions of a direction that stand behind several headers and can be read last."""
    regions = Counter(field for field in every(fields) if isinstance(field, Region))
    if not regions:
        return frozenset()
    used = Counter(uses(fields))
    return frozenset(
        region for region, times in regions.items() if times > 1 and _is_alone(region, times, used, uses)
    )


def _is_alone(region: Region, times: int, used: Counter[str], uses: Uses) -> bool:
    """Give whether nothing outside of a region goes by what it says, and it goes by no place outside."""
    if any(isinstance(field, el.Check) for field in every(region.fields)):
        return False
    said = {name for field in region.fields for name in lay.names_of(field)}
    own = Counter(uses(region.fields))
    return all(used[name] == times * own[name] for name in said)


def tails_of(fields: tuple[lay.Element, ...], uses: Uses) -> frozenset[lay.Switch]:
    """Give the choices of a direction that can be read last: they always go on to their region's end."""
    switches = Counter(field for field in every(fields) if isinstance(field, lay.Switch))
    tails = Counter(_tails(fields, frozenset(), uses))
    return frozenset(switch for switch, times in tails.items() if times == switches[switch] > 1)


def _tails(fields: tuple[lay.Element, ...], around: frozenset[str], uses: Uses) -> Iterator[lay.Switch]:
    """Give the choices at the end of regions, as often as they stand there.

    Args:
        fields: what fills a region up to its end.
        around: names that what is around them goes by.
        uses: gives the names that elements go by.
    """
    for at, field in enumerate(fields):
        beside = around | frozenset(uses((*fields[:at], *fields[at + 1 :])))
        if isinstance(field, lay.REGIONS):
            yield from _tails(field.fields, beside, uses)
        elif isinstance(field, lay.Switch) and at == len(fields) - 1:
            inside = list(every((field,)))
            said = {name for one in inside for name in lay.names_of(one)}
            if said.isdisjoint(beside) and not any(isinstance(one, el.Check) for one in inside):
                yield field
            for case in lay.cases_of(field):
                yield from _tails(case.fields, beside, uses)
