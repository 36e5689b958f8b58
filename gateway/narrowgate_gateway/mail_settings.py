"""The options of `[[mail]]`: people who are told of cases by mail."""

import re
from datetime import time
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from narrowgate_gateway.outlet_settings import OutletSection

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
_ADDRESS = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?"
)
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Mail(OutletSection):
    """`[[mail]]`: mailboxes that are told what happened to cases, together, at times of the day."""

    name: str = Field(description="its name in the outbox and in metrics; keep it")
    host: str = Field(min_length=1, max_length=253, description="the mail server")
    port: int = Field(587, ge=1, le=65535, description="its port")
    security: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="how the way there is private; none is for a server on this machine"
    )
    user: str = Field("", max_length=200, description="who signs in; nobody where empty")
    password_file: str = Field("", description="file with the user's password")
    password_env: str = Field("", description="environment variable that holds the password")
    sender: str = Field(description="the address that mails come from")
    recipients: tuple[str, ...] = Field(min_length=1, max_length=100, description="the addresses they go to")
    at: tuple[str, ...] = Field(
        ("08:00",), min_length=1, max_length=48, description="when they leave, by the city's clock"
    )
    at_once_from: Literal["", "info", "minor", "major", "safety"] = Field(
        "safety", description="news that matters so much leaves within a minute; nothing does where empty"
    )
    language: Literal["en", "zh"] = Field("en", description="which language they speak")
    link: str = Field("", description="where a case is shown, such as https://desk.example/cases/{case}")
    ca_file: str = Field("", description="PEM file of the CA that is believed; the system's where empty")
    timeout_s: float = Field(20.0, gt=0, le=300, description="how long one answer is waited for")

    @field_validator("recipients", "at", mode="before")
    @classmethod
    def _tuples(cls, value: object) -> object:
        return tuple(value) if isinstance(value, list) else value

    @field_validator("name")
    @classmethod
    def _plain(cls, value: str) -> str:
        if not _NAME.fullmatch(value) or value == "webhook":
            raise ValueError("small letters, digits, - and _, 32 at most, and not webhook")
        return value

    @field_validator("sender", "recipients")
    @classmethod
    def _addresses(cls, value: str | tuple[str, ...]) -> str | tuple[str, ...]:
        for address in (value,) if isinstance(value, str) else value:
            if not _ADDRESS.fullmatch(address):
                raise ValueError(f"{address[:60]!r} is no address such as desk@city.example")
        return value

    @field_validator("at")
    @classmethod
    def _times(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for at in value:
            if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", at):
                raise ValueError(f"{at[:20]!r} is no time of the day such as 07:30")
        return value

    @field_validator("link")
    @classmethod
    def _linked(cls, value: str) -> str:
        if value and not (value.startswith(("https://", "http://")) and value.isprintable()):
            raise ValueError("an address such as https://desk.example/cases/{case}")
        return value

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.security == "none" and self.host not in _LOOPBACK:
            raise ValueError("security = none is for a mail server on this machine")
        has_password = bool(self.password_file) + bool(self.password_env)
        if has_password != bool(self.user):
            raise ValueError("user and one of password_file and password_env come together")
        return self

    @property
    def times(self) -> tuple[time, ...]:
        """Give when mails leave."""
        return tuple(time.fromisoformat(at) for at in self.at)
