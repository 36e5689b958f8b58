import re
from xml.etree import ElementTree

from console_stand import Stand
from open311_stand import FORM, City

_LAMP = "service_code=lamp_out&lat=31.2&long=121.4"
_BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "aaaaaaaaaa">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(20))
    + b"]><r>&u;</r>"
)
_OUTSIDE = b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><r><service_code>&x;</service_code></r>'
_TEN_MEGABYTES = b"description=" + b"x" * 10_000_000
_XML, _JSON = "text/xml", "application/json"
# name: (the body as it is sent, what it says that it is, the answer's status)
_REFUSED: dict[str, tuple[bytes, str, int]] = {
    "nothing": (b"", FORM, 400),
    "no form": (_LAMP.encode(), "text/plain", 415),
    "no type": (_LAMP.encode(), "", 415),
    "multipart": (b"--x\r\n\r\n--x--", "multipart/form-data; boundary=x", 415),
    "another encoding": (_LAMP.encode(), f"{FORM}; charset=gb18030", 415),
    "xml": (b"<r><service_code>lamp_out</service_code></r>", _XML, 415),
    "xml without end": (b"<r><service_code>", _XML, 415),
    "xml as a form": (b"<r><service_code>lamp_out</service_code></r>", FORM, 400),
    "entities": (_BOMB, _XML, 415),
    "entities as a form": (_BOMB, FORM, 400),
    "an entity from outside": (_OUTSIDE, "application/xml", 415),
    "an entity from outside as a form": (_OUTSIDE, FORM, 400),
    "json": (b'{"service_code": "lamp_out"}', _JSON, 415),
    "json without end": (b'{"service_code":', _JSON, 415),
    "json as a form": (b'[{"service_code": "lamp_out"}]', FORM, 400),
    "deep json": (b"[" * 100_000, _JSON, 415),
    "ten megabytes": (_TEN_MEGABYTES, FORM, 413),
    "ten megabytes of xml": (b"<r>" * 3_400_000, _XML, 413),
    "bytes that are no utf-8": (f"{_LAMP}&description=".encode() + b"\xff\xfe", FORM, 400),
    "percents that are no utf-8": (f"{_LAMP}&description=%ff%fe".encode(), FORM, 400),
    "gb18030": (f"{_LAMP}&description=".encode() + "路灯".encode("gb18030"), FORM, 400),
    "latin-1 in a name": (f"{_LAMP}&attribute[%e9]=x".encode(), FORM, 400),
    "utf-16": (_LAMP.encode("utf-16"), FORM, 400),
    "half a surrogate": (f"{_LAMP}&description=%ed%a0%80".encode(), FORM, 400),
    "an overlong slash": (f"{_LAMP}&description=%c0%af".encode(), FORM, 400),
    "two hundred and one fields": ("&".join(f"f{n}=1" for n in range(201)).encode(), FORM, 400),
    "nul": (f"{_LAMP}&description=a%00b".encode(), FORM, 400),
    "escape": (f"{_LAMP}&description=a%1bb".encode(), FORM, 400),
    "nul in a name": (f"{_LAMP}&attribute[a%00]=b".encode(), FORM, 400),
    "nul in a person": (f"{_LAMP}&first_name=a%00b".encode(), FORM, 400),
    "two lines of a name": (f"{_LAMP}&last_name=a%0ab".encode(), FORM, 400),
    "nul in an address": (f"{_LAMP}&address_string=a%00b".encode(), FORM, 400),
    "private letters": (f"{_LAMP}&description=%ee%80%80".encode(), FORM, 400),
    "no letter at all": (f"{_LAMP}&email=%ef%bf%be".encode(), FORM, 400),
    "north of the pole": (b"service_code=lamp_out&lat=90.0001&long=0", FORM, 400),
    "beyond the date line": (b"service_code=lamp_out&lat=0&long=-180.01", FORM, 400),
    "not a number": (b"service_code=lamp_out&lat=nan&long=0", FORM, 400),
    "without end": (b"service_code=lamp_out&lat=0&long=inf", FORM, 400),
    "hexadecimal": (b"service_code=lamp_out&lat=0x1&long=0", FORM, 400),
    "other digits": ("service_code=lamp_out&lat=٣١&long=0".encode(), FORM, 400),
    "a million digits": (b"service_code=lamp_out&long=0&lat=" + b"1" * 900_000, FORM, 400),
    "half a place": (b"service_code=lamp_out&lat=31.2", FORM, 400),
    "no place": (b"service_code=lamp_out", FORM, 400),
    "a blank place": (b"service_code=lamp_out&address_string=%e2%80%8b", FORM, 400),
    "a picture that is a script": (f"{_LAMP}&media_url=javascript:alert(1)".encode(), FORM, 400),
    "a picture that is a file": (f"{_LAMP}&media_url=file:///etc/passwd".encode(), FORM, 400),
    "a picture at no host": (f"{_LAMP}&media_url=http://[".encode(), FORM, 400),
    "a long description": (f"{_LAMP}&description={'x' * 4001}".encode(), FORM, 400),
    "sql for a service": (b"lat=1&long=1&service_code=lamp_out'%20OR%20'1'='1", FORM, 404),
    "sql for a city": (f"{_LAMP}&jurisdiction_id=x'%20OR%201=1--".encode(), FORM, 404),
    "markup for an asset": (f"{_LAMP}&address_id=%3Cscript%3E".encode(), FORM, 404),
}


