"""What GeoReport servers say, XML or JSON, as rows of texts.

GeoReport v2 (wiki.open311.org) maps one form onto the other: an element named in the plural is a list of what
it holds. Rule 1: no document type, no entity, no network; depth, number and size of what is read are bounded.
"""

import json
from typing import Any
from xml.parsers import expat

MOST_BYTES = 16 << 20
"""Of one answer."""
_MOST_ELEMENTS = 200_000
_MOST_DEPTH = 16
_LISTS = frozenset(
    {
        "services", "attributes", "values", "service_requests", "service_request_updates", "errors",
        "endpoints", "formats",
    }
)  # fmt: skip

_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_NO_LETTERS = bytes(code for code in range(32) if code not in b"\t\n\r")

Row = dict[str, Any]
"""Texts by field, '' where the server says nothing; a list holds rows."""


class BadAnswer(ValueError):
    """An answer that is none; the text says why."""


def rows_of(body: bytes) -> list[Row]:
    """Give the rows of an answer; one object is one row.

    Raises:
        BadAnswer: it is neither XML nor JSON of that shape, or larger than anybody needs.
    """
    if len(body) >= MOST_BYTES:
        raise BadAnswer(f"an answer of {MOST_BYTES >> 20} MiB or more")
    is_xml = body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<") or body[:2] in _UTF_16
    said = _of_xml(body) if is_xml else _of_json(body)
    if isinstance(said, dict):
        inner = [value for value in said.values() if isinstance(value, list)]
        said = inner[0] if len(said) == 1 and inner else [said]
    if not isinstance(said, list) or not all(isinstance(row, dict) for row in said):
        raise BadAnswer("an answer that holds no rows")
    return said


def _of_json(body: bytes) -> Any:
    try:
        return _plain(json.loads(body), 0)
    except RecursionError:
        raise BadAnswer("JSON that is nested too deeply") from None
    except ValueError as error:
        raise BadAnswer(f"no JSON: {error}") from None


def _plain(value: Any, depth: int) -> Any:
    """Give a value of JSON with its numbers, truths and nothings as texts."""
    if depth > _MOST_DEPTH:
        raise BadAnswer("JSON that is nested too deeply")
    if isinstance(value, dict):
        return {str(name): _plain(each, depth + 1) for name, each in value.items()}
    if isinstance(value, list):
        return [_plain(each, depth + 1) for each in value]
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


class _Element:
    """An element that is being read."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.text: list[str] = []
        self.inner: list[tuple[str, Any]] = []

    def value(self) -> Any:
        """Give a list for a plural, a row for what holds elements, else the text."""
        if self.name in _LISTS:
            return [value for _, value in self.inner]
        return dict(self.inner) if self.inner else "".join(self.text).strip()


class _Reader:
    """Builds the values of a document while it is parsed."""

    def __init__(self) -> None:
        self._open = [_Element("")]
        self._elements = 0
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._said
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.parser.EntityDeclHandler = self._refuse

    def _start(self, name: str, _: dict[str, str]) -> None:
        self._elements += 1
        if self._elements > _MOST_ELEMENTS or len(self._open) > _MOST_DEPTH:
            raise BadAnswer("XML with more elements than anybody needs")
        self._open.append(_Element(name.rpartition(":")[2]))

    def _end(self, _: str) -> None:
        element = self._open.pop()
        self._open[-1].inner.append((element.name, element.value()))

    def _said(self, text: str) -> None:
        self._open[-1].text.append(text)

    @staticmethod
    def _refuse(*_: object) -> None:
        raise BadAnswer("XML with a document type")

    def value(self) -> Any:
        """Give the root's value."""
        [(_, value)] = self._open[0].inner
        return value


def _of_xml(body: bytes) -> Any:
    reader = _Reader()
    # Servers that quote what people typed quote what XML has no way to say; it is no reason to hear nothing.
    kept = body if body[:2] in _UTF_16 else body.translate(None, _NO_LETTERS)
    try:
        reader.parser.Parse(kept, True)
    except expat.ExpatError as error:
        raise BadAnswer(f"no XML: {error}") from None
    except (LookupError, ValueError) as error:
        raise BadAnswer(str(error)) from None
    return reader.value()
