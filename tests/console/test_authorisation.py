import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from access_matrix import OPEN311, PAGES, PLUMBING
from commands_waiting import wish
from console_api import Api
from console_people import As, settle
from console_stand import NOW_US, Stand
from findings_rows import raised
from narrowgate_console import LOCAL, Access, Administration, Scope, Services
from narrowgate_console.app import create_app
from narrowgate_console.command_making import PLAIN_TERMS
from narrowgate_console.group_ordering import GroupAsk, order_group
from narrowgate_console.pages import add_pages
from narrowgate_fleet.selection import Selection
from narrowgate_schema.commands import LampLevel

_WHO = (
    "stranger", "viewer_north", "viewer_all", "contractor_north", "duty_north", "duty_all", "admin_north",
    "admin_all", "scraper",
)  # fmt: skip

# C-000001 is a lamp's case and so the south's, C-000002 a meter's and so the north's. Command 1 is a meter's,
# command 2 a sensor's. A valve needs more than an officer; the stand's profile cannot be told to turn one.
_MATRIX = """
GET    /healthz                                200 200 200 200 200 200 200 200 200
GET    /readyz                                 200 200 200 200 200 200 200 200 200
GET    /metrics                                401 403 403 403 403 403 403 200 200
GET    /docs                                   401 200 200 200 200 200 200 200 200
GET    /api/v1/openapi.json                    401 200 200 200 200 200 200 200 200
GET    /api/v1/me                              401 200 200 200 200 200 200 200 200
GET    /api/v1/overview                        401 200 200 200 200 200 200 200 403
GET    /api/v1/cases                           401 200 200 200 200 200 200 200 403
GET    /api/v1/cases/C-000002                  401 200 200 200 200 200 200 200 403
GET    /api/v1/cases/C-000001                  401 404 200 404 404 200 404 200 403
GET    /api/v1/cases/C-999999                  401 404 404 404 404 404 404 404 403
GET    /api/v1/cases/C-000002/reports          401 200 200 200 200 200 200 200 403
GET    /api/v1/cases/C-000001/reports          401 404 200 404 404 200 404 200 403
GET    /api/v1/cases/lights                    401 200 200 200 200 200 200 200 403
GET    /api/v1/cases/figures                   401 200 200 200 200 200 200 200 403
POST   /api/v1/cases/C-000002/steps            401 403 403 200 200 200 200 200 403
POST   /api/v1/cases/C-000001/steps            401 403 403 404 404 200 404 200 403
POST   /api/v1/commands                        401 403 403 403 403 403 409 409 403
GET    /api/v1/commands                        401 200 200 200 200 200 200 200 403
GET    /api/v1/commands/1                      401 200 200 200 200 200 200 200 403
GET    /api/v1/commands/2                      401 404 200 404 404 200 404 200 403
POST   /api/v1/commands/1/cancel               401 403 403 403 200 200 200 200 403
POST   /api/v1/commands/2/cancel               401 403 403 403 404 200 404 200 403
POST   /api/v1/command-groups                  401 403 403 403 201 201 201 201 403
GET    /api/v1/command-groups                  401 200 200 200 200 200 200 200 403
GET    /api/v1/command-groups/south            401 404 200 404 404 200 404 200 403
GET    /api/v1/command-groups/south/stragglers 401 404 200 404 404 200 404 200 403
POST   /api/v1/command-groups/south/cancel     401 403 403 403 404 200 404 200 403
GET    /api/v1/devices/water-0001/commands     401 200 200 200 200 200 200 200 403
GET    /api/v1/findings                        401 200 200 200 200 200 200 200 403
GET    /api/v1/series/water                    401 200 200 200 200 200 200 200 403
GET    /api/v1/map                             401 200 200 200 200 200 200 200 403
GET    /api/v1/devices                         401 200 200 200 200 200 200 200 403
GET    /api/v1/devices/water-0001              401 200 200 200 200 200 200 200 403
GET    /api/v1/devices/parking-0001            401 404 200 404 404 200 404 200 403
GET    /api/v1/devices/nothing                 401 404 404 404 404 404 404 404 403
GET    /api/v1/devices/water-0001/series       401 200 200 200 200 200 200 200 403
GET    /api/v1/devices/parking-0001/series     401 404 200 404 404 200 404 200 403
GET    /api/v1/devices/water-0001/frames       401 200 200 200 200 200 200 200 403
GET    /api/v1/devices/parking-0001/frames     401 404 200 404 404 200 404 200 403
GET    /api/v1/water/night-flow                401 200 200 200 200 200 200 200 403
GET    /api/v1/parking/occupancy               401 200 200 200 200 200 200 200 403
GET    /api/v1/lighting/lit-rate               401 200 200 200 200 200 200 200 403
GET    /api/v1/system                          401 403 403 403 403 200 403 200 403
GET    /api/v1/quarantine                      401 403 403 403 200 200 200 200 403
GET    /api/v1/users                           401 403 403 403 403 403 200 200 403
GET    /api/v1/tokens                          401 403 403 403 403 403 200 200 403
GET    /api/v1/audit                           401 403 403 403 403 403 200 200 403
POST   /api/v1/users                           401 403 403 403 403 403 403 201 403
PATCH  /api/v1/users/viewer_north              401 403 403 403 403 403 204 204 403
PATCH  /api/v1/users/viewer_all                401 403 403 403 403 403 404 204 403
PATCH  /api/v1/users/nobody                    401 403 403 403 403 403 404 404 403
DELETE /api/v1/users/contractor_north          401 403 403 403 403 403 204 204 403
DELETE /api/v1/users/duty_all                  401 403 403 403 403 403 404 204 403
POST   /api/v1/tokens                          401 403 403 403 403 403 403 201 403
DELETE /api/v1/tokens/SOUTH                    401 403 403 403 403 403 404 204 403
POST   /api/v1/webhook/status                  404 404 404 404 404 404 404 404 404
"""
_REMARK = {"step": "commented", "reason": "seen"}
_BODIES: dict[str, object] = {
    "POST /api/v1/commands": {"device": "water-0001", "kind": "valve", "arguments": {"is_open": False}},
    "POST /api/v1/command-groups": {
        "selection": {"device": ["water-0001"]},
        "kind": "lamp_level",
        "arguments": {"level_pct": 40},
    },
    "POST /api/v1/commands/1/cancel": {},
    "POST /api/v1/command-groups/south/cancel": {},
    "POST /api/v1/commands/2/cancel": {},
    "POST /api/v1/cases/C-000001/steps": _REMARK,
    "POST /api/v1/cases/C-000002/steps": _REMARK,
    "POST /api/v1/users": {"name": "eve", "role": "viewer", "password": "a password of eve's"},
    "POST /api/v1/tokens": {"label": "t", "scopes": ["cases:read"], "days": 1},
}


