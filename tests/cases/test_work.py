import sqlite3
from typing import Any

import pytest

from findings_rows import batch, cleared, raised
from narrowgate_cases import DEFAULT_PRACTICE, State, Step, apply, case
from narrowgate_cases.clocks import Light, Limit
from narrowgate_cases.practice import HOUR_US, Practice, Service
from narrowgate_cases.queries import moves, number_of
from narrowgate_cases.queue import Filters, queue
from narrowgate_cases.work import Asked, NoSuchCase, StepRefused, possible_steps, take_step
from narrowgate_rules import OVERSTAY, Engine
from narrowgate_schema.words import Family, Severity
from rules_rows import MINUTE_US, MONDAY_US, NOWHERE, Row, Tick, readings, ticks

PERSON_LOOKS = Practice(otherwise=Service(device_verifies=False))
"""A desk at which somebody looks before a case is closed."""


def _take(connection: sqlite3.Connection, *asked: Asked, at_us: int = 20, number: str = "C-000001") -> State:
    """Take steps one after the other; give where the case stands."""
    return [take_step(connection, number, each, "user:ann", at_us, DEFAULT_PRACTICE) for each in asked][-1]


def _steps(connection: sqlite3.Connection, number: str = "C-000001") -> list[str]:
    found = case(connection, number)
    return [] if found is None else [step.step for step in found[1]]


def test_a_duty_officer_takes_a_case_from_report_to_end(connection: sqlite3.Connection) -> None:
    """Each step of a person is kept with who took it, when and why."""
    apply(connection, batch(raised()), 7)
    way = [Asked(Step.ACCEPTED), Asked(Step.DISPATCHED, unit="二队"), Asked(Step.STARTED)]
    end = [Asked(Step.RESOLVED, "lamp changed"), Asked(Step.VERIFIED), Asked(Step.CLOSED)]
    assert _take(connection, *way, *end) is State.CLOSED
    found = case(connection, "C-000001")

    assert found is not None
    mended = found[1][4]
    assert (mended.at_us, mended.actor, mended.reason) == (20, "user:ann", "lamp changed")
    assert found[0].closed_at_us == 20


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (Asked(Step.VERIFIED), "C-000001 is reported and cannot be verified; possible: accepted, deferred"),
        (Asked(Step.ESCALATED), "cannot be escalated"),
        (Asked(Step.VOID), "void needs a reason"),
        (Asked(Step.COMMENTED, " \n "), "commented needs a reason"),
        (Asked(Step.ACCEPTED, "x" * 2001), "a reason has at most 2000 letters"),
        (Asked(Step.ACCEPTED, "a\x00b"), "holds U\\+0000"),
        (Asked(Step.ACCEPTED, "a\ud800b"), "holds U\\+D800"),
        (Asked(Step.ACCEPTED, unit="二队"), "accepted names no unit"),
        (Asked(Step.MERGED, into="C-000009"), "the number of another case"),
        (Asked(Step.MERGED, into="C-000001"), "the number of another case"),
    ],
)
def test_a_step_that_cannot_be_is_refused_whole(
    connection: sqlite3.Connection, asked: Asked, words: str
) -> None:
    """A refused step says why in one line and stores nothing."""
    apply(connection, batch(raised()), 7)
    before = list(connection.iterdump())
    refusal = words.replace("possible: accepted, deferred", "possible: accepted, resolved")
    with pytest.raises(StepRefused, match=refusal):
        _take(connection, asked)

    assert list(connection.iterdump()) == before


def test_who_has_not_seen_the_latest_decides_nothing(connection: sqlite3.Connection) -> None:
    """Two people at one case: the second is told what the first did, and stores nothing."""
    apply(connection, batch(raised()), 7)
    take_step(connection, "C-000001", Asked(Step.ACCEPTED, seen=1), "user:ann", 20, DEFAULT_PRACTICE)
    before = list(connection.iterdump())
    with pytest.raises(StepRefused, match="C-000001 has moved on since you looked: accepted by user:ann"):
        _take(connection, Asked(Step.RESOLVED, seen=1))

    assert list(connection.iterdump()) == before


