import os
import resource
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from narrowgate_cases import counts, install
from narrowgate_cases.clocks import Light
from narrowgate_cases.figures import By, figures
from narrowgate_cases.practice import HOUR_US
from narrowgate_cases.queue import Filters, Order, QueuePage, lights, queue, unplaced
from narrowgate_cases.requests import updates

IS_CAMPAIGN = bool(os.environ.get("NARROWGATE_CHAOS"))
OPEN, CLOSED = (100_000, 1_000_000) if IS_CAMPAIGN else (300, 700)
NOW_US = 1000 * HOUR_US
_FILL = """
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :count)
INSERT INTO cases (finding, version, service, severity, family, device, series, asset, members, state,
    raised_at, opened_at, closed_at, evidence, cause, unit, district, road_class, street, limit_us,
    running_since, warns_at, due_at)
SELECT 'f' || i, 1, 'service-' || (i % 12), 'minor', 'lighting', 'lamp-' || i, '', 'pole-' || i, '[]',
    CASE WHEN i <= :closed THEN 'closed' WHEN i % 3 = 0 THEN 'accepted' ELSE 'reported' END,
    i * 1000, i * 1000, CASE WHEN i <= :closed THEN i * 1000 + 5 END, '{}', 'cause-' || i,
    'unit-' || (i % 40), 'district-' || (i % 9), 'arterial', 'street ' || (i % 997), 172800000000,
    CASE WHEN i > :closed THEN 0 END, :now + (i % 1000 - 700) * 1000000,
    :now + (i % 1000 - 500) * 1000000
FROM n;
"""
_STEPS = """
INSERT INTO case_steps (case_id, at_us, step, actor, reason, evidence, state, unit, due_at)
SELECT id, opened_at, 'reported', 'device', 'raised', '{}', 'reported', unit, due_at FROM cases;
INSERT INTO case_steps (case_id, at_us, step, actor, reason, evidence, state, unit, due_at)
SELECT id, closed_at, 'closed', 'device', 'recovered', '{}', 'closed', unit, due_at FROM cases
WHERE state = 'closed';
"""


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> sqlite3.Connection:
    """A desk with many open and very many closed cases, opened as the console does."""
    path = tmp_path_factory.mktemp("desk") / "state.db"
    connection = sqlite3.connect(path, isolation_level=None)
    install(connection)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("BEGIN")
    connection.execute(_FILL, {"count": OPEN + CLOSED, "closed": CLOSED, "now": NOW_US})
    for statement in _STEPS.strip().split(";\n"):
        connection.execute(statement)
    connection.execute("COMMIT")
    connection.close()
    return sqlite3.connect(f"file:{Path(path)}?mode=ro", uri=True)


def _page(desk: sqlite3.Connection, filters: Filters, order: Order, after: str | None = None) -> QueuePage:
    return queue(desk, filters, now_us=NOW_US, order=order, after=after)


@pytest.mark.parametrize("order", list(Order))
def test_pages_hold_every_open_case_once(desk: sqlite3.Connection, order: Order) -> None:
    """Page after page gives each open case exactly once, in order."""
    seen, after, limit = [], None, 500
    while True:
        page = queue(desk, Filters(), now_us=NOW_US, order=order, limit=limit, after=after)
        seen += [(case.due_at_us, case.number) for case in page.cases]
        after = page.after
        if after is None:
            break
    keys = seen if order is Order.CLOCK else sorted(seen, key=lambda row: row[1], reverse=True)

    assert len(seen) == len(set(seen)) == OPEN
    assert seen == (sorted(seen) if order is Order.CLOCK else keys)


def test_filters_hold_what_they_say(desk: sqlite3.Connection) -> None:
    """The lights' counts are the cases that a filter by light finds."""
    counted = lights(desk, NOW_US)
    found = [
        len(queue(desk, Filters(light=light), now_us=NOW_US, limit=500).cases)
        for light in (Light.GREEN, Light.YELLOW, Light.RED, Light.NONE)
    ]

    assert unplaced(desk) == OPEN
    assert counted.green + counted.yellow + counted.red + counted.standing == OPEN
    assert found == [min(500, n) for n in (counted.green, counted.yellow, counted.red, counted.standing)]


