"""Gateways in temporary homes: a whole one as `narrowgate run` makes it, one role, or its bare imports."""

import http.client
import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import IO

from narrowgate_codecs import PROFILES
from narrowgate_fleet import Registry, import_csv
from narrowgate_gateway.settings import Home
from narrowgate_gateway.status import read_status
from narrowgate_ingest.state import FRAMES_SEEN, cursor
from narrowgate_schema.words import Family
from narrowgate_simulators import City, Emission
from narrowgate_simulators.ports import free_tcp_port, free_udp_port

ROLES = ("edge", "core")
IMPORTS = {
    "edge": "narrowgate_gateway.process, narrowgate_gateway.edge",
    "core": "narrowgate_gateway.process, narrowgate_gateway.core, narrowgate_console.serving",
}
"""The modules that a role has loaded when it is ready."""
_HOST = "127.0.0.1"
_HOUR_US = 3_600_000_000
_WITHIN_S = 250.0
_STEP_S = 0.005
_PAUSE_S = 0.2
_CONFIG = """\
[[coap]]
port = {coap}
path = "nb/{{device}}/up"
allow = ["127.0.0.0/8"]

[journal]
min_free_bytes = 67108864

[console]
port = {console}
"""


@dataclass(frozen=True, slots=True)
class Place:
    """A home with a registry, its configuration and its ports."""

    home: Home
    config: Path
    coap_port: int
    console_port: int
    emissions: list[Emission]
    """What its devices have to say."""


@dataclass(frozen=True, slots=True)
class Start:
    """What it took a process to be ready."""

    ready_s: float
    rss_mb: float
    """Memory in use when it was ready [MB of 2^20 bytes]."""


