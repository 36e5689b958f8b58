"""The documented exchanges of Open311 and FixMyStreet, made by real curl against the server on a port."""

import re
import subprocess
import tomllib
from pathlib import Path

from needs import debian
from open311_stand import Keys

_EXCHANGES = Path(__file__).parents[1] / "open311_exchanges.toml"
_MARK = "\n%{http_code} %{content_type}"


def _filled_in(text: str, known: dict[str, str]) -> str:
    for name, value in known.items():
        text = text.replace(f"${name}", value)
    return text


def _asked(curl: str, arguments: list[str]) -> tuple[str, int, str]:
    """Run curl; give the body, the status and the media type."""
    run = subprocess.run(
        [
            curl,
            "--silent",
            "--show-error",
            "--globoff",
            "--max-time",
            "100",
            "--write-out",
            _MARK,
            *arguments,
        ],
        capture_output=True,
        check=False,
    )
    body, _, told = run.stdout.decode().rpartition("\n")
    status, _, media_type = told.partition(" ")
    return body, int(status), media_type


def test_the_documented_exchanges_hold(open311_site: tuple[str, Keys], tmp_path: Path) -> None:
    """Each exchange has the status, the media type and the content that the documents tell."""
    address, keys = open311_site
    large = tmp_path / "large"
    large.write_bytes(b"description=" + b"x" * 10_000_000)
    known = {"URL": address, "KEY": keys.app, "CREW": keys.crew, "LARGE": str(large)}
    curl, wrong = debian("curl", "curl"), []
    for exchange in tomllib.loads(_EXCHANGES.read_text(encoding="utf-8"))["exchange"]:
        body, status, media_type = _asked(curl, [_filled_in(each, known) for each in exchange["curl"]])
        holds = [_filled_in(pattern, known) for pattern in exchange["holds"]]
        if (
            (status, media_type) != (exchange["status"], exchange["type"])
            or not all(re.search(pattern, body) for pattern in holds)
            or any(re.search(pattern, body) for pattern in exchange.get("lacks", ()))
        ):
            wrong.append((exchange["name"], status, media_type, body[:600]))
        if "keep" in exchange and (kept := re.search(exchange["keep"], body)):
            known["KEPT"] = kept[1]

    assert wrong == []
