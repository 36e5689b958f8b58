"""A plain reading of the expression language, row by row: slow, without arrays, to hold the engine against.

It reads the text anew with its own small interpreter. A window is a list of all rows ever heard.
"""

import ast
import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rules_rows import Arrival, Row
from rules_twin import Version, histories, sorted_versions

PANES = 16
HOUR_US = 3_600_000_000
_SECONDS = {"s": 1, "min": 60, "h": 3600, "d": 86_400}
_OPERATORS: dict[type, Any] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}


def span_us(text: str) -> int:
    """Give a duration [us]."""
    number = text.rstrip("smindh")
    return int(number) * _SECONDS[text[len(number) :]] * 1_000_000


@dataclass
class _Heard:
    """What a window or memory has heard: (time [us], value) of all rows in which the value was known."""

    rows: list[tuple[int, float]] = field(default_factory=list)
    since_us: int = 0
    pairs: list[tuple[Any, Any]] = field(default_factory=list)
    """Of a switch: value and key of every row."""


def _last_run(rows: list[tuple[int, float]]) -> list[tuple[int, float]]:
    """Give the last rows of one value."""
    begin = len(rows) - 1
    while begin > 0 and rows[begin - 1][1] == rows[-1][1]:
        begin -= 1
    return rows[begin:]


@dataclass
class _Device:
    heard: dict[str, _Heard] = field(default_factory=dict)
    runs: dict[str, tuple[int | None, int | None]] = field(default_factory=dict)
    """Since when, and when last known, of each condition."""
    raised_us: int | None = None
    told: int = 0
    holds: bool = False
    is_worse: bool = False


class Twin:
    """One written rule, read row by row; None is unknown."""

    def __init__(
        self,
        when: str,
        clear: str | None = None,
        *,
        hold: str = "0s",
        clear_hold: str = "0s",
        hole_us: int = 6 * HOUR_US,
        worse: str | None = None,
        latched: bool = False,
    ) -> None:
        self._conditions = {"when": when, "clear": f"not ({when})" if clear is None else clear}
        self._conditions |= {} if worse is None else {"worse": worse}
        self._holds_us = {"when": span_us(hold), "clear": span_us(clear_hold), "worse": 0}
        self._is_latched, self._is_plain = latched, worse is None and not latched
        self._hole_us = hole_us

    def versions(self, arrivals: Sequence[Arrival]) -> list[Version]:
        """Say what becomes of episodes."""
        devices: dict[str, _Device] = {}
        said: list[tuple[int, Version]] = []
        for row, late in histories(arrivals):
            if late:
                continue
            device = devices.setdefault(row.device, _Device())
            reading = _Reading(device, row.time_us, row.values, self._hole_us)
            held = {run: self._held(device, run, reading) for run in self._conditions}
            if not self._is_plain:
                said += self._lasting(device, row, held)
            elif held["when"] and device.raised_us is None:
                device.raised_us = row.time_us
                said.append((row.time_us, (row.device, 1, "raised", row.time_us, None, row.frame)))
            elif held["clear"] and not held["when"] and device.raised_us is not None:
                raised, device.raised_us = device.raised_us, None
                said.append((raised, (row.device, 2, "cleared", raised, row.time_us, row.frame)))
        return sorted_versions(said)

    def _lasting(self, device: _Device, row: Row, held: Mapping[str, bool]) -> list[tuple[int, Version]]:
        """Give what becomes of an episode that latches or grows worse; a worse one's state has a mark."""
        if not (held["when"] or held["clear"]):
            return []
        proven = held["when"]
        turns, device.holds = proven != device.holds, proven
        if proven and device.raised_us is None:
            device.raised_us, device.told, device.is_worse = row.time_us, 0, False
        if device.raised_us is None:
            return []
        grows = proven and held.get("worse", False) and not device.is_worse
        device.is_worse |= grows
        if not (turns or grows):
            return []
        device.told += 1
        raised_us, ends = device.raised_us, not proven and not self._is_latched
        device.raised_us = None if ends else raised_us
        state = ("cleared" if ends else "raised" if proven else "latched") + "!" * device.is_worse
        version = (row.device, device.told, state, raised_us, row.time_us if ends else None, row.frame)
        return [(raised_us, version)]

    def _held(self, device: _Device, run: str, reading: "_Reading") -> bool:
        answer = reading.of(ast.parse(self._conditions[run], mode="eval").body)
        since_us, last_us = device.runs.get(run, (None, None))
        if answer is None:
            return False
        if last_us is not None and reading.time_us - last_us > self._hole_us:
            since_us = None
        since_us = (reading.time_us if since_us is None else since_us) if answer else None
        device.runs[run] = (since_us, reading.time_us)
        return since_us is not None and reading.time_us - since_us >= self._holds_us[run]


