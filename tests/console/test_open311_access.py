from collections.abc import Mapping

import pytest

from access_matrix import KEYS, OPEN311
from console_stand import Stand
from narrowgate_console import LOCAL, Access, Administration, Role, Scope
from narrowgate_console.principals import ROLE_SCOPES
from open311_stand import City

_FORMS = {
    "requests": {"service_code": "tilt", "lat": "31.2", "long": "121.4"},
    "servicerequestupdates": {"service_request_id": "C-000001", "description": "seen"},
}


def _tokens(access: Access, stand: Stand) -> Mapping[str, str | None]:
    """Make a token for each column."""
    chief = Administration(access, LOCAL)
    long_ago = Access(stand.home, lambda: 1_000_000)
    ended = Administration(long_ago, LOCAL).make_token("ended", Scope, None, 1)
    long_ago.close()
    roles = {str(role): chief.make_token(role, ROLE_SCOPES[role], None, 1) for role in Role}
    return {
        "nobody": None,
        **roles,
        "other_tenant": chief.make_token("north", Scope, frozenset({"north"}), 1),
        "expired": ended,
        "wrong_scope": chief.make_token("scraper", [Scope.METRICS], None, 1),
    }


@pytest.mark.parametrize("extension", ["json", "xml"])
def test_each_key_may_what_the_matrix_says(
    closed_city: City, access: Access, stand: Stand, extension: str
) -> None:
    """Each key gets the matrix' answer from each path, in both formats, in the header and as api_key."""
    keys, wrong = _tokens(access, stand), []
    for line in OPEN311.strip().splitlines():
        method, path, *statuses = line.split()
        for who, status in zip(KEYS, statuses, strict=True):
            told = {} if keys[who] is None else {"api_key": str(keys[who])}
            target = f"{path}.{extension}"
            if method == "POST":
                answers = [closed_city.post(target, {**_FORMS[path], **told})]
                answers.append(closed_city.post(target, _FORMS[path], key=keys[who]))
            else:
                answers = [closed_city.get(target, None, **told), closed_city.get(target, keys[who])]
            wrong += [(line, who, each.status_code) for each in answers if each.status_code != int(status)]

    assert wrong == []


def test_a_session_is_nobodys_here(closed_city: City, access: Access) -> None:
    """A cookie speaks for nobody by Open311: no page of another site can report in somebody's name."""
    Administration(access, LOCAL).add_user("ann", Role.ADMINISTRATOR, None, "correct horse battery")
    cookie = access.sign_in("ann", "correct horse battery", "127.0.0.1")
    answer = closed_city.api.get("/open311/v2/requests.json", headers={"Cookie": f"narrowgate={cookie}"})

    assert answer.status_code == 403


def test_a_page_of_another_site_is_refused(city: City) -> None:
    """A request that names a foreign origin is refused in the standard's form, also where anybody may ask."""
    answer = city.api.get("/open311/v2/requests.json", headers={"Origin": "https://elsewhere.example"})

    assert (answer.status_code, answer.json()[0]["code"]) == (421, 421)


def test_who_reported_is_for_those_who_may_see_it(city: City, access: Access) -> None:
    """Names and telephones of reporters are told by the desk's API with the scope reporters:read alone."""
    number = city.report(city.keys.app, first_name="Zhang", phone="13800138000")
    path = f"/api/v1/cases/{number}/reports"
    people = {
        who: city.api.get(path, headers={"Authorization": f"Bearer {key}"}).json()[0]["person"]
        for who, key in (("app", city.keys.app), ("crew", city.keys.crew), ("desk", city.keys.desk))
    }

    assert people == {"app": None, "crew": None, "desk": {"first_name": "Zhang", "phone": "13800138000"}}
