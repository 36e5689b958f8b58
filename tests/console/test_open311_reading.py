from xml.etree import ElementTree

from console_api import Api
from console_stand import HOUR_US, NOW_US, Stand
from findings_rows import raised
from narrowgate_console import Access, Services
from narrowgate_console.app import create_app
from open311_stand import CITY, SPEAKING, City, keys_of, populate

_PATHS = {
    "discovery": "discovery",
    "services": "services",
    "services/lamp_out": "service_definition",
    "requests": "service_requests",
    "requests/C-000001": "service_requests",
    "servicerequestupdates": "service_request_updates",
}


def _spread(element: ElementTree.Element) -> object:
    """Give an element as the values that it was made of, text as text."""
    if len(element) == 0:
        return element.text or ""
    lists = {
        "services",
        "attributes",
        "values",
        "endpoints",
        "formats",
        "service_requests",
        "service_request_updates",
    }
    if element.tag in lists:
        return [_spread(each) for each in element]
    return {each.tag: _spread(each) for each in element}


def _plain(value: object, name: str = "") -> object:
    """Give what JSON says as XML can say it: text, and '' for what is null or an empty list."""
    if isinstance(value, dict):
        return {key: _plain(each, key) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value] or ""
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def test_both_formats_say_the_same(city: City) -> None:
    """Each path is told in XML under the standard's root, and in JSON with the same values."""
    told = {path: (city.get(f"{path}.json"), city.get(f"{path}.xml")) for path in _PATHS}
    roots = {path: ElementTree.fromstring(xml.content) for path, (_, xml) in told.items()}  # noqa: S314 - our own

    assert {path: root.tag for path, root in roots.items()} == _PATHS
    assert {path: _spread(root) for path, root in roots.items()} == {
        path: _plain(json.json()) for path, (json, _) in told.items()
    }
    assert {json.headers["content-type"] for json, _ in told.values()} == {"application/json; charset=utf-8"}
    assert {xml.headers["content-type"] for _, xml in told.values()} == {"text/xml; charset=utf-8"}
    assert {xml.content[:39] for _, xml in told.values()} == {b'<?xml version="1.0" encoding="UTF-8"?>\n'}


def test_a_definition_asks_what_the_city_wants_to_know(city: City) -> None:
    """A service's definition has its questions in order, with their types and what may be chosen."""
    asked = city.get("services/lamp_out.json").json()["attributes"]

    assert [each["order"] for each in asked] == [1, 2, 3, 4, 5, 6]
    assert [each["datatype"] for each in asked] == [
        "string", "number", "datetime", "text", "singlevaluelist", "multivaluelist",
    ]  # fmt: skip
    assert asked[4]["values"] == [{"key": "dark", "name": "Dark"}, {"key": "flickers", "name": "Flickers"}]


def test_only_what_is_offered_is_seen(city: City) -> None:
    """Cases of services that the city does not offer are not there, by any way of asking."""
    listed = {each["service_code"] for each in city.get("requests.json").json()}

    assert listed == {"lamp_out", "overstay"}
    assert city.get("requests/C-000002.json").status_code == 404
    assert (
        city.get("requests.json", service_request_id="C-000002,C-000001").json()[0]["service_code"]
        == "lamp_out"
    )
    assert city.get("requests.json", service_code="continuous_leak").json() == []
    assert city.post("servicerequestupdates.json", {
        "api_key": city.keys.app, "service_request_id": "C-000002", "description": "x",
    }).status_code == 404  # fmt: skip


def test_requests_are_found_by_service_status_and_time(city: City, stand: Stand) -> None:
    """Service, status and span narrow the list; lists have commas; numbers override all else."""
    day = {"start_date": "2026-03-14T00:00:00Z", "end_date": "2026-03-15T07:40:00+08:00"}
    before = {"start_date": "2026-03-01T00:00:00Z", "end_date": "2026-03-14T21:39:59Z"}

    def numbers(**fields: str) -> int:
        return len(city.get("requests.json", **fields).json())

    assert (numbers(), numbers(service_code="lamp_out"), numbers(service_code="lamp_out,overstay")) == (
        11,
        6,
        11,
    )
    assert (numbers(status="open"), numbers(status="closed"), numbers(status="open,closed")) == (9, 2, 11)
    assert (numbers(**day), numbers(**before)) == (11, 0)
    assert numbers(service_request_id="C-000001,C-000003,C-999999", status="closed", **before) == 2


def test_requests_come_by_pages(city: City) -> None:
    """Page and page_size give the list piece by piece, the latest first; max_requests ends it."""
    every = [each["service_request_id"] for each in city.get("requests.json").json()]
    pages = [
        [each["service_request_id"] for each in city.get("requests.json", page=str(n), page_size="5").json()]
        for n in (1, 2, 3, 4)
    ]

    assert [len(page) for page in pages] == [5, 5, 1, 0]
    assert [number for page in pages for number in page] == every == sorted(every, reverse=True)
    assert len(city.get("requests.json", max_requests="3").json()) == 3


