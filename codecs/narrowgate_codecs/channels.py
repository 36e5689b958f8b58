"""The row engine: channels, an item for every bit of a mask."""

from typing import Any

import construct as c

from narrowgate_codecs import layout as lay
from narrowgate_codecs.elements import Int
from narrowgate_codecs.lists import list_of, pass_on
from narrowgate_codecs.raws import wrong
from narrowgate_codecs.regions import Fields, read_inside
from narrowgate_codecs.scope import Said, Scope, Wanted


class ChannelsConstruct(c.Construct):  # type: ignore[misc]  # construct is untyped
    """The same fields once for every bit that is set in an earlier number."""

    def __init__(self, element: lay.Channels, fields: Fields) -> None:
        super().__init__()
        self.element, self.fields = element, fields
        self.channel = Int(element.channel, 1)

    def _parse(self, stream: Any, scope: Scope, path: str) -> None:
        items: list[Scope] = scope.lists.setdefault(self.element.name, [])
        for channel in _channels(scope.find(self.element.mask)):
            item = Scope(scope.frame, scope.end, f"{scope.place}{self.element.name}[{len(items)}].", scope)
            item.raw[self.element.channel] = channel
            item.said.append(Said(self.channel, channel, stream.tell(), stream.tell()))
            self.fields._parsereport(stream, item, path)
            stop = stream.tell()
            read_inside(stream, item)
            stream.seek(stop)
            items.append(item)

    def _build(self, obj: Any, stream: Any, wanted: Wanted, path: str) -> Any:
        element = self.element
        given, channels = list_of(element.name, wanted), _channels(wanted.told(element.mask))
        if len(given) != len(channels):
            raise ValueError(f"{wanted.place}{element.name}: {len(given)} given, {len(channels)} are wanted")
        for at, (values, channel) in enumerate(zip(given, channels, strict=True)):
            place = f"{wanted.place}{element.name}[{at}]."
            inner = Wanted(values, wanted.fixed, place, {element.channel}, around=wanted)
            if values.get(element.channel, channel) != channel:
                raise wrong(element.channel, values[element.channel], f"{channel} is possible", inner)
            inner.sent[element.channel] = channel
            self.fields._build(obj, stream, inner, path)
            pass_on(inner, wanted)
        return obj


def _channels(mask: int) -> list[int]:
    return [at + 1 for at in range(mask.bit_length()) if mask >> at & 1]
