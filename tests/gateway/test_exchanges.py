"""The door's memory: of fixed size, for the exchange lifetime."""

import numpy as np
import pytest
from numpy.typing import NDArray

from narrowgate_gateway.exchanges import EXCHANGE_LIFETIME_S, Exchanges


def named(*names: int) -> NDArray[np.uint64]:
    """Give names of exchanges."""
    return np.array(names, np.uint64)


def known(exchanges: Exchanges, now_s: float, *names: int) -> list[bool]:
    """Tell which names are known."""
    answers: list[bool] = exchanges.knows(named(*names), now_s).tolist()
    return answers


def test_an_exchange_is_known_within_its_lifetime() -> None:
    """What was claimed is known up to the end of the exchange lifetime, and no longer."""
    exchanges = Exchanges(8)
    exchanges.claim(named(7), 1000.0)

    ages_s = (0.0, EXCHANGE_LIFETIME_S, EXCHANGE_LIFETIME_S + 1)
    assert [known(exchanges, 1000.0 + age_s, 7) for age_s in ages_s] == [[True], [True], [False]]


def test_a_fresh_memory_knows_nothing() -> None:
    """An empty place is no exchange, whatever its name."""
    assert known(Exchanges(8), 0.0, 0, 1) == [False, False]


def test_nothing_is_asked_and_nothing_claimed() -> None:
    """An empty batch has no answers."""
    assert (known(Exchanges(8), 0.0), Exchanges(8).claim(named(), 0.0).tolist()) == ([], [])


def test_of_equal_exchanges_in_a_batch_the_first_is_new() -> None:
    """Each name is new once, and known from then on."""
    exchanges = Exchanges(8)

    assert exchanges.claim(named(5, 6, 5, 5, 6), 1.0).tolist() == [True, True, False, False, False]
    assert exchanges.claim(named(6, 7), 2.0).tolist() == [False, True]


def test_a_bucket_takes_all_of_a_batch_that_it_has_places_for() -> None:
    """Eight exchanges of one batch that fall into one bucket are all remembered."""
    exchanges, names = Exchanges(64), [8 * n for n in range(1, 9)]
    exchanges.claim(named(*names), 1.0)

    assert known(exchanges, 1.0, *names) == [True] * 8


def test_the_oldest_of_a_bucket_gives_way() -> None:
    """A full bucket gives up its oldest exchange for a new one."""
    exchanges = Exchanges(8)
    for name in range(1, 10):
        exchanges.claim(named(name), float(name))

    assert known(exchanges, 10.0, *range(1, 10)) == [False] + [True] * 8


def test_what_came_to_nothing_is_new_again() -> None:
    """A forgotten exchange is not known, and others are."""
    exchanges = Exchanges(8)
    exchanges.claim(named(1, 2), 1.0)
    exchanges.forget(named(1))

    assert known(exchanges, 1.0, 1, 2) == [False, True]


def test_an_exchange_of_before_the_start_ages_from_when_it_came() -> None:
    """What came 200 s before now is known for 47 s more."""
    exchanges = Exchanges(8, now_s=5000.0)
    exchanges.claim(named(1), 5000.0, ages_s=np.array([200.0]))

    assert [known(exchanges, now_s, 1) for now_s in (5046.0, 5048.0)] == [[True], [False]]


def test_the_horizon_is_the_lifetime_while_nothing_fresh_is_given_up() -> None:
    """A table with room reaches back as far as a message may come again."""
    exchanges = Exchanges(8)
    exchanges.claim(named(1, 2, 3), 1.0)

    assert exchanges.horizon_s(2.0) == EXCHANGE_LIFETIME_S


def test_the_horizon_is_the_age_of_what_was_given_up() -> None:
    """A full bucket that gives up what came 10 s ago reaches back 10 s, until that is long ago."""
    exchanges = Exchanges(8)
    exchanges.claim(named(*range(1, 9)), 100.0)
    exchanges.claim(named(9), 110.0)

    assert [exchanges.horizon_s(now_s) for now_s in (111.0, 400.0, 700.0)] == [
        10.0,
        10.0,
        EXCHANGE_LIFETIME_S,
    ]


@pytest.mark.parametrize("places", [0, 4, 12, -8])
def test_the_size_is_a_power_of_two(places: int) -> None:
    """A table is made with a power of two of at least eight places."""
    with pytest.raises(ValueError, match=f"not {places}$"):
        Exchanges(places)


def test_a_place_takes_twelve_bytes_however_much_is_kept() -> None:
    """The memory's size is set at the start: 12 bytes a place, and half a byte to take turns."""
    exchanges = Exchanges(1 << 10)
    names = np.arange(1, 50_001, dtype=np.uint64) * np.uint64(2_654_435_761)
    exchanges.claim(names, 0.0)

    assert exchanges.nbytes == (12 << 10) + (1 << 9)
