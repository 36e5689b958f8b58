"""Source networks, asked for a whole batch at once."""

import ipaddress
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_MAPPED = 0xFFFF << 32
_IPV4_BITS = 32
_HALF = (1 << 64) - 1


class Networks:
    """Networks as numbers."""

    def __init__(self, networks: Sequence[Network] | None) -> None:
        """Take networks; None is every one."""
        self._spans = None if networks is None else [_span(network) for network in networks]

    def hold(self, addresses: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """Tell which addresses, (n, 16) with IPv4 mapped into IPv6, are in one of them."""
        if self._spans is None:
            return np.ones(len(addresses), np.bool_)
        halves = np.ascontiguousarray(addresses).view(">u8").astype(np.uint64)
        held = np.zeros(len(addresses), np.bool_)
        for base, mask in self._spans:
            held |= (halves[:, 0] & mask[0] == base[0]) & (halves[:, 1] & mask[1] == base[1])
        return held


def _span(network: Network) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    base, mask = int(network.network_address), int(network.netmask)
    if network.version == 4:
        base, mask = base | _MAPPED, mask | (((1 << 128) - 1) ^ ((1 << _IPV4_BITS) - 1))
    return _halves(base), _halves(mask)


def _halves(number: int) -> NDArray[np.uint64]:
    return np.array([number >> 64, number & _HALF], np.uint64)
