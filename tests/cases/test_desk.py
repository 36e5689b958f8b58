import sqlite3
from pathlib import Path

import pyarrow as pa
import pytest

from findings_rows import DAY_US, batch, cleared, raised, retracted
from narrowgate_cases import CaseChanges, Step, apply, case, counts, open_cases
from narrowgate_cases.practice import OPENS_A_CASE
from narrowgate_schema.words import Severity

MENDED = ["resolved", "verified", "closed"]
"""What a device that recovers does to its case."""


def _steps(connection: sqlite3.Connection, number: str = "C-000001") -> list[str]:
    found = case(connection, number)
    return [] if found is None else [step.step for step in found[1]]


def test_a_raised_finding_opens_a_case(connection: sqlite3.Connection) -> None:
    """A finding that is raised becomes a case with the rule's name as its service."""
    assert apply(connection, batch(raised()), 7) == CaseChanges(1, 0)
    [opened] = open_cases(connection, 10)

    assert (
        opened.number,
        opened.service,
        opened.raised_at_us,
        opened.opened_at_us,
    ) == ("C-000001", "lamp_out", DAY_US, 7)


def test_a_cleared_finding_closes_its_case(connection: sqlite3.Connection) -> None:
    """A recovery closes the case in the device's name and keeps the evidence."""
    apply(connection, batch(raised()), 7)
    assert apply(connection, batch(cleared(evidence='{"power_w": 80.0}')), 9) == CaseChanges(0, 1)
    found = case(connection, "C-000001")

    assert found is not None
    last = found[1][-1]
    assert (
        last.at_us, last.step, last.actor, last.reason, last.evidence,
    ) == (9, Step.CLOSED, "device", "recovered", '{"power_w": 80.0}')  # fmt: skip


def test_the_same_versions_again_change_nothing(connection: sqlite3.Connection) -> None:
    """What is handed in a second time, as after a crash, leaves the desk as it was."""
    rows = batch(raised(), cleared(), raised("f2"))
    apply(connection, rows, 7)
    before = list(connection.iterdump())

    assert apply(connection, rows, 8) == CaseChanges(0, 0)
    assert before == list(connection.iterdump())


def test_an_older_version_changes_nothing(connection: sqlite3.Connection) -> None:
    """A version below the newest that the case has seen is passed over."""
    apply(connection, batch(raised(), cleared(version=3)), 7)

    assert apply(connection, batch(raised(version=2)), 8) == CaseChanges(0, 0)
    assert _steps(connection) == ["reported", *MENDED]


def test_an_episode_seen_only_when_over_is_reported_and_closed(connection: sqlite3.Connection) -> None:
    """A finding whose first version is its end leaves a closed case, not a gap."""
    assert apply(connection, batch(cleared()), 7) == CaseChanges(1, 1)
    assert _steps(connection) == ["reported", *MENDED]


def test_a_retracted_finding_voids_its_case(connection: sqlite3.Connection) -> None:
    """An episode that turns out never to have happened ends as a void case."""
    assert apply(connection, batch(raised(), retracted()), 7) == CaseChanges(1, 1)
    assert _steps(connection) == ["reported", "void"]


def test_a_short_episode_is_not_void(connection: sqlite3.Connection) -> None:
    """An episode that ends in the instant it began is void only if the rule says so."""
    apply(connection, batch(raised(), cleared(cleared_at=DAY_US)), 7)

    assert _steps(connection) == ["reported", *MENDED]


def test_a_revision_reopens_the_same_case(connection: sqlite3.Connection) -> None:
    """A finding that is raised again by a later version reopens its case instead of opening another."""
    apply(connection, batch(raised(), cleared()), 7)

    assert apply(connection, batch(raised(version=3)), 8) == CaseChanges(1, 0)
    assert _steps(connection) == ["reported", *MENDED, "reopened"]
    assert open_cases(connection, 10)[0].closed_at_us is None


def test_an_end_that_moves_is_no_step(connection: sqlite3.Connection) -> None:
    """A newer version that only corrects the end updates the closed case without a step."""
    apply(connection, batch(raised(), cleared()), 7)
    assert apply(connection, batch(cleared(version=3, cleared_at=3 * DAY_US)), 8) == CaseChanges(0, 0)
    found = case(connection, "C-000001")

    assert found is not None
    assert (found[0].cleared_at_us, found[0].closed_at_us, len(found[1])) == (3 * DAY_US, 7, 4)


def test_severity_info_opens_no_case(connection: sqlite3.Connection) -> None:
    """A finding that matters to nobody yet sends nobody."""
    assert apply(connection, batch(raised(severity="info")), 7) == CaseChanges(0, 0)


@pytest.mark.parametrize("severity", list(Severity))
def test_every_severity_says_whether_it_opens_a_case(
    connection: sqlite3.Connection, severity: Severity
) -> None:
    """What is more than worth knowing opens one."""
    opened = apply(connection, batch(raised(severity=severity.value)), 7).opened

    assert (opened == 1) is OPENS_A_CASE[severity] is (severity is not Severity.INFO)


def test_severity_that_rises_opens_the_case(connection: sqlite3.Connection) -> None:
    """The version with which a finding begins to matter opens its case."""
    apply(connection, batch(raised(severity="info")), 7)

    assert apply(connection, batch(raised(version=2, severity="major")), 8) == CaseChanges(1, 0)


def test_no_findings_change_nothing(connection: sqlite3.Connection) -> None:
    """An empty batch is legal."""
    assert apply(connection, batch(), 7) == CaseChanges(0, 0)


def test_another_schema_is_refused(connection: sqlite3.Connection) -> None:
    """A batch that is no batch of findings is refused before anything is written."""
    with pytest.raises(ValueError, match="findings need the schema FINDINGS"):
        apply(connection, pa.RecordBatch.from_pydict({"finding": ["f1"]}), 7)


def test_a_state_outside_the_closed_set_is_refused(connection: sqlite3.Connection) -> None:
    """A state that does not exist is refused before anything of the batch is written."""
    with pytest.raises(ValueError, match="'open' is not a valid FindingState"):
        apply(connection, batch(raised(), raised("f2", state="open")), 7)
    assert counts(connection).open == 0


def test_the_callers_transaction_decides(connection: sqlite3.Connection) -> None:
    """A rolled-back transaction leaves no case, and the next case has the number it would have had."""
    connection.execute("BEGIN")
    apply(connection, batch(raised()), 7)
    connection.execute("ROLLBACK")
    apply(connection, batch(raised("f2")), 8)

    assert [(found.number, found.finding) for found in open_cases(connection, 10)] == [("C-000001", "f2")]


def test_a_second_reader_sees_whole_transactions(connection: sqlite3.Connection, state_path: Path) -> None:
    """A page that reads beside the core sees a case only once its transaction is committed."""
    reader = sqlite3.connect(f"file:{state_path}?mode=ro", uri=True)
    connection.execute("BEGIN IMMEDIATE")
    apply(connection, batch(raised()), 7)
    before = counts(reader).open
    connection.execute("COMMIT")
    after = counts(reader).open
    reader.close()

    assert (before, after) == (0, 1)


@pytest.mark.parametrize("change", ["UPDATE case_steps SET reason = 'none'", "DELETE FROM case_steps"])
def test_a_step_once_written_stays(connection: sqlite3.Connection, change: str) -> None:
    """The history of a case is append-only, whoever writes to the file."""
    apply(connection, batch(raised()), 7)

    with pytest.raises(sqlite3.IntegrityError, match="a step of a case is never"):
        connection.execute(change)
