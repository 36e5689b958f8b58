"""Messages of a batch as columns: the same as reading them one by one, on any bytes."""

import random
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coap_wire import request
from narrowgate_gateway.coap_columns import HEAD_BYTES, Heads, Options, heads_of, options_of
from narrowgate_gateway.coap_datagrams import SOURCE_BYTES, Datagrams
from narrowgate_gateway.coap_options import IS_KNOWN
from narrowgate_gateway.coap_paths import PathColumns
from narrowgate_gateway.path_template import PathTemplate

SEGMENTS = st.lists(st.text("abé/ 0", max_size=20), max_size=5)
TEMPLATE = PathTemplate.parse("nb/{device}/{port}/up")


def batch(datagrams: Sequence[bytes]) -> Datagrams:
    """Give datagrams as a socket's matrix has them, with rubbish behind each."""
    width = max(map(len, datagrams), default=0) + 16
    content = np.full((len(datagrams), width), 0xA5, np.uint8)
    for row, datagram in enumerate(datagrams):
        content[row, : len(datagram)] = np.frombuffer(datagram, np.uint8)
    n = len(datagrams)
    lengths = np.array([len(datagram) for datagram in datagrams], np.int64)
    return Datagrams(content, lengths, np.zeros(n, np.bool_), np.zeros((n, SOURCE_BYTES), np.uint8), None)


def read(datagrams: Sequence[bytes]) -> tuple[Heads, Options, Datagrams]:
    """Read requests whose heads are whole."""
    rows = batch(datagrams)
    heads = heads_of(rows)
    begins = np.arange(len(rows)) * rows.content.shape[1]
    starts = begins + HEAD_BYTES + heads.token_lengths
    return heads, options_of(rows.content.reshape(-1), starts, begins + rows.lengths), rows


def path_of(options: Options, rows: Datagrams, row: int) -> list[bytes]:
    """Give the path segments of a row."""
    flat = rows.content.reshape(-1)
    places = range(options.segment_counts[row])
    spans = [(options.segment_starts[place, row], options.segment_lengths[place, row]) for place in places]
    return [flat[start : start + length].tobytes() for start, length in spans]


@given(st.lists(st.tuples(SEGMENTS, st.binary(max_size=8), st.binary(max_size=30)), max_size=8))
def test_paths_tokens_and_payloads_are_where_they_were_put(
    drawn: list[tuple[list[str], bytes, bytes]],
) -> None:
    """What a library's reader finds in a message is what its columns say."""
    datagrams = [
        request(n, payload, path=path, token=token) for n, (path, token, payload) in enumerate(drawn)
    ]
    heads, options, rows = read(datagrams)
    flat = rows.content.reshape(-1)

    for row, (path, token, payload) in enumerate(drawn):
        end = row * rows.content.shape[1] + rows.lengths[row]
        assert path_of(options, rows, row) == [segment.encode() for segment in path]
        assert heads.tokens[row, : heads.token_lengths[row]].tobytes() == token
        assert flat[options.payload_at[row] : end].tobytes() == payload
    assert not options.is_malformed.any()


def mutated(seed: int, n: int) -> list[bytes]:
    """Draw requests of every shape with bytes changed, cut or added."""
    rng, drawn = random.Random(seed), []
    for _ in range(n):
        path = [rng.choice(("nb", "bay-1", "x" * 20, "y" * 300, "")) for _ in range(rng.randint(0, 6))]
        good = bytearray(request(rng.randrange(65_536), rng.randbytes(rng.randint(0, 40)), path=path))
        for _ in range(rng.randint(0, 3)):
            good[rng.randrange(4, len(good))] = rng.randrange(256)
        drawn.append(bytes(good[: rng.randint(5, len(good))]) if rng.random() < 0.3 else bytes(good))
    return drawn


def payload_at(datagram: bytes, at: int) -> int | None:
    """Walk the options of one message; give where its payload begins, None if the format is broken."""
    number = 0
    while at < len(datagram) and datagram[at] != 0xFF:
        first, at = datagram[at], at + 1
        values = []
        for nibble in (first >> 4, first & 15):
            extended = {13: 1, 14: 2}.get(nibble, 0)
            more = datagram[at : at + extended]
            if nibble == 15 or len(more) < extended:
                return None
            values.append(int.from_bytes(more, "big") + {13: 13, 14: 269}.get(nibble, nibble))
            at += extended
        number, at = number + values[0], at + values[1]
        if at > len(datagram) or number > 65_535:
            return None
    if at < len(datagram):
        return at + 1 if at + 1 < len(datagram) else None
    return at


