import pytest

from console_api import Api


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


@pytest.mark.parametrize("path", ["/healthz", "/docs", "/api/v1/nothing"])
def test_answers_cannot_be_framed_or_guessed_at(api: Api, path: str) -> None:
    """No other page may put the console in a frame, and no browser guess at its content."""
    headers = api.get(path).headers

    assert (headers["x-frame-options"], headers["x-content-type-options"]) == ("DENY", "nosniff")
