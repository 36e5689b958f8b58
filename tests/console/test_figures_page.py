from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from narrowgate_cases.figures import By
from narrowgate_console.figures_page import Asked, asked_of
from narrowgate_console.instants import begin_of_us, instant


@pytest.mark.parametrize(
    ("told", "asked"),
    [
        (("", "", ""), Asked()),
        (("service", "2026-03-01", "2026-03-31"), Asked(By.SERVICE, date(2026, 3, 1), date(2026, 3, 31))),
        (("<script>", "1026-03-01", "9999-12-31"), Asked()),
        (("unit", "' OR 1=1", "2026-02-30"), Asked()),
    ],
)
def test_an_address_asks_for_figures_or_for_nothing(told: tuple[str, str, str], asked: Asked) -> None:
    """Words and days of ours choose; what is none chooses nothing."""
    assert asked_of(*told) == asked


def test_a_day_begins_at_the_citys_midnight() -> None:
    """Figures of a day are those of the city's day, not of London's."""
    begin_us = begin_of_us(date(2026, 3, 15), ZoneInfo("Asia/Shanghai"))

    assert instant(begin_us) == datetime(2026, 3, 14, 16, tzinfo=UTC)
