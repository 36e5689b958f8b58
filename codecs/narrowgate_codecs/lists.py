"""The row engine: records and arrays, each item in a scope of its own."""

from collections.abc import Mapping, Sequence
from typing import Any

import construct as c

from narrowgate_codecs import layout as lay
from narrowgate_codecs.leaves import integer
from narrowgate_codecs.raws import wrong
from narrowgate_codecs.refusal import FrameRefused
from narrowgate_codecs.regions import Fields, read_inside
from narrowgate_codecs.scope import Scope, Wanted
from narrowgate_schema.words import Reason


class RecordsConstruct(c.Construct):  # type: ignore[misc]
    """Tagged records up to the end of the region."""

    def __init__(self, element: lay.Records, cases: Mapping[str, Fields]) -> None:
        super().__init__()
        self.name, self.width, self.at_most = element.name, element.tag_width, element.at_most
        self.tag = integer(element.tag_width, "big", signed=False)
        self.cases = {code: (case.name, cases[case.name]) for case in element.cases for code in case.when}
        self.tags = {case.name: case.when[0] for case in element.cases}

    def _parse(self, stream: Any, scope: Scope, path: str) -> None:
        records: list[Scope] = scope.lists.setdefault(self.name, [])
        while stream.tell() < scope.end:
            at = len(records)
            record = Scope(scope.frame, scope.end, f"{scope.place}{self.name}[{at}].", scope)
            try:
                self._parse_record(record, stream, path)
            except FrameRefused as refused:
                scope.faults.append(refused)
                stream.seek(scope.end)
                return
            records.append(record)

    def _parse_record(self, record: Scope, stream: Any, path: str) -> None:
        if record.parent is not None and len(record.parent.lists[self.name]) >= self.at_most:
            raise FrameRefused(Reason.LENGTH, f"{record.at('tag')}: more than {self.at_most} records")
        record.need("tag", stream.tell(), self.width)
        tag = self.tag._parsereport(stream, record, path)
        chosen = self.cases.get(tag)
        if chosen is None:
            raise FrameRefused(
                Reason.MODEL, f"{record.at('tag')}: {tag:0{2 * self.width}X} is no record of this layout"
            )
        record.case = chosen[0]
        chosen[1]._parsereport(stream, record, path)
        stop = stream.tell()
        read_inside(stream, record)
        stream.seek(stop)

    def _build(self, obj: Any, stream: Any, wanted: Wanted, path: str) -> Any:
        given = list_of(self.name, wanted)
        if len(given) > self.at_most:
            raise ValueError(f"{wanted.place}{self.name}: {len(given)} given, {self.at_most} are possible")
        for at, values in enumerate(given):
            place = f"{wanted.place}{self.name}[{at}]."
            kind = values.get("record")
            if not isinstance(kind, str) or kind not in self.tags:
                raise ValueError(f"{place}record: {kind!r}: one of {', '.join(self.tags)} is possible")
            inner = Wanted(values, wanted.fixed, place, {"record"})
            self.tag._build(self.tags[kind], stream, inner, path)
            self.cases[self.tags[kind]][1]._build(obj, stream, inner, path)
            refuse_unused(inner)
        return obj


class ArrayConstruct(c.Construct):  # type: ignore[misc]
    """The same fields several times, each in a scope of its own."""

    def __init__(self, element: lay.Array, fields: Fields) -> None:
        super().__init__()
        self.name, self.count = element.name, element.count
        self.fields = fields

    def _parse(self, stream: Any, scope: Scope, path: str) -> None:
        count = self.count if isinstance(self.count, int) else scope.find(self.count)
        items: list[Scope] = scope.lists.setdefault(self.name, [])
        for at in range(count):
            item = Scope(scope.frame, scope.end, f"{scope.place}{self.name}[{at}].", scope)
            # Each round reads a byte at least (validated), so a hostile count ends with the frame.
            self.fields._parsereport(stream, item, path)
            stop = stream.tell()
            read_inside(stream, item)
            stream.seek(stop)
            items.append(item)

    def _build(self, obj: Any, stream: Any, wanted: Wanted, path: str) -> Any:
        given = list_of(self.name, wanted)
        count = self.count if isinstance(self.count, int) else wanted.sent[self.count]
        if len(given) != count:
            raise ValueError(f"{wanted.place}{self.name}: {len(given)} given, {count} are wanted")
        for at, values in enumerate(given):
            inner = Wanted(values, wanted.fixed, f"{wanted.place}{self.name}[{at}].")
            self.fields._build(obj, stream, inner, path)
            refuse_unused(inner)
        return obj


def list_of(name: str, wanted: Wanted) -> Sequence[Mapping[str, object]]:
    """Give the wanted values of a list; ValueError if they are no list of mappings."""
    given = wanted.values.get(name, ())
    wanted.used.add(name)
    if not isinstance(given, (list, tuple)) or not all(isinstance(one, Mapping) for one in given):
        raise wrong(name, given, "a list of mappings is wanted", wanted)
    return given


def refuse_unused(wanted: Wanted) -> None:
    """Raise ValueError if a value was given that no element of the message takes."""
    unused = wanted.leftover()
    if unused:
        raise wrong(unused[0], wanted.values[unused[0]], "the message has no such field", wanted)
