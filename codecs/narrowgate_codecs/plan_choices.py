"""The plan's choices by code: the rows of each case go on apart, those of one case together."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from narrowgate_codecs.cohort import Cohort, all_in, one_of
from narrowgate_codecs.plan_leaves import raw_name
from narrowgate_codecs.plan_regions import Parting, Steps
from narrowgate_codecs.wire import Places

_TABLED = 1 << 16
"""Codes below it are looked up."""


def runs_of(numbers: NDArray[np.int16]) -> list[tuple[int, Places]]:
    """Give the numbers that occur, ascending, each with its rows, ascending."""
    if not len(numbers):
        return []
    order = numbers.argsort(kind="stable")
    ordered = numbers.take(order)
    edges = [0, *((ordered[1:] != ordered[:-1]).nonzero()[0] + 1).tolist(), len(order)]
    return [(int(ordered[first]), order[first:stop]) for first, stop in pairwise(edges)]


class Choose(Parting):
    """Steps by an earlier code."""

    def __init__(self, on: str, cases: Sequence[tuple[tuple[int, ...], int, Steps]], default: Any) -> None:
        """Take (codes, number of the case, steps); the default has no codes and may be None."""
        self.on = raw_name(on)
        self.by_code = {code: (number, steps) for codes, number, steps in cases for code in codes}
        self.cases = [(number, steps, list(codes)) for codes, number, steps in cases if codes]
        self.default: tuple[int, Steps] | None = default
        self.table = np.full(
            max(256, min(max(self.by_code, default=0) + 2, _TABLED)), len(self.cases), np.int16
        )
        """The place of its case for every code that there is one for; the last stands for all behind it."""
        for case, (_, _, own) in enumerate(self.cases):
            self.table[[code for code in own if 0 <= code < len(self.table)]] = case
        self.open_table = np.array([len(self.cases), *self.table.tolist()], np.int16)
        """The same one place on: what is below the first code comes to the first place."""
        self.is_tabled = all(0 <= code < len(self.table) - 1 for code in self.by_code)

    def part(self, cohort: Cohort) -> Iterator[tuple[Steps, Cohort]]:
        """Give the rows of each code that occurs; drop those whose code has no case."""
        codes = cohort.heard(self.on)
        first = int(codes[0])
        if all_in(codes == first):
            yield from self._chosen(first, cohort)
            return
        parts = self._parts(codes)
        if len(parts) == 1 and parts[0][0] < len(self.cases):
            # Other codes, one case: the rows stay together, but there is no one layout.
            self._break(cohort)
            yield self._entered(parts[0][0], cohort)
            return
        for case, rows in parts:
            if case < len(self.cases):
                yield self._entered(case, cohort.pick(rows))
            else:
                yield from self._other(cohort.pick(rows))

    def _entered(self, case: int, cohort: Cohort) -> tuple[Steps, Cohort]:
        number, steps, _ = self.cases[case]
        cohort.enter(number)
        return steps, cohort

    def _parts(self, codes: NDArray[Any]) -> list[tuple[int, Places]]:
        """Give the cases that occur, each once and with its rows; one past the last for codes without one."""
        return runs_of(self._taken(codes))

    def _taken(self, codes: NDArray[Any]) -> NDArray[np.int16]:
        """Give the place of each row's case among the declared ones."""
        if codes.dtype == np.uint8:
            return self.table.take(codes)
        if self.is_tabled:
            # One place on, so that what is below zero comes to the first place, as what is past the end to
            # the last: both are of no case, as is the greatest number, which comes round to zero.
            known = codes if codes.dtype.kind == "u" else codes.astype(np.int64, copy=False)
            return self.open_table.take(known + 1, mode="clip")
        taken = np.full(len(codes), len(self.cases), np.int16)
        for case, (_, _, own) in enumerate(self.cases):
            taken[one_of(codes, own)] = case
        return taken

    def _break(self, cohort: Cohort) -> None:
        if cohort.trace is not None:
            cohort.trace.is_broken = True

    def _chosen(self, code: int, cohort: Cohort) -> Iterator[tuple[Steps, Cohort]]:
        if code not in self.by_code:
            yield from self._other(cohort)
            return
        number, steps = self.by_code[code]
        cohort.enter(number)
        yield steps, cohort

    def _other(self, cohort: Cohort) -> Iterator[tuple[Steps, Cohort]]:
        if self.default is None:
            cohort.drop(True)
            return
        number, steps = self.default
        cohort.enter(number)
        yield steps, cohort
