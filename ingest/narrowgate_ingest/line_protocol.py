"""Readings as InfluxDB's line protocol, column by column.

The measurement is the family, the tags are `device` and, where it is not empty, `series`; every other field
is a field of the line, in the order of names. Null, NaN and infinite values are left out: they say nothing.

Rule 1: a name that line protocol cannot carry is refused, never bent: two devices stay two.
"""

from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

from narrowgate_schema.fields import fields_of
from narrowgate_schema.words import Family

Precision = Literal["us", "ns"]

# A backslash escapes what follows it and has no escape of its own: before a delimiter it would be read so.
_UNFIT_TAG = r"[\x00-\x1f\x7f]|\\([,= ]|$)"
_TAG_DELIMITERS = r"([,= ])"


def lines_of(family: Family, rows: pa.RecordBatch, precision: Precision = "us") -> pa.StringArray:
    r"""Give each reading as one line that ends in a newline; null where a tag's text cannot be written.

    Args:
        family: the readings' family.
        rows: (n,) readings by the family's schema.
        precision: unit of the line's time.

    Returns:
        (n,) lines. Floats have the shortest text that gives the same value again, integers end in `i`,
        timestamps that are fields are integers [us]. Text may hold newlines: they stand inside its quotes.
    """
    names = sorted(field.name for field in fields_of(family) if field.kind != "key")
    parts = [part for name in names if (part := _field(name, rows[name])) is not None]
    fields = pc.binary_join_element_wise(*parts, ",", null_handling="skip")
    heads = pc.binary_join_element_wise(
        _tag(f"{family},device=", rows["device"]), _tag(",series=", rows["series"]), ""
    )
    ends = pc.binary_join_element_wise(_time(rows["time"], precision), "", "\n")
    return pc.binary_join_element_wise(heads, fields, ends, " ")


def _tag(prefix: str, values: pa.StringArray) -> pa.StringArray:
    """Give `prefix` with each value behind it, escaped; '' for an empty value, null for one that is unfit."""
    distinct = values.dictionary_encode()
    texts = distinct.dictionary
    escaped = pc.replace_substring_regex(texts, _TAG_DELIMITERS, r"\\\1")
    fit = pc.invert(pc.match_substring_regex(texts, _UNFIT_TAG))
    tags = pc.if_else(pc.equal(texts, ""), "", pc.binary_join_element_wise(prefix, escaped, ""))
    return pc.if_else(fit, tags, pa.scalar(None, pa.string())).take(distinct.indices)


def _field(name: str, values: pa.Array) -> pa.StringArray | None:
    """Give `name=value` for each value, null for null; None where the column says nothing at all."""
    if pa.types.is_floating(values.type):
        values = pc.if_else(pc.is_finite(values), values, pa.scalar(None, values.type))
    if values.null_count == len(values) and len(values) > 0:
        return None
    if pa.types.is_boolean(values.type):
        return pc.if_else(values, f"{name}=true", f"{name}=false")
    if pa.types.is_string(values.type):
        return pc.binary_join_element_wise(f'{name}="', _escaped_text(values), '"', "")
    if pa.types.is_floating(values.type):
        return pc.binary_join_element_wise(f"{name}=", values.cast(pa.string()), "")
    return pc.binary_join_element_wise(f"{name}=", values.cast(pa.int64()).cast(pa.string()), "i", "")


def _escaped_text(values: pa.StringArray) -> pa.StringArray:
    distinct = values.dictionary_encode()
    escaped = pc.replace_substring_regex(distinct.dictionary, r'(["\\])', r"\\\1")
    return escaped.take(distinct.indices)


def _time(values: pa.Array, precision: Precision) -> pa.StringArray:
    times_us = values.cast(pa.int64())
    texts = times_us.cast(pa.string())
    if precision == "us":
        return texts
    # As text: no instant overflows on our side, the server names one that is beyond its range.
    return pc.if_else(pc.equal(times_us, 0), texts, pc.binary_join_element_wise(texts, "000", ""))
