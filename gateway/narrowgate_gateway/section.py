"""What every table of narrowgate.toml has in common."""

import ipaddress
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

Port = Annotated[int, Field(ge=1, le=65535)]


class Section(BaseModel):
    """A table of the file: unknown keys are faults, values stay as they were read."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def _networks(value: object) -> object:
    if not isinstance(value, list | tuple):
        return value
    for text in value:
        ipaddress.ip_network(str(text))
    return tuple(value)


Networks = Annotated[tuple[str, ...], BeforeValidator(_networks)]
"""Source networks such as 10.64.0.0/10."""