def test_a_remark_of_somebody_else_holds_no_decision_up(connection: sqlite3.Connection) -> None:
    """What decides nothing is no move: who saw the case before it has seen it as it stands."""
    apply(connection, batch(raised()), 7)
    _take(connection, Asked(Step.COMMENTED, "on my way"))
    found = case(connection, "C-000001")

    assert found is not None
    assert moves(found[1]) == 1
    assert _take(connection, Asked(Step.ACCEPTED, seen=1)) is State.ACCEPTED


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("42", "C-000042"),
        ("c-42", "C-000042"),
        (" C-000042 ", "C-000042"),
        ("C-1234567", "C-1234567"),
        ("C-", "C-"),
        ("42 OR 1=1", "42 OR 1=1"),
        ("٤٢", "٤٢"),
        ("", ""),
    ],
)
def test_a_number_is_known_as_people_type_it(typed: str, number: str) -> None:
    """Zeros, case and the letter in front are the desk's; what is no number stays what it is."""
    assert number_of(typed) == number


def test_a_case_that_is_not_there_is_said_so(connection: sqlite3.Connection) -> None:
    """A number that was never given out finds nothing to take a step on."""
    with pytest.raises(NoSuchCase, match="there is no case"):
        _take(connection, Asked(Step.ACCEPTED), number="C-1' OR 1=1")


@pytest.mark.parametrize("by_h", [None, 0, -1, float("nan"), float("inf"), 1e9])
def test_an_extension_needs_hours_that_can_be(connection: sqlite3.Connection, by_h: float | None) -> None:
    """More time is more than none, and is not for ever."""
    apply(connection, batch(raised()), 7)
    _take(connection, Asked(Step.ACCEPTED))

    with pytest.raises(StepRefused, match="extended needs the hours to add"):
        _take(connection, Asked(Step.EXTENDED, "no parts", by_h=by_h))


def test_nobody_is_sent_who_is_not_named(connection: sqlite3.Connection) -> None:
    """Where routing knows nobody, who dispatches a case names a unit."""
    apply(connection, batch(raised()), 7)
    _take(connection, Asked(Step.ACCEPTED))

    with pytest.raises(StepRefused, match="name a unit"):
        _take(connection, Asked(Step.DISPATCHED))


def test_only_a_suspended_case_has_a_clock_that_stands(connection: sqlite3.Connection) -> None:
    """What is gone of the limit stays gone while a case is deferred, and goes on when it is resumed."""
    apply(connection, batch(raised()), 0)
    _take(connection, Asked(Step.ACCEPTED), Asked(Step.DEFERRED, "岁修"), at_us=10 * HOUR_US)
    _take(connection, Asked(Step.RESUMED), at_us=100 * HOUR_US)
    row = connection.execute("SELECT spent_us, running_since, due_at FROM cases").fetchone()

    assert row == (10 * HOUR_US, 100 * HOUR_US, 138 * HOUR_US)


_MONDAY_US = 4 * 24 * HOUR_US
"""1970-01-05T00:00Z."""
_OFFICE_DAY = Practice(limits={Severity.MINOR: Limit(int(7.5 * HOUR_US), is_working=True)})
"""Due within the hours of one day."""


@pytest.mark.parametrize("hour", [3, 17, 18, 20, 40])
@pytest.mark.parametrize("is_deferred", [False, True])
def test_a_filter_by_light_finds_what_shows_it(
    connection: sqlite3.Connection, hour: int, is_deferred: bool
) -> None:
    """A case is found under the light that it shows, after hours and while its clock stands too."""
    apply(connection, batch(raised()), _MONDAY_US + 3 * HOUR_US, _OFFICE_DAY)
    if is_deferred:
        _take(connection, Asked(Step.ACCEPTED), Asked(Step.DEFERRED, "岁修"))
    now_us = _MONDAY_US + hour * HOUR_US
    found = [
        (light, case.light(now_us, _OFFICE_DAY.calendar))
        for light in Light
        for case in queue(connection, Filters(light=light), now_us=now_us).cases
    ]

    assert [light is shown for light, shown in found] == [True]


