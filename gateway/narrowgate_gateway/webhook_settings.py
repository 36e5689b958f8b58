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
    status_secret_file: str = Field(
        "", description="file with the secret by which it signs what became of cases; not taken where empty"
    )
    status_secret_env: str = Field("", description="environment variable that holds that secret")
    status_steps: tuple[str, ...] = Field(
        ("accepted", "dispatched", "started", "returned", "resolved", "commented"),
        description="steps that it may take on cases that it was told of",
    )

    @field_validator("url")
    @classmethod
    def _url(cls, value: str) -> str:
        if value:
            # The edge reads these options too and has no use for the desk, its database and HTTP.
            from narrowgate_cases.http_exchange import checked_url

            checked_url(value)
        return value

    @field_validator("status_steps", mode="before")
    @classmethod
    def _steps(cls, value: object) -> object:
        from narrowgate_cases.work import PEOPLES_STEPS

        steps = tuple(value) if isinstance(value, list) else value
        if isinstance(steps, tuple) and (wrong := [each for each in steps if each not in PEOPLES_STEPS]):
            raise ValueError(f"{str(wrong[0])[:40]!r}: one of {', '.join(PEOPLES_STEPS)} is possible")
        return steps

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.url and bool(self.secret_file) == bool(self.secret_env):
            raise ValueError("one of secret_file and secret_env says what signs")
        if self.status_secret_file and self.status_secret_env:
            raise ValueError("one of status_secret_file and status_secret_env says what signs")
        if not self.url and (self.status_secret_file or self.status_secret_env):
            raise ValueError("url: a system that is told of no case can say nothing of one")
        return self
