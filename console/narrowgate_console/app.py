"""The HTTP side of the console without its pages: API, probes, sign-in, reference, refusals."""

from urllib.parse import urlsplit

from fastapi import FastAPI, HTTPException
from fastapi.responses import HTMLResponse

from narrowgate_cases.status_back import StatusBack
from narrowgate_console import (
    access_api,
    api,
    city_api,
    command_api,
    desk_api,
    group_api,
    probes,
    refusals,
    sign_in,
    status_api,
)
from narrowgate_console.access import Access
from narrowgate_console.binding import Binding
from narrowgate_console.gate import Gate
from narrowgate_console.open311 import Offer
from narrowgate_console.open311.routes import router as open311
from narrowgate_console.reference import reference_page
from narrowgate_console.services import Services

API_VERSION = "1"


def create_app(
    services: Services,
    access: Access,
    binding: Binding | None = None,
    *,
    tile_url: str = "",
    offer: Offer | None = None,
    status_back: StatusBack | None = None,
) -> FastAPI:
    """Give the app that serves these services; pages are added by `serving`.

    Args:
        services: what it serves.
        access: to whom.
        binding: where it will listen; loopback if not said.
        tile_url: the map's tiles, as Leaflet writes it; '' for none.
        offer: what is offered by Open311; nothing, to nobody, if not said.
        status_back: which outside system may say what became of cases; none if not said.
    """
    binding = binding or Binding()
    app = FastAPI(
        title="Narrowgate",
        version=API_VERSION,
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    app.state.services = services
    app.state.access = access
    refusals.install(app)
    app.include_router(probes.router(services), tags=["probes"])
    app.include_router(desk_api.router(), tags=["desk"])
    app.include_router(api.router(), tags=["api"])
    app.include_router(city_api.router(), tags=["devices"])
    app.include_router(command_api.router(), tags=["commands"])
    app.include_router(group_api.router(), tags=["commands"])
    app.include_router(status_api.router(services, status_back), tags=["desk"])
    app.include_router(access_api.router(), tags=["access"])
    app.include_router(sign_in.router(access, binding))
    app.include_router(open311(services, access, offer or Offer()))

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return HTMLResponse(reference_page(app.openapi()))

    @app.get("/api/{path:path}", include_in_schema=False)
    async def nowhere(path: str) -> None:
        raise HTTPException(404, f"there is nothing at /api/{path}; /docs lists what there is")

    @app.get("/open311/{path:path}", include_in_schema=False)
    async def nowhere_of_open311(path: str) -> None:
        raise HTTPException(404, f"there is nothing at /open311/{path[:200]}")

    app.add_middleware(Gate, access=access, binding=binding, tiles=_origin(tile_url))
    return app


def _origin(tile_url: str) -> str:
    """Give where tiles come from as a content policy names it: `{s}` is one of any hosts."""
    parts = urlsplit(tile_url)
    return f"{parts.scheme}://{parts.netloc.replace('{s}', '*')}" if parts.netloc else ""
