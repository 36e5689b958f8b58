"""The row engine: records and arrays, each item in a scope of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import log2
from typing import Any

import construct as c

from narrowgate_codecs import elements as el
from narrowgate_codecs import layout as lay
from narrowgate_codecs.leaves import integer
from narrowgate_codecs.raws import raw_of, wrong
from narrowgate_codecs.refusal import FrameRefused
from narrowgate_codecs.regions import Fields, read_inside, read_region, write_size
from narrowgate_codecs.scaled import ScaledConstruct
from narrowgate_codecs.scope import Said, Scope, Wanted
from narrowgate_codecs.varints import read_varint, varint_bytes
from narrowgate_schema.words import Reason


class RecordsConstruct(c.Construct):  # type: ignore[misc]
    """Tagged records up to the end of the region."""

    def __init__(self, element: lay.Records, cases: Mapping[str, Fields]) -> None:
        super().__init__()
        self.name, self.width, self.at_most = element.name, element.tag_width, element.at_most
        self.tag = integer(element.tag_width, "big", signed=False)
        self.length_width = element.length_width
        self.length = integer(element.length_width or 1, element.length_order, signed=False)
        self.cases = {code: (case.name, cases[case.name]) for case in element.cases for code in case.when}
        self.tags = {case.name: case.when[0] for case in element.cases}
        other = element.default
        self.default = None if other is None else (other.name, cases[other.name])
        self.short = (0xFF << 8 - element.short_bits) & 0xFF if element.short_bits else 0
        self.escape = element.escape
        self.long_tag = integer(2, "big", signed=False)
        self.other_tag = el.Code("tag", element.tag_width if element.escape is None else 2)

    def _parse(self, stream: Any, scope: Scope, path: str) -> None:
        records: list[Scope] = scope.lists.setdefault(self.name, [])
        for at in range(self.at_most):
            if stream.tell() >= scope.end:
                return
            record = Scope(scope.frame, scope.end, f"{scope.place}{self.name}[{at}].", scope)
            stop = None
            try:
                tag_at = stream.tell()
                record.need("tag", tag_at, self.width)
                tag, size = self._head(record, stream, path)
                stop = self._stop(record, stream, path) if size is None else _stop(record, stream, size)
                self._parse_record(record, tag, tag_at, stop, stream, path)
                records.append(record)
            except FrameRefused as refused:
                scope.faults.append(refused)
                # Where a record says its length, the next one can be found behind it.
                if stop is None:
                    stream.seek(scope.end)
                    return
                stream.seek(stop)
        if stream.tell() < scope.end:
            place = f"{scope.place}{self.name}[{self.at_most}].tag"
            scope.faults.append(FrameRefused(Reason.LENGTH, f"{place}: more than {self.at_most} records"))
            stream.seek(scope.end)

    def _head(self, record: Scope, stream: Any, path: str) -> tuple[int, int | None]:
        """Read the tag, and the length where it stands in the same byte."""
        tag = self.tag._parsereport(stream, record, path)
        if tag & self.short:
            return tag & self.short, tag & ~self.short
        if tag == self.escape:
            record.need("tag", stream.tell(), 1)
            tag = tag << 8 | stream.read(1)[0]
        return tag, None

    def _stop(self, record: Scope, stream: Any, path: str) -> int | None:
        """Read the record's length and give where it ends; None where records carry none."""
        if not self.length_width:
            return None
        start = stream.tell()
        record.need("length", start, self.length_width)
        return _stop(record, stream, self.length._parsereport(stream, record, path))

    def _shown(self, tag: int) -> str:
        return f"{tag:0{2 * self.other_tag.width}X}"

    def _parse_record(
        self, record: Scope, tag: int, tag_at: int, stop: int | None, stream: Any, path: str
    ) -> None:
        chosen = self.cases.get(tag, self.default)
        if chosen is None:
            raise FrameRefused(
                Reason.MODEL, f"{record.at('tag')}: {self._shown(tag)} is no record of this layout"
            )
        record.case = chosen[0]
        tag_bits = 8 * self.width - log2(len(self.cases) or 1) if tag in self.cases else 0.0
        record.glimpse("tag", tag_at, stream.tell(), max(tag_bits, 0.0))
        if tag not in self.cases:
            record.said.append(Said(self.other_tag, tag, tag_at, tag_at + self.width))
        if stop is not None:
            read_region(chosen[1], stream, record, stream.tell(), stop)
            stream.seek(stop)
            return
        chosen[1]._parsereport(stream, record, path)
        after = stream.tell()
        read_inside(stream, record)
        stream.seek(after)

    def _build(self, obj: Any, stream: Any, wanted: Wanted, path: str) -> Any:
        given = list_of(self.name, wanted)
        if len(given) > self.at_most:
            raise ValueError(f"{wanted.place}{self.name}: {len(given)} given, {self.at_most} are possible")
        for at, values in enumerate(given):
            self._build_record(values, f"{wanted.place}{self.name}[{at}].", stream, wanted, path)
        return obj

    def _build_record(
        self, values: Mapping[str, object], place: str, stream: Any, wanted: Wanted, path: str
    ) -> None:
        kind = values.get("record")
        inner = Wanted(values, wanted.fixed, place, {"record"}, around=wanted)
        if isinstance(kind, str) and kind in self.tags:
            tag = self.tags[kind]
            fields = self.cases[tag][1]
        elif self.default is not None and kind == self.default[0]:
            tag, fields = raw_of(self.other_tag, inner), self.default[1]
        else:
            raise ValueError(f"{place}record: {kind!r}: one of {', '.join(self._kinds())} is possible")
        if tag & self.short and tag < 256:
            self._build_short(tag, fields, stream, inner, path)
        else:
            head = self.tag if self.escape is None or tag < 256 else self.long_tag
            head._build(tag, stream, inner, path)
            self._build_long(fields, stream, inner, path)
        pass_on(inner, wanted)

    def _build_long(self, fields: Fields, stream: Any, inner: Wanted, path: str) -> None:
        at = stream.tell()
        stream.write(bytes(self.length_width))
        fields._build(None, stream, inner, path)
        if self.length_width:
            write_size(self.length, at, self.length_width, stream, inner)

    def _build_short(self, tag: int, fields: Fields, stream: Any, inner: Wanted, path: str) -> None:
        at = stream.tell()
        stream.write(b"\0")
        fields._build(None, stream, inner, path)
        size = stream.tell() - at - 1
        if size & self.short:
            raise ValueError(f"{inner.place}{size} bytes do not fit a length beside the tag")
        stream.seek(at)
        stream.write(bytes([tag | size]))
        stream.seek(0, 2)

    def _kinds(self) -> list[str]:
        return [*self.tags, *([] if self.default is None else [self.default[0]])]