_QUESTIONS: list[tuple[dict[str, str], int]] = [
    ({"start_date": "2026-01-01T00:00:00Z", "end_date": "2026-04-02T00:00:00Z"}, 400),
    ({"start_date": "2026-03-02T00:00:00Z", "end_date": "2026-03-01T00:00:00Z"}, 400),
    ({"start_date": "yesterday"}, 400),
    ({"start_date": "2026-03-01T00:00:00"}, 400),
    ({"end_date": "2026-13-01T00:00:00Z"}, 400),
    ({"status": "mended"}, 400),
    ({"page": "0"}, 400),
    ({"page": "٣"}, 400),
    ({"page_size": "1001"}, 400),
    ({"service_code": ",".join(["x"] * 1001)}, 400),
    ({"jurisdiction_id": "other.example"}, 404),
    ({"jurisdiction_id": CITY}, 200),
    ({"api_key": "ngt_00000000_wrong"}, 403),
    ({"unknown": "1"}, 200),
]


def test_what_cannot_be_asked_is_refused(city: City) -> None:
    """A question that cannot be is refused by the standard's list of code and description."""
    answers = [city.get("requests.json", **fields) for fields, _ in _QUESTIONS]
    refused = [answer for answer in answers if answer.status_code != 200]

    assert [answer.status_code for answer in answers] == [status for _, status in _QUESTIONS]
    assert [[each["code"] for each in answer.json()] for answer in refused] == [
        [answer.status_code] for answer in refused
    ]
    assert all(each["description"] for answer in refused for each in answer.json())


def test_what_people_wrote_and_who_they_are_is_not_for_anybody(city: City) -> None:
    """Without a key nothing of a report's words is told; names, telephones and e-mail never are."""
    person = {"first_name": "Zhang", "last_name": "Wei", "phone": "13800138000", "email": "z@city.example"}
    number = city.report(city.keys.app, description="at my door", address_string="12 Long Lane", **person)
    paths = [
        f"requests/{number}.xml",
        "requests.json",
        "servicerequestupdates.json?",
        f"requests/{number}.json",
    ]
    public = "".join(city.get(path).text for path in paths)
    keyed = "".join(city.get(path, city.keys.desk, extensions="true").text for path in paths)

    assert [words in public for words in ("at my door", "12 Long Lane")] == [False, False]
    assert [words in keyed for words in ("at my door", "12 Long Lane")] == [True, True]
    assert [value for value in person.values() if value in public + keyed] == []


def test_a_city_may_show_what_people_wrote_and_never_who_they_are(
    stand: Stand, access: Access, services: Services
) -> None:
    """Where the city says so, words are told to anybody; who wrote them is not."""
    populate(stand)
    city = City(Api(create_app(services, access, offer=SPEAKING)), stand, keys_of(access))
    number = city.report(description="at the gate", first_name="Zhang", phone="13800138000")
    told = city.get(f"requests/{number}.xml").text

    assert [words in told for words in ("at the gate", "Zhang", "13800138000")] == [True, False, False]


def test_updates_come_by_pages(city: City) -> None:
    """Each update is on one page, the oldest first."""
    every = city.get("servicerequestupdates.json").json()
    size = len(every) // 2 + 1
    pages = [
        city.get("servicerequestupdates.json", page=str(n), page_size=str(size)).json() for n in (1, 2, 3)
    ]

    assert [*pages[0], *pages[1]] == every
    assert pages[2] == []


def test_nothing_is_told_without_a_key_where_nobody_opened_it(closed_city: City) -> None:
    """Closed by default: requests, updates and reports need a key; services are told to anybody."""
    paths = ["requests.json", "requests/C-000001.json", "servicerequestupdates.json", "tokens/x.json"]
    refused = [closed_city.get(path) for path in paths]

    assert [answer.json()[0] for answer in refused] == [
        {"code": 403, "description": "api_key was not provided"} for _ in paths
    ]
    assert closed_city.post("requests.json", {"service_code": "lamp_out"}).status_code == 403
    assert closed_city.get("services.json").status_code == 200
    assert closed_city.get("requests.json", closed_city.keys.reader).status_code == 200
    assert closed_city.get("requests.json", api_key=closed_city.keys.reader).status_code == 200


def test_a_tenants_key_sees_its_own(closed_city: City, stand: Stand) -> None:
    """A key of one tenant is answered as if the others' cases were not there."""
    stand.judge(raised("tilted", rule="tilt", device="water-0001", asset="W-1", raised_at=NOW_US - HOUR_US))
    listed = closed_city.get("requests.json", closed_city.keys.north).json()

    assert [each["address_id"] for each in listed] == ["W-1"]
    assert closed_city.get("requests/C-000001.json", closed_city.keys.north).status_code == 404
    assert {
        each["service_request_id"]
        for each in closed_city.get("servicerequestupdates.json", closed_city.keys.north).json()
    } == {listed[0]["service_request_id"]}
