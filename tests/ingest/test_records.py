"""What records promise: any bytes can be walked, and nothing a device sends passes for a record."""

from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narrowgate_ingest import records
from narrowgate_ingest.records import (
    HEADER_BYTES,
    MAX_PAYLOAD_BYTES,
    SEGMENT_HEADER_BYTES,
    Damaged,
    Header,
    Intact,
    Kind,
    SegmentHeader,
    brand_of,
    encode,
    pieces,
    read_segment_header,
    scan,
    segment_header,
    serialised,
)
from uplinks import tick_batch, uplink_batch

BRAND = b"\x8b\x01\xf0\x77"
SECTOR_BYTES = 4096


def record(frames: list[bytes], offset: int, brand: bytes = BRAND) -> bytes:
    """Give the record of some frames."""
    payload = serialised(Kind.UPLINKS, uplink_batch(frames))
    header = Header(Kind.UPLINKS, len(payload), len(frames), offset, offset, crc32(payload))
    return encode(brand, header, payload)


@given(st.binary(max_size=300), st.sampled_from([b"", BRAND, b"\0\0\0\0"]))
def test_any_bytes_are_walked_to_their_end(data: bytes, brand: bytes) -> None:
    """Whatever the bytes, the walk covers each of them once and raises nothing."""
    place = 0
    for item in scan(data, brand):
        assert item.position == place
        place = item.end if isinstance(item, Damaged) else place + item.header.record_bytes

    assert place == len(data)


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=4), st.data())
def test_a_record_with_one_wrong_byte_is_no_record(frames: list[bytes], data: st.DataObject) -> None:
    """A changed byte anywhere but in the padding is noticed."""
    whole = record(frames, 7)
    payload_bytes = len(serialised(Kind.UPLINKS, uplink_batch(frames)))
    place = data.draw(st.integers(0, HEADER_BYTES + payload_bytes - 1))
    broken = bytearray(whole)
    broken[place] ^= data.draw(st.integers(1, 255))

    assert not any(isinstance(item, Intact) for item in scan(bytes(broken), BRAND))


def test_a_record_inside_a_damaged_records_payload_is_not_found() -> None:
    """A frame that holds a whole record of another brand is passed over when its own header is damaged."""
    inner = record([b"forged"], 1, brand=b"NGR1")
    outer = bytearray(record([bytes(-HEADER_BYTES % 8) + inner] * 2, 0))
    outer[0] ^= 1
    found = list(scan(bytes(outer) + record([b"next"], 2), BRAND))

    assert inner in bytes(outer)
    assert [type(item) for item in found] == [Damaged, Intact]


def test_a_damaged_header_is_passed_to_the_next_whole_one() -> None:
    """What lies behind a damaged header is found again by its brand."""
    first, second = bytearray(record([b"a"], 0)), record([b"b"], 1)
    first[10] ^= 4
    found = list(scan(bytes(first) + second, BRAND))

    assert [isinstance(item, Intact) and item.header.offset for item in found] == [False, 1]


def test_a_segment_header_tells_where_the_journal_stood() -> None:
    """Brand, first offset and frames come back as written."""
    header = SegmentHeader(BRAND, 2**40, 2**39)

    assert read_segment_header(segment_header(header)) == header
    assert len(segment_header(header)) == SEGMENT_HEADER_BYTES


@pytest.mark.parametrize("place", range(36))
def test_a_damaged_segment_header_is_no_other_version(place: int) -> None:
    """A flipped bit in the version is damage, not another release's format."""
    head = bytearray(segment_header(SegmentHeader(BRAND, 5, 5)))
    head[place] ^= 2
    head[SECTOR_BYTES + place] ^= 2

    assert read_segment_header(bytes(head)) is None


@pytest.mark.parametrize("sector", [0, SECTOR_BYTES])
def test_the_brand_outlives_a_lost_sector(sector: int) -> None:
    """The header stands in two sectors: with either one zeroed the other tells the brand."""
    header = SegmentHeader(BRAND, 5, 4)
    damaged = bytearray(segment_header(header))
    damaged[sector : sector + SECTOR_BYTES] = bytes(len(damaged[sector : sector + SECTOR_BYTES]))

    assert read_segment_header(bytes(damaged)) == header


def test_no_record_tells_the_brand() -> None:
    """Where both copies of the header are damaged there is no brand: a record might be a stranger's."""
    damaged = bytes(SEGMENT_HEADER_BYTES) + record([b"a"], 0)

    assert brand_of(damaged) == b""
    assert not any(isinstance(item, Intact) for item in scan(damaged, b"", SEGMENT_HEADER_BYTES))


def test_a_batch_too_long_for_one_record_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch is halved until its parts are short enough; single rows stay whole."""
    monkeypatch.setattr(records, "PIECE_BYTES", 1000)
    batch = uplink_batch([bytes(400)] * 9 + [bytes(5000)])
    parts = list(pieces(batch))

    assert sum(part.num_rows for part in parts) == 10
    assert all(part.nbytes <= 1000 or part.num_rows == 1 for part in parts)


def test_a_row_too_long_for_a_record_is_misuse(monkeypatch: pytest.MonkeyPatch) -> None:
    """A row that no reader would take back is refused before it is written."""
    assert MAX_PAYLOAD_BYTES == 1 << 30
    monkeypatch.setattr(records, "MAX_PAYLOAD_BYTES", 1000)
    with pytest.raises(ValueError, match="1000 at most"):
        serialised(Kind.UPLINKS, uplink_batch([bytes(2000)]))


def test_rows_come_back_with_their_offsets() -> None:
    """The offset column is not on disk and is given back on reading."""
    payload = serialised(Kind.TICKS, tick_batch(9))
    (item,) = scan(encode(BRAND, Header(Kind.TICKS, len(payload), 1, 77, 3, crc32(payload)), payload), BRAND)

    assert isinstance(item, Intact)
    assert item.batch()["tick"].to_pylist() == [77]
