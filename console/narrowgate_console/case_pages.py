"""One case: its evidence, its history, where it lies, and what can be done about it."""

import json
from dataclasses import dataclass

from nicegui import ui

from narrowgate_cases import Case, CaseStep
from narrowgate_cases.queries import moves
from narrowgate_cases.requests import Told
from narrowgate_console.case_map import CaseMap
from narrowgate_console.chart_panel import ChartPanel
from narrowgate_console.device_file import Points
from narrowgate_console.evidence import evidence_lines, first_picture, report_text
from narrowgate_console.facts_panel import FactsPanel
from narrowgate_console.family_charts import points_option
from narrowgate_console.page import Frame, Look, Page
from narrowgate_console.principals import NotThere, Scope
from narrowgate_console.table_panel import TablePanel, device_path
from narrowgate_console.work_panel import WorkPanel, add_keys
from narrowgate_schema.units import WRITTEN


@dataclass(frozen=True)
class CaseContent:
    """What a case's page shows; None is a part that could not be read."""

    case: Case | None
    steps: list[CaseStep]
    reports: list[Told]
    series: list[Points] | None


class CasePage(Page[CaseContent]):
    """One browser's page of one case."""

    def __init__(self, frame: Frame, number: str) -> None:
        super().__init__(frame)
        self._number = number

    def name(self) -> str:
        """Give the case's number."""
        return self._number

    def ask(self, look: Look) -> CaseContent:
        """Ask for the case and for what its device told; NotThere if it is none of the principal's."""
        found = look.part(lambda: self.frame.view.case(self._number))
        if found is None:
            return CaseContent(None, [], [], None)
        case, steps = found
        reports = look.part(lambda: self.frame.view.desk.reports(self._number)) or []
        return CaseContent(case, steps, reports, look.part(lambda: self._series(case)))

    def _series(self, case: Case) -> list[Points]:
        """Give what the device told, which a group's case has none of."""
        if not self.frame.view.principal.may(Scope.TELEMETRY):
            return []
        try:
            return self.frame.view.city.device_series(case.device)
        except NotThere:
            return []

    def lay_out(self) -> None:
        """Lay out facts, evidence, history and the device's chart."""
        with ui.element("div").classes("ng-heading"):
            self._what = ui.label(self._number).classes("ng-name")
            self._state = ui.label().classes("ng-badge")
        with ui.element("div").classes("ng-columns ng-case"):
            with ui.element("div").classes("ng-charts"):
                self._chart = ChartPanel(self.frame, self._word("what_it_told"), style="ng-first")
                columns = ("at", "step", "actor", "step_reason")
                self._steps = TablePanel(
                    self.frame, "history", columns, none="not_read", long=("step_reason",)
                )
                told = ("at", "report", "reporter", "media_url")
                self._reports = TablePanel(
                    self.frame, "reports", told, none="no_reports", long=("report",), linked=("media_url",)
                )
            with ui.element("div").classes("ng-charts"):
                self._work = WorkPanel(self.frame)
                self._map = CaseMap(self.frame)
                self._facts = FactsPanel(self.frame, self._word("case_facts"))
                self._evidence = FactsPanel(self.frame, self._word("evidence"))
        add_keys()

    def show(self, content: CaseContent) -> None:
        """Show what was read."""
        case = content.case
        if case is None:
            return
        when = self.frame.when
        self._what.set_text(f"{case.number} · {self._word(case.service)}")
        self._state.set_text(self._word(f"state_{case.state}"))
        self._work.show(case, self.frame.view.desk.possible(case.state), moves(content.steps))
        self._map.show(case)
        light = self.frame.view.desk.light(case)
        facts = {
            "light": self._word(f"light_{light}"),
            "due": when(case.due_at_us),
            "unit": case.unit or "–",
            "device": case.device or None,
            "asset": case.asset,
            "severity": self._word(case.severity),
            "since": when(case.raised_at_us),
            "until": when(case.cleared_at_us),
            "opened": when(case.opened_at_us),
            "closed": when(case.closed_at_us),
            "grid_cell": case.cell or "–",
            "street": case.street or "–",
            **({"escalated": f"{case.escalation}"} if case.escalation else {}),
            **({"came_back": f"{case.reopened}"} if case.reopened else {}),
            **({"members": ", ".join(case.members)} if case.members else {}),
        }
        self._facts.show(facts, {"device": self.frame.link(device_path(case.device))})
        # What a report is about stands with the reports.
        evidence = {} if content.reports else json.loads(case.evidence)
        self._evidence.show(evidence_lines(evidence, self._word))
        self._evidence.set_visibility(is_there=bool(evidence))
        self._show_reports(content.reports)
        self._steps.show(
            [
                {
                    "at": when(step.at_us),
                    "step": self._word(f"step_{step.step}"),
                    "actor": self._told(f"actor_{step.actor}", step.actor),
                    "step_reason": self._told(f"step_reason_{step.reason}", step.reason),
                }
                for step in content.steps
            ]
        )
        if content.series is not None:
            self._show_chart(case, content.series)

    def _show_reports(self, reports: list[Told]) -> None:
        """Show what people reported, and who they are to who may see it."""
        pictures = [first_picture(told.details) for told in reports]
        self._reports.show(
            [
                {
                    "at": self.frame.when(told.told_at_us),
                    "report": report_text(told.words, told.details, self._word),
                    "reporter": ", ".join((told.person or {}).values()) or "–",
                    "media_url": words,
                }
                for told, (words, _) in zip(reports, pictures, strict=True)
            ],
            links=[{"media_url": to} for _, to in pictures],
        )
        self._reports.set_visibility(is_there=bool(reports))

    def _told(self, name: str, said: str) -> str:
        """Give the page's word for what a machine said; what a person said stands as it is."""
        word = self._word(name)
        return said if word == name else word

    def _show_chart(self, case: Case, series: list[Points]) -> None:
        own = [points for points in series if points.series == case.series] or series
        self._chart.set_visibility(is_there=bool(own))
        if not own:
            return
        option = points_option(own[0], self.frame.view.timezone, case.family)
        self._chart.show(option, f"{self._word(own[0].field)} [{WRITTEN.get(own[0].unit, own[0].unit)}]")
