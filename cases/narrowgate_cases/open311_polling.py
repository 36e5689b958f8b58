"""What became of our requests at a GeoReport server, as steps of our cases.

Rule 1: what the server says is a step only where the life cycle has one for it; else it is a remark.
Rule 2: a step and the note that it was taken are one transaction: nothing is taken twice.
"""

import json
import sqlite3
import unicodedata
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from narrowgate_cases.causes import teller_of
from narrowgate_cases.couriers import AttendFailed
from narrowgate_cases.http_exchange import ExchangeFailed
from narrowgate_cases.lifecycle import State, Step, steps_from
from narrowgate_cases.open311_answers import BadAnswer, Row
from narrowgate_cases.open311_client import Georeport, ServerRefused
from narrowgate_cases.open311_forms import is_ours
from narrowgate_cases.open311_links import (
    NEVER_S,
    Link,
    case_of_request,
    cursor_of,
    forget_seen,
    note_seen,
    set_cursor,
    set_link,
    to_poll,
)
from narrowgate_cases.open311_search import updates_since
from narrowgate_cases.outbox_tables import transaction
from narrowgate_cases.practice import Practice
from narrowgate_cases.steps import Taken, standing_of, take

TOGETHER = 50
"""Requests asked after in one question."""
_MOST_AT_ONCE = 1000
_MOST_ALONE = 50
_OVERLAP_S = 3600.0
"""Updates are asked for again for so long: servers store them late [s]."""
_REMEMBERED_S = 30 * 24 * 3600.0
_MOST_WORDS = 2000
_AFTERLIFE_US = 30 * 24 * 3600 * 1_000_000
"""How long a request is asked after that stays open there while its case is over."""

_MENDED = frozenset({"closed", "fixed"})
_NOT_THEIRS = frozenset(
    {"duplicate", "internal_referral", "no_further_action", "not_councils_responsibility", "unable_to_fix"}
)
_UNDER_WAY = frozenset({"action_scheduled", "in_progress", "investigating", "planned"})
_AGAIN = frozenset({"open", "reopen"})


def step_for(state: State, status: str, was: str) -> Step | None:
    """Give the step that a status of theirs is, from where a case stands; None if it is none.

    Args:
        state: of our case.
        status: open or closed, or one of FixMyStreet's further states.
        was: the status before; '' where it was never asked.
    """
    wanted: Sequence[Step] = ()
    if status in _MENDED:
        wanted = (Step.RESOLVED,)
    elif status in _NOT_THEIRS:
        wanted = (Step.RETURNED,)
    elif status in _UNDER_WAY:
        wanted = (Step.STARTED, Step.ACCEPTED)
    elif status in _AGAIN and (was in _MENDED | _NOT_THEIRS or status == "reopen"):
        wanted = (Step.REWORKED, Step.REOPENED)
    possible = steps_from(state)
    return next((step for step in wanted if step in possible), None)


