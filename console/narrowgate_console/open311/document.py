"""What the OpenAPI document says of Open311's routes: fields, forms, answers."""

from typing import Annotated, Any

from fastapi import Path
from pydantic import BaseModel, Field

Fieldset = dict[str, tuple[dict[str, Any], str]]
"""Fields of a query or a form: what they are, and what they mean."""
_TEXT: dict[str, Any] = {"type": "string"}
_TIME: dict[str, Any] = {"type": "string", "format": "date-time"}

Extension = Annotated[
    str, Path(description="json or xml", max_length=8, json_schema_extra={"enum": ["json", "xml"]})
]
MOST_CODE = 200
"""Of what a path names [letters]."""


class ServiceModel(BaseModel):
    """A service."""

    service_code: str
    service_name: str
    description: str
    metadata: bool
    type: str
    keywords: str
    group: str


class ValueModel(BaseModel):
    """What may be chosen."""

    key: str
    name: str


class AttributeModel(BaseModel):
    """A question."""

    variable: bool
    code: str
    datatype: str
    required: bool
    datatype_description: str
    order: int
    description: str
    values: list[ValueModel]


class DefinitionModel(BaseModel):
    """A service with its questions."""

    service_code: str
    attributes: list[AttributeModel]


class RequestModel(BaseModel):
    """A request as it stands."""

    service_request_id: str
    status: str
    status_notes: str
    service_name: str
    service_code: str
    description: str | None
    agency_responsible: str | None
    service_notice: str | None
    requested_datetime: str
    updated_datetime: str
    expected_datetime: str | None
    address: str | None
    address_id: str | None
    zipcode: str | None
    lat: float | None
    long: float | None
    media_url: str | None


class ReportedModel(BaseModel):
    """What a report is answered with."""

    service_request_id: str | None = None
    token: str | None = None
    service_notice: str | None
    account_id: str | None


class TokenModel(BaseModel):
    """A report's number."""

    service_request_id: str
    token: str


class UpdateModel(BaseModel):
    """What was done."""

    update_id: str
    service_request_id: str
    status: str
    updated_datetime: str
    description: str
    media_url: str | None
    external_status_code: str


class UpdatedModel(BaseModel):
    """What an update is answered with."""

    update_id: str
    service_request_id: str


class EndpointModel(BaseModel):
    """Where the server is."""

    specification: str
    url: str
    changeset: str
    type: str
    formats: list[str]


class DiscoveryModel(BaseModel):
    """What the server is."""

    changeset: str
    contact: str
    key_service: str
    endpoints: list[EndpointModel]


class Open311ErrorModel(BaseModel):
    """One thing that is wrong."""

    code: Annotated[int, Field(description="the answer's status")]
    description: str


_WHY = {
    400: "Something was not provided, or cannot be",
    403: "No key, a wrong one, or one that may not",
    404: "Not there, or another tenant's",
    421: "Asked under another name",
    429: "Too fast",
    503: "A store cannot be read",
}
_WHY_POST = {411: "The body does not say its length", 413: "The body is too long", 415: "It is no form"}


def answers(model: Any, *, posts: bool = False) -> dict[int | str, dict[str, Any]]:
    """Give what a route may answer.

    Args:
        model: what it answers in JSON; XML says the same.
        posts: whether a body comes with the request.
    """
    xml: dict[str, Any] = {"content": {"text/xml": {}}}
    why = {**_WHY, **(_WHY_POST if posts else {})}
    errors: dict[int | str, dict[str, Any]] = {
        status: {"model": list[Open311ErrorModel], "description": words, **xml}
        for status, words in why.items()
    }
    return {200: {"model": model, "description": "As asked for", **xml}, **errors}


def _parameter(name: str, kind: dict[str, Any], words: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "schema": kind, "description": words}


_COMMON: Fieldset = {
    "jurisdiction_id": (_TEXT, "needed where there are several"),
    "api_key": (_TEXT, "a token; better as `Authorization: Bearer TOKEN`"),
}
_SPAN: Fieldset = {
    "start_date": (_TIME, "from then on; 90 days at most"),
    "end_date": (_TIME, "until then"),
}
_PAGES: Fieldset = {
    "page": ({"type": "integer", "minimum": 1, "maximum": 10_000}, "which page; from 1"),
    "page_size": ({"type": "integer", "minimum": 1, "maximum": 1000}, "how many a page has"),
    "max_requests": ({"type": "integer", "minimum": 1, "maximum": 999_999_999}, "how many at most"),
}
_LIST: Fieldset = {
    "service_request_id": (_TEXT, "some numbers with commas; nothing else counts then"),
    "service_code": (_TEXT, "some codes with commas"),
    **_SPAN,
    "status": (_TEXT, "open, closed, or both with a comma"),
    **_PAGES,
    "extensions": ({"type": "boolean"}, "whether extended_attributes are told too"),
}
_REPORT: Fieldset = {
    "service_code": (_TEXT, "what it is about"),
    "lat": ({"type": "number", "minimum": -90, "maximum": 90}, "WGS 84 [deg]"),
    "long": ({"type": "number", "minimum": -180, "maximum": 180}, "WGS 84 [deg]"),
    "address_string": (_TEXT, "where it is, in words"),
    "address_id": (_TEXT, "the code of an asset"),
    "description": ({"type": "string", "maxLength": 4000}, "what is wrong"),
    "media_url": (_TEXT, "a picture of it"),
    "email": (_TEXT, "who reports"),
    "first_name": (_TEXT, ""),
    "last_name": (_TEXT, ""),
    "phone": (_TEXT, ""),
    "device_id": (_TEXT, ""),
    "account_id": (_TEXT, ""),
}
_UPDATE: Fieldset = {
    "service_request_id": (_TEXT, "which request"),
    "description": ({"type": "string", "maxLength": 2000}, "what is said"),
    "status": (_TEXT, "as FixMyStreet calls it"),
    "update_id": (_TEXT, "the update's own name: the same is taken once"),
    "updated_datetime": (_TIME, "when it was said"),
}


def _query(fields: Fieldset) -> dict[str, Any]:
    return {"parameters": [_parameter(name, *told) for name, told in {**_COMMON, **fields}.items()]}


def _form(fields: Fieldset, required: list[str]) -> dict[str, Any]:
    told = {name: {**kind, "description": words} for name, (kind, words) in {**_COMMON, **fields}.items()}
    schema = {"type": "object", "properties": told, "required": required}
    content = {"application/x-www-form-urlencoded": {"schema": schema}}
    return {"requestBody": {"required": True, "content": content}}


COMMON, LIST, SPAN = _query({}), _query(_LIST), _query({**_SPAN, **_PAGES})
REPORT = _form(_REPORT, ["service_code"])
UPDATE = _form(_UPDATE, ["service_request_id", "description"])
