"""The exchanges that GeoReport v2 and FixMyStreet's extension document, as they stand there: facts, not ours.

wiki.open311.org/GeoReport_v2 (examples of each method); FixMyStreet's wiki, "Open311 FMS – Complete Spec" and
"Proposed differences to Open311" (servicerequestupdates).
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qsl

import pytest

from narrowgate_cases.http_exchange import ExchangeFailed, Site
from narrowgate_cases.open311_answers import MOST_BYTES, BadAnswer, rows_of
from narrowgate_cases.open311_client import Format, Georeport, ServerRefused, instant_text
from narrowgate_cases.open311_forms import Form
from narrowgate_cases.open311_services import Attribute, Service, discovered, read_definitions, told

HEAD = '<?xml version="1.0" encoding="utf-8"?>\n'
SERVICES_XML = f"""{HEAD}<services>
<service><service_code>001</service_code><service_name>Cans left out 24x7</service_name>
<description>Garbage or recycling cans</description><metadata>true</metadata><type>realtime</type>
<keywords>lorem, ipsum, dolor</keywords><group>sanitation</group></service>
<service><service_code>002</service_code><metadata>false</metadata><type>batch</type>
<keywords>lorem, ipsum, dolor</keywords><group>street</group>
<service_name>Construction plate shifted</service_name><description>Metal plate</description></service>
</services>"""
SERVICES_JSON = json.dumps(
    [
        {"service_code": "001", "service_name": "Cans left out 24x7", "metadata": True, "type": "realtime",
         "description": "Garbage or recycling cans", "keywords": "lorem, ipsum, dolor",
         "group": "sanitation"},
        {"service_code": "002", "service_name": "Construction plate shifted", "metadata": False,
         "type": "batch", "description": "Metal plate", "keywords": "lorem, ipsum, dolor", "group": "street"},
    ]
)  # fmt: skip
DEFINITION_XML = f"""{HEAD}<service_definition><service_code>DMV66</service_code><attributes><attribute>
<variable>true</variable><code>WHISHETN</code><datatype>singlevaluelist</datatype><required>true</required>
<datatype_description></datatype_description><order>1</order>
<description>What is the ticket/tag/DL number?</description><values>
<value><key>123</key><name>Ford</name></value><value><key>124</key><name>Chrysler</name></value>
</values></attribute></attributes></service_definition>"""
DEFINITION_JSON = """{"service_code":"DMV66","attributes":[{"variable":true,"code":"WHISHETN",
"datatype":"singlevaluelist","required":true,"datatype_description":null,"order":1,
"description":"What is the ticket/tag/DL number?",
"values":[{"key":123,"name":"Ford"},{"key":124,"name":"Chrysler"}]}]}"""
POSTED_XML = f"""{HEAD}<service_requests><request><service_request_id>293944</service_request_id>
<service_notice>The City will inspect</service_notice><account_id/></request></service_requests>"""
POSTED_JSON = '[{"service_request_id":293944,"service_notice":"The City will inspect","account_id":null}]'
TOKEN_XML = f"""{HEAD}<service_requests><request><service_request_id>638344</service_request_id>
<token>12345</token></request></service_requests>"""
TOKEN_JSON = '[{"service_request_id":638344,"token":12345}]'  # noqa: S105
UPDATES_XML = f"""{HEAD}<service_request_updates><request_update><update_id>638344</update_id>
<service_request_id>1</service_request_id><status>OPEN</status>
<updated_datetime>2010-04-14T06:37:38-08:00</updated_datetime><description>This is a note</description>
<media_url/></request_update></service_request_updates>"""
ERRORS_XML = f"""{HEAD}<errors><error><code>403</code>
<description>Invalid api_key received -- can't proceed with create_request.</description></error></errors>"""
ERRORS_JSON = '[{"code":403,"description":"Invalid api_key received -- can\'t proceed with create_request."}]'


@contextmanager
def _saying(*answers: tuple[int, str | bytes]) -> Iterator[tuple[str, list[tuple[str, str, bytes]]]]:
    """Say answers in turn; give the address and what was asked: method, path, body."""
    asked: list[tuple[str, str, bytes]] = []
    left = list(answers)

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            asked.append((self.command, self.path, body))
            status, said = left.pop(0)
            content = said.encode() if isinstance(said, str) else said
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = _answer

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    serving = threading.Thread(target=server.serve_forever, args=(0.01,))
    serving.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/dev/v2", asked
    finally:
        server.shutdown()
        serving.join()
        server.server_close()


