"""Reading narrowgate.toml: all faults at once, each with file, key, value and what would be right."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
    return settled(path, read(path))


def read(path: Path) -> dict[str, Any]:
    """Read a file's tables as they stand; ConfigFaults if it cannot be read or is not TOML."""
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except OSError as error:
        what = error.strerror or str(error)
    except UnicodeDecodeError as error:
        what = f"not UTF-8 at byte {error.start}"
    except ValueError as error:  # a number of too many digits is no TOMLDecodeError
        what = f"not TOML: {error}"
    except RecursionError:
        what = "not TOML that can be read: nested too deeply"
    raise ConfigFaults([Fault(str(path), "", "", what)])


def settled(path: Path, raw: dict[str, Any]) -> Settings:
    """Give the settings of a file's tables; ConfigFaults with all that is wrong in them."""
    try:
        return Settings.model_validate(raw).beside(path)
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


_WANTED = {
    "extra_forbidden": "no such key",
    "tuple_type": 'write an array: [[coap]] for a table of it, ["..."] for texts',
    "model_type": "write a table",
    "dict_type": "write a table",
}


def _right(detail: ErrorDetails) -> str:
    if detail["type"] in _WANTED:
        return _WANTED[detail["type"]]
    message = detail["msg"].removeprefix("Value error, ")
    return message[:1].lower() + message[1:]
