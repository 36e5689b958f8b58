"""How long to wait before the next attempt."""

import random

from narrowgate_gateway.pauses import FIRST_S, Pauses


def test_pauses_double_up_to_the_longest() -> None:
    """Each pause lies in the upper half of a range that doubles until it is the longest."""
    pauses = Pauses(4.0, random.Random(1))
    drawn = [pauses.next_s() for _ in range(6)]
    tops = [FIRST_S, 1.0, 2.0, 4.0, 4.0, 4.0]

    assert [top / 2 <= pause <= top for pause, top in zip(drawn, tops, strict=True)] == [True] * 6


def test_two_gateways_do_not_come_back_together() -> None:
    """Pauses are drawn: a broker's restart is no signal to all at once."""
    one, other = (Pauses(60.0, random.Random(seed)) for seed in (1, 2))

    assert one.next_s() != other.next_s()


def test_what_is_hopeless_waits_longest_at_once() -> None:
    """A wrong password is not tried twice in a second."""
    assert Pauses(60.0, random.Random(1)).next_s(hopeless=True) >= 30.0


def test_after_a_success_pauses_begin_anew() -> None:
    """A connection that held was no failure."""
    pauses = Pauses(60.0, random.Random(1))
    for _ in range(5):
        pauses.next_s()
    pauses.went_well()

    assert pauses.next_s() <= FIRST_S