def _cells() -> list[tuple[str, str, str, int]]:
    rows = (line.split() for line in _MATRIX.strip().splitlines())
    return [
        (who, method, path, int(status))
        for method, path, *statuses in rows
        for who, status in zip(_WHO, statuses, strict=True)
    ]


@pytest.fixture
def settled(filled: Stand, access: Access) -> Access:
    """A district of two tenants, and everybody."""
    settle(access)
    for device in ("water-0001", "parking-0001"):
        asked = wish(LampLevel(40), device)
        filled.commands.put(asked, by="user:ann", now_us=NOW_US)
    parking = GroupAsk(Selection.of({"device": ["parking-0001"]}), LampLevel(40), PLAIN_TERMS, "south")
    order_group(filled.fleet(), filled.commands, parking, by="user:ann", now_us=NOW_US)
    return access


@pytest.mark.parametrize("who", _WHO)
def test_everybody_may_what_the_matrix_says(settled: Access, api: Api, who: str) -> None:
    """Each principal gets the matrix' answer to each verb on each tenant's object: 404 for another's."""
    Administration(settled, LOCAL).make_token("s", [Scope.CASES], frozenset({"south"}), 1)
    south = Administration(settled, LOCAL).tokens()[0].token
    asker = As(api, settled, who)
    wrong = [
        (method, path, status, got)
        for name, method, path, status in _cells()
        if name == who
        and (
            got := asker.status(
                method,
                path.replace("SOUTH", south),
                _BODIES.get(f"{method} {path}", {} if method == "PATCH" else None),
            )
        )
        != status
    ]

    assert wrong == []


def test_a_token_that_has_ended_is_nobodys(settled: Access, filled: Stand, api: Api) -> None:
    """A token after its end is answered as a stranger is, by every route."""
    long_ago = Access(filled.home, lambda: 1_000_000)
    ended = Administration(long_ago, LOCAL).make_token("ended", Scope, None, 1)
    long_ago.close()
    headers = {"Authorization": f"Bearer {ended}"}
    wrong = [
        (method, path, status, got)
        for who, method, path, status in _cells()
        if who == "stranger"
        and (got := api.get(path, method=method, headers=headers, body={}).status_code) != status
    ]

    assert wrong == []


