"""Source networks for whole batches: the same as asking one by one."""

import ipaddress
import socket

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from narrowgate_gateway.door import Trust
from narrowgate_gateway.networks import Networks

LISTED = tuple(map(ipaddress.ip_network, ("10.64.0.0/10", "127.0.0.0/8", "2001:db8::/33", "192.0.2.7/32")))
NEAR = st.sampled_from(
    [
        "10.63.255.255",
        "10.64.0.0",
        "10.127.255.255",
        "10.128.0.0",
        "192.0.2.7",
        "192.0.2.8",
        "2001:db8:7fff::1",
        "2001:db8:8000::1",
        "::1",
        "::ffff:10.64.0.9",
        "::10.64.0.9",
    ]
)


def rows(addresses: list[str]) -> NDArray[np.uint8]:
    """Give addresses as a socket gives them."""
    packed = (socket.inet_pton(socket.AF_INET6, a if ":" in a else f"::ffff:{a}") for a in addresses)
    return np.frombuffer(b"".join(packed), np.uint8).reshape(-1, 16)


@given(st.lists(NEAR | st.ip_addresses().map(str), max_size=20))
def test_a_batch_is_judged_as_its_rows(addresses: list[str]) -> None:
    """Whether a source is in a network does not depend on how it is asked."""
    trust = Trust("coap", "", LISTED, 64)

    assert Networks(LISTED).hold(rows(addresses)).tolist() == [trust.admits(each) for each in addresses]


def test_no_networks_hold_nobody_and_none_at_all_everybody() -> None:
    """An empty list is closed; where another judges, all are held."""
    some = rows(["127.0.0.1", "::1"])

    assert (Networks(()).hold(some).tolist(), Networks(None).hold(some).tolist()) == ([False] * 2, [True] * 2)


def test_everything_may_be_listed() -> None:
    """The networks of everything hold every address of their family."""
    everything = Networks([ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0")])

    assert everything.hold(rows(["198.51.100.1", "2001:db9::1"])).tolist() == [True, True]
