"""What is wrong, said so that it can be mended: where, which value, what would be right."""

from dataclasses import dataclass

SHOWN_CHARACTERS = 60


class RegistryFault(ValueError):
    """The registry or its snapshot cannot be used; the text names the file and the reason."""


@dataclass(frozen=True, order=True)
class Fault:
    """One thing wrong in a CSV file."""

    line: int
    """Physical line of the file, counted from 1."""
    column: str
    value: str
    should: str
    """What is wrong, or what would be right."""

    def told(self, file: str) -> str:
        """Give the fault as one line for people."""
        shown = self.value if len(self.value) <= SHOWN_CHARACTERS else self.value[:SHOWN_CHARACTERS] + "…"
        where = f"{file}:{self.line}"
        # repr keeps a hostile cell from steering the terminal.
        return (
            f"{where}: {self.column}: {shown!r}: {self.should}" if self.column else f"{where}: {self.should}"
        )

    def as_json(self, file: str) -> dict[str, str | int]:
        """Give the fault as a row of the error file."""
        return {
            "file": file,
            "line": self.line,
            "column": self.column,
            "value": self.value,
            "should": self.should,
        }
