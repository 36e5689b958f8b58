"""A city's GeoReport v2 server as a process of its own: conforming, and nasty where the standard lets it be.

It takes one connection after another: what was posted before a question is known to the answer.
`python georeport_city.py PORT LOG WAYS…` serves until it is ended; LOG has a line of JSON for what is stored.
"""

import json
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from subprocess import Popen
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit
from xml.sax.saxutils import escape

WAYS = (
    "right", "right", "stored, no answer", "stored, 500", "500", "503", "stored, closed", "token",
    "lost token", "stored, 400", "stored, bare 400", "400",
)  # fmt: skip
"""What may come of a POST; drawn in turn from the process's arguments, "right" once they are used up."""
SERVICES = ({"service_code": "LAMP", "service_name": "Street lamp out", "description": "A lamp that is dark",
             "metadata": True, "type": "realtime", "keywords": "light,dark", "group": "street"},
            {"service_code": "WATER", "service_name": "Leak", "description": "", "metadata": False,
             "type": "batch", "keywords": "", "group": "water"})  # fmt: skip
DEFINITION = {
    "service_code": "LAMP",
    "attributes": [
        {"variable": True, "code": "POLE", "datatype": "string", "required": True, "order": 1,
         "datatype_description": None, "description": "What is written on the pole?"},
        {"variable": True, "code": "HOW", "datatype": "singlevaluelist", "required": False, "order": 2,
         "datatype_description": None, "description": "How is it?",
         "values": [{"key": "dark", "name": "Dark"}, {"key": "blinks", "name": "Blinks"}]},
        {"variable": False, "code": "NOTE", "datatype": "text", "required": True, "order": 3,
         "datatype_description": None, "description": "We come within three days."},
    ],
}  # fmt: skip
_SINGULAR = {"services": "service", "service_requests": "request", "errors": "error", "values": "value",
             "attributes": "attribute", "service_request_updates": "request_update"}  # fmt: skip
Rows = list[dict[str, Any]]


