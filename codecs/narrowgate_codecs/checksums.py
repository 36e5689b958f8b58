"""Check sums: what each kind is, over one span and over the spans of a whole batch."""

from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from narrowgate_codecs import elements as el
from narrowgate_codecs.cohort import any_in
from narrowgate_codecs.wire import Bytes, Places

Sums: TypeAlias = NDArray[np.uint8] | NDArray[np.uint16]

LONGEST_BATCHED = 1024
"""[byte] Longer spans are summed one by one: the tables of a batch grow with its longest span."""
_FEW = 64
"""Spans that are summed without einsum."""
_SPARSE = 2
"""Spans that fill a matrix of the longest one's width to a share of one in so many are summed as one."""


@dataclass(frozen=True, slots=True)
class Crc16:
    """A cyclic code of 16 bits, as the catalogues state it."""

    polynomial: int
    start: int
    end: int
    """What the result is combined with."""
    reflected: bool


_CRCS = {
    "crc16_arc": Crc16(0x8005, 0x0000, 0x0000, reflected=True),
    "crc16_modbus": Crc16(0x8005, 0xFFFF, 0x0000, reflected=True),
    "crc16_xmodem": Crc16(0x1021, 0x0000, 0x0000, reflected=False),
    "crc16_ccitt_false": Crc16(0x1021, 0xFFFF, 0x0000, reflected=False),
    "crc16_kermit": Crc16(0x1021, 0x0000, 0x0000, reflected=True),
    "crc16_x25": Crc16(0x1021, 0xFFFF, 0xFFFF, reflected=True),
    "crc16_en13757": Crc16(0x3D65, 0x0000, 0xFFFF, reflected=False),
}


@cache
def _table(crc: Crc16) -> tuple[int, ...]:
    """Give what each byte does to an empty register, (256,)."""
    polynomial = int(f"{crc.polynomial:016b}"[::-1], 2) if crc.reflected else crc.polynomial
    made = []
    for byte in range(256):
        register = byte if crc.reflected else byte << 8
        for _ in range(8):
            if crc.reflected:
                register = register >> 1 ^ (polynomial if register & 1 else 0)
            else:
                register = (register << 1 ^ (polynomial if register & 0x8000 else 0)) & 0xFFFF
        made.append(register)
    return tuple(made)


def _fed(crc: Crc16, register: int, byte: int) -> int:
    table = _table(crc)
    if crc.reflected:
        return register >> 8 ^ table[(register ^ byte) & 0xFF]
    return (register << 8 ^ table[register >> 8 ^ byte]) & 0xFFFF


def right_sum(check: el.Check, span: bytes) -> int:
    """Give the right check sum of a span."""
    crc = _CRCS.get(check.kind)
    if crc is not None:
        register = crc.start
        for byte in span:
            register = _fed(crc, register, byte)
        return register ^ crc.end
    if check.kind == "xor8":
        folded = check.start
        for byte in span:
            folded ^= byte
        return folded
    total = (check.start + sum(span)) & 0xFF
    return total ^ 0xFF if check.kind == "sum8_inverted" else total


def right_sums(check: el.Check, data: Bytes, starts: Places, stops: Places) -> Sums:
    """Give the right check sums of spans of a wire, (n,); at least one byte must stand behind the last."""
    crc = _CRCS.get(check.kind)
    if crc is not None:
        return _crcs(check, crc, data, starts, stops)
    fold = np.bitwise_xor if check.kind == "xor8" else np.add
    edges = np.empty(2 * len(starts), np.int64)
    edges[0::2], edges[1::2] = starts, stops
    folded = fold.reduceat(data, edges, dtype=np.uint8)[::2]
    # An empty span folds to its first byte in numpy, to nothing here.
    return _ended(check, np.where(stops > starts, folded, np.uint8(0)))


