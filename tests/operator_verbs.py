"""Operators' verbs run in this process beside a gateway in processes of its own."""

import io
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from coap_wire import device, exchange, request
from gateway_home import FLEET, OCCUPIED, Ports, Running, make_home, run_arguments, running, write_config
from narrowgate_codecs import PROFILES
from narrowgate_fleet import Registry, import_csv
from narrowgate_gateway.app import narrowgate
from narrowgate_gateway.settings import Home
from narrowgate_gateway.status import read_status

STRANGER = "bay-9"
"""A device that nobody has registered."""


@dataclass
class Site:
    """A home, its configuration, and how to reach the gateway that runs in it."""

    home: Home
    config: Path
    ports: Ports
    sent: int = 0

    def run(self, *arguments: str) -> Result:
        """Run a verb in this home."""
        place = ["--home", str(self.home.root)]
        return CliRunner().invoke(narrowgate, [*arguments, *place])

    def run_with_config(self, *arguments: str) -> Result:
        """Run a verb that reads the configuration too."""
        return self.run(*arguments, "--config", str(self.config))

    def lines(self, *arguments: str) -> list[dict[str, Any]]:
        """Run a verb and give the objects that it prints."""
        return [json.loads(line) for line in self.run(*arguments).stdout.splitlines()]

    def ledger(self) -> dict[str, Any]:
        """Count."""
        counted: dict[str, Any] = json.loads(self.run("ledger", "--json").stdout)
        return counted

    def send(self, devices: Sequence[str], payload: bytes = OCCUPIED) -> list[int]:
        """Send a frame for each device and give the message ids of those acknowledged."""
        acknowledged = []
        with device(self.ports.coap) as one:
            for name in devices:
                self.sent += 1
                token = self.sent.to_bytes(4, "big")
                datagram = request(self.sent, payload, path=("nb", name, "up"), token=token)
                if exchange(one, datagram).code == "2.04":
                    acknowledged.append(self.sent)
        return acknowledged

    def register(self, name: str = STRANGER) -> None:
        """Put a device into the registry."""
        families = {profile: each.family.value for profile, each in PROFILES.items()}
        with Registry(self.home.root) as registry:
            sheet = io.BytesIO(f"{FLEET}{name},pni_placepod_v1,active\n".encode())
            assert not import_csv(registry, sheet, families).faults

    def is_drained(self) -> bool:
        """Tell whether the core is up and has come to every frame."""
        if read_status(self.home.run, "core") is None:
            return False
        result = self.run("ledger", "--json")
        return result.exit_code == 0 and json.loads(result.stdout)["dispositions"]["in_flight"] == 0

    @contextmanager
    def running(self) -> Iterator[Running]:
        """Run a gateway here."""
        with running(self.home, *run_arguments(self.config, self.home)) as gateway:
            gateway.until_ready("edge", "core")
            yield gateway


def make_site(root: Path, *, more: str = "") -> Site:
    """Make a home with a small registry and a configuration."""
    ports = Ports()
    root.mkdir(parents=True, exist_ok=True)
    return Site(make_home(root / "home"), write_config(root / "narrowgate.toml", ports, more=more), ports)
