"""Datagrams as nobody wishes a CoAP listener to get: eight kinds and a sound one, made from a seed.

Each is as it left its maker; a sender may number messages anew, which changes what is dropped as a repeat,
not what the datagram is.
"""

import random
from collections.abc import Callable
from enum import StrEnum

from aiocoap import CON, NON, Message
from aiocoap.numbers.codes import CONTENT, DELETE, FETCH, GET, POST, PUT, Code
from aiocoap.numbers.types import Type

LONGEST_BYTES = 256
HONEST = b"\x15\x66\x01"
"""A bay sensor's payload that is as it should be: occupied."""
_STRANGERS_BYTES = 40
_FLIPS = 4
_LONG_TOKEN = 15
_MOST_OPTIONS = 30
_MARKER = b"\xff"


class Kind(StrEnum):
    """What is wrong with a datagram."""

    SOUND = "sound"
    """Nothing: uplinks of registered devices."""
    RANDOM = "random"
    """Bytes of no protocol."""
    MUTATED = "mutated"
    """Uplinks of registered devices, and requests and answers of all codes, cut or with bytes changed."""
    SPOOFED = "spoofed"
    """Sound uplinks of registered devices, from outside the listener's networks."""
    UNKNOWN = "unknown"
    """Sound uplinks of devices that the registry does not know."""
    BLOCKS = "blocks"
    """Uploads in blocks that are begun and never ended, and blocks from the middle of such."""
    OBSERVE = "observe"
    """Requests to observe, of discovery and of what there is not."""
    OPTIONS = "options"
    """Options that cannot be read or heeded: beyond the end, reserved, unknown and critical, too many."""
    TOKENS = "tokens"
    """Tokens of nine bytes and more, and shorter ones that run over the end."""


HOSTILE = tuple(kind for kind in Kind if kind is not Kind.SOUND)


def uplink(device: str, payload: bytes, *, token: bytes = b"", kind: Type = CON, code: Code = POST) -> bytes:
    """Give a sound uplink."""
    message = Message(code=code, payload=payload, _token=token, _mid=0, _mtype=kind)
    message.opt.uri_path = ("nb", device, "up")
    return _encoded(message)


def datagrams(kind: Kind, rng: random.Random, count: int, devices: int) -> list[bytes]:
    """Give datagrams of a kind, each of at most LONGEST_BYTES.

    Args:
        kind: what is wrong with them.
        rng: decides.
        count: how many.
        devices: `bay-00000000` and so on are registered.
    """
    make = _MAKERS[kind]
    return [make(rng, devices)[:LONGEST_BYTES] for _ in range(count)]


def _sound(rng: random.Random, devices: int) -> bytes:
    device = f"bay-{rng.randrange(devices):08}"
    kind, code = rng.choice((CON, CON, NON)), rng.choice((POST, PUT))
    return uplink(device, HONEST, token=rng.randbytes(rng.randrange(9)), kind=kind, code=code)


def _random(rng: random.Random, devices: int) -> bytes:
    return rng.randbytes(rng.randrange(LONGEST_BYTES))


def _mutated(rng: random.Random, devices: int) -> bytes:
    changed = bytearray(_sound(rng, devices))
    if rng.random() < 0.25:
        changed[1] = rng.choice(
            (0, int(GET), int(DELETE), int(FETCH), int(CONTENT), 0x84, rng.randrange(256))
        )
    for _ in range(rng.randrange(1, 1 + _FLIPS)):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed[: rng.randrange(len(changed))] if rng.random() < 0.25 else changed)


def _unknown(rng: random.Random, devices: int) -> bytes:
    payload, token = rng.randbytes(_STRANGERS_BYTES), rng.randbytes(4)
    return uplink(f"ghost-{rng.randrange(1 << 32):08x}", payload, token=token)


def _block(rng: random.Random, devices: int) -> bytes:
    message = Message(code=POST, payload=rng.randbytes(64), _token=rng.randbytes(4), _mid=0, _mtype=CON)
    message.opt.uri_path = ("nb", f"bay-{rng.randrange(devices):08}", "up")
    message.opt.block1 = (0 if rng.random() < 0.75 else rng.randrange(1 << 16), True, 2)
    return _encoded(message)


def _observing(rng: random.Random, devices: int) -> bytes:
    message = Message(code=GET, _token=rng.randbytes(8), _mid=0, _mtype=rng.choice((CON, NON)))
    resources = (".well-known", "core"), ("nb", f"bay-{rng.randrange(devices):08}", "up")
    message.opt.uri_path = rng.choice(resources)
    message.opt.observe = 0
    return _encoded(message)


def _options(rng: random.Random, devices: int) -> bytes:
    head = bytes([0x44, int(POST), 0, 0]) + rng.randbytes(4)
    wrong: tuple[Callable[[], bytes], ...] = (
        lambda: bytes([0xF0 | rng.randrange(15)]),  # a delta that is reserved
        lambda: bytes([0xB0 | 15]) + rng.randbytes(20),  # a length that is
        lambda: bytes([0xBC]) + rng.randbytes(rng.randrange(12)),  # over the end
        lambda: bytes([0xBE, 0xFF, 0xFF]) + rng.randbytes(8),
        lambda: b"\xb2nb" + _MARKER,  # a marker before nothing
        lambda: bytes([0x91, rng.randrange(256)]) + _MARKER + b"\x00",  # number 9: unknown and critical
        lambda: bytes([0xD1, rng.randrange(1, 256, 2), 0]) + _MARKER + b"\x00",
        lambda: b"\xb0" + b"\x00" * rng.randrange(_MOST_OPTIONS, 200),  # a path of nothing but segments
    )
    return head + rng.choice(wrong)()


def _tokens(rng: random.Random, devices: int) -> bytes:
    rest = _sound(rng, devices)[4:]
    length = rng.randrange(9, 1 + _LONG_TOKEN)
    if rng.random() < 0.25:
        length, rest = rng.randrange(1, 9), b""
    return bytes([0x40 | int(rng.choice((CON, NON))) << 4 | length, int(POST), 0, 0]) + rest


def _encoded(message: Message) -> bytes:
    encoded: bytes = message.encode()
    return encoded


_MAKERS: dict[Kind, Callable[[random.Random, int], bytes]] = {
    Kind.SOUND: _sound,
    Kind.RANDOM: _random,
    Kind.MUTATED: _mutated,
    Kind.SPOOFED: _sound,
    Kind.UNKNOWN: _unknown,
    Kind.BLOCKS: _block,
    Kind.OBSERVE: _observing,
    Kind.OPTIONS: _options,
    Kind.TOKENS: _tokens,
}
