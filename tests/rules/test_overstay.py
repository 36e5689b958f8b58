"""Overstay and stays: limits, ticks, debouncing, late samples."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from narrowgate_rules import OVERSTAY, Engine
from narrowgate_schema.words import Family
from rules_rows import (
    HOUR_US,
    MINUTE_US,
    MONDAY_US,
    NOWHERE,
    SECOND_US,
    Arrival,
    Columns,
    Heard,
    Row,
    Tick,
    hear,
)

NINE_US = MONDAY_US + 9 * HOUR_US
TWO_HOURS = Columns(("b",), {}, {"stay_limit": ["2h"]})
SHANGHAI = ZoneInfo("Asia/Shanghai")


def bay(
    course: Sequence[tuple[int, bool | None]], fleet: Columns = TWO_HOURS, zone: ZoneInfo | None = None
) -> Heard:
    """Judge one bay: (seconds after nine, occupied), None = a tick."""
    arrivals: list[Arrival] = [
        Tick(n, NINE_US + at_s * SECOND_US)
        if occupied is None
        else Row(n, "b", NINE_US + at_s * SECOND_US, {"occupied": occupied})
        for n, (at_s, occupied) in enumerate(course)
    ]
    return hear(Engine([OVERSTAY], timezone=zone), Family.PARKING, arrivals, fleet)


def severities(heard: Heard) -> list[tuple[int, str, str]]:
    """Give the versions of findings with their severity."""
    return [(row["version"], row["state"], row["severity"]) for row in heard.findings]


def stay(arrived_s: int, departed_s: int | None) -> tuple[str, int, int | None]:
    """Give one stay, or overstay, in seconds after nine."""
    departed_us = None if departed_s is None else NINE_US + departed_s * SECOND_US
    return "b", NINE_US + arrived_s * SECOND_US, departed_us


def versions(heard: Heard) -> list[tuple[int, str, float, float | None]]:
    """Give the versions of findings: raised and cleared in seconds after nine."""
    return [
        (
            row["version"],
            row["state"],
            (row["raised_at"] - NINE_US) / 1e6,
            None if row["cleared_at"] is None else (row["cleared_at"] - NINE_US) / 1e6,
        )
        for row in heard.findings
    ]


def test_stay() -> None:
    """A stay lasts from the first occupied to the first free sample."""
    heard = bay([(0, False), (60, True), (3600, True), (5400, False), (5500, None)])

    assert ([stay(60, 5400)], []) == (heard.stays(), heard.episodes())


def test_arrival_that_nobody_saw() -> None:
    """The first sample decides: a bay first heard of as occupied has a stay from then on."""
    assert [stay(0, None)] == bay([(0, True)]).stays()


def test_first_sample_free() -> None:
    """A bay first heard of as free has had no stay."""
    assert bay([(0, False), (3600, None)]).sessions == []


def test_tick_raises_at_the_limit() -> None:
    """A tick shows that time has passed; the overstay is raised at arrival plus limit, not at the tick."""
    assert versions(bay([(0, True), (7229, None), (9000, None)])) == [(1, "raised", 7200.0, None)]


def test_tick_before_the_delay_is_over() -> None:
    """Within the on/off delay after the limit a departure before it could still count."""
    assert bay([(0, True), (7229, None)]).findings == []


def test_reading_raises_at_the_limit() -> None:
    """A reading shows that time has passed just as a tick does."""
    assert versions(bay([(0, True), (7300, True)])) == [(1, "raised", 7200.0, None)]


def test_departure_clears() -> None:
    """A late departure gives both versions, raise and clear, even where nothing was told before."""
    heard = bay([(0, True), (8000, False), (8030, False)])

    assert versions(heard) == [(1, "raised", 7200.0, None), (2, "cleared", 7200.0, 8000.0)]


def test_departure_at_the_limit() -> None:
    """Who leaves at the limit has not overstayed."""
    assert bay([(0, True), (7200, False), (9000, None)]).findings == []


def test_twice_the_limit() -> None:
    """At twice the limit, and the delay, the overstay is told as worse; it is not raised again."""
    heard = bay([(0, True), (7300, None), (14_429, None), (14_430, None), (20_000, None)])

    assert versions(heard) == [(1, "raised", 7200.0, None), (2, "raised", 7200.0, None)]
    assert severities(heard) == [(1, "raised", "minor"), (2, "raised", "major")]


def test_departure_after_twice_the_limit() -> None:
    """What has grown worse is worse to its end."""
    heard = bay([(0, True), (7300, None), (15_000, None), (16_000, False), (16_030, None)])

    assert severities(heard)[1:] == [(2, "raised", "major"), (3, "cleared", "major")]


def test_departure_at_twice_the_limit() -> None:
    """Who leaves at twice the limit was never worse."""
    heard = bay([(0, True), (14_400, False), (14_430, None)])

    assert severities(heard) == [(1, "raised", "minor"), (2, "cleared", "minor")]


def test_late_departure_before_twice_the_limit() -> None:
    """A departure before twice the limit that arrives late makes the overstay less again."""
    heard = bay([(0, True), (15_000, None), (9000, False)])

    assert severities(heard) == [(1, "raised", "major"), (2, "cleared", "minor")]


def test_worse_at() -> None:
    """So many limits make it worse as the operator says."""
    engine = Engine([OVERSTAY], {"overstay": {"worse_at": 1.5}})
    arrivals: list[Arrival] = [
        Row(0, "b", NINE_US, {"occupied": True}),
        Tick(1, NINE_US + 10_830 * SECOND_US),
    ]

    assert severities(hear(engine, Family.PARKING, arrivals, TWO_HOURS)) == [(1, "raised", "major")]


def test_short_flip() -> None:
    """A change that lasts shorter than the delay is none."""
    heard = bay([(0, True), (3600, False), (3629, True), (7300, None)])

    assert ([stay(0, None)], 1) == (heard.stays(), len(heard.findings))


def test_flip_of_the_delay() -> None:
    """A change that lasts the delay is one, dated to its first sample."""
    assert [stay(0, 3600), stay(3630, None)] == bay(
        [(0, True), (3600, False), (3630, True), (7300, None)]
    ).stays()


def test_bay_without_a_limit() -> None:
    """Where neither registry nor parameters set a limit there is no overstay."""
    assert bay([(0, True), (90_000, None)], NOWHERE).findings == []


def test_limit_by_weekday_and_local_time() -> None:
    """The limit is the one at the arrival, by the city's wall clock: 09:00 UTC is 17:00 in Shanghai."""
    evening = Columns(("b",), {}, {"stay_limit": ["mon 16:00-18:00 1h; mon 09:00-10:00 2h"]})

    assert versions(bay([(0, True), (9000, None)], evening, SHANGHAI)) == [(1, "raised", 3600.0, None)]


