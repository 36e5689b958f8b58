"""CoAP messages of a batch as columns: heads, tokens, options and where payloads begin (RFC 7252, 3).

Nothing is believed: what a length says beyond a datagram's end is a fault of that row, never of the batch.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from narrowgate_gateway.coap_datagrams import Datagrams
from narrowgate_gateway.coap_options import (
    BLOCK1,
    IS_KNOWN,
    IS_PROXY,
    LAST_NUMBER,
    LONGEST,
    MAY_REPEAT,
    NO_RESPONSE,
    SHORTEST,
    URI_PATH,
    table_row,
)
from narrowgate_gateway.coap_shapes import Shape, shape_of
from narrowgate_gateway.exchange_names import Ragged

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

HEAD_BYTES = 4
TOKEN_BYTES = 8
CON, NON, ACK, RST = range(4)
_VERSION = 1
_MARKER = 0xFF
_RESERVED_NIBBLE = 15
_SHORT, _WORD = 13, 14
MOST_SEGMENTS = 8
"""Path segments that are looked at; a longer path is no uplink's."""
_MOST_OPTIONS = 24
_TOKEN_COLUMNS = np.arange(TOKEN_BYTES)


@dataclass(frozen=True, slots=True)
class Heads:
    """The message layer of each datagram."""

    kinds: NDArray[np.uint8]
    codes: NDArray[np.uint8]
    message_ids: NDArray[np.uint16]
    token_lengths: Ints
    tokens: NDArray[np.uint8]
    """(n, TOKEN_BYTES), zero behind each token."""
    is_ours: Flags
    """Whether it is long enough for a head and of the version that there is."""
    is_malformed: Flags
    """Whether it is ours and breaks the format: token, empty message, reserved class."""

    @property
    def is_request(self) -> Flags:
        """Tell which ask for something."""
        return self.is_ours & (self.codes >= 1) & (self.codes < 32)


def heads_of(datagrams: Datagrams) -> Heads:
    """Read the heads."""
    content, lengths = datagrams.content, datagrams.lengths
    first = content[:, 0]
    codes = content[:, 1].copy()
    message_ids = content[:, 2:4].copy().view(">u2")[:, 0].astype(np.uint16)
    token_lengths = (first & 15).astype(np.int64)
    tokens = content[:, HEAD_BYTES : HEAD_BYTES + TOKEN_BYTES] * (token_lengths[:, None] > _TOKEN_COLUMNS)
    is_ours = (lengths >= HEAD_BYTES) & (first >> 6 == _VERSION)
    is_cut = (token_lengths > TOKEN_BYTES) | (lengths < HEAD_BYTES + token_lengths)
    classes = codes >> 5
    is_reserved = (classes == 1) | (classes >= 6)
    is_crooked = (codes == 0) & (lengths != HEAD_BYTES)
    return Heads(
        (first >> 4 & 3).astype(np.uint8),
        codes,
        message_ids,
        token_lengths,
        tokens,
        is_ours,
        is_ours & (is_cut | is_reserved | is_crooked),
    )


@dataclass(frozen=True, slots=True)
class Options:
    """What the options of requests say; places count from the first byte of the first row."""

    segment_starts: Ints
    """(MOST_SEGMENTS, n) where each path segment begins."""
    segment_lengths: Ints
    segment_counts: Ints
    payload_at: Ints
    is_malformed: Flags
    """Whether the options, or the payload's marker, break the format."""
    is_refused: Flags
    """Whether a critical option is unknown, of a wrong length, or there too often."""
    is_proxied: Flags
    is_block: Flags
    """Whether it is a block of something longer."""
    is_long: Flags
    """Whether there are more options, or path segments, than are looked at here."""
    no_response: Ints
    """The No-Response option; 0 where it is not there."""
    layout: "Layout | None" = None
    """Where all lie evenly and are of one shape."""

    def segment(self, flat: NDArray[np.uint8], place: int) -> Ragged:
        """Give a path segment of each."""
        block = None
        if self.layout is not None and place < len(self.layout.shape.segments):
            begin, length = self.layout.shape.segments[place]
            block = self.layout.block[:, begin : begin + length]
        return Ragged(flat, self.segment_starts[place], self.segment_lengths[place], block)


