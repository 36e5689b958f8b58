"""Values that no bytes say: a number of the frame scaled by another one, or several summed up."""

from typing import Any

import construct as c
import numpy as np

from narrowgate_codecs import elements as el
from narrowgate_codecs.cohort import Cohort, all_in
from narrowgate_codecs.plan_leaves import Wants, raw_name
from narrowgate_codecs.scope import Said, Scope, Wanted
from narrowgate_codecs.sums import Sum

_FLOAT, _ZERO = np.dtype(np.float64), np.asarray(0.0)


def scaled_value(element: el.Scaled, raw: tuple[int, int], scope: Scope) -> float | None:
    """Give what the two raw numbers make; None where the scaling one is zero or unknown.

    Each step is one of float64, so that columns make the same of numbers that float64 cannot tell apart.
    """
    number, by = raw
    if element.factors:
        factor = dict(reversed(element.factors)).get(by)
        return None if factor is None else float(number) * factor / element.per
    return None if by == 0 else float(number) / (float(by) * element.per)


class ScaledConstruct(c.Construct):  # type: ignore[misc]  # construct is untyped
    """Keeps the two raw numbers where they are known; nothing is read or written."""

    def __init__(self, element: el.Scaled) -> None:
        super().__init__()
        self.element = element

    def _parse(self, stream: Any, scope: Scope, path: str) -> None:
        raw = scope.find(self.element.of), scope.find(self.element.by)
        scope.said.append(Said(self.element, raw, stream.tell(), stream.tell()))

    def _build(self, obj: Any, stream: Any, wanted: Wanted, path: str) -> Any:
        return obj


class ScaledStep:
    """The same for columns, step by step."""

    shaping, is_shape = b"", False

    def __init__(self, leaf: el.Scaled, wants: Wants) -> None:
        self.leaf = leaf
        self.idle = leaf.name not in wants.values
        self.of, self.by, self.per = raw_name(leaf.of), raw_name(leaf.by), np.asarray(float(leaf.per))
        most = max((code for code, _ in leaf.factors), default=0)
        self.factors = np.zeros(most + 2, np.float64)
        for code, factor in reversed(leaf.factors):
            self.factors[code] = factor

    def run(self, cohort: Cohort, offset: int) -> None:
        """Scale, null where the scaling number is zero or unknown."""
        leaf = self.leaf
        number, by = cohort.heard(self.of).astype(_FLOAT), cohort.heard(self.by)
        scale = self.factors[np.minimum(by, len(self.factors) - 1)] if leaf.factors else by.astype(_FLOAT)
        told = scale != _ZERO
        said = None if all_in(told) else told
        if leaf.factors:
            values = number * scale / self.per
        else:
            scale *= self.per
            values = number / (scale if said is None else np.where(told, scale, 1.0))
        cohort.say(leaf.name, values, said)


def sum_value(element: Sum, raw: tuple[int, ...], scope: Scope) -> int | float:
    """Give what the raw numbers make together, each step one of float64."""
    total = 0.0
    for number, (_, weight) in zip(raw, element.of, strict=True):
        total += float(number) * weight
    return int(total) if element.is_whole else total / element.per


class SumConstruct(c.Construct):  # type: ignore[misc]
    """Keeps the raw numbers; nothing is read or written."""

    def __init__(self, element: Sum) -> None:
        super().__init__()
        self.element = element

    def _parse(self, stream: Any, scope: Scope, path: str) -> None:
        raw = tuple(scope.find(name) for name, _ in self.element.of)
        scope.said.append(Said(self.element, raw, stream.tell(), stream.tell()))

    def _build(self, obj: Any, stream: Any, wanted: Wanted, path: str) -> Any:
        return obj


class SumStep:
    """The same for columns, step by step."""

    shaping, is_shape = b"", False

    def __init__(self, leaf: Sum, wants: Wants) -> None:
        self.leaf = leaf
        self.idle = leaf.name not in wants.values

    def run(self, cohort: Cohort, offset: int) -> None:
        """Sum up."""
        total = np.zeros(cohort.count, np.float64)
        for name, weight in self.leaf.of:
            total = total + cohort.heard(raw_name(name)).astype(np.float64) * weight
        whole = self.leaf.is_whole
        cohort.say(self.leaf.name, total.astype(np.int64) if whole else total / self.leaf.per)
