"""The part of the HTTP API by which many devices are told one thing."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from narrowgate_console.api import NOT_FOUND, REFUSALS, Limit
from narrowgate_console.asking import Asking
from narrowgate_console.command_models import CancelAskModel
from narrowgate_console.group_models import (
    GroupAskModel,
    GroupModel,
    GroupPageModel,
    StragglerModel,
    StragglerPageModel,
)
from narrowgate_console.group_ordering import MOST_NAME
from narrowgate_console.models import ErrorModel

_Name = Annotated[str, Path(min_length=1, max_length=MOST_NAME)]
_ORDER_REFUSALS: dict[int | str, dict[str, object]] = {
    400: {"model": ErrorModel, "description": "The body cannot be read"},
    409: {"model": ErrorModel, "description": "It cannot be done, and why"},
    411: {"model": ErrorModel, "description": "The body does not say its length"},
    413: {"model": ErrorModel, "description": "The body is too long"},
}


def router() -> APIRouter:
    """Give the routes."""
    api = APIRouter(prefix="/api/v1", responses=REFUSALS)

    @api.post(
        "/command-groups", status_code=201, summary="Order many devices at once", responses=_ORDER_REFUSALS
    )
    def order(ask: Asking, asked: GroupAskModel) -> GroupModel:
        row = ask.groups.order(asked.selection, asked.kind, asked.arguments, asked.terms(), asked.name)
        return GroupModel.of(row)

    @api.get("/command-groups", summary="Orders for many devices, the newest first")
    def listed(ask: Asking, limit: Limit = 50) -> GroupPageModel:
        return GroupPageModel(groups=[GroupModel.of(row) for row in ask.groups.listed(limit)])

    @api.get("/command-groups/{name}", summary="One order for many devices", responses=NOT_FOUND)
    def one(ask: Asking, name: _Name) -> GroupModel:
        return GroupModel.of(ask.groups.one(name))

    @api.get(
        "/command-groups/{name}/stragglers",
        summary="Who has not carried it out, and why",
        responses=NOT_FOUND,
    )
    def lagging(
        ask: Asking,
        name: _Name,
        limit: Limit = 50,
        after: Annotated[str, Query(max_length=64, description="only behind this device")] = "",
    ) -> StragglerPageModel:
        ask.groups.one(name)
        found = ask.groups.stragglers(name, limit, after)
        return StragglerPageModel(stragglers=[StragglerModel.of(row) for row in found])

    @api.post(
        "/command-groups/{name}/cancel",
        summary="Take back what of an order has not left",
        responses={**NOT_FOUND, **_ORDER_REFUSALS},
    )
    def cancel(ask: Asking, name: _Name, asked: CancelAskModel) -> GroupModel:
        return GroupModel.of(ask.groups.cancel(name, asked.reason))

    return api