@dataclass(frozen=True, slots=True)
class Layout:
    """Requests that are read as a matrix."""

    block: NDArray[np.uint8]
    """(n, longest) each from its first option on, and rubbish behind its end."""
    shape: Shape


class _Walk:
    """Goes through the options of all rows at once, one option of each row a step."""

    def __init__(self, flat: NDArray[np.uint8], begins: Ints, ends: Ints) -> None:
        n = len(begins)
        self._bytes = flat
        self._ends = ends
        self.starts = np.zeros((MOST_SEGMENTS, n), np.int64)
        self.lengths = np.zeros((MOST_SEGMENTS, n), np.int64)
        self.counts = np.zeros(n, np.int64)
        self.payload_at = ends.copy()
        self.malformed, self.refused, self.proxied, self.block = (np.zeros(n, np.bool_) for _ in range(4))
        self.long = np.zeros(n, np.bool_)
        self.no_response = np.zeros(n, np.int64)
        # Rows that still have options, and where they stand.
        self._rows = np.arange(n)
        self._numbers = np.zeros(n, np.int64)
        self._at = begins

    def run(self) -> Options:
        """Walk to the end, or to the most options that are looked at."""
        for _ in range(_MOST_OPTIONS):
            self._leave_ended()
            if len(self._rows) == 0:
                break
            self._step()
            self._leave_far()
        self._leave_ended()
        self.long[self._rows] = True
        return Options(
            self.starts, self.lengths, self.counts, self.payload_at, self.malformed, self.refused,
            self.proxied, self.block, self.long, self.no_response,
        )  # fmt: skip

    def _peek(self, beyond: Ints | int = 0) -> Ints:
        peeked: Ints = self._bytes[self._at + beyond].astype(np.int64)
        return peeked

    def _keep(self, which: Flags) -> None:
        self._rows, self._numbers, self._at = self._rows[which], self._numbers[which], self._at[which]

    def _leave_ended(self) -> None:
        """Take the rows out that are at their end or before their payload."""
        ends = self._ends[self._rows]
        marked = (self._at < ends) & (self._peek() == _MARKER)
        if marked.any():
            rows = self._rows[marked]
            self.payload_at[rows] = self._at[marked] + 1
            self.malformed[rows] = self._at[marked] + 1 == ends[marked]
        going_on = (self._at < ends) & ~marked
        if not going_on.all():
            self._keep(going_on)

    def _leave_far(self) -> None:
        """Take the rows out whose path is longer than any that is looked at: no more steps for them."""
        is_far = self.counts[self._rows] > MOST_SEGMENTS
        if is_far.any():
            self.long[self._rows[is_far]] = True
            self._keep(~is_far)

    def _step(self) -> None:
        """Read one option of each row."""
        first = self._peek()
        self._at = self._at + 1
        deltas, lengths = self._extended(first >> 4), self._extended(first & 15)
        self._numbers = self._numbers + deltas
        starts, self._at = self._at, self._at + lengths
        ends = self._ends[self._rows]
        is_nonsense = (first >> 4 == _RESERVED_NIBBLE) | (first & 15 == _RESERVED_NIBBLE)
        is_whole = ~is_nonsense & (self._at <= ends) & (self._numbers <= LAST_NUMBER)
        if not is_whole.all():
            self.malformed[self._rows[~is_whole]] = True
            starts, lengths, deltas = starts[is_whole], lengths[is_whole], deltas[is_whole]
            self._keep(is_whole)
        # Most options are path segments, and most paths of a batch have as many.
        if not (self._numbers == URI_PATH).all():
            self._judge(deltas, lengths)
            starts, lengths = self._note(starts, lengths)
        elif lengths.max(initial=0) > LONGEST[URI_PATH]:
            self.refused[self._rows[lengths > LONGEST[URI_PATH]]] = True
        self._note_segments(starts, lengths)

    def _extended(self, nibbles: Ints) -> Ints:
        """Give what nibbles stand for, with the bytes that follow some of them."""
        is_short, is_word = nibbles == _SHORT, nibbles == _WORD
        if not (is_short | is_word).any():
            return nibbles
        after = self._peek()
        values = np.where(is_short, after + 13, nibbles)
        values = np.where(is_word, (after << 8) + self._peek(1) + 269, values)
        self._at = self._at + is_short + 2 * is_word
        return values

    def _judge(self, deltas: Ints, lengths: Ints) -> None:
        """Note critical options that cannot be heeded (RFC 7252, 5.4.1, 5.4.3, 5.4.5)."""
        known = table_row(self._numbers)
        is_repeated = (deltas == 0) & ~MAY_REPEAT[known]
        fits = IS_KNOWN[known] & (lengths >= SHORTEST[known]) & (lengths <= LONGEST[known]) & ~is_repeated
        is_refused = ~fits & (self._numbers & 1 == 1)
        if is_refused.any():
            self.refused[self._rows[is_refused]] = True
        is_proxied = IS_PROXY[known]
        if is_proxied.any():
            self.proxied[self._rows[is_proxied]] = True

    def _note(self, starts: Ints, lengths: Ints) -> tuple[Ints, Ints]:
        """Note what means something here, and give where the path segments among them are."""
        is_path, rows = self._numbers == URI_PATH, self._rows
        self.block[rows[self._numbers == BLOCK1]] = True
        says = (self._numbers == NO_RESPONSE) & (lengths == 1)
        if says.any():
            self.no_response[rows[says]] = self._bytes[starts[says]]
        return starts[is_path], lengths[is_path]

    def _note_segments(self, starts: Ints, lengths: Ints) -> None:
        """Note path segments, in the order of their rows."""
        rows = self._rows if len(starts) == len(self._rows) else self._rows[self._numbers == URI_PATH]
        counts = self.counts[rows]
        self.counts[rows] = counts + 1
        is_near = counts < MOST_SEGMENTS
        if not is_near.all():
            rows, counts, starts, lengths = rows[is_near], counts[is_near], starts[is_near], lengths[is_near]
        self.starts[counts, rows] = starts
        self.lengths[counts, rows] = lengths


