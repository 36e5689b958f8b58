"""Values that no bytes of their own say, given to encode all the same: the frame must say them by itself.

What decode gives goes back into encode as it is, worked-out numbers and lists among it. They are not sent;
they are compared with what the frame that was made says.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from narrowgate_codecs.facts import NO_FACT, fact_of
from narrowgate_codecs.known import Known
from narrowgate_codecs.raws import wrong
from narrowgate_codecs.refusal import FrameRefused
from narrowgate_codecs.scope import Scope, Wanted
from narrowgate_codecs.values import Value, speak

_ITEM = re.compile(r"(\w+)\[(\d+)\]\.")
_NOT_SAID = object()


@dataclass(frozen=True, slots=True)
class Outside:
    """Names of a declaration's elements that stand beside the bytes."""

    ports: tuple[str, ...]
    facts: tuple[str, ...]


def refuse_unsaid(
    wanted: Wanted, frame: bytes, read: Callable[[bytes, Known], Scope], outside: Outside
) -> None:
    """Raise ValueError if a value was given that no element takes and that the frame does not say by itself.

    Args:
        wanted: what the frame was made of.
        frame: the bytes.
        read: reads a frame.
        outside: what is known beside the bytes.
    """
    open_ = [*((wanted, name) for name in wanted.leftover()), *wanted.unsaid]
    if not open_:
        return
    told = _told(frame, read, _known(wanted, outside))
    for at, name in open_:
        value = at.values[name]
        says = _at(told, at.place, name)
        if says is _NOT_SAID:
            raise wrong(name, value, "the message has no such field", at)
        if says != value or isinstance(says, bool) != isinstance(value, bool):
            raise wrong(name, value, f"it follows from the others as {says!r}", at)


def _told(frame: bytes, read: Callable[[bytes, Known], Scope], known: Known) -> dict[str, Value]:
    try:
        return speak(read(frame, known))
    except FrameRefused:
        return {}


def _known(wanted: Wanted, outside: Outside) -> Known:
    ports = [wanted.sent[name] for name in outside.ports if name in wanted.sent]
    told = {name: wanted.sent[name] for name in outside.facts if wanted.sent.get(name, NO_FACT) != NO_FACT}
    facts = {**wanted.facts, **{name: fact_of(number) for name, number in told.items()}}
    return Known(next(iter(ports), None), wanted.keys, facts)


def _at(told: dict[str, Value], place: str, name: str) -> Value:
    """Give what was said under a name at a place such as `records[1].`."""
    level: object = told
    for listed, index in _ITEM.findall(place):
        items = level.get(listed) if isinstance(level, dict) else None
        level = items[int(index)] if isinstance(items, list) and int(index) < len(items) else None
    return level.get(name, _NOT_SAID) if isinstance(level, dict) else _NOT_SAID