class _Reading:
    """One row: its values, and what its device was heard to say before."""

    def __init__(
        self, device: _Device, time_us: int, values: Mapping[str, float | bool | None], hole_us: int
    ) -> None:
        self.time_us = time_us
        self._device, self._values, self._hole_us = device, values, hole_us
        self._said: dict[str, float | None] = {}

    def of(self, tree: ast.expr) -> Any:
        readers: dict[type, Any] = {
            ast.Constant: lambda: tree.value,  # type: ignore[attr-defined]
            ast.Name: lambda: self._values.get(tree.id),  # type: ignore[attr-defined]
            ast.BoolOp: lambda: self._boolean(tree),  # type: ignore[arg-type]
            ast.UnaryOp: lambda: self._unary(tree),  # type: ignore[arg-type]
            ast.Compare: lambda: self._compare(tree),  # type: ignore[arg-type]
            ast.BinOp: lambda: self._arithmetic(tree),  # type: ignore[arg-type]
            ast.Call: lambda: self._called(tree),  # type: ignore[arg-type]
        }
        return readers[type(tree)]()

    def _unary(self, tree: ast.UnaryOp) -> Any:
        value = self.of(tree.operand)
        return None if value is None else not value if isinstance(tree.op, ast.Not) else -value

    def _compare(self, tree: ast.Compare) -> Any:
        return self._two(type(tree.ops[0]), self.of(tree.left), self.of(tree.comparators[0]))

    def _arithmetic(self, tree: ast.BinOp) -> Any:
        left, right = self.of(tree.left), self.of(tree.right)
        if isinstance(tree.op, ast.Div):
            return None if left is None or not right else left / right
        return self._two(type(tree.op), left, right)

    def _boolean(self, tree: ast.BoolOp) -> bool | None:
        parts = [self.of(part) for part in tree.values]
        decisive = isinstance(tree.op, ast.Or)
        if any(part is not None and bool(part) is decisive for part in parts):
            return decisive
        return None if None in parts else not decisive

    @staticmethod
    def _two(kind: type, left: Any, right: Any) -> Any:
        return None if left is None or right is None else _OPERATORS[kind](left, right)

    def _called(self, tree: ast.Call) -> Any:
        assert isinstance(tree.func, ast.Name)
        name, key = tree.func.id, ast.unparse(tree)
        if name == "known":
            return self.of(tree.args[0]) is not None
        if name == "first_known":
            return next((value for value in [self.of(part) for part in tree.args] if value is not None), None)
        if name == "any_of":
            known = [value for value in [self.of(part) for part in tree.args] if value is not None]
            return any(known) if known else None
        if name == "abs":
            value = self.of(tree.args[0])
            return None if value is None else abs(value)
        if name in ("steady", "before_switch") and key not in self._said:
            self._said[key] = self._switched(name, key, tree)
        # Said once a row: the second time it is asked the row would count twice.
        if key not in self._said:
            self._said[key] = self._remembered(name, key, self.of(tree.args[0]), tree)
        return self._said[key]

    def _switched(self, name: str, key: str, tree: ast.Call) -> Any:
        heard = self._device.heard.setdefault(key, _Heard())
        if name == "steady":
            value = self.of(tree.args[0])
            if value is None:
                return None
            heard.rows.append((self.time_us, value))
            since_us = next(at for at, _ in _last_run(heard.rows))
            assert isinstance(tree.args[1], ast.Constant)
            return self.time_us - since_us >= span_us(str(tree.args[1].value))
        value, by = self.of(tree.args[0]), self.of(tree.args[1])
        heard.pairs.append((value, heard.pairs[-1][1] if by is None and heard.pairs else by))
        keys = [pair[1] for pair in heard.pairs]
        switched = [n for n, at in enumerate(keys) if at is not None and at != ([None, *keys])[n]]
        if not switched:
            return None
        begin = switched[-2] if len(switched) > 1 else 0
        known = [pair[0] for pair in heard.pairs[begin : switched[-1]] if pair[0] is not None]
        return known[-1] if known else None

    def _remembered(self, name: str, key: str, value: float | None, tree: ast.Call) -> float | None:
        heard = self._device.heard.setdefault(key, _Heard())
        before = heard.rows[-1] if heard.rows else None
        if name == "slope":
            if value is not None:
                heard.rows.append((self.time_us, value))
            if value is None or before is None or not 0 < self.time_us - before[0] <= self._hole_us:
                return None
            return (value - before[1]) / ((self.time_us - before[0]) / HOUR_US)
        if name in ("held", "previous"):
            if value is not None:
                heard.rows.append((self.time_us, value))
            last = heard.rows[-1][1] if heard.rows else None
            return last if name == "held" else None if before is None else before[1]
        if value is None:
            return None
        if before is None or self.time_us - before[0] > self._hole_us:
            heard.since_us = self.time_us
        heard.rows.append((self.time_us, float(value)))
        assert isinstance(tree.args[1], ast.Constant)
        return self._window(name, heard, span_us(str(tree.args[1].value)), isinstance(value, bool))

    def _window(self, name: str, heard: _Heard, window_us: int, is_condition: bool) -> float | None:
        pane_us = -(-window_us // PANES)
        first_pane = self.time_us // pane_us - (PANES - 1)
        rows = [(at, value) for at, value in heard.rows if at // pane_us >= first_pane]
        values = [value for _, value in rows]
        if name == "count":
            return sum(values) if is_condition else len(values)
        if self.time_us - heard.since_us < window_us - pane_us:
            return None
        exact = sum(round(value * 1_000_000) for value in values)
        passed_h = (self.time_us - rows[0][0]) / HOUR_US
        plain: dict[str, float | None] = {
            "min": min(values),
            "max": max(values),
            "sum": exact / 1e6,
            "mean": exact / 1e6 / len(values),
            "share": exact / 1e6 / len(values),
            "delta": values[-1] - values[0],
            "rate": (values[-1] - values[0]) / passed_h if passed_h > 0 else None,
        }
        return plain[name]
