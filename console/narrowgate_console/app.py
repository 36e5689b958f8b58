"""The HTTP side of the console without its pages: API, probes, reference, refusals."""

from fastapi import FastAPI, HTTPException
from fastapi.responses import HTMLResponse

from narrowgate_console import api, probes, refusals
from narrowgate_console.gate import LoopbackOnly
from narrowgate_console.reference import reference_page
from narrowgate_console.services import Services

API_VERSION = "1"


def create_app(services: Services) -> FastAPI:
    """Give the app that serves these services; pages are added by `serving`."""
    app = FastAPI(
        title="Narrowgate",
        version=API_VERSION,
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    refusals.install(app)
    app.include_router(probes.router(services), tags=["probes"])
    app.include_router(api.router(services), tags=["api"])

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return HTMLResponse(reference_page(app.openapi()))

    @app.get("/api/{path:path}", include_in_schema=False)
    async def nowhere(path: str) -> None:
        raise HTTPException(404, f"there is nothing at /api/{path}; /docs lists what there is")

    app.add_middleware(LoopbackOnly)
    return app
