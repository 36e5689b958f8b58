"""The golden frames of firmware-fixtures, as the codec tests and the verb's tests read them."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
from hypothesis import settings

from narrowgate_codecs import Context, Decoded, decode, uplinks_from
from narrowgate_schema.tables import FACTS

# How long an example takes says what else the machine does, not whether two decoders agree.
settings.register_profile("codecs", deadline=None)
settings.load_profile("codecs")

ROOT = Path(__file__).parent.parent / "firmware-fixtures"
CASES = sorted(ROOT.glob("*/*.toml"))
RECEIVED_AT_US = 1_750_000_000_000_000
SHANGHAI = ZoneInfo("Asia/Shanghai")


def case_name(path: Path) -> str:
    """Give the name a test shows for a case: profile and case."""
    return f"{path.parent.name}-{path.stem}"


@cache
def load(path: Path) -> dict[str, Any]:
    """Give a case's content, read once: nobody changes it."""
    return tomllib.loads(path.read_text(encoding="utf-8"))


@cache
def golden_of(path: Path) -> Decoded:
    """Decode a case's frame, once for all that look at it."""
    return golden(load(path), path.parent.name)


def golden(case: dict[str, Any], profile: str) -> Decoded:
    """Decode a case's frame."""
    keys = {"keys": [bytes.fromhex(case["key"])]} if "key" in case else {}
    known = {"facts": facts_of(case["facts"])} if "facts" in case else {}
    return decoded(bytes.fromhex(case["hex"]), profile, case["direction"], case.get("port"), **keys, **known)


def facts_of(announced: dict[str, str]) -> pa.RecordBatch:
    """Give what the device announced before, by name in hex."""
    rows = [
        {"device": "device", "frame": -1, "name": name, "value": bytes.fromhex(value)}
        for name, value in announced.items()
    ]
    return pa.RecordBatch.from_pylist(rows, schema=FACTS)


def decoded(
    payload: bytes, profile: str | None, direction: str = "up", port: int | None = None, **context: Any
) -> Decoded:
    """Decode one frame, received at RECEIVED_AT_US in Shanghai."""
    uplinks = uplinks_from([payload], ports=[port], received_at_us=RECEIVED_AT_US)
    given: dict[str, Any] = {"timezone": SHANGHAI, "directions": [direction], **context}
    return decode(uplinks, Context(devices=["device"], profiles=[profile], **given))


def readings(result: Decoded) -> list[dict[str, Any]]:
    """Give the rows of every family without origin and nulls; a time of reception as 'received'."""
    return [_row(row) for batch in result.readings.values() for row in _rows(batch)]


def _rows(batch: pa.RecordBatch) -> list[dict[str, Any]]:
    index = batch.schema.get_field_index("time")
    plain = batch.set_column(index, "time", batch.column("time").cast(pa.int64()))
    rows: list[dict[str, Any]] = plain.to_pylist()
    return rows


def _row(row: dict[str, Any]) -> dict[str, Any]:
    origin = ("device", "profile", "frame", "received_at", "late")
    said = {name: value for name, value in row.items() if value is not None and name not in origin}
    said["time"] = "received" if row["time"] == RECEIVED_AT_US else iso(row["time"])
    return said


def iso(instant_us: int) -> str:
    """Give an instant as the fixtures write it."""
    text: str = pa.scalar(instant_us, pa.timestamp("us", "UTC")).as_py().isoformat()
    return text.replace("+00:00", "Z")


def without_nulls(value: Any) -> Any:
    """Give values without nulls, which TOML cannot write."""
    if isinstance(value, dict):
        return {name: without_nulls(one) for name, one in value.items() if one is not None}
    if isinstance(value, list):
        return [without_nulls(one) for one in value]
    return value
