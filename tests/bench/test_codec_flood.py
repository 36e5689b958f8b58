"""Random and mutated frames: counted work, no exception, and no word of difference."""

import random
from zoneinfo import ZoneInfo

import pytest

from narrowgate_bench.codec_flood import SEEDS, Counts, batch, counted, flood, ways
from narrowgate_codecs import Context, decode, uplinks_from

_FRAMES = 6_000


@pytest.mark.parametrize("seed", SEEDS)
def test_work_on_a_frame_is_bounded(seed: int) -> None:
    """The first frames of every kept seed raise nothing and take no more steps than their bytes allow."""
    *_, counts = flood(seed, _FRAMES)

    assert (counts.frames, counts.excess, counts.most_steps <= 1, counts.most_reads <= 1) == (
        _FRAMES,
        [],
        True,
        True,
    )


def test_steps_are_counted() -> None:
    """A frame that the row engine reads is counted element by element, and nothing is counted afterwards."""
    context = Context(["d"], ["pni_placepod_v1"], ZoneInfo("UTC"))
    counts = Counts()
    with counted(counts):
        decode(uplinks_from([b"\x15\x66\x01"]), context)
    inside = counts.steps
    decode(uplinks_from([b"\x15\x66\x01"]), context)

    assert (inside > 0, counts.steps == inside) == (True, True)


def test_same_seed_draws_the_same_frames() -> None:
    """A seed stands for its frames: what it found can be looked at again."""
    drawn = []
    for _ in range(2):
        rng = random.Random(SEEDS[0])
        drawn.append(batch(ways(rng)[0], rng, 50))

    assert drawn[0] == drawn[1]
