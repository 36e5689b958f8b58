"""What a GeoReport server takes: its services and their attributes, held against what we would send."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from narrowgate_cases.http_exchange import Site
from narrowgate_cases.open311_answers import MOST_BYTES, BadAnswer, Row, rows_of
from narrowgate_cases.open311_client import Georeport
from narrowgate_cases.open311_forms import Form, Template, is_constant

_MOST_FILE = 16 << 20
_LISTED = frozenset({"singlevaluelist", "multivaluelist"})


@dataclass(frozen=True)
class Attribute:
    """What a service asks for."""

    code: str
    datatype: str
    required: bool
    values: tuple[str, ...] = ()
    """The keys of a list."""
    description: str = ""


@dataclass(frozen=True)
class Service:
    """What can be reported."""

    service_code: str
    service_name: str
    type: str
    """realtime, batch (by token) or blackbox (no id ever)."""
    attributes: tuple[Attribute, ...] = ()


Definitions = Mapping[str, Service]
"""By service code."""


def discovered(server: Georeport, service_codes: Sequence[str] | None = None) -> dict[str, Service]:
    """Ask a server for its services, and for the attributes of those that have some.

    Args:
        server: whom to ask.
        service_codes: whose attributes are wanted; None for all.

    Raises:
        ExchangeFailed: there is no answer.
        ServerRefused: it said no.
        BadAnswer: what it said is none.
    """
    found = {}
    for row in server.services():
        code = str(row.get("service_code") or "")
        is_wanted = service_codes is None or code in service_codes
        has_more = str(row.get("metadata")).lower() == "true" and is_wanted
        attributes = tuple(_attributes(server.definition(code))) if code and has_more else ()
        name, kind = str(row.get("service_name") or ""), str(row.get("type") or "realtime")
        found[code] = Service(code, name, kind, attributes)
    found.pop("", None)
    return found


@dataclass(frozen=True)
class Offered:
    """An address that a discovery document names."""

    url: str
    specification: str
    type: str
    """production, test, …"""
    formats: tuple[str, ...]
    changeset: str


def offered_at(site: Site) -> list[Offered]:
    """Read a discovery document (open311.org, Service Discovery): where a city's servers are.

    Args:
        site: the document's own address, such as https://city.example/open311/discovery.json.

    Raises:
        ExchangeFailed: there is no answer.
        BadAnswer: it is no such document.
    """
    reply = site.exchange("GET", site.target, {}, None, most_bytes=MOST_BYTES)
    if not 200 <= reply.status < 300:
        raise BadAnswer(reply.words)
    rows = rows_of(reply.body)
    found = rows[0].get("endpoints") if len(rows) == 1 else None
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise BadAnswer("no discovery document: it has no endpoints")
    return [_offered(row) for row in found]


def _offered(row: Row) -> Offered:
    formats = row.get("formats")
    told = tuple(map(str, formats)) if isinstance(formats, list) else ()
    url, specification, kind, changeset = (
        str(row.get(name) or "") for name in ("url", "specification", "type", "changeset")
    )
    return Offered(url, specification, kind, told, changeset)


def _attributes(rows: Sequence[Row]) -> Iterator[Attribute]:
    """Yield what is asked for; what is only shown to people is passed over."""
    for row in rows:
        if str(row.get("variable", "true")).lower() == "false" or not row.get("code"):
            continue
        values = row.get("values") or []
        keys = tuple(str(value.get("key")) for value in values if isinstance(value, dict))
        yield Attribute(
            str(row["code"]),
            str(row.get("datatype") or "string"),
            str(row.get("required")).lower() == "true",
            keys,
            str(row.get("description") or ""),
        )


def told(definitions: Definitions) -> str:
    """Give definitions as a file holds them."""
    rows = [asdict(service) for service in definitions.values()]
    return json.dumps({"services": rows}, ensure_ascii=False, indent=1)


def read_definitions(path: Path) -> dict[str, Service]:
    """Read definitions back.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is none that was printed.
    """
    with path.open("rb") as file:
        text = file.read(_MOST_FILE)
    try:
        rows = json.loads(text)["services"]
        services = [_service(row) for row in rows]
    except (KeyError, TypeError, ValueError, RecursionError):
        raise ValueError("not what `narrowgate cases open311 services` prints") from None
    return {service.service_code: service for service in services}


def _service(row: Row) -> Service:
    attributes = tuple(Attribute(**{**each, "values": tuple(each["values"])}) for each in row["attributes"])
    return Service(str(row["service_code"]), str(row["service_name"]), str(row["type"]), attributes)


def mapping_faults(form: Form, definitions: Definitions) -> list[tuple[str, str]]:
    """Give what a server would refuse: (key of the options, what would be right)."""
    faults = []
    for rule, code in form.service_codes.items():
        service = definitions.get(code)
        if service is None:
            faults.append((f"service_codes.{rule}", f"{code!r} is none of {', '.join(sorted(definitions))}"))
    for code in sorted(set(form.service_codes.values()) & definitions.keys()):
        given = dict(form.attributes.get(code, {}))
        if form.mark_attribute:
            given[form.mark_attribute] = "{finding}"
        faults += _attribute_faults(code, given, definitions[code])
    return faults


def _attribute_faults(
    code: str, given: Mapping[str, Template], service: Service
) -> Iterator[tuple[str, str]]:
    known = {attribute.code: attribute for attribute in service.attributes}
    for attribute in service.attributes:
        if attribute.required and not given.get(attribute.code):
            what = f" ({attribute.description})" if attribute.description else ""
            yield f"attributes.{code}.{attribute.code}", f"the server requires this attribute{what}"
    for name, template in given.items():
        if name in known:
            yield from _value_faults(f"attributes.{code}.{name}", template, known[name])
        else:
            there = ", ".join(known) or "none"
            yield f"attributes.{code}.{name}", f"the service has no such attribute; there are: {there}"


def _value_faults(key: str, template: Template, attribute: Attribute) -> Iterator[tuple[str, str]]:
    several = (template,) if isinstance(template, str) else template
    if len(several) != 1 and attribute.datatype != "multivaluelist":
        yield key, f"one value: the attribute is a {attribute.datatype}"
    for each in several:
        if not is_constant(each):
            continue
        if attribute.datatype in _LISTED and attribute.values and each not in attribute.values:
            yield key, f"{each!r} is none of {', '.join(attribute.values)}"
        if attribute.datatype == "number" and not _is_number(each):
            yield key, f"{each!r} is no number"


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
