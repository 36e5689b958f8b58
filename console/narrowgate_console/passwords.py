"""Passwords as argon2id keeps them; one at a time, so that a flood of guesses takes no memory."""

from threading import Lock

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from narrowgate_console.principals import Unfit

LEAST_CHARACTERS = 12
MOST_CHARACTERS = 1024
MEMORY_KIB = 19 * 1024
PASSES = 2

_HASHER = PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=1)
_ONE_AT_A_TIME = Lock()
# Checked against where there is no such user, so that the time taken tells nothing.
_NOBODY = "$argon2id$v=19$m=19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$" + "A" * 43


def hashed(password: str) -> str:
    """Give what is kept of a password.

    Raises:
        Unfit: it is too short or too long.
    """
    if not LEAST_CHARACTERS <= len(password) <= MOST_CHARACTERS:
        raise Unfit(f"a password has {LEAST_CHARACTERS} to {MOST_CHARACTERS} characters, got {len(password)}")
    with _ONE_AT_A_TIME:
        return _HASHER.hash(password)


def is_right(kept: str | None, password: str) -> bool:
    """Say whether a password is the one kept; None keeps none, and takes as long."""
    with _ONE_AT_A_TIME:
        try:
            return _HASHER.verify(kept or _NOBODY, password[:MOST_CHARACTERS]) and kept is not None
        except (VerificationError, InvalidHashError):
            return False