def _told(content: bytes) -> list[tuple[str, str]]:
    """Give the codes and descriptions of a refusal in XML."""
    root = ElementTree.fromstring(content)  # noqa: S314 - our own
    assert root.tag == "errors"
    return [(each.findtext("code", ""), each.findtext("description", "")) for each in root]


def test_what_is_malformed_is_refused_in_both_formats(city: City) -> None:
    """Whatever is reported, the answer is the standard's error in the path's format, and nothing is kept."""
    before, key = city.kept(), city.keys.desk
    json = {name: city.post("requests.json", body, kind, key) for name, (body, kind, _) in _REFUSED.items()}
    xml = {
        name: city.post("requests.xml", body, kind, city.keys.app)
        for name, (body, kind, _) in _REFUSED.items()
    }
    expected = {name: status for name, (_, _, status) in _REFUSED.items()}

    assert {name: answer.status_code for name, answer in json.items()} == expected
    assert {name: answer.json()[0]["code"] for name, answer in json.items()} == expected
    assert {name: int(_told(answer.content)[0][0]) for name, answer in xml.items()} == expected
    assert [name for name, answer in xml.items() if not _told(answer.content)[0][1]] == []
    assert city.kept() == before


def test_a_body_without_length_is_refused(city: City) -> None:
    """What does not say how long it is could be without end: it is refused before it is read."""
    headers = {"Content-Type": FORM, "Transfer-Encoding": "chunked"}
    answer = city.api.get("/open311/v2/requests.xml", method="POST", headers=headers)

    assert (answer.status_code, _told(answer.content)[0][0]) == (411, "411")


_QUERIES = ("start_date=%ff", "status=%00", "service_request_id=%ed%a0%80", "x=%c0%af")
_PATHS = ("requests/%ff%fe.json", "requests/%00.xml", "tokens/%3Cb%3E.json", "services/%27.xml", "%2e%2e.xml")


def test_a_question_that_is_malformed_is_refused(city: City) -> None:
    """A query that is no UTF-8 or says what cannot be is refused; whatever stands in a path is not found."""
    asked = [city.get(f"requests.json?{query}") for query in _QUERIES]
    sought = [city.get(path) for path in _PATHS]

    assert [(answer.status_code, answer.json()[0]["code"]) for answer in asked] == [(400, 400)] * len(
        _QUERIES
    )
    assert [answer.status_code for answer in sought] == [404] * len(_PATHS)
    assert [answer for answer in sought if b"<b>" in answer.content] == []


SQL = "'; DROP TABLE cases; --"
MARKUP = '<script>alert(1)</script>"&amp;<img src=x onerror=alert(1)>{{7*7}}]]><!--'
_TEXTS = (
    "description",
    "address_string",
    "first_name",
    "last_name",
    "phone",
    "email",
    "device_id",
    "account_id",
)


def test_sql_and_markup_are_text_everywhere(city: City) -> None:
    """What looks like SQL or markup is kept as it was typed, and is told as text in JSON and in XML."""
    hostile = f"{SQL} {MARKUP}"
    form = {
        **dict.fromkeys(_TEXTS, hostile),
        "attribute[more]": hostile,
        f"attribute[{MARKUP[:60]}]": hostile,
    }
    number = city.report(city.keys.app, **form)
    update = {"service_request_id": number, "description": hostile, "update_id": hostile}
    city.post("servicerequestupdates.json", update, key=city.keys.app)
    key = city.keys.desk
    [json] = city.get(f"requests/{number}.json", key).json()
    xml = city.get(f"requests/{number}.xml", key)
    [request] = ElementTree.fromstring(xml.content)  # noqa: S314 - our own
    reports = city.api.get(
        f"/api/v1/cases/{number}/reports", headers={"Authorization": f"Bearer {key}"}
    ).json()
    updates = city.get("servicerequestupdates.xml", key)

    assert (json["description"], json["address"]) == (hostile, hostile)
    assert (request.findtext("description"), request.findtext("address")) == (hostile, hostile)
    assert reports[0]["person"] == dict.fromkeys(_TEXTS[2:], hostile)
    assert hostile in [each.findtext("description") for each in ElementTree.fromstring(updates.content)]  # noqa: S314
    assert re.search(rb"<(script|img|!--)", xml.content + updates.content) is None
    assert len(city.get("requests.json", key).json()) == 12


def test_letters_that_are_not_seen_are_left_out(city: City) -> None:
    """Marks of direction and of byte order vanish; line ends are made one; joined emoji stay whole."""
    number = city.report(city.keys.app, description="\ufeffa\u202eb\u200b\r\nc 👩\u200d🔧 ")

    assert city.get(f"requests/{number}.json", city.keys.app).json()[0]["description"] == "ab\nc 👩\u200d🔧"


def test_whatever_else_goes_wrong_is_told_in_the_same_form(city: City, stand: Stand) -> None:
    """A verb that a path has not, and a store that cannot be read, are the standard's error too."""
    verb = city.api.get("/open311/v2/requests.json", method="DELETE")
    stand.state_path.unlink()
    store = city.get("requests.json", city.keys.app)
    report = city.post("requests.xml", _LAMP.encode(), key=city.keys.app)

    assert (verb.status_code, verb.json()[0]["code"]) == (405, 405)
    assert (store.status_code, store.json()[0]["code"], "retry-after" in store.headers) == (503, 503, True)
    assert (report.status_code, _told(report.content)[0][0]) == (503, "503")
