"""The system page: does it balance, does it keep up, who listens, which stores, what was set aside."""

from dataclasses import dataclass

from nicegui import ui

from narrowgate_console.ledger_panel import LedgerPanel
from narrowgate_console.page import Look, Page
from narrowgate_console.quarantine import Quarantined
from narrowgate_console.quarantine_table import QuarantineTable
from narrowgate_console.table_panel import TablePanel
from narrowgate_console.view import System

SHOWN_FRAMES = 30
_CHECK_COLUMNS = ("check", "check_state", "words")
_DIAGNOSIS_COLUMNS = ("verdict", "subject", "setting", "value", "meaning")
_MARKS = {"well": "well", "careful": "silent", "loses": "safety", "unknown": "major"}
_ORDER = tuple(_MARKS)
_PART_COLUMNS = ("part", "name", "check_state", "words")


@dataclass(frozen=True)
class SystemContent:
    """What the page shows; None is a part that could not be read, or is not for the principal."""

    system: System | None
    quarantined: list[Quarantined] | None
    known: frozenset[str]
    """Devices of those frames that have a page."""


class SystemPage(Page[SystemContent]):
    """One browser's system page."""

    title = "system_way"

    def ask(self, look: Look) -> SystemContent:
        """Ask for the gateway's state, where the principal sees every tenant, and for what was set aside."""
        view = self.frame.view
        quarantined = look.part(lambda: view.quarantined(limit=SHOWN_FRAMES))
        known = look.part(lambda: view.city.known({each.device for each in quarantined or ()}))
        sees_all = view.principal.sees_all
        return SystemContent(look.part(view.system) if sees_all else None, quarantined, known or frozenset())

    def lay_out(self) -> None:
        """Lay out ledger, checks, parts and quarantine."""
        if self.frame.view.principal.sees_all:
            self._ledger = LedgerPanel(self.frame)
            with ui.element("div").classes("ng-halves"):
                self._checks = TablePanel(
                    self.frame, "checks", _CHECK_COLUMNS, none="not_read", marked=("check_state",)
                )
                self._parts = TablePanel(
                    self.frame, "parts", _PART_COLUMNS, none="no_parts", marked=("check_state",)
                )
            self._diagnoses = TablePanel(
                self.frame, "diagnoses", _DIAGNOSIS_COLUMNS, none="not_looked_at", marked=("verdict",)
            )
        self._quarantine = QuarantineTable(self.frame)

    def show(self, content: SystemContent) -> None:
        """Show what was read."""
        if content.system is not None:
            self._show_system(content.system)
        if content.quarantined is not None:
            self._quarantine.show(content.quarantined, content.known)

    def _show_system(self, system: System) -> None:
        self._ledger.show(system.ledger)
        self._show_diagnoses(system)
        self._checks.show(
            [
                {"check": self._word(f"check_{each.name}"), "words": each.words, **self._state(each.ok)}
                for each in system.checks
            ],
            marks=[_mark(each.ok) for each in system.checks],
        )
        self._parts.show(
            [
                {
                    "part": self._word(f"part_{each.kind}"),
                    "name": each.name,
                    "words": each.words,
                    **self._state(each.ok),
                }
                for each in system.parts
            ],
            marks=[_mark(each.ok) for each in system.parts],
        )

    def _show_diagnoses(self, system: System) -> None:
        """Show what the doctor found, what costs data first."""
        found = sorted(system.diagnoses, key=lambda one: -_ORDER.index(one.verdict))
        self._diagnoses.show(
            [
                {
                    "verdict": self._word(f"verdict_{one.verdict}"),
                    "subject": one.subject,
                    "setting": one.setting,
                    "value": one.value,
                    "meaning": one.meaning,
                }
                for one in found
            ],
            marks=[{"verdict": _MARKS[one.verdict]} for one in found],
        )

    def _state(self, ok: bool) -> dict[str, str]:
        return {"check_state": self._word("ok" if ok else "not_ok")}


def _mark(ok: bool) -> dict[str, str]:
    return {"check_state": "well" if ok else "safety"}
