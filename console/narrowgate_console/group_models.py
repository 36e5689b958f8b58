"""What the API takes and gives about orders for many devices."""

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import BaseModel, Field

from narrowgate_console.command_models import WishAskModel
from narrowgate_console.group_ordering import MOST_NAME
from narrowgate_console.instants import instant, perhaps
from narrowgate_fleet import CommandReason, CommandState
from narrowgate_fleet.command_groups import GroupRow, Straggler
from narrowgate_schema.commands import CommandKind


class GroupAskModel(WishAskModel):
    """An order for many devices."""

    selection: Annotated[
        dict[str, list[str]],
        Field(min_length=1, max_length=12, description="values by column", examples=[{"feeder": ["12"]}]),
    ]
    name: Annotated[
        str | None,
        Field(min_length=1, max_length=MOST_NAME, description="the same name again is the same order"),
    ] = None


class GroupModel(BaseModel):
    """An order for many devices, and how far it has come."""

    name: str
    selection: dict[str, list[str]]
    kind: CommandKind
    arguments: dict[str, Any]
    not_before: datetime
    put_by: str
    put_at: datetime
    meant: Annotated[int, Field(description="devices of the selection when it was ordered")]
    misfits: Annotated[int, Field(description="of them those that cannot be told this")]
    states: Annotated[dict[CommandState, int], Field(description="members in each state")]
    done: Annotated[int, Field(description="members that carried it out")]
    open: Annotated[int, Field(description="members of which it is not known yet what became of them")]

    @classmethod
    def of(cls, row: GroupRow) -> Self:
        """Make it from the queue's row."""
        return cls(
            name=row.name,
            selection=row.selection,
            kind=row.kind,
            arguments=row.arguments,
            not_before=instant(row.not_before_us),
            put_by=row.put_by,
            put_at=instant(row.put_at_us),
            meant=row.meant,
            misfits=row.misfits,
            states=row.states,
            done=row.done,
            open=row.still_open,
        )


class StragglerModel(BaseModel):
    """A device of a group that has not carried it out."""

    device: str
    state: Annotated[CommandState | None, Field(description="null: it cannot be told")]
    reason: CommandReason | None
    detail: str
    at: datetime | None
    command: Annotated[int | None, Field(description="id of its command")]

    @classmethod
    def of(cls, row: Straggler) -> Self:
        """Make it from the queue's row."""
        return cls(
            device=row.device,
            state=row.state,
            reason=row.reason,
            detail=row.detail,
            at=perhaps(row.at_us),
            command=row.command_id,
        )


class GroupPageModel(BaseModel):
    """Groups, the newest first."""

    groups: list[GroupModel]


class StragglerPageModel(BaseModel):
    """Devices that have not carried an order out, by name."""

    stragglers: list[StragglerModel]
