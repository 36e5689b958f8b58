"""What the transport proves of a sender is held against the device that it claims to be."""

from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa

from fleet_rows import csv_text, fleet_of, take
from narrowgate_codecs import uplinks_from
from narrowgate_ingest.decoding import DecodeStage
from narrowgate_ingest.identities import of_others
from narrowgate_schema.words import Reason


def uplinks(*proved: str | None) -> pa.RecordBatch:
    """Give frames that claim to be of bay-1, of senders that have proved something or nothing."""
    batch = uplinks_from(
        [b"\x15\x66\x01"] * len(proved), devices=["bay-1"] * len(proved), received_at_us=1_772_400_000_000_000
    )
    place = batch.schema.get_field_index("authenticated_as")
    return batch.set_column(place, batch.schema.field(place), pa.array(proved, pa.string()))


def test_a_sender_that_is_another_is_told_from_the_rest() -> None:
    """Only who has proved to be somebody else differs; no rows are legal."""
    assert of_others(uplinks("bay-1", None, "bay-2")) == {2: "'bay-2' sent it as 'bay-1'"}
    assert of_others(uplinks()) == {}


def test_what_is_sent_in_the_name_of_another_counts_for_nobody(tmp_path: Path) -> None:
    """It is quarantined as `identity`, and what is as it claims gives its readings."""
    bays = ["bay-1,pni_placepod_v1", "bay-2,pni_placepod_v1"]
    take(tmp_path, csv_text("device,profile", *bays), families={"pni_placepod_v1": "parking"})
    made = DecodeStage(ZoneInfo("Asia/Shanghai")).run(uplinks("bay-2", "bay-1", None), fleet_of(tmp_path))

    assert {row: why for row, (why, _) in made.refusals.items()} == {0: Reason.IDENTITY}
    assert {frame for rows in made.readings.values() for frame in rows["frame"].to_pylist()} == {1, 2}
