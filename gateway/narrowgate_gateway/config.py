"""Reading narrowgate.toml: all faults at once, each with file, key, value and what would be right."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from narrowgate_gateway.settings import Settings


@dataclass(frozen=True)
class Fault:
    """One thing wrong in a configuration."""

    file: str
    key: str
    value: str
    right: str

    def __str__(self) -> str:
        """Say it in one line."""
        given = f" = {self.value}" if self.value else ""
        return f"{self.file}: {self.key}{given}: {self.right}" if self.key else f"{self.file}: {self.right}"


class ConfigFaults(Exception):
    """A configuration that cannot be used; `faults` has every one of them."""

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = faults
        super().__init__("\n".join(map(str, faults)))


def load(path: Path) -> Settings:
    """Read a configuration; ConfigFaults if anything in it is wrong."""
    try:
        with path.open("rb") as file:
            raw = tomllib.load(file)
    except OSError as error:
        raise ConfigFaults([Fault(str(path), "", "", error.strerror or str(error))]) from None
    except UnicodeDecodeError as error:
        raise ConfigFaults([Fault(str(path), "", "", f"not UTF-8 at byte {error.start}")]) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigFaults([Fault(str(path), "", "", f"not TOML: {error}")]) from None
    try:
        return Settings.model_validate(raw)
    except ValidationError as error:
        raise ConfigFaults([_fault(path, detail) for detail in error.errors()]) from None


def _fault(path: Path, detail: ErrorDetails) -> Fault:
    key = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in detail["loc"])
    return Fault(str(path), key.lstrip("."), _value(detail), _right(detail))


def _value(detail: ErrorDetails) -> str:
    value = detail["input"]
    if isinstance(value, dict) or detail["type"] == "missing":
        return ""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _right(detail: ErrorDetails) -> str:
    if detail["type"] == "extra_forbidden":
        return "no such key"
    message = detail["msg"].removeprefix("Value error, ")
    return message[:1].lower() + message[1:]
