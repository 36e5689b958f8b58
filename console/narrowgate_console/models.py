"""What the HTTP API answers: one model an answer, made from the services' values."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field

from narrowgate_cases import Case, CaseStep, State, Step
from narrowgate_cases.clocks import Light
from narrowgate_cases.placing import PlacedBy
from narrowgate_cases.queries import moves
from narrowgate_console.findings import Finding
from narrowgate_console.instants import instant, perhaps
from narrowgate_console.quarantine import Quarantined
from narrowgate_console.series import Series
from narrowgate_console.view import Overview, System
from narrowgate_schema.words import Disposition, Family, FindingState, Reason, Severity


class FaultModel(BaseModel):
    """One thing that is wrong with a request."""

    where: str
    message: str


class ErrorModel(BaseModel):
    """The one shape of every refusal."""

    code: Annotated[
        str, Field(description="invalid, not_found, denied, unauthenticated, csrf, unreadable, …")
    ]
    message: str
    faults: list[FaultModel] = []


class CaseCountsModel(BaseModel):
    """How many cases stand where."""

    open: int
    by_state: dict[State, int]
    open_by_service: dict[str, int]


class OverviewModel(BaseModel):
    """The city in figures at one instant of event time."""

    now: datetime
    ledger: Annotated[
        dict[str, int] | None,
        Field(
            description=f"frames: kept, {', '.join(Disposition)}, and what was turned away at the door;"
            " null for who sees not every tenant"
        ),
    ]
    balanced: Annotated[bool | None, Field(description="kept equals the sum of the dispositions")]
    cases: CaseCountsModel

    @classmethod
    def of(cls, overview: Overview) -> "OverviewModel":
        """Make it from the service's value."""
        cases = CaseCountsModel(
            open=overview.cases.open,
            by_state=overview.cases.by_state,
            open_by_service=overview.cases.open_by_service,
        )
        return cls(
            now=instant(overview.now_us),
            ledger=None if overview.ledger is None else dict(overview.ledger),
            balanced=overview.is_balanced,
            cases=cases,
        )


class CaseModel(BaseModel):
    """One case as it stands."""

    number: str
    finding: str
    service: Annotated[str, Field(description="the rule's name")]
    severity: Severity
    family: str
    device: str
    series: str
    asset: str | None
    members: list[str]
    state: State
    raised_at: datetime
    cleared_at: datetime | None
    opened_at: datetime
    closed_at: datetime | None
    evidence: dict[str, Any]
    unit: Annotated[str | None, Field(description="the department or contractor that mends it")]
    cell: Annotated[str | None, Field(description="the grid cell, 15 digits")]
    district: str | None
    placed_by: PlacedBy | None
    lat: float | None
    lon: float | None
    street: str | None
    road_class: str | None
    due_at: Annotated[datetime | None, Field(description="when its limit is reached, if its clock runs on")]
    light: Annotated[Light, Field(description="green to 80 % of its limit, yellow to 100 %, red after")]
    escalation: Annotated[int, Field(description="how often it was escalated")]
    reopened: Annotated[int, Field(description="how often it came back")]

    @classmethod
    def of(cls, case: Case, light: Light) -> "CaseModel":
        """Make it from the desk's values."""
        return cls.model_validate(_case_values(case, light))


def _case_values(case: Case, light: Light) -> Mapping[str, object]:
    values = {name: getattr(case, name, None) for name in CaseModel.model_fields}
    return {
        **values,
        "members": list(case.members),
        "raised_at": instant(case.raised_at_us),
        "cleared_at": perhaps(case.cleared_at_us),
        "opened_at": instant(case.opened_at_us),
        "closed_at": perhaps(case.closed_at_us),
        "due_at": perhaps(case.due_at_us),
        "light": light,
        "evidence": json.loads(case.evidence),
    }


class StepModel(BaseModel):
    """One step of a case's history."""

    at: datetime
    step: Step
    actor: str
    reason: str
    evidence: dict[str, Any]


