"""The demo's stage: a home of its own with registry, configuration and clock, and a gateway running in it."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from narrowgate_codecs import PROFILES
from narrowgate_fleet import Registry, import_csv
from narrowgate_gateway.settings import Home
from narrowgate_gateway.status import read_status
from narrowgate_gateway.supervisor import AGAIN
from narrowgate_schema.clock import SteppedClock
from narrowgate_schema.words import Family
from narrowgate_simulators import City, write_truth
from narrowgate_simulators.ports import free_tcp_port, free_udp_port

TIMEZONE = "Asia/Shanghai"
HOST = "127.0.0.1"
_READY_WITHIN_S = 60.0

_CONFIG = """\
timezone = "{timezone}"

[[coap]]
name = "district"
host = "{host}"
port = {coap_port}
path = "nb/{{device}}/up"
allow = ["127.0.0.0/8"]

[[mqtt]]
name = "meters"
host = "{host}"
port = {mqtt_port}
tls = false
version = "3.1.1"
client_id = "narrowgate-demo"
topic = "nb/{{device}}/up"

[journal]
min_free_bytes = 67108864

[core]
snapshot_every_s = 2.0

[console]
port = {console_port}

[clock]
tick_every_s = 0.25
page = {page}
"""


class DemoTrouble(Exception):
    """What keeps the demo from running, in one line."""


@dataclass(frozen=True)
class Stage:
    """A district laid out in a home."""

    seed: int
    city: City
    clock: SteppedClock
    home: Home
    config: Path
    coap_port: int
    mqtt_port: int
    console_port: int

    @property
    def metered(self) -> frozenset[str]:
        """Give the water meters: they send by MQTT."""
        return frozenset(row["device"] for row in self.city.fleet_rows() if row["family"] == Family.WATER)

    @property
    def mqtt_acks(self) -> Path:
        """Give the file of what the broker acknowledged."""
        return self.home.root / "mqtt-acks.jsonl"

    @property
    def console(self) -> str:
        """Give the page's address."""
        return f"http://{HOST}:{self.console_port}"


def midnight_us(days_ago: int) -> int:
    """Give a past midnight in the demo's zone [us]."""
    day = datetime.now(ZoneInfo(TIMEZONE)).replace(hour=0, minute=0, second=0, microsecond=0)
    return int((day - timedelta(days=days_ago)).timestamp()) * 1_000_000


def lay_out(root: Path, *, seed: int, devices: int, hours: float, console_port: int) -> Stage:
    """Write registry, truth, configuration and clock of a district into an empty directory.

    Raises:
        DemoTrouble: the directory is in use, or the console's port is taken.
        OSError: the directory cannot be written.
        ValueError: the number of devices or hours is out of range.
    """
    root.mkdir(parents=True, exist_ok=True)
    if any(root.iterdir()):
        raise DemoTrouble(f"{root} is not empty: the demo wants a home of its own")
    if not _is_free(console_port):
        raise DemoTrouble(f"port {console_port} on {HOST} is taken: choose another with --port")
    home = Home(root)
    start_us = midnight_us(days_ago=1 + int(hours // 24))
    city = City(seed, devices, start_us, hours, TIMEZONE)
    city.write_fleet(root / "fleet.csv")
    write_truth(root / "truth.jsonl", city.truth)
    families = {name: profile.family.value for name, profile in PROFILES.items()}
    with Registry(root) as registry, (root / "fleet.csv").open("rb") as sheet:
        imported = import_csv(registry, sheet, families)
    if imported.faults:
        raise DemoTrouble(f"the demo's own fleet has a fault: {imported.faults[0]}")
    page = root / "clock"
    clock = SteppedClock.create(page, start_us)
    coap_port, mqtt_port = free_udp_port(), free_tcp_port()
    config = root / "narrowgate.toml"
    config.write_text(
        _CONFIG.format(
            timezone=TIMEZONE,
            host=HOST,
            coap_port=coap_port,
            mqtt_port=mqtt_port,
            console_port=console_port,
            page=_toml_text(str(page.absolute())),
        ),
        encoding="utf-8",
    )
    return Stage(seed, city, clock, home, config, coap_port, mqtt_port, console_port)


def _toml_text(text: str) -> str:
    """Give a string as TOML writes it: JSON's escapes are TOML's."""
    return json.dumps(text)


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


class Gateway:
    """A broker and a gateway, as `narrowgate run` makes it, in processes of their own.

    They end if the demo is no more.
    """

    def __init__(self, stage: Stage) -> None:
        """Start them; their words go to `gateway.log` in the home."""
        self._home = stage.home
        self._log = (stage.home.root / "gateway.log").open("wb")
        self._broker = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", "narrowgate_gateway.demo_broker", str(stage.mqtt_port)],
            stdin=subprocess.PIPE,
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,
        )
        self.process = subprocess.Popen(  # noqa: S603 - our own program
            [
                *(sys.executable, "-m", "narrowgate_gateway.supervisor"),
                *(str(stage.config), str(stage.home.root)),
            ],
            stdin=subprocess.PIPE,
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,
        )

    async def ready(self, within_s: float = _READY_WITHIN_S) -> None:
        """Wait until edge and core are up and subscribed; DemoTrouble with their words if they are not."""
        give_up_s = time.monotonic() + within_s
        while not self._is_ready():
            if self.process.poll() is not None or time.monotonic() > give_up_s:
                raise DemoTrouble(f"the gateway did not start: {self.last_words()}")
            await asyncio.sleep(0.02)

    def _is_ready(self) -> bool:
        edge, core = (read_status(self._home.run, role) for role in ("edge", "core"))
        if edge is None or core is None:
            return False
        return all(broker["state"] == "connected" for broker in edge.get("brokers", ()))

    async def gone(self) -> None:
        """Wait until it ends, which it should not; DemoTrouble with its words then."""
        while self.process.poll() is None:
            await asyncio.sleep(0.2)
        raise DemoTrouble(f"the gateway ended: {self.last_words()}")

    def last_words(self) -> str:
        """Give the last line of its log that says why."""
        lines = (self._home.root / "gateway.log").read_text(errors="replace").split("\n")
        telling = (line for line in reversed(lines) if line.strip() and not line.endswith(AGAIN))
        said = next(telling, "it said nothing")
        return said.removeprefix("narrowgate ")

    def stop(self, within_s: float = 90.0) -> int:
        """End it gracefully and give its exit code; kill it if it does not end."""
        self.process.terminate()
        try:
            return self.process.wait(within_s)
        except subprocess.TimeoutExpired:
            return self.kill()

    def kill(self) -> int:
        """Kill its whole process group, and give its files back."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        code = self.process.wait()
        self._broker.kill()
        self._broker.wait()
        for process in (self.process, self._broker):
            if process.stdin is not None:
                process.stdin.close()
        self._log.close()
        return code
