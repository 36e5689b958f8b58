import ipaddress

import pytest

from console_api import Api
from console_people import PASSWORD, As, settle
from console_stand import Stand
from narrowgate_console import Access, Binding, Services, refusal_to_bind
from narrowgate_console.app import create_app

PROXY = "10.0.0.2"
NAME = "console.example"


@pytest.fixture
def proxied(stand: Stand, services: Services, access: Access) -> Api:
    """A console behind a proxy, with everybody in it."""
    settle(access)
    binding = Binding("0.0.0.0", proxies=(ipaddress.ip_network("10.0.0.0/30"),))  # noqa: S104 - never bound
    return Api(create_app(services, access, binding))


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost:8080", "localhost", "[::1]:9", "LOCALHOST"])
def test_loopback_names_are_answered(api: Api, host: str) -> None:
    """The console answers under each name that this machine has for itself."""
    assert api.get("/healthz", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8080",
        "127.0.0.1.evil.example",
        "localhost@evil.example",
        "",
        "[",
    ],
)
def test_a_foreign_name_is_refused(api: Api, host: str) -> None:
    """A name that merely resolves to this machine (DNS rebinding) is refused."""
    answer = api.get("/api/v1/overview", headers={"Host": host})

    assert (answer.status_code, answer.json()["code"]) == (421, "host")


@pytest.mark.parametrize(
    ("origin", "status"),
    [("http://127.0.0.1:8080", 200), ("http://localhost", 200), ("https://evil.example", 421), ("null", 421)],
)
def test_a_foreign_page_is_refused(api: Api, origin: str, status: int) -> None:
    """A page of another site cannot ask the console through its visitor's browser."""
    assert api.get("/healthz", headers={"Origin": origin}).status_code == status


@pytest.mark.parametrize("path", ["/healthz", "/docs", "/api/v1/nothing", "/login"])
def test_answers_cannot_be_framed_or_guessed_at(api: Api, path: str) -> None:
    """No other page may put the console in a frame, and no browser guess at its content."""
    headers = api.get(path).headers

    assert (headers["x-frame-options"], headers["x-content-type-options"]) == ("DENY", "nosniff")
    assert "default-src 'self'" in headers["content-security-policy"]


def test_a_change_by_cookie_needs_the_sessions_word(stand: Stand, access: Access, api: Api) -> None:
    """A cookie alone changes nothing: the request must carry the word that only the console's pages know."""
    settle(access)
    headers = As(api, access, "admin_all").headers
    word = headers.pop("X-CSRF-Token")
    statuses = [
        api.get(
            "/api/v1/users/viewer_all", method="DELETE", headers={**headers, "X-CSRF-Token": given}
        ).status_code
        for given in ("", "x", word[:-1], word)
    ]

    assert statuses == [403, 403, 403, 204]


def test_a_wrong_token_is_nobody_even_here(api: Api) -> None:
    """Who names a token that is none is not let in as this machine instead."""
    assert api.get("/api/v1/me", headers={"Authorization": "Bearer ngt_x_y"}).status_code == 401


@pytest.mark.parametrize(
    ("headers", "status"),
    [({"Content-Length": str(1 << 21)}, 413), ({"Transfer-Encoding": "chunked"}, 411)],
)
def test_endless_bodies_are_refused(api: Api, headers: dict[str, str], status: int) -> None:
    """A body that is too long, or does not say how long it is, is refused unread."""
    assert api.get("/api/v1/users", method="POST", headers=headers).status_code == status


def test_a_stranger_is_shown_where_to_sign_in(stand: Stand, access: Access, api: Api) -> None:
    """A browser that nobody has signed in is led to the sign-in, and from there to where it wanted."""
    settle(access)
    answer = api.get("/cases?lang=zh", headers={"Accept": "text/html"})

    assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=%2Fcases%3Flang%3Dzh")


def _sign_in(api: Api, name: str, password: str, onward: str = "/cases") -> tuple[int, str, str]:
    answer = api.get(f"/login?next={onward}", method="POST", form={"name": name, "password": password})
    return answer.status_code, answer.headers.get("location", ""), answer.headers.get("set-cookie", "")


def test_signing_in_leads_on_with_a_cookie(stand: Stand, access: Access, api: Api) -> None:
    """The right password gives a cookie that scripts cannot read and other sites cannot send."""
    settle(access)
    status, location, cookie = _sign_in(api, "viewer_all", PASSWORD)

    assert (status, location) == (303, "/cases")
    assert [part for part in ("HttpOnly", "SameSite=strict", "Path=/") if part not in cookie] == []


