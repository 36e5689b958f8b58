"""What a demo has to show at its end: counts, and whether everything acknowledged and injected was found."""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence, Set
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from narrowgate_cases import State, counts
from narrowgate_gateway.settings import Home
from narrowgate_ingest.counters import DoorCounters
from narrowgate_ingest.ledger import Ledger, read_ledger
from narrowgate_ingest.records import Kind
from narrowgate_ingest.tail import Tail
from narrowgate_ingest.telemetry import Telemetry
from narrowgate_schema.words import Answer, Disposition, Family
from narrowgate_simulators import Fault, SentReport

_CHUNK_ROWS = 65_536

T = TypeVar("T", int, datetime)


@dataclass(frozen=True)
class Summary:
    """A demo's result."""

    counts: dict[str, Any]
    """The object that is printed."""
    objections: list[str]
    """What is not as it must be, in words; empty when all is well."""


@dataclass(frozen=True)
class Found:
    """A finding as it stands at the end."""

    rule: str
    device: str
    raised_at_us: int


def count_now(home: Home) -> Ledger:
    """Count the ledger of a home, beside a running gateway or without one."""
    with closing(sqlite3.connect(f"{home.state.absolute().as_uri()}?mode=ro", uri=True)) as state:
        return read_ledger(state, Tail(home.journal), DoorCounters(home.door_counters))


def summarise(home: Home, sent: SentReport, truth: Sequence[Fault], mqtt_acks: Path | None = None) -> Summary:
    """Hold what devices saw and what was injected against what a stopped gateway's home says.

    Args:
        home: the gateway's.
        sent: what all devices sent and saw acknowledged.
        truth: what was injected.
        mqtt_acks: what a broker acknowledged, as JSON Lines; those frames are told by device and time.
    """
    ledger = count_now(home)
    with closing(sqlite3.connect(home.state)) as state:
        findings = standing_findings(state)
        cases = counts(state)
        refused_frames = quarantined_frames(home)
    rows, stored = stored_frames(home)
    kept = kept_uplinks(home)
    found = {kept[frame] for frame in (stored | refused_frames) if frame in kept}
    told_by_time = acknowledged_times(mqtt_acks)
    by_mqtt = {device for device, _ in told_by_time}
    told = {(device, sequence) for device, sequence in sent.acked if device not in by_mqtt}
    matched, false_findings = match(truth, findings)
    disposed = ledger.dispositions
    closed = cases.by_state[State.CLOSED] + cases.by_state[State.VOID]
    result = {
        "frames": {
            "sent": sent.sent,
            "acked": len(sent.acked),
            "stored": disposed[Disposition.STORED],
            "partial": disposed[Disposition.PARTIAL],
            "quarantined": disposed[Disposition.QUARANTINED],
            "duplicate": disposed[Disposition.DUPLICATE] + ledger.door[Answer.DUPLICATE],
            "in_flight": disposed[Disposition.IN_FLIGHT],
            "refused": ledger.refused,
        },
        "readings": rows,
        "findings": dict(sorted(Counter(finding.rule for finding in findings).items())),
        "injected_faults": dict(sorted(Counter(fault.fault for fault in truth).items())),
        "detected_faults": dict(sorted(Counter(fault.fault for fault in matched).items())),
        "false_findings": false_findings,
        "cases": {"opened": sum(cases.by_state.values()), "closed": closed},
    }
    objections = [
        *_ledger_objections(ledger, sent),
        *_set_objections(told, found),
        *_set_objections(told_by_time, stored_times(home, by_mqtt)),
        *[f"not found: {fault.line()}" for fault in truth if fault not in matched],
        *([f"{false_findings} findings that nobody injected"] if false_findings else []),
    ]
    return Summary(result, objections)


