"""One exchange with a GeoReport v2 server, with FixMyStreet's `servicerequestupdates` beside the standard.

The standard: wiki.open311.org/GeoReport_v2. The extension: FixMyStreet's wiki, "Open311 FMS – Complete Spec".
Rule 1: the key is sent in a POST's body or in a header, never in an address; no words of a server show it.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from urllib.parse import quote, urlencode

from narrowgate_cases.http_exchange import Reply, Site, plain
from narrowgate_cases.open311_answers import MOST_BYTES, BadAnswer, Row, rows_of

_FORM = "application/x-www-form-urlencoded; charset=utf-8"


class Format(StrEnum):
    """What is asked for."""

    JSON = "json"
    XML = "xml"


class ServerRefused(Exception):
    """A server said no; the text is its status and what it said of it."""

    def __init__(self, status: int, words: str, said: str, retry_after_s: float | None) -> None:
        super().__init__(words)
        self.status = status
        self.said = said
        """What it said of it, as long as it was."""
        self.retry_after_s = retry_after_s


class Georeport:
    """A server."""

    def __init__(
        self,
        site: Site,
        api_key: str,
        *,
        form: Format = Format.JSON,
        jurisdiction: str = "",
        is_bearer: bool = False,
    ) -> None:
        """Take an address; nothing is opened.

        Args:
            site: the address that `/services.json` stands below.
            api_key: sent with what is posted; '' where none is needed.
            form: asked for; what comes is read by what it is.
            jurisdiction: sent with everything; '' where the server has one only.
            is_bearer: whether the key is shown with every question too, as `Authorization: Bearer`.
        """
        self._site = site
        self._api_key = api_key
        self._form = form
        self._jurisdiction = jurisdiction
        self._is_bearer = is_bearer and bool(api_key)

    @property
    def name(self) -> str:
        """Give its host and port."""
        return self._site.name

    def services(self) -> list[Row]:
        """Give the service list.

        Raises:
            ExchangeFailed: there is no answer.
            ServerRefused: it said no.
            BadAnswer: what it said is none.
        """
        return self.get("services")

    def definition(self, service_code: str) -> list[Row]:
        """Give the attributes of a service; raises as `services`."""
        rows = self.get(f"services/{quote(service_code, safe='')}")
        attributes = rows[0].get("attributes") if rows else None
        return attributes if isinstance(attributes, list) else []

    def request(self, request_id: str) -> Row | None:
        """Give one request; None if there is none. Raises as `services`."""
        try:
            rows = self.get(f"requests/{quote(request_id, safe='')}")
        except ServerRefused as refused:
            if refused.status == 404:
                return None
            raise
        return next((row for row in rows if row.get("service_request_id") == request_id), None)

    def request_id_of(self, token: str) -> str:
        """Give the id that a token stands for; '' while there is none. Raises as `services`."""
        try:
            rows = self.get(f"tokens/{quote(token, safe='')}")
        except ServerRefused as refused:
            if refused.status in (400, 404):
                return ""
            raise
        return next((str(row["service_request_id"]) for row in rows if row.get("service_request_id")), "")

    def get(self, path: str, query: Mapping[str, str] | None = None) -> list[Row]:
        """GET a resource; raises as `services`."""
        asked = {"jurisdiction_id": self._jurisdiction, **(query or {})}
        asked = {name: value for name, value in asked.items() if value}
        target = self._target(path) + (f"?{urlencode(asked)}" if asked else "")
        return self._read(self._site.exchange("GET", target, self._accept, None, most_bytes=MOST_BYTES))

    def post(self, path: str, fields: Sequence[tuple[str, str]]) -> list[Row]:
        """POST a form, with key and jurisdiction before what it says; raises as `services`."""
        own = [("api_key", self._api_key), ("jurisdiction_id", self._jurisdiction)]
        form = [(name, value) for name, value in [*own, *fields] if value]
        headers = {**self._accept, "Content-Type": _FORM}
        body = urlencode(form, safe="[]").encode()
        reply = self._site.exchange("POST", self._target(path), headers, body, most_bytes=MOST_BYTES)
        return self._read(reply)

    @property
    def _accept(self) -> dict[str, str]:
        accept = {"Accept": "application/json" if self._form is Format.JSON else "text/xml"}
        return {**accept, "Authorization": f"Bearer {self._api_key}"} if self._is_bearer else accept

    def _target(self, path: str) -> str:
        return f"{self._site.target.rstrip('/')}/{path}.{self._form}"

    def _read(self, reply: Reply) -> list[Row]:
        if 200 <= reply.status < 300:
            return rows_of(reply.body)
        said = self._hidden(_complaint(reply.body))
        words = f"{self._hidden(reply.words)}: {said}" if said else self._hidden(reply.words)
        raise ServerRefused(
            reply.status, plain(words), said, reply.retry_after_s(datetime.now(UTC).timestamp())
        )

    def _hidden(self, words: str) -> str:
        return words.replace(self._api_key, "***") if self._api_key else words


def _complaint(body: bytes) -> str:
    """Give what an error says: the descriptions of its rows, or nothing."""
    try:
        rows = rows_of(body)
    except BadAnswer:
        return ""
    return "; ".join(str(row["description"]) for row in rows if row.get("description"))


def instant_text(at_s: float) -> str:
    """Give Unix time [s] as the standard writes it."""
    return datetime.fromtimestamp(int(at_s), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
