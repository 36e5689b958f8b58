"""The door's memory as the journal's tail has it: after a crash a repeated message is known."""

import time
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from narrowgate_gateway.exchange_names import (
    NO_MESSAGE_ID,
    Endpoints,
    Ragged,
    exchange_names,
    split_endpoints,
)
from narrowgate_gateway.exchanges import EXCHANGE_LIFETIME_S, Exchanges
from narrowgate_ingest.records import Kind
from narrowgate_ingest.tail import Tail
from narrowgate_schema.clock import Clock, SystemClock
from narrowgate_schema.words import Transport

_ROWS_AT_ONCE = 1 << 14


def remembered(directory: Path, end: int, clock: Clock, places: int) -> Exchanges:
    """Give the memory for a journal that ends at an offset.

    An exchange is as old as its arrival says; under a stepped clock, whose time is not the wall's, it counts
    as new.
    """
    now_s = time.monotonic()
    exchanges, tail = Exchanges(places, now_s=now_s), Tail(directory)
    now_us = clock.now_us() if isinstance(clock, SystemClock) else None
    offset = max(tail.start(), end - places)
    while (chunk := tail.read(offset, _ROWS_AT_ONCE)).next_offset > offset:
        for kind, batch in chunk.records:
            if kind is Kind.UPLINKS:
                names, ages_s = _exchanges_of(batch, now_us)
                exchanges.claim(names, now_s, ages_s=ages_s)
        offset = chunk.next_offset
    return exchanges


def _exchanges_of(
    batch: pa.RecordBatch, now_us: int | None
) -> tuple[NDArray[np.uint64], NDArray[np.float64]]:
    """Give the names and ages [s] of uplinks that may come again; MQTT tells repeats in a way of its own."""
    arrived_us = batch["received_at"].cast(pa.int64()).to_numpy()
    ages_s = np.zeros(batch.num_rows) if now_us is None else np.maximum(0.0, (now_us - arrived_us) / 1e6)
    transports, of_row = _distinct(batch["transport"])
    is_told_here = np.array([transport != Transport.MQTT for transport in transports], np.bool_)[of_row]
    rows = np.flatnonzero(is_told_here & (ages_s <= EXCHANGE_LIFETIME_S))
    if len(rows) == 0:
        return np.zeros(0, np.uint64), np.zeros(0)
    ids = batch["message_id"].fill_null(NO_MESSAGE_ID).to_numpy(zero_copy_only=False).astype(np.int64)
    texts, of_row = _distinct(batch["endpoint"])
    senders = split_endpoints(texts)
    names = exchange_names(
        Endpoints(senders.addresses[of_row[rows]], senders.ports[of_row[rows]]),
        ids[rows],
        _strings(batch["token"]).rows(rows),
        _strings(batch["payload"]).rows(rows),
    )
    return names, ages_s[rows]


def _distinct(column: pa.Array) -> tuple[list[str], NDArray[np.int64]]:
    """Give the distinct texts of a column, and which of them each row is."""
    encoded = column.dictionary_encode()
    return encoded.dictionary.to_pylist(), encoded.indices.to_numpy().astype(np.int64)


def _strings(column: pa.Array) -> Ragged:
    """Give a binary column without nulls as it lies in memory."""
    _, offsets, data = column.buffers()
    edges = np.frombuffer(offsets, np.int32)[column.offset : column.offset + len(column) + 1].astype(np.int64)
    flat = np.frombuffer(data, np.uint8) if data is not None and data.size else np.zeros(0, np.uint8)
    return Ragged(flat, edges[:-1], np.diff(edges))
