"""Names of exchanges: the same message has the same name, another has another."""

import numpy as np
import pytest
from numpy.typing import NDArray

from narrowgate_gateway.exchange_names import Endpoints, Ragged, exchange_names, split_endpoints


def names(*exchanges: tuple[str, int, int, bytes, bytes]) -> NDArray[np.uint64]:
    """Give the names of exchanges: address, port, message id, token, payload."""
    return exchange_names(
        Endpoints.of([each[0] for each in exchanges], [each[1] for each in exchanges]),
        np.array([each[2] for each in exchanges], np.int64),
        Ragged.of([each[3] for each in exchanges]),
        Ragged.of([each[4] for each in exchanges]),
    )


@pytest.mark.parametrize(
    "other",
    [
        ("10.8.0.1", 1, 1, b"t", b"p"),
        ("2001:db8::7", 1, 1, b"t", b"p"),
        ("10.8.0.2", 2, 1, b"t", b"p"),
        ("10.8.0.2", 1, 2, b"t", b"p"),
        ("10.8.0.2", 1, -1, b"t", b"p"),
        ("10.8.0.2", 1, 1, b"", b"tp"),
        ("10.8.0.2", 1, 1, b"t\0", b"p"),
        ("10.8.0.2", 1, 1, b"t", b""),
        ("10.8.0.2", 1, 1, b"t", b"p\0"),
    ],
)
def test_endpoint_message_id_token_and_payload_name_an_exchange(
    other: tuple[str, int, int, bytes, bytes],
) -> None:
    """Exchanges that differ in any of them have different names."""
    first, second = names(("10.8.0.2", 1, 1, b"t", b"p"), other).tolist()

    assert first != second


def test_a_name_does_not_depend_on_its_neighbours() -> None:
    """An exchange has one name, alone and in batches of any payloads."""
    exchanges = [("10.8.0.2", n, n, bytes([n % 9]), bytes([n]) * size) for n, size in enumerate(SIZES)]

    assert names(*exchanges).tolist() == [names(each).tolist()[0] for each in exchanges]


SIZES = [0, 1, 3, 4, 5, 63, 64, 65, 255, 257, 1279, 1281, 65_000]


def test_a_hundred_thousand_exchanges_have_as_many_names() -> None:
    """Exchanges that differ in a few bits do not share a name."""
    n = 100_000
    ids = np.arange(n) % 65_536
    payloads = Ragged.of([(row // 65_536).to_bytes(2, "little") for row in range(n)])
    tokens = Ragged.of([b""] * n)
    found = exchange_names(Endpoints.of(["10.8.0.1"] * n, [1] * n), ids, tokens, payloads)

    assert len(np.unique(found)) == n


def test_no_name_is_nought() -> None:
    """Nought stands for exchanges that cannot be known again."""
    assert not np.any(names(("::", 0, 0, b"", b"")) == 0)


def test_the_journals_endpoints_give_the_same_names() -> None:
    """Address and port as one text are the address and the port."""
    texts = ["10.8.0.1:40000", "[2001:db8::7]:5683"]
    split, given = split_endpoints(texts), Endpoints.of(["10.8.0.1", "2001:db8::7"], [40_000, 5683])

    assert split.addresses.tolist() == given.addresses.tolist()
    assert split.ports.tolist() == given.ports.tolist()


def test_nothing_has_no_names() -> None:
    """An empty batch is legal."""
    assert names().tolist() == []


def test_even_strings_are_the_same_strings() -> None:
    """A matrix of strings is padded, cut, packed and picked from as strings anywhere are."""
    strings = [b"abcd", b"efgh", b"ijkl"]
    plain = Ragged.of(strings)
    even = Ragged.even(np.frombuffer(b"".join(strings), np.uint8).reshape(3, 4))
    some = np.array([2, 0])

    for width in (2, 4, 7):
        assert np.array_equal(plain.padded(7)[:, :width], even.padded(width))
    assert np.array_equal(plain.packed(), even.packed())
    assert np.array_equal(plain.rows(some).packed(), even.rows(some).packed())
