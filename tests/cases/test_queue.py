import sqlite3

from findings_rows import batch, raised
from narrowgate_cases import DEFAULT_PRACTICE, Step, apply, install
from narrowgate_cases.practice import HOUR_US
from narrowgate_cases.queue import Filters, queue
from narrowgate_cases.work import Asked, take_step


def _order(connection: sqlite3.Connection, now_us: int) -> list[str]:
    """Walk the queue by its clock, a case a page."""
    numbers, after = [], None
    while True:
        page = queue(connection, Filters(), now_us=now_us, limit=1, after=after)
        numbers += [case.number for case in page.cases]
        after = page.after
        if after is None:
            return numbers


def test_what_waits_by_agreement_stands_behind_what_is_overdue(connection: sqlite3.Connection) -> None:
    """A deferred case has no time that could be up: it comes after all whose clock runs, until resumed."""
    for n in range(3):
        apply(connection, batch(raised(f"f{n}", device=f"lamp-{n}", asset=f"pole-{n}")), n)

    def step(asked: Step, reason: str = "") -> None:
        take_step(connection, "C-000001", Asked(asked, reason), "user:ann", HOUR_US, DEFAULT_PRACTICE)

    before = _order(connection, 999 * HOUR_US)
    step(Step.ACCEPTED)
    step(Step.DEFERRED, "the road is closed")
    deferred = _order(connection, 999 * HOUR_US)
    step(Step.RESUMED)

    assert before == ["C-000001", "C-000002", "C-000003"]
    assert deferred == ["C-000002", "C-000003", "C-000001"]
    assert _order(connection, 999 * HOUR_US) == before


def test_an_order_of_an_older_release_is_made_anew(connection: sqlite3.Connection) -> None:
    """Indexes that an older release left give way to those that the queue walks now."""
    connection.execute("CREATE INDEX open_cases_by_clock ON cases (due_at) WHERE closed_at IS NULL")
    install(connection)
    names = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'index'")}

    assert "open_cases_by_clock" not in names
    assert {"open_cases_by_running_clock", "open_cases_by_unit_and_clock"} <= names