def _routes(routes: Iterable[object]) -> Iterator[str]:
    """Give the verbs and paths of an app's routes, those of the routers and apps in it too."""
    for route in routes:
        for inner in (getattr(route, "original_router", None), route):
            yield from _routes(getattr(inner, "routes", None) or ())
        for method in sorted(getattr(route, "methods", None) or ()):
            if method != "HEAD":
                yield f"{method} {getattr(route, 'path', '')}"


def test_every_route_has_its_row(services: Services, access: Access) -> None:
    """Whatever the console answers, pages and Open311 too, stands in a table of who may."""
    app = create_app(services, access)
    add_pages(app, services, access)
    rows = [f"{method} {path}" for _, method, path, _ in _cells()]
    rows += [f"GET {line.split()[0]}" for line in PAGES.strip().splitlines()]
    for line in OPEN311.strip().splitlines():
        method, path, *_ = line.split()
        rows.append(f"{method} /open311/v2/{path}.json")
    found = {route for route in _routes(app.routes) if "/_nicegui" not in route} - PLUMBING
    named = {
        route
        for route in found
        if any(re.fullmatch(re.sub(r"[{][^}]+[}]", "[^/]+", route), row) for row in rows)
    }

    assert len(found) > 50
    assert found - named == set()


@pytest.mark.parametrize(
    ("path", "of"),
    [
        ("/api/v1/cases?limit=100", lambda found: {case["device"] for case in found["cases"]}),
        ("/api/v1/findings?limit=100", lambda found: {each["device"] for each in found["findings"]}),
        ("/api/v1/quarantine?limit=100", lambda found: {frame["device"] for frame in found["frames"]}),
        ("/api/v1/devices?limit=500", lambda found: {each["device"] for each in found["devices"]}),
        ("/api/v1/commands?limit=100", lambda found: {each["device"] for each in found["commands"]}),
        ("/api/v1/map", lambda found: set(found["device"])),
    ],
)
def test_lists_hold_the_tenants_own_only(
    settled: Access, api: Api, path: str, of: Callable[[object], set[str]]
) -> None:
    """A list that a tenant's officer asks for has the tenant's devices in it, and no other."""
    own = of(api.get(path, headers=As(api, settled, "duty_north").headers).json())
    every = of(api.get(path, headers=As(api, settled, "duty_all").headers).json())

    assert own == {device for device in every if device.startswith("water-")}
    assert own < every


def test_counts_are_of_the_tenants_own_only(settled: Access, api: Api) -> None:
    """A tenant's overview counts its own cases, and tells nothing of the gateway's frames."""
    found = api.get("/api/v1/overview", headers=As(api, settled, "viewer_north").headers).json()

    assert (found["ledger"], found["balanced"]) == (None, None)
    assert found["cases"]["open_by_service"] == {"continuous_leak": 6}


@pytest.mark.parametrize(("family", "is_there"), [("water", True), ("parking", False), ("lighting", False)])
def test_charts_are_of_the_tenants_own_only(settled: Access, api: Api, family: str, is_there: bool) -> None:
    """A tenant's chart is made of its own devices' readings."""
    path = f"/api/v1/series/{family}"
    found = api.get(path, headers=As(api, settled, "viewer_north").headers).json()
    every = api.get(path, headers=As(api, settled, "viewer_all").headers).json()

    def told(answer: dict[str, Any]) -> list[tuple[str, float, int]]:
        return [(point["hour"], round(point["value"], 9), point["devices"]) for point in answer["points"]]

    assert (told(found) == told(every), told(found) != []) == (is_there, is_there)


def test_a_device_that_moves_takes_its_cases_along(settled: Access, filled: Stand, api: Api) -> None:
    """A device that is given to another tenant is seen by that one from then on, and by the old no more."""
    filled.enrol(["water-0001,test_water,south,W-1,customer,31.2,121.4,DMA-1,"])

    assert As(api, settled, "viewer_north").status("GET", "/api/v1/cases/C-000002") == 404


def test_a_groups_case_is_seen_by_who_sees_each_member(settled: Access, stand: Stand, api: Api) -> None:
    """A case of a group is a tenant's only if every member is."""
    group: dict[str, Any] = {"rule": "cell_silent", "device": "cell-7", "raised_at": 1}
    stand.judge(
        {**raised("g1", **group), "members": ["water-0001", "water-0002"]},
        {**raised("g2", **group), "members": ["water-0001", "parking-0002"]},
    )
    found = api.get("/api/v1/cases", headers=As(api, settled, "viewer_north").headers).json()["cases"]

    assert [case["finding"] for case in found if case["device"] == "cell-7"] == ["g1"]
