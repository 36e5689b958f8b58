"""What a pretend city offers by Open311, and the keys of those who ask."""

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

import httpx
import uvicorn
from fastapi import FastAPI

from console_api import Api
from console_stand import HOUR_US, NOW_US, Stand, district_lines
from findings_rows import cleared, raised
from narrowgate_console import LOCAL, Access, Administration, Scope
from narrowgate_console.open311 import Attribute, DataType, Offer, Offered
from narrowgate_console.pace import Allowance
from narrowgate_schema.words import Family

FORM = "application/x-www-form-urlencoded"
CITY = "city.example"
_ASKED = (
    Attribute("pole", "Number on the pole", hint="five digits", is_required=False),
    Attribute("lamps", "How many lamps", DataType.NUMBER),
    Attribute("seen", "When it was seen", DataType.DATETIME),
    Attribute("more", "What else", DataType.TEXT),
    Attribute("kind", "What it does", DataType.SINGLE, values={"dark": "Dark", "flickers": "Flickers"}),
    Attribute("signs", "What is seen", DataType.MULTI, values={"a": "Glass", "b": "Wires"}),
)
SERVICES = {
    "lamp_out": Offered(
        "lamp_out", "路灯不亮", Family.LIGHTING, "A lamp that is dark & <cold>", "照明", ("lamp", "灯"),
        attributes=_ASKED, asset_attribute="pole",
    ),
    "tilt": Offered("tilt", "Tilted cover", Family.WATER, is_batch=True),
    "overstay": Offered(
        "overstay", "Overstay", Family.PARKING,
        attributes=(Attribute("bay", "The bay", is_required=True),),
    ),
}  # fmt: skip
_UNBOUND = Allowance(at_once=1e9, every_s=1e-9)
CLOSED = Offer(
    services=SERVICES, jurisdictions=(CITY,), contact="desk@city.example", begun_us=NOW_US,
    reading=_UNBOUND, reporting=_UNBOUND, strangers_reporting=_UNBOUND,
)  # fmt: skip
PUBLIC = replace(CLOSED, anybody_reads=True, anybody_reports=True)
SPEAKING = replace(PUBLIC, shows_words=True)
"""All are asked as fast as tests ask; what paces there are is a test of its own."""


@dataclass(frozen=True)
class Keys:
    """A token each."""

    app: str
    """Reads and reports, for everybody's assets."""
    north: str
    """The same, for one tenant's."""
    reader: str
    crew: str
    """Says besides that something is mended."""
    desk: str
    """Decides too."""


def keys_of(access: Access) -> Keys:
    """Make the keys."""
    chief = Administration(access, LOCAL)
    basic = [Scope.CASES, Scope.REPORT]
    return Keys(
        app=chief.make_token("app", basic, None, 1),
        north=chief.make_token("north", basic, frozenset({"north"}), 1),
        reader=chief.make_token("reader", [Scope.CASES], None, 1),
        crew=chief.make_token("crew", [*basic, Scope.WORK], None, 1),
        desk=chief.make_token("desk", [*basic, Scope.WORK, Scope.DECIDE, Scope.REPORTERS], None, 1),
    )


def populate(stand: Stand) -> None:
    """Fill a stand with a small district: eleven cases of what is offered, two of them closed, and others."""
    stand.enrol([*district_lines()])
    kinds = [("lamp_out", "lighting"), ("continuous_leak", "water"), ("overstay", "parking")]
    rows = []
    for n in range(17):
        rule, family = kinds[n % 3]
        about: dict[str, Any] = {
            "rule": rule, "family": family, "severity": "minor", "device": f"{family}-{n:04d}",
            "asset": f"{family[0].upper()}-{n}", "raised_at": NOW_US - (20 - n) * HOUR_US,
        }  # fmt: skip
        rows.append(raised(f"f{n}", **about))
        if n in (6, 8):
            rows.append(cleared(f"f{n}", **about, cleared_at=NOW_US))
    stand.judge(*rows)
    with stand.working():
        pass  # its first opening brings the tables up to date; afterwards only what is stored is a change


class City:
    """The server asked in memory."""

    def __init__(self, api: Api, stand: Stand, keys: Keys) -> None:
        self.api = api
        self.keys = keys
        self._stand = stand

    def get(self, path: str, key: str | None = None, **fields: str) -> httpx.Response:
        """Ask for a path below the root."""
        return self.api.get(f"/open311/v2/{path}", fields, headers=_bearer(key))

    def post(
        self, path: str, fields: Mapping[str, object] | bytes, kind: str = FORM, key: str | None = None
    ) -> httpx.Response:
        """Send a form, or bytes as they are."""
        raw = fields if isinstance(fields, bytes) else urlencode(fields, doseq=True).encode()
        headers = {"Content-Type": kind, **_bearer(key)}
        return self.api.get(f"/open311/v2/{path}", method="POST", headers=headers, raw=raw)

    def report(self, key: str | None = None, **fields: object) -> str:
        """Report a dark lamp; give its number."""
        told = {"service_code": "lamp_out", "lat": "31.2", "long": "121.4", "description": "dark", **fields}
        answer = self.post(
            "requests.json", {name: value for name, value in told.items() if value is not None}, key=key
        )
        assert answer.status_code == 200, answer.text
        return str(answer.json()[0]["service_request_id"])

    def kept(self) -> list[str]:
        """Give all that the state database holds, as text."""
        with closing(self._stand.reader()) as connection:
            return list(connection.iterdump())


def _bearer(key: str | None) -> dict[str, str]:
    return {} if key is None else {"Authorization": f"Bearer {key}"}


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """Serve an app on a port, in a thread: judges are programs of their own; give the root's address."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off"))
        serving = threading.Thread(target=server.run, args=([listening],), name="open311")
        serving.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/open311/v2"
        finally:
            server.should_exit = True
            serving.join()
