"""The row engine: content that describes itself, walked by its grammar."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import construct as c

from narrowgate_codecs import layout as lay
from narrowgate_codecs.elements import Hex
from narrowgate_codecs.grammars import GRAMMARS
from narrowgate_codecs.grammars.en13757_compact import (
    NOWHERE,
    PREFIX,
    SUM,
    Weave,
    fact_name,
    folded,
    signature_of,
    taken_apart,
    woven,
)
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
        content = scope.frame[start : scope.end]
        ground = Ground(stream, start)
        if self.element.is_compact:
            weave, content = woven(content, place, scope.known.facts.get, self.element.table)
            ground = Ground(stream, start, weave, content)
            _glimpse(start, scope)
        sketch = self.grammar.sketch(Reader(content, place), self.element)
        scope.learned.extend(sketch.announces)
        for name in (self.element.name, *(listed.name for listed in self.element.lists)):
            items = scope.lists.setdefault(name, [])
            for item in sketch.lists.get(name, ()):
                items.append(_item(item, ground, len(items), name, scope))
            for run in sketch.runs.get(name, ()):
                _run(run, start, items, name, stream, scope)
        for said in sketch.says:
            _say(said, ground, scope)
        scope.faults.extend(sketch.faults)
        stream.seek(scope.end)

    def _build(self, obj: Any, stream: Any, wanted: Wanted, path: str) -> Any:
        made = self.grammar.write(self.element, wanted)
        if self.element.is_compact:
            heads, _ = taken_apart(made)
            wanted.facts[fact_name(signature_of(heads))] = heads
            made = folded(made)
        stream.write(made)
        return obj


@lru_cache(maxsize=4096)
def _construct(leaf: lay.Leaf) -> Any:
    return LeafConstruct(leaf)


@dataclass(frozen=True, slots=True)
class Ground:
    """Where sketched content stands."""

    stream: Any
    start: int
    """[byte] of the content within the frame."""
    weave: Weave | None = None
    """How it was woven, if its heads were left out."""
    content: bytes = b""
    """What was sketched, if so."""


def _glimpse(start: int, scope: Scope) -> None:
    scope.glimpse("format signature", start, start + SUM, 0.0)
    right = scope.frame[start + SUM : start + PREFIX]
    scope.glimpse("full frame's check sum", start + SUM, start + PREFIX, 8.0 * SUM, right)


def _say(said: At, ground: Ground, scope: Scope) -> None:
    at = said.at
    if ground.weave is not None:
        at = int(ground.weave.places[at])
        if at == NOWHERE and isinstance(said.leaf, Hex):
            raw = ground.content[said.at : said.at + said.leaf.width]
            scope.said.append(Said(said.leaf, raw, ground.start, ground.start))
            return
    ground.stream.seek(ground.start + at)
    _construct(said.leaf)._parsereport(ground.stream, scope, "")


def _inner(scope: Scope, name: str, at: int) -> Scope:
    return Scope(scope.frame, scope.end, f"{scope.place}{name}[{at}].", scope)


def _item(item: Item, ground: Ground, at: int, name: str, scope: Scope) -> Scope:
    inner = _inner(scope, name, at)
    inner.case = item.kind
    for said in item.leaves:
        _say(said, ground, inner)
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
        _say(clock, Ground(stream, start), inner)
        items.append(inner)


_UNKNOWN = -(1 << 63)
