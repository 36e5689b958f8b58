"""The row engine: resources of LwM2M objects, read from TLV or SenML; the mirror of plan_resources.py."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import construct as c

from narrowgate_codecs import elements as el
from narrowgate_codecs import resources as res
from narrowgate_codecs import senml, tlv
from narrowgate_codecs.refusal import FrameRefused
from narrowgate_codecs.regions import Fields
from narrowgate_codecs.resource_frames import Opaque, frames_of
from narrowgate_codecs.resource_items import Items, Known, Path, dated, path_of
from narrowgate_codecs.resource_values import of_senml, of_tlv, other_of
from narrowgate_codecs.resource_writing import write
from narrowgate_codecs.scope import Said, Scope, Wanted
from narrowgate_codecs.values import value_of
from narrowgate_schema.words import Reason

_LATEST_S = 1 << 40
_RECORD, _NAMED = 8.0, 32.0
"""[bit] that a record speaks for a frame of resources, and one whose name spells out a known one."""


class UnknownVersion(FrameRefused):
    """Refuses a whole frame: its encoder is of another version."""


class ResourcesConstruct(c.Construct):  # type: ignore[misc]  # construct is untyped
    """Resources up to the end of the region."""

    def __init__(self, element: res.Resources, inner: Fields) -> None:
        super().__init__()
        self.element, self.known, self.inner = element, Known(element), inner

    def _parse(self, stream: Any, scope: Scope, path: str) -> None:
        start, stop = stream.tell(), scope.end
        stream.seek(stop)
        items = Items(self.known, scope)
        is_senml = senml.is_senml(scope.frame, start, stop)
        scope.said.append(Said(res.FORM, int(is_senml), start, start))
        opaque = list((self._senml if is_senml else self._tlv)(items, start, stop))
        items.finish()
        if self.element.inner:
            scope.lists[res.FRAMES] = frames_of(self.inner, opaque, stream, scope)
            stream.seek(stop)

    def _build(self, obj: Any, stream: Any, wanted: Wanted, path: str) -> Any:
        stream.write(write(self.element, self.inner, wanted))
        return obj

    def _senml(self, items: Items, start: int, stop: int) -> Iterator[Opaque]:
        frame, faults = items.scope.frame, items.scope.faults
        try:
            for record in senml.records(frame, start, stop, self.element.at_most):
                if isinstance(record, FrameRefused):
                    faults.append(record)
                elif record.shape != "nothing":
                    yield from self._record(items, record)
        except UnknownVersion:
            raise
        except FrameRefused as refused:
            faults.append(refused)

    def _record(self, items: Items, record: senml.Record) -> Iterator[Opaque]:
        path = path_of(record.name)
        resource = None if path is None else self.known.find(path)
        items.scope.glimpse("record", record.start, record.stop, _RECORD if resource is None else _NAMED)
        is_own = path is None and bool(self.element.inner) and record.shape == "opaque"
        if resource is None and not is_own:
            self._other(items, record)
            return
        if not -senml.RELATIVE_S < record.time_s < _LATEST_S:
            detail = f"byte {record.start}: a time of {record.time_s} s"
            items.scope.faults.append(FrameRefused(Reason.SANITY, detail))
            return
        time_us = round(record.time_s * 1_000_000)
        if path is None or resource is None:
            name = Said(res.NAME, record.name.encode(), record.start, record.stop)
            yield Opaque(record.data_at, None, [name, *dated(time_us)])
            return
        read = partial(of_senml, resource, record)
        good = items.put(path, resource, time_us, read, record.start, record.stop)
        if good and resource.kind == "opaque":
            said = [Said(res.INSTANCE, path.instance, record.start, record.stop), *dated(time_us)]
            yield Opaque(record.data_at, None, said)

    def _other(self, items: Items, record: senml.Record) -> None:
        """Tell what stands for no known resource; an encoder whose records we do not know ends the frame."""
        is_version = record.name.endswith(res.VERSION_NAME) and record.shape == "number"
        if not self.element.versions or not is_version:
            items.other(other_of(record))
            return
        if record.value not in self.element.versions:
            raise UnknownVersion(Reason.MODEL, f"byte {record.start}: records of version {record.value}")
        items.scope.said.append(Said(res.VERSION, int(record.value), record.start, record.stop))

    def _tlv(self, items: Items, start: int, stop: int) -> Iterator[Opaque]:
        scope = items.scope
        if not self.element.objects:
            raise FrameRefused(Reason.MODEL, f"{scope.place}byte {start}: no pack of SenML records")
        found: list[tlv.Entry] = []
        fault = None
        try:
            for entry in tlv.entries(scope.frame, start, stop, self.element.at_most):
                found.append(entry)
        except FrameRefused as refused:
            fault = refused
        if found:
            number = self._object(scope, found)
            scope.said.append(Said(res.OBJECT, number, start, start))
            for entry in found:
                yield from self._entry(items, number, entry)
        if fault is not None:
            scope.faults.append(fault)

    def _entry(self, items: Items, number: int, entry: tlv.Entry) -> Iterator[Opaque]:
        path = Path(number, entry.instance, entry.resource, entry.at)
        value = items.scope.frame[entry.start : entry.stop]
        resource = self.known.find(path)
        items.scope.glimpse("record", entry.start, entry.stop, _RECORD if resource is not None else 0.0)
        if resource is None:
            name = Said(res.NAME, str(path).encode(), entry.start, entry.stop)
            items.other([name, Said(el.Rest("data"), value, entry.start, entry.stop)])
            return
        read = partial(of_tlv, resource, value, entry.start)
        good = items.put(path, resource, 0, read, entry.start, entry.stop)
        if good and resource.kind == "opaque":
            said = [Said(res.INSTANCE, entry.instance, entry.start, entry.stop)]
            yield Opaque(entry.start, entry.stop, said)

    def _object(self, scope: Scope, found: list[tlv.Entry]) -> int:
        """Give the object that TLV is of: the captured port's, else the one that fits."""
        port = _root(scope).known.port
        if port is not None:
            return port
        default = self.element.objects[0].id
        for fit in (all, any):
            for tier in (self.element.objects, self.element.also):
                fitting = [one.id for one in tier if fit(self._possible(one.id, found, scope))]
                if default in fitting:
                    return default
                if len(fitting) > 1:
                    fitting = [at for at in fitting if self._is_text(at, found, scope.frame)] or fitting
                if len(fitting) == 1:
                    return fitting[0]
                if fitting:
                    names = ", ".join(map(str, fitting))
                    raise FrameRefused(Reason.AMBIGUOUS, f"objects {names} fit, and no port says which it is")
        raise FrameRefused(Reason.MODEL, "no object of this profile has such resources")

    def _possible(self, number: int, found: list[tlv.Entry], scope: Scope) -> Iterator[bool]:
        """Give of each value whether it can be one of an object's."""
        for entry in found:
            resource = self.known.objects[number].get(entry.resource)
            yield (
                resource is not None
                and resource.many is (entry.at is not None)
                and (resource.kind == "text" or self._is_sound(number, resource, entry, scope))
            )

    def _is_sound(self, number: int, resource: res.Resource, entry: tlv.Entry, scope: Scope) -> bool:
        leaf = self.known.leaves.get((number, resource.id), res.CLOCK)
        try:
            raw = of_tlv(resource, scope.frame[entry.start : entry.stop], entry.start)
            value_of(Said(leaf, raw, entry.start, entry.stop), scope)
        except FrameRefused:
            return False
        return True

    def _is_text(self, number: int, found: list[tlv.Entry], frame: bytes) -> bool:
        """Give whether everything that would be text is printable."""
        resources = self.known.objects[number]
        named = [(resources.get(one.resource), frame[one.start : one.stop]) for one in found]
        texts = [value for resource, value in named if resource is not None and resource.kind == "text"]
        return all(text.isascii() and str(text, "ascii").isprintable() for text in texts)


def _root(scope: Scope) -> Scope:
    while scope.parent is not None:
        scope = scope.parent
    return scope