class Refusal(Exception):
    """A status of the standard's with its words."""

    def __init__(self, status: int, words: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(words)
        self.status = status
        self.headers = headers or {}


class NoAnswer(Exception):
    """The connection ends, or stays open, without an answer."""

    def __init__(self, *, stays_open: bool) -> None:
        super().__init__()
        self.stays_open = stays_open


@dataclass
class City:
    """What the city has been told."""

    ways: list[str] = field(default_factory=list)
    key: str = "key-of-the-city"
    jurisdiction: str = ""
    page_size: int = 0
    lists: bool = True
    """Whether requests can be listed."""
    tells: bool = True
    """Whether it shows descriptions."""
    knows_updates: bool = True
    stored: Callable[[str, dict[str, Any]], None] = lambda kind, row: None
    requests: Rows = field(default_factory=list)
    updates: Rows = field(default_factory=list)
    posts: list[tuple[str, list[tuple[str, str]]]] = field(default_factory=list)
    """Every POST as it came, stored or not."""
    asked: list[str] = field(default_factory=list)
    """Every GET's path and query."""
    tokens: dict[str, tuple[str, int]] = field(default_factory=dict)
    at: Callable[[], datetime] = lambda: datetime.now(UTC)

    def get(self, path: str, query: dict[str, str]) -> tuple[str, Rows]:
        """Answer a GET by the name of its list and its rows."""
        if self.jurisdiction and query.get("jurisdiction_id") != self.jurisdiction:
            raise Refusal(404 if "jurisdiction_id" in query else 400, "jurisdiction_id was not found")
        name, _, key = path.partition("/")
        if name == "services" and not key:
            return "services", list(SERVICES)
        if name == "services" and key == "LAMP":
            return "service_definition", [DEFINITION]
        if name == "tokens" and key in self.tokens:
            return "service_requests", [self._redeemed(key)]
        if name == "requests" and self.lists:
            return "service_requests", [self._shown(row) for row in self._listed(key, query)]
        if name == "servicerequestupdates" and self.knows_updates and not key:
            return "service_request_updates", self.updates
        raise Refusal(404, f"{path} was not found")

    def _redeemed(self, token: str) -> dict[str, Any]:
        request_id, asked_before = self.tokens[token]
        self.tokens[token] = request_id, asked_before + 1
        if asked_before < 1:
            raise Refusal(404, "token was not found")
        return {"service_request_id": request_id, "token": token}

    def _listed(self, key: str, query: dict[str, str]) -> Rows:
        if key or "service_request_id" in query:
            wanted = (key or query["service_request_id"]).split(",")
            found = [row for row in self.requests if row["service_request_id"] in wanted]
            if key and not found:
                raise Refusal(404, "service_request_id was not found")
            return found
        codes = query.get("service_code", "").split(",")
        found = [
            row
            for row in self.requests
            if (codes == [""] or row["service_code"] in codes)
            and query.get("start_date", "") <= row["requested_datetime"] <= query.get("end_date", "9")
        ]
        if not self.page_size:
            return found[:1000]
        begin = (int(query.get("page", "1")) - 1) * self.page_size
        return found[begin : begin + self.page_size]

    def _shown(self, row: dict[str, Any]) -> dict[str, Any]:
        return row if self.tells else {**row, "description": None}

    def post(self, path: str, form: list[tuple[str, str]]) -> tuple[str, Rows]:
        """Answer a POST."""
        said = dict(form)
        self.posts.append((path, form))
        if said.get("api_key") != self.key:
            raise Refusal(403, f"Invalid api_key {said.get('api_key')} received")
        if path == "servicerequestupdates" and self.knows_updates:
            return self._way("service_request_updates", "update", lambda: self._updated(said))
        if path != "requests":
            raise Refusal(404, f"{path} was not found")
        self._check(said)
        return self._way("service_requests", "request", lambda: self._requested(said))

    def _check(self, said: dict[str, str]) -> None:
        if said.get("service_code") not in {row["service_code"] for row in SERVICES}:
            raise Refusal(404, "service_code was not found")
        if not ({"lat", "long"} <= said.keys() or "address_string" in said or "address_id" in said):
            raise Refusal(400, "a full location parameter must be submitted")
        if said["service_code"] == "LAMP" and not said.get("attribute[POLE]"):
            raise Refusal(400, "POLE is required")

    def _way(self, name: str, kind: str, store: Callable[[], dict[str, Any]]) -> tuple[str, Rows]:
        """Do what comes next: store or not, and answer or not."""
        way = self.ways.pop(0) if self.ways else "right"
        before = {"500": 500, "503": 503, "400": 400}
        if way in before:
            raise Refusal(
                before[way], "General service error", {"Retry-After": "0"} if way == "503" else None
            )
        row = store()
        self.stored(kind, row)
        row_id = row["service_request_id" if kind == "request" else "update_id"]
        if way in ("stored, no answer", "stored, closed"):
            raise NoAnswer(stays_open=way == "stored, no answer")
        if way == "stored, 500":
            raise Refusal(500, "the case system is down")
        if way == "stored, 400" and kind == "request":
            raise Refusal(400, f"duplicate: it is already reported as request {row_id}")
        if way == "stored, bare 400":
            raise Refusal(400, "This is a duplicate.")
        if way in ("token", "lost token") and kind == "request":
            token = f"t{row_id}"
            if way == "token":
                self.tokens[token] = row_id, 0
            return name, [{"token": token}]
        key = "service_request_id" if kind == "request" else "update_id"
        return name, [{key: row_id, "service_notice": "", "account_id": None}]

    def _requested(self, said: dict[str, str]) -> dict[str, Any]:
        row = {
            "service_request_id": f"{638344 + len(self.requests)}",
            "status": "open",
            "status_notes": None,
            "service_name": None,
            "service_code": said["service_code"],
            "description": said.get("description"),
            "requested_datetime": self._now(),
            "updated_datetime": self._now(),
            "address": said.get("address_string"),
            "lat": said.get("lat"),
            "long": said.get("long"),
        }
        self.requests.append(row)
        return row

    def _updated(self, said: dict[str, str]) -> dict[str, Any]:
        return self.update(
            said["service_request_id"], said.get("status", "open"), said.get("description", "")
        )

    def update(self, request_id: str, status: str, description: str) -> dict[str, Any]:
        """Add an update, of somebody there or of who posts."""
        row = {
            "update_id": f"u{len(self.updates) + 1}",
            "service_request_id": request_id,
            "status": status,
            "updated_datetime": self._now(),
            "description": description,
        }
        self.updates.append(row)
        return row

    def _now(self) -> str:
        return self.at().strftime("%Y-%m-%dT%H:%M:%SZ")


class _Handler(BaseHTTPRequestHandler):
    city: City
    held: list[socket.socket]

    def do_GET(self) -> None:
        """Answer a question."""
        parts = urlsplit(self.path)
        self.city.asked.append(self.path)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        self._answer(lambda path: self.city.get(path, query))

    def do_POST(self) -> None:
        """Take what is posted; what did not come whole was never posted."""
        length = int(self.headers["Content-Length"])
        body = self.rfile.read(length)
        if len(body) == length:
            self._answer(lambda path: self.city.post(path, parse_qsl(body.decode(), strict_parsing=True)))

    def _answer(self, work: Callable[[str], tuple[str, Rows]]) -> None:
        path, _, form = urlsplit(self.path).path.removeprefix("/v2/").rpartition(".")
        try:
            name, rows = work(path)
            self._say(200, {}, form, name, rows)
        except Refusal as refusal:
            words = [{"code": refusal.status, "description": str(refusal)}]
            self._say(refusal.status, refusal.headers, form, "errors", words)
        except NoAnswer as end:
            if end.stays_open:
                self.held.append(self.connection.dup())

    def _say(self, status: int, headers: dict[str, str], form: str, name: str, rows: Rows) -> None:
        if form == "xml":
            body, kind = f'<?xml version="1.0" encoding="utf-8"?>\n{_xml(name, rows)}', "text/xml"
        else:
            said: object = rows[0] if name == "service_definition" else rows
            body, kind = json.dumps(said, ensure_ascii=False), "application/json"
        content = body.encode()
        self.send_response(status)
        for header, value in headers.items():
            self.send_header(header, value)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def _xml(name: str, value: Any) -> str:
    if name == "service_definition":
        return _element(name, "".join(_xml(key, each) for key, each in value[0].items()))
    if isinstance(value, list):
        return _element(name, "".join(_xml(_SINGULAR[name], row) for row in value))
    if isinstance(value, dict):
        return _element(name, "".join(_xml(key, each) for key, each in value.items()))
    text = str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)
    return _element(name, escape(text))


