"""Batches of uplinks from bare payloads, for whoever has bytes and no transport."""

from collections.abc import Sequence

import pyarrow as pa

from narrowgate_schema.tables import UPLINKS

_FIXED: dict[str, object] = {
    "transport": "",
    "listener": "",
    "path": "",
    "tenant": "",
    "endpoint": "",
    "token": b"",
    "confirmable": False,
    "dup": False,
}


def uplinks_from(
    payloads: Sequence[bytes],
    *,
    devices: Sequence[str] | None = None,
    ports: Sequence[int | None] | None = None,
    received_at_us: int | None = None,
    first_frame: int = 0,
) -> pa.RecordBatch:
    """Give a batch of schema UPLINKS.

    Args:
        payloads: (n,) the frames; n may be 0.
        devices: (n,) the claimed devices; None: '' for all.
        ports: (n,) the message types captured from ports or paths; None: null for all.
        received_at_us: one instant of reception for all [us since 1970 UTC]; None: unknown, a null column.
        first_frame: number of the first frame; the others follow.
    """
    count = len(payloads)
    given: dict[str, Sequence[object]] = {
        "frame": range(first_frame, first_frame + count),
        "received_at": [received_at_us] * count,
        "payload": payloads,
        "claimed_device": [""] * count if devices is None else devices,
        "port": [None] * count if ports is None else ports,
    }
    columns = [
        pa.array(given.get(field.name, [_FIXED.get(field.name)] * count), type=field.type)
        for field in UPLINKS
    ]
    return pa.RecordBatch.from_arrays(columns, schema=UPLINKS)
