"""Frames drawn for the benchmarks say a word that stands for many codes by any of them."""

import random

from narrowgate_bench.codec_frames import Sender
from narrowgate_bench.drawn_spellings import Spellings
from narrowgate_codecs import PROFILES


def test_all_codes_of_a_word_are_sent() -> None:
    """Whatever code a lamp's fault frame can hold is drawn sooner or later."""
    sender = Sender("zane_zlamp_v1", "up", random.Random(1))

    drawn = {sender.frame("fault") for _ in range(6000)}

    assert drawn == {bytes([code]) for code in range(256)}


def test_usual_frames_are_sent_as_encode_does() -> None:
    """Frames drawn with the first code of each choice keep the code that encode sends."""
    sender = Sender("nwave_nps310_v1", "up", random.Random(1), all_codes=False)

    causes = {sender.frame("startup")[3] for _ in range(300)}

    assert causes == {1, 2, 3, 4, 5}


def test_proven_bytes_are_left_alone() -> None:
    """Where a check sum is over the frame, its codes stay as they were written."""
    spellings = Spellings(PROFILES["huati_nb_v1"].up, random.Random(1))

    assert spellings.names == frozenset()