def _element(name: str, inside: str) -> str:
    return f"<{name}>{inside}</{name}>"


class _Server(HTTPServer):
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients are killed while they talk."""


def server_of(city: City, port: int = 0) -> HTTPServer:
    """Give a server that listens on a loopback port."""
    handler = type("Handler", (_Handler,), {"city": city, "held": [], "timeout": 20})
    return _Server(("127.0.0.1", port), handler)


@contextmanager
def running(port: int, log: Path, ways: Sequence[str]) -> Iterator[str]:
    """Run a city as a process of its own; give its address."""
    program = str(Path(__file__).resolve())
    with Popen([sys.executable, program, str(port), str(log), *ways]) as process:
        try:
            yield f"http://127.0.0.1:{port}/v2"
        finally:
            process.kill()


def stored_in(log: Path) -> list[tuple[str, dict[str, Any]]]:
    """Give all that a city has stored, in order."""
    if not log.exists():
        return []
    return [(kind, row) for kind, row in map(json.loads, log.read_text("utf-8").splitlines())]


def main() -> None:
    """Serve."""
    with Path(sys.argv[2]).open("a", encoding="utf-8") as log:

        def stored(kind: str, row: dict[str, Any]) -> None:
            log.write(json.dumps([kind, row], ensure_ascii=False) + "\n")
            log.flush()

        server_of(City(ways=sys.argv[3:], stored=stored), int(sys.argv[1])).serve_forever(0.02)


if __name__ == "__main__":
    main()
