import re
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from access_matrix import PAGES, USERS
from browser import Browser
from certificates import self_signed
from console_people import PASSWORD

Serve = Callable[[str], str]

_PROGRAM = Path(__file__).parents[1] / "console_stand.py"


@contextmanager
def _signed_in(address: str, who: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=address, timeout=100.0) as client:
        answer = client.post("/login", data={"name": who, "password": PASSWORD})
        assert answer.status_code == 303
        yield client


@pytest.mark.parametrize("who", USERS)
def test_pages_answer_as_the_matrix_says(serve_stand: Serve, who: str) -> None:
    """Each user gets the matrix' answer to each page; another tenant's device and case are 404."""
    rows = [line.split() for line in PAGES.strip().splitlines()]
    expected = {path: int(statuses[USERS.index(who)]) for path, *statuses in rows}
    with _signed_in(serve_stand("guarded"), who) as client:
        found = {path: client.get(path).status_code for path in expected}

    assert found == expected


def test_a_tenants_pages_show_its_own_only(serve_stand: Serve) -> None:
    """No page that a tenant's officer opens names a device of another tenant."""
    with _signed_in(serve_stand("guarded"), "duty_north") as client:
        pages = [client.get(path).text for path in ("/", "/parking", "/lighting", "/cases", "/system")]

    assert [re.findall(r"(?:parking|lighting)-[0-9]{4}|stranger-1", page) for page in pages] == [[]] * 5


@pytest.mark.parametrize("path", ["/", "/system", "/_nicegui/x", "/docs", "/devices/water-0001"])
def test_strangers_see_nothing_but_the_sign_in(serve_stand: Serve, path: str) -> None:
    """Without a session every page, and every file behind the pages, is refused or leads to the sign-in."""
    address = serve_stand("guarded")
    browser = httpx.get(address + path, headers={"Accept": "text/html"}, timeout=100)
    program = httpx.get(address + path, timeout=100)

    assert (browser.status_code, program.status_code) == (303, 401)
    assert browser.headers["location"].startswith("/login?next=")


def test_a_strangers_live_connection_is_refused(serve_stand: Serve) -> None:
    """A page's live connection opens only for who is signed in."""
    address = serve_stand("guarded").replace("http", "ws")

    with (
        pytest.raises(InvalidStatus, match="403"),
        connect(f"{address}/_nicegui_ws/socket.io/?EIO=4&transport=websocket"),
    ):
        pass


def test_a_user_signs_in_looks_and_signs_out(serve_stand: Serve, tab: Browser) -> None:
    """The sign-in leads to the page that was wanted, which comes alive; signing out leads back."""
    address = serve_stand("guarded")
    tab.open(f"{address}/water")
    tab.await_true("document.querySelector('input[name=password]')")
    tab.ask(
        "document.querySelector('input[name=name]').value = 'viewer_north';"
        f"document.querySelector('input[name=password]').value = '{PASSWORD}';"
        "document.querySelector('form').submit()"
    )
    tab.await_true("document.querySelector('.ng-time').innerText.startsWith('2026-03-15')")
    seen = tab.text()
    tab.await_true("window.socket.connected")
    tab.ask("document.querySelector('.ng-sign-out').submit()")
    tab.await_true("location.pathname === '/login'")

    assert ("Night flow by zone" in seen, "viewer_north" in seen, "System" in seen) == (True, True, False)


def test_an_open_page_ends_with_its_session(serve_stand: Serve, tab: Browser) -> None:
    """A page that is open when its session ends shows nothing new: it leads to the sign-in."""
    address = serve_stand("guarded")
    tab.open(f"{address}/login")
    tab.await_true("document.querySelector('input[name=password]')")
    tab.ask(
        "document.querySelector('input[name=name]').value = 'viewer_all';"
        f"document.querySelector('input[name=password]').value = '{PASSWORD}';"
        "document.querySelector('form').submit()"
    )
    tab.await_true("window.socket && window.socket.connected")
    tab.ask(
        "fetch('/logout', {method: 'POST', headers: {'Content-Type': 'application/x-www-form-urlencoded'},"
        " body: new URLSearchParams(new FormData(document.querySelector('.ng-sign-out')))})"
    )
    tab.await_true("location.pathname === '/login'")

    assert tab.ask("document.querySelector('.ng-time')") is None


@pytest.fixture
def over_tls(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A console that speaks TLS in a process of its own: its address and its certificate."""
    certificate, key = self_signed(tmp_path, "localhost")
    command = [sys.executable, str(_PROGRAM), str(tmp_path), "guarded", "0", str(certificate), str(key)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=tmp_path) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip(), certificate
        process.terminate()


def test_it_speaks_tls(over_tls: tuple[str, Path]) -> None:
    """With a certificate the console speaks TLS only, and holds browsers and its cookie to it."""
    address, certificate = over_tls
    trusting = ssl.create_default_context(cafile=certificate)
    address = address.replace("127.0.0.1", "localhost")
    answer = httpx.post(
        f"{address}/login", data={"name": "viewer_all", "password": PASSWORD}, verify=trusting, timeout=100
    )

    assert (answer.status_code, "Secure" in answer.headers["set-cookie"]) == (303, True)
    assert answer.headers["strict-transport-security"] == "max-age=31536000"
