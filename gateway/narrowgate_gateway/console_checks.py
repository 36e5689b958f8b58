"""What keeps the console from listening where it is told to: said by `check`, and before a start."""

import sqlite3
from importlib import import_module
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import TYPE_CHECKING

from narrowgate_gateway.config import Fault
from narrowgate_gateway.console_settings import Console
from narrowgate_gateway.settings import Home

if TYPE_CHECKING:
    from narrowgate_console import Binding


def binding_of(console: Console) -> "Binding":
    """Give the console's address and what protects it."""
    made: Binding = import_module("narrowgate_console.binding").Binding(
        host=console.host,
        port=console.port,
        cert_file=Path(console.cert_file) if console.cert_file else None,
        key_file=Path(console.key_file) if console.key_file else None,
        proxies=tuple(map(ip_network, console.proxy_allow)),
    )
    return made


def console_faults(config: Path, console: Console, home: Home) -> list[Fault]:
    """Give what is missing for an address that others can reach: a certificate that loads, and users."""
    if ip_address(console.host).is_loopback and not (console.cert_file or console.behind_proxy):
        return []
    # Loaded only here: most starts need none of it.
    access = None
    if (home.root / "access.db").exists():
        try:
            access = import_module("narrowgate_console.access").Access(home.root)
        except (sqlite3.Error, ValueError, OSError):
            return []  # the core names the file when it starts; the edge does without it
    refused = import_module("narrowgate_console.binding").refusal_to_bind(binding_of(console), access)
    if access is not None:
        access.close()
    return [] if refused is None else [Fault(str(config), "console", "", refused)]
