"""Who stands before the console in tests: a user of each role and reach, and a program with a token."""

import sqlite3
from collections.abc import Mapping

from console_api import Api
from narrowgate_cases import DEFAULT_PRACTICE, Step
from narrowgate_cases.work import Asked, take_step
from narrowgate_console import LOCAL, Access, Administration, Role, Scope

CREW = "路灯一队"
PASSWORD = "correct horse battery"  # noqa: S105 - nobody's
PEOPLE: dict[str, tuple[Role, frozenset[str] | None]] = {
    "viewer_north": (Role.VIEWER, frozenset({"north"})),
    "viewer_all": (Role.VIEWER, None),
    "contractor_north": (Role.CONTRACTOR, frozenset({"north"})),
    "duty_north": (Role.DUTY_OFFICER, frozenset({"north"})),
    "duty_all": (Role.DUTY_OFFICER, None),
    "admin_north": (Role.ADMINISTRATOR, frozenset({"north"})),
    "admin_all": (Role.ADMINISTRATOR, None),
}


def settle(access: Access) -> None:
    """Add everybody."""
    chief = Administration(access, LOCAL)
    for name, (role, tenants) in PEOPLE.items():
        chief.add_user(name, role, tenants, PASSWORD)


def headers_of(access: Access, who: str) -> dict[str, str]:
    """Give what a request of somebody carries: a session's cookie and word, a token, or nothing."""
    if who == "stranger":
        return {}
    if who == "scraper":
        token = Administration(access, LOCAL).make_token("scraper", [Scope.METRICS], None, 1)
        return {"Authorization": f"Bearer {token}"}
    cookie = access.sign_in(who, PASSWORD, "127.0.0.1")
    principal = access.of_cookie(cookie)
    assert principal is not None
    assert principal.csrf is not None
    return {"Cookie": f"narrowgate={cookie}", "X-CSRF-Token": principal.csrf}


def send_crew(connection: sqlite3.Connection, access: Access) -> None:
    """Send two contractors to a broken lamp each, one of them twice, and let the first sign in as `crew`."""
    sent = {"C-000010": CREW, "C-000013": CREW, "C-000016": "路灯二队"}
    for number, unit in sent.items():
        for asked in (Asked(Step.ACCEPTED), Asked(Step.DISPATCHED, unit=unit)):
            take_step(connection, number, asked, "user:duty_all", 0, DEFAULT_PRACTICE)
    Administration(access, LOCAL).add_user("crew", Role.CONTRACTOR, None, PASSWORD, CREW)


class As:
    """The API asked as somebody."""

    def __init__(self, api: Api, access: Access, who: str) -> None:
        self._api = api
        self.headers = headers_of(access, who)

    def status(
        self, method: str, path: str, body: object = None, form: Mapping[str, str] | None = None
    ) -> int:
        """Give the answer's status."""
        return self._api.get(path, method=method, headers=self.headers, body=body, form=form).status_code