def options_of(flat: NDArray[np.uint8], begins: Ints, ends: Ints) -> Options:
    """Read the options of n requests.

    Args:
        flat: bytes; two may be read behind any end.
        begins: (n,) where options begin.
        ends: (n,) where datagrams end, >= begins.
    """
    alike = _of_one_shape(flat, begins, ends) if len(begins) else None
    return _Walk(flat, begins, ends).run() if alike is None else alike


def _of_one_shape(flat: NDArray[np.uint8], begins: Ints, ends: Ints) -> Options | None:
    """Read the options of requests that are all laid out as the first is; None where they are not."""
    shape = shape_of(flat[begins[0] : ends[0]].tobytes())
    if shape is None or not shape.is_of_all(flat, begins, ends):
        return None
    n, count = len(begins), len(shape.segments)
    starts, lengths = np.zeros((2, MOST_SEGMENTS, n), np.int64)
    for place, (begin, length) in enumerate(shape.segments):
        starts[place], lengths[place] = begins + begin, length
    none, zero = np.zeros(n, np.bool_), np.zeros(n, np.int64)
    payload_at = ends if shape.payload_at < 0 else begins + shape.payload_at
    block = _evenly(flat, begins, ends)
    layout = None if block is None else Layout(block, shape)
    return Options(starts, lengths, zero + count, payload_at, none, none, none, none, none, zero, layout)


def _evenly(flat: NDArray[np.uint8], begins: Ints, ends: Ints) -> NDArray[np.uint8] | None:
    """Give (n, longest) requests as a view of their bytes; None where they are not equally far apart."""
    steps = np.diff(begins)
    step = int(steps[0]) if len(steps) else 0
    if (steps != step).any():
        return None
    shape, place = (len(begins), int((ends - begins).max())), int(begins[0])
    return np.ndarray(shape, np.uint8, buffer=flat, offset=place, strides=(step, 1))