class CaseFileModel(CaseModel):
    """One case with its history, the oldest step first."""

    steps: list[StepModel]
    possible: Annotated[list[Step], Field(description="the steps that the asker may take")]
    moves: Annotated[int, Field(description="how many steps decided something: `seen` of a step names it")]

    @classmethod
    def with_steps(
        cls, case: Case, steps: list[CaseStep], light: Light, possible: list[Step]
    ) -> "CaseFileModel":
        """Make it from the desk's values."""
        history = [
            StepModel(
                at=instant(step.at_us),
                step=step.step,
                actor=step.actor,
                reason=step.reason,
                evidence=json.loads(step.evidence),
            )
            for step in steps
        ]
        further = {"steps": history, "possible": possible, "moves": moves(steps)}
        return cls.model_validate({**_case_values(case, light), **further})


class CasePageModel(BaseModel):
    """A page of the queue."""

    open: Annotated[int, Field(description="how many open ones there are in all")]
    cases: list[CaseModel]
    after: Annotated[str | None, Field(description="the cursor of the next page; null: this is the last")]


class FindingModel(BaseModel):
    """An episode as it is known now."""

    finding: str
    version: int
    rule: str
    severity: Severity
    family: str
    device: str
    series: str
    asset: str | None
    members: list[str]
    state: FindingState
    raised_at: datetime
    cleared_at: datetime | None
    evidence: dict[str, Any]

    @classmethod
    def of(cls, finding: Finding) -> "FindingModel":
        """Make it from the store's row."""
        values = {name: getattr(finding, name, None) for name in cls.model_fields}
        return cls.model_validate(
            {
                **values,
                "members": json.loads(finding.members),
                "raised_at": instant(finding.raised_at_us),
                "cleared_at": perhaps(finding.cleared_at_us),
                "evidence": json.loads(finding.evidence),
            }
        )


class FindingPageModel(BaseModel):
    """A page of findings, the latest raised first."""

    findings: list[FindingModel]


class PointModel(BaseModel):
    """One hour of a chart."""

    hour: datetime
    value: float
    devices: Annotated[int, Field(description="how many devices the value was made of")]


class SeriesModel(BaseModel):
    """A family's chart; hours without readings are absent."""

    family: Family
    quantity: str
    unit: str
    points: list[PointModel]

    @classmethod
    def of(cls, series: Series) -> "SeriesModel":
        """Make it from the service's value."""
        points = [
            PointModel(hour=instant(point.hour_us), value=point.value, devices=point.devices)
            for point in series.points
        ]
        return cls(family=series.family, quantity=series.quantity, unit=series.unit, points=points)


class CheckModel(BaseModel):
    """One thing that readiness depends on."""

    name: str
    ok: bool
    words: str


class ReadinessModel(BaseModel):
    """Whether the process does its work, and what keeps it from it."""

    ready: bool
    checks: list[CheckModel]


class PartModel(BaseModel):
    """One listener, broker or store."""

    kind: str
    name: str
    ok: bool
    words: str


class DiagnosisModel(BaseModel):
    """One thing that the doctor looked at."""

    subject: str
    setting: str
    value: str
    verdict: Annotated[str, Field(description="well, careful, loses or unknown")]
    meaning: str


class SystemModel(BaseModel):
    """How the gateway does."""

    checks: list[CheckModel]
    parts: list[PartModel]
    diagnoses: list[DiagnosisModel]
    ledger: dict[str, int]

    @classmethod
    def of(cls, system: System) -> "SystemModel":
        """Make it from the service's value."""
        return cls(
            checks=[CheckModel(**asdict(check)) for check in system.checks],
            parts=[PartModel(**asdict(part)) for part in system.parts],
            diagnoses=[DiagnosisModel(**asdict(diagnosis)) for diagnosis in system.diagnoses],
            ledger=dict(system.ledger),
        )


class QuarantinedModel(BaseModel):
    """A frame set aside."""

    frame: int
    received_at: datetime
    transport: str
    listener: str
    device: str
    profile: str | None
    reason: Reason
    detail: str
    hex: Annotated[str, Field(description="the payload")]


class QuarantinePageModel(BaseModel):
    """A page of the frames set aside, the newest first."""

    frames: list[QuarantinedModel]

    @classmethod
    def of(cls, found: Sequence[Quarantined]) -> "QuarantinePageModel":
        """Make it from the service's values."""
        frames = [
            QuarantinedModel.model_validate(
                {
                    **asdict(frame),
                    "received_at": instant(frame.received_at_us),
                    "hex": frame.payload.hex(),
                }
            )
            for frame in found
        ]
        return cls(frames=frames)
