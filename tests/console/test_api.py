import pytest

from console_api import Api
from console_stand import BALANCED, NOW_US, Stand
from findings_rows import cleared, raised
from narrowgate_schema.words import Family


def test_the_overview_holds_ledger_and_cases(filled: Stand, api: Api) -> None:
    """The overview gives every row of the ledger and how many cases stand where."""
    found = api.get("/api/v1/overview").json()

    assert found["ledger"] == BALANCED
    assert found["now"] == "2026-03-14T21:40:00Z"
    assert (found["balanced"], found["cases"]["open"]) == (True, 15)


def test_a_frame_without_disposition_is_seen(filled: Stand, api: Api) -> None:
    """A ledger in which a kept frame is missing is said not to balance."""
    filled.frames["stored"] -= 1

    assert api.get("/api/v1/overview").json()["balanced"] is False


def test_cases_come_by_the_page(filled: Stand, api: Api) -> None:
    """A page of the queue names its cases, the newest first, and how many there are in all."""
    found = api.get("/api/v1/cases", params={"limit": 2, "after": "0.17"}).json()

    assert [case["number"] for case in found["cases"]] == ["C-000016", "C-000015"]
    assert found["open"] == 15


def test_a_case_comes_with_its_history(stand: Stand, api: Api) -> None:
    """One case is given with each step, who took it and why."""
    stand.judge(raised(), cleared(evidence='{"power_w": 81.5}'))
    found = api.get("/api/v1/cases/C-000001").json()

    assert [(step["step"], step["actor"], step["reason"]) for step in found["steps"]] == [
        ("reported", "device", "raised"),
        ("resolved", "device", "recovered"),
        ("verified", "device", "recovered"),
        ("closed", "device", "recovered"),
    ]
    assert found["evidence"] == {"power_w": 81.5}


def test_an_unknown_case_is_404(api: Api) -> None:
    """A number that was never given out is not found, in the one shape of refusals."""
    answer = api.get("/api/v1/cases/C-999999")

    assert answer.status_code == 404
    assert answer.json() == {"code": "not_found", "message": "there is no case 'C-999999'", "faults": []}


def test_findings_are_given_as_known_now(stand: Stand, api: Api) -> None:
    """Of each finding the newest version is listed, the latest raised first."""
    stand.judge(raised("f1"), cleared("f1"), raised("f2", raised_at=NOW_US))
    found = api.get("/api/v1/findings").json()["findings"]

    assert [(f["finding"], f["version"], f["state"]) for f in found] == [
        ("f2", 1, "raised"),
        ("f1", 2, "cleared"),
    ]


@pytest.mark.parametrize(
    ("wish", "expected"), [({"state": "cleared"}, ["f1"]), ({"rule": "overstay"}, ["f2"])]
)
def test_findings_can_be_chosen(stand: Stand, api: Api, wish: dict[str, str], expected: list[str]) -> None:
    """Findings are chosen by how they stand now and by their rule."""
    stand.judge(raised("f1"), cleared("f1"), raised("f2", rule="overstay"))
    found = api.get("/api/v1/findings", params=wish).json()["findings"]

    assert [finding["finding"] for finding in found] == expected


@pytest.mark.parametrize("family", ["water", "parking", "lighting"])
def test_a_chart_is_given_for_each_family(filled: Stand, api: Api, family: str) -> None:
    """Each family has its figure for each hour."""
    found = api.get(f"/api/v1/series/{family}", params={"hours": 24}).json()

    assert found["family"] == family
    assert len(found["points"]) >= 23


@pytest.mark.parametrize(
    ("path", "where"),
    [
        ("/api/v1/cases?limit=0", "query.limit"),
        ("/api/v1/cases?limit=many", "query.limit"),
        ("/api/v1/findings?offset=-1", "query.offset"),
        ("/api/v1/findings?offset=99999999999999999999999", "query.offset"),
        ("/api/v1/cases/" + "9" * 200, "path.number"),
        ("/api/v1/findings?state=open", "query.state"),
        ("/api/v1/findings?rule=" + "x" * 65, "query.rule"),
        ("/api/v1/series/gas", "path.family"),
        ("/api/v1/series/water?hours=49", "query.hours"),
        ("/api/v1/series/water?hours=nan", "query.hours"),
    ],
)
def test_a_wrong_parameter_is_named(api: Api, path: str, where: str) -> None:
    """A wrong parameter is refused with its place and what would be right."""
    answer = api.get(path)

    assert answer.status_code == 422
    assert [answer.json()["code"], answer.json()["faults"][0]["where"]] == ["invalid", where]


@pytest.mark.parametrize(
    "text", ["%00", "%F0%9F%92%A9", "'%3B--", "%FF%FE", "..%2F..%2Fetc", "<script>", "%0d%0aX: y"]
)
def test_odd_text_is_no_fault_of_the_server(filled: Stand, api: Api, text: str) -> None:
    """Odd bytes in a path or a parameter find nothing and break nothing."""
    paths = [f"/api/v1/cases/{text}", f"/api/v1/findings?rule={text}", f"/api/v1/series/{text}"]

    assert all(api.get(path).status_code < 500 for path in paths)


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [("GET", "/api/v1/nothing", (404, "not_found")), ("POST", "/api/v1/cases", (405, "method_not_allowed"))],
)
def test_each_refusal_has_the_one_shape(api: Api, method: str, path: str, expected: tuple[int, str]) -> None:
    """A path or a method that does not exist is refused as JSON like everything else."""
    answer = api.get(path, method=method)

    assert (answer.status_code, answer.json()["code"]) == expected


def test_a_store_that_cannot_be_read_is_503(filled: Stand, api: Api) -> None:
    """A dead state database is an answer that names it, and when to ask again."""
    filled.state_path.unlink()
    answer = api.get("/api/v1/cases")

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert answer.json()["message"] == "state: unable to open database file"


def test_dead_telemetry_is_503(stand: Stand, api: Api) -> None:
    """A chart that cannot be read is an answer that names the store, in one line."""
    stand.drop(Family.WATER)
    answer = api.get("/api/v1/series/water")

    assert (answer.status_code, answer.json()["code"]) == (503, "unreadable")
    assert answer.json()["message"].startswith(
        "telemetry: DuckDB: Catalog Error: Table with name water does not exist"
    )
    assert "\n" not in answer.json()["message"]


def test_the_reference_lists_every_path(api: Api) -> None:
    """The reference page names each path of the OpenAPI document and loads nothing from elsewhere."""
    page = api.get("/docs").text

    assert [path for path in api.get("/api/v1/openapi.json").json()["paths"] if path not in page] == []
    assert "http" not in page