def _city(url: str, form: Format) -> Georeport:
    return Georeport(Site(url), "xyz", form=form, jurisdiction="city.gov")


@pytest.mark.parametrize(
    ("form", "services", "definition"),
    [(Format.XML, SERVICES_XML, DEFINITION_XML), (Format.JSON, SERVICES_JSON, DEFINITION_JSON)],
)
def test_services_and_their_attributes_are_read_as_documented(
    form: Format, services: str, definition: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The service list, and the definition of what has metadata, in either form; and back out of the file."""
    with _saying((200, services), (200, definition)) as (url, asked):
        found = discovered(_city(url, form))
    place = tmp_path_factory.mktemp("told") / "services.json"
    place.write_text(told(found))

    asks = "What is the ticket/tag/DL number?"
    attribute = Attribute("WHISHETN", "singlevaluelist", True, ("123", "124"), asks)
    assert found == {
        "001": Service("001", "Cans left out 24x7", "realtime", (attribute,)),
        "002": Service("002", "Construction plate shifted", "batch"),
    }
    assert read_definitions(place) == found
    assert [path for _, path, _ in asked] == [
        f"/dev/v2/services.{form}?jurisdiction_id=city.gov",
        f"/dev/v2/services/001.{form}?jurisdiction_id=city.gov",
    ]


@pytest.mark.parametrize(("form", "said"), [(Format.XML, POSTED_XML), (Format.JSON, POSTED_JSON)])
def test_a_request_is_posted_as_documented(form: Format, said: str) -> None:
    """The standard's example of a POST, field for field, to `requests.[format]`; its answer's id is read."""
    form_of_city = Form(
        {"leak": "001"},
        {"001": {"WHISPAWN": "123456", "WHISDORN": "COISL001"}},
        description="A large sinkhole is destroying the street",
        address="1234 5th street",
        device_id="tt222111",
        media_url="http://farm3.static.flickr.com/2002/2212426634_5ed477a060.jpg",
        contact={"email": "smit333@sfgov.edu", "account_id": "123456", "first_name": "john",
                 "last_name": "smith", "phone": "111111111"},
    )  # fmt: skip
    letter = {"lat": 37.76524078, "lon": -122.4212043}
    with _saying((200, said)) as (url, asked):
        fields = form_of_city.request_fields(letter, "001", "[ng-f1]")
        rows = _city(url, form).post("requests", fields)
    [(method, path, body)] = asked

    assert (method, path) == ("POST", f"/dev/v2/requests.{form}")
    assert parse_qsl(body.decode()) == [
        ("api_key", "xyz"),
        ("jurisdiction_id", "city.gov"),
        ("service_code", "001"),
        ("lat", "37.76524078"),
        ("long", "-122.4212043"),
        ("address_string", "1234 5th street"),
        ("email", "smit333@sfgov.edu"),
        ("device_id", "tt222111"),
        ("account_id", "123456"),
        ("first_name", "john"),
        ("last_name", "smith"),
        ("phone", "111111111"),
        ("description", "A large sinkhole is destroying the street\n[ng-f1]"),
        ("media_url", "http://farm3.static.flickr.com/2002/2212426634_5ed477a060.jpg"),
        ("attribute[WHISPAWN]", "123456"),
        ("attribute[WHISDORN]", "COISL001"),
    ]
    assert rows == [
        {"service_request_id": "293944", "service_notice": "The City will inspect", "account_id": ""}
    ]


def test_several_values_of_an_attribute_are_posted_as_documented() -> None:
    """A multivaluelist is sent as `attribute[code][]`, once for each value."""
    fields = Form({"leak": "1"}, {"1": {"code1": ("value1", "value2")}}).request_fields({}, "1", "m")

    assert [field for field in fields if field[0].startswith("attribute")] == [
        ("attribute[code1][]", "value1"), ("attribute[code1][]", "value2"),
    ]  # fmt: skip


@pytest.mark.parametrize(("form", "said"), [(Format.XML, TOKEN_XML), (Format.JSON, TOKEN_JSON)])
def test_a_token_is_redeemed_as_documented(form: Format, said: str) -> None:
    """`tokens/[token id]` gives the id."""
    with _saying((200, said)) as (url, asked):
        request_id = _city(url, form).request_id_of("12345")

    assert (request_id, asked[0][1]) == ("638344", f"/dev/v2/tokens/12345.{form}?jurisdiction_id=city.gov")


@pytest.mark.parametrize(("form", "said"), [(Format.XML, ERRORS_XML), (Format.JSON, ERRORS_JSON)])
def test_errors_are_read_as_documented(form: Format, said: str) -> None:
    """A status of the standard's and its description are one line."""
    with _saying((403, said)) as (url, _), pytest.raises(ServerRefused) as refused:
        _city(url, form).post("requests", [])

    assert str(refused.value) == (
        "403 Forbidden: Invalid api_key received -- can't proceed with create_request."
    )


def test_an_update_is_posted_as_fixmystreet_documents() -> None:
    """Its name there is ours, with the request, our case, when, the status after it and the words."""
    letter = {"delivery": "f1-2", "case": "C-000001", "step": "closed", "reason": "recovered",
              "state": "closed", "at": "2010-04-14T14:37:38.000000Z"}  # fmt: skip
    fields = Form({}, contact={"email": "desk@city.gov"}).update_fields(letter, "638344")

    assert fields == [
        ("update_id", "f1-2"),
        ("service_request_id", "638344"),
        ("service_request_id_ext", "C-000001"),
        ("updated_datetime", "2010-04-14T14:37:38Z"),
        ("status", "CLOSED"),
        ("description", "closed: recovered\n[ng-f1-2]"),
        ("email", "desk@city.gov"),
    ]


def test_updates_are_read_as_fixmystreet_documents() -> None:
    """A list of updates, each with the request that it is about."""
    [row] = rows_of(UPDATES_XML.encode())

    assert (row["update_id"], row["service_request_id"], row["status"]) == ("638344", "1", "OPEN")


def test_instants_are_written_as_documented() -> None:
    """Dates are W3's, in UTC, to the second."""
    assert instant_text(1274659200.7) == "2010-05-24T00:00:00Z"


BOMB = (
    b'<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;&b;&b;">]><services><service>&c;</service></services>'
)
OUTSIDE = b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><errors><error>&x;</error></errors>'


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (BOMB, "document type"),
        (OUTSIDE, "document type"),
        (b"<services><service>", "no XML"),
        (b'<?xml version="1.0" encoding="klingon"?><a/>', "unknown encoding"),
        ("<services>" + "<service>" * 99, "more elements"),
        ("<a>" + "<b/>" * 200_001 + "</a>", "more elements"),
        (b"[" * 100_000, "nested too deeply"),
        ("[" + '{"a":' * 20 + "1" + "}" * 20 + "]", "nested too deeply"),
        (b"[1, 2]", "no rows"),
        (b"", "no JSON"),
        (b"\xff\xfe<\x00", "no XML"),
        (b"[" + b"9" * 5000 + b"]", "no JSON"),
        (b"<html><body>Welcome", "no XML"),
    ],
    ids=range(13),
)
def test_what_is_no_answer_is_refused(body: bytes | str, words: str) -> None:
    """Bombs, outside entities, torn documents, strange encodings and depths are refused in words."""
    with pytest.raises(BadAnswer, match=words):
        rows_of(body.encode() if isinstance(body, str) else body)


def test_an_answer_has_a_bound() -> None:
    """Of an answer without an end no more is read than a bound."""
    with _saying((200, b" " * (MOST_BYTES + 1))) as (url, _), pytest.raises(BadAnswer, match="16 MiB"):
        _city(url, Format.JSON).services()


def test_xml_in_another_encoding_is_read() -> None:
    """What a document says of its encoding holds."""
    head = '<?xml version="1.0" encoding="utf-16"?>'
    text = f"{head}<services><service><group>路灯</group></service></services>"

    assert rows_of(text.encode("utf-16")) == [{"group": "路灯"}]


def test_nobody_there_is_no_answer() -> None:
    """A server that is not there was sent nothing."""
    with pytest.raises(ExchangeFailed) as failed:
        _city("http://127.0.0.1:9/v2", Format.JSON).services()

    assert not failed.value.was_sent