def test_an_extension_moves_the_limit(connection: sqlite3.Connection) -> None:
    """The hours that are added are added to what the case may take."""
    apply(connection, batch(raised()), 0)
    _take(connection, Asked(Step.ACCEPTED), Asked(Step.EXTENDED, "no parts", by_h=12))
    (due_at,) = connection.execute("SELECT due_at FROM cases").fetchone()

    assert due_at == 60 * HOUR_US


def test_a_merged_case_is_told_by_the_other(connection: sqlite3.Connection) -> None:
    """A case that is merged leaves the queue, and the other's history says so."""
    apply(connection, batch(raised("f1"), raised("f2")), 7)
    assert _take(connection, Asked(Step.MERGED, into="C-000002")) is State.MERGED

    assert (_steps(connection), _steps(connection, "C-000002")) == (
        ["reported", "merged"], ["reported", "joined"],
    )  # fmt: skip


@pytest.mark.parametrize("first", ["f1", "f2"])
def test_a_case_goes_on_while_what_was_merged_into_it_stands(
    connection: sqlite3.Connection, first: str
) -> None:
    """Two cases that people made one are mended when both devices are, whichever is first."""
    [last] = {"f1", "f2"} - {first}
    apply(connection, batch(raised("f1"), raised("f2")), 7)
    _take(connection, Asked(Step.MERGED, into="C-000002"))
    apply(connection, batch(cleared(first)), 30)
    before = _steps(connection, "C-000002")[-1]
    apply(connection, batch(cleared(last)), 40)

    assert (before, _steps(connection, "C-000002")[-1]) == ("joined", "closed")


def test_what_was_merged_reopens_the_case_that_tells_of_it(connection: sqlite3.Connection) -> None:
    """A finding that stands after all brings back the case that it was merged into."""
    apply(connection, batch(raised("f1"), raised("f2")), 7)
    _take(connection, Asked(Step.MERGED, into="C-000002"))
    apply(connection, batch(cleared("f1"), cleared("f2"), raised("f1", 3)), 30)

    assert (_steps(connection)[-1], _steps(connection, "C-000002")[-1]) == ("merged", "reopened")


def test_a_case_that_is_told_by_itself_again_is_merged_no_more(connection: sqlite3.Connection) -> None:
    """A merged case that is reopened belongs to no other, whatever becomes of it later."""
    apply(connection, batch(raised("f1"), raised("f2")), 7)
    _take(connection, Asked(Step.MERGED, into="C-000002"), Asked(Step.REOPENED, "two lamps"))

    assert connection.execute("SELECT merged_into FROM cases WHERE id = 1").fetchone() == (None,)


def test_what_people_void_stays_void(connection: sqlite3.Connection) -> None:
    """A finding that goes on, or ends, does not bring back what a person found void."""
    apply(connection, batch(raised()), 7)
    _take(connection, Asked(Step.VOID, "works on the mains"))
    apply(connection, batch(raised(version=2), cleared(version=3)), 30)

    assert _steps(connection) == ["reported", "void"]


def test_a_finding_that_goes_on_leaves_peoples_steps_alone(connection: sqlite3.Connection) -> None:
    """A version that says nothing new of the world moves no case that is being mended."""
    apply(connection, batch(raised()), 7)
    _take(connection, Asked(Step.ACCEPTED), Asked(Step.DISPATCHED, unit="A"), Asked(Step.STARTED))
    apply(connection, batch(raised(version=2)), 30)

    assert _steps(connection)[-1] == "started"


def test_a_recovery_only_proposes_where_somebody_looks_first(connection: sqlite3.Connection) -> None:
    """Where the service does not let the device verify, a case it says is mended waits for a person."""
    apply(connection, batch(raised(), cleared(evidence='{"power_w": 80.0}')), 7, PERSON_LOOKS)
    found = case(connection, "C-000001")

    assert found is not None
    assert (found[0].state, found[1][-1].evidence) == (State.RESOLVED, '{"power_w": 80.0}')


