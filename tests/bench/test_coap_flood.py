"""The flood: hostile datagrams are what they are called, come from a seed, and are sent at a pace.

The whole benchmark runs where NARROWGATE_CHAOS is set.
"""

import ipaddress
import random
import socket
from collections import Counter
from contextlib import closing

import numpy as np
import pytest

from narrowgate_bench import coap_flood
from narrowgate_bench.hostile_datagrams import HOSTILE, LONGEST_BYTES, Kind, datagrams
from narrowgate_bench.hostile_sender import INSIDE, Sender
from narrowgate_gateway.coap_datagrams import SOURCE_BYTES, Datagrams
from narrowgate_gateway.coap_paths import PathColumns
from narrowgate_gateway.coap_sorting import Fate, sort
from narrowgate_gateway.networks import Networks
from narrowgate_gateway.path_template import PathTemplate
from needs import long

NETWORKS = Networks([ipaddress.ip_network(INSIDE)])
PATHS = PathColumns(PathTemplate.parse("nb/{device}/up"))
FATES = {
    Kind.SOUND: {Fate.UPLINK},
    Kind.UNKNOWN: {Fate.UPLINK},
    Kind.SPOOFED: {Fate.FORBIDDEN},
    Kind.BLOCKS: {Fate.SINGLE},
    Kind.TOKENS: {Fate.MALFORMED},
}


def fates(kind: Kind) -> set[Fate]:
    """Give what becomes of datagrams of a kind."""
    made = datagrams(kind, random.Random(1), 200, 10)
    content = np.stack([np.frombuffer(each.ljust(LONGEST_BYTES, b"\0"), np.uint8) for each in made])
    address = ipaddress.ip_address("127.200.0.9" if kind is Kind.SPOOFED else "127.3.0.9")
    source = bytes(8) + bytes(10) + b"\xff\xff" + address.packed + bytes(4)
    sources = np.tile(np.frombuffer(source.ljust(SOURCE_BYTES), np.uint8), (200, 1))
    lengths = np.array([len(each) for each in made])
    batch = sort(Datagrams(content, lengths, lengths < 0, sources, None), NETWORKS, PATHS)
    return {Fate(int(fate)) for fate in batch.fates}


@pytest.mark.parametrize("kind", FATES)
def test_a_kind_is_what_it_is_called(kind: Kind) -> None:
    """The listener sorts all datagrams of a kind as what the kind says is wrong with them."""
    assert fates(kind) == FATES[kind]


@pytest.mark.parametrize("kind", Kind)
def test_a_seed_makes_the_same_datagrams(kind: Kind) -> None:
    """One seed gives the same datagrams again, another one others, and none is longer than the longest."""
    first, again, other = (datagrams(kind, random.Random(seed), 50, 10) for seed in (1, 1, 2))

    assert first == again != other
    assert max(map(len, first)) <= LONGEST_BYTES


def test_a_sender_sends_all_kinds_at_a_pace_and_counts_the_answers() -> None:
    """So many datagrams leave, kinds in turn, some from outside, and what comes back is counted by code."""
    kinds = Kind.RANDOM, Kind.SPOOFED
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(100.0)
        with closing(Sender(server.getsockname()[1], 1, 10, kinds)) as sender:
            first = sender.send(128, 1e6)
            sources = Counter(server.recvfrom(LONGEST_BYTES)[1] for _ in range(first.sent))
            server.sendto(b"\x60\x9d\x00\x00", next(iter(sources)))
            told = sender.send(128 * 64, 0.0)

    assert (first.sent, sorted(sources.values())) == (128, [64, 64])
    assert sum(ipaddress.ip_address(host) not in ipaddress.ip_network(INSIDE) for host, _ in sources) == 1
    assert (told.sent, told.answers) == (8192, {"4.29": 1})


@long
def test_a_flood_leaves_what_was_acknowledged() -> None:
    """A small flood has figures of all paces and kinds, quarantine in its quota, every frame kept once."""
    found = list(coap_flood.rows(1, 1, 3000))

    kinds = {row["name"].split(",")[0] for row in found}
    held = {row["name"]: row for row in found}
    quarantine = held["quarantine, of unknown devices"]
    assert {"honest_p99", "sent_again", "kernel_drops", "edge_rss", "cpu_per_datagram"} < kinds
    assert {f"cpu_per_datagram, {kind}" for kind in HOSTILE} < set(held)
    assert 0 < quarantine["figure"] <= quarantine["peer_figure"]
    for kept in (held["honest frames kept"], held["frames kept"]):
        assert kept["figure"] == kept["peer_figure"] > 20_000
