"""Where the console listens, and whether it may: the rule that keeps it closed until somebody can sign in."""

import ipaddress
import ssl
from dataclasses import dataclass
from pathlib import Path

from narrowgate_console.access import Access

LOOPBACK = "127.0.0.1"
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True)
class Binding:
    """An address, and what protects it."""

    host: str = LOOPBACK
    port: int = 8080
    """0 lets the system choose."""
    cert_file: Path | None = None
    """The certificate chain, PEM; with `key_file` the console speaks TLS."""
    key_file: Path | None = None
    proxies: tuple[Network, ...] = ()
    """The networks of the proxy that speaks TLS in front; nobody else is answered then."""

    @property
    def is_secure(self) -> bool:
        """Whether browsers speak TLS to it."""
        return self.cert_file is not None or bool(self.proxies)

    @property
    def is_local(self) -> bool:
        """Whether only this machine can speak to it, and speaks for itself."""
        return _is_loopback(self.host) and not self.proxies


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def refusal_to_bind(binding: Binding, access: Access | None) -> str | None:
    """Say in one line why the console must not listen there; None if it may.

    Args:
        binding: where it is to listen.
        access: who there is; None is nobody yet.
    """
    if not binding.is_local and not binding.is_secure:
        return (
            f"host = {binding.host!r}: others could read what is sent there: name cert_file and"
            " key_file, or a proxy by behind_proxy and proxy_allow, or use a loopback address"
        )
    if not binding.is_local and (access is None or access.is_empty()):
        return (
            f"host = {binding.host!r}: nobody could sign in: add one by"
            " `narrowgate users add NAME --role administrator`"
        )
    return _certificate_fault(binding)


def _certificate_fault(binding: Binding) -> str | None:
    """Say what is wrong with the certificate or its key."""
    if (binding.cert_file is None) != (binding.key_file is None):
        return "cert_file and key_file belong together: name both or neither"
    if binding.cert_file is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        # A password is never asked for on a terminal: an encrypted key is refused like a wrong one.
        context.load_cert_chain(binding.cert_file, binding.key_file, password=str)
    except (OSError, ValueError) as error:
        words = getattr(error, "strerror", None) or str(error)
        return f"cert_file {binding.cert_file} with key_file {binding.key_file}: {words}"
    return None