def _ledger_objections(ledger: Ledger, sent: SentReport) -> list[str]:
    objections = []
    if ledger.dispositions[Disposition.IN_FLIGHT]:
        objections.append(f"{ledger.dispositions[Disposition.IN_FLIGHT]} frames are still in flight")
    if ledger.difference:
        objections.append(f"the ledger is out by {ledger.difference} frames")
    if sent.given_up or sent.refused:
        objections.append(f"{sent.given_up} frames given up and {sent.refused} refused")
    return objections


def _set_objections(acked: set[tuple[str, T]], found: set[tuple[str, T]]) -> list[str]:
    objections = []
    if lost := acked - found:
        objections.append(f"{len(lost)} acknowledged frames are not stored, such as {min(lost)}")
    if extra := found - acked:
        objections.append(f"{len(extra)} stored frames were never acknowledged, such as {min(extra)}")
    return objections


def kept_uplinks(home: Home) -> dict[int, tuple[str, int]]:
    """Give (device, sequence from the token) of every frame in the journal that came with a token."""
    tail, kept = Tail(home.journal), {}
    offset = tail.start()
    while (chunk := tail.read(offset, _CHUNK_ROWS)).next_offset > offset:
        for kind, batch in chunk.records:
            if kind is Kind.UPLINKS:
                columns = (batch[name].to_pylist() for name in ("frame", "claimed_device", "token"))
                for frame, device, token in zip(*columns, strict=True):
                    if token:
                        kept[frame] = (device, int.from_bytes(token, "big"))
        offset = chunk.next_offset
    return kept


def acknowledged_times(acks: Path | None) -> set[tuple[str, datetime]]:
    """Give (device, time inside the frame) of every acknowledgement in a file of them."""
    if acks is None or not acks.exists():
        return set()
    with acks.open(encoding="utf-8") as lines:
        told = [json.loads(line) for line in lines]
    return {(each["device"], datetime.fromisoformat(each["time"])) for each in told}


def stored_times(home: Home, devices: Set[str]) -> set[tuple[str, datetime]]:
    """Give (device, time) of the readings of some water meters."""
    telemetry = Telemetry(home.telemetry)
    try:
        table = telemetry.query("SELECT device, time FROM water")
    finally:
        telemetry.close()
    rows = zip(table["device"].to_pylist(), table["time"].to_pylist(), strict=True)
    return {(device, time) for device, time in rows if device in devices}


def stored_frames(home: Home) -> tuple[dict[str, int], set[int]]:
    """Give the number of readings by family, and the frames that they came from."""
    telemetry, rows, frames = Telemetry(home.telemetry), {}, set()
    try:
        for family in Family:
            table = telemetry.query(f"SELECT frame FROM {family}")  # noqa: S608 - a word of a closed set
            rows[family.value] = table.num_rows
            frames.update(table["frame"].to_pylist())
    finally:
        telemetry.close()
    return rows, frames


def quarantined_frames(home: Home) -> set[int]:
    """Give the frames in quarantine."""
    path = home.quarantine / "quarantine.db"
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as quarantine:
        return {frame for (frame,) in quarantine.execute("SELECT frame FROM frames")}


def standing_findings(state: sqlite3.Connection) -> list[Found]:
    """Give the findings by their newest version, without those that turned out not to have been."""
    rows = state.execute(
        "SELECT rule, device, raised_at, evidence FROM findings AS f WHERE version = "
        "(SELECT max(version) FROM findings WHERE finding = f.finding) ORDER BY raised_at"
    )
    return [
        Found(rule, device, raised_at)
        for rule, device, raised_at, evidence in rows
        if json.loads(evidence).get("retracted") is not True
    ]


def match(truth: Iterable[Fault], findings: Iterable[Found]) -> tuple[list[Fault], int]:
    """Give the faults that a finding of their own names, and the number of findings without a fault."""
    matched, unmatched = [], list(findings)
    for fault in truth:
        for finding in unmatched:
            right = finding.rule == fault.fault and finding.device == fault.device
            if right and fault.expected_from_us <= finding.raised_at_us <= fault.expected_to_us:
                matched.append(fault)
                unmatched.remove(finding)
                break
    return matched, len(unmatched)
