"""Content whose heads were left out: woven into the full content that it stands for, and the inverse.

    s s  k k  value value ..     s signature of the heads, k check sum of the full content, low bytes first

Source: EN 13757-7:2018, compact M-Bus frames. The signature is the check sum (crc16_en13757) of the heads,
DIF to VIFE, of all records back to back, the other one that of the heads and values of the full frame.

Rule 1: places stay places of the frame as it came. A head stands nowhere in it and takes no byte.
Rule 2: which heads a signature stands for is known of a full frame of the device, or of its family. Heads
that a device announced go before those of its family.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import numpy as np

from narrowgate_codecs import elements as el
from narrowgate_codecs.checksums import right_sum
from narrowgate_codecs.grammars.en13757_heads import read_dib, read_head, read_vib, width_of
from narrowgate_codecs.refusal import FrameRefused
from narrowgate_codecs.sketch import Reader, refused
from narrowgate_codecs.wire import Places
from narrowgate_schema.words import Reason

CRC = el.Check("crc16_en13757", "")
SUM = 2
PREFIX = 2 * SUM
"""[byte] before the values."""
FILLER = b"\x2f"
"""What may stand behind the values, to the end of encrypted blocks."""
NOWHERE = -1
"""Stands for the place of a byte that was left out."""
Table: TypeAlias = tuple[tuple[int | str, ...], ...]
Recall: TypeAlias = Callable[[str], bytes | None]
"""Gives what is known of the device under a name."""


@dataclass(frozen=True, slots=True)
class Weave:
    """How values become full content."""

    content: bytes
    """The full content with zeros for values."""
    places: Places
    """(size,) Where each of its bytes stands in the compact content, NOWHERE for those of heads."""
    size: int
    """[byte] of the compact content."""

    def full(self, sent: bytes) -> bytes:
        """Give the full content of compact content of the right length."""
        return bytes(
            head if place < 0 else sent[place]
            for head, place in zip(self.content, self.places.tolist(), strict=True)
        )


def signature_of(heads: bytes) -> int:
    """Give the number that stands for heads."""
    return right_sum(CRC, heads)


def fact_name(signature: int) -> str:
    """Give the name under which a device announces heads."""
    return f"format_{signature:04X}"


@lru_cache(maxsize=64)
def family_formats(table: Table) -> dict[int, bytes]:
    """Give the heads that a family's meters are known to use, by signature: rows ("format", hex)."""
    heads = [bytes.fromhex(str(row[1])) for row in table if row[0] == "format"]
    return {signature_of(one): one for one in heads}


@lru_cache(maxsize=1024)
def weave_of(heads: bytes) -> Weave:
    """Give how the values behind heads are woven in.

    Raises:
        FrameRefused: `model` or `length`: they are no heads of values of fixed width.
    """
    reader, at, sent = Reader(heads, "format"), 0, PREFIX
    content, places = bytearray(), list[int]()
    while at < len(heads):
        dib = read_dib(reader, at)
        until = read_vib(reader, dib.until).until
        width = width_of(dib.code)
        if width is None:
            raise refused(Reason.MODEL, "format", f"DIF {heads[at]:02X} has no width of its own")
        content += heads[at:until] + bytes(width)
        places += [NOWHERE] * (until - at) + list(range(sent, sent + width))
        at, sent = until, sent + width
    return Weave(bytes(content), np.array(places, np.int64), sent)


def woven(sent: bytes, place: str, recall: Recall, table: Table) -> tuple[Weave, bytes]:
    """Give how compact content is woven, and the full content.

    Raises:
        FrameRefused: `context_missing` if nobody announced its heads, `length`, or `integrity`.
    """
    if len(sent) < PREFIX:
        raise refused(Reason.LENGTH, place, f"{PREFIX} bytes wanted, {len(sent)} left")
    signature = int.from_bytes(sent[:SUM], "little")
    heads = recall(fact_name(signature)) or family_formats(table).get(signature)
    if heads is None:
        what = f"no earlier full frame of the device has announced format {signature:04X}"
        raise refused(Reason.CONTEXT_MISSING, place, what)
    weave = weave_of(heads)
    if len(sent) < weave.size or sent[weave.size :].strip(FILLER):
        what = f"format {signature:04X} has {weave.size} bytes, here are {len(sent)}"
        raise refused(Reason.LENGTH, place, what)
    full = weave.full(sent)
    right = right_sum(CRC, full)
    if right != int.from_bytes(sent[SUM:PREFIX], "little"):
        raise refused(Reason.INTEGRITY, place, f"the check sum of the full frame would be {right:04X}")
    return weave, full


def folded(full: bytes) -> bytes:
    """Give the compact content of full content; ValueError if a record has no width of its own."""
    heads, values = taken_apart(full)
    sums = (signature_of(heads), right_sum(CRC, full))
    return b"".join(one.to_bytes(SUM, "little") for one in sums) + values


def taken_apart(full: bytes) -> tuple[bytes, bytes]:
    """Give the heads and the values of full content; ValueError if a record has no width of its own."""
    reader, at, heads, values = Reader(full), 0, b"", b""
    while at < len(full):
        try:
            head = read_head(reader, at)
        except FrameRefused as wrong:
            raise ValueError(f"compact content of other than records: {wrong.detail}") from wrong
        if head.value != head.until:
            raise ValueError(f"compact content with a value of any length at byte {at}")
        heads, values = heads + full[at : head.until], values + full[head.value : head.stop]
        at = head.stop
    return heads, values
