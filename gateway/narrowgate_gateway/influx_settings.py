"""The options of `[influxdb]`: a database that is sent every reading."""

import ipaddress
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from narrowgate_gateway.section import Section


class Influxdb(Section):
    """`[influxdb]`: an InfluxDB 1.x, 2.x or 3.x that is sent every reading; none while `url` is empty."""

    url: str = Field("", description="where it listens, such as https://influx.example:8086")
    api: Literal["v1", "v2"] = Field(
        "v2", description="v1 is /write of 1.x; v2 is /api/v2/write of 2.x and 3.x"
    )
    database: str = Field("", description="database that is written, with api v1")
    org: str = Field("", description="organisation of the bucket, with api v2; 3.x needs none")
    bucket: str = Field("", description="bucket that is written, with api v2; the database of 3.x")
    token_file: str = Field("", description="file that holds the token; read anew for each connection")
    token_env: str = Field("", description="environment variable that holds the token")
    username: str = Field("", description="user of 1.x; none where empty")
    password_file: str = Field("", description="file that holds the user's password")
    password_env: str = Field("", description="environment variable that holds the user's password")
    ca_file: str = Field("", description="PEM file of the CA that is believed; the system's where empty")
    plaintext: bool = Field(
        False, description="send token or password over http to a host other than this one"
    )
    precision: Literal["us", "ns"] = Field("us", description="unit of the times that are sent")
    batch_lines: int = Field(5000, ge=1, le=100_000, description="lines of one request, at most")
    timeout_s: float = Field(10.0, gt=0, le=300, description="how long one answer is waited for")
    answers: bool = Field(False, description="series are asked of this server instead of the embedded store")

    @field_validator("url")
    @classmethod
    def _url(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.username is not None or parts.query or parts.fragment:
            raise ValueError("neither user, password nor query: https://host:port")
        if value and (parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0):
            raise ValueError("wants http or https, a host and perhaps a port: https://host:port")
        return value

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if not self.url:
            return self
        needed = "database" if self.api == "v1" else "bucket"
        if not getattr(self, needed):
            raise ValueError(f"api {self.api} needs {needed}")
        if len([each for each in (self.token_file, self.token_env, self.password) if each]) > 1:
            raise ValueError("one of token_file, token_env and a password")
        if bool(self.username) != bool(self.password):
            raise ValueError("username and its password_file or password_env belong together")
        has_secret = self.token_file or self.token_env or self.password
        if has_secret and not (self._is_private or self.plaintext):
            raise ValueError("http would show the token or password to others: https, or plaintext = true")
        return self

    @property
    def password(self) -> str:
        """Give where the password stands; '' where there is none."""
        return self.password_file or self.password_env

    @property
    def _is_private(self) -> bool:
        parts = urlsplit(self.url)
        if parts.scheme == "https" or parts.hostname == "localhost":
            return True
        try:
            return ipaddress.ip_address(parts.hostname or "").is_loopback
        except ValueError:
            return False
