"""A real Mosquitto, killed and restarted at will: TLS, passwords and access lists as in the field."""

import datetime
import ipaddress
import os
import signal
import socket
import ssl
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from narrowgate_simulators.ports import free_tcp_port
from needs import debian

SOON_S = 120.0


@dataclass(frozen=True)
class Party:
    """A key and its certificate, as files."""

    certificate: Path
    key: Path


class Authority:
    """A certificate authority of one test."""

    def __init__(self, directory: Path, name: str = "ca") -> None:
        """Make its key and its own certificate."""
        self._directory = directory
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named(name)
        certificate = self._sign(self._name, self._key.public_key(), x509.BasicConstraints(True, 0), [])
        self.file = directory / f"{name}.pem"
        self.file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def party(self, name: str, *addresses: str) -> Party:
        """Give a party a certificate, good for the addresses."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._sign(
            _named(name), key.public_key(), x509.BasicConstraints(False, None), list(addresses)
        )
        party = Party(self._directory / f"{name}.crt", self._directory / f"{name}.key")
        party.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        party.key.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return party

    def _sign(
        self,
        subject: x509.Name,
        public_key: ec.EllipticCurvePublicKey,
        constraints: x509.BasicConstraints,
        addresses: list[str],
    ) -> x509.Certificate:
        today = datetime.datetime.now(datetime.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(today - datetime.timedelta(days=1))
            .not_valid_after(today + datetime.timedelta(days=30))
            .add_extension(constraints, critical=True)
        )
        if addresses:
            names = [x509.IPAddress(ipaddress.ip_address(address)) for address in addresses]
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(self._key, hashes.SHA256())


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


class Mosquitto:
    """A broker on a port of this host; everything it persists stays over its restarts."""

    def __init__(
        self,
        directory: Path,
        *,
        options: str = "max_queued_messages 0\nmax_inflight_messages 1000\n",
        authority: Authority | None = None,
        users: dict[str, str] | None = None,
        access: str = "",
    ) -> None:
        """Write its configuration.

        Args:
            directory: its own.
            options: lines of mosquitto.conf.
            authority: who signs its certificate; no TLS where None.
            users: passwords by name; everybody may come where None.
            access: lines of its access list; '' for none.
        """
        self._program = debian("/usr/sbin/mosquitto", "mosquitto")
        directory.mkdir(parents=True, exist_ok=True)
        self.port = free_tcp_port()
        self.directory = directory
        self.conf = directory / "mosquitto.conf"
        lines = [
            f"listener {self.port} 127.0.0.1",
            f"allow_anonymous {'true' if users is None else 'false'}",
            "persistence true",
            f"persistence_location {directory}/",
            "log_dest stderr",
            options,
        ]
        if os.geteuid() == 0:
            lines.append("user root")
        if authority is not None:
            own = authority.party("broker", "127.0.0.1")
            lines += [f"cafile {authority.file}", f"certfile {own.certificate}", f"keyfile {own.key}"]
        if users is not None:
            lines.append(f"password_file {_passwords(directory, users)}")
        if access:
            (directory / "access").write_text(access)
            (directory / "access").chmod(0o700)
            lines.append(f"acl_file {directory / 'access'}")
        self.conf.write_text("\n".join(lines) + "\n")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> str:
        """Give what it said, over all its lives."""
        return (self.directory / "log").read_text(errors="replace")

    def start(self) -> "Mosquitto":
        """Start it and wait until it listens."""
        with (self.directory / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._program, "-c", str(self.conf)], stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )
        give_up_s = time.monotonic() + SOON_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1.0).close()
            except OSError:
                assert self._process.poll() is None, self.log
                assert time.monotonic() < give_up_s, self.log
                time.sleep(0.01)
            else:
                return self

    def stop(self, number: int = signal.SIGTERM) -> None:
        """End it, by default in good order; with everything saved."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            self._process.send_signal(number)
            self._process.wait(SOON_S)
            self._process = None

    def save(self) -> None:
        """Have it write its messages to disk."""
        assert self._process is not None
        self._process.send_signal(signal.SIGUSR1)

    def hold(self) -> None:
        """Stop it in its tracks, as a network that is gone."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)


def _passwords(directory: Path, users: dict[str, str]) -> Path:
    file = directory / "passwords"
    file.write_text("".join(f"{name}:{password}\n" for name, password in users.items()))
    file.chmod(0o700)
    subprocess.run([debian("mosquitto_passwd", "mosquitto"), "-U", str(file)], check=True)
    return file


class Publisher:
    """A publisher that knows which of its messages the broker acknowledged."""

    def __init__(
        self, broker: Mosquitto, *, ca: Path | None = None, user: tuple[str, str] | None = None
    ) -> None:
        """Connect, with paho's own thread; messages queue while the broker is away."""
        self._acknowledged: set[int] = set()
        self._change = threading.Condition()
        self._client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
        self._client.max_inflight_messages_set(1000)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_publish = self._on_publish
        if ca is not None:
            self._client.tls_set_context(ssl.create_default_context(cafile=str(ca)))
        if user is not None:
            self._client.username_pw_set(*user)
        self._client.connect("127.0.0.1", broker.port)
        self._client.loop_start()

    def _on_publish(self, _client: Client, _userdata: object, mid: int, _reason: object, _p: object) -> None:
        with self._change:
            self._acknowledged.add(mid)
            self._change.notify_all()

    def send(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> int:
        """Publish; give the number by which `acknowledged` knows it."""
        return self._client.publish(topic, payload, qos, retain).mid

    @property
    def acknowledged(self) -> set[int]:
        """Give the numbers that the broker has acknowledged."""
        with self._change:
            return set(self._acknowledged)

    def until_acknowledged(self, *numbers: int) -> None:
        """Wait until the broker has acknowledged messages."""
        with self._change:
            assert self._change.wait_for(lambda: self._acknowledged.issuperset(numbers), SOON_S)

    def close(self) -> None:
        """Disconnect."""
        self._client.disconnect()
        self._client.loop_stop()
