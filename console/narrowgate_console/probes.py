"""What machines ask of the process: does it live, does it work, and its metrics."""

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST

from narrowgate_console.asking import Asking
from narrowgate_console.models import CheckModel, ErrorModel, ReadinessModel
from narrowgate_console.services import Services

_REFUSALS: dict[int | str, dict[str, Any]] = {
    401: {"model": ErrorModel, "description": "Nobody that is known"},
    403: {"model": ErrorModel, "description": "Not allowed"},
}


def router(services: Services) -> APIRouter:
    """Give the routes of the probes on these services."""
    probes = APIRouter()

    @probes.get("/healthz", summary="200 while the process lives")
    async def healthz() -> dict[str, str]:
        return {"status": "alive"}

    @probes.get(
        "/readyz",
        summary="200 if everything that the work depends on is so, else 503 and what is not",
        responses={503: {"model": ReadinessModel}},
    )
    def readyz(request: Request, response: Response) -> ReadinessModel:
        principal = request.state.principal
        ready = all(check.ok for check in services.readiness())
        told = () if principal is None else services.of(principal).readiness()
        response.status_code = 200 if ready else 503
        return ReadinessModel(ready=ready, checks=[CheckModel(**asdict(check)) for check in told])

    @probes.get("/metrics", summary="Prometheus metrics", response_class=Response, responses=_REFUSALS)
    def metrics(ask: Asking) -> Response:
        return Response(ask.exposition(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    return probes