@pytest.mark.parametrize("onward", ["//evil.example", "https://evil.example", "/\\evil.example", "x", ""])
def test_signing_in_leads_nowhere_else(stand: Stand, access: Access, api: Api, onward: str) -> None:
    """A link that somebody made up leads from the sign-in to the city page, not to another site."""
    settle(access)

    assert _sign_in(api, "viewer_all", PASSWORD, onward)[1] == "/"


def test_a_wrong_password_is_told_and_then_locked(stand: Stand, access: Access, api: Api) -> None:
    """A wrong password is told without saying what was wrong; the sixth try is told to wait."""
    settle(access)
    statuses = [_sign_in(api, "viewer_all", "wrong")[0] for _ in range(6)]

    assert statuses == [401, 401, 401, 401, 401, 429]


def test_what_is_typed_is_only_text(stand: Stand, access: Access, api: Api) -> None:
    """A name that is HTML is shown by that name in the form."""
    settle(access)
    answer = api.get("/login", method="POST", form={"name": '"><script>', "password": "x"})

    assert "&quot;&gt;&lt;script&gt;" in answer.text


def test_signing_out_needs_the_sessions_word(stand: Stand, access: Access, api: Api) -> None:
    """Another page cannot sign a user out; the console's own can."""
    settle(access)
    asker = As(api, access, "viewer_all")
    word = asker.headers.pop("X-CSRF-Token")
    places = []
    for given in ("x", word):
        answer = api.get("/logout", method="POST", headers=asker.headers, form={"csrf": given})
        places.append((answer.headers["location"], asker.status("GET", "/api/v1/me")))

    assert places == [("/", 200), ("/login", 401)]


def test_beyond_loopback_nobody_is_let_in_unasked(stand: Stand, services: Services, access: Access) -> None:
    """A console that others can reach is never open, not even before the first user."""
    binding = Binding("192.0.2.1", proxies=(ipaddress.ip_network("10.0.0.0/30"),))
    api = Api(create_app(services, access, binding))

    assert api.get("/api/v1/me", headers={"Host": NAME}, peer=PROXY).status_code == 401


@pytest.mark.parametrize(("peer", "status"), [(PROXY, 200), ("10.0.0.9", 421), ("127.0.0.1", 421)])
def test_behind_a_proxy_only_the_proxy_is_answered(proxied: Api, peer: str, status: int) -> None:
    """Who reaches the port past the proxy is refused."""
    assert proxied.get("/healthz", headers={"Host": NAME}, peer=peer).status_code == status


@pytest.mark.parametrize(
    ("origin", "status"), [(f"https://{NAME}", 200), ("https://evil.example", 421), ("http://localhost", 421)]
)
def test_behind_a_proxy_pages_are_its_hosts(proxied: Api, origin: str, status: int) -> None:
    """A request that names its origin comes from a page of the name that the proxy passes on."""
    headers = {"Host": NAME, "Origin": origin}

    assert proxied.get("/healthz", headers=headers, peer=PROXY).status_code == status


def test_behind_a_proxy_the_cookie_is_held_to_tls(proxied: Api) -> None:
    """The cookie of a console that speaks TLS is sent by TLS and to this host only."""
    answer = proxied.get(
        "/login",
        method="POST",
        headers={"Host": NAME},
        form={"name": "viewer_all", "password": PASSWORD},
        peer=PROXY,
    )

    assert answer.headers["set-cookie"].startswith("__Host-narrowgate=")
    assert "Secure" in answer.headers["set-cookie"]


def test_behind_a_proxy_the_client_is_locked_not_the_proxy(proxied: Api) -> None:
    """Failures count for the address that the proxy saw, not for what a client claims before it."""

    def fail(claimed: str) -> int:
        return proxied.get(
            "/login",
            method="POST",
            headers={"Host": NAME, "X-Forwarded-For": claimed},
            form={"name": "viewer_all", "password": "wrong"},
            peer=PROXY,
        ).status_code

    statuses = [fail(f"192.0.2.{n}, 198.51.100.7") for n in range(6)]

    assert (statuses[-1], fail("198.51.100.8")) == (429, 401)


@pytest.mark.parametrize(
    ("binding", "words"),
    [
        (Binding("192.0.2.1"), "others could read what is sent there"),
        (Binding("::"), "others could read what is sent there"),
        (
            Binding("192.0.2.1", proxies=(ipaddress.ip_network("10.0.0.2/32"),)),
            "nobody could sign in: add one by `narrowgate users add NAME --role administrator`",
        ),
        (
            Binding(proxies=(ipaddress.ip_network("127.0.0.1/32"),)),
            "nobody could sign in: add one by `narrowgate users add NAME --role administrator`",
        ),
    ],
)
def test_an_unprotected_address_is_refused(access: Access, binding: Binding, words: str) -> None:
    """An address that others can reach needs users, and TLS or a proxy: one line says what is missing."""
    refused = refusal_to_bind(binding, access)

    assert refused is not None
    assert words in refused
