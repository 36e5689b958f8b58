"""The HTTP side of InfluxDB: who is asked, who asks, and what is never given away."""

import shutil
import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from influx_recorded import WRITTEN, Scripted, serving
from narrowgate_ingest.influx_client import (
    Credentials,
    InfluxClient,
    Secret,
    SecretUnreadable,
    Target,
)

LINES = memoryview(b"water,device=a frame=1i 1\n")


def _target(server: Scripted, **other: Any) -> Target:
    return Target(**{"url": server.url, "api": "v1", "database": "d b", "timeout_s": 5.0, **other})


@pytest.mark.parametrize(
    ("api", "precision", "path"),
    [
        ("v1", "us", "/below/write?db=d+b&precision=u"),
        ("v1", "ns", "/below/write?db=d+b&precision=n"),
        ("v2", "us", "/below/api/v2/write?org=o&bucket=d+b&precision=us"),
        ("v2", "ns", "/below/api/v2/write?org=o&bucket=d+b&precision=ns"),
    ],
)
def test_each_api_has_its_path(api: Any, precision: Any, path: str) -> None:
    """A path before the API's own is kept: a proxy may stand there."""
    target = Target("http://h:1/below/", api, "d b", org="o", precision=precision)

    assert target.write_path() == path


def test_a_target_is_named_without_its_scheme() -> None:
    """The name tells targets apart and holds no secret."""
    assert Target("https://influx.example:8086", "v2", "city").name == "influx.example:8086/city"


def test_a_user_is_authenticated_by_header(tmp_path: Path) -> None:
    """A password travels in a header, never in the address."""
    (tmp_path / "password").write_text("p:w\n")

    with serving(WRITTEN) as server:
        client = InfluxClient(_target(server, credentials=Credentials(Secret(tmp_path / "password"), "u")))
        client.write(LINES)
        client.close()

    assert server.asked[0].headers["authorization"] == "Basic dTpwOnc="
    assert "p:w" not in server.asked[0].path


def test_a_token_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment variable does as well as a file."""
    monkeypatch.setenv("CITY_TOKEN", "t0k")

    assert Credentials(Secret(variable="CITY_TOKEN")).headers() == {"Authorization": "Token t0k"}


@pytest.mark.parametrize("content", [b"", b"\n", b"a\nb", b"a\x00b", "schlüssel".encode(), b"\xff"])
def test_what_is_no_secret_is_refused_by_its_place(tmp_path: Path, content: bytes) -> None:
    """A secret is one line of plain characters; the fault names the file and shows nothing of it."""
    path = tmp_path / "token"
    path.write_bytes(content)

    with pytest.raises(SecretUnreadable) as fault:
        Secret(path).read()

    assert str(fault.value).startswith(f"{path}: ")


def test_a_variable_that_is_not_set_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fault says which variable."""
    monkeypatch.delenv("CITY_TOKEN", raising=False)

    with pytest.raises(SecretUnreadable, match="environment variable CITY_TOKEN"):
        Secret(variable="CITY_TOKEN").read()


def test_a_redirect_is_not_followed(tmp_path: Path) -> None:
    """The credentials stay with the host that was named."""
    (tmp_path / "token").write_text("t")

    with serving(WRITTEN) as other, serving((307, {"Location": other.url}, b"")) as server:
        client = InfluxClient(_target(server, credentials=Credentials(Secret(tmp_path / "token"))))
        answer = client.write(LINES)
        client.close()

    assert answer.status == 307
    assert other.asked == []


def test_a_connection_that_the_server_closed_meanwhile_is_made_again() -> None:
    """A kept connection that turns out to be closed is no failure."""
    with serving((204, {"Connection": "close"}, b""), WRITTEN) as server:
        client = InfluxClient(_target(server))
        statuses = [client.write(LINES).status for _ in range(3)]
        client.close()

    assert statuses == [204, 204, 204]
    assert server.connections == 2


def test_an_endless_answer_is_cut() -> None:
    """No more of an answer is read than its bound."""
    with serving((500, {}, b"x" * 3_000_000), WRITTEN) as server:
        client = InfluxClient(_target(server))
        answer = client.write(LINES)
        after = client.write(LINES)
        client.close()

    assert len(answer.body) == 1 << 20
    assert after.status == 204


@pytest.fixture
def certified(tmp_path: Path) -> tuple[Path, Callable[[Any], Any]]:
    """A certificate of localhost that signs itself, and what puts it around a listening socket."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs openssl")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        [
            *(openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-keyout", str(key), "-out", str(certificate), "-days", "2", "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=DNS:localhost"),
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return certificate, lambda listening: context.wrap_socket(listening, server_side=True)


def test_tls_goes_to_a_server_that_the_authority_vouches_for(
    certified: tuple[Path, Callable[[Any], Any]],
) -> None:
    """An authority of one's own is named by ca_file."""
    ca_file, wrap = certified

    with serving(WRITTEN, wrap=wrap) as server:
        client = InfluxClient(_target(server, ca_file=ca_file))
        answer = client.write(LINES)
        client.close()

    assert answer.status == 204


def test_tls_to_an_unknown_server_sends_nothing(certified: tuple[Path, Callable[[Any], Any]]) -> None:
    """There is no way to do without verification."""
    _, wrap = certified

    with serving(WRITTEN, wrap=wrap) as server, pytest.raises(ssl.SSLCertVerificationError):
        InfluxClient(_target(server)).write(LINES)

    assert server.asked == []


def test_tls_to_another_name_sends_nothing(certified: tuple[Path, Callable[[Any], Any]]) -> None:
    """A certificate is good for its own name only."""
    ca_file, wrap = certified

    with serving(WRITTEN, wrap=wrap) as server:
        url = server.url.replace("localhost", "127.0.0.1")
        with pytest.raises(ssl.SSLCertVerificationError):
            InfluxClient(_target(server, url=url, ca_file=ca_file)).write(LINES)

    assert server.asked == []
