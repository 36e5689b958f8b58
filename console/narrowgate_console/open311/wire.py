"""Answers as the standard writes them: XML and JSON of the same values.

A list becomes elements of one name inside its own (GeoReport v2; Open311's JSON and XML conversion): what
JSON writes as a bare list has in XML the name of its root. What is null is an empty element.
"""

import json
import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from xml.etree import ElementTree as XML

from fastapi.responses import Response

Value = str | int | float | bool | None | Sequence["Value"] | Mapping[str, "Value"]

_ITEMS = {
    "services": "service",
    "attributes": "attribute",
    "values": "value",
    "service_requests": "request",
    "service_request_updates": "request_update",
    "errors": "error",
    "endpoints": "endpoint",
    "formats": "format",
}
"""What the elements of a list are called."""
_DECLARED = b'<?xml version="1.0" encoding="UTF-8"?>\n'
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 has no way to write (2.2, production 2)."""


class Format(StrEnum):
    """What an answer is written in, by the end of the path."""

    JSON = "json"
    XML = "xml"

    @property
    def media_type(self) -> str:
        """Give its media type."""
        return "application/json" if self is Format.JSON else "text/xml"


def answer(root: str, content: Value, written: Format, status: int = 200) -> Response:
    """Give an answer.

    Args:
        root: what all of it is called in XML.
        content: what it says.
        written: as what.
        status: the answer's.
    """
    body = _json(content) if written is Format.JSON else _xml(root, content)
    return Response(
        body, status, media_type=f"{written.media_type}; charset=utf-8", headers={"Cache-Control": "no-store"}
    )


def _json(content: Value) -> bytes:
    return json.dumps(content, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace")


def _xml(root: str, content: Value) -> bytes:
    element = XML.Element(root)
    _fill(element, content)
    return _DECLARED + XML.tostring(element, encoding="unicode").encode()


def _fill(element: "XML.Element", content: Value) -> None:
    if isinstance(content, Mapping):
        for name, value in content.items():
            _fill(XML.SubElement(element, name), value)
    elif isinstance(content, str):
        element.text = _NOT_XML.sub("\ufffd", content)
    elif isinstance(content, Sequence):
        for value in content:
            _fill(XML.SubElement(element, _ITEMS[element.tag]), value)
    elif content is not None:
        element.text = str(content).lower() if isinstance(content, bool) else str(content)
