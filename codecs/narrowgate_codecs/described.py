"""The row engine: content that describes itself, walked by its grammar."""

from functools import lru_cache
from typing import Any

import construct as c

from narrowgate_codecs import layout as lay
from narrowgate_codecs.grammars import GRAMMARS
from narrowgate_codecs.leaves import LeafConstruct
from narrowgate_codecs.scope import Said, Scope, Wanted
from narrowgate_codecs.sketch import At, Item, Reader, Run
from narrowgate_codecs.wired import Wired, wired_count


class DescribedConstruct(c.Construct):  # type: ignore[misc]  # construct is untyped
    """Content up to the end of the region, as its grammar sketches it."""

    def __init__(self, element: lay.Described) -> None:
        super().__init__()
        self.element, self.grammar = element, GRAMMARS[element.grammar]

    def _parse(self, stream: Any, scope: Scope, path: str) -> None:
        start = stream.tell()
        place = f"{scope.place}{self.element.name}"
        sketch = self.grammar.sketch(Reader(scope.frame[start : scope.end], place), self.element)
        for name in (self.element.name, *(listed.name for listed in self.element.lists)):
            items = scope.lists.setdefault(name, [])
            for item in sketch.lists.get(name, ()):
                items.append(_item(item, start, len(items), name, stream, scope))
            for run in sketch.runs.get(name, ()):
                _run(run, start, items, name, stream, scope)
        for said in sketch.says:
            _say(said, start, stream, scope)
        scope.faults.extend(sketch.faults)
        stream.seek(scope.end)

    def _build(self, obj: Any, stream: Any, wanted: Wanted, path: str) -> Any:
        stream.write(self.grammar.write(self.element, wanted))
        return obj


@lru_cache(maxsize=4096)
def _construct(leaf: lay.Leaf) -> Any:
    return LeafConstruct(leaf)


def _say(said: At, start: int, stream: Any, scope: Scope) -> None:
    stream.seek(start + said.at)
    _construct(said.leaf)._parsereport(stream, scope, "")


def _inner(scope: Scope, name: str, at: int) -> Scope:
    return Scope(scope.frame, scope.end, f"{scope.place}{name}[{at}].", scope)


def _item(item: Item, start: int, at: int, name: str, stream: Any, scope: Scope) -> Scope:
    inner = _inner(scope, name, at)
    inner.case = item.kind
    for said in item.leaves:
        _say(said, start, stream, inner)
    return inner


def _run(run: Run, start: int, items: list[Scope], name: str, stream: Any, scope: Scope) -> None:
    """Add an item for each difference; behind one that says nothing no number is known."""
    base, frame = run.base.leaf, scope.frame
    if not isinstance(base, Wired):
        raise TypeError("differences are taken from a Wired")
    at = start + run.base.at
    count = wired_count(base, frame[at : at + base.width])
    total = Wired(run.difference.name, 8, order="big", void=_UNKNOWN, times=base.times, per=base.per)
    for step, clock in enumerate(run.steps):
        inner = _inner(scope, name, len(items))
        at = start + run.first + step * run.difference.width
        difference = wired_count(run.difference, frame[at : at + run.difference.width])
        count = None if count is None or difference is None else count + run.sign * difference
        raw = (_UNKNOWN if count is None else count).to_bytes(8, "big", signed=True)
        inner.said.append(Said(total, raw, at, at + run.difference.width))
        _say(clock, start, stream, inner)
        items.append(inner)


_UNKNOWN = -(1 << 63)
