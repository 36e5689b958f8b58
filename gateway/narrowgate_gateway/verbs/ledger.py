"""`narrowgate ledger`: what became of every frame, and whether it balances."""

import json
import sqlite3
import sys
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from narrowgate_gateway.options import home_option

if TYPE_CHECKING:
    from narrowgate_cases import DeadLetter, OutboxCounts
    from narrowgate_ingest.ledger import Ledger


@click.command()
@home_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object, on a terminal too.")
@click.option("--dead-letters", is_flag=True, help="List the outbox's letters that were given up instead.")
def command(home: Path, as_json: bool, dead_letters: bool) -> None:
    """Count every frame from the door to the stores, beside a running gateway or without one.

    A table on a terminal, JSON otherwise. Exit 1 if a kept frame has no disposition, or more than one.

    Example: narrowgate ledger --json
    """
    ledger, letters, dead = _read(home)
    if dead_letters:
        for letter in dead:
            click.echo(json.dumps({**asdict(letter), "body": json.loads(letter.body)}, ensure_ascii=False))
        return
    told = _told(ledger, letters)
    if as_json or not sys.stdout.isatty():
        click.echo(json.dumps(told))
    else:
        _show(told)
    if not told["balances"]:
        raise click.ClickException(
            f"the ledger is out by {ledger.difference} frames: {'; '.join(told['faults'])}"
        )


def _read(home: Path) -> "tuple[Ledger, dict[str, OutboxCounts], list[DeadLetter]]":
    from narrowgate_cases import dead_letters
    from narrowgate_cases.outbox import counts_by_endpoint
    from narrowgate_gateway.desk_verbs import wrong_with
    from narrowgate_gateway.settings import Home
    from narrowgate_ingest.counters import DoorCounters
    from narrowgate_ingest.ledger import read_ledger
    from narrowgate_ingest.tail import Tail

    place = Home(home)
    if not place.state.exists():
        raise click.ClickException(f"{place.state}: not there: no gateway ran in this home yet")
    try:
        with closing(sqlite3.connect(f"{place.state.absolute().as_uri()}?mode=ro", uri=True)) as state:
            ledger = read_ledger(state, Tail(place.journal), DoorCounters(place.door_counters))
            return ledger, counts_by_endpoint(state), dead_letters(state)
    except (sqlite3.Error, ValueError) as error:
        raise click.ClickException(f"{place.state}: {wrong_with(error)}") from None


def _told(ledger: "Ledger", letters: "dict[str, OutboxCounts]") -> dict[str, Any]:
    from narrowgate_cases.outbox import NONE_AT_ALL
    from narrowgate_cases.outbox_tables import WEBHOOK
    from narrowgate_schema.words import Disposition

    return {
        "kept": ledger.kept,
        "dispositions": ledger.dispositions,
        "reasons": ledger.reasons,
        "refused": ledger.refused,
        "door": ledger.door,
        "readings": ledger.readings,
        "shares": [
            dict(zip(("tenant", "family", "transport", "disposition", "frames"), share, strict=True))
            for share in ledger.shares
        ],
        "faults": ledger.faults(),
        "webhook": asdict(letters.get(WEBHOOK, NONE_AT_ALL)),
        "outbox": {endpoint: asdict(counts) for endpoint, counts in letters.items()},
        "difference": ledger.difference,
        "balances": not ledger.faults() and ledger.dispositions[Disposition.IN_FLIGHT] >= 0,
    }


def _show(told: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title="Ledger", caption="balances" if told["balances"] else f"out by {told['difference']}")
    table.add_column("")
    table.add_column("of it")
    table.add_column("number", justify="right")
    table.add_row("frames kept", "", f"{told['kept']:,}")
    parts = (("dispositions", "frames"), ("reasons", "refused by decode"), ("door", "answers at the door"))
    counted = [(title, told[name]) for name, title in (*parts, ("readings", "readings"))]
    counted += [(f"letters to {endpoint}", counts) for endpoint, counts in told["outbox"].items()]
    for title, counts in counted:
        table.add_section()
        for word, number in counts.items():
            table.add_row(title, str(word), f"{number:,}")
    table.add_section()
    for share in told["shares"]:
        whose = " ".join(filter(None, (share["tenant"], share["family"], share["transport"])))
        table.add_row(whose or "unknown", share["disposition"], f"{share['frames']:,}")
    Console().print(table)
