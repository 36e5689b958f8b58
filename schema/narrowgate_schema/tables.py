"""Arrow schemas of the batches that travel between rooms.

Times are microseconds since 1970 in UTC. No dictionary columns. Null is missing; NaN never leaves a kernel.
"""

import pyarrow as pa

from narrowgate_schema.declared import Dtype
from narrowgate_schema.fields import Field, fields_of
from narrowgate_schema.words import Family

TIMESTAMP = pa.timestamp("us", tz="UTC")

_ARROW: dict[Dtype, pa.DataType] = {
    "float64": pa.float64(),
    "int64": pa.int64(),
    "bool": pa.bool_(),
    "string": pa.string(),
    "timestamp": TIMESTAMP,
}


def _column(name: str, dtype: pa.DataType, *, nullable: bool = False) -> pa.Field:
    return pa.field(name, dtype, nullable=nullable)


UPLINKS: pa.Schema = pa.schema(
    [
        _column("frame", pa.int64()),
        _column("received_at", TIMESTAMP),
        _column("transport", pa.string()),
        _column("listener", pa.string()),
        _column("path", pa.string()),
        _column("port", pa.int32(), nullable=True),
        _column("claimed_device", pa.string()),
        _column("authenticated_as", pa.string(), nullable=True),
        _column("tenant", pa.string()),
        _column("endpoint", pa.string()),
        _column("message_id", pa.int32(), nullable=True),
        _column("token", pa.binary()),
        _column("confirmable", pa.bool_()),
        _column("dup", pa.bool_()),
        _column("payload", pa.binary()),
        _column("rsrp_dbm", pa.float64(), nullable=True),
        _column("rssi_dbm", pa.float64(), nullable=True),
        _column("sinr_db", pa.float64(), nullable=True),
        _column("ecl", pa.int64(), nullable=True),
        _column("cell_id", pa.int64(), nullable=True),
    ]
)
"""What is journalled of a frame: enough to replay alone. `frame` is its journal offset."""

TICKS: pa.Schema = pa.schema(
    [
        _column("tick", pa.int64()),
        _column("time", TIMESTAMP),
        _column("jump_s", pa.float64()),
        _column("synchronised", pa.bool_()),
    ]
)
"""The passing of time as the edge saw it. `jump_s` is how far the host clock left the steady one."""

FACTS: pa.Schema = pa.schema(
    [
        _column("device", pa.string()),
        _column("frame", pa.int64()),
        _column("name", pa.string()),
        _column("value", pa.binary()),
    ]
)
"""What a frame announced that later frames of the device need; true from `frame` on."""

REFUSALS: pa.Schema = pa.schema(
    [
        _column("frame", pa.int64()),
        _column("reason", pa.string()),
        _column("detail", pa.string()),
    ]
)
"""Why a frame, or a record of it, gave no reading. `reason` is one of words.Reason."""

FINDINGS: pa.Schema = pa.schema(
    [
        _column("finding", pa.string()),
        _column("version", pa.int64()),
        _column("rule", pa.string()),
        _column("rule_version", pa.int64()),
        _column("severity", pa.string()),
        _column("family", pa.string()),
        _column("device", pa.string()),
        _column("series", pa.string()),
        _column("asset", pa.string(), nullable=True),
        _column("members", pa.list_(pa.string())),
        _column("state", pa.string()),
        _column("raised_at", TIMESTAMP),
        _column("cleared_at", TIMESTAMP, nullable=True),
        _column("evidence", pa.string()),
        _column("frame", pa.int64()),
    ]
)
"""An episode's versions. `finding` is its identity, the same for the same journal whatever the batch split.

`version` counts the episode's transitions from 1; `evidence` is a JSON object of the values and the window
that decided; `frame` is the journal offset of the reading or tick that made this version.

A **group's** finding has the group for its `device`, as the registry's column names it, no series and no
asset, and in `members` the names of its devices, sorted: they only grow while it is open. `rule` tells the
level. Its evidence has `level` (words.GroupLevel) and `failing`, how many do; of one that a larger group took
over, `inhibited_by` as well.

**What the desk is told** has this schema too: a finding comes when it is released, with the tick's `frame`,
and its versions from then on. A member of a group comes as `inhibited` if it was released before, with the
group's finding as `inhibited_by` in its evidence and the version that it had: its case joins the group's.
What is released again has the version that it had, as `raised`.
"""

SESSIONS: pa.Schema = pa.schema(
    [
        _column("session", pa.string()),
        _column("version", pa.int64()),
        _column("device", pa.string()),
        _column("series", pa.string()),
        _column("asset", pa.string(), nullable=True),
        _column("arrived_at", TIMESTAMP),
        _column("departed_at", TIMESTAMP, nullable=True),
        _column("frame", pa.int64()),
    ]
)
"""Parking stays: one identity a stay, the highest version is the stay as known now."""


def _reading_column(field: Field) -> pa.Field:
    return _column(field.name, _ARROW[field.dtype], nullable=field.null.split(";")[0] != "never")


READINGS: dict[Family, pa.Schema] = {
    family: pa.schema([_reading_column(field) for field in fields_of(family)]) for family in Family
}
"""One schema a family; the key is (device, series, time)."""
