"""Rates in arrays: an allowance a key, whatever the batch split."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from narrowgate_gateway.rates import Bucket, Rates

EVENTS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 40)), max_size=60)


def exceeded(rates: Rates, now_s: float, *keys: int) -> list[bool]:
    """Tell which events are too many."""
    answers: list[bool] = rates.exceeded(np.array(keys, np.int64), now_s).tolist()
    return answers


def test_a_key_has_so_many_at_once_and_then_so_many_a_second() -> None:
    """With two a second and three at once, the fourth is too fast; one may come after half a second."""
    rates = Rates(2.0, 3.0)

    assert exceeded(rates, 10.0, 5, 5, 5, 5) == [False, False, False, True]
    assert exceeded(rates, 10.5, 5, 5) == [False, True]


def test_keys_do_not_share_an_allowance() -> None:
    """One sender's haste is not another's."""
    assert exceeded(Rates(1.0, 1.0), 0.0, 1, 2, 1, 2) == [False, False, True, True]


def test_what_was_refused_costs_nothing() -> None:
    """A sender that is told to come slower has its allowance when it does."""
    rates = Rates(1.0, 1.0)
    for _ in range(9):
        exceeded(rates, 0.0, 1, 1)

    assert exceeded(rates, 1.0, 1) == [False]


def test_no_events_are_legal() -> None:
    """An empty batch has no answers."""
    assert exceeded(Rates(1.0, 1.0), 0.0) == []


@given(EVENTS)
def test_a_batch_is_as_its_events_one_by_one(events: list[tuple[int, int]]) -> None:
    """Events of one instant are judged alike together and in turn."""
    together, apart = Rates(0.5, 3.0), Rates(0.5, 3.0)
    by_instant: dict[int, list[int]] = {}
    for key, instant in sorted(events, key=lambda event: event[1]):
        by_instant.setdefault(instant, []).append(key)

    for instant, keys in by_instant.items():
        single = [exceeded(apart, float(instant), key)[0] for key in keys]
        assert exceeded(together, float(instant), *keys) == single


def test_a_bucket_gives_what_it_has() -> None:
    """Ten at once, then five a second, never more than ten."""
    bucket = Bucket(5.0, 10.0)

    assert [bucket.take(8, 0.0), bucket.take(8, 0.0), bucket.take(8, 1.0), bucket.take(99, 60.0)] == [
        8,
        2,
        5,
        10,
    ]
