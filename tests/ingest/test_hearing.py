"""Whose words reach who listens for answers, and which do not."""

from collections.abc import Sequence, Set
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pyarrow as pa

from fleet_rows import csv_text, fleet_of, take
from ingest_line import city, first_frames
from narrowgate_codecs import uplinks_from
from narrowgate_ingest.decoding import DecodeStage
from narrowgate_ingest.hearing import Word

if TYPE_CHECKING:
    from ingest_line import District

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW_US = 1_772_400_000_000_000
METER, BAY = city().devices[0], city().devices[4]


class Ear:
    """Listens for some devices."""

    def __init__(self, *devices: str) -> None:
        """Take their names."""
        self._devices = frozenset(devices)

    def awaited(self) -> Set[str]:
        """Give them."""
        return self._devices

    def hear(self, words: Sequence[Word]) -> None:
        """Take nothing: the stage only finds words."""


def stage(ear: Ear) -> DecodeStage:
    """Give a decode stage to which somebody listens."""
    made = DecodeStage(SHANGHAI)
    made.listener = ear
    return made


def test_only_sound_frames_of_awaited_devices_are_words(district: "District") -> None:
    """A repeat, a frame that cannot be read and a device that nobody awaits are not told."""
    good, other = first_frames(city(), METER, 1)[0], first_frames(city(), BAY, 1)[0]
    frames = [(METER, good), (METER, good), (BAY, other), (METER, b"\x01")]
    uplinks = uplinks_from(
        [payload for _, payload in frames], devices=[name for name, _ in frames], received_at_us=NOW_US
    )
    words = stage(Ear(METER)).run(uplinks, fleet_of(district.root / "home")).words

    assert [(word.device, word.at_us) for word in words] == [(METER, NOW_US)]
    assert words[0].values


def test_what_is_sent_in_the_name_of_another_is_no_word(tmp_path: Path) -> None:
    """An answer counts only from who may be the device: who has proved to be another is not heard."""
    bays = ["bay-1,pni_placepod_v1", "bay-2,pni_placepod_v1"]
    take(tmp_path, csv_text("device,profile", *bays), families={"pni_placepod_v1": "parking"})
    batch = uplinks_from([b"\x15\x66\x01", b"\x15\x66\x00"], devices=["bay-1"] * 2, received_at_us=NOW_US)
    place = batch.schema.get_field_index("authenticated_as")
    heard = []
    for who in ("bay-2", "bay-1"):
        proved = pa.array([who] * 2, pa.string())
        uplinks = batch.set_column(place, batch.schema.field(place), proved)
        heard.append(len(stage(Ear("bay-1")).run(uplinks, fleet_of(tmp_path)).words))

    assert heard == [0, 2]
