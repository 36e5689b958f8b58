"""Which groups devices stand in: a code by registry slot for every level."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from narrowgate_rules.columns import FleetColumns, Indices
from narrowgate_schema.words import GroupLevel

_HOUR_US = 3_600_000_000
NOWHERE = -1


@dataclass(frozen=True)
class Level:
    """The groups of one level."""

    code: Indices
    """(slots,) the group of each device; NOWHERE = none."""
    names: list[str]
    """By code, sorted: codes follow from names alone."""


@dataclass
class Places:
    """The groups as the registry has them; where a device stands is asked for once an hour."""

    _key: tuple[Any, ...] = ()
    _levels: dict[GroupLevel, Level] = field(default_factory=dict)

    def at(self, fleet: FleetColumns, now_us: int) -> dict[GroupLevel, Level]:
        """Give all levels as of the hour that began last before an instant."""
        hour_us = now_us // _HOUR_US * _HOUR_US
        key = (fleet, fleet.version, hour_us)
        if not self._key or self._key[0] is not fleet or self._key[1:] != key[1:]:
            slots = np.arange(len(fleet.column("report_interval_s")), dtype=np.int32)
            asset = fleet.asset_rows_at(slots, np.full(len(slots), hour_us))
            self._levels = {level: _level(fleet.asset_column(level.value), asset) for level in GroupLevel}
            self._key = key
        return self._levels


def _level(column: NDArray[Any], asset: NDArray[np.int32]) -> Level:
    texts = np.asarray(column, dtype=object)
    encoded = pa.array(texts, pa.string(), from_pandas=True).dictionary_encode()
    words = encoded.dictionary.to_pylist()
    names = sorted(words)
    place = {name: code for code, name in enumerate(names)}
    codes = np.array([*(place[word] for word in words), NOWHERE], np.intp)
    by_asset = codes[encoded.indices.fill_null(len(words)).to_numpy(zero_copy_only=False)]
    return Level(np.append(by_asset, NOWHERE)[asset], names)
