"""A device's page: what it is, what it told, how well it is heard, the frames, the findings."""

from dataclasses import dataclass

from nicegui import ui

from narrowgate_console.chart_panel import ChartPanel
from narrowgate_console.command_form import CommandCard
from narrowgate_console.command_panel import CommandPanel
from narrowgate_console.device_file import RADIO, DeviceFile, FrameRow, Points
from narrowgate_console.facts_panel import FactsPanel
from narrowgate_console.family_charts import points_option
from narrowgate_console.findings import Finding
from narrowgate_console.page import Frame, Look, Page
from narrowgate_console.principals import Scope
from narrowgate_console.quarantine import Quarantined
from narrowgate_console.quarantine_table import QuarantineTable
from narrowgate_console.table_panel import TablePanel
from narrowgate_fleet import CommandFilters, CommandRow
from narrowgate_schema.commands import CommandKind
from narrowgate_schema.units import WRITTEN

SHOWN_ROWS = 12
_FINDING_COLUMNS = ("finding", "severity", "since", "until")
_FRAME_COLUMNS = ("received", "first_reading", "last_reading", "readings", "frame")


@dataclass(frozen=True)
class DeviceContent:
    """What the page shows; None is a part that could not be read."""

    file: DeviceFile | None
    series: list[Points] | None
    frames: list[FrameRow] | None
    findings: list[Finding] | None
    quarantined: list[Quarantined] | None
    commands: list[CommandRow] | None
    possible: list[CommandKind] | None


class DevicePage(Page[DeviceContent]):
    """One browser's page of one device."""

    refresh_s = 10.0

    def __init__(self, frame: Frame, device: str) -> None:
        super().__init__(frame)
        self._device = device
        self._charts: dict[tuple[str, str], ChartPanel] = {}
        self._may_see_cases = frame.view.principal.may(Scope.CASES)
        self._may_see_quarantine = frame.view.principal.may(Scope.SYSTEM)
        self._may_see_commands = frame.view.principal.may(Scope.COMMANDS)

    def name(self) -> str:
        """Give the device's name."""
        return self._device

    def ask(self, look: Look) -> DeviceContent:
        """Ask for the device; NotThere if it is none of the principal's."""
        view, device = self.frame.view, self._device
        view.city.require(device)
        return DeviceContent(
            file=look.part(lambda: view.city.device(device)),
            series=look.part(lambda: view.city.device_series(device)),
            frames=look.part(lambda: view.city.device_frames(device, SHOWN_ROWS)),
            findings=look.part(lambda: view.findings(device=device, limit=SHOWN_ROWS))
            if self._may_see_cases
            else [],
            quarantined=look.part(lambda: view.quarantined(device=device, limit=SHOWN_ROWS))
            if self._may_see_quarantine
            else [],
            commands=look.part(lambda: view.commands.listed(CommandFilters(device=device), SHOWN_ROWS))
            if self._may_see_commands
            else [],
            possible=look.part(lambda: view.commands.possible(device)) if self._may_see_commands else [],
        )

    def lay_out(self) -> None:
        """Lay out facts, charts and tables."""
        with ui.element("div").classes("ng-heading"):
            ui.label(self._device).classes("ng-name")
            self._condition = ui.label().classes("ng-badge")
        with ui.element("div").classes("ng-columns ng-device"):
            with ui.element("div").classes("ng-charts"):
                self._measures = ui.element("div").classes("ng-charts")
                self._none = ui.label(self._word("not_read")).classes("ng-panel ng-empty")
                self._tables()
            with ui.element("div").classes("ng-charts"):
                if self._may_see_commands:
                    self._card = CommandCard(self.frame, self._device)
                self._facts = FactsPanel(self.frame, self._word("registry"))
                ui.label(self._word("radio")).classes("ng-title ng-section")
                self._radio = ui.element("div").classes("ng-charts ng-radio")

    def _tables(self) -> None:
        frame = self.frame
        if self._may_see_commands:
            self._commands = CommandPanel(frame, with_device=False)
        if self._may_see_cases:
            self._findings = TablePanel(
                frame,
                "findings",
                _FINDING_COLUMNS,
                none="no_findings",
                marked=("severity",),
                style="ng-cases",
            )
        self._frames = TablePanel(
            frame, "frames_title", _FRAME_COLUMNS, none="no_frames", numbers=("readings", "frame")
        )
        if self._may_see_quarantine:
            self._quarantine = QuarantineTable(frame, with_device=False)

    def show(self, content: DeviceContent) -> None:
        """Show what was read."""
        if content.file is not None:
            condition = content.file.condition
            self._condition.set_text(self._word(f"condition_{condition}"))
            self._condition.classes(replace=f"ng-badge ng-mark-{condition}")
            told = {"last_told": self.frame.when(content.file.last_us)}
            facts = content.file.facts.items()
            known = {name: self._fact(name, fact) for name, fact in facts if fact and name != "device"}
            self._facts.show({**told, **known})
        if content.file is not None and content.series is not None:
            self._show_series(content.file, content.series)
        if content.frames is not None:
            self._frames.show([self._frame_row(row) for row in content.frames])
        if content.findings is not None and self._may_see_cases:
            self._show_findings(content.findings)
        if content.quarantined is not None and self._may_see_quarantine:
            self._quarantine.show(content.quarantined)

        if content.commands is not None and content.possible is not None and self._may_see_commands:
            self._commands.show(content.commands)
            self._card.show(content.possible)

    def _show_series(self, file: DeviceFile, found: list[Points]) -> None:
        self._none.set_text(self._word("no_readings"))
        self._none.set_visibility(not found)
        for points in found:
            key = points.field, points.series
            if key not in self._charts:
                with self._radio if points.field in RADIO else self._measures:
                    self._charts[key] = ChartPanel(self.frame, self._title(points), style="ng-small")
            figure = f"{points.values[-1]:,.6g} {WRITTEN.get(points.unit, points.unit)}"
            option = points_option(points, self.frame.view.timezone, file.family)
            self._charts[key].show(option, figure)

    def _fact(self, name: str, fact: str) -> str:
        """Give a fact in the page's language, where it is one of a few words and no name."""
        entry = f"{name}_is_{fact}"
        told = self._word(entry)
        return fact if told == entry else told

    def _title(self, points: Points) -> str:
        return f"{self._word(points.field)}{f' · {points.series}' if points.series else ''}"

    def _frame_row(self, row: FrameRow) -> dict[str, str]:
        when = self.frame.when
        return {
            "received": when(row.received_at_us),
            "first_reading": when(row.first_us),
            "last_reading": when(row.last_us),
            "readings": str(row.readings),
            "frame": f"{row.frame:,}",
        }

    def _show_findings(self, findings: list[Finding]) -> None:
        rows = [
            {
                "finding": self._word(finding.rule),
                "severity": self._word(finding.severity),
                "since": self.frame.when(finding.raised_at_us),
                "until": self.frame.when(finding.cleared_at_us),
            }
            for finding in findings
        ]
        self._findings.show(rows, marks=[{"severity": finding.severity} for finding in findings])