def _stop(record: Scope, stream: Any, size: int) -> int:
    """Give where a record of a size [byte] ends whose content begins here."""
    start: int = stream.tell()
    record.need("value", start, size)
    return start + size


class ArrayConstruct(c.Construct):  # type: ignore[misc]
    """The same fields several times, each in a scope of its own."""

    def __init__(self, element: lay.Array, fields: Fields) -> None:
        super().__init__()
        self.name, self.count = element.name, element.count
        self.fields = fields

    def _parse(self, stream: Any, scope: Scope, path: str) -> None:
        items: list[Scope] = scope.lists.setdefault(self.name, [])
        if self.count is None:
            self._parse_to_the_end(items, stream, scope, path)
            return
        for _ in range(self.count if isinstance(self.count, int) else scope.find(self.count)):
            # Each round reads a byte at least (validated), so a hostile count ends with the frame.
            items.append(self._item(len(items), stream, scope, path))

    def _parse_to_the_end(self, items: list[Scope], stream: Any, scope: Scope, path: str) -> None:
        while stream.tell() < scope.end:
            try:
                items.append(self._item(len(items), stream, scope, path))
            except FrameRefused as refused:
                scope.faults.append(refused)
                stream.seek(scope.end)

    def _item(self, at: int, stream: Any, scope: Scope, path: str) -> Scope:
        item = Scope(scope.frame, scope.end, f"{scope.place}{self.name}[{at}].", scope)
        self.fields._parsereport(stream, item, path)
        stop = stream.tell()
        read_inside(stream, item)
        stream.seek(stop)
        return item

    def _build(self, obj: Any, stream: Any, wanted: Wanted, path: str) -> Any:
        given = list_of(self.name, wanted)
        count = wanted.told(self.count) if isinstance(self.count, str) else self.count
        if count is not None and len(given) != count:
            raise ValueError(f"{wanted.place}{self.name}: {len(given)} given, {count} are wanted")
        for at, values in enumerate(given):
            inner = Wanted(values, wanted.fixed, f"{wanted.place}{self.name}[{at}].", around=wanted)
            self.fields._build(obj, stream, inner, path)
            pass_on(inner, wanted)
        return obj


