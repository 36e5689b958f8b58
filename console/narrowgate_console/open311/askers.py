"""Who asks by Open311: a token as `api_key` or in the header, this machine while there is nobody, or anybody.

Rule 1: a cookie speaks for nobody here: no page of another site can report in somebody's name.
Rule 2: a key that is no key is refused, also where none is needed.
"""

import time
from collections.abc import Callable

from fastapi import Request

from narrowgate_console.access import Access
from narrowgate_console.open311.fields import Fields
from narrowgate_console.open311.offer import Offer
from narrowgate_console.open311.refused import Refused
from narrowgate_console.pace import Pace
from narrowgate_console.principals import Principal, Scope

WRONG_KEY = 10
"""As many answers does a key cost that is none."""
ANYBODY = "anybody"


class Askers:
    """Finds out who asks, and how fast they may go on."""

    def __init__(self, access: Access, offer: Offer, now_s: Callable[[], float] = time.monotonic) -> None:
        """Begin with nobody.

        Args:
            access: whose keys there are.
            offer: to whom it is open.
            now_s: a clock that only goes forward [s].
        """
        self._access = access
        self._offer = offer
        self._reading = Pace(offer.reading, now_s)
        self._reporting = Pace(offer.reporting, now_s)
        self._strangers = Pace(offer.strangers_reporting, now_s)

    def anybody(self, request: Request) -> None:
        """Let anybody ask what is offered.

        Raises:
            Refused: too fast.
        """
        _spend(self._reading, _address(request), 1)

    def reader(self, request: Request, fields: Fields) -> Principal:
        """Give who reads.

        Raises:
            Refused: no key where one is needed, a wrong one, or too fast.
        """
        address = _address(request)
        _spend(self._reading, address, 1)
        principal = self._keyed(request, fields, address)
        if principal is not None:
            return principal
        if not self._offer.anybody_reads:
            raise Refused(403, "api_key was not provided")
        return Principal(ANYBODY, frozenset({Scope.CASES}), None)

    def reporter(self, request: Request, fields: Fields, *, needs_key: bool = False) -> Principal:
        """Give who reports.

        Raises:
            Refused: no key where one is needed, a wrong one, or too fast.
        """
        address = _address(request)
        principal = self._keyed(request, fields, address)
        if principal is not None:
            _spend(self._reporting, principal.name, 1)
            return principal
        if needs_key or not self._offer.anybody_reports:
            raise Refused(403, "api_key was not provided")
        _spend(self._strangers, address, 1)
        return Principal(ANYBODY, frozenset({Scope.REPORT}), None)

    def _keyed(self, request: Request, fields: Fields, address: str) -> Principal | None:
        """Give whose key a request carries, or this machine; None if it carries none."""
        found = request.state.principal
        if isinstance(found, Principal):
            return found
        key = fields.one("api_key")
        if key is None and not request.headers.get("authorization"):
            return None
        principal = None if key is None else self._access.of_token(key.strip())
        if principal is None:
            _spend(self._reading, address, WRONG_KEY)
            raise Refused(403, "api_key is not valid")
        return principal


def _address(request: Request) -> str:
    return str(getattr(request.state, "address", ""))


def _spend(pace: Pace, asker: str, cost: float) -> None:
    again_in_s = pace.spend(asker, cost)
    if again_in_s is not None:
        raise Refused(429, f"too many requests; again in {again_in_s} s", again_in_s=again_in_s)
