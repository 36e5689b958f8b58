"""The options of `[[open311]]`: a city's case system that speaks GeoReport v2."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from narrowgate_gateway.outlet_settings import OutletSection

CONTACT = ("account_id", "email", "first_name", "last_name", "phone")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")


class Open311(OutletSection):
    """`[[open311]]`: a city's case system: posted a request for each case, asked what became of it."""

    name: str = Field(description="its name in the outbox, in histories and metrics; keep it")
    url: str = Field(description="what /services.json stands below; https, or http on this machine")
    format: Literal["json", "xml"] = Field("json", description="what is asked for")
    jurisdiction_id: str = Field("", description="sent with everything; none where empty")
    api_key_file: str = Field("", description="file with the key that is sent with what is posted")
    api_key_env: str = Field("", description="environment variable that holds the key")
    bearer: bool = Field(False, description="show the key with every question too, as Authorization: Bearer")
    service_codes: dict[str, str] = Field(
        description="its code for each rule whose cases it is told of; '*' for all other rules"
    )
    attributes: dict[str, dict[str, str | list[str]]] = Field(
        {}, description="by its service code: values of its attributes; {asset} is the letter's field"
    )
    definitions_file: str = Field(
        "", description="what `narrowgate cases open311 services` printed: held against all this by check"
    )
    description: str = Field(
        "{service} ({severity}): {asset} {device} {street}",
        description="what a request says, before its mark",
    )
    address: str = Field("{street} {asset}", description="address_string of a request")
    address_id: str = Field("", description="address_id of a request")
    device_id: str = Field("{device}", description="device_id of a request")
    media_url: str = Field(
        "", description="media_url of a request, such as https://desk.example/cases/{case}"
    )
    contact: dict[str, str] = Field(
        {}, description="who reports: account_id, email, first_name, last_name, phone"
    )
    mark_attribute: str = Field("", description="attribute that holds the mark beside the description")
    updates: bool = Field(False, description="whether it has FixMyStreet's servicerequestupdates")
    can_be_asked: bool = Field(
        True,
        description="whether it lists requests as they were posted; else some may stand there twice",
    )
    ask_after_s: float = Field(
        30.0, ge=0, le=3600, description="how long it may still be storing what it gave no answer to"
    )
    poll_every_s: float = Field(
        300.0, ge=1, le=86_400, description="how often it is asked what became of requests"
    )
    ca_file: str = Field("", description="PEM file of the CA that is believed; the system's where empty")
    timeout_s: float = Field(20.0, gt=0, le=300, description="how long one answer is waited for")

    @field_validator("name")
    @classmethod
    def _plain(cls, value: str) -> str:
        if not _NAME.fullmatch(value) or value == "webhook":
            raise ValueError("small letters, digits, - and _, 32 at most, and not webhook")
        return value

    @field_validator("url")
    @classmethod
    def _url(cls, value: str) -> str:
        # The edge reads these options too and has no use for the desk, its database and HTTP.
        from narrowgate_cases.http_exchange import checked_url

        if "?" in checked_url(value):
            raise ValueError("no question mark: resources are named behind it")
        return value

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        faults = []
        if self.api_key_file and self.api_key_env:
            faults.append("one of api_key_file and api_key_env, or neither")
        if not self.service_codes or not all(self.service_codes.values()):
            faults.append('service_codes: its code for each rule, such as { lamp_out = "LAMP" }')
        if unknown := sorted(set(self.contact) - set(CONTACT)):
            faults.append(f"contact.{unknown[0]}: one of {', '.join(CONTACT)}")
        if unused := sorted(set(self.attributes) - set(self.service_codes.values())):
            faults.append(f"attributes.{unused[0]}: no rule has this service code")
        faults += _template_faults(self.templates)
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def beside(self, folder: Path) -> Self:
        """Give the same with the definitions' path counted from a folder."""
        if not self.definitions_file:
            return self
        return self.model_copy(update={"definitions_file": str(folder / self.definitions_file)})

    @property
    def templates(self) -> Mapping[str, str]:
        """Give every template by its key."""
        found = {name: getattr(self, name) for name in _TEMPLATES}
        for service_code, attributes in self.attributes.items():
            for code, template in attributes.items():
                several = [template] if isinstance(template, str) else template
                found |= {f"attributes.{service_code}.{code}[{n}]": each for n, each in enumerate(several)}
        return found


_TEMPLATES = ("description", "address", "address_id", "device_id", "media_url")


def _template_faults(templates: Mapping[str, str]) -> list[str]:
    if not any("{" in template for template in templates.values()):
        return []
    from narrowgate_cases.open311_forms import FIELDS, unknown_names

    return [
        f"{key}: {{{name}}} is no field; there are {', '.join(sorted(FIELDS))}"
        for key, template in templates.items()
        for name in unknown_names(template)
    ]
