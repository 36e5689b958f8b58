"""The HTTP API under /api/v1: what the services answer to the principal, as JSON."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from narrowgate_console.asking import Asking
from narrowgate_console.models import (
    CaseFileModel,
    ErrorModel,
    FindingModel,
    FindingPageModel,
    OverviewModel,
    QuarantinePageModel,
    SeriesModel,
    SystemModel,
)
from narrowgate_schema.words import Family, FindingState, Reason

Limit = Annotated[int, Query(ge=1, le=500, description="how many at most")]
Offset = Annotated[int, Query(ge=0, le=10_000_000, description="how many to pass over")]
Hours = Annotated[int, Query(ge=1, le=48, description="hours of event time, the one in progress included")]
Number = Annotated[str, Path(max_length=32, examples=["C-000001"])]
Rule = Annotated[str | None, Query(max_length=64, description="only of this rule")]
Standing = Annotated[FindingState | None, Query(description="only those that stand so")]
Device = Annotated[str | None, Query(max_length=64, description="only of this device")]

REFUSALS: dict[int | str, dict[str, object]] = {
    401: {"model": ErrorModel, "description": "Nobody that is known"},
    403: {"model": ErrorModel, "description": "Not allowed"},
    422: {"model": ErrorModel, "description": "A parameter is wrong"},
    503: {"model": ErrorModel, "description": "A store cannot be read"},
}
NOT_FOUND: dict[int | str, dict[str, object]] = {
    404: {"model": ErrorModel, "description": "None, or another tenant's"}
}


def router() -> APIRouter:
    """Give the routes that read."""
    api = APIRouter(prefix="/api/v1", responses=REFUSALS)

    @api.get("/overview", summary="The ledger and the counts of cases")
    def overview(ask: Asking) -> OverviewModel:
        return OverviewModel.of(ask.overview())

    @api.get("/cases/{number}", summary="One case with its history", responses=NOT_FOUND)
    def case(ask: Asking, number: Number) -> CaseFileModel:
        found, steps = ask.case(number)
        return CaseFileModel.with_steps(found, steps, ask.desk.light(found), ask.desk.possible(found.state))

    @api.get("/findings", summary="Findings as known now, the latest raised first")
    def findings(
        ask: Asking,
        rule: Rule = None,
        state: Standing = None,
        device: Device = None,
        limit: Limit = 50,
        offset: Offset = 0,
    ) -> FindingPageModel:
        found = ask.findings(rule=rule, state=state, device=device, limit=limit, offset=offset)
        return FindingPageModel(findings=[FindingModel.of(finding) for finding in found])

    @api.get("/series/{family}", summary="A family's figure for each hour")
    def series(ask: Asking, family: Family, hours: Hours = 24) -> SeriesModel:
        return SeriesModel.of(ask.city.series(family, hours))

    @api.get("/system", summary="How the gateway does: ledger, readiness, listeners, brokers, stores")
    def system(ask: Asking) -> SystemModel:
        return SystemModel.of(ask.system())

    @api.get("/quarantine", summary="Frames set aside, the newest first")
    def quarantine(
        ask: Asking,
        device: Device = None,
        reason: Annotated[Reason | None, Query(description="only set aside for this")] = None,
        limit: Limit = 50,
        offset: Offset = 0,
    ) -> QuarantinePageModel:
        found = ask.quarantined(device=device, reason=reason, limit=limit, offset=offset)
        return QuarantinePageModel.of(found)

    return api
