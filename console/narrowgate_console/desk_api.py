"""The part of the HTTP API by which cases are found and worked."""

from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Query

from narrowgate_cases.clocks import Light
from narrowgate_cases.figures import By
from narrowgate_cases.lifecycle import State
from narrowgate_cases.queue import Filters, Order
from narrowgate_console.api import NOT_FOUND, REFUSALS, Limit, Number
from narrowgate_console.asking import Asking
from narrowgate_console.desk_models import FiguresModel, LightsModel, ReportModel, StandingModel, StepAskModel
from narrowgate_console.instants import EARLIEST, LATEST, begin_of_us
from narrowgate_console.models import CaseModel, CasePageModel, ErrorModel
from narrowgate_schema.words import Severity

_Text = Annotated[str | None, Query(max_length=64)]
_STEP_REFUSALS: dict[int | str, dict[str, object]] = {
    400: {"model": ErrorModel, "description": "The body cannot be read"},
    409: {"model": ErrorModel, "description": "The step cannot be taken, and why"},
    411: {"model": ErrorModel, "description": "The body does not say its length"},
    413: {"model": ErrorModel, "description": "The body is too long"},
}
_CURSOR_REFUSALS: dict[int | str, dict[str, object]] = {
    409: {"model": ErrorModel, "description": "The cursor is none"}
}
_Day = Annotated[date | None, Query(ge=EARLIEST, le=LATEST)]


def router() -> APIRouter:
    """Give the routes."""
    api = APIRouter(prefix="/api/v1", responses=REFUSALS)

    @api.get("/cases", summary="A page of the queue", responses=_CURSOR_REFUSALS)
    def cases(
        ask: Asking,
        state: Annotated[State | None, Query(description="the open ones if absent")] = None,
        light: Annotated[Light | None, Query(description="only with this light")] = None,
        service: _Text = None,
        severity: Severity | None = None,
        unit: Annotated[str | None, Query(max_length=100)] = None,
        district: _Text = None,
        text: Annotated[str | None, Query(max_length=64, description="in device, asset, street")] = None,
        unplaced: Annotated[bool | None, Query(description="whether no cell is known")] = None,
        order: Order = Order.NEWEST,
        limit: Limit = 50,
        after: Annotated[str | None, Query(max_length=40, description="`after` of the page before")] = None,
    ) -> CasePageModel:
        filters = Filters(state, light, service, severity, unit, district, text, unplaced)
        page = ask.desk.queue(filters, order, limit, after)
        items = [CaseModel.of(case, ask.desk.light(case)) for case in page.cases]
        return CasePageModel(open=ask.overview().cases.open, cases=items, after=page.after)

    @api.get("/cases/lights", summary="Open cases by their light")
    def lights(ask: Asking) -> LightsModel:
        return LightsModel.of(ask.desk.lights())

    @api.get("/cases/figures", summary="Closing rate, in-time rate, repair time, reopened rate")
    def figures(ask: Asking, until: _Day = None, since: _Day = None, by: By = By.ALL) -> list[FiguresModel]:
        until_us = ask.now_us() if until is None else begin_of_us(until + timedelta(1), ask.timezone)
        since_us = None if since is None else begin_of_us(since, ask.timezone)
        return [FiguresModel.of(row) for row in ask.desk.figures(until_us, by, since_us)]

    @api.get(
        "/cases/{number}/reports",
        summary="What people reported of a case; who they are with reporters:read",
        responses=NOT_FOUND,
    )
    def reports(ask: Asking, number: Number) -> list[ReportModel]:
        return [ReportModel.of(told) for told in ask.desk.reports(number)]

    @api.post(
        "/cases/{number}/steps", summary="Take a step on a case", responses={**NOT_FOUND, **_STEP_REFUSALS}
    )
    def take(ask: Asking, number: Number, step: StepAskModel) -> StandingModel:
        state = ask.desk.take(number, step.asked())
        return StandingModel(number=number, state=state, possible=ask.desk.possible(state))

    return api
