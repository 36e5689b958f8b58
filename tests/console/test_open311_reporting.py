import json
from contextlib import closing
from typing import Any

from console_stand import Stand
from narrowgate_cases.requests import reports_of
from open311_stand import CITY, City


def _reports(stand: Stand, number: str) -> list[Any]:
    with closing(stand.reader()) as connection:
        return reports_of(connection, number, with_people=True, limit=100)


def test_a_report_is_a_case_with_its_answers(city: City, stand: Stand) -> None:
    """A form with place, words, answers, pictures and a person is a case, and the person is kept apart."""
    number = city.report(
        city.keys.app,
        jurisdiction_id=CITY,
        address_string="长街12号",
        first_name="伟",
        phone="13800138000",
        media_url="https://city.example/a.jpg",
        **{
            "attribute[kind]": "dark", "attribute[lamps]": "2",
            "attribute[seen]": "2026-03-14T21:40:00+08:00",
            "attribute[signs][]": ["a", "b"], "attribute[more]": "two\r\nlines", "attribute[other]": "kept",
        },
    )  # fmt: skip
    [told] = _reports(stand, number)
    seen = city.get(f"requests/{number}.json", city.keys.app).json()[0]

    assert told.person == {"first_name": "伟", "phone": "13800138000"}
    assert told.details["attributes"] == {
        "kind": "dark", "lamps": "2", "seen": "2026-03-14T21:40:00+08:00", "signs": ["a", "b"],
        "more": "two\nlines", "other": "kept",
    }  # fmt: skip
    assert (seen["description"], seen["address"], seen["media_url"]) == (
        "dark", "长街12号", "https://city.example/a.jpg",
    )  # fmt: skip
    assert (seen["lat"], seen["long"], seen["status"], seen["service_code"]) == (
        31.2,
        121.4,
        "open",
        "lamp_out",
    )
    assert "13800138000" not in json.dumps(told.details)


def test_the_same_again_is_the_same_request(city: City) -> None:
    """What is sent again after a time-out is answered with the same number, and changes nothing."""
    first = city.report(city.keys.app)
    before = city.kept()

    assert city.report(city.keys.app) == first
    assert city.kept() == before
    assert city.report(city.keys.app, description="dark again") != first


def test_reports_on_one_asset_are_one_request(city: City, stand: Stand) -> None:
    """People who name the same asset, by address_id or by the question for it, tell of one case."""
    one = city.report(city.keys.app, address_id="L-3", lat=None, long=None)
    other = city.report(city.keys.desk, description="still dark", **{"attribute[pole]": "L-3"})

    assert one == other
    assert [told.words for told in _reports(stand, one)] == ["dark", "still dark"]


def test_an_asset_of_another_family_is_not_there(city: City) -> None:
    """Who reports lamps learns nothing of water connections: their codes are answered like none."""
    lamp = {"service_code": "lamp_out", "description": "dark"}
    answers = [city.post("requests.json", {**lamp, "address_id": code}).json() for code in ("W-1", "no such")]

    assert (
        answers[0]
        == answers[1]
        == [{"code": 404, "description": "address_id was not found: there is no asset of that code"}]
    )


def test_anybody_may_report_where_it_is_open(city: City) -> None:
    """Without a key a report is taken where the city opened it, and its request can be read by anybody."""
    number = city.report()

    assert city.get(f"requests/{number}.json").json()[0]["service_request_id"] == number


def test_a_batch_service_answers_a_token(city: City) -> None:
    """A report of a batch service is answered by a token, which gives the number when asked for."""
    answer = city.post(
        "requests.json", {"service_code": "tilt", "lat": "31.2", "long": "121.4"}, key=city.keys.app
    )
    token = answer.json()[0]["token"]
    found = city.get(f"tokens/{token}.json").json()

    assert "service_request_id" not in answer.json()[0]
    assert found == [{"service_request_id": "C-000018", "token": token}]
    assert city.get("tokens/report-0000000000000000.xml").status_code == 404


def test_a_tenants_key_reports_on_its_own_assets_only(closed_city: City) -> None:
    """Whoever brings a report can see its case: others' assets are not there, a place alone will not do."""
    before, key = closed_city.kept(), closed_city.keys.north
    tilt = {"service_code": "tilt", "description": "leans"}
    others = closed_city.post("requests.json", {**tilt, "address_id": "L-3"}, key=key)
    nothing = closed_city.post("requests.json", {**tilt, "address_id": "no such"}, key=key)
    placed = closed_city.post("requests.json", {**tilt, "lat": "31.2", "long": "121.4"}, key=key)

    assert (others.status_code, placed.status_code, others.json()) == (404, 403, nothing.json())
    assert closed_city.kept() == before
    assert closed_city.post("requests.json", {**tilt, "address_id": "W-1"}, key=key).status_code == 200


def test_all_that_is_wrong_is_told_at_once(city: City) -> None:
    """A form with several faults is refused with all of them."""
    form = {
        "service_code": "lamp_out", "lat": "91", "long": "0",
        "attribute[kind]": "blue", "attribute[lamps]": "two",
        "description": "x" * 4001, "media_url": "javascript:alert(1)",
    }  # fmt: skip
    told = city.post("requests.json", form, key=city.keys.app).json()

    assert {each["code"] for each in told} == {400}
    assert [each["description"].split(" ")[0] for each in told] == [
        "lat", "attribute[kind]", "attribute[lamps]", "media_url", "description",
    ]  # fmt: skip