def lay_out(
    root: Path, seed: int, devices: int, frames: int, instead: Mapping[str, str] | None = None
) -> Place:
    """Write registry and configuration of a district, and have its devices make frames.

    Args:
        root: an empty directory.
        seed: of the district.
        devices: how many.
        frames: at most how many.
        instead: what stands in the registry's sheet in place of some of its texts.
    """
    home = Home(root)
    city = City(seed, devices, time.time_ns() // 1000 // _HOUR_US * _HOUR_US - 24 * _HOUR_US, 24.0)
    city.write_fleet(root / "fleet.csv")
    sheet_text = (root / "fleet.csv").read_text(encoding="utf-8")
    for was, becomes in (instead or {}).items():
        sheet_text = sheet_text.replace(was, becomes)
    (root / "fleet.csv").write_text(sheet_text, encoding="utf-8")
    families = {name: profile.family.value for name, profile in PROFILES.items()}
    with Registry(root) as registry, (root / "fleet.csv").open("rb") as sheet:
        import_csv(registry, sheet, families)
    ports = free_udp_port(), free_tcp_port()
    config = root / "narrowgate.toml"
    config.write_text(_CONFIG.format(coap=ports[0], console=ports[1]), encoding="utf-8")
    said = chain.from_iterable(step.emissions for step in city.steps())
    return Place(home, config, *ports, list(islice(said, frames)))


@contextmanager
def gateway(place: Place) -> Iterator[None]:
    """Run edge and core under their supervisor until the block ends."""
    with _process(place, "narrowgate_gateway.supervisor", str(place.config), str(place.home.root)) as process:
        _until(process, lambda: all(_is_ready(place, role) for role in ROLES), place)
        yield


def role_start(place: Place, role: str) -> Start:
    """Run one role alone until it is ready."""
    began_s = time.perf_counter()
    arguments = ("narrowgate_gateway.process", role, str(place.config), str(place.home.root))
    with _process(place, *arguments) as process:
        _until(process, lambda: _is_ready(place, role), place)
        return Start(time.perf_counter() - began_s, _rss_mb(process.pid))


def bare_start(role: str) -> Start:
    """Run a process that only imports what a role imports."""
    began_s = time.perf_counter()
    with subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-c", f"import {IMPORTS[role]}\nprint(flush=True)\ninput()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        _stream(process.stdout).readline()
        start = Start(time.perf_counter() - began_s, _rss_mb(process.pid))
        process.kill()
    return start


@contextmanager
def browsers(place: Place, clients: int) -> Iterator[dict[str, int]]:
    """Have clients ask the console during the block; the counts are in the dictionary after it."""
    counts: dict[str, int] = {}
    with subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-m", "narrowgate_bench.browsers", str(place.console_port), str(clients)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        said = _stream(process.stdout)
        said.readline()
        yield counts
        _stream(process.stdin).close()
        counts.update(json.loads(said.readline()))


@contextmanager
def open_pages(place: Place, pages: int) -> Iterator[None]:
    """Have pages of the console open, kept up to date, during the block."""
    with subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-m", "narrowgate_bench.open_pages", str(place.console_port), str(pages)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        if json.loads(_stream(process.stdout).readline() or b"{}").get("open") != pages:
            raise RuntimeError(f"{pages} pages could not be opened")
        yield
        process.kill()


def rss_mb(place: Place, role: str) -> float:
    """Give the memory in use by a role that runs [MB of 2^20 bytes]."""
    status = read_status(place.home.run, role)
    if status is None:
        raise RuntimeError(f"no {role} runs")
    return _rss_mb(status["pid"])


def memory_mb(place: Place, role: str) -> tuple[float, float]:
    """Give a role's resident memory, and that with what is shared divided among all who share it [MB]."""
    status = read_status(place.home.run, role)
    if status is None:
        raise RuntimeError(f"no {role} runs")
    pid = status["pid"]
    return _rss_mb(pid), _kilobytes(Path(f"/proc/{pid}/smaps_rollup"), "Pss:") / 1024


def stored(place: Place) -> tuple[int, int]:
    """Give how many frames the core has settled, and how many readings it has stored."""
    with closing(sqlite3.connect(f"{place.home.state.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        readings = sum(cursor(connection, f"readings_{family}") for family in Family)
        return cursor(connection, FRAMES_SEEN), readings


def settle(place: Place) -> None:
    """Wait until the core has worked off what the edge kept; RuntimeError if it does not come to that."""
    give_up_s = time.monotonic() + _WITHIN_S
    while _asked(place, "/api/v1/overview").get("ledger", {}).get("in_flight") != 0:
        if time.monotonic() > give_up_s:
            raise RuntimeError("the core does not catch up with the journal")
        time.sleep(_PAUSE_S)


def _asked(place: Place, path: str) -> dict[str, dict[str, int]]:
    """Give the console's answer to a path; nothing while it gives none."""
    connection = http.client.HTTPConnection(_HOST, place.console_port, timeout=_WITHIN_S)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        said: dict[str, dict[str, int]] = json.loads(answer.read())
    except (OSError, http.client.HTTPException):
        return {}
    finally:
        connection.close()
    return said if answer.status == http.client.OK else {}


@contextmanager
def _process(place: Place, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a module whose standard input is our hand; its words go to a log in the home."""
    with ExitStack() as held:
        log = held.enter_context((place.home.root / "gateway.log").open("ab"))
        process = held.enter_context(
            subprocess.Popen(  # noqa: S603 - our own program
                [sys.executable, "-m", *arguments], stdin=subprocess.PIPE, stdout=log, stderr=log
            )
        )
        try:
            yield process
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(_WITHIN_S)
            process.kill()


def _is_ready(place: Place, role: str) -> bool:
    """Tell whether a role has said so; of the core, whether its console answers too."""
    if read_status(place.home.run, role) is None:
        return False
    return role == "edge" or bool(_asked(place, "/api/v1/overview"))


def _until(process: subprocess.Popen[bytes], reached: Callable[[], bool], place: Place) -> None:
    give_up_s = time.monotonic() + _WITHIN_S
    while not reached():
        if process.poll() is not None or time.monotonic() > give_up_s:
            said = (place.home.root / "gateway.log").read_text(errors="replace").strip()
            raise RuntimeError(f"the gateway did not start: {said.splitlines()[-1:]}")
        time.sleep(_STEP_S)


def _rss_mb(pid: int) -> float:
    return _kilobytes(Path(f"/proc/{pid}/status"), "VmRSS:") / 1024


def _kilobytes(path: Path, name: str) -> int:
    """Give a figure that the kernel states by name [kB]."""
    (kilobytes,) = (line.split()[1] for line in path.read_text().splitlines() if line.startswith(name))
    return int(kilobytes)


def _stream(stream: IO[bytes] | None) -> IO[bytes]:
    """Give a pipe that was asked for."""
    if stream is None:
        raise TypeError("the process was started without this pipe")
    return stream
