"""What Diehl's modules scramble: any key of eight bytes, public ones where a device has none."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codec_fixtures import decoded, readings
from narrowgate_codecs import encode
from narrowgate_codecs.scrambling import combined, seeds, started, streams

_KEY = bytes.fromhex("0123456789abcdef")
_SAID = {"maker": "2324", "identity": "18001698", "state": "410100", "volume_m3": 835.689, "past_m3": 820.329}
_DAY = {"past_day": "2021-09-01T00:00:00"}


@given(st.binary(min_size=8, max_size=16), st.binary(min_size=12, max_size=12), st.binary(max_size=40))
def test_scrambling_twice_is_nothing(key: bytes, seed: bytes, text: bytes) -> None:
    """What is scrambled and scrambled again is what it was."""
    assert combined(key, seed, combined(key, seed, text)) == text


@given(
    st.lists(st.tuples(st.binary(min_size=8, max_size=8), st.binary(min_size=12, max_size=12)), max_size=5)
)
def test_streams_of_many_are_those_of_each(rows: list[tuple[bytes, bytes]]) -> None:
    """The streams of a batch are those of its rows, one by one."""
    heads = np.frombuffer(b"".join(seed for _, seed in rows), np.uint8).reshape(-1, 12)
    states = seeds(heads) ^ np.array([started(key, b"") for key, _ in rows], np.uint32)

    made = streams(states, 20)

    assert [row.tobytes() for row in made] == [combined(key, seed, bytes(20)) for key, seed in rows]


@pytest.mark.parametrize(
    ("sent_with", "read_with", "reason"),
    [
        (None, None, []),
        (_KEY, _KEY, []),
        (_KEY, _KEY * 2, []),
        (_KEY, None, ["integrity"]),
        (None, _KEY, ["integrity"]),
    ],
)
def test_own_key_goes_before_public_ones(
    sent_with: bytes | None, read_with: bytes | None, reason: list[str]
) -> None:
    """A device with a key of its own is opened by that one alone, one without by the maker's public keys."""
    frame = encode("diehl_izar_v1", "swapped", {**_SAID, **_DAY}, sent_with)

    result = decoded(frame, "diehl_izar_v1", keys=[read_with])

    volumes = [row["volume_m3"] for row in readings(result)]
    assert (result.refusals.column("reason").to_pylist(), volumes) == (
        reason,
        [] if reason else [835.689, 820.329],
    )
