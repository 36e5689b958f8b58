"""Columns of readings from what frames carry: of several sources of one field the first that speaks holds."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from narrowgate_codecs.cohort import Column


class Carried:
    """The fields of readings, gathered source by source."""

    def __init__(self) -> None:
        self.fields: dict[str, Column] = {}
        """By field; words as numbers into `words`."""
        self.words: dict[str, tuple[str, ...]] = {}

    def add(self, field: str, column: Column, words: Iterable[str] | None) -> None:
        """Take what a source says where the ones before it are silent.

        Args:
            field: a field's name.
            column: (m,) what the source says.
            words: what its numbers stand for; None: they are the values.
        """
        before = self.fields.get(field)
        if before is None:
            self.fields[field] = column
            if words is not None:
                self.words[field] = tuple(words)
            return
        if before.said is None:
            return
        values: NDArray[Any] = column.values
        if words is not None:
            values = values + len(self.words[field])
            self.words[field] = (*self.words[field], *words)
        said = None if column.said is None else before.said | column.said
        self.fields[field] = Column(np.where(before.said, before.values, values), said)