@pytest.mark.parametrize(
    ("filters", "order"),
    [
        (Filters(), Order.CLOCK),
        (Filters(), Order.NEWEST),
        (Filters(unit="unit-7"), Order.CLOCK),
        (Filters(light=Light.RED), Order.CLOCK),
    ],
)
def test_a_page_reads_no_more_than_its_rows(desk: sqlite3.Connection, filters: Filters, order: Order) -> None:
    """SQLite walks an index in order: nothing is sorted, and no case before the page is looked at."""
    asked: list[str] = []
    desk.set_trace_callback(asked.append)
    _page(desk, filters, order, after="5000.7")
    desk.set_trace_callback(None)
    plan = [row[3] for row in desk.execute(f"EXPLAIN QUERY PLAN {asked[0]}")]
    inner = plan[plan.index("LIST SUBQUERY 1") + 1 :]

    assert "SEARCH cases USING" in inner[0]
    assert "INDEX open_cases_by" in inner[0]
    assert [step for step in inner if "B-TREE FOR ORDER BY" in step][1:] == []
    assert "SCAN" not in plan[0]


@pytest.mark.parametrize("services", [["service-3"], ["service-3", "service-7"], ["none"]])
def test_updates_are_the_same_whichever_way_they_are_found(
    desk: sqlite3.Connection, services: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the cases of a rare service or by time, the same steps come in the same order, page by page."""
    asked = [(0, NOW_US, 1000, 0), (7000, 400_000, 30, 0), (7000, 400_000, 30, 30)]
    monkeypatch.setattr("narrowgate_cases.requests.MOST_LOOKED_UP", OPEN + CLOSED)
    by_cases = [updates(desk, services, *each) for each in asked]
    monkeypatch.setattr("narrowgate_cases.requests.MOST_LOOKED_UP", -1)
    by_time = [updates(desk, services, *each) for each in asked]

    assert by_time == by_cases
    assert bool(by_time[1]) == (services != ["none"])


def test_steps_of_a_rare_service_are_found_by_its_cases(
    desk: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is asked of few cases walks an index of theirs, and no others' steps."""
    monkeypatch.setattr("narrowgate_cases.requests.MOST_LOOKED_UP", OPEN + CLOSED)
    asked: list[str] = []
    desk.set_trace_callback(asked.append)
    updates(desk, ["service-3"], 0, NOW_US, 1000)
    desk.set_trace_callback(None)
    plan = [row[3] for row in desk.execute(f"EXPLAIN QUERY PLAN {asked[-1]}")]

    assert any("cases_by_service" in step for step in plan)
    assert any("SEARCH taken USING INDEX case_steps_by_case" in step for step in plan)


def _told(name: str, work: Callable[[], object]) -> None:
    began = time.perf_counter()
    work()
    rss_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{name}: {(time.perf_counter() - began) * 1000:.1f} ms, {rss_mb:.0f} MB at most")  # noqa: T201


def test_what_a_large_desk_costs(desk: sqlite3.Connection) -> None:
    """Whatever is asked of a large desk is answered; a campaign prints what it costs."""
    far = _page(desk, Filters(), Order.CLOCK, after=f"{NOW_US}.1").after
    asked: dict[str, Callable[[], object]] = {
        "first page": lambda: _page(desk, Filters(), Order.CLOCK),
        "page in the middle": lambda: _page(desk, Filters(), Order.CLOCK, after=far),
        "page by unit": lambda: _page(desk, Filters(unit="unit-7"), Order.CLOCK),
        "page by service and district": lambda: _page(
            desk, Filters(service="service-3", district="district-4"), Order.CLOCK
        ),
        "page by a text that is nowhere": lambda: _page(desk, Filters(text="nowhere"), Order.CLOCK),
        "red page": lambda: _page(desk, Filters(light=Light.RED), Order.CLOCK),
        "lights": lambda: lights(desk, NOW_US),
        "counts": lambda: counts(desk),
        "updates of a service": lambda: updates(desk, ["service-3"], 0, NOW_US, 1000),
        "updates of a service that is nowhere": lambda: updates(desk, ["nowhere"], 0, NOW_US, 1000),
    }
    for name, work in asked.items():
        for _ in range(2):
            _told(name, work)
    _told("figures by unit", lambda: figures(desk, NOW_US * 2, By.UNIT))

    assert counts(desk).open == OPEN
