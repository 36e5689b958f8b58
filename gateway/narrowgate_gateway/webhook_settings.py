"""The options of `[webhook]`: a case system that is told every step of every case."""

from typing import Self

from pydantic import Field, field_validator, model_validator

from narrowgate_gateway.outlet_settings import OutletSection


class Webhook(OutletSection):
    """`[webhook]`: a case system that is posted every step of a case, signed; none while `url` is empty."""

    url: str = Field(
        "", description="where steps are posted; https, or http on this machine; no redirect is followed"
    )
    secret_file: str = Field(
        "", description="file with the secret that signs, 16 bytes or more; a second line is a second secret"
    )
    secret_env: str = Field("", description="environment variable that holds the secret")
    ca_file: str = Field("", description="PEM file of the CA that is believed; the system's where empty")
    timeout_s: float = Field(10.0, gt=0, le=300, description="how long one answer is waited for")

    @field_validator("url")
    @classmethod
    def _url(cls, value: str) -> str:
        if value:
            # The edge reads these options too and has no use for the desk, its database and HTTP.
            from narrowgate_cases.http_exchange import checked_url

            checked_url(value)
        return value

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.url and bool(self.secret_file) == bool(self.secret_env):
            raise ValueError("one of secret_file and secret_env says what signs")
        return self
