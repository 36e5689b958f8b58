"""What becomes of each datagram of a batch, by its message layer, its sender and its options alone."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from narrowgate_gateway.coap_columns import CON, HEAD_BYTES, NON, Heads, Ints, Options, heads_of, options_of
from narrowgate_gateway.coap_datagrams import Bytes, Datagrams
from narrowgate_gateway.coap_endpoints import endpoints_of
from narrowgate_gateway.coap_paths import Matched, PathColumns
from narrowgate_gateway.networks import Networks

POST, PUT = 2, 3


class Fate(IntEnum):
    """What becomes of a datagram."""

    SINGLE = 0
    """To be looked at one by one: blocks, paths beyond ASCII."""
    UPLINK = 1
    STRANGER = 2
    """Nothing for us: no request, and from outside the allowed networks, cut, or sent to a group."""
    FORBIDDEN = 3
    """A request from outside the allowed networks."""
    MALFORMED = 4
    """No CoAP message, or one that breaks the format."""
    BAD_OPTION = 5
    """A request with a critical option that cannot be heeded."""
    PROXYING = 6
    TOO_LARGE = 7
    """A request longer than any that is taken here."""
    PING = 8
    """An empty confirmable message."""
    REPLY = 9
    """An acknowledgement, a reset or a response: it matters if somebody waits for it."""
    NOT_FOUND = 10
    """An upload to a path that there is not."""
    NOT_ALLOWED = 11
    """A request by a method that no path has."""
    DISCOVERY = 12
    """A request for the list of links, which is aiocoap's."""


@dataclass(frozen=True, slots=True)
class Sorted:
    """A batch with what becomes of each row."""

    datagrams: Datagrams
    heads: Heads
    fates: NDArray[np.uint8]
    admitted: NDArray[np.bool_]
    """Which came from the allowed networks, and not by a group's address."""
    requests: NDArray[np.intp]
    """Rows whose options were read, m of them."""
    flat: Bytes
    ends: Ints
    """(m,) where each of them ends in `flat`."""
    options: Options
    """Of the m requests."""
    matched: Matched
    uplinks: NDArray[np.intp]
    """Which of the m are plain uplinks."""

    def rows(self, fate: Fate) -> NDArray[np.intp]:
        """Give the rows of a fate."""
        return np.flatnonzero(self.fates == fate)

    def counts(self) -> list[int]:
        """Give how many rows each fate has, by its number."""
        counts: list[int] = np.bincount(self.fates, minlength=len(Fate)).tolist()
        return counts


def sort(datagrams: Datagrams, networks: Networks, paths: PathColumns) -> Sorted:
    """Sort a batch of at least one datagram."""
    heads = heads_of(datagrams)
    fates = np.full(len(datagrams), Fate.REPLY, np.uint8)
    is_empty = heads.codes == 0
    if is_empty.any():
        fates[is_empty & (heads.kinds == CON)] = Fate.PING
    admitted = networks.hold(endpoints_of(datagrams.sources).addresses)
    # An acknowledgement or reset that asks for something is ignored (RFC 7252, 4.2).
    is_asking = heads.is_request
    is_request = is_asking & (heads.kinds <= NON)
    is_malformed = ~heads.is_ours | heads.is_malformed | (is_asking & ~is_request)
    _turn_away(fates, admitted, is_request)
    fates[is_malformed] = Fate.MALFORMED
    # No group is joined here, and what comes to one all the same is not to be rejected (RFC 7252, 8.1).
    to_group = datagrams.is_to_group
    fates[to_group], admitted = Fate.STRANGER, admitted & ~to_group
    is_open = admitted & is_request & ~is_malformed
    fates[is_open & datagrams.is_cut] = Fate.TOO_LARGE
    fates[admitted & ~is_request & ~is_malformed & datagrams.is_cut] = Fate.STRANGER
    requests = np.flatnonzero(is_open & ~datagrams.is_cut)
    flat = datagrams.content.reshape(-1)
    begins = requests * datagrams.content.shape[1]
    ends = begins + datagrams.lengths[requests]
    options = options_of(flat, begins + HEAD_BYTES + heads.token_lengths[requests], ends)
    matched = paths.match(flat, options)
    uplinks = _judge_options(fates, heads, requests, options, matched)
    return Sorted(datagrams, heads, fates, admitted, requests, flat, ends, options, matched, uplinks)


def _turn_away(fates: NDArray[np.uint8], admitted: NDArray[np.bool_], is_request: NDArray[np.bool_]) -> None:
    if not admitted.all():
        fates[~admitted] = Fate.STRANGER
        fates[~admitted & is_request] = Fate.FORBIDDEN


def _judge_options(
    fates: NDArray[np.uint8], heads: Heads, requests: NDArray[np.intp], options: Options, matched: Matched
) -> NDArray[np.intp]:
    """Note the fates that options decide, and give which of the requests are plain uplinks."""
    codes = heads.codes[requests]
    is_upload = (codes == POST) | (codes == PUT)
    is_plain = is_upload & matched.is_plain & ~options.is_block & ~options.is_long
    if options.layout is not None and is_plain.all():
        # What is of one plain shape has no option that could be refused.
        fates[requests] = Fate.UPLINK
        return np.arange(len(requests))
    decided = np.where(is_plain, Fate.UPLINK, Fate.SINGLE)
    is_known_not = ~(matched.may_be_discovery | is_plain)
    decided[is_known_not & is_upload & matched.is_elsewhere] = Fate.NOT_FOUND
    decided[is_known_not & ~is_upload] = Fate.NOT_ALLOWED
    decided[matched.may_be_discovery & ~is_plain] = Fate.DISCOVERY
    decided = np.where(options.is_proxied, Fate.PROXYING, decided)
    decided = np.where(options.is_refused, Fate.BAD_OPTION, decided)
    decided = np.where(options.is_malformed, Fate.MALFORMED, decided)
    fates[requests] = decided
    return np.flatnonzero(decided == Fate.UPLINK)
