"""The message ids of an endpoint: a ring in which each rests."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narrowgate_simulators.message_ids import COUNT, EXCHANGE_LIFETIME_S, MessageIds


@given(first=st.integers(0, COUNT - 1), count=st.integers(1, 40))
def test_ids_run_round(first: int, count: int) -> None:
    """Message ids follow one another round the ring."""
    ids = MessageIds(first)

    assert [ids.take(0.0) for _ in range(count)] == [(first + step) % COUNT for step in range(count)]


def test_id_rests_for_a_lifetime() -> None:
    """A message id is not taken again until it has rested for the lifetime of an exchange."""
    ids = MessageIds(0)
    for _ in range(COUNT):
        ids.give_back(ids.take(0.0), 5.0)

    assert (ids.is_free(5.0 + EXCHANGE_LIFETIME_S - 0.1), ids.is_free(5.0 + EXCHANGE_LIFETIME_S)) == (
        False,
        True,
    )


def test_resting_id_is_refused() -> None:
    """Taking an id that still rests is misuse."""
    ids = MessageIds(0)
    for _ in range(COUNT):
        ids.take(0.0)
    with pytest.raises(ValueError, match="still remembered"):
        ids.take(0.0)
