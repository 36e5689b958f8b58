"""What a window keeps of each of its panes, and what one reading adds to it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from narrowgate_rules.columns import BEFORE_US, Floats, Indices, Instants, State
from narrowgate_rules.declaration import StateColumn
from narrowgate_rules.written.nodes import Aggregate, Window

PANES = 16
MILLION = 1e6
MOST = 1e12
"""Greater values are taken for it in sums."""
COUNT = "count"
INITIAL: dict[str, float] = {
    COUNT: 0,
    "hits": 0,
    "sum": 0,
    "least": np.nan,
    "most": np.nan,
    "first": np.nan,
    "first_us": 0,
}
_DTYPES = {COUNT: "uint32", "hits": "uint32", "sum": "int64", "first_us": "int64"}
_KEPT: dict[Aggregate, tuple[str, ...]] = {
    "min": ("least",),
    "max": ("most",),
    "mean": ("sum",),
    "sum": ("sum",),
    "count": ("hits",),
    "share": ("hits",),
    "delta": ("first",),
    "rate": ("first", "first_us"),
}


@dataclass(frozen=True)
class Rows:
    """The readings in which a value is known, (n,) each, sorted by group and time."""

    group: Indices
    time_us: Instants
    value: Floats


def window_columns(memory: int, node: Window) -> tuple[StateColumn, ...]:
    """Give the state of a window."""
    scalars = [
        ("pane", "int64", BEFORE_US),
        ("since_us", "int64", BEFORE_US),
        ("last_us", "int64", BEFORE_US),
    ]
    return (
        *(StateColumn(f"m{memory}_{name}", dtype, initial) for name, dtype, initial in scalars),
        *(
            StateColumn(f"m{memory}_{name}", _DTYPES.get(name, "float64"), INITIAL[name], PANES)
            for name in (COUNT, *_KEPT[node.aggregate])
        ),
    )


def of_rows(rows: Rows, state: State, prefix: str) -> dict[str, NDArray[Any]]:
    """Give what each reading adds to the quantities that a window's state has, (n,) each."""
    made: dict[str, NDArray[Any]] = {}
    for name in INITIAL:
        if prefix + name not in state:
            continue
        if name == COUNT:
            made[name] = np.ones(len(rows.group), np.uint32)
        elif name == "hits":
            made[name] = rows.value.astype(np.uint32)
        elif name == "sum":
            made[name] = _exact(rows.value)
        else:
            made[name] = rows.time_us if name == "first_us" else rows.value
    return made


def _exact(values: Floats) -> NDArray[np.int64]:
    """Give values in millionths, (n,)."""
    return np.rint(np.clip(values, -MOST, MOST) * MILLION).astype(np.int64)
