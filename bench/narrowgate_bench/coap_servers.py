"""CoAP servers as processes of their own on one core: the edge, libcoap's example, a bare aiocoap."""

import io
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from narrowgate_bench.coap_generator import Ints, Rows, Tails
from narrowgate_codecs import PROFILES
from narrowgate_fleet import Registry, import_csv
from narrowgate_gateway.settings import Home
from narrowgate_gateway.status import read_status
from narrowgate_ingest.records import Kind
from narrowgate_ingest.tail import Tail
from narrowgate_simulators.ports import free_udp_port

LIBCOAP = "coap-server-notls"
PAYLOAD_BYTES = 40
_POST, _PUT = 2, 3
_HOST = "127.0.0.1"
_WITHIN_S = 250.0
_STEP_S = 0.02
_CONFIG = """\
[[coap]]
host = "::"
port = {port}
path = "nb/{{device}}/up"
allow = ["127.0.0.0/8"]
{listener}
[journal]
min_free_bytes = 67108864
"""


class Ran(NamedTuple):
    """What a process had of the processors until an instant, or since one."""

    cpu_s: float
    waited_s: float
    """How long its threads could have run and had no core, as others had them [s]."""
    seconds: float

    def since(self, before: "Ran") -> "Ran":
        """Give what it had since then."""
        return Ran(*(later - earlier for later, earlier in zip(self, before, strict=True)))


@dataclass(frozen=True, slots=True)
class Server:
    """A server that is up."""

    pid: int
    port: int
    method: int
    tails: Tails

    def cpu_s(self) -> float:
        """Give the CPU time of all its threads so far, as the kernel counts it, to the nanosecond [s]."""
        # What clock_getcpuclockid(3) gives; /proc counts in ticks of 10 ms, in which a short run takes none.
        return time.clock_gettime((~self.pid << 3) | 2)

    def ran(self) -> Ran:
        """Give what it has had so far."""
        waits = Path(f"/proc/{self.pid}/task").glob("*/schedstat")
        waited_ns = sum(int(each.read_text().split()[1]) for each in waits)
        return Ran(self.cpu_s(), waited_ns * 1e-9, time.perf_counter())

    def rss_mb(self) -> float:
        """Give its memory in use [MB of 2^20 bytes]."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        (kilobytes,) = (line.split()[1] for line in lines if line.startswith("VmRSS:"))
        return int(kilobytes) / 1024


def cores() -> tuple[set[int], set[int]]:
    """Give a core for the server and the others for the generator; the same where there is one only."""
    first, *others = sorted(os.sched_getaffinity(0))
    return {first}, set(others) or {first}


@contextmanager
def edge(root: Path, devices: int, *, listener: str = "", sync_ms: float = 0.0) -> Iterator[Server]:
    """Run the edge over a registry of so many devices.

    Args:
        root: an empty directory.
        devices: how many.
        listener: further lines of its listener's configuration.
        sync_ms: by how much each sync of the journal is held up [ms].
    """
    home, port = Home(root), free_udp_port()
    register(root, devices)
    config = root / "narrowgate.toml"
    config.write_text(_CONFIG.format(port=port, listener=listener), encoding="utf-8")
    how = (
        ["narrowgate_bench.coap_slow_edge", str(sync_ms)]
        if sync_ms
        else ["narrowgate_gateway.process", "edge"]
    )
    arguments = [sys.executable, "-m", *how, str(config), str(root)]
    with _process(arguments, root) as process:
        _until(process, root, lambda: read_status(home.run, "edge") is not None)
        yield Server(process.pid, port, _POST, _uplinks(devices))


@contextmanager
def libcoap(root: Path) -> Iterator[Server]:
    """Run libcoap's example server, which keeps the last thing it was sent in memory."""
    port = free_udp_port()
    with _process([_program(LIBCOAP), "-A", _HOST, "-p", str(port), "-v", "0"], root) as process:
        _until(process, root, lambda: _answers(port))
        yield Server(process.pid, port, _PUT, _tails([np.frombuffer(b"\xbcexample_data", np.uint8)]))


@contextmanager
def bare_aiocoap(root: Path) -> Iterator[Server]:
    """Run a server of aiocoap's that does nothing."""
    port = free_udp_port()
    arguments = [sys.executable, "-m", "narrowgate_bench.coap_bare_server", str(port)]
    with _process(arguments, root) as process:
        _until(process, root, lambda: _answers(port))
        yield Server(process.pid, port, _POST, _uplinks(1))


def kept(root: Path) -> tuple[int, int]:
    """Give the rows of an edge's journal, and how many distinct tokens they have."""
    tail, offset, tokens = Tail(Home(root).journal), 0, [np.zeros(0, np.uint32)]
    while (chunk := tail.read(offset, 1 << 16)).next_offset > offset:
        offset = chunk.next_offset
        for kind, batch in chunk.records:
            if kind is Kind.UPLINKS:
                tokens.append(np.frombuffer(b"".join(batch["token"].to_pylist()), np.uint32))
    found = np.concatenate(tokens)
    return len(found), len(np.unique(found))


def register(root: Path, devices: int) -> None:
    """Have a home's registry know so many bays."""
    sheet = "device,profile,state\n" + "".join(
        f"{device_name(n)},pni_placepod_v1,active\n" for n in range(devices)
    )
    with Registry(root) as registry:
        families = {name: profile.family.value for name, profile in PROFILES.items()}
        import_csv(registry, io.BytesIO(sheet.encode()), families)


def device_name(number: int) -> str:
    """Give the name of a bay."""
    return f"bay-{number:08}"


def _uplinks(devices: int) -> Tails:
    """Give requests of so many devices in turn."""
    paths = [b"\xb2nb\x0c" + device_name(n).encode() + b"\x02up" for n in range(devices)]
    return _tails([np.frombuffer(path, np.uint8) for path in paths])


def _tails(paths: list[NDArray[np.uint8]]) -> Tails:
    heads = np.stack(paths)

    def tails(exchanges: Ints) -> Rows:
        payloads = np.full((len(exchanges), 1 + PAYLOAD_BYTES), 0x5A, np.uint8)
        payloads[:, 0] = 0xFF
        payloads[:, 1:9] = exchanges.astype(">i8").view(np.uint8).reshape(-1, 8)
        return np.hstack([heads[exchanges % len(heads)], payloads])

    return tails


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise FileNotFoundError(2, "this benchmark compares with it (Debian: libcoap3-bin)", name)
    return found


@contextmanager
def _process(arguments: list[str], root: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a program on the servers' core; its words go to a log, and it ends with the block."""
    with (
        (root / "server.log").open("ab") as log,
        subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=log, stderr=log) as process,  # noqa: S603 - ours
    ):
        os.sched_setaffinity(process.pid, cores()[0])
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(_WITHIN_S)
            except subprocess.TimeoutExpired:
                process.kill()


def _until(process: "subprocess.Popen[bytes]", root: Path, reached: Callable[[], bool]) -> None:
    give_up_s = time.monotonic() + _WITHIN_S
    while not reached():
        if process.poll() is not None or time.monotonic() > give_up_s:
            words = (root / "server.log").read_text(errors="replace")[-2000:]
            raise RuntimeError(f"{process.args!r} did not start: {words}")
        time.sleep(_STEP_S)


def _answers(port: int) -> bool:
    """Tell whether a ping is answered."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.settimeout(_STEP_S)
        probe.connect((_HOST, port))
        try:
            probe.send(b"\x40\x00\x12\x34")
            return bool(probe.recv(64))
        except OSError:
            return False
