"""The home's secret, and what is sealed with it: session cookies and the words that changes must carry."""

import hashlib
import os
import secrets
from pathlib import Path

from itsdangerous import BadSignature, Signer

_KEY_BYTES = 32
_MODE = 0o600


class Seal:
    """Seals texts so that only this home can have made them."""

    def __init__(self, key: bytes) -> None:
        self._cookies = Signer(key, salt=b"narrowgate session", digest_method=_sha256)
        self._words = Signer(key, salt=b"narrowgate csrf", digest_method=_sha256)

    def sealed(self, session: str) -> str:
        """Give a session's cookie."""
        return self._cookies.sign(session).decode()

    def opened(self, cookie: str) -> str | None:
        """Give the session of a cookie; None if this home did not make it."""
        try:
            return self._cookies.unsign(cookie).decode("ascii")
        except (BadSignature, UnicodeError):
            return None

    def csrf(self, session: str) -> str:
        """Give the word that changes of this session must carry."""
        return self._words.get_signature(session).decode()


def _sha256(data: bytes = b"") -> object:
    return hashlib.sha256(data)


def home_key(path: Path) -> bytes:
    """Give the home's secret; made at random, for its owner's eyes alone, if there is none.

    Raises:
        ValueError: the file is none of ours, or others may read it.
        OSError: it cannot be read or made.
    """
    _make(path)
    if path.stat().st_mode & 0o077:
        raise ValueError(f"{path}: others may read this secret: chmod 600 {path.name}, or remove it")
    key = path.read_bytes()
    if len(key) != _KEY_BYTES:
        raise ValueError(f"{path}: {len(key)} bytes, a secret has {_KEY_BYTES}: remove it to get another")
    return key


def _make(path: Path) -> None:
    """Make the file whole or not at all, and never a second one."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.unfinished")
    # In a container each life has the same number: one that fell here must not keep the next from starting.
    unfinished.unlink(missing_ok=True)
    file = os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, _MODE)
    try:
        os.write(file, secrets.token_bytes(_KEY_BYTES))
        os.fsync(file)
    finally:
        os.close(file)
    try:
        os.link(unfinished, path)
    except FileExistsError:
        return
    finally:
        unfinished.unlink()
