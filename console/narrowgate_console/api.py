"""The HTTP API under /api/v1: what the services answer, as JSON."""

from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Query

from narrowgate_console.models import (
    CaseFileModel,
    CaseModel,
    CasePageModel,
    ErrorModel,
    FindingModel,
    FindingPageModel,
    OverviewModel,
    SeriesModel,
)
from narrowgate_console.services import Services
from narrowgate_schema.words import Family, FindingState

Limit = Annotated[int, Query(ge=1, le=500, description="how many at most")]
Offset = Annotated[int, Query(ge=0, le=10_000_000, description="how many to pass over")]
Hours = Annotated[int, Query(ge=1, le=48, description="hours of event time, the one in progress included")]
Number = Annotated[str, Path(max_length=32, examples=["C-000001"])]
Rule = Annotated[str | None, Query(max_length=64, description="only of this rule")]
Standing = Annotated[FindingState | None, Query(description="only those that stand so")]

_REFUSALS: dict[int | str, dict[str, object]] = {
    422: {"model": ErrorModel, "description": "A parameter is wrong"},
    503: {"model": ErrorModel, "description": "A store cannot be read"},
}
_NOT_FOUND: dict[int | str, dict[str, object]] = {404: {"model": ErrorModel, "description": "No such case"}}


def router(services: Services) -> APIRouter:
    """Give the routes of the API on these services."""
    api = APIRouter(prefix="/api/v1", responses=_REFUSALS)

    @api.get("/overview", summary="The ledger and the counts of cases")
    def overview() -> OverviewModel:
        return OverviewModel.of(services.overview())

    @api.get("/cases", summary="Open cases, the newest first")
    def cases(limit: Limit = 50, offset: Offset = 0) -> CasePageModel:
        items = [CaseModel.of(case) for case in services.open_cases(limit, offset)]
        return CasePageModel(open=services.overview().cases.open, cases=items)

    @api.get("/cases/{number}", summary="One case with its history", responses=_NOT_FOUND)
    def case(number: Number) -> CaseFileModel:
        found = services.case(number)
        if found is None:
            raise HTTPException(404, f"there is no case {number!r}")
        return CaseFileModel.with_steps(*found)

    @api.get("/findings", summary="Findings as known now, the latest raised first")
    def findings(
        rule: Rule = None, state: Standing = None, limit: Limit = 50, offset: Offset = 0
    ) -> FindingPageModel:
        found = services.findings(rule=rule, state=state, limit=limit, offset=offset)
        return FindingPageModel(findings=[FindingModel.of(finding) for finding in found])

    @api.get("/series/{family}", summary="A family's figure for each hour")
    def series(family: Family, hours: Hours = 24) -> SeriesModel:
        return SeriesModel.of(services.series(family, hours))

    return api
