"""What a letter says in the fields of a GeoReport form, and by what mark it is known again there.

Rule 1: a template names fields of a letter in braces and nothing else: no expressions, no attributes.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from narrowgate_cases.lifecycle import State

MOST_DESCRIPTION = 4000
"""The standard's limit [letters]."""
FIELDS = frozenset(
    {
        "asset", "case", "cell", "closed_at", "device", "district", "due_at", "evidence", "family", "finding",
        "lat", "lon", "opened_at", "raised_at", "reason", "series", "service", "severity", "state", "step",
        "street", "unit",
    }
)  # fmt: skip
"""What a template may name."""
ANY = "*"
"""The rule that stands for all others among the service codes."""
_NAMED = re.compile(r"\{([^{}]*)\}")
_OVER = frozenset({State.CLOSED, State.VOID, State.MERGED})

Template = str | tuple[str, ...]


@dataclass(frozen=True)
class Form:
    """How cases are told to one server."""

    service_codes: Mapping[str, str]
    """By rule; ANY for all others."""
    attributes: Mapping[str, Mapping[str, Template]] = field(default_factory=dict)
    """Templates by service code and attribute; several are several values."""
    description: str = "{service} ({severity}): {asset} {device} {street}"
    address: str = "{street} {asset}"
    address_id: str = ""
    device_id: str = "{device}"
    media_url: str = ""
    contact: Mapping[str, str] = field(default_factory=dict)
    """account_id, email, first_name, last_name, phone: who reports."""
    mark_attribute: str = ""
    """The attribute that holds the mark beside the description."""

    def service_code(self, service: str) -> str | None:
        """Give what a rule is called there; None if it is not told there."""
        return self.service_codes.get(service, self.service_codes.get(ANY))

    def request_fields(self, said: Mapping[str, Any], service_code: str, mark: str) -> list[tuple[str, str]]:
        """Give the fields of a new request, in the standard's order; empty ones are left out.

        Args:
            said: the letter.
            service_code: what the case is called there.
            mark: by which the request is known again.
        """
        lat, lon = said.get("lat"), said.get("lon")
        place = {} if lat is None or lon is None else {"lat": _degrees(lat), "long": _degrees(lon)}
        address_id = filled(self.address_id, said)
        address = filled(self.address, said)
        if not (place or address_id or address):
            address = str(said.get("asset") or said.get("device") or said.get("case"))
        contact = self.contact
        fields = [
            ("service_code", service_code),
            *place.items(),
            ("address_string", address),
            ("address_id", address_id),
            ("email", contact.get("email", "")),
            ("device_id", filled(self.device_id, said)),
            *((name, contact.get(name, "")) for name in ("account_id", "first_name", "last_name", "phone")),
            ("description", marked(filled(self.description, said), mark)),
            ("media_url", filled(self.media_url, said)),
            *self._attribute_fields(said, service_code, mark),
        ]
        return [(name, value) for name, value in fields if value]

    def _attribute_fields(
        self, said: Mapping[str, Any], service_code: str, mark: str
    ) -> list[tuple[str, str]]:
        fields = []
        for code, template in self.attributes.get(service_code, {}).items():
            if isinstance(template, str):
                fields.append((f"attribute[{code}]", filled(template, said)))
            else:
                fields += [(f"attribute[{code}][]", filled(each, said)) for each in template]
        if self.mark_attribute:
            fields.append((f"attribute[{self.mark_attribute}]", mark))
        return fields

    def update_fields(self, said: Mapping[str, Any], request_id: str) -> list[tuple[str, str]]:
        """Give the fields of a service request update (FixMyStreet's extension)."""
        words = f"{said['step']}: {said['reason']}" if said.get("reason") else str(said["step"])
        is_over = State(said["state"]) in _OVER
        fields = [
            ("update_id", str(said["delivery"])),
            ("service_request_id", request_id),
            ("service_request_id_ext", str(said["case"])),
            ("updated_datetime", f"{str(said['at'])[:19]}Z"),
            ("status", "CLOSED" if is_over else "OPEN"),
            ("description", marked(words, mark_of(str(said["delivery"])))),
            *((name, self.contact.get(name, "")) for name in ("email", "first_name", "last_name")),
        ]
        return [(name, value) for name, value in fields if value]


def mark_of(name: str, generation: int = 0) -> str:
    """Give the mark by which something of ours is known again in a text of theirs."""
    return f"[ng-{name}.{generation}]" if generation else f"[ng-{name}]"


def is_ours(text: str) -> bool:
    """Say whether a text has a mark of ours."""
    return "[ng-" in text


def marked(words: str, mark: str) -> str:
    """Give words with a mark behind them, within the standard's limit."""
    return f"{words[: MOST_DESCRIPTION - len(mark) - 1]}\n{mark}" if words else mark


def has_mark(row: Mapping[str, Any], mark: str) -> bool:
    """Say whether a row has a mark in any of its texts."""
    return any(mark in value for value in row.values() if isinstance(value, str))


def filled(template: str, said: Mapping[str, Any]) -> str:
    """Give a template's text; what the letter does not say is left out, with the blanks around it."""
    text = _NAMED.sub(lambda named: _text(said.get(named[1])), template)
    return "\n".join(" ".join(line.split()) for line in text.splitlines()).strip()


def unknown_names(template: str) -> list[str]:
    """Give what a template names and no letter has."""
    return [name for name in _NAMED.findall(template) if name not in FIELDS]


def is_constant(template: str) -> bool:
    """Say whether a template names nothing."""
    return _NAMED.search(template) is None


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _degrees(value: float) -> str:
    return f"{value:.8f}".rstrip("0").rstrip(".")


def windows(begin_s: float, end_s: float, longest_s: float) -> Sequence[tuple[float, float]]:
    """Give a span as windows that are no longer than a server allows [s]."""
    edges = [begin_s]
    while edges[-1] + longest_s < end_s:
        edges.append(edges[-1] + longest_s)
    return list(zip(edges, [*edges[1:], end_s], strict=True))
