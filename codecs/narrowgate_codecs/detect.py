"""Which profile a frame belongs to, where nobody has registered its sender: all are tried and ranked.

Many short frames fit several layouts by chance. What speaks for a layout is counted in bits, the number of
coins that would have to fall so if the frame were none of it: constants, check sums and lengths that are
right, codes and values that only few of all possible ones could be; a clock that shows no time speaks
against it. A profile that takes the frame is believed where it is LEAD bits ahead of the next, of chance and
of those that only want a key.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import log2
from typing import Any

from narrowgate_codecs import elements as el
from narrowgate_codecs.encode import frame_of
from narrowgate_codecs.known import NOTHING, Known
from narrowgate_codecs.layout import Direction
from narrowgate_codecs.refusal import FrameRefused
from narrowgate_codecs.registry import PROFILES
from narrowgate_codecs.scope import Glimpse, Said, Scope
from narrowgate_codecs.values import calendar_times, epoch_us, speak
from narrowgate_schema.words import Reason

LEAD = 8.0
"""[bit] of evidence that a profile must be ahead of the next one to be believed."""
_DIGITS = 8 - log2(100)
"""[bit] that a byte of two decimal digits speaks for itself."""
_SET_CLOCK = 8.0
"""[bit] that packed digits speak for a clock if they show a time of this century, and against one if not."""
_SET_EPOCH = 2.0
"""[bit] that a count of seconds speaks for a clock if it falls into the years in which it could be set."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """How well a frame fits a profile."""

    profile: str
    bits: float
    """What speaks for it."""
    reached: int
    """[byte] How far the frame was read."""
    refused: FrameRefused | None
    """Why it does not take the frame; None: it does."""


@dataclass(frozen=True, slots=True)
class Detected:
    """What was found out of a frame."""

    profile: str | None
    """The profile that is believed; None: none takes the frame, or more than one could."""
    candidates: tuple[str, ...]
    """The profiles that take the frame whole, the likeliest first."""


def ranked(payload: bytes, direction: Direction = "up", known: Known = NOTHING) -> list[Ranked]:
    """Give how well a frame fits every profile of a direction: takers first, the likeliest first."""
    tried = [_tried(name, direction, payload, known) for name in PROFILES if PROFILES[name].fields(direction)]
    return sorted(tried, key=lambda one: (one.refused is not None, -one.bits, -one.reached))


def detected(payload: bytes, direction: Direction = "up", known: Known = NOTHING) -> Detected:
    """Give the profile that a frame without a registered sender is believed to be of."""
    ranking = ranked(payload, direction, known)
    names = tuple(one.profile for one in ranking if one.refused is None)
    # A profile that only wants a key may be the right one; and a lone taker must have something for itself.
    rivals = [one.bits for one in ranking if one.profile not in names[:1] and _may_be(one)]
    is_clear = bool(names) and ranking[0].bits - max(rivals, default=0.0) >= LEAD
    return Detected(names[0] if is_clear else None, names)


def _may_be(one: Ranked) -> bool:
    return one.refused is None or one.refused.reason is Reason.KEY_MISSING


def candidates(payload: bytes, direction: Direction = "up", port: int | None = None) -> list[str]:
    """Give the profiles that take the whole frame, structure, check sum and every record, likeliest first."""
    return list(detected(payload, direction, Known(port)).candidates)


def _tried(name: str, direction: Direction, payload: bytes, known: Known) -> Ranked:
    seen: list[Glimpse] = []
    scope = Scope(payload, len(payload), known=known, glimpses=seen)
    refused: FrameRefused | None = None
    try:
        frame_of(name, direction).read_into(scope)
        speak(scope)
        refused = scope.faults[0] if scope.faults else None
    except FrameRefused as error:
        refused = error
    places = [*(one.stop for one in seen), *_stops(scope)]
    bits = sum(one.bits for one in seen) + _spoken_bits(scope)
    return Ranked(name, round(bits, 1), min(max(places, default=0), len(payload)), refused)


def _stops(scope: Scope) -> Iterator[int]:
    yield from (said.stop for said in scope.said)
    for items in scope.lists.values():
        for item in items:
            yield from _stops(item)


def _spoken_bits(scope: Scope) -> float:
    looks = [(_BITS.get(type(said.element)), said) for said in scope.said]
    own = sum(look(said.element, said) for look, said in looks if look is not None)
    return own + sum(_spoken_bits(item) for items in scope.lists.values() for item in items)


def _few(bits: int, possible: float) -> float:
    """Give what it says that one of few values came where there is room for many."""
    return max(0.0, bits - log2(max(possible, 1)))


def _room(said: Said) -> int:
    """Give the bits that a value took in the frame: a resource's may be fewer than its element's."""
    return 8 * min(said.element.width or 0, said.stop - said.start)  # type: ignore[union-attr]  # codes have one


def _code(element: el.Code, said: Said) -> float:
    return 0.0 if element.accepts is None else _few(8 * element.width, len(element.accepts))


def _named(element: el.Named, said: Said) -> float:
    return _few(_room(said), len(element.words)) if element.otherwise is None else 0.0


def _int(element: el.Int, said: Said) -> float:
    if element.limits is None or said.raw in element.null:
        return 0.0
    low, high = element.limits
    return _few(_room(said), (high - low) * element.per + 1)


def _text(element: el.Text, said: Said) -> float:
    return _few(8, 95) * len(said.raw)


def _clock(element: el.Clock, said: Said) -> float:
    if calendar_times(element, said.raw):
        return _SET_CLOCK
    return -_SET_CLOCK if any(said.raw) else 0.0


def _epoch(element: el.Epoch, said: Said) -> float:
    if epoch_us(element, said.raw) is not None:
        return _SET_EPOCH
    return -_SET_CLOCK if said.raw else 0.0


_BITS: dict[type, Callable[[Any, Said], float]] = {
    el.Code: _code,
    el.Named: _named,
    el.Int: _int,
    el.Text: _text,
    el.Clock: _clock,
    el.Epoch: _epoch,
    el.Bcd: lambda element, said: _DIGITS * element.width if said.raw.hex().isdecimal() else 0.0,
    el.Numeral: lambda element, said: _DIGITS * element.width + 4 * len(element.lead),
}
