"""Brings cases to a GeoReport v2 server: one request for a case, whatever dies and whatever the server does.

Rule 1: before a request is posted, it is noted that it may be.
Rule 2: what may have been posted is asked after before it is posted again, where the server can be asked.
Rule 3: what the server has is never posted again.
"""

import json
import re
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from narrowgate_cases.couriers import DELIVERED, Answer, Outcome
from narrowgate_cases.http_exchange import ExchangeFailed
from narrowgate_cases.lifecycle import Step
from narrowgate_cases.open311_answers import BadAnswer
from narrowgate_cases.open311_client import Georeport, ServerRefused
from narrowgate_cases.open311_forms import Form, mark_of
from narrowgate_cases.open311_links import (
    Link,
    Stage,
    install_links,
    link_of,
    note_posting,
    note_refusal,
)
from narrowgate_cases.open311_search import find_request
from narrowgate_cases.open311_turn import FormRefused, Manners, Turn
from narrowgate_cases.open311_updates import tell_step
from narrowgate_cases.outbox import Letter

TRIES_OF_A_400 = 5
"""A 400 may be a fault of the server's that goes away, or of the letter, which does not."""
_TOKEN_PAUSE_S = 30.0
_LONGEST_TOKEN_PAUSE_S = 900.0
_NUMBER = re.compile(r"[\w-]*\d[\w-]*")