@pytest.mark.parametrize("seed", range(4))
def test_changed_requests_are_read_as_one_by_one(seed: int) -> None:
    """Of 5 000 changed requests those are malformed that a slow twin says are; payloads are where it says."""
    datagrams = mutated(seed, 5000)
    _, options, rows = read(datagrams)
    begins = np.arange(len(rows)) * rows.content.shape[1]
    found = np.where(options.is_malformed, -1, options.payload_at - begins).tolist()
    expected = [payload_at(datagram, 5) for datagram in datagrams]
    compared = np.flatnonzero(~options.is_long).tolist()
    places = [expected[row] for row in compared]

    assert [found[row] for row in compared] == [-1 if place is None else place for place in places]
    assert (len(places) > 4500, 500 < places.count(None) < 4000) == (True, True)


@pytest.mark.parametrize(
    ("option", "is_refused"),
    [
        (b"\x11\x01", True),  # If-Match (1): entity tags mean nothing here
        (b"\x30", True),  # Uri-Host (3) of no length
        (b"\x31a", False),
        (b"\x31a\x01b", True),  # Uri-Host twice
        (b"\x50", True),  # If-None-Match (5)
        (b"\x61\x01", False),  # Observe (6)
        (b"\x73abc", True),  # Uri-Port (7) longer than a port
        (b"\x91\x01", True),  # OSCORE (9)
        (b"\xd0\x02", False),  # Uri-Query (15), empty
        (b"\xd1\x04\x32", False),  # Accept (17)
        (b"\xe1\x07\xd7\x01", False),  # 2276: elective, whatever it is
        (b"\xe1\x07\xd8\x01", True),  # 2277: critical, whatever it is
    ],
)
def test_critical_options_that_cannot_be_heeded_are_refused(option: bytes, is_refused: bool) -> None:
    """RFC 7252, 5.4: unknown, of a wrong length, or there too often."""
    _, options, _ = read([b"\x40\x02\x00\x01" + option])

    assert (options.is_refused.tolist(), options.is_malformed.tolist()) == ([is_refused], [False])


def test_the_last_row_of_the_tables_stands_for_the_unknown() -> None:
    """Numbers above all that are known are not known."""
    assert not IS_KNOWN[-1]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (["nb", "bay-1", "0", "up"], ("bay-1", 0)),
        (["nb", "86" * 32, "255", "up"], ("86" * 32, 255)),
        (["nb", "bay 1", "07", "up"], ("bay 1", 7)),
        (["nb", "bay-1", "256", "up"], None),
        (["nb", "bay-1", "1a", "up"], None),
        (["nb", "bay-1", "", "up"], None),
        (["nb", "", "1", "up"], None),
        (["nb", "x" * 65, "1", "up"], None),
        (["nb", "bay\x07", "1", "up"], None),
        (["nb", "bay-1", "1", "upp"], None),
        (["nc", "bay-1", "1", "up"], None),
        (["nb", "bay-1", "1"], None),
        (["nb", "bay-1", "1", "up", ""], None),
        ([], None),
    ],
)
def test_a_path_is_matched_as_the_template_says(path: list[str], expected: tuple[str, int] | None) -> None:
    """In a batch a path has the device and port that it has alone; the journal's text is the same too."""
    _, options, rows = read([request(1, path=["other"]), request(2, path=path)])
    flat, columns = rows.content.reshape(-1), PathColumns(TEMPLATE)
    matched = columns.match(flat, options)
    found = matched.devices.rows(np.array([1])).packed().tobytes().decode(), int(matched.ports[1])
    texts = columns.texts(flat, options, np.flatnonzero(matched.is_plain)).packed().tobytes().decode()

    assert TEMPLATE.match(path) == expected
    assert (found if matched.is_plain[1] else None, texts) == (expected, "/".join(path) if expected else "")


def test_nothing_is_read_of_nothing() -> None:
    """An empty batch is legal."""
    heads, options, _ = read([])

    assert (len(heads.codes), len(options.payload_at)) == (0, 0)
