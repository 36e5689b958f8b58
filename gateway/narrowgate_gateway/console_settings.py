"""The options of `[console]`: where pages and API listen, and what protects them."""

import ipaddress
from typing import Self

from pydantic import Field, field_validator, model_validator

from narrowgate_gateway.section import Networks, Port, Section


class Console(Section):
    """`[console]`: pages and API. Beyond loopback they need users, and TLS or a proxy that speaks it."""

    host: str = Field("127.0.0.1", description="address to bind; others than loopback need TLS or a proxy")
    port: Port = Field(8080, description="TCP port")
    cert_file: str = Field("", description="PEM file of the certificate and its chain; TLS where it is named")
    key_file: str = Field("", description="PEM file of the certificate's key")
    behind_proxy: bool = Field(False, description="a proxy in front speaks TLS and passes Host on as it came")
    proxy_allow: Networks = Field((), description="networks of the proxy; nobody else is answered then")
    tile_url: str = Field(
        "", description="map tiles such as https://tiles.example/{z}/{x}/{y}.png; no tiles where empty"
    )

    @field_validator("host")
    @classmethod
    def _address(cls, value: str) -> str:
        ipaddress.ip_address(value)
        return value

    @field_validator("tile_url")
    @classmethod
    def _tiles(cls, value: str) -> str:
        is_url = value.startswith(("https://", "http://")) and not any(c in value for c in " ;,'\"\\")
        if value and not (is_url and all(part in value for part in ("{z}", "{x}", "{y}"))):
            raise ValueError("a URL with {z}, {x} and {y}, such as https://tiles.example/{z}/{x}/{y}.png")
        return value

    @model_validator(mode="after")
    def _protected(self) -> Self:
        if bool(self.cert_file) != bool(self.key_file):
            raise ValueError("cert_file and key_file belong together: name both or neither")
        if self.behind_proxy != bool(self.proxy_allow):
            raise ValueError("behind_proxy = true and the networks of proxy_allow belong together")
        if not (ipaddress.ip_address(self.host).is_loopback or self.cert_file or self.behind_proxy):
            raise ValueError(
                f"host = {self.host!r} can be reached by others: name cert_file and key_file, or a proxy by"
                " behind_proxy and proxy_allow"
            )
        return self

    @property
    def address(self) -> str:
        """Give the address for browsers."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.cert_file else 'http'}://{host}:{self.port}"