class Polling:
    """Asks one server."""

    def __init__(
        self,
        endpoint: str,
        server: Georeport,
        practice: Practice,
        now_us: Callable[[], int],
        *,
        every_s: float,
        has_updates: bool,
    ) -> None:
        """Stand ready.

        Args:
            endpoint: its name, which the history calls it.
            server: whom to ask.
            practice: how the desk works.
            now_us: the desk's clock [us].
            every_s: how often [s].
            has_updates: whether it has `servicerequestupdates`.
        """
        self._endpoint = endpoint
        self._server = server
        self._practice = practice
        self._now_us = now_us
        self._every_s = every_s
        self._has_updates = has_updates

    def __call__(self, connection: sqlite3.Connection, now_s: float) -> float:
        """Ask once what is due; give after how long to ask again [s].

        Raises:
            AttendFailed: the server cannot be asked.
        """
        try:
            if self._has_updates:
                self._read_updates(connection, now_s)
            self._read_statuses(connection, now_s)
        except (ExchangeFailed, ServerRefused, BadAnswer) as failed:
            raise AttendFailed(f"{self._server.name}: {failed}") from None
        return self._every_s

    def _read_statuses(self, connection: sqlite3.Connection, now_s: float) -> None:
        due = to_poll(connection, self._endpoint, now_s - self._every_s / 2, _MOST_AT_ONCE)
        alone = 0
        for begin in range(0, len(due), TOGETHER):
            links = due[begin : begin + TOGETHER]
            ids = ",".join(link.request_id for link in links)
            rows = {str(row.get("service_request_id")): row for row in self._server.get("requests", _by(ids))}
            for link in links:
                row = rows.get(link.request_id)
                if row is None and alone < _MOST_ALONE:
                    alone += 1
                    row = self._server.request(link.request_id)
                self._note_status(connection, link, row or {}, now_s)

    def _note_status(self, connection: sqlite3.Connection, link: Link, row: Row, now_s: float) -> None:
        """Take the step that a status is, and remember it."""
        status = _status(row) or link.status
        notes = clean_words(str(row.get("status_notes") or "")) or link.notes
        with transaction(connection):
            if status != link.status or (notes != link.notes and not self._has_updates):
                evidence = {"request": link.request_id, "status": status, "at": row.get("updated_datetime")}
                self._take(connection, link.case_id, (status, link.status), notes, evidence)
            polled_at_s = NEVER_S if self._is_done(connection, link.case_id, status) else now_s
            set_link(
                connection, self._endpoint, link.case_id, status=status, notes=notes, polled_at_s=polled_at_s
            )

    def _is_done(self, connection: sqlite3.Connection, case_id: int, status: str) -> bool:
        """Say whether nothing is expected any more: it is over here, and there, or here for long."""
        (closed_at,) = connection.execute("SELECT closed_at FROM cases WHERE id = ?", (case_id,)).fetchone()
        if closed_at is None:
            return False
        return status in _MENDED | _NOT_THEIRS or closed_at < self._now_us() - _AFTERLIFE_US

    def _read_updates(self, connection: sqlite3.Connection, now_s: float) -> None:
        known_s = cursor_of(connection, self._endpoint)
        since_s = now_s - _OVERLAP_S if known_s is None else known_s - _OVERLAP_S
        rows = updates_since(self._server, since_s, now_s + _OVERLAP_S)
        for row in sorted(rows, key=_when_s):
            self._note_update(connection, row, now_s)
        with transaction(connection):
            set_cursor(connection, self._endpoint, now_s)
            forget_seen(connection, self._endpoint, now_s - _REMEMBERED_S)

    def _note_update(self, connection: sqlite3.Connection, row: Row, now_s: float) -> None:
        """Take the step that an update is, once; our own that come back are none."""
        update_id, request_id = str(row.get("update_id") or ""), str(row.get("service_request_id") or "")
        case_id = case_of_request(connection, self._endpoint, request_id) if request_id else None
        words = str(row.get("description") or "")
        if case_id is None or not update_id:
            return
        with transaction(connection):
            if not note_seen(connection, self._endpoint, update_id, now_s) or is_ours(words):
                return
            status = _status(row)
            evidence = {"request": request_id, "update": update_id, "status": status,
                        "at": row.get("updated_datetime")}  # fmt: skip
            (was,) = connection.execute(
                "SELECT status FROM open311_requests WHERE endpoint = ? AND case_id = ?",
                (self._endpoint, case_id),
            ).fetchone()
            self._take(connection, case_id, (status, was), clean_words(words), evidence)
            set_link(connection, self._endpoint, case_id, status=status or was)

    def _take(
        self,
        connection: sqlite3.Connection,
        case_id: int,
        told: tuple[str, str],
        words: str,
        evidence: dict[str, object],
    ) -> None:
        """Take a step on the case that tells of it, or leave a remark where there is something to say."""
        status, was = told
        case_id = teller_of(connection, case_id)
        state = standing_of(connection, case_id).state
        if state is None:
            return
        step = step_for(state, status, was)
        if step is None and not words:
            return
        reason = words or f"{status} there"
        taken = Taken(
            step or Step.COMMENTED,
            self._endpoint,
            reason,
            json.dumps({"outside": evidence}, ensure_ascii=False),
        )
        take(connection, case_id, taken, self._now_us(), self._practice)


def clean_words(text: str) -> str:
    """Give somebody else's words as a text that may be stored and shown."""
    composed = unicodedata.normalize("NFC", text)
    kept = [letter for letter in composed if letter in "\n\t" or unicodedata.category(letter)[0] != "C"]
    return "".join(kept).strip()[:_MOST_WORDS]


def _by(ids: str) -> dict[str, str]:
    return {"service_request_id": ids}


def _status(row: Row) -> str:
    return str(row.get("status") or "").strip().lower().replace(" ", "_")[:64]


def _when_s(row: Row) -> float:
    """Give when an update was made [s]; 0 where it does not say so."""
    try:
        at = datetime.fromisoformat(str(row.get("updated_datetime") or ""))
    except ValueError:
        return 0.0
    return (at if at.tzinfo is not None else at.replace(tzinfo=UTC)).timestamp()