class DeltasConstruct(c.Construct):  # type: ignore[misc]
    """Numbers told as differences; each item's raw value is the number itself."""

    def __init__(self, element: lay.Deltas) -> None:
        super().__init__()
        self.element = element
        self.item = el.Int(element.item, 8, per=element.per, signed=True)
        self.difference = integer(element.width or 1, element.order, signed=element.signed)
        self.sign = 1 if element.towards == "later" else -1
        self.also = Fields([ScaledConstruct(one) for one in element.also])

    def _parse(self, stream: Any, scope: Scope, path: str) -> None:
        element = self.element
        number = scope.find(element.base)
        items: list[Scope] = scope.lists.setdefault(element.name, [])
        for at in range(self._count(scope, stream)):
            item = Scope(scope.frame, scope.end, f"{scope.place}{element.name}[{at}].", scope)
            start = stream.tell()
            number += self.sign * self._difference(stream, item, path)
            item.raw[element.item] = number
            item.said.append(Said(self.item, number, start, stream.tell()))
            self.also._parsereport(stream, item, path)
            items.append(item)

    def _difference(self, stream: Any, item: Scope, path: str) -> int:
        element = self.element
        if not element.width:
            return read_varint(stream, item, element.item)
        item.need(element.item, stream.tell(), element.width)
        read = int(self.difference._parsereport(stream, item, path))
        return read & (1 << element.bits) - 1 if element.bits else read

    def _count(self, scope: Scope, stream: Any) -> int:
        count = self.element.count
        if count is None:
            return int((scope.end - stream.tell()) // self.element.width)
        return count if isinstance(count, int) else int(scope.find(count))

    def _build(self, obj: Any, stream: Any, wanted: Wanted, path: str) -> Any:
        element = self.element
        given, count, number = list_of(element.name, wanted), element.count, wanted.told(element.base)
        due = wanted.told(count) if isinstance(count, str) else count
        if due is not None and len(given) != due:
            raise ValueError(f"{wanted.place}{element.name}: {len(given)} given, {due} are wanted")
        for at, values in enumerate(given):
            inner = Wanted(values, wanted.fixed, f"{wanted.place}{element.name}[{at}].")
            after = raw_of(self.item, inner)
            pass_on(inner, wanted)
            step = Wanted({element.item: self.sign * (after - number)}, {}, inner.place)
            if element.width:
                most = (1 << element.bits) - 1
                of_width = el.Int(element.item, element.width, signed=element.signed)
                of_width = replace(of_width, limits=(0, most)) if element.bits else of_width
                self.difference._build(raw_of(of_width, step), stream, inner, path)
            else:
                stream.write(varint_bytes(raw_of(el.Varint(element.item), step)))
            number = after
        return obj


def list_of(name: str, wanted: Wanted) -> Sequence[Mapping[str, object]]:
    """Give the wanted values of a list; ValueError if they are no list of mappings."""
    given = wanted.values.get(name, ())
    wanted.used.add(name)
    if not isinstance(given, (list, tuple)) or not all(isinstance(one, Mapping) for one in given):
        raise wrong(name, given, "a list of mappings is wanted", wanted)
    return given


def pass_on(inner: Wanted, wanted: Wanted) -> None:
    """Hand what an item was given and no element took to what is around it: the whole frame decides."""
    wanted.unsaid += [*((inner, name) for name in inner.leftover()), *inner.unsaid]