_LAMP = {"service_code": "lamp_out", "lat": "31.2", "long": "121.4"}


_WRONG: list[tuple[dict[str, object], int, str]] = [
    ({"lat": "1", "long": "2"}, 400, "service_code was not provided"),
    ({**_LAMP, "service_code": "no such"}, 404, "service_code was not found"),
    ({"service_code": "lamp_out"}, 400, "a place was not provided"),
    ({"service_code": "lamp_out", "lat": "1"}, 400, "belong together"),
    ({**_LAMP, "lat": "NaN"}, 400, "lat is no number"),
    ({**_LAMP, "long": "180.5"}, 400, "long is from"),
    ({**_LAMP, "lat": "1e1"}, 400, "lat is no number"),
    ({**_LAMP, "lat": ["1", "2"]}, 400, "more than once"),
    ({**_LAMP, "service_code": "overstay"}, 400, "attribute[bay] was not provided"),
    ({**_LAMP, "jurisdiction_id": "x"}, 404, "jurisdiction_id was not found"),
    ({**_LAMP, "attribute[seen]": "now"}, 400, "attribute[seen] is no time"),
    ({**_LAMP, "attribute[signs]": ["a", "z"]}, 400, "attribute[signs] is one of a, b"),
    ({**_LAMP, "api_key": "ngt_1_2"}, 403, "api_key is not valid"),
    ({"service_code": "lamp_out", "address_id": "no such"}, 404, "address_id was not found"),
]


def test_what_the_standard_refuses_is_refused(city: City) -> None:
    """Each fault has the standard's status and a description that names the field; nothing is stored."""
    before = city.kept()
    answers = [city.post("requests.json", {"api_key": city.keys.app, **form}) for form, _, _ in _WRONG]
    told = [answer.json()[0] for answer in answers]

    assert [answer.status_code for answer in answers] == [status for _, status, _ in _WRONG]
    assert [each["code"] for each in told] == [status for _, status, _ in _WRONG]
    assert [words in each["description"] for each, (_, _, words) in zip(told, _WRONG, strict=True)] == [
        True for _ in _WRONG
    ]
    assert city.kept() == before


def test_updates_go_both_ways(city: City) -> None:
    """What an app says of a request is a remark once, and is told to whoever asks for updates."""
    said = {
        "service_request_id": "C-000001",
        "description": "still dark",
        "status": "OPEN",
        "update_id": "77",
    }
    answers = [
        city.post("servicerequestupdates.xml", {**said, "api_key": city.keys.app}).text for _ in range(2)
    ]
    found = city.get("servicerequestupdates.json", city.keys.app).json()
    [told] = [each for each in found if each["description"] == "still dark"]

    assert answers[0] == answers[1]
    assert f"<update_id>{told['update_id']}</update_id>" in answers[0]
    assert (told["service_request_id"], told["status"]) == ("C-000001", "OPEN")


def test_fixed_is_said_by_anybody_and_done_by_who_mends(city: City) -> None:
    """FIXED is a remark of an app, and of a key with cases:work the step that says so."""
    form = {"service_request_id": "C-000001", "description": "lit", "status": "FIXED"}
    standing = []
    for key in (city.keys.app, city.keys.crew):
        assert city.post("servicerequestupdates.json", form, key=key).status_code == 200
        standing.append(city.get("requests/C-000001.json").json()[0]["status_notes"])

    assert standing == ["reported", "resolved"]


_UNFIT: list[tuple[dict[str, str], int]] = [
    ({"description": "x"}, 400),
    ({"service_request_id": "C-000001"}, 400),
    ({"service_request_id": "C-000001", "description": "\u202e\u200b"}, 400),
    ({"service_request_id": "C-999999", "description": "x"}, 404),
    ({"service_request_id": "C-000001", "description": "x", "status": "GONE"}, 400),
    ({"service_request_id": "C-000001", "description": "x", "updated_datetime": "now"}, 400),
    ({"service_request_id": "C-000001", "description": "x", "update_id": "a\nb"}, 400),
    ({"service_request_id": "C-000001", "description": "x" * 2001}, 400),
]


def test_an_update_that_cannot_be_stores_nothing(city: City) -> None:
    """An update without a request, without words, or with what cannot be is refused."""
    before = city.kept()
    answers = [city.post("servicerequestupdates.json", form, key=city.keys.app) for form, _ in _UNFIT]

    assert [answer.status_code for answer in answers] == [status for _, status in _UNFIT]
    assert [answer.json()[0]["code"] for answer in answers] == [status for _, status in _UNFIT]
    assert city.kept() == before


def test_an_update_needs_a_key(city: City) -> None:
    """Also where anybody may report, nobody speaks of a case without a key."""
    form = {"service_request_id": "C-000001", "description": "x"}

    assert city.post("servicerequestupdates.json", form).status_code == 403
    assert city.post("servicerequestupdates.json", form, key=city.keys.reader).status_code == 403