def test_arrival_outside_the_windows() -> None:
    """Who comes while no limit holds may stay."""
    nights = Columns(("b",), {}, {"stay_limit": ["mon 22:00-24:00 1h"]})

    assert bay([(0, True), (90_000, None)], nights).findings == []


def test_late_departure_takes_an_overstay_back() -> None:
    """A departure before the limit that arrives late takes the overstay back: cleared when it was raised."""
    heard = bay([(0, True), (7300, None), (3600, False)])

    assert versions(heard) == [(1, "raised", 7200.0, None), (2, "cleared", 7200.0, 7200.0)]
    assert '"retracted": true' in heard.findings[1]["evidence"]


def test_late_departure_ends_the_stay() -> None:
    """A departure that arrives late gives the stay a new version."""
    assert [stay(0, 3600)] == bay([(0, True), (7300, None), (3600, False)]).stays()


def test_late_arrival_moves_a_stay() -> None:
    """An arrival that arrives late makes another stay; the one told before turns out not to have happened."""
    heard = bay([(0, False), (3600, True), (3700, None), (1800, True)])

    assert [stay(3600, 3600), stay(1800, None)] == heard.stays()


def test_late_sample_before_the_kept_history() -> None:
    """A sample older than the history that is kept changes nothing."""
    flips = [(n * 600, n % 2 == 1) for n in range(60)]
    heard = bay(flips)

    again = bay([*flips, (300, True)])

    assert (heard.sessions, True) == (again.sessions, again.late[-1])


def test_ticks_do_not_go_back() -> None:
    """A tick that goes back stands for the newest one."""
    assert versions(bay([(0, True), (7300, None), (60, None)])) == [(1, "raised", 7200.0, None)]


def test_null_is_no_sample() -> None:
    """A reading that does not know whether the bay is occupied is no sample."""
    rows = [Row(n, "b", NINE_US + n * MINUTE_US, {"occupied": None}) for n in range(5)]

    assert hear(Engine([OVERSTAY]), Family.PARKING, rows, TWO_HOURS).sessions == []
