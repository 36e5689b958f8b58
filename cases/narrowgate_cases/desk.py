"""The desk: findings become cases, and what recovers is said to be mended.

A case follows the newest version of each of its findings. What the desk has seen already changes nothing,
so a batch may be split anywhere and handed in again after a crash. People's steps stand beside it: a finding
moves its case only when what it says of the world changes.
"""

import json
import sqlite3
from dataclasses import dataclass

import pyarrow as pa

from narrowgate_cases.causes import Cause, latest_of, teller_of
from narrowgate_cases.lifecycle import OPEN_STATES, State, Step
from narrowgate_cases.practice import DEFAULT_PRACTICE, OPENS_A_CASE, Practice
from narrowgate_cases.steps import Taken, standing_of, take
from narrowgate_cases.versions import Standing, Version, versions
from narrowgate_schema.words import Severity

_DEVICE, _RULES, _DESK = "device", "rules", "desk"
_RANK = {severity: rank for rank, severity in enumerate(Severity)}


@dataclass(frozen=True)
class CaseChanges:
    """How the queue changed: `opened` minus `closed` is the change of the number of open cases."""

    opened: int
    """Cases reported or reopened."""
    closed: int
    """Cases closed, merged into others, or found void."""

    def __add__(self, other: "CaseChanges") -> "CaseChanges":
        """Give both together."""
        return CaseChanges(self.opened + other.opened, self.closed + other.closed)


def apply(
    connection: sqlite3.Connection,
    findings: pa.RecordBatch,
    at_us: int,
    practice: Practice = DEFAULT_PRACTICE,
) -> CaseChanges:
    """Let the desk's cases follow versions of findings, in the order of the rows.

    A finding belongs to at most one case; one cause has at most one open case.

    Args:
        connection: the state database, in the caller's transaction.
        findings: (n,) rows of FINDINGS; n may be 0.
        at_us: the instant that the steps carry [us].
        practice: how the desk works.

    Raises:
        ValueError: the batch is not of the schema FINDINGS, or a row's state is none or its evidence no JSON.
    """
    desk = Following(connection, at_us, practice)
    for version in versions(findings):
        desk.follow(version)
    return desk.changes


