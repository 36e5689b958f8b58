"""Requests of one shape are read as one, and always as the walk over each of them reads them."""

import random
from dataclasses import fields

import numpy as np
import pytest

from coap_wire import request
from narrowgate_gateway.coap_columns import _of_one_shape, _Walk, options_of
from narrowgate_gateway.coap_shapes import shape_of

_HEAD_BYTES = 5


def tails(*datagrams: bytes) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give datagrams as rows of a matrix: its bytes, and where options begin and datagrams end."""
    width = max(map(len, datagrams)) + 16
    flat = np.frombuffer(b"".join(each.ljust(width, b"\x5a") for each in datagrams), np.uint8)
    begins = np.arange(len(datagrams)) * width
    return flat, begins + _HEAD_BYTES, begins + np.array(list(map(len, datagrams)))


def bay(number: int, payload: bytes = b"\x15\x66\x01") -> bytes:
    """Give a request of one of many bays."""
    return request(number, payload, path=("nb", f"bay-{number:04}", "up"))


def test_devices_of_one_kind_are_of_one_shape() -> None:
    """Names of one length and payloads of any are no difference."""
    flat, begins, ends = tails(*(bay(n, bytes(1 + n)) for n in range(20)))

    assert _of_one_shape(flat, begins, ends) is not None


@pytest.mark.parametrize(
    "other",
    [
        request(1, path=("nb", "bay-00001", "up")),
        request(1, path=("nb", "bay-0001")),
        bay(1, b""),
        bay(1)[:-3],
        bay(1)[:9],
        request(1, path=("nb", "bay-0001", "up", "x")),
    ],
)
def test_another_layout_is_another_shape(other: bytes) -> None:
    """One row that differs in more than letters has the batch walked."""
    assert _of_one_shape(*tails(bay(1), other)) is None


@pytest.mark.parametrize(
    "datagram",
    [
        bay(1) + b"",
        request(1, path=("nb", "8" * 15, "up")),
        request(1, b"", path=("nb", "bay-1", "up")),
        request(1, b"", path=("nb", "bay-1", "up")) + b"\x11\x2a\xff\x01",  # Content-Format
    ],
)
def test_plain_requests_have_a_shape(datagram: bytes) -> None:
    """Long names, a format and no payload are plain."""
    assert shape_of(datagram[_HEAD_BYTES:]) is not None


@pytest.mark.parametrize(
    "more",
    [b"\xff", b"\x11\x2a\x01\x2a", b"\x13\x00\x00\x00", b"\x21\x07", b"\xd1\x03\x08", b"\xf1", b"\x12\x00"],
)
def test_what_is_not_plain_has_none(more: bytes) -> None:
    """A marker before nothing, doubled and long formats, other options and lies are for the walk."""
    assert shape_of(request(1, b"")[_HEAD_BYTES:] + more) is None


def test_a_shape_reads_what_the_walk_reads() -> None:
    """Over batches with bytes changed, cut or added, both say the same of every row."""
    rng = random.Random(1)
    read_as_one = 0
    for _ in range(400):
        rows = [bytearray(bay(rng.randrange(10_000), rng.randbytes(rng.randrange(4)))) for _ in range(4)]
        if rng.random() < 0.7:
            row = rng.choice(rows)
            row[rng.randrange(_HEAD_BYTES, len(row))] = rng.choice((0xFF, 0x0D, 0x11, rng.randrange(256)))
        if rng.random() < 0.3:
            row = rng.choice(rows)
            del row[rng.randrange(_HEAD_BYTES, len(row)) :]
        batch = tails(*map(bytes, rows))
        read_as_one += _of_one_shape(*batch) is not None
        found, walked = options_of(*batch), _Walk(*batch).run()
        for name in (field.name for field in fields(walked) if field.name != "layout"):
            assert np.array_equal(getattr(found, name), getattr(walked, name)), name

    assert read_as_one > 20
