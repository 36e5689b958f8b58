"""The paths of a batch against a listener's template: which are uplinks, of which device and port."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from narrowgate_gateway.coap_columns import MOST_SEGMENTS, Flags, Ints, Options
from narrowgate_gateway.exchange_names import Ragged
from narrowgate_gateway.path_template import PathTemplate

NO_PORT = -1
_LONGEST_DEVICE = 64
_PORT_DIGITS = 3
_HIGHEST_PORT = 255
_SLASH = ord("/")
DISCOVERY = (".well-known", "core")
_DISCOVERY = tuple(np.frombuffer(segment.encode(), np.uint8) for segment in DISCOVERY)
_FIRST_PRINTABLE, _LAST_PRINTABLE, _LAST_ASCII = 0x20, 0x7E, 0x7F


@dataclass(frozen=True, slots=True)
class Matched:
    """What the paths of n requests say."""

    is_plain: Flags
    """Whether it is the template's path, in plain ASCII; other paths are to be looked at one by one."""
    devices: Ragged
    ports: Ints
    """NO_PORT where the template captures none."""
    is_elsewhere: Flags
    """Whether it is certainly another path: of another number of segments, or with other fixed ones."""
    may_be_discovery: Flags
    """Whether it is the list of links, as far as was looked at."""


class PathColumns:
    """A template, for whole batches."""

    def __init__(self, template: PathTemplate) -> None:
        """Take a template."""
        self._segments = template.segments
        self._literals = [
            (place, np.frombuffer(segment.encode(), np.uint8))
            for place, segment in enumerate(template.segments)
            if "{" not in segment
        ]
        self._device = template.segments.index("{device}")
        self.captures_port = "{port}" in template.segments
        """Whether paths say a port."""

    def match(self, flat: NDArray[np.uint8], options: Options) -> Matched:
        """Look at the paths of requests whose bytes are in `flat`."""
        count = len(options.segment_counts)
        if len(self._segments) > MOST_SEGMENTS:
            none, nowhere = np.zeros(0, np.int64), np.zeros((2, count), np.bool_)
            links = _may_be_discovery(flat, options)
            return Matched(nowhere[0], Ragged(flat, none, none), none, nowhere[1], links)
        is_plain = options.segment_counts == len(self._segments)
        for place, literal in self._literals:
            is_plain &= _is(options.segment(flat, place), literal)
        is_elsewhere, may_be_discovery = self._others(flat, options, is_plain)
        devices = options.segment(flat, self._device)
        is_plain &= _is_name(devices)
        ports = np.full(count, NO_PORT)
        if self.captures_port:
            ports, is_port = _ports(options.segment(flat, self._segments.index("{port}")))
            is_plain &= is_port
        return Matched(is_plain, devices, ports, is_elsewhere, may_be_discovery)

    def _others(self, flat: NDArray[np.uint8], options: Options, is_here: Flags) -> tuple[Flags, Flags]:
        """Tell which paths are certainly others, and which may be the list of links."""
        if is_here.all():
            nowhere = np.zeros((2, len(is_here)), np.bool_)
            return nowhere[0], nowhere[1]
        # Of a long request there may be more of the path than was looked at, never less.
        is_elsewhere: Flags = (options.segment_counts > len(self._segments)) | ~(is_here | options.is_long)
        return is_elsewhere, _may_be_discovery(flat, options)

    def texts(self, flat: NDArray[np.uint8], options: Options, rows: NDArray[np.intp]) -> Ragged:
        """Give the paths of some rows that match, segments joined by `/`."""
        if options.layout is not None:
            return _even_texts([options.segment(flat, place) for place in range(len(self._segments))], rows)
        lengths = options.segment_lengths[: len(self._segments), rows]
        ends = np.cumsum(lengths.sum(axis=0) + len(self._segments) - 1)
        joined = np.full(ends[-1] if len(ends) else 0, _SLASH, np.uint8)
        begins = ends - (lengths.sum(axis=0) + len(self._segments) - 1)
        at = begins.copy()
        for place in range(len(self._segments)):
            segment = options.segment(flat, place).rows(rows)
            moves = np.repeat(at - (np.cumsum(segment.lengths) - segment.lengths), segment.lengths)
            joined[moves + np.arange(len(moves))] = segment.packed()
            at = at + segment.lengths + 1
        return Ragged(joined, begins, ends - begins)


def _even_texts(segments: list[Ragged], rows: NDArray[np.intp]) -> Ragged:
    """Join segments that are as long in all rows."""
    blocks = [segment.block for segment in segments if segment.block is not None]
    joined = np.full((len(rows), sum(block.shape[1] + 1 for block in blocks) - 1), _SLASH, np.uint8)
    at = 0
    for block in blocks:
        joined[:, at : at + block.shape[1]] = block[rows]
        at += block.shape[1] + 1
    return Ragged.even(joined)


def _may_be_discovery(flat: NDArray[np.uint8], options: Options) -> Flags:
    is_it = options.segment_counts == len(_DISCOVERY)
    if is_it.any():
        for place, literal in enumerate(_DISCOVERY):
            is_it &= _is(options.segment(flat, place), literal)
    may_be: Flags = is_it | options.is_long & (options.segment_counts <= len(_DISCOVERY))
    return may_be


def _is(given: Ragged, literal: NDArray[np.uint8]) -> Flags:
    """Tell which segments are a text."""
    same = given.lengths == len(literal)
    is_it: Flags = same & np.all(given.padded(len(literal)) == literal, axis=1)
    return is_it


def _is_name(devices: Ragged) -> Flags:
    """Tell which are names of 1 to 64 printable ASCII characters."""
    fits = (devices.lengths >= 1) & (devices.lengths <= _LONGEST_DEVICE)
    lengths = np.where(fits, devices.lengths, 0)
    width = int(lengths.max(initial=0))
    text = Ragged(devices.flat, devices.starts, lengths).padded(width)
    is_good = (text >= _FIRST_PRINTABLE) & (text <= _LAST_PRINTABLE) | (np.arange(width) >= lengths[:, None])
    good: Flags = fits & is_good.all(axis=1)
    return good


def _ports(texts: Ragged) -> tuple[Ints, Flags]:
    fits = (texts.lengths >= 1) & (texts.lengths <= _PORT_DIGITS)
    lengths = np.where(fits, texts.lengths, 0)
    digits = Ragged(texts.flat, texts.starts, lengths).padded(_PORT_DIGITS).astype(np.int64) - ord("0")
    inside = np.arange(_PORT_DIGITS) < lengths[:, None]
    fits &= np.all((digits >= 0) & (digits <= 9) | ~inside, axis=1)
    values = np.zeros(len(lengths), np.int64)
    for column in range(_PORT_DIGITS):
        values = np.where(inside[:, column], values * 10 + digits[:, column], values)
    fits &= values <= _HIGHEST_PORT
    return values, fits
