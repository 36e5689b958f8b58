"""What the API takes and gives about the desk's work."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field

from narrowgate_cases.figures import Figures
from narrowgate_cases.lifecycle import State, Step
from narrowgate_cases.queue import Lights
from narrowgate_cases.requests import Told
from narrowgate_cases.work import MOST_HOURS, MOST_REASON, MOST_UNIT, PEOPLES_STEPS, Asked
from narrowgate_console.instants import instant

_Number = Annotated[str, Field(max_length=32, examples=["C-000001"])]


class StepAskModel(BaseModel):
    """A step that is asked for."""

    model_config = ConfigDict(extra="forbid")

    step: Annotated[Step, Field(description=f"one of {', '.join(PEOPLES_STEPS)}")]
    reason: Annotated[str, Field(max_length=MOST_REASON, description="why, in words")] = ""
    unit: Annotated[str | None, Field(max_length=MOST_UNIT, description="dispatched: who is sent")] = None
    into: Annotated[_Number | None, Field(description="merged: the case that goes on")] = None
    by_h: Annotated[
        float | None,
        Field(gt=0, le=MOST_HOURS, allow_inf_nan=False, description="with extended: hours more [h]"),
    ] = None
    seen: Annotated[
        int | None,
        Field(ge=0, description="`moves` of the case as it was seen: refused if it has moved on since"),
    ] = None

    def asked(self) -> Asked:
        """Give it as the desk takes it."""
        return Asked(self.step, self.reason, self.unit, self.into, self.by_h, self.seen)


class StandingModel(BaseModel):
    """Where a case stands after a step."""

    number: str
    state: State
    possible: Annotated[list[Step], Field(description="the steps that can be taken from there")]


class ReportModel(BaseModel):
    """What somebody reported of a case."""

    told_at: datetime
    actor: Annotated[str, Field(description="who brought it: a token, or anybody")]
    words: str
    details: dict[str, Any]
    person: Annotated[
        dict[str, str] | None,
        Field(description="who reported; null: not told, forgotten, or not yours to see"),
    ]

    @classmethod
    def of(cls, told: Told) -> Self:
        """Make it from the desk's value."""
        person = None if told.person is None else dict(told.person)
        return cls(
            told_at=instant(told.told_at_us),
            actor=told.actor,
            words=told.words,
            details=dict(told.details),
            person=person,
        )


class LightsModel(BaseModel):
    """How many open cases' clocks show what."""

    green: int
    yellow: int
    red: int
    standing: Annotated[int, Field(description="without a limit, suspended, or said to be mended")]

    @classmethod
    def of(cls, lights: Lights) -> Self:
        """Make it from the desk's value."""
        return cls(**asdict(lights))


class FiguresModel(BaseModel):
    """The figures of a group of cases as of a day."""

    key: Annotated[str | None, Field(description="the unit, road class, …; null: it is not known")]
    reported: int
    due: int
    deferred: int
    closed: int
    in_time: int
    reopened: int
    mean_repair_s: float | None
    closing_rate: Annotated[float | None, Field(description="结案率: closed / (due - deferred)")]
    in_time_rate: Annotated[float | None, Field(description="按期结案率: closed in time / (due - deferred)")]
    reopened_rate: Annotated[float | None, Field(description="came back / due")]

    @classmethod
    def of(cls, figures: Figures) -> Self:
        """Make it from the desk's value."""
        rates = ("closing_rate", "in_time_rate", "reopened_rate")
        return cls(**asdict(figures), **{name: getattr(figures, name) for name in rates})
