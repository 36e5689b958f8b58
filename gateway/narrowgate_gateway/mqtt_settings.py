"""The options of `[[mqtt]]`: a broker whose messages are taken in."""

from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from narrowgate_gateway.path_template import PathTemplate
from narrowgate_gateway.section import Port, Section

MOST_IN_FLIGHT = 65_535


class MqttBroker(Section):
    """`[[mqtt]]`: a broker that is subscribed to, any number of times."""

    name: str = Field(
        "mqtt", min_length=1, max_length=64, description="its name in the ledger and in metrics"
    )
    host: str = Field(
        "127.0.0.1", min_length=1, description="the broker's name or address, as its certificate says it"
    )
    port: Port = Field(8883, description="TCP port")
    version: Literal["5", "3.1.1"] = Field("5", description="version of MQTT that is spoken")
    client_id: str = Field(
        min_length=1,
        max_length=128,
        description="name of the session at the broker: nobody else's there, and never changed",
    )
    topic: str = Field(
        "nb/{device}/{port}/up",
        description="topic of an uplink; {device} and {port} are captured and subscribed to as +",
    )
    down_topic: str = Field(
        "",
        description="topic of a command such as nb/{device}/down, with {port} where layouts have ports; "
        "nothing is sent while it is empty",
    )
    tenant: str = Field("", description="tenant whose devices send here")
    tls: bool = Field(True, description="TLS, the broker's certificate always verified")
    ca_file: str = Field("", description="PEM file of the CA that is believed; the system's where empty")
    cert_file: str = Field("", description="PEM file of the gateway's own certificate")
    key_file: str = Field("", description="PEM file of its key; in `cert_file` where empty")
    username: str = Field("", description="user at the broker; none where empty")
    password_file: str = Field("", description="file that holds the password in its first line")
    password_env: str = Field("", description="environment variable that holds the password")
    session_expiry_s: int = Field(
        604_800,
        ge=60,
        le=0xFFFF_FFFF,
        description="how long the broker keeps messages for a gateway that is away (MQTT 5)",
    )
    max_in_flight: int = Field(
        1000,
        ge=1,
        le=MOST_IN_FLIGHT,
        description="messages taken from the broker and not yet acknowledged, at most",
    )
    max_payload_bytes: int = Field(
        1024, ge=1, le=1 << 20, description="longer payloads are counted and not kept"
    )
    keepalive_s: int = Field(30, ge=5, le=3600, description="a broker silent for that long is asked")
    retry_max_s: float = Field(60.0, ge=0.1, le=3600, description="longest pause between two attempts")

    @field_validator("topic")
    @classmethod
    def _template(cls, value: str) -> str:
        PathTemplate.parse(value)
        if value != value.strip("/"):
            raise ValueError("a topic neither begins nor ends with /")
        if any(letter in value for letter in "+#$\0"):
            raise ValueError("a topic holds none of + # $: captures are written as {device} and {port}")
        return value

    @field_validator("down_topic")
    @classmethod
    def _down(cls, value: str) -> str:
        if value and ("{device}" not in value.split("/") or any(letter in value for letter in "+#$\0")):
            raise ValueError("a topic with {device} as a level of its own, and without + # $")
        return value

    @field_validator("client_id", "username")
    @classmethod
    def _text(cls, value: str) -> str:
        if not value.isprintable():
            raise ValueError("printable characters only")
        return value

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.password_file and self.password_env:
            raise ValueError("password_file or password_env, not both")
        if (self.password_file or self.password_env) and not self.username:
            raise ValueError("a password needs its username")
        if self.key_file and not self.cert_file:
            raise ValueError("key_file needs its cert_file")
        if not self.tls and (self.ca_file or self.cert_file):
            raise ValueError("ca_file and cert_file need tls = true")
        return self

    @property
    def address(self) -> str:
        """Give the broker's host and port as they are said."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def files(self) -> dict[str, str]:
        """Give the files that are read before each connection, by key."""
        keys = ("ca_file", "cert_file", "key_file", "password_file")
        return {key: str(getattr(self, key)) for key in keys if getattr(self, key)}
