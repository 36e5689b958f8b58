"""Commands by the API: given once, by who may, and refused at once where a device cannot take them."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import commands_district
from console_api import Api
from console_people import headers_of, settle
from console_stand import Stand, StandingClock
from narrowgate_console import Access, Services
from narrowgate_console.app import create_app
from narrowgate_fleet import Registry

LEVEL = {"device": "lamp-0001", "kind": "lamp_level", "arguments": {"level_pct": 40}}
VALVE = {"device": "meter-0001", "kind": "valve", "arguments": {"is_open": False}}


class District:
    """Lamps of the north and meters of the south, and everybody, signed in once."""

    def __init__(self, root: Path) -> None:
        """Build it in a directory."""
        self.stand, self._access = Stand(root), Access(root)
        with Registry(root) as registry:
            commands_district.enrol(registry, commands_district.lines(lamps=3))
        settle(self._access)
        services = Services(self.stand, StandingClock(), keep_s=0.0)
        self._api = Api(create_app(services, self._access))
        self._headers: dict[str, dict[str, str]] = {}

    def headers(self, who: str) -> dict[str, str]:
        """Give what a request of somebody carries."""
        if who not in self._headers:
            self._headers[who] = headers_of(self._access, who)
        return self._headers[who]

    def post(
        self, who: str, path: str, body: object, headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, Any]]:
        """Ask for a change as somebody; give status and body."""
        sent = self.headers(who) if headers is None else headers
        answer = self._api.get(f"/api/v1/{path}", method="POST", headers=sent, body=body)
        return answer.status_code, answer.json()

    def get(self, who: str, path: str) -> dict[str, Any]:
        """Ask as somebody."""
        told: dict[str, Any] = self._api.get(f"/api/v1/{path}", headers=self.headers(who)).json()
        return told

    def close(self) -> None:
        """Close its files."""
        self._access.close()
        self.stand.close()


@pytest.fixture(scope="module")
def district(tmp_path_factory: pytest.TempPathFactory) -> Iterator[District]:
    """A district for all tests."""
    with closing(District(tmp_path_factory.mktemp("district"))) as made:
        yield made


def test_the_same_key_is_the_same_command(district: District) -> None:
    """A program that asks again is told 200 and the command of the first time, told 201."""
    first, again = (district.post("duty_all", "commands", {**LEVEL, "idempotency_key": "k"}) for _ in "ab")

    assert (first[0], again[0], first[1]["id"]) == (201, 200, again[1]["id"])


@pytest.mark.parametrize(
    ("who", "body", "status"),
    [
        ("duty_all", LEVEL, 201),
        ("duty_all", VALVE, 403),
        ("admin_all", VALVE, 201),
        ("admin_north", VALVE, 404),
        ("viewer_all", LEVEL, 403),
        ("duty_north", {**LEVEL, "device": "meter-0001"}, 404),
    ],
)
def test_who_may_tell_whom_what(district: District, who: str, body: dict[str, Any], status: int) -> None:
    """Officers send levels, administrators turn valves, and another tenant's device is not there."""
    assert district.post(who, "commands", body)[0] == status


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"arguments": {"level_pct": 101}}, "lamp_level level_pct: 101: 0 to 100 is possible"),
        ({"kind": "lamp_calendar", "arguments": {}}, "lamp_calendar latitude_deg: a value is wanted"),
        ({"not_before": "9999-12-31T23:59:59Z"}, "not before: at most 366 days from now are possible"),
        ({"device": "lamp-0002"}, "milesight_ws558_v1 lamp_level level_pct: 40 is none that it understands"),
    ],
)
def test_what_cannot_be_told_is_refused_at_once(
    district: District, change: dict[str, Any], words: str
) -> None:
    """The answer is 409 with one line, and the queue stays as it was."""
    before = district.get("duty_all", "commands")
    status, told = district.post("duty_all", "commands", {**LEVEL, **change})

    assert (status, words in told["message"]) == (409, True)
    assert district.get("duty_all", "commands") == before


def test_a_command_is_taken_back_once(district: District) -> None:
    """Cancel tells who and why in the history; a second one is refused."""
    number = district.post("duty_all", "commands", LEVEL)[1]["id"]
    first = district.post("duty_north", f"commands/{number}/cancel", {"reason": "wrong lamp"})
    again = district.post("duty_north", f"commands/{number}/cancel", {})
    steps = district.get("duty_all", f"commands/{number}")["steps"]

    assert (first[0], again[0]) == (200, 409)
    assert (steps[-1]["actor"], steps[-1]["reason"], steps[-1]["detail"]) == (
        "user:duty_north",
        "withdrawn",
        "wrong lamp",
    )


def test_a_change_by_cookie_carries_the_sessions_word(district: District) -> None:
    """Without it a page of somebody else's could turn a valve."""
    headers = {"Cookie": district.headers("admin_all")["Cookie"]}

    assert district.post("admin_all", "commands", VALVE, headers)[0] == 403


def test_what_a_device_can_be_told_depends_on_who_asks(district: District) -> None:
    """An officer is offered levels and intervals of a lamp, an administrator also its reboot."""
    path = "devices/lamp-0001/commands"
    officer, chief = (district.get(who, path)["kinds"] for who in ("duty_all", "admin_all"))

    assert (set(chief) - set(officer), "lamp_level" in officer) == ({"reboot"}, True)
