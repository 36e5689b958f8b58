"""The plan's regions that stand behind several headers: rows that took different ways meet again.

A batch of a hundred kinds of headers would else be a hundred small ones from there on. Reading such a region
last is the same as reading it in its turn, as long as nothing outside of it goes by what it says.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import TypeAlias

from narrowgate_codecs import elements as el
from narrowgate_codecs import layout as lay
from narrowgate_codecs.cohort import Cohort
from narrowgate_codecs.plan_regions import Steps, follow
from narrowgate_codecs.soundness import every

Region: TypeAlias = lay.Body | lay.Encrypted
Uses = Callable[[tuple[lay.Element, ...]], Iterable[str]]
"""Gives the names that elements go by, one for each use."""


class Joint:
    """A region behind several headers."""

    def __init__(self, inside: Steps) -> None:
        self.inside = inside

    def run(self, cohort: Cohort) -> None:
        """Put rows that were parted off until all came to the region; those that were not are read now."""
        level = cohort.level
        if cohort.rows is None or level.parent is not None:
            follow(self.inside, cohort)
            return
        level.put_off.append((self, Cohort(level, cohort.starts, cohort.at, cohort.end, cohort.rows)))
        cohort.at = cohort.end

    def finish(self, cohort: Cohort) -> None:
        """Read the region in all rows."""
        follow(self.inside, cohort)


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