def test_what_comes_back_has_the_limit_of_its_service(connection: sqlite3.Connection) -> None:
    """An extension was agreed for what was done then: a relapse begins with the limit that any case has."""
    apply(connection, batch(raised()), 0)
    _take(connection, Asked(Step.ACCEPTED), Asked(Step.EXTENDED, "parts", by_h=100), at_us=1)
    apply(connection, batch(cleared()), 2)
    apply(connection, batch(raised("f2", device="lamp-1", asset="column-1")), 3)
    found = case(connection, "C-000001")

    assert found is not None
    assert (found[0].limit_us, found[0].due_at_us) == (48 * HOUR_US, 3 + 48 * HOUR_US)


def test_a_relapse_reopens_the_same_case(connection: sqlite3.Connection) -> None:
    """A new episode of the same rule at the same asset within a day goes on with the case that was closed."""
    apply(connection, batch(raised(), cleared()), 7)
    apply(connection, batch(raised("f9", device="lamp-7", asset="column-1")), 23 * HOUR_US)

    assert _steps(connection) == ["reported", "resolved", "verified", "closed", "reopened"]


def test_a_later_episode_is_a_case_of_its_own(connection: sqlite3.Connection) -> None:
    """An episode that begins long after the last one ended is another case."""
    apply(connection, batch(raised(), cleared()), 7)
    apply(connection, batch(raised("f9", device="lamp-1", asset="column-1")), 7 + 24 * HOUR_US + 1)

    assert _steps(connection, "C-000002") == ["reported"]


def test_each_overstay_is_a_case_of_its_own(connection: sqlite3.Connection) -> None:
    """Two cars that stay too long at one bay are two cases, however near."""
    stay: dict[str, Any] = {"rule": "overstay", "device": "bay-1", "asset": "B1"}
    apply(connection, batch(raised(**stay), cleared(**stay), raised("f2", **stay)), 7)

    assert (_steps(connection)[-1], _steps(connection, "C-000002")) == ("closed", ["reported"])


def test_members_join_and_severity_rises(connection: sqlite3.Connection) -> None:
    """A group's case tells who came to it, and takes the limit of what it has become."""
    group: dict[str, Any] = {"rule": "supply_loss", "device": "feeder-4", "asset": None}
    apply(connection, batch(raised(members=["a"], **group)), 0)
    apply(connection, batch(raised(version=2, members=["a", "b"], severity="safety", **group)), 1)
    found = case(connection, "C-000001")

    assert found is not None
    assert [(step.step, step.evidence) for step in found[1][1:]] == [
        ("joined", '{"members": ["b"]}'),
        ("worsened", '{"from": "minor", "to": "safety"}'),
    ]
    assert connection.execute("SELECT due_at FROM cases").fetchone() == (2 * HOUR_US,)


def test_an_overstay_of_twice_the_limit_rises_in_its_case(connection: sqlite3.Connection) -> None:
    """The case of a car that stays on becomes major by itself, and stays one case."""
    engine = Engine([OVERSTAY], {"overstay": {"default_limit_s": 3600.0}})
    rows = readings(Family.PARKING, [Row(0, "b", MONDAY_US, {"occupied": True})])
    later = [Tick(n, MONDAY_US + n * HOUR_US + MINUTE_US) for n in (1, 2, 3)]
    apply(connection, engine.judge({Family.PARKING: rows}, ticks(later), NOWHERE).causes, 7)

    assert _steps(connection) == ["reported", "worsened"]
    assert connection.execute("SELECT number, severity FROM cases").fetchall() == [("C-000001", "major")]


def test_a_case_goes_on_while_one_of_its_findings_stands(connection: sqlite3.Connection) -> None:
    """Two devices of one asset that say the same are one case, mended when both are."""
    apply(connection, batch(raised(), raised("f2", asset="column-1"), cleared()), 7)
    before = _steps(connection)[-1]
    apply(connection, batch(cleared("f2", asset="column-1")), 8)

    assert (before, _steps(connection)[-1]) == ("joined", "closed")


def test_a_person_is_offered_only_what_can_be_done() -> None:
    """What a queue offers for a case are steps that the table holds and a person may take."""
    assert possible_steps(State.VERIFIED) == ["reworked", "closed", "void", "reopened", "merged", "commented"]
