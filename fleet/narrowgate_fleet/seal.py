"""Sealing device keys: what lies on disk says nothing without the secret of the installation.

Each key is sealed by AES-256-GCM under the installation's secret, with the device's name as associated data:
a sealed key moved to another device's row opens no more than a changed one.

The secret is 32 random bytes in hex, in the environment variable NARROWGATE_SEAL, or in the file that
NARROWGATE_SEAL_FILE names, which only its user may read. Of several, one a line or set apart by commas, the
first seals and all open, so that a secret can be changed without an hour in which keys cannot be opened.
"""

import os
import re
import stat
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path

from narrowgate_fleet.faults import RegistryFault

VARIABLE = "NARROWGATE_SEAL"
FILE_VARIABLE = "NARROWGATE_SEAL_FILE"
_SECRET = re.compile(r"[0-9a-fA-F]{64}")
_MARK_BYTES = 4
_NONCE_BYTES = 12


class Seal:
    """The secrets of an installation. It is never printed."""

    def __init__(self, secrets: Sequence[bytes]) -> None:
        """Take the secrets of 32 bytes, the one that seals first; ValueError if there is none."""
        # Loaded here: most processes that look at a fleet open no key, and it weighs 6 MB.
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        if not secrets:
            raise ValueError("no secret")
        self._ciphers = {_mark(secret): AESGCM(secret) for secret in secrets}
        self._own = _mark(secrets[0])

    def sealed(self, key: bytes, device: str) -> bytes:
        """Give a device's key as it may lie on disk: which secret, nonce, cipher text and tag."""
        nonce = os.urandom(_NONCE_BYTES)
        return self._own + nonce + self._ciphers[self._own].encrypt(nonce, key, device.encode())

    def opened(self, sealed: bytes, device: str) -> bytes:
        """Give the key again.

        Raises:
            RegistryFault: no secret of ours opens it; names the device, never a key.
        """
        from cryptography.exceptions import InvalidTag

        cipher = self._ciphers.get(sealed[:_MARK_BYTES])
        if cipher is None:
            raise RegistryFault(
                f"device {device}: its key was sealed with a secret that is not in {VARIABLE}"
            )
        nonce, text = sealed[_MARK_BYTES : _MARK_BYTES + _NONCE_BYTES], sealed[_MARK_BYTES + _NONCE_BYTES :]
        try:
            return cipher.decrypt(nonce, text, device.encode())
        except InvalidTag:
            raise RegistryFault(f"device {device}: its sealed key is damaged") from None

    def is_own(self, sealed: bytes) -> bool:
        """Tell whether a key is sealed with the first secret."""
        return sealed[:_MARK_BYTES] == self._own


def seal_of(environment: Mapping[str, str]) -> Seal | None:
    """Give the seal that a process's environment names; None where it names none.

    Raises:
        RegistryFault: a secret is no 64 hex digits, or others may read the file; never shows what it found.
    """
    if text := environment.get(VARIABLE, ""):
        return _seal(text, VARIABLE)
    if name := environment.get(FILE_VARIABLE, ""):
        return _seal(_secret_text(Path(name)), name)
    return None


def _secret_text(path: Path) -> str:
    try:
        mode = path.stat().st_mode
        text = path.read_text("ascii")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "holds other than ASCII"
        raise RegistryFault(f"{path}: cannot be read as the file of the seal: {why}") from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise RegistryFault(f"{path}: others than its user may read it; chmod 600 {path}")
    return text


def _seal(text: str, where: str) -> Seal:
    secrets = [part.strip() for part in re.split(r"[\n,]", text) if part.strip()]
    if not secrets or any(_SECRET.fullmatch(secret) is None for secret in secrets):
        raise RegistryFault(f"{where}: must hold secrets of 64 hex digits; `openssl rand -hex 32` makes one")
    return Seal([bytes.fromhex(secret) for secret in secrets])


def _mark(secret: bytes) -> bytes:
    return sha256(b"narrowgate seal " + secret).digest()[:_MARK_BYTES]
