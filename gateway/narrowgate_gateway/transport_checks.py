"""What is wrong with brokers and UDP ports beyond their keys' own types: files, secrets, profiles."""

import os
from pathlib import Path

from narrowgate_gateway.config import Fault
from narrowgate_gateway.settings import Settings
from narrowgate_gateway.udp_dialect import Dialect


def transport_faults(config: Path, settings: Settings) -> list[Fault]:
    """Give the faults of `[[mqtt]]` and `[[udp]]`; no network is opened."""
    return [*_broker_faults(config, settings), *_port_faults(config, settings)]


def _broker_faults(config: Path, settings: Settings) -> list[Fault]:
    faults = []
    for place, broker in enumerate(settings.mqtt):
        for key, path in broker.files.items():
            if words := _unreadable(Path(path)):
                faults.append(Fault(str(config), f"mqtt[{place}].{key}", repr(path), words))
        name = broker.password_env
        if name and name not in os.environ:
            faults.append(
                Fault(str(config), f"mqtt[{place}].password_env", repr(name), "no such variable is set")
            )
    return faults


def _unreadable(path: Path) -> str:
    """Give why a file cannot be read; '' if it can."""
    try:
        with path.open("rb") as file:
            return "" if file.read(1) else "an empty file"
    except OSError as error:
        return error.strerror or str(error)


def _port_faults(config: Path, settings: Settings) -> list[Fault]:
    faults = []
    for place, port in enumerate(settings.udp):
        for key, reply in (("profile", "none"), ("reply", port.reply)):
            try:
                Dialect(port.profile, reply)
            except ValueError as error:
                value = repr(getattr(port, key))
                faults.append(Fault(str(config), f"udp[{place}].{key}", value, str(error)))
                break
    return faults