def strided_sums(check: el.Check, spans: Bytes) -> Sums:
    """Give the right check sums of spans of one length, (n, width)."""
    if check.kind in _CRCS:
        count, width = spans.shape
        data = np.append(spans.ravel(), np.uint8(0))
        starts = np.arange(count) * width
        return right_sums(check, data, starts, starts + width)
    if check.kind == "xor8":
        return _ended(check, np.bitwise_xor.reduce(spans, axis=1))
    # Bytes are added as bytes, which is what the sum modulo 256 is. einsum does so several times as fast, but
    # takes its time to begin.
    few = len(spans) <= _FEW
    return _ended(check, np.add.reduce(spans, 1, np.uint8) if few else np.einsum("ij->i", spans))


def _ended(check: el.Check, folded: NDArray[np.uint8]) -> NDArray[np.uint8]:
    total = folded
    if check.start:
        start = np.uint8(check.start)
        total = folded ^ start if check.kind == "xor8" else folded + start
    return ~total if check.kind == "sum8_inverted" else total


@cache
def _far_tables(crc: Crc16, most: int) -> tuple[NDArray[np.uint16], NDArray[np.uint16]]:
    """Give what a byte does from n bytes before the end, (most, 256), and what the start does, (most + 1,).

    A cyclic code is linear: the sum of a span is what each of its bytes would do alone, combined.
    """
    near = np.array(_table(crc), np.uint16)
    tables = np.empty((most, 256), np.uint16)
    starts = np.empty(most + 1, np.uint16)
    tables[0], starts[0] = near, crc.start
    for at in range(1, most + 1):
        starts[at] = _shifted(crc, near, starts[at - 1 : at])[0]
        if at < most:
            tables[at] = _shifted(crc, near, tables[at - 1])
    return tables, starts


def _shifted(crc: Crc16, near: NDArray[np.uint16], registers: NDArray[np.uint16]) -> NDArray[np.uint16]:
    """Give registers after one more byte of zeros."""
    fed = near[registers & 0xFF if crc.reflected else registers >> 8]
    shifted: NDArray[np.uint16] = (registers >> 8 if crc.reflected else registers << 8) ^ fed
    return shifted


def _crcs(check: el.Check, crc: Crc16, data: Bytes, starts: Places, stops: Places) -> NDArray[np.uint16]:
    sizes = stops - starts
    long = sizes > LONGEST_BATCHED
    if any_in(long):
        every = np.zeros(len(starts), np.uint16)
        every[~long] = _crcs(check, crc, data, starts[~long], stops[~long])
        for row in long.nonzero()[0].tolist():
            every[row] = right_sum(check, data[starts[row] : stops[row]].tobytes())
        return every
    most = int(sizes.max(initial=0))
    tables, openings = _far_tables(crc, 1 << max(most - 1, 0).bit_length())
    effects = tables.ravel()
    sums: NDArray[np.uint16] = openings[sizes] ^ crc.end
    if most * len(sizes) <= _SPARSE * int(sizes.sum()):
        return sums ^ _alike(effects, data, stops, sizes, most)
    rows = sizes.nonzero()[0]
    counts = sizes[rows]
    edges = np.cumsum(counts)
    back = np.repeat(edges - 1, counts) - np.arange(int(edges[-1]))
    read = data.take(np.repeat(stops[rows] - 1, counts) - back)
    sums[rows] ^= np.bitwise_xor.reduceat(effects.take((back << 8) + read), edges - counts)
    return sums


def _alike(
    effects: NDArray[np.uint16], data: Bytes, stops: Places, sizes: Places, most: int
) -> NDArray[np.uint16]:
    """Give what the bytes of spans of nearly one length do, (n,): the n-th bytes from the end together."""
    back = np.arange(most)[:, None]
    read = data.take(stops - 1 - back, mode="clip")
    done: NDArray[np.uint16] = effects.take(read + (back << 8))
    if int(sizes.min(initial=most)) < most:
        done *= back < sizes
    combined: NDArray[np.uint16] = np.bitwise_xor.reduce(done, axis=0)
    return combined
