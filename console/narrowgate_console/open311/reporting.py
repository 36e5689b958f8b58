"""POST requests: a form becomes a report, or all that is wrong with it."""

import json
from collections.abc import Callable, Iterator
from typing import TypeVar
from urllib.parse import urlsplit

from narrowgate_cases import Report
from narrowgate_cases.reports import MOST_WORDS
from narrowgate_cases.texts import clean_text
from narrowgate_console.open311.fields import MOST_LINE, Fields, degrees, instant_us, line_of, number
from narrowgate_console.open311.offer import Attribute, DataType, Offer, Offered
from narrowgate_console.open311.refused import Refused

PERSON = ("first_name", "last_name", "phone", "email", "device_id", "account_id")
"""What is told of who reports."""
MOST_MEDIA = 10
MOST_ANSWER = 2000
MOST_CODE = 64
_FROM, _TO = "attribute[", "]"
Read = TypeVar("Read")


def offered_of(fields: Fields, offer: Offer) -> Offered:
    """Give the service that is meant.

    Raises:
        Refused: none was provided, or none is offered by that code.
    """
    code = fields.one("service_code")
    if code is None:
        raise Refused(400, "service_code was not provided")
    offered = offer.services.get(code.strip())
    if offered is None:
        raise Refused(404, "service_code was not found")
    return offered


def report_of(fields: Fields, offered: Offered) -> Report:
    """Give what is reported, yet without its key and its device.

    Raises:
        Refused: something cannot be; names each thing.
    """
    faults: list[str] = []

    def read(part: Callable[[], Read]) -> Read | None:
        try:
            return part()
        except Refused as refused:
            faults.extend(refused.descriptions)
            return None

    lat, lon = read(lambda: _point(fields)) or (None, None)
    address = read(lambda: fields.line("address_string"))
    address_id = read(lambda: fields.line("address_id", MOST_CODE * 2))
    answers = read(lambda: _answers(fields, offered)) or {}
    told = {"address": address, "attributes": answers, "media_url": read(lambda: _media(fields))}
    words, person = read(lambda: words_of(fields)), read(lambda: _person(fields))
    asset = address_id or str(answers.get(offered.asset_attribute) or "") or None
    if not faults and lat is None and address is None and asset is None:
        faults.append("a place was not provided: lat and long, address_string or address_id")
    if faults:
        raise Refused(400, *dict.fromkeys(faults))
    return Report(
        key="",
        service=offered.code,
        family=offered.family,
        words=words or "",
        asset=asset,
        lat=lat,
        lon=lon,
        severity=offered.severity,
        details={name: value for name, value in told.items() if value},
        person=person or {},
    )


def content_of(report: Report) -> str:
    """Give all that a report says, as text: what is the same twice is the same report."""
    return json.dumps(
        [report.service, report.asset, report.lat, report.lon, report.words, report.details, report.person],
        ensure_ascii=True,
        sort_keys=True,
        default=dict,
    )


def _point(fields: Fields) -> tuple[float | None, float | None]:
    lat, lon = fields.one("lat"), fields.one("long")
    if (lat is None) != (lon is None):
        raise Refused(400, "lat and long belong together")
    if lat is None or lon is None:
        return None, None
    return degrees(lat, "lat", 90.0), degrees(lon, "long", 180.0)


def words_of(fields: Fields) -> str:
    """Give the description; '' if nothing is seen in it.

    Raises:
        Refused: it is too long, or holds what no text holds.
    """
    try:
        return clean_text(fields.one("description") or "", MOST_WORDS, "description")
    except ValueError as fault:
        raise Refused(400, str(fault)) from None


def _person(fields: Fields) -> dict[str, str]:
    told = {name: fields.line(name, MOST_LINE) for name in PERSON}
    told["device_id"] = told["device_id"] or fields.line("deviceid", MOST_LINE)
    return {name: value for name, value in told.items() if value is not None}


def _media(fields: Fields) -> list[str]:
    """Give the addresses of pictures: they are kept as text, and nothing here ever asks for them."""
    media = [line for value in fields.all("media_url") if (line := line_of(value, "media_url", MOST_ANSWER))]
    if len(media) > MOST_MEDIA:
        raise Refused(400, f"media_url comes at most {MOST_MEDIA} times")
    if not all(map(_is_web, media)):
        raise Refused(400, "media_url is no address such as https://city.example/picture.jpg")
    return media


def _is_web(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and " " not in url


def _answers(fields: Fields, offered: Offered) -> dict[str, str | list[str]]:
    """Give the answers to a service's questions, and to questions that it does not ask."""
    given: dict[str, list[str]] = {}
    for name in fields.names():
        code = _code(name)
        if code is not None:
            given.setdefault(code, []).extend(fields.all(name))
    asked = {attribute.code: attribute for attribute in offered.attributes}
    faults = [f"attribute[{code}] was not provided" for code in _missing(offered, given)]
    answers: dict[str, str | list[str]] = {}
    for code, values in given.items():
        if not values:
            continue
        try:
            answers[code] = _answer(asked.get(code) or Attribute(code, "", DataType.TEXT), values)
        except Refused as refused:
            faults.extend(refused.descriptions)
    if faults:
        raise Refused(400, *faults)
    return answers


def _missing(offered: Offered, given: dict[str, list[str]]) -> Iterator[str]:
    return (each.code for each in offered.attributes if each.is_required and not given.get(each.code))


def _code(name: str) -> str | None:
    """Give the code of `attribute[code]` or `attribute[code][]`; None if the name is another."""
    bare = name.removesuffix("[]")
    if not (bare.startswith(_FROM) and bare.endswith(_TO)):
        return None
    code = bare[len(_FROM) : -len(_TO)]
    if not (code.isprintable() and 0 < len(code) <= MOST_CODE):
        raise Refused(400, f"the code of an attribute is 1 to {MOST_CODE} printable letters")
    return code


def _answer(attribute: Attribute, values: list[str]) -> str | list[str]:
    name = f"attribute[{attribute.code}]"
    if attribute.datatype is DataType.MULTI:
        return list(dict.fromkeys(_chosen(attribute, value, name) for value in values))
    if len(set(values)) > 1:
        raise Refused(400, f"{name} was provided more than once")
    [value] = set(values)
    if attribute.datatype is DataType.SINGLE:
        return _chosen(attribute, value, name)
    if attribute.datatype is DataType.NUMBER:
        number(value, name)
    if attribute.datatype is DataType.DATETIME:
        instant_us(value, name)
    if attribute.datatype is not DataType.TEXT:
        return line_of(value, name) or ""
    try:
        return clean_text(value, MOST_ANSWER, name)
    except ValueError as fault:
        raise Refused(400, str(fault)) from None


def _chosen(attribute: Attribute, value: str, name: str) -> str:
    if value not in attribute.values:
        raise Refused(400, f"{name} is one of {', '.join(attribute.values)}")
    return value
