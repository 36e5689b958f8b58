"""The plan's regions that become other bytes; the mirror of transforms.py.

The bytes of a batch are copied once, and what regions become is put in their places. Keys differ from row to
row, so the block cipher is called once a row; everything around it is done for all rows together.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from narrowgate_codecs import elements as el
from narrowgate_codecs import layout as lay
from narrowgate_codecs.checksums import right_sums
from narrowgate_codecs.ciphers import BLOCK, block_closer, block_opener, derived_key
from narrowgate_codecs.cohort import Cohort, Mask, any_in
from narrowgate_codecs.known import Key, keys_of
from narrowgate_codecs.plan_leaves import raw_name
from narrowgate_codecs.plan_lists import all_places
from narrowgate_codecs.plan_regions import Steps
from narrowgate_codecs.scrambling import seeds, started, streams
from narrowgate_codecs.transforms import CRC, EACH, FIRST, SECRET_SUM, SUM, fits
from narrowgate_codecs.wire import Bytes, Places, Wire

_LONGEST = 256
"""[byte] A text's own first byte says how many follow it."""
_BEFORE = np.array([0 if at < FIRST else SUM * (1 + (at - FIRST) // EACH) for at in range(_LONGEST)])
"""[byte] Of check sums before each byte of a text."""


@cache
def sent_name(name: str) -> str:
    """Give the name under which a level keeps the bytes that an element travels as."""
    return f"{name}@"


class SentStep:
    """Keeps the bytes of an element as they travel."""

    idle, shaping, is_shape = False, b"", False

    def __init__(self, name: str, width: int) -> None:
        self.name, self.width = sent_name(name), width

    def run(self, cohort: Cohort, offset: int) -> None:
        """Keep them."""
        cohort.say(self.name, cohort.bytes(self.width, offset))


class Become:
    """A region up to the end of the one around it, made into others' bytes when its turn comes."""

    def __init__(self, inside: Steps) -> None:
        self.inside = inside

    def run(self, cohort: Cohort) -> None:
        """Keep the region's extent."""
        if cohort.trace is not None:
            cohort.trace.is_broken = True
        cohort.pending.append((self.inside, cohort.at, cohort.end))
        cohort.at = cohort.end


class Unblocking:
    """Takes the check sums of format A out."""

    def run(self, cohort: Cohort) -> None:
        """Move the blocks together; drop the rows with a wrong check sum."""
        starts = cohort.starts + cohort.at
        room = all_places(cohort.end, cohort) - all_places(cohort.at, cohort)
        data = cohort.level.wire.data
        size = np.where(room > 0, data[starts].astype(np.int64) + 1, 0)
        blocks = 1 + np.maximum(0, -((FIRST - size) // EACH))
        has_sums = (size >= FIRST) & (room == size + SUM * blocks)
        if not any_in(has_sums):
            return
        rows = has_sums.nonzero()[0]
        odd = np.zeros(cohort.count, np.bool_)
        odd[rows[_has_wrong_sum(data, starts[rows], size[rows], blocks[rows])]] = True
        moved = data.copy()
        owners, at = _each(size[rows])
        places = starts[rows][owners] + at
        moved[places] = data.take(places + _BEFORE.take(at))
        cohort.level.wire = Wire(moved, is_own=True)
        cohort.end = np.where(has_sums, all_places(cohort.at, cohort) + size, all_places(cohort.end, cohort))
        cohort.drop(odd)


def _each(counts: Places) -> tuple[Places, Places]:
    """Give, for as many things as each row has, their rows and their places among those of the row."""
    owners = np.repeat(np.arange(len(counts)), counts)
    return owners, np.arange(len(owners)) - np.repeat(np.cumsum(counts) - counts, counts)


def _has_wrong_sum(data: Bytes, starts: Places, size: Places, blocks: Places) -> Places:
    """Give the rows (perhaps more than once) of which a block's check sum is another."""
    owners, block = _each(blocks)
    begin = np.where(block == 0, 0, FIRST + SUM + (block - 1) * (EACH + SUM))
    width = np.minimum(np.where(block == 0, FIRST, EACH), size[owners] + SUM * block - begin)
    first = starts[owners] + begin
    right = right_sums(CRC, data, first, first + width)
    sent = data[first + width].astype(np.uint16) << 8 | data[first + width + 1]
    wrong: Places = owners[sent != right]
    return wrong


@dataclass(slots=True)
class _Secret:
    """The rows that are to be decrypted."""

    rows: Places
    """(m,) Rows of the cohort."""
    starts: Places
    """(m,) First byte on the wire."""
    sizes: Places
    """(m,) [byte]"""


class Opening:
    """Decrypts regions with their rows' keys."""

    def __init__(self, element: lay.Encrypted) -> None:
        self.element = element
        self.head = SECRET_SUM if element.crc is not None else 0

    def run(self, cohort: Cohort) -> None:
        """Put the plain text in its place; drop the rows that have no key or not the right one."""
        stop, at = all_places(cohort.end, cohort), all_places(cohort.at, cohort)
        sizes = stop - at
        if self.element.blocks is not None:
            sizes = cohort.heard(raw_name(self.element.blocks)).astype(np.int64) * BLOCK
        odd = sizes > stop - at
        if self.element.cipher == "aes_cbc":
            odd |= sizes % BLOCK != 0
        wanted = (sizes > 0) & ~odd
        if self.element.may_be_plain:
            wanted &= ~self._are_right(cohort, at, stop)
        rows = wanted.nonzero()[0]
        if len(rows):
            self._open(cohort, _Secret(rows, cohort.starts[rows] + at[rows], sizes[rows]), odd)
            odd[rows] |= ~self._are_right(cohort, at, stop)[rows]
        cohort.at = np.where(sizes > 0, at + self.head, at) if self.head else cohort.at
        cohort.drop(odd)

    def _open(self, cohort: Cohort, secret: _Secret, odd: Mask) -> None:
        keys = self._keys(cohort, secret.rows)
        odd[secret.rows[np.array([not key for key in keys], np.bool_)]] = True
        data = cohort.level.wire.data
        owners, at = _each(secret.sizes)
        places = secret.starts[owners] + at
        first = self._joined(cohort, secret.rows, self.element.first)
        if self.element.cipher == "prios":
            keys = self._public(keys, first, data[secret.starts])
            odd[secret.rows] = [not key for key in keys]
        work = {"aes_cbc": self._chained, "aes_ctr": self._counted, "prios": self._scrambled}[
            self.element.cipher
        ]
        # Nothing that was read stands in these bytes: a copy of the batch's own can be written to.
        plain = data if cohort.level.wire.is_own else data.copy()
        plain[places] = work(data, places, first, owners, at, keys, secret.sizes)
        cohort.level.wire = Wire(plain, is_own=True)

    def _keys(self, cohort: Cohort, rows: Places) -> list[bytes]:
        """Give each row's key, b"" for none; of several the first is tried here, the others row by row."""
        known = cohort.level.keys
        level_rows = rows if cohort.rows is None else cohort.rows[rows]
        keys = [b""] * len(rows)
        if known is not None:
            keys = [_fitting(self.element, known[row]) for row in level_rows.tolist()]
        if not self.element.derived_from:
            return keys
        seeds = self._joined(cohort, rows, self.element.derived_from)
        return [
            derived_key(key, seed.tobytes()) if key else b"" for key, seed in zip(keys, seeds, strict=True)
        ]

    def _chained(
        self,
        data: Bytes,
        places: Places,
        first: Bytes,
        owners: Places,
        at: Places,
        keys: list[bytes],
        sizes: Places,
    ) -> Bytes:
        before = np.where(at < BLOCK, first[owners, at % BLOCK], data[places - np.minimum(at, BLOCK)])
        return _worked(block_opener, keys, data[places], sizes) ^ before

    def _counted(
        self,
        data: Bytes,
        places: Places,
        first: Bytes,
        owners: Places,
        at: Places,
        keys: list[bytes],
        sizes: Places,
    ) -> Bytes:
        blocks = -(-sizes // BLOCK)
        rows, block = _each(blocks)
        counters = first[rows].copy()
        # Sixteen bits hold the count of any frame's blocks; a carry beyond them ends in a wrong check sum.
        low = counters[:, 14].astype(np.int64) << 8 | counters[:, 15]
        low += block
        counters[:, 14], counters[:, 15] = low >> 8 & 255, low & 255
        stream = _worked(block_closer, keys, counters.ravel(), blocks * BLOCK)
        begins = np.cumsum(blocks) - blocks
        read: Bytes = data[places] ^ stream[begins[owners] * BLOCK + at]
        return read

    def _public(self, keys: list[bytes], first: Bytes, begins: Bytes) -> list[bytes]:
        """Give each row's key, for those without one the first public key that opens it, b"" if none does.

        Args:
            keys: each row's own.
            first: (m, 12) what the register starts from.
            begins: (m,) first byte of each text.
        """
        own, heads = list(keys), seeds(first)
        for key in reversed(self.element.keys):
            opened = begins ^ streams(heads ^ np.uint32(started(key, b"")), 1)[:, 0]
            for row in (opened == self.element.opens_with[0]).nonzero()[0].tolist():
                if not keys[row]:
                    own[row] = key
        return own

    def _scrambled(
        self,
        data: Bytes,
        places: Places,
        first: Bytes,
        owners: Places,
        at: Places,
        keys: list[bytes],
        sizes: Places,
    ) -> Bytes:
        starts = np.array([started(key, b"") for key in keys], np.uint32)
        stream = streams(seeds(first) ^ starts, int(sizes.max(initial=0)))
        read: Bytes = data[places] ^ stream[owners, at]
        return read

    def _joined(self, cohort: Cohort, rows: Places, parts: tuple[str | bytes, ...]) -> Bytes:
        """Give what constants and elements of the rows make together, (m, 16)."""
        columns = [
            np.broadcast_to(np.frombuffer(part, np.uint8), (len(rows), len(part)))
            if isinstance(part, bytes)
            else cohort.heard(sent_name(part))[rows]
            for part in parts
        ]
        return np.concatenate(columns, axis=1)

    def _are_right(self, cohort: Cohort, at: Places, stop: Places) -> Mask:
        data, first = cohort.level.wire.data, cohort.starts + at
        if self.element.crc is not None:
            least = stop - at >= SECRET_SUM
            behind = np.minimum(first + SECRET_SUM, cohort.starts + stop)
            right = right_sums(el.Check(self.element.crc, ""), data, behind, cohort.starts + stop)
            sent = data[first].astype(np.uint16) | data[first + 1].astype(np.uint16) << 8
            known: Mask = least & (sent == right)
            return known
        opens = np.frombuffer(self.element.opens_with, np.uint8)
        read = data.take(first[:, None] + np.arange(len(opens)), mode="clip")
        told: Mask = (read == opens).all(axis=1) & (stop - at >= len(opens))
        return told


def _fitting(element: lay.Encrypted, key: Key) -> bytes:
    """Give the first key that a region's cipher takes; b"" if none does."""
    for one in keys_of(key):
        if fits(element, one):
            return one
    return b""


def _worked(
    worker: Callable[[bytes], Callable[[bytes], bytes]], keys: list[bytes], text: Bytes, sizes: Places
) -> NDArray[np.uint8]:
    """Give texts back to back, each worked on with its own key; one without a key stays as it is."""
    whole, stops = text.tobytes(), np.cumsum(sizes).tolist()
    made, at = [], 0
    for key, stop in zip(keys, stops, strict=True):
        made.append(worker(key)(whole[at:stop]) if key else whole[at:stop])
        at = stop
    return np.frombuffer(b"".join(made), np.uint8)
