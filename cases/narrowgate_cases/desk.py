"""The desk: findings become cases, and what recovers closes them.

A case follows the newest version of its finding that it has seen. What it has seen already changes nothing,
so a batch may be split anywhere and handed in again after a crash.
"""

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, fields

import pyarrow as pa

from narrowgate_cases.lifecycle import OPEN_STATES, State, Step, advance
from narrowgate_schema.tables import FINDINGS
from narrowgate_schema.words import FindingState, Severity

OPENS_A_CASE = {Severity.INFO: False, Severity.MINOR: True, Severity.MAJOR: True, Severity.SAFETY: True}
"""Whether a finding sends somebody, by its severity; one that comes to do so opens its case then."""
_DEVICE = "device"


@dataclass(frozen=True)
class CaseChanges:
    """How the queue changed: `opened` minus `closed` is the change of the number of open cases."""

    opened: int
    """Cases reported or reopened."""
    closed: int
    """Cases closed or found void."""


@dataclass(frozen=True)
class _Version:
    """One row of FINDINGS as the desk needs it; times in [us]."""

    finding: str
    version: int
    rule: str
    severity: str
    family: str
    device: str
    series: str
    asset: str | None
    members: str
    state: FindingState
    raised_at: int
    cleared_at: int | None
    evidence: str

    @property
    def is_retracted(self) -> bool:
        """Whether the rule says that the episode never happened."""
        if self.cleared_at != self.raised_at:
            return False
        evidence = json.loads(self.evidence)
        return isinstance(evidence, dict) and evidence.get("retracted") is True

    @property
    def is_superseded(self) -> bool:
        """Whether no rule follows the episode any more."""
        evidence = json.loads(self.evidence)
        return isinstance(evidence, dict) and evidence.get("superseded") is True

    @property
    def step(self) -> Step:
        """The step that brings an existing case to where this version says that it stands."""
        if self.state is FindingState.RAISED:
            return Step.REOPENED
        return Step.VOID if self.is_retracted else Step.CLOSED


_ARRIVES_AT = {Step.REOPENED: State.REPORTED, Step.CLOSED: State.CLOSED, Step.VOID: State.VOID}
_REASONS = {
    Step.REPORTED: "raised",
    Step.REOPENED: "revised",
    Step.CLOSED: "recovered",
    Step.VOID: "retracted",
}
_RULES = "rules"


def _by(step: Step, version: _Version) -> tuple[str, str]:
    """Give who takes a step, and why: a device recovers, and the rules may be others than they were."""
    if step is Step.CLOSED and version.is_superseded:
        return _RULES, "superseded"
    return _DEVICE, _REASONS[step]


def apply(connection: sqlite3.Connection, findings: pa.RecordBatch, at_us: int) -> CaseChanges:
    """Open, close, void and reopen cases for versions of findings, in the order of the rows.

    A finding has at most one case; OPENS_A_CASE says which severities open one.

    Args:
        connection: the state database, in the caller's transaction.
        findings: (n,) rows of FINDINGS; n may be 0.
        at_us: the instant that the steps carry [us].

    Raises:
        ValueError: the batch is not of the schema FINDINGS, or a row's state is none or its evidence no JSON.
    """
    opened = closed = 0
    for version in _versions(findings):
        for was_open, is_open in _follow(connection, version, at_us):
            opened += is_open and not was_open
            closed += was_open and not is_open
    return CaseChanges(opened, closed)


def _versions(findings: pa.RecordBatch) -> Iterator[_Version]:
    if not findings.schema.equals(FINDINGS):
        raise ValueError(f"findings need the schema FINDINGS, got the columns {findings.schema.names}")
    columns = findings.to_pydict()
    for name in ("raised_at", "cleared_at"):
        columns[name] = findings.column(name).cast(pa.int64()).to_pylist()
    columns["members"] = [json.dumps(members, ensure_ascii=False) for members in columns["members"]]
    columns["state"] = [FindingState(state) for state in columns["state"]]
    names = [field.name for field in fields(_Version)]
    return (_Version(*row) for row in zip(*(columns[name] for name in names), strict=True))


def _follow(connection: sqlite3.Connection, version: _Version, at_us: int) -> Iterator[tuple[bool, bool]]:
    """Take the steps that a version asks for; give for each whether the case was and is open."""
    row = connection.execute(
        "SELECT id, version, state FROM cases WHERE finding = ?", (version.finding,)
    ).fetchone()
    if row is None:
        if not OPENS_A_CASE[Severity(version.severity)]:
            return
        case_id, state, steps = _insert(connection, version, at_us), None, [Step.REPORTED]
    elif version.version > row[1]:
        case_id, state, steps = row[0], State(row[2]), []
        _update(connection, case_id, version)
    else:
        return
    stands_at = State.REPORTED if state is None else state
    if _ARRIVES_AT[version.step] is not stands_at:
        steps.append(version.step)
    for step in steps:
        following = _take(connection, case_id, state, step, version, at_us)
        yield state in OPEN_STATES, following in OPEN_STATES
        state = following


def _insert(connection: sqlite3.Connection, version: _Version, at_us: int) -> int:
    (case_id,) = connection.execute(
        "INSERT INTO cases (finding, version, service, severity, family, device, series, asset, members,"
        " state, raised_at, cleared_at, opened_at, evidence)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
        (
            version.finding, version.version, version.rule, version.severity, version.family, version.device,
            version.series, version.asset, version.members, State.REPORTED, version.raised_at,
            version.cleared_at, at_us, version.evidence,
        ),
    ).fetchone()  # fmt: skip
    return int(case_id)


def _update(connection: sqlite3.Connection, case_id: int, version: _Version) -> None:
    connection.execute(
        "UPDATE cases SET version = ?, severity = ?, asset = ?, members = ?, raised_at = ?, cleared_at = ?,"
        " evidence = ? WHERE id = ?",
        (
            version.version, version.severity, version.asset, version.members, version.raised_at,
            version.cleared_at, version.evidence, case_id,
        ),
    )  # fmt: skip


def _take(
    connection: sqlite3.Connection,
    case_id: int,
    state: State | None,
    step: Step,
    version: _Version,
    at_us: int,
) -> State:
    following = advance(state, step)
    connection.execute(
        "UPDATE cases SET state = ?, closed_at = ? WHERE id = ?",
        (following, None if following in OPEN_STATES else at_us, case_id),
    )
    connection.execute(
        "INSERT INTO case_steps (case_id, at_us, step, actor, reason, evidence) VALUES (?, ?, ?, ?, ?, ?)",
        (case_id, at_us, step, *_by(step, version), version.evidence),
    )
    return following
