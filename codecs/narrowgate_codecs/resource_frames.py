"""The row engine: what opaque values hold, each read in a scope of its own, as the records of a list are."""

from dataclasses import dataclass
from typing import Any

import construct as c

from narrowgate_codecs import cbor
from narrowgate_codecs import resources as res
from narrowgate_codecs.refusal import FrameRefused
from narrowgate_codecs.regions import Fields, read_region
from narrowgate_codecs.scope import Said, Scope
from narrowgate_schema.words import Reason


@dataclass(frozen=True, slots=True)
class Opaque:
    """An opaque value and what its record says."""

    start: int
    """[byte] of the value; of its CBOR item where `stop` is None."""
    stop: int | None
    said: list[Said]


def frames_of(inner: Fields, found: list[Opaque], stream: Any, scope: Scope) -> list[Scope]:
    """Give the scopes of opaque values; one that cannot be read is a fault of the frame's and left out."""
    made: list[Scope] = []
    for at, opaque in enumerate(found):
        item = Scope(scope.frame, scope.end, f"{scope.place}{res.FRAMES}[{at}].", scope)
        item.said.extend(opaque.said)
        try:
            start, stop = _extent(opaque, scope)
            read_region(inner, stream, item, start, stop)
            made.append(item)
        except FrameRefused as refused:
            scope.faults.append(refused)
        except c.ConstructError as error:
            scope.faults.append(FrameRefused(Reason.LENGTH, str(error).replace("\n", " ")))
    return made


def _extent(opaque: Opaque, scope: Scope) -> tuple[int, int]:
    """Give where a value begins and ends; FrameRefused, `model`, for one in pieces or behind a tag."""
    if opaque.stop is not None:
        return opaque.start, opaque.stop
    head = cbor.head(scope.frame, opaque.start, scope.end)
    if head.major != cbor.BYTES or head.argument is None:
        raise FrameRefused(Reason.MODEL, f"byte {opaque.start}: bytes in pieces, or behind a tag")
    return head.after, head.after + head.argument
