import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from console_api import Api
from console_people import PASSWORD, As
from console_stand import Stand
from narrowgate_cases import DEFAULT_PRACTICE, Step
from narrowgate_cases.work import Asked, take_step
from narrowgate_console import LOCAL, Access, Administration, Role
from narrowgate_console.principals import Unfit

UNIT = "路灯一队"


@pytest.fixture
def site(filled: Stand, access: Access, api: Api) -> As:
    """A contractor, sent to one case of two that were dispatched."""
    with filled.working() as connection:
        for number, unit in (("C-000001", UNIT), ("C-000004", "路灯二队")):
            for asked in (Asked(Step.ACCEPTED), Asked(Step.DISPATCHED, unit=unit)):
                take_step(connection, number, asked, "user:ann", 0, DEFAULT_PRACTICE)
    chief = Administration(access, LOCAL)
    chief.add_user("chief", Role.ADMINISTRATOR, None, PASSWORD)
    chief.add_user("crew", Role.CONTRACTOR, None, PASSWORD, UNIT)
    return As(api, access, "crew")


def test_a_contractor_sees_only_the_cases_it_was_sent_to(site: As, api: Api) -> None:
    """Queue, counts, lights and findings hold a unit's own cases; another's is not there."""
    queue = api.get("/api/v1/cases", headers=site.headers).json()
    findings = api.get("/api/v1/findings", headers=site.headers).json()["findings"]
    lights = api.get("/api/v1/cases/lights", headers=site.headers).json()

    assert ([case["number"] for case in queue["cases"]], queue["open"]) == (["C-000001"], 1)
    assert [finding["device"] for finding in findings] == [queue["cases"][0]["device"]]
    assert sum(lights.values()) == 1
    assert site.status("GET", "/api/v1/cases/C-000004") == 404


def test_a_contractor_mends_and_the_desk_decides(site: As, api: Api) -> None:
    """Who mends begins, gives back and says that it is mended; whether it is, others say."""
    path = "/api/v1/cases/C-000001/steps"
    offered = api.get("/api/v1/cases/C-000001", headers=site.headers).json()["possible"]
    taken = [site.status("POST", path, {"step": step}) for step in ("started", "resolved", "verified")]

    assert offered == ["started", "returned", "resolved", "commented"]
    assert taken == [200, 200, 403]


def test_a_contractor_changes_no_case_of_another(site: As, filled: Stand) -> None:
    """A step on another's case is refused as if the case were not there, and nothing is stored."""
    with closing(filled.reader()) as connection:
        before = connection.execute("SELECT count(*) FROM case_steps").fetchone()
        statuses = [
            site.status("POST", "/api/v1/cases/C-000004/steps", {"step": "started"}),
            site.status("POST", "/api/v1/cases/C-000002/steps", {"step": "commented", "reason": "x"}),
        ]
        after = connection.execute("SELECT count(*) FROM case_steps").fetchone()

    assert (statuses, after) == ([404, 404], before)


def test_a_case_that_is_sent_to_another_meanwhile_is_not_there(
    site: As, filled: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whose a case is counts when the step is taken, not when it was asked for."""
    sent = Asked(Step.DISPATCHED, unit="路灯二队")
    working = filled.working

    @contextmanager
    def late() -> Iterator[sqlite3.Connection]:
        with working() as connection:
            take_step(connection, "C-000001", sent, "user:ann", 0, DEFAULT_PRACTICE)
        with working() as connection:
            yield connection

    monkeypatch.setattr(filled, "working", late)

    assert site.status("POST", "/api/v1/cases/C-000001/steps", {"step": "started"}) == 404


def test_a_change_by_cookie_without_the_sessions_word_is_refused(site: As, api: Api) -> None:
    """A page of another site cannot take steps in a contractor's name."""
    headers = {"Cookie": site.headers["Cookie"]}
    answer = api.get("/api/v1/cases/C-000001/steps", method="POST", headers=headers, body={"step": "started"})

    assert (answer.status_code, answer.json()["code"]) == (403, "csrf")


_WRONG: list[tuple[object, int]] = [
    ({"step": "started", "colour": "red"}, 422),
    ({"step": "exploded"}, 422),
    ({"step": "commented", "reason": "x" * 2001}, 422),
    ({"step": "commented", "reason": "a\x00b"}, 409),
    ({"step": "commented", "reason": ""}, 409),
    ({"step": "verified"}, 403),
    ([], 422),
]


def test_a_step_that_cannot_be_is_refused_in_the_one_shape(site: As, api: Api) -> None:
    """Whatever is wrong with a step, the answer has a code and one line, and is no fault of ours."""
    path = "/api/v1/cases/C-000001/steps"
    answers = [api.get(path, method="POST", headers=site.headers, body=body) for body, _ in _WRONG]

    assert [answer.status_code for answer in answers] == [status for _, status in _WRONG]
    assert ["\n" in answer.json()["message"] for answer in answers] == [False] * len(_WRONG)


@pytest.mark.parametrize(
    ("role", "unit"), [(Role.VIEWER, UNIT), (Role.CONTRACTOR, "a\nb"), (Role.CONTRACTOR, "")]
)
def test_only_a_contractor_has_a_unit(access: Access, role: Role, unit: str) -> None:
    """A unit is one line, and belongs to who mends."""
    chief = Administration(access, LOCAL)

    with pytest.raises(Unfit, match="a contractor may have a unit"):
        chief.add_user("crew", role, None, PASSWORD, unit)


def test_a_contractor_of_a_unit_takes_no_other_role(site: As, access: Access) -> None:
    """A change of role would silently widen what is seen."""
    with pytest.raises(Unfit, match="for another role"):
        Administration(access, LOCAL).change_user("crew", role=Role.DUTY_OFFICER)


def test_an_access_file_without_units_gets_them(tmp_path: Path) -> None:
    """A file of users that was made before there were units is read on."""
    Access(tmp_path).close()
    with closing(sqlite3.connect(tmp_path / "access.db")) as connection:
        connection.execute("DROP TABLE user_units")
    access = Access(tmp_path)
    Administration(access, LOCAL).add_user("crew", Role.CONTRACTOR, None, PASSWORD, UNIT)

    assert [user.unit for user in Administration(access, LOCAL).users()] == [UNIT]
    access.close()
