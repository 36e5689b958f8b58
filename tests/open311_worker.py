"""A desk and its Open311 sender as one small process, to be killed: findings in, letters out.

`python open311_worker.py narrowgate_gateway.process open311 PLAN HOME URL FORM`: the words before PLAN are
those by which the fault shim knows a role; PLAN has batches of findings, a line of JSON each.
"""

import json
import sqlite3
import sys
import threading
from contextlib import closing
from pathlib import Path
from time import time

from findings_rows import batch
from narrowgate_cases import Wants, apply, install, install_outbox, outbox_counts
from narrowgate_cases.http_exchange import Site
from narrowgate_cases.open311_client import Format, Georeport
from narrowgate_cases.open311_courier import Open311Courier
from narrowgate_cases.open311_forms import Form
from narrowgate_cases.open311_turn import Manners
from narrowgate_cases.sending import Patience, Sender

NAME = "city"
KEY = "key-of-the-city"
ASK_AFTER_S = 0.1


def sender_of(state: Path, url: str, form: str) -> Sender:
    """Give a sender that is in a hurry and asks for no statuses: what it sends is posted or asked after."""
    server = Georeport(Site(url, timeout_s=0.5), KEY, form=Format(form))
    courier = Open311Courier(
        NAME,
        server,
        Form({"lamp_out": "LAMP", "*": "WATER"}, {"LAMP": {"POLE": "{asset} {device}"}}),
        Manners(has_updates=True, ask_after_s=ASK_AFTER_S),
        began_s=time(),
        poll=lambda connection, now_s: 3600.0,
    )
    hurried = Patience(first_pause_s=0.02, longest_pause_s=0.05, longest_letter_pause_s=0.05)
    return Sender(state, NAME, courier, hurried)


def follow(connection: sqlite3.Connection, plan: Path) -> None:
    """Let the desk follow batches of findings; those that it followed before change nothing."""
    for number, line in enumerate(plan.read_text("utf-8").splitlines()):
        rows = batch(*json.loads(line))
        connection.execute("BEGIN IMMEDIATE")
        apply(connection, rows, number + 1)
        connection.execute("COMMIT")


def main() -> None:
    """Follow all findings and send until nothing waits."""
    plan, home, url, form = sys.argv[3:7]
    state = Path(home) / "state.db"
    with closing(sqlite3.connect(state, isolation_level=None, timeout=200.0)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        install(connection)
        install_outbox(connection, [(NAME, Wants())])
        sender = sender_of(state, url, form)
        sending = threading.Thread(target=sender.run)
        sending.start()
        follow(connection, Path(plan))
        while outbox_counts(connection).pending:
            sending.join(0.02)
        sender.stop()
        sending.join()


if __name__ == "__main__":
    main()
