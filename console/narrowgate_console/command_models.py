"""What the API takes and gives about commands."""

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from narrowgate_console.command_making import MOST_KEY, MOST_TTL_H, Terms, ttl_s_of
from narrowgate_console.instants import instant, perhaps
from narrowgate_fleet import CommandReason, CommandRow, CommandState, CommandStep
from narrowgate_fleet.command_rows import TTL_S
from narrowgate_schema.commands import CommandKind


class WishAskModel(BaseModel):
    """What is wanted, and when it may leave."""

    model_config = ConfigDict(extra="forbid")

    kind: CommandKind
    arguments: Annotated[
        dict[str, Any], Field(max_length=16, description="of the kind", examples=[{"level_pct": 40}])
    ] = {}
    not_before: Annotated[
        AwareDatetime | None, Field(description="it does not leave before; at once if null")
    ] = None
    ttl_h: Annotated[
        float, Field(gt=0, le=MOST_TTL_H, allow_inf_nan=False, description="how long it waits after that [h]")
    ] = TTL_S / 3600

    def terms(self, idempotency_key: str | None = None) -> Terms:
        """Give when it may leave."""
        begins = None if self.not_before is None else int(self.not_before.timestamp() * 1e6)
        return Terms(begins, ttl_s_of(self.ttl_h), idempotency_key)


class CommandAskModel(WishAskModel):
    """A command for a device."""

    device: Annotated[str, Field(min_length=1, max_length=64)]
    idempotency_key: Annotated[
        str | None,
        Field(min_length=1, max_length=MOST_KEY, description="the same key again is the same command"),
    ] = None


class CancelAskModel(BaseModel):
    """Why a command is taken back."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[str, Field(max_length=500)] = ""


class CommandModel(BaseModel):
    """A command and where it stands."""

    id: int
    device: str
    kind: CommandKind
    arguments: dict[str, Any]
    state: CommandState
    reason: Annotated[CommandReason, Field(description="why it stands there")]
    put_by: str
    put_at: datetime
    not_before: datetime
    expires_at: datetime
    group: str | None
    attempts: Annotated[int, Field(description="how often it left")]
    most_attempts: int
    sent_at: datetime | None
    settled_at: Annotated[datetime | None, Field(description="when it ended; null while it is open")]
    payload: Annotated[str, Field(description="its bytes for this device, in hex")]
    port: int | None
    idempotency_key: str | None

    @classmethod
    def of(cls, row: CommandRow) -> Self:
        """Make it from the queue's row."""
        return cls(
            id=row.id,
            device=row.device,
            kind=row.kind,
            arguments=row.arguments,
            state=row.state,
            reason=row.reason,
            put_by=row.put_by,
            put_at=instant(row.put_at_us),
            not_before=instant(row.not_before_us),
            expires_at=instant(row.expires_at_us),
            group=row.group,
            attempts=row.attempts,
            most_attempts=row.most_attempts,
            sent_at=perhaps(row.sent_at_us),
            settled_at=perhaps(row.settled_at_us),
            payload=row.payload.hex(),
            port=row.port,
            idempotency_key=row.idempotency_key,
        )


class CommandStepModel(BaseModel):
    """A step that a command took."""

    at: datetime
    state: CommandState
    reason: CommandReason
    actor: str
    detail: str

    @classmethod
    def of(cls, step: CommandStep) -> Self:
        """Make it from the queue's step."""
        return cls(
            at=instant(step.at_us),
            state=step.state,
            reason=step.reason,
            actor=step.actor,
            detail=step.detail,
        )


class CommandFileModel(CommandModel):
    """A command with its history."""

    steps: list[CommandStepModel] = []

    @classmethod
    def with_steps(cls, row: CommandRow, steps: list[CommandStep]) -> Self:
        """Make it from the queue's row and steps."""
        made = cls.of(row)
        made.steps = [CommandStepModel.of(step) for step in steps]
        return made


class CommandPageModel(BaseModel):
    """Commands, the newest first."""

    commands: list[CommandModel]


class PossibleModel(BaseModel):
    """What a device can be told by who asks."""

    kinds: list[CommandKind]
