"""The door's memory: of fixed size, for the exchange lifetime."""

import pytest

from narrowgate_gateway.exchanges import EXCHANGE_LIFETIME_S, Exchanges, exchange_digest


def test_an_exchange_is_known_within_its_lifetime() -> None:
    """What was kept is known up to the end of the exchange lifetime, and no longer."""
    exchanges = Exchanges(8)
    exchanges.keep(7, 1000.0)

    known = [
        exchanges.knows(7, 1000.0 + age_s) for age_s in (0.0, EXCHANGE_LIFETIME_S, EXCHANGE_LIFETIME_S + 1)
    ]
    assert known == [True, True, False]


def test_a_fresh_memory_knows_nothing() -> None:
    """An empty place is no exchange, whatever its digest."""
    assert not Exchanges(8).knows(0, 0.0)


def test_the_oldest_of_a_bucket_gives_way() -> None:
    """A full bucket gives up its oldest exchange for a new one."""
    exchanges = Exchanges(8)
    for digest in range(9):
        exchanges.keep(digest, float(digest))

    assert [exchanges.knows(digest, 9.0) for digest in range(9)] == [False] + [True] * 8


@pytest.mark.parametrize("places", [0, 4, 12, -8])
def test_the_size_is_a_power_of_two(places: int) -> None:
    """A table is made with a power of two of at least eight places."""
    with pytest.raises(ValueError, match=f"not {places}$"):
        Exchanges(places)


def test_a_place_takes_sixteen_bytes_however_much_is_kept() -> None:
    """The memory's size is set at the start: 16 bytes a place."""
    exchanges = Exchanges(1 << 10)
    for digest in range(50_000):
        exchanges.keep(digest * 2_654_435_761 % 2**64, 0.0)

    assert exchanges._digests.nbytes + exchanges._seen_at_s.nbytes == 16 << 10


@pytest.mark.parametrize(
    "other",
    [
        ("10.8.0.1:1", 1, b"t", b"p"),
        ("10.8.0.2:1", 2, b"t", b"p"),
        ("10.8.0.2:1", None, b"t", b"p"),
        ("10.8.0.2:1", 1, b"", b"tp"),
        ("10.8.0.2:1", 1, b"t", b""),
    ],
)
def test_endpoint_message_id_token_and_payload_name_an_exchange(
    other: tuple[str, int | None, bytes, bytes],
) -> None:
    """Exchanges that differ in any of them have different names."""
    assert exchange_digest("10.8.0.2:1", 1, b"t", b"p") != exchange_digest(*other)
