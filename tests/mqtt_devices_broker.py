"""A real Mosquitto on a loopback port, for pretend devices to publish to."""

import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from narrowgate_simulators import Target
from narrowgate_simulators.ports import free_tcp_port
from needs import debian


@dataclass
class Broker:
    """A broker that a test may start, kill and start again on its port."""

    folder: Path
    lines: tuple[str, ...] = ("allow_anonymous true",)
    """Of its configuration, below the listener."""
    scheme: str = "mqtt"
    user: str | None = None
    port: int = field(default_factory=free_tcp_port)
    _process: subprocess.Popen[bytes] | None = None

    @property
    def target(self) -> Target:
        """Give the address that devices use."""
        return Target("127.0.0.1", self.port, self.scheme, self.user)

    def start(self) -> None:
        """Start; it is ready when something connects."""
        config = self.folder / "mosquitto.conf"
        config.write_text("\n".join((f"listener {self.port} 127.0.0.1", *self.lines, "user root", "")))
        self._process = subprocess.Popen(
            [debian("mosquitto", "mosquitto"), "-c", str(config)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def freeze(self) -> None:
        """Stop it where it stands, connections and all; only `kill` ends that."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def kill(self) -> None:
        """Kill it, if it runs."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def __enter__(self) -> "Broker":
        """Start."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Kill."""
        self.kill()
