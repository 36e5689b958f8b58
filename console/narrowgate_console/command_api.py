"""The part of the HTTP API by which devices are told things."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from narrowgate_console.api import NOT_FOUND, REFUSALS, Device, Limit
from narrowgate_console.asking import Asking
from narrowgate_console.command_models import (
    CancelAskModel,
    CommandAskModel,
    CommandFileModel,
    CommandModel,
    CommandPageModel,
    PossibleModel,
)
from narrowgate_console.models import ErrorModel
from narrowgate_fleet import CommandFilters, CommandState
from narrowgate_schema.commands import CommandKind

_Id = Annotated[int, Path(ge=1, le=1 << 62)]
_CHANGE_REFUSALS: dict[int | str, dict[str, object]] = {
    **NOT_FOUND,
    400: {"model": ErrorModel, "description": "The body cannot be read"},
    409: {"model": ErrorModel, "description": "It cannot be done, and why"},
    411: {"model": ErrorModel, "description": "The body does not say its length"},
    413: {"model": ErrorModel, "description": "The body is too long"},
}


def router() -> APIRouter:
    """Give the routes."""
    api = APIRouter(prefix="/api/v1", responses=REFUSALS)

    @api.post(
        "/commands",
        status_code=201,
        summary="Give a device a command",
        responses={**_CHANGE_REFUSALS, 200: {"model": CommandModel, "description": "The key was known"}},
    )
    def put(ask: Asking, asked: CommandAskModel, response: Response) -> CommandModel:
        given = ask.commands.put(
            asked.device, asked.kind, asked.arguments, asked.terms(asked.idempotency_key)
        )
        response.status_code = 201 if given.is_new else 200
        return CommandModel.of(given.row)

    @api.get("/commands", summary="Commands, the newest first")
    def commands(
        ask: Asking,
        device: Device = None,
        state: Annotated[CommandState | None, Query(description="only those that stand so")] = None,
        kind: CommandKind | None = None,
        group: Annotated[str | None, Query(max_length=128)] = None,
        is_open: Annotated[bool | None, Query(alias="open", description="whether it is not ended")] = None,
        limit: Limit = 50,
        before: Annotated[int | None, Query(ge=1, le=1 << 62, description="only older than this id")] = None,
    ) -> CommandPageModel:
        filters = CommandFilters(device, state, kind, group, is_open)
        found = ask.commands.listed(filters, limit, before)
        return CommandPageModel(commands=[CommandModel.of(row) for row in found])

    @api.get("/commands/{command_id}", summary="One command with its history", responses=NOT_FOUND)
    def command(ask: Asking, command_id: _Id) -> CommandFileModel:
        return CommandFileModel.with_steps(*ask.commands.one(command_id))

    @api.post(
        "/commands/{command_id}/cancel",
        summary="Take back a command that has not left",
        responses=_CHANGE_REFUSALS,
    )
    def cancel(ask: Asking, command_id: _Id, asked: CancelAskModel) -> CommandModel:
        return CommandModel.of(ask.commands.cancel(command_id, asked.reason))

    @api.get("/devices/{device}/commands", summary="What a device can be told", responses=NOT_FOUND)
    def possible(ask: Asking, device: Annotated[str, Path(max_length=64)]) -> PossibleModel:
        return PossibleModel(kinds=ask.commands.possible(device))

    return api
