"""Uplink and tick batches as the edge journals them, for tests of every room."""

from collections.abc import Sequence

import pyarrow as pa

from narrowgate_ingest.records import Kind, on_disk_schema


def uplink_batch(
    payloads: Sequence[bytes],
    *,
    devices: Sequence[str] | None = None,
    received_at_us: Sequence[int] | None = None,
    tokens: Sequence[bytes] | None = None,
) -> pa.RecordBatch:
    """Give uplinks without their offsets, one a payload."""
    n = len(payloads)
    columns: dict[str, list[object]] = {
        "received_at": list(received_at_us) if received_at_us is not None else list(range(n)),
        "transport": ["coap"] * n,
        "listener": ["coap"] * n,
        "path": [f"nb/d{i}/up" for i in range(n)],
        "port": [None] * n,
        "claimed_device": list(devices) if devices is not None else [f"d{i}" for i in range(n)],
        "authenticated_as": [None] * n,
        "tenant": [""] * n,
        "endpoint": ["127.0.0.1:40000"] * n,
        "message_id": list(range(n)),
        "token": list(tokens) if tokens is not None else [i.to_bytes(4, "big") for i in range(n)],
        "confirmable": [True] * n,
        "dup": [False] * n,
        "payload": list(payloads),
    }
    return _batch(Kind.UPLINKS, columns, n)


def tick_batch(time_us: int, *, jump_s: float = 0.0, synchronised: bool = True) -> pa.RecordBatch:
    """Give one tick without its offset."""
    columns: dict[str, list[object]] = {"time": [time_us], "jump_s": [jump_s], "synchronised": [synchronised]}
    return _batch(Kind.TICKS, columns, 1)


def _batch(kind: Kind, columns: dict[str, list[object]], n: int) -> pa.RecordBatch:
    schema = on_disk_schema(kind)
    arrays = [pa.array(columns.get(field.name, [None] * n), field.type) for field in schema]
    return pa.record_batch(arrays, schema=schema)
