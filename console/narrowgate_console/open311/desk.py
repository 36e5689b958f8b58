"""What one principal may ask and do by Open311: the desk's cases of the services that the city offers."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from narrowgate_cases import Report, ReportRefused
from narrowgate_cases.lifecycle import State, Step
from narrowgate_cases.queries import case
from narrowgate_cases.remarks import remark
from narrowgate_cases.reports import key_of, name_of, report
from narrowgate_cases.requests import Request, Update, Wanted, request_of_report, requests, updates
from narrowgate_cases.work import Asked, NoSuchCase, StepRefused, possible_steps
from narrowgate_console.faults import reading
from narrowgate_console.open311.listing import Page
from narrowgate_console.open311.offer import Offer
from narrowgate_console.open311.refused import Refused
from narrowgate_console.open311.reporting import content_of
from narrowgate_console.principals import Principal, Scope
from narrowgate_console.rights import Rights

if TYPE_CHECKING:
    from narrowgate_console.services import Services


class Open311Desk(Rights):
    """One principal's requests, from any thread; raises Denied, StoreUnreadable, and Refused."""

    def __init__(self, services: "Services", principal: Principal, offer: Offer) -> None:
        super().__init__(services, principal)
        self._offer = offer

    def requests(self, wanted: Wanted) -> list[Request]:
        """Give visible requests."""
        self._need(Scope.CASES)
        with self._services.state(self._visible()) as connection:
            return requests(connection, wanted)

    def updates(self, since_us: int, until_us: int, page: Page) -> list[Update]:
        """Give a page of what was done about visible requests between two instants [us]."""
        self._need(Scope.CASES)
        with self._services.state(self._visible()) as connection:
            return updates(connection, self._offer.services, since_us, until_us, page.limit, page.offset)

    def of_token(self, token: str) -> str | None:
        """Give the number of a visible request by the token that its report was answered with."""
        self._need(Scope.CASES)
        with self._services.state(self._visible()) as connection:
            return request_of_report(connection, token)

    def tell(self, told: Report) -> tuple[str, str]:
        """Take a report; give the number of the case that tells of it, and the report's name."""
        self._need(Scope.REPORT)
        placed = self._placed(told)
        with self._working() as connection:
            now_us, actor = self.now_us(), self.principal.name
            keyed = replace(placed, key=key_of(connection, actor, content_of(placed), now_us))
            try:
                number = report(connection, keyed, actor, now_us, self._services.sources.practice)
            except ReportRefused as refused:
                raise Refused(400, str(refused)) from None
            self._check_own(connection, number)
        return number, name_of(actor, keyed.key)

    def remark(self, number: str, words: str, name: str | None, wish: Step | None) -> int:
        """Say something of a visible request, do what it wishes if the principal may; give the update's id.

        Args:
            number: the request's.
            words: what is said.
            name: how whoever brings it calls it.
            wish: what it asks for besides.
        """
        self._need(Scope.REPORT)
        self._need(Scope.CASES)
        with self._working() as connection:
            # Asked while nobody else can move it: whose the case is, and where it stands.
            state = self._state(number)
            asked = [Asked(Step.COMMENTED, words)]
            if wish is not None and wish in possible_steps(state) and self._may(wish):
                asked = [Asked(wish, words)]
            try:
                practice = self._services.sources.practice
                return remark(connection, number, asked, self.principal.name, name, self.now_us(), practice)
            except (NoSuchCase, StepRefused) as refused:
                raise Refused(400, str(refused)) from None

    def _may(self, wish: Step) -> bool:
        return self.principal.may(Scope.WORK if wish is Step.RESOLVED else Scope.DECIDE)

    def _state(self, number: str) -> State:
        with self._services.state(self._visible()) as connection:
            found = case(connection, number)
        if found is None or found[0].service not in self._offer.services:
            raise Refused(404, "service_request_id was not found")
        return found[0].state

    def _placed(self, told: Report) -> Report:
        """Give a report with the device of its family that stands at its asset, if it names one.

        What is of another family is not there: who reports lamps learns nothing of water connections.
        """
        if told.asset is None:
            return told
        fleet, seen = self._services.fleet(), self._visible()
        assets = np.flatnonzero(fleet.asset_column("asset") == told.asset)
        slots = np.arange(fleet.slot_count, dtype=np.int32)
        now_us = np.full(len(slots), self.now_us(), dtype=np.int64)
        standing = np.flatnonzero(np.isin(fleet.asset_rows_at(slots, now_us), assets))
        if len(assets) and not len(standing) and seen.devices is None:
            return told
        family = fleet.column("family")
        devices = [fleet.device(int(slot)) for slot in standing if family[slot] == told.family]
        visible = [device for device in devices if seen.sees(device)]
        if not visible:
            raise Refused(404, "address_id was not found: there is no asset of that code")
        return replace(told, device=visible[0])

    def _check_own(self, connection: sqlite3.Connection, number: str) -> None:
        """Refuse what its bringer could not see afterwards: it is rolled back, and nothing is told of it."""
        device, members = connection.execute(
            "SELECT device, members FROM cases WHERE number = ?", (number,)
        ).fetchone()
        if not self._visible().sees(device, members):
            raise Refused(403, "this key reports on assets of its tenants only: name one by address_id")

    @contextmanager
    def _working(self) -> Iterator[sqlite3.Connection]:
        with reading("state"), self._services.sources.working() as connection:
            yield connection


def wish_of(status: str | None) -> Step | None:
    """Give the step that a FixMyStreet status asks for; None if it asks for none.

    Raises:
        Refused: it is none of FixMyStreet's.
    """
    if status is None:
        return None
    known = status.strip().upper()
    if known not in FIXMYSTREET_STATUSES:
        raise Refused(400, f"status is one of {', '.join(FIXMYSTREET_STATUSES)}")
    return FIXMYSTREET_STATUSES[known]


FIXMYSTREET_STATUSES: dict[str, Step | None] = {
    "OPEN": None,
    "CLOSED": Step.RESOLVED,
    "FIXED": Step.RESOLVED,
    "IN_PROGRESS": None,
    "ACTION_SCHEDULED": None,
    "INVESTIGATING": None,
    "DUPLICATE": None,
    "NOT_COUNCILS_RESPONSIBILITY": None,
    "NO_FURTHER_ACTION": None,
    "INTERNAL_REFERRAL": None,
    "REOPEN": Step.REOPENED,
}
"""FixMyStreet's statuses of updates, and the step that each asks the desk for."""