class Following:
    """The desk at one instant, following findings."""

    def __init__(self, connection: sqlite3.Connection, at_us: int, practice: Practice) -> None:
        """Stand in the caller's transaction."""
        self._connection = connection
        self._at_us = at_us
        self._practice = practice
        self.changes = CaseChanges(0, 0)

    def follow(self, version: Version) -> None:
        """Take the steps that a version asks for."""
        row = self._connection.execute(
            "SELECT case_id, version, standing FROM case_findings WHERE finding = ?", (version.finding,)
        ).fetchone()
        if version.inhibited_by is not None:
            self._merge(version, version.inhibited_by)
        elif row is None:
            if OPENS_A_CASE[Severity(version.severity)]:
                self.enter(version)
        elif version.standing is Standing.RAISED and self._was_inhibited(row[0]):
            self._take(row[0], Step.REOPENED, version, _RULES, "group_over")
        elif version.version > row[1]:
            self._connection.execute(
                "UPDATE case_findings SET version = ?, standing = ? WHERE finding = ?",
                (version.version, version.standing, version.finding),
            )
            self._update(row[0], version)
            self._move(row[0], Standing(row[2]), version)

    def _merge(self, version: Version, group: str) -> None:
        """Let the case of a group tell of a finding's from here on."""
        own, whole = self._case_of(version.finding), self._case_of(group)
        if own is None or whole is None or own == whole:
            return
        both_open = {self._state(own), self._state(whole)} <= OPEN_STATES
        if not both_open or self._others(own, version, Standing.RAISED):
            return
        # No `into`: when the fault comes back after the group's end, it is a case of its own again.
        self._take(own, Step.MERGED, version, _RULES, "group")
        told = json.dumps({"case": self._number(own)})
        self._step(whole, Taken(Step.JOINED, _RULES, "merged", told))

    def _was_inhibited(self, case_id: int) -> bool:
        """Say whether a case was merged because a group's tells of it."""
        state, into = self._connection.execute(
            "SELECT state, merged_into FROM cases WHERE id = ?", (case_id,)
        ).fetchone()
        return State(state) is State.MERGED and into is None

    def _case_of(self, finding: str) -> int | None:
        row = self._connection.execute(
            "SELECT case_id FROM case_findings WHERE finding = ?", (finding,)
        ).fetchone()
        return None if row is None else int(row[0])

    def _number(self, case_id: int) -> str:
        (number,) = self._connection.execute("SELECT number FROM cases WHERE id = ?", (case_id,)).fetchone()
        return str(number)

    def enter(self, version: Version) -> None:
        """Find the case that a new episode belongs to, or open one."""
        known = latest_of(self._connection, version.cause)
        case_id = None if known is None else self._joined(known, version)
        is_new = case_id is None
        if case_id is None:
            case_id = self._open(version)
        self._connection.execute(
            "INSERT INTO case_findings VALUES (?, ?, ?, ?)",
            (version.finding, case_id, version.version, version.standing),
        )
        if not is_new:
            self._update(case_id, version)
        if version.standing is not Standing.RAISED:
            self._move(case_id, Standing.RAISED, version)

    def _joined(self, known: Cause, version: Version) -> int | None:
        """Give the case of the same cause that a new episode belongs to, told of it; None if to none."""
        relapse_us = self._practice.service(version.rule).relapse_us
        if relapse_us is None:
            return None
        if known.state in (State.CLOSED, State.RESOLVED, State.VERIFIED):
            ended_at = known.closed_at if known.closed_at is not None else self._at_us
            if self._at_us - ended_at > relapse_us:
                return None
            self._take(known.id, Step.REOPENED, version, _DEVICE, "relapsed")
        elif known.state in OPEN_STATES:
            self._take(known.id, Step.JOINED, version, _DEVICE, "same_cause")
        else:
            return None
        return known.id

    def _open(self, version: Version) -> int:
        place = self._practice.place(
            version.rule, version.device, version.names, version.raised_at, self._at_us
        )
        (case_id,) = self._connection.execute(
            "INSERT INTO cases (finding, version, service, severity, family, device, series, asset, members,"
            " state, raised_at, cleared_at, opened_at, evidence, cause, unit, cell, district, placed_by, lat,"
            " lon, street, road_class, tenant)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
            (
                version.finding, version.version, version.rule, version.severity, version.family,
                version.device, version.series, version.asset, version.members, State.REPORTED,
                version.raised_at, version.cleared_at, self._at_us, version.evidence, version.cause,
                place.unit, place.cell, place.district, place.placed_by, place.lat, place.lon, place.street,
                place.road_class, place.tenant,
            ),
        ).fetchone()  # fmt: skip
        limit = self._practice.limit(version.rule, version.severity)
        self._step(case_id, Taken(Step.REPORTED, _DEVICE, "raised", version.evidence, limit=limit))
        return int(case_id)

    def _update(self, case_id: int, version: Version) -> None:
        """Bring what the case tells up to date, and say what is new of its group and its severity."""
        severity, members, state = self._connection.execute(
            "SELECT severity, members, state FROM cases WHERE id = ?", (case_id,)
        ).fetchone()
        self._connection.execute(
            "UPDATE cases SET version = ?, severity = ?, asset = ?, members = ?, raised_at = ?,"
            " cleared_at = ?, evidence = ? WHERE id = ?",
            (
                version.version, version.severity, version.asset, version.members, version.raised_at,
                version.cleared_at, version.evidence, case_id,
            ),
        )  # fmt: skip
        if version.standing is not Standing.RAISED or State(state) not in OPEN_STATES:
            return
        if new := sorted(set(version.names) - set(json.loads(members))):
            told = json.dumps({"members": new}, ensure_ascii=False)
            self._step(case_id, Taken(Step.JOINED, _RULES, "members", told))
        if _RANK[Severity(version.severity)] > _RANK[Severity(severity)]:
            limit = self._practice.limit(version.rule, version.severity)
            told = json.dumps({"from": severity, "to": version.severity})
            self._step(case_id, Taken(Step.WORSENED, _RULES, "severity", told, limit=limit))

    def _move(self, case_id: int, was: Standing, version: Version) -> None:
        """Move a case to where a change of its finding says that it stands."""
        if version.standing is was:
            return
        case_id = teller_of(self._connection, case_id)
        state = self._state(case_id)
        if version.standing is Standing.RAISED:
            if state in (State.RESOLVED, State.VERIFIED, State.CLOSED) or self._is_retracted(state, was):
                self._take(case_id, Step.REOPENED, version, _DEVICE, "revised")
        elif self._others(case_id, version, Standing.RAISED):
            return
        elif version.standing is Standing.RETRACTED and not self._others(case_id, version, Standing.CLEARED):
            if state in OPEN_STATES or state is State.CLOSED:
                self._take(case_id, Step.VOID, version, _DEVICE, "retracted")
        elif self._is_retracted(state, was):
            self._take(case_id, Step.CLOSED, version, _DEVICE, "recovered")
        else:
            self._recover(case_id, version)

    @staticmethod
    def _is_retracted(state: State, was: Standing) -> bool:
        """Say whether a case is void because its finding took itself back: what people void stays void."""
        return state is State.VOID and was is Standing.RETRACTED

    def _others(self, case_id: int, version: Version, standing: Standing) -> bool:
        """Say whether another finding of the case, or of one that was merged into it, stands so."""
        found = self._connection.execute(
            "WITH RECURSIVE told (id) AS (SELECT ? UNION SELECT cases.id FROM told"
            " JOIN cases ON cases.merged_into = told.id AND cases.state = ?)"
            " SELECT 1 FROM case_findings WHERE case_id IN (SELECT id FROM told)"
            " AND standing = ? AND finding <> ? LIMIT 1",
            (case_id, State.MERGED, standing, version.finding),
        ).fetchone()
        return found is not None

    def _recover(self, case_id: int, version: Version) -> None:
        """Propose that a case is mended; where the service allows, the device has then seen it mended."""
        actor, reason = (_RULES, "superseded") if version.is_superseded else (_DEVICE, "recovered")
        steps = [Step.RESOLVED]
        if self._practice.service(version.rule).device_verifies:
            steps += [Step.VERIFIED, Step.CLOSED]
        done = {State.RESOLVED: 1, State.VERIFIED: 2}
        state = self._state(case_id)
        if state in OPEN_STATES:
            for step in steps[done.get(state, 0) :]:
                self._take(case_id, step, version, actor, reason)

    def _state(self, case_id: int) -> State:
        state = standing_of(self._connection, case_id).state
        return State.REPORTED if state is None else state

    def _take(self, case_id: int, step: Step, version: Version, actor: str, reason: str) -> None:
        self._step(case_id, Taken(step, actor, reason, version.evidence))

    def _step(self, case_id: int, taken: Taken) -> None:
        was, following = take(self._connection, case_id, taken, self._at_us, self._practice)
        was_open, is_open = was in OPEN_STATES, following in OPEN_STATES
        self.changes += CaseChanges(is_open and not was_open, was_open and not is_open)
