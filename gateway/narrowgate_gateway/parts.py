"""The gateway's parts as the system page shows them: who listens, which brokers, which stores."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from narrowgate_console import Check, Part

_STORES = ("archive", "influxdb")


def edge_parts(status: Mapping[str, Any] | None) -> Iterator[Part]:
    """Yield listeners and brokers as the edge tells of them; nothing while it is not up."""
    told = status or {}
    for each in told.get("listeners", ()):
        yield Part("listener", each["name"], True, f"{each['host']} port {each['port']}")
    for each in told.get("brokers", ()):
        words = ": ".join(filter(None, (each["state"], each["detail"])))
        yield Part("broker", each["name"], each["state"] == "connected", words)


def store_parts(trouble: str, done: int, checks: Iterable[Check]) -> Iterator[Part]:
    """Yield the embedded stores, then what is configured beside them.

    Args:
        trouble: why the last write failed; '' while writes go well.
        done: the journal offset up to which everything is written.
        checks: of further stores and receivers.
    """
    yield Part("store", "telemetry.duckdb", not trouble, trouble or f"written to journal offset {done}")
    for check in checks:
        yield Part("store" if check.name in _STORES else "receiver", check.name, check.ok, check.words)
