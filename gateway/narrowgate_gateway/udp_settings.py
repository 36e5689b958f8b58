"""The options of `[[udp]]`: frames that come as bare datagrams."""

import ipaddress
import re

from pydantic import Field, field_validator

from narrowgate_gateway.section import Networks, Port, Section

_REPLY = re.compile(r"none|message:[a-z][a-z0-9_]*|hex:(?:[0-9a-fA-F]{2})+")


class UdpListener(Section):
    """`[[udp]]`: a port that takes bare frames of one profile, any number of times."""

    name: str = Field("udp", min_length=1, max_length=64, description="its name in the ledger and in metrics")
    host: str = Field("127.0.0.1", description="address to bind; :: takes IPv4 too")
    port: Port = Field(5555, description="UDP port")
    profile: str = Field(
        min_length=1, description="profile of the frames, one whose frames carry the device's identity"
    )
    allow: Networks = Field((), description="source networks that may send; none at all while this is empty")
    trusted: bool = Field(
        False,
        description="whether `allow` proves who a device is (a private APN): commands follow on its frames",
    )
    tenant: str = Field("", description="tenant whose devices send here")
    reply: str = Field(
        "none",
        description="what a device is sent once its frame is kept: none, message:NAME of the profile, or "
        "hex:BYTES",
    )
    max_payload_bytes: int = Field(1024, ge=1, le=65_507, description="longer datagrams are not kept")
    pending_datagrams: int = Field(
        4096, ge=1, le=1 << 20, description="datagrams read and not yet kept, at most; the kernel holds more"
    )

    @field_validator("host")
    @classmethod
    def _address(cls, value: str) -> str:
        ipaddress.ip_address(value)
        return value

    @field_validator("reply")
    @classmethod
    def _closed_set(cls, value: str) -> str:
        if _REPLY.fullmatch(value) is None:
            raise ValueError("none, message:NAME, or hex: with whole bytes such as hex:aaaa030000")
        return value
