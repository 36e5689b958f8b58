"""The row engine: regions whose bytes are not what they say until check sums are out or a key is in.

What such a region becomes is put in its place: the frame keeps its length and every byte before it, so places
stay places. Regions behind it and around it are read as they came.
"""

from dataclasses import dataclass
from io import BytesIO
from itertools import pairwise
from typing import Any

import construct as c

from narrowgate_codecs import elements as el
from narrowgate_codecs import layout as lay
from narrowgate_codecs.checksums import right_sum
from narrowgate_codecs.ciphers import BLOCK, cbc_plain, cbc_secret, ctr_other, derived_key
from narrowgate_codecs.refusal import FrameRefused
from narrowgate_codecs.regions import Fields, read_region
from narrowgate_codecs.scope import Scope, Wanted
from narrowgate_codecs.scrambling import KEY, combined
from narrowgate_schema.words import Reason

FIRST, EACH, SUM = 10, 16, 2
"""[byte] of format A: the first block, every later one at most, and the check sum behind each."""
CRC = el.Check("crc16_en13757", "")
SECRET_SUM = 2
"""[byte] of the check sum that stands before a plain text."""


def blocks_of(size: int) -> int:
    """Give the blocks of format A that bytes without check sums [byte] are sent in."""
    return 1 + max(0, -(-(size - FIRST) // EACH))


def sent_place(place: int) -> int:
    """Give where a byte travels in format A that stands at a place without check sums."""
    return place + (0 if place < FIRST else SUM * (1 + (place - FIRST) // EACH))


class FormatAConstruct(c.Construct):  # type: ignore[misc]  # construct is untyped
    """Blocks that each carry a check sum, or bytes whose check sums were taken out before."""

    def __init__(self, element: lay.FormatA, fields: Fields) -> None:
        super().__init__()
        self.fields = fields

    def _parse(self, stream: Any, scope: Scope, path: str) -> None:
        scope.pending.append((_Inside(self), stream.tell(), scope.end))
        stream.seek(scope.end)

    def read(self, stream: Any, scope: Scope) -> None:
        """Verify and take out the check sums, then read the fields."""
        start, stop = stream.tell(), scope.end
        sent = scope.frame[start:stop]
        size = sent[0] + 1 if sent else 0
        if size >= FIRST and len(sent) == size + SUM * blocks_of(size):
            sent = self._verified(sent, start, scope)
            scope.blocks_at = start
        frame = scope.frame[:start] + sent + scope.frame[start + len(sent) :]
        _read_made(self.fields, frame, scope, start, start + len(sent))
        scope.end = stop
        stream.seek(stop)

    def _verified(self, sent: bytes, start: int, scope: Scope) -> bytes:
        plain, at, room = bytearray(), 0, FIRST
        while at < len(sent):
            stop = min(at + room, len(sent) - SUM)
            block, check = sent[at:stop], sent[stop : stop + SUM]
            right = right_sum(CRC, block).to_bytes(SUM)
            scope.glimpse("check sum", start + stop, start + stop + SUM, 8 * SUM, right)
            if check != right:
                shown = (
                    f"check sum {check.hex().upper()} at byte {start + stop}, {right.hex().upper()} is right"
                )
                raise FrameRefused(Reason.INTEGRITY, f"{scope.place}{shown}")
            plain += block
            at, room = stop + SUM, EACH
        return bytes(plain)

    def _build(self, obj: Any, stream: Any, wanted: Wanted, path: str) -> Any:
        start = stream.tell()
        self.fields._build(obj, stream, wanted, path)
        plain = stream.getvalue()[start:]
        if not FIRST <= len(plain) <= 256:
            raise ValueError(f"{wanted.place}{len(plain)} bytes; {FIRST} to 256 is possible")
        plain = bytes([len(plain) - 1]) + plain[1:]
        edges = [0, *range(FIRST, len(plain), EACH), len(plain)]
        stream.seek(start)
        for at, stop in pairwise(edges):
            stream.write(plain[at:stop] + right_sum(CRC, plain[at:stop]).to_bytes(SUM))
        return obj


class EncryptedConstruct(c.Construct):  # type: ignore[misc]
    """A region that only the device's key opens."""

    def __init__(self, element: lay.Encrypted, fields: Fields) -> None:
        super().__init__()
        self.element, self.fields = element, fields
        self.head = SECRET_SUM if element.crc is not None else 0

    def _parse(self, stream: Any, scope: Scope, path: str) -> None:
        scope.pending.append((_Inside(self), stream.tell(), scope.end))
        stream.seek(scope.end)

    def read(self, stream: Any, scope: Scope) -> None:
        """Decrypt what is encrypted, then read the fields."""
        start, stop = stream.tell(), scope.end
        element, place = self.element, f"{scope.place}byte {start}"
        size = stop - start if element.blocks is None else BLOCK * scope.find(element.blocks)
        if size > stop - start:
            raise FrameRefused(Reason.LENGTH, f"{place}: {size} bytes are encrypted, {stop - start} left")
        if element.cipher == "aes_cbc" and size % BLOCK:
            raise FrameRefused(Reason.LENGTH, f"{place}: {size} encrypted bytes are no whole blocks")
        rest = scope.frame[start + size : stop]
        secret = scope.frame[start : start + size]
        if size and not (element.may_be_plain and is_right(element, secret + rest)):
            secret = self._opened(secret, rest, scope, place)
        frame = scope.frame[:start] + secret + scope.frame[start + size :]
        head = self.head if size else 0
        _read_made(self.fields, frame, scope, start + head, stop)
        stream.seek(stop)

    def _opened(self, secret: bytes, rest: bytes, scope: Scope, place: str) -> bytes:
        keys = [key for key in scope.known.keys if fits(self.element, key)] or self.element.keys
        if not keys:
            raise FrameRefused(Reason.KEY_MISSING, f"{place}: encrypted, and no key of the device is known")
        parts = _Parts(self.element, scope.sent_bytes)
        for key in keys:
            plain = parts.plain(key, secret)
            if is_right(self.element, plain + rest):
                return plain
        raise FrameRefused(Reason.INTEGRITY, f"{place}: not encrypted with the key of the device")

    def _build(self, obj: Any, stream: Any, wanted: Wanted, path: str) -> Any:
        element, start = self.element, stream.tell()
        stream.write(bytes(self.head))
        self.fields._build(obj, stream, wanted, path)
        text = stream.getvalue()[start:]
        size = len(text) if element.blocks is None else BLOCK * wanted.told(element.blocks)
        if element.cipher == "aes_cbc" and element.blocks is None:
            size = -(-len(text) // BLOCK) * BLOCK
        text = text.ljust(size, bytes([element.filler]))
        stream.seek(start)
        stream.write(self._closed(text, size, wanted, stream) if size else text[self.head :])
        return obj

    def _closed(self, text: bytes, size: int, wanted: Wanted, stream: Any) -> bytes:
        if self.element.crc is not None:
            text = (
                right_sum(el.Check(self.element.crc, ""), text[self.head :]).to_bytes(2, "little")
                + text[self.head :]
            )
        if not is_right(self.element, text):
            raise ValueError(f"{wanted.place}plain text does not begin with {self.element.opens_with.hex()}")
        keys = wanted.keys or self.element.keys
        if not keys:
            if self.element.may_be_plain:
                return text
            raise ValueError(f"{wanted.place}a key is wanted: the message travels encrypted")
        sent = stream.getvalue()
        parts = _Parts(self.element, lambda name: sent[slice(*wanted.extent(name))])
        return parts.secret(keys[0], text[:size]) + text[size:]


_OPENERS = {"aes_cbc": cbc_plain, "aes_ctr": ctr_other, "prios": combined}
_CLOSERS = {"aes_cbc": cbc_secret, "aes_ctr": ctr_other, "prios": combined}


def fits(element: lay.Encrypted, key: bytes) -> bool:
    """Give whether a key is one for a region's cipher."""
    return len(key) >= KEY if element.cipher == "prios" else len(key) == BLOCK


def is_right(element: lay.Encrypted, plain: bytes) -> bool:
    """Give whether a plain text shows that its key was the right one."""
    if element.crc is None:
        return plain.startswith(element.opens_with)
    right = right_sum(el.Check(element.crc, ""), plain[SECRET_SUM:])
    return len(plain) >= SECRET_SUM and int.from_bytes(plain[:SECRET_SUM], "little") == right


@dataclass(frozen=True, slots=True)
class _Parts:
    """What a text is encrypted with beside the key."""

    element: lay.Encrypted
    sent: Any
    """Gives the bytes that an earlier element travelled as, by its name."""

    def plain(self, key: bytes, secret: bytes) -> bytes:
        """Give what a secret text says."""
        return _OPENERS[self.element.cipher](self._key(key), self._joined(self.element.first), secret)

    def secret(self, key: bytes, plain: bytes) -> bytes:
        """Give the secret text of a plain one."""
        return _CLOSERS[self.element.cipher](self._key(key), self._joined(self.element.first), plain)

    def _key(self, key: bytes) -> bytes:
        seed = self.element.derived_from
        return derived_key(key, self._joined(seed)) if seed else key

    def _joined(self, parts: tuple[str | bytes, ...]) -> bytes:
        return b"".join(part if isinstance(part, bytes) else self.sent(part) for part in parts)


class _Inside(c.Construct):  # type: ignore[misc]
    """Reads a region when its envelope has spoken."""

    def __init__(self, whole: "FormatAConstruct | EncryptedConstruct") -> None:
        super().__init__()
        self.whole = whole

    def _parse(self, stream: Any, scope: Scope, path: str) -> None:
        self.whole.read(stream, scope)


def _read_made(fields: Fields, frame: bytes, scope: Scope, start: int, stop: int) -> None:
    """Read a region of the frame as it has become."""
    scope.frame = frame
    read_region(fields, BytesIO(frame), scope, start, stop)
