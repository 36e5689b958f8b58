"""Versions of findings as the desk reads them: one row of FINDINGS each."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from enum import StrEnum

import pyarrow as pa

from narrowgate_schema.tables import FINDINGS
from narrowgate_schema.words import FindingState


class Standing(StrEnum):
    """What a finding says of the world."""

    RAISED = "raised"
    CLEARED = "cleared"
    RETRACTED = "retracted"
    """The episode never happened."""


@dataclass(frozen=True)
class Version:
    """One version of a finding; times in [us]."""

    finding: str
    version: int
    rule: str
    severity: str
    family: str
    device: str
    series: str
    asset: str | None
    members: str
    """A JSON list; empty but for a group."""
    state: str
    raised_at: int
    cleared_at: int | None
    evidence: str

    @property
    def cause(self) -> str:
        """Give what the episode is about, the same at every relapse."""
        return cause_of(self.rule, self.asset or self.device, self.series)

    @property
    def names(self) -> list[str]:
        """Give the devices of a group; empty for one device."""
        return list(map(str, json.loads(self.members)))

    @property
    def standing(self) -> Standing:
        """Give what it says."""
        if self.cleared_at is None:
            return Standing.RAISED
        is_retracted = self.cleared_at == self.raised_at and self._says("retracted")
        return Standing.RETRACTED if is_retracted else Standing.CLEARED

    @property
    def inhibited_by(self) -> str | None:
        """Give the group's finding that tells of the episode from here on; None if it stands for itself."""
        if self.state != FindingState.INHIBITED:
            return None
        return str(json.loads(self.evidence).get("inhibited_by", ""))

    @property
    def is_superseded(self) -> bool:
        """Whether no rule follows the episode any more."""
        return self._says("superseded")

    def _says(self, word: str) -> bool:
        evidence = json.loads(self.evidence)
        return isinstance(evidence, dict) and evidence.get(word) is True

    def text(self) -> str:
        """Give it as it is held."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def of_text(cls, text: str) -> "Version":
        """Read it as it was held."""
        return cls(**json.loads(text))


def cause_of(service: str, about: str, series: str = "") -> str:
    """Give what cases of a service about an asset, a device or a group have in common."""
    return "\x1f".join((service, about, series))


def versions(findings: pa.RecordBatch) -> Iterator[Version]:
    """Give the rows of a batch.

    Raises:
        ValueError: the batch is not of the schema FINDINGS, or a row's state is none.
    """
    if not findings.schema.equals(FINDINGS):
        raise ValueError(f"findings need the schema FINDINGS, got the columns {findings.schema.names}")
    columns = findings.to_pydict()
    for name in ("raised_at", "cleared_at"):
        columns[name] = findings.column(name).cast(pa.int64()).to_pylist()
    columns["members"] = [json.dumps(members, ensure_ascii=False) for members in columns["members"]]
    columns["state"] = [FindingState(state).value for state in columns["state"]]
    names = [field.name for field in fields(Version)]
    return (Version(*row) for row in zip(*(columns[name] for name in names), strict=True))
