"""The HTTP side of InfluxDB: one kept connection, TLS always verified, credentials read anew for each one.

The standard library's client: one thread sends one request after the other, and needs no more than that.

Rule 1: a redirect is never followed: it would carry the credentials to another host.
Rule 2: an answer's body is read up to a bound.
"""

import http.client
import json
import os
import ssl
from base64 import b64encode
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlencode, urlsplit

from narrowgate_ingest.influx_answer import Answer
from narrowgate_ingest.line_protocol import Precision

Api = Literal["v1", "v2"]

_MOST_ANSWER_BYTES = 1 << 20
_PRECISIONS: dict[tuple[Api, Precision], str] = {
    ("v1", "us"): "u",
    ("v1", "ns"): "n",
    ("v2", "us"): "us",
    ("v2", "ns"): "ns",
}


class SecretUnreadable(Exception):
    """A password or token cannot be read; says which file or variable."""


@dataclass(frozen=True)
class Secret:
    """Where a password or token stands: a file or an environment variable, never the configuration."""

    file: Path | None = None
    variable: str = ""

    def read(self) -> str:
        """Give it without white space around; SecretUnreadable if it is not there or empty."""
        if self.file is None:
            where, text = f"environment variable {self.variable}", os.environ.get(self.variable, "")
        else:
            where = str(self.file)
            try:
                text = self.file.read_text(encoding="utf-8")
            except OSError as error:
                raise SecretUnreadable(f"{where}: {error.strerror}") from None
            except UnicodeDecodeError:
                raise SecretUnreadable(f"{where}: not UTF-8") from None
        secret = text.strip()
        if not secret or not secret.isascii() or not secret.isprintable():
            raise SecretUnreadable(f"{where}: empty, or not one line of plain characters")
        return secret


@dataclass(frozen=True)
class Credentials:
    """Who writes: nobody in particular, a token, or a user with a password."""

    secret: Secret | None = None
    username: str = ""
    """Empty where the secret is a token."""

    def headers(self) -> dict[str, str]:
        """Give the header that says so; SecretUnreadable if the secret cannot be read."""
        if self.secret is None:
            return {}
        if not self.username:
            return {"Authorization": f"Token {self.secret.read()}"}
        pair = f"{self.username}:{self.secret.read()}".encode()
        return {"Authorization": f"Basic {b64encode(pair).decode('ascii')}"}


@dataclass(frozen=True)
class Target:
    """One database of one server."""

    url: str
    """http or https, host, port, perhaps a path before the API's own; nothing else."""
    api: Api
    database: str
    """The database of 1.x; the bucket of 2.x; the database of 3.x by either."""
    org: str = ""
    precision: Precision = "us"
    timeout_s: float = 10.0
    ca_file: Path | None = None
    """Authorities to trust instead of the system's."""
    credentials: Credentials = Credentials()

    @property
    def name(self) -> str:
        """Give what tells it from other targets: host, port and database."""
        parts = urlsplit(self.url)
        return f"{parts.netloc}{parts.path.rstrip('/')}/{self.database}"

    def write_path(self) -> str:
        """Give path and query of a write."""
        precision = _PRECISIONS[self.api, self.precision]
        if self.api == "v1":
            return self._path("write", {"db": self.database, "precision": precision})
        return self._path("api/v2/write", {"org": self.org, "bucket": self.database, "precision": precision})

    def query_path(self) -> str:
        """Give the path of an InfluxQL question; all versions have it."""
        return self._path("query", {"db": self.database, "epoch": "u"})

    def delete_path(self) -> str:
        """Give the path of a deletion by api v2."""
        return self._path("api/v2/delete", {"org": self.org, "bucket": self.database})

    def _path(self, path: str, query: dict[str, str]) -> str:
        asked = urlencode({name: value for name, value in query.items() if value})
        return f"{urlsplit(self.url).path.rstrip('/')}/{path}?{asked}"


class InfluxClient:
    """One connection to a target, made when it is needed; for one thread."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self._connection: http.client.HTTPConnection | None = None
        self._headers: dict[str, str] = {}

    def write(self, body: memoryview) -> Answer:
        """Send line protocol and give the answer; raises as `ask` does."""
        return self._post(self.target.write_path(), body, "text/plain; charset=utf-8", _MOST_ANSWER_BYTES)

    def ask(self, influxql: str, *, most_bytes: int) -> Answer:
        """Send an InfluxQL question and give the answer, cut behind `most_bytes`.

        Raises:
            SecretUnreadable: the credentials cannot be read.
            ssl.SSLCertVerificationError: the server is not who it should be.
            OSError, http.client.HTTPException: no answer came.
        """
        body = memoryview(urlencode({"q": influxql}).encode())
        return self._post(self.target.query_path(), body, "application/x-www-form-urlencoded", most_bytes)

    def delete(self, what: Mapping[str, str]) -> Answer:
        """Ask for a deletion by api v2 and give the answer; raises as `ask` does."""
        body = memoryview(json.dumps(what).encode())
        return self._post(self.target.delete_path(), body, "application/json", _MOST_ANSWER_BYTES)

    def close(self) -> None:
        """Give the connection up; the next request makes a new one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _post(self, path: str, body: memoryview, content_type: str, most_bytes: int) -> Answer:
        is_kept = self._connection is not None
        try:
            return self._exchange(path, body, content_type, most_bytes)
        except (http.client.RemoteDisconnected, ConnectionError):
            self.close()
            if not is_kept:
                raise
            # A kept connection may have been closed by the server while nothing was sent: not a failure yet.
        except (OSError, http.client.HTTPException):
            self.close()
            raise
        try:
            return self._exchange(path, body, content_type, most_bytes)
        except (OSError, http.client.HTTPException):
            self.close()
            raise

    def _exchange(self, path: str, body: memoryview, content_type: str, most_bytes: int) -> Answer:
        connection = self._connection or self._connect()
        headers = {**self._headers, "Content-Type": content_type, "Accept": "application/json"}
        # The server may have answered, and closed, before it had read everything.
        with suppress(BrokenPipeError, ConnectionResetError):
            connection.request("POST", path, body, headers)
        response = connection.getresponse()
        content = response.read(most_bytes)
        if response.status in (401, 403) or response.will_close or response.read(1):
            self.close()
        received = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, received, content)

    def _connect(self) -> http.client.HTTPConnection:
        self._headers = self.target.credentials.headers()
        parts = urlsplit(self.target.url)
        host, timeout_s = parts.hostname or "", self.target.timeout_s
        if parts.scheme == "https":
            context = ssl.create_default_context(
                cafile=str(self.target.ca_file) if self.target.ca_file is not None else None
            )
            self._connection = http.client.HTTPSConnection(
                host, parts.port, timeout=timeout_s, context=context
            )
        else:
            self._connection = http.client.HTTPConnection(host, parts.port, timeout=timeout_s)
        return self._connection
