"""The pages and their addresses: each is opened for one principal, in one language."""

import copy
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from anyio import to_thread
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import Response
from nicegui import Client, ui

from narrowgate_cases.queries import number_of
from narrowgate_console.access import Access
from narrowgate_console.case_pages import CasePage
from narrowgate_console.city_page import CityPage
from narrowgate_console.command_pages import CommandsPage, GroupPage
from narrowgate_console.device_page import DevicePage
from narrowgate_console.family_pages import LightingPage, ParkingPage, WaterPage
from narrowgate_console.figures_page import FiguresPage, asked_of
from narrowgate_console.open_page import OpenPage
from narrowgate_console.page import Frame, Page
from narrowgate_console.plain_page import plain_page
from narrowgate_console.principals import Denied, NotThere, Principal
from narrowgate_console.queue_page import CasesPage, cursor_of, filters_of
from narrowgate_console.services import Services
from narrowgate_console.system_page import SystemPage
from narrowgate_console.words import HTML_LANGUAGE, LANGUAGES, Language, choose_language, word
from narrowgate_schema.words import Family

MOST_PAGES = 64
"""Pages open at once: each costs the process about half a megabyte."""
UNOPENED_FOR_S = 5.0
"""How old a page must be, that was fetched but never opened its live connection, to make room for another."""
_STYLE = (Path(__file__).parent / "console.css").read_text(encoding="utf-8")
_ANSWER_WITHIN_S = 10.0
_MOST_ASKED = 16

Build = Callable[[Frame], Page[Any]]
_OWN_PAGES: dict[Family, Build] = {
    Family.WATER: WaterPage,
    Family.PARKING: ParkingPage,
    Family.LIGHTING: LightingPage,
}
"""Of families that are looked at in a way of their own."""


def _make_room(most_pages: int) -> None:
    if len(Client.instances) >= most_pages:
        Client.prune_instances(client_age_threshold=UNOPENED_FOR_S)
    if len(Client.instances) >= most_pages:
        raise HTTPException(503, f"{most_pages} pages are open", headers={"Retry-After": "5"})


class Pages:
    """Opens pages."""

    def __init__(self, services: Services, access: Access, tile_url: str) -> None:
        self._services = services
        self._access = access
        self._tile_url = tile_url

    async def open(self, request: Request, client: Client, build: Build) -> Response | None:
        """Build a page and fill it; what the principal may not see, or is not there, is a refusal instead."""
        asked = request.query_params.get("lang")
        language = choose_language(asked, request.headers.get("accept-language"))
        frame = Frame(
            view=self._services.of(request.state.principal),
            still=self._still(request),
            language=language,
            suffix=f"?lang={asked}" if asked in LANGUAGES else "",
            path=request.url.path,
            tile_url=self._tile_url,
            asked=_asked(request),
        )
        try:
            page = build(frame)
            board = await to_thread.run_sync(page.look)
        except Denied as denied:
            return _refused("denied_page", str(denied), language, 403)
        except NotThere as missing:
            return _refused("not_there_page", str(missing), language, 404)
        # The page object is shared by all browsers; this one gets its own with its own language.
        client.page = copy.copy(client.page)
        client.page.language = HTML_LANGUAGE[language]
        ui.add_css(_STYLE)
        page.open(board)
        return None

    def _still(self, request: Request) -> Callable[[], bool]:
        """Give the question whether who opened a page may still look at it."""
        principal: Principal = request.state.principal
        token = request.headers.get("authorization", "").partition(" ")[2].strip()
        cookies = [value for name, value in request.cookies.items() if "narrowgate" in name]

        def still() -> bool:
            access = self._access
            if token:
                return access.of_token(token) == principal
            if principal.csrf is None:
                return access.local() == principal
            return any(access.of_cookie(cookie) == principal for cookie in cookies)

        return still


def _asked(request: Request) -> tuple[tuple[str, str], ...]:
    """Give what an address asks of a page, but for its language."""
    asked = [each for each in request.query_params.multi_items() if each[0] != "lang"]
    return tuple(asked[:_MOST_ASKED])


def _refused(title: str, words: str, language: Language, status: int) -> Response:
    content = f'<p>{word("refused_hint", language)}</p><p><a href="/">{word("to_city", language)}</a></p>'
    return plain_page(word(title, language), content, language, status)


def _add_desk(pages: Pages, room: Sequence[Any]) -> None:
    @ui.page("/cases", response_timeout=_ANSWER_WITHIN_S, dependencies=room)
    async def cases(
        request: Request,
        client: Client,
        state: str = "",
        light: str = "",
        service: str = "",
        unit: str = "",
        text: str = "",
        after: str = "",
    ) -> Response | None:
        filters = filters_of(state, light, service, unit, text)
        return await pages.open(request, client, lambda frame: CasesPage(frame, filters, cursor_of(after)))

    @ui.page("/cases/figures", response_timeout=_ANSWER_WITHIN_S, dependencies=room)
    async def figures(
        request: Request, client: Client, by: str = "", since: str = "", until: str = ""
    ) -> Response | None:
        asked = asked_of(by, since, until)
        return await pages.open(request, client, lambda frame: FiguresPage(frame, asked))

    @ui.page("/cases/{number}", response_timeout=_ANSWER_WITHIN_S, dependencies=room)
    async def case(request: Request, client: Client, number: str) -> Response | None:
        return await pages.open(request, client, lambda frame: CasePage(frame, number_of(number)))


def add_pages(
    app: FastAPI, services: Services, access: Access, *, tile_url: str = "", most_pages: int = MOST_PAGES
) -> None:
    """Put the pages on an app; they use no storage and no network but this server's and the tiles'."""
    pages = Pages(services, access, tile_url)
    room = [Depends(lambda: _make_room(most_pages))]

    def add(path: str, build: Build) -> None:
        @ui.page(path, response_timeout=_ANSWER_WITHIN_S, dependencies=room)
        async def page(request: Request, client: Client) -> Response | None:
            return await pages.open(request, client, build)

    add("/", CityPage)
    for family in Family:
        add(f"/{family}", _OWN_PAGES.get(family) or partial(OpenPage, family=family))
    add("/system", SystemPage)

    _add_desk(pages, room)
    add("/commands", CommandsPage)

    @ui.page("/commands/{name}", response_timeout=_ANSWER_WITHIN_S, dependencies=room)
    async def group(request: Request, client: Client, name: str) -> Response | None:
        return await pages.open(request, client, lambda frame: GroupPage(frame, name))

    @ui.page("/devices/{device}", response_timeout=_ANSWER_WITHIN_S, dependencies=room)
    async def device(request: Request, client: Client, device: str) -> Response | None:
        return await pages.open(request, client, lambda frame: DevicePage(frame, device))

    ui.run_with(app, title="Narrowgate", dark=None, tailwind=False, show_welcome_message=False)
