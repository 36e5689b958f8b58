"""What `narrowgate decode --explain` says of a frame: byte by byte, as JSON or as tables for people."""

import json
from typing import Any

import click

from narrowgate_codecs import explain, ranked
from narrowgate_codecs.detect import LEAD, Ranked
from narrowgate_codecs.explain import Explanation
from narrowgate_codecs.known import Known, keys_of
from narrowgate_gateway.frame_lines import BadLine, Frame

_SHOWN = 8
"""Profiles that a table ranks; JSON has all of them."""

Said = dict[str, Any]


def explained(entry: Frame | BadLine, profile: str | None) -> Said:
    """Give what is to be said of a frame: its explanation and, where it came without a profile, the ranking.

    Args:
        entry: the frame as it was given.
        profile: the profile it is decoded as; None: it is decoded as none.
    """
    if isinstance(entry, BadLine):
        refused = {"reason": entry.reason.value, "detail": entry.detail}
        return {"profile": None, "message": None, "port": None, "lines": [], "refused": [refused]}
    known = Known(entry.port, keys_of(entry.key))
    said: Said = {"profile": profile, "message": None, "port": entry.port, "lines": [], "refused": []}
    if profile is not None:
        said |= _explained(explain(profile, entry.payload, entry.direction, known))
    if entry.profile is None:
        ranking = ranked(entry.payload, entry.direction, known)
        said["ranked"] = [_ranked(one) for one in ranking]
        if profile is None and ranking[0].bits >= LEAD:
            said["likeliest"] = ranking[0].profile
            likeliest = explain(ranking[0].profile, entry.payload, entry.direction, known)
            said["lines"] = _explained(likeliest)["lines"]
    return said


def _explained(explanation: Explanation) -> Said:
    lines = [
        {
            "bytes": None if line.start == line.stop else [line.start, line.stop - 1],
            "field": line.field,
            "raw": line.raw,
            "value": line.value,
            "unit": line.unit,
            "note": line.note,
        }
        for line in explanation.lines
    ]
    refused = [{"reason": one.reason.value, "detail": one.detail} for one in explanation.refused]
    return {"message": explanation.message, "lines": lines, "refused": refused}


def _ranked(one: Ranked) -> Said:
    refused = None
    if one.refused is not None:
        refused = {"reason": one.refused.reason.value, "detail": one.refused.detail}
    return {"profile": one.profile, "bits": one.bits, "reached": one.reached, "refused": refused}


def print_explained(said: Said, *, is_terminal: bool) -> None:
    """Print it: a line of JSON, or tables on a terminal."""
    if not is_terminal:
        click.echo(json.dumps(said, ensure_ascii=False))
        return
    from rich.console import Console
    from rich.table import Table

    console = Console()
    as_what = f"as {said['likeliest']}, which does not take it" if "likeliest" in said else "not decoded"
    title = as_what if said["profile"] is None else f"{said['profile']}: {said['message'] or 'no message'}"
    table = Table("bytes", "field", "raw", "value", "unit", "", title=title)
    for line in said["lines"]:
        value = "" if line["value"] is None else str(line["value"])
        table.add_row(_range(line["bytes"]), line["field"], line["raw"], value, line["unit"], line["note"])
    if said["lines"]:
        console.print(table)
    for refused in said["refused"]:
        console.print(f"refused, {refused['reason']}: {refused['detail']}", markup=False)
    _print_ranking(said, console)


def _print_ranking(said: Said, console: Any) -> None:
    from rich.table import Table

    if "ranked" not in said:
        return
    table = Table("profile", "bits for it", "bytes read", "turned down", title="profiles")
    for one in said["ranked"][:_SHOWN]:
        refused = one["refused"]
        why = "" if refused is None else f"{refused['reason']}: {refused['detail']}"
        table.add_row(one["profile"], f"{one['bits']:g}", str(one["reached"]), why)
    console.print(table)


def _range(places: list[int] | None) -> str:
    if places is None:
        return ""
    first, last = places
    return str(first) if first == last else f"{first}-{last}"
