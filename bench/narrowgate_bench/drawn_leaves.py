"""Values for leaves, drawn over all that they can say."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from narrowgate_bench.described_frames import bit_clock
from narrowgate_codecs import elements as el
from narrowgate_codecs.bit_clocks import BitClock

_LAST_EPOCH_S = 4_102_444_799
_CLOCK_SPAN_S = 80 * 365 * 86_400


def drawn_leaf(field: Any, rng: random.Random) -> Any:
    """Draw a value of a leaf of the vocabulary."""
    return _DRAWN[type(field)](field, rng)


def _int(field: el.Int, rng: random.Random) -> Any:
    bits = 8 * field.width
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if field.signed else (0, (1 << bits) - 1)
    low, high = low + field.plus, high + field.plus
    if field.limits is not None:
        low = max(low, round(field.limits[0] * field.per))
        high = min(high, round(field.limits[1] * field.per))
    count = rng.randint(low, high)
    if count - field.plus in field.null or (field.null and rng.random() < 0.05):
        return None
    return count if field.per == 1 else count / field.per


def _code(field: el.Code, rng: random.Random) -> int:
    return rng.choice(field.accepts) if field.accepts is not None else rng.randrange(1 << 8 * field.width)


def _float(field: el.Float, rng: random.Random) -> float | None:
    if rng.random() < 0.05:
        return None
    low, high = field.limits or (-1000.0, 1000.0)
    return rng.uniform(low, high)


def _epoch(field: el.Epoch, rng: random.Random) -> datetime | None:
    if rng.random() < 0.05:
        return None
    first = datetime(field.earliest_year, 1, 1, tzinfo=UTC)
    last_s = min(field.epoch_s + ((1 << 8 * field.width) - 1) // field.per_s, _LAST_EPOCH_S)
    return first + timedelta(seconds=rng.randrange(last_s - int(first.timestamp())))


def _clock(field: el.Clock, rng: random.Random) -> datetime | None:
    if rng.random() < 0.05:
        return None
    first = datetime(field.earliest_year, 1, 1)  # noqa: DTZ001 - such a clock has no zone
    return first + timedelta(seconds=rng.randrange(_CLOCK_SPAN_S))


def _numeral(field: el.Numeral, rng: random.Random) -> str:
    return "".join(rng.choice("0123456789") for _ in range(2 * field.width - len(field.lead)))


_DRAWN: dict[type, Callable[[Any, random.Random], Any]] = {
    el.Int: _int,
    el.Float: _float,
    el.Epoch: _epoch,
    el.Code: _code,
    el.Named: lambda field, rng: rng.choice(field.words)[1],
    el.Hex: lambda field, rng: rng.randbytes(field.width).hex(),
    el.Rest: lambda field, rng: rng.randbytes(rng.randrange(40)).hex(),
    el.Text: lambda field, rng: "".join(
        chr(rng.randrange(0x20, 0x7F))
        for _ in range(rng.randrange(24) if field.width is None else field.width)
    ),
    el.Clock: _clock,
    BitClock: bit_clock,
    el.Fact: lambda field, rng: None,
    el.Left: lambda field, rng: 0,
    el.Port: lambda field, rng: 0 if field.default is None else field.default,
    el.Numeral: _numeral,
    el.Digits: lambda field, rng: rng.randrange(field.base**field.width),
    el.Varint: lambda field, rng: rng.randrange(1 << rng.choice((6, 14, 32))) / field.per,
}
