"""Signing in and out: a page of plain HTML that needs no script, and the cookie it leaves."""

import asyncio
import hmac
from html import escape
from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from narrowgate_console.access import SESSION_S, Access, SignInRefused
from narrowgate_console.binding import Binding
from narrowgate_console.gate import cookie_name
from narrowgate_console.plain_page import plain_page
from narrowgate_console.principals import Principal
from narrowgate_console.words import Language, choose_language, word

_FORM = """
<form method="post" action="/login?{query}">
<label>{name}<input name="name" autocomplete="username" maxlength="64" required autofocus
value="{typed}"></label>
<label>{password}<input name="password" type="password" autocomplete="current-password" maxlength="1024"
required></label>
<p class="fault" role="alert">{fault}</p>
<button>{sign_in}</button>
</form>
"""


def router(access: Access, binding: Binding) -> APIRouter:
    """Give the routes of signing in and out."""
    routes = APIRouter(include_in_schema=False)
    cookie = cookie_name(binding)

    @routes.get("/login")
    async def page(request: Request) -> Response:
        return _page(request, "", "", 200)

    @routes.post("/login")
    async def sign_in(request: Request) -> Response:
        form = await _form(request)
        name, password = form.get("name", ""), form.get("password", "")
        try:
            # The password's check takes time and memory on purpose: not on the loop.
            sealed = await asyncio.to_thread(access.sign_in, name, password, request.state.address)
        except SignInRefused as refused:
            return _refused(request, name, refused)
        answer = RedirectResponse(_onward(request.query_params.get("next", "/")), 303)
        answer.set_cookie(
            cookie, sealed, max_age=SESSION_S, httponly=True, samesite="strict", secure=binding.is_secure
        )
        return answer

    @routes.post("/logout")
    async def sign_out(request: Request) -> Response:
        principal: Principal = request.state.principal
        given = (await _form(request)).get("csrf", "")
        if principal.csrf is None or not hmac.compare_digest(given.encode(), principal.csrf.encode()):
            return RedirectResponse("/", 303)
        await asyncio.to_thread(access.sign_out, request.cookies.get(cookie, ""))
        answer = RedirectResponse("/login", 303)
        answer.delete_cookie(cookie, httponly=True, samesite="strict", secure=binding.is_secure)
        return answer

    return routes


async def _form(request: Request) -> dict[str, str]:
    """Give the first value of each field of a form."""
    fields = parse_qs((await request.body()).decode("utf-8", "replace"), max_num_fields=16)
    return {name: values[0] for name, values in fields.items()}


def _onward(wanted: str) -> str:
    """Give a path of this console; what leads elsewhere leads home."""
    is_here = wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and wanted.isprintable()
    return wanted if is_here else "/"


def _language(request: Request) -> Language:
    return choose_language(request.query_params.get("lang"), request.headers.get("accept-language"))


def _refused(request: Request, name: str, refused: SignInRefused) -> Response:
    language = _language(request)
    if refused.again_in_s is None:
        return _page(request, name, word("wrong_password", language), 401)
    fault = word("locked_out", language).format(minutes=-(-refused.again_in_s // 60))
    answer = _page(request, name, fault, 429)
    answer.headers["Retry-After"] = str(refused.again_in_s)
    return answer


def _page(request: Request, name: str, fault: str, status: int) -> HTMLResponse:
    language = _language(request)
    form = _FORM.format(
        query=escape(request.url.query),
        name=word("user_name", language),
        password=word("password", language),
        sign_in=word("sign_in", language),
        typed=escape(name),
        fault=escape(fault),
    )
    return plain_page(word("sign_in", language), form, language, status)
