"""What deciding on causes rests on: the levels, their thresholds, the rules' rhythms, the shelves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from narrowgate_rules.causes.levels import RELEASE, GroupRule
from narrowgate_rules.causes.outages import Terms
from narrowgate_rules.causes.shelves import Shelf
from narrowgate_rules.columns import Instants
from narrowgate_rules.declaration import Rule

_INTERVAL = "default_interval_h"
_LONGEST_S = 31_622_400.0

Values = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True)
class Setting:
    """Rules, levels and thresholds of an engine."""

    groups: tuple[GroupRule, ...]
    values: Values
    """Thresholds by rule and name."""
    rules: Sequence[Rule]
    shelves: tuple[Shelf, ...] = field(default=())

    @cached_property
    def terms(self) -> tuple[Terms, ...]:
        """When a group of each level is out."""
        own = (self.values[group.name] for group in self.groups)
        return tuple(
            Terms(each["share_pct"] / 100.0, round(each["least"]), round(each["window_min"] * 60e6))
            for each in own
        )

    @cached_property
    def windows_us(self) -> dict[str, int]:
        """The longest window in which findings of a rule may turn out to be a group's [us], by rule."""
        longest: dict[str, int] = {}
        for group, terms in zip(self.groups, self.terms, strict=True):
            for rule in group.symptoms:
                longest[rule] = max(longest.get(rule, 0), terms.window_us)
        return longest

    @cached_property
    def explained(self) -> frozenset[str]:
        """The rules whose findings a group may explain."""
        return frozenset(rule for group in self.groups for rule in (*group.symptoms, *group.explains))

    @property
    def gap_us(self) -> int:
        """The least time between two episodes of a kind [us]."""
        return round(self.values[RELEASE.name]["gap_min"] * 60e6)

    @property
    def flap_us(self) -> int:
        """The window in which raises are counted, and for which what flapped must stand [us]."""
        return round(self.values[RELEASE.name]["flap_min"] * 60e6)

    @property
    def flap_raises(self) -> int:
        """Raises within the window that are flapping."""
        return round(self.values[RELEASE.name]["flap_raises"])

    def every_us(self, rules: NDArray[np.object_], interval_s: NDArray[np.float64]) -> Instants:
        """Give how often devices report, (n,) [us]: as the registry says, else as the rule assumes.

        Args:
            rules: (n,) names of the findings' rules.
            interval_s: (n,) of the registry; NaN = not set.
        """
        known = (interval_s >= 1.0) & (interval_s <= _LONGEST_S)
        usual_s = np.array([self._usual_s.get(rule, 0.0) for rule in rules.tolist()], np.float64)
        return np.rint(np.where(known, interval_s, usual_s) * 1e6).astype(np.int64)

    @cached_property
    def _usual_s(self) -> dict[str, float]:
        return {
            rule.name: interval_h * 3600.0
            for rule in self.rules
            if (interval_h := self.values[rule.name].get(_INTERVAL, 0.0)) > 0.0
        }
