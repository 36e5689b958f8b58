"""Stay limits: text to seconds by minute of the week."""

import numpy as np
import pytest

from narrowgate_fleet import stay_limit_s

MONDAY, SATURDAY, SUNDAY = 0, 5 * 1440, 6 * 1440


def test_a_bare_duration_holds_all_week() -> None:
    """A duration alone is the limit in every minute of the week."""
    assert (stay_limit_s("1h30min") == 5400.0).all()


def test_windows_hold_from_their_start_to_before_their_end() -> None:
    """A window is half-open: its first minute has the limit, the minute of its end has not."""
    limit_s = stay_limit_s("mon-fri 08:00-20:00 2h; sat 08:00-14:00 4h")

    found = [limit_s[MONDAY + 8 * 60], limit_s[MONDAY + 20 * 60 - 1], limit_s[SATURDAY + 13 * 60 + 59]]
    assert found == [7200.0, 7200.0, 14400.0]


def test_there_is_no_limit_outside_the_windows() -> None:
    """Minutes that no window names are NaN."""
    limit_s = stay_limit_s("mon-fri 08:00-20:00 2h; sat 08:00-14:00 4h")

    outside = limit_s[[MONDAY + 8 * 60 - 1, MONDAY + 20 * 60, SATURDAY + 14 * 60, SUNDAY]]
    assert np.isnan(outside).all()


def test_day_ranges_may_run_over_the_weekend() -> None:
    """`sat-mon` is Saturday, Sunday and Monday."""
    days = stay_limit_s("sat-mon 1h").reshape(7, 1440)[:, 0]

    assert np.isnan(days).tolist() == [False, True, True, True, True, False, False]


def test_days_may_be_listed() -> None:
    """`mon,wed,fri-sat` names four days."""
    days = stay_limit_s("mon,wed,fri-sat 24h").reshape(7, 1440)[:, 0]

    assert np.count_nonzero(days == 86400.0) == 4


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ("", "is no window"),
        ("2", "is no window"),
        ("2h;", "is no window"),
        ("0h", "limit of 0"),
        ("mon 20:00-08:00 2h", "must end after it starts"),
        ("mon 08:00-25:00 2h", "no time of day"),
        ("mon 08:60-09:00 2h", "no time of day"),
        ("mon 2h; mon-fri 1h", "overlaps"),
        ("Mon 2h", "is no window"),
    ],
)
def test_a_limit_that_is_none_is_refused_with_its_window(spec: str, reason: str) -> None:
    """The refusal names the window and what is wrong with it."""
    with pytest.raises(ValueError, match=reason):
        stay_limit_s(spec)
