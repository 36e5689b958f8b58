"""The dice of a pretend city."""

import numpy as np
import pytest

from narrowgate_simulators.noise import chance, normal, ranked, uniform


def test_dice_depend_on_every_counter() -> None:
    """Seed, purpose and each counter make another number."""
    draws = [uniform(1, "a", 1, 2), uniform(2, "a", 1, 2), uniform(1, "b", 1, 2), uniform(1, "a", 2, 1)]

    assert len({float(draw[0]) for draw in draws}) == 4


def test_dice_are_even() -> None:
    """A hundred thousand draws fill ten bins evenly."""
    bins = np.histogram(uniform(1, "even", np.arange(100_000)), bins=10, range=(0, 1))[0]

    assert bins.tolist() == pytest.approx([10_000] * 10, rel=0.05)


def test_normal_dice() -> None:
    """Normal draws have mean 0 and deviation 1."""
    draws = normal(1, "bell", np.arange(100_000))

    assert (draws.mean(), draws.std()) == pytest.approx((0, 1), abs=0.02)


@pytest.mark.parametrize("count", [0, 1, 9])
def test_ranking_is_a_permutation(count: int) -> None:
    """A ranking names each row once; of nothing it is empty."""
    assert sorted(ranked(1, "rank", count).tolist()) == list(range(count))


def test_single_draws_lie_in_range() -> None:
    """A draw for words lies in [0, 1) and repeats itself."""
    draws = [chance(1, "word", number) for number in range(1000)]

    assert (min(draws) >= 0, max(draws) < 1, draws[7]) == (True, True, chance(1, "word", 7))
