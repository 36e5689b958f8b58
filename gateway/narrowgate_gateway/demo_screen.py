"""The demo's live status in the terminal."""

import sqlite3
import time
from collections import Counter
from contextlib import closing
from datetime import datetime
from types import TracebackType
from zoneinfo import ZoneInfo

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from narrowgate_cases import State, counts
from narrowgate_gateway.demo_city import TIMEZONE, Stage
from narrowgate_gateway.demo_summary import count_now, standing_findings
from narrowgate_schema.words import Answer, Disposition
from narrowgate_simulators import Progress

_REFRESH_S = 0.5


class Screen:
    """Shows a running demo; off a terminal it says a line now and then."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._console = Console(stderr=True)
        self._live = Live(console=self._console, auto_refresh=False, transient=False)
        self._next_s = 0.0
        self._progress: Progress | None = None

    def __enter__(self) -> "Screen":
        """Begin to show."""
        self._console.print(f"Narrowgate demo: page at [bold]{self._stage.console}[/]", highlight=False)
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the show, leaving its last state on the terminal."""
        self._live.stop()

    def show(self, progress: Progress) -> None:
        """Show where the district stands."""
        self._progress = progress
        if time.monotonic() >= self._next_s:
            self._next_s = time.monotonic() + _REFRESH_S
            self._draw("")

    def say(self, line: str) -> None:
        """Show the state with a line below."""
        self._draw(line)

    def _draw(self, line: str) -> None:
        if self._console.is_terminal and self._progress is not None:
            self._live.update(Group(_picture(self._stage, self._progress), Text(line)), refresh=True)


def _picture(stage: Stage, progress: Progress) -> Group:
    ledger = count_now(stage.home)
    with closing(sqlite3.connect(f"{stage.home.state.absolute().as_uri()}?mode=ro", uri=True)) as state:
        findings = Counter(finding.rule for finding in standing_findings(state))
        cases = counts(state)
    instant = datetime.fromtimestamp(progress.instant_us / 1e6, ZoneInfo(TIMEZONE))
    table = Table.grid(padding=(0, 3))
    table.add_row("district", f"{instant:%Y-%m-%d %H:%M}", f"page {stage.console}")
    table.add_row(
        "frames",
        f"{progress.sent} sent · {progress.acked} acknowledged",
        f"{ledger.door[Answer.DUPLICATE]} doubled on the way · {ledger.refused} refused",
    )
    table.add_row(
        "core",
        f"{ledger.dispositions[Disposition.STORED]} stored · "
        f"{ledger.dispositions[Disposition.QUARANTINED]} quarantined",
        f"{ledger.dispositions[Disposition.IN_FLIGHT]} in flight · ledger difference {ledger.difference}",
    )
    table.add_row("readings", " · ".join(f"{n} {family}" for family, n in ledger.readings.items()))
    table.add_row("findings", " · ".join(f"{n} {rule}" for rule, n in sorted(findings.items())) or "none yet")
    table.add_row("cases", f"{cases.open} open · {cases.by_state[State.CLOSED]} closed")
    return Group(table, ProgressBar(total=progress.steps, completed=progress.step, width=60))