class Open311Courier:
    """Posts cases to one server and tells it of their steps."""

    def __init__(
        self,
        endpoint: str,
        server: Georeport,
        form: Form,
        manners: Manners,
        *,
        began_s: float,
        poll: Callable[[sqlite3.Connection, float], float],
    ) -> None:
        """Stand ready; nothing is opened.

        Args:
            endpoint: its name in the outbox.
            server: whom to post to.
            form: what a letter says there.
            manners: how it is dealt with.
            began_s: when this process began [s]: what is older may have been posted by one before it.
            poll: asks what became of requests, and says when to be called again.
        """
        self._endpoint = endpoint
        self._server = server
        self._form = form
        self._manners = manners
        self._began_s = began_s
        self._poll = poll
        self._has_tables = False

    @property
    def name(self) -> str:
        """Give the server's host and port."""
        return self._server.name

    def attend(self, connection: sqlite3.Connection, now_s: float) -> float:
        """Ask what became of requests; give after how long to ask again [s]."""
        if not self._has_tables:
            install_links(connection)
            self._has_tables = True
        return self._poll(connection, now_s)

    def deliver(self, connection: sqlite3.Connection, letter: Letter, now_s: float) -> Answer:
        """Post a case, or tell of its step."""
        said: dict[str, Any] = json.loads(letter.body)
        link = link_of(connection, self._endpoint, letter.case_id)
        turn = Turn(connection, self._endpoint, letter, said, now_s, link, self._began_s)
        try:
            return self._brought(turn)
        except ExchangeFailed as failed:
            return Answer(Outcome.FAILED, str(failed))
        except BadAnswer as bad:
            return Answer(Outcome.FAILED, f"cannot be understood: {bad}")
        except ServerRefused as refused:
            return Answer(Outcome.FAILED, str(refused), refused.retry_after_s)
        except FormRefused as form:
            return self._given_back(turn, form.refused)

    def _given_back(self, turn: Turn, refused: ServerRefused) -> Answer:
        """Have a letter tried again, or give it up when the server said 400 to its form often enough."""
        tries = note_refusal(turn.connection, self._endpoint, turn.letter.case_id, turn.letter.step)
        outcome = Outcome.REFUSED if tries >= TRIES_OF_A_400 else Outcome.FAILED
        return Answer(outcome, str(refused), refused.retry_after_s)

    def _brought(self, turn: Turn) -> Answer:
        link, letter = turn.link, turn.letter
        if link is not None and letter.step <= link.told_step:
            return DELIVERED
        if link is not None and link.stage is Stage.TOKEN:
            return self._redeemed(turn, link)
        if link is not None and link.stage in (Stage.KNOWN, Stage.ACCEPTED):
            return self._told(turn, link)
        if not turn.is_to_be_told and not turn.may_be_posted:
            return DELIVERED  # it is over before it was ever told there
        return self._requested(turn, 0 if link is None else link.generation)

    def _requested(self, turn: Turn, generation: int) -> Answer:
        """Post a request, or find the one that was posted."""
        code = self._form.service_code(str(turn.said["service"]))
        if code is None:
            return DELIVERED
        link = turn.link if turn.link is not None and turn.link.generation == generation else None
        mark = mark_of(str(turn.said["finding"]), generation)
        # A later release of this configuration may call the service otherwise than what was posted.
        asked_code = code if link is None else link.service_code
        is_doubtful = link is not None or turn.is_tried
        if is_doubtful and self._manners.can_be_asked:
            left_s = 0.0 if link is None else link.posted_at_s + self._manners.ask_after_s - turn.now_s
            if left_s > 0.0 and link is not None and link.stage is Stage.POSTING:
                return Answer(Outcome.WAITING, "nobody knows yet whether it was taken", left_s)
            found = find_request(self._server, asked_code, mark, turn.since_s, turn.now_s)
            if found is not None:
                return self._adopted(turn, asked_code, generation, found)
            if not turn.is_to_be_told:
                return DELIVERED
        return self._posted(turn, code, generation, mark)

    def _posted(self, turn: Turn, code: str, generation: int, mark: str) -> Answer:
        fields = self._form.request_fields(turn.said, code, mark)
        before = turn.link
        note_posting(turn.connection, self._endpoint, turn.letter.case_id, code, generation, turn.now_s)
        try:
            rows = self._server.post("requests", fields)
        except ExchangeFailed as failed:
            if not failed.was_sent and (before is None or before.stage is not Stage.POSTING):
                turn.note(stage=Stage.REFUSED)
            raise
        except ServerRefused as refused:
            return self._after_refusal(turn, refused, code, generation, mark)
        row = rows[0] if rows else {}
        if row.get("service_request_id"):
            return self._known(turn, str(row["service_request_id"]))
        if row.get("token"):
            turn.note(stage=Stage.TOKEN, token=str(row["token"]))
            return Answer(Outcome.WAITING, "the server gave a token", _TOKEN_PAUSE_S / 10)
        turn.note(stage=Stage.ACCEPTED, told_step=turn.letter.step)
        return DELIVERED

    def _after_refusal(
        self, turn: Turn, refused: ServerRefused, code: str, generation: int, mark: str
    ) -> Answer:
        """Find what a server says that it has; else the request is nowhere, unless the server failed."""
        if refused.status >= 500 or refused.status == 408:
            raise refused  # it may have stored it
        if refused.status == 400 and self._manners.can_be_asked:
            found = find_request(self._server, code, mark, turn.since_s, turn.now_s)
            found = found or self._named(refused, code)
            if found is not None:
                return self._adopted(turn, code, generation, found)
        turn.note(stage=Stage.REFUSED)
        raise FormRefused(refused) if refused.status == 400 else refused

    def _named(self, refused: ServerRefused, code: str) -> str | None:
        """Give the request that a refusal as a duplicate names, if the server has it for that service."""
        if "duplicate" not in refused.said.lower() and "already" not in refused.said.lower():
            return None
        for number in dict.fromkeys(_NUMBER.findall(refused.said)[:5]):
            row = self._server.request(number)
            if row is not None and row.get("service_code") == code:
                return str(number)
        return None

    def _adopted(self, turn: Turn, code: str, generation: int, request_id: str) -> Answer:
        if turn.link is None or turn.link.generation != generation:
            note_posting(turn.connection, self._endpoint, turn.letter.case_id, code, generation, turn.now_s)
        return self._known(turn, request_id)

    def _known(self, turn: Turn, request_id: str) -> Answer:
        turn.note(stage=Stage.KNOWN, request_id=request_id, told_step=turn.letter.step)
        return DELIVERED

    def _redeemed(self, turn: Turn, link: Link) -> Answer:
        """Ask for the id that was promised: by its token, or by the mark where the token says nothing."""
        found: str | None = self._server.request_id_of(link.token)
        if not found and self._manners.can_be_asked:
            mark = mark_of(str(turn.said["finding"]), link.generation)
            found = find_request(self._server, link.service_code, mark, link.first_at_s, turn.now_s)
        if found:
            return self._known(turn, found)
        gone_s = turn.now_s - link.posted_at_s
        pause_s = min(max(gone_s, _TOKEN_PAUSE_S / 10), _LONGEST_TOKEN_PAUSE_S)
        return Answer(Outcome.WAITING, "the server gave a token, and no id yet", pause_s)

    def _told(self, turn: Turn, link: Link) -> Answer:
        """Tell of a step of a case whose request is known."""
        said = turn.said
        if self._is_gone(turn, link):
            return self._requested(turn, link.generation + 1)
        if link.stage is Stage.ACCEPTED and self._manners.can_be_asked:
            mark = mark_of(str(said["finding"]), link.generation)
            found = find_request(self._server, link.service_code, mark, link.first_at_s, turn.now_s)
            if found is not None:
                turn.note(stage=Stage.KNOWN, request_id=found)
                link = replace(link, stage=Stage.KNOWN, request_id=found)
        return tell_step(self._server, self._form, self._manners, turn, link)

    def _is_gone(self, turn: Turn, link: Link) -> bool:
        """Say whether a case came back whose request is over there, where no update can open it again."""
        is_back = turn.said["step"] in (Step.REOPENED, Step.REWORKED)
        is_ours = turn.said["actor"] != self._endpoint
        return is_back and is_ours and link.status == "closed" and not self._manners.has_updates
