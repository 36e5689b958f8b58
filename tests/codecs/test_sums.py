"""Numbers that makers split, put together again."""

import pytest

from codec_fixtures import decoded, readings
from narrowgate_codecs.elements import Int
from narrowgate_codecs.soundness import fault_of
from narrowgate_codecs.sums import Sum


@pytest.mark.parametrize(("total", "words"), [(0, "00000000"), (68592, "0bf00001"), (2**32 - 1, "ffffffff")])
def test_count_in_two_words_is_a_whole_number(total: int, words: str) -> None:
    """A count that is sent low word first is one whole number."""
    frame = bytes.fromhex(f"02199e000300000258{words}0c9b")

    row = readings(decoded(frame, "decentlab_dl_dlr2_002_v2"))[0]

    assert (row["pulses"], type(row["pulses"])) == (total, int)


def test_whole_sum_is_not_divided() -> None:
    """A sum that is whole and divided at once is refused."""
    assert fault_of(Sum("s", (("a", 1),), per=10, is_whole=True)) is not None
    assert fault_of(Int("a", 1)) is None
