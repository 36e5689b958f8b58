"""The options of `[desk]`: how cases are worked: limits, calendar, grid, and who mends what."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Self

from pydantic import Field, field_validator, model_validator

from narrowgate_gateway.section import Section

if TYPE_CHECKING:
    from narrowgate_cases.working_calendar import WorkingCalendar

_OFFICE = ("mon-fri 08:30-12:00 14:00-18:00",)
_SEVERITIES = ("info", "minor", "major", "safety")


class DeskService(Section):
    """What the desk does about one service."""

    relapse_h: float | None = Field(None, ge=-1, le=8760)
    device_verifies: bool | None = None
    limits: dict[str, str] = Field({})


class Desk(Section):
    """`[desk]`: how cases are worked; limits are `4h` or `2d`, or `4wh` or `2wd` in working time."""

    grid_file: str = Field(
        "", description="GeoJSON of the city's grid, cells by 15-digit `code`; relative to this file"
    )
    routes_file: str = Field(
        "", description="CSV of who mends: place, service, hours, unit; relative to this file"
    )
    codes_file: str = Field(
        "", description="CSV of the city's codes: kind, code, name; relative to this file"
    )
    hours: tuple[str, ...] = Field(_OFFICE, description="working hours of the week, a line for some days")
    holidays: tuple[date, ...] = Field((), description="days without working hours")
    workdays: tuple[date, ...] = Field((), description="days off that are worked, like a Monday")
    limits: dict[str, str] = Field(
        {}, description="limit by severity: info, minor, major, safety; 7d, 48h, 24h, 2h where not said"
    )
    relapse_h: float = Field(
        24.0,
        ge=-1,
        le=8760,
        description="how long after its end a relapse reopens a case; -1 is never",
    )
    device_verifies: bool = Field(
        True, description="whether a device that recovers closes its case, or somebody looks first"
    )
    services: dict[str, DeskService] = Field(
        {}, description="by rule: relapse_h, device_verifies and limits of its own"
    )

    @field_validator("hours", "holidays", "workdays", mode="before")
    @classmethod
    def _tuple(cls, value: object) -> object:
        return tuple(value) if isinstance(value, list) else value

    def beside(self, folder: Path) -> Self:
        """Give the same with the paths of files counted from a folder."""
        names = ("grid_file", "routes_file", "codes_file")
        return self.model_copy(
            update={name: str(folder / getattr(self, name)) for name in names if getattr(self, name)}
        )

    @model_validator(mode="after")
    def _readable(self) -> Self:
        limited = {"limits": self.limits}
        limited |= {f"services.{name}.limits": each.limits for name, each in self.services.items()}
        if not any(limited.values()) and self.hours == _OFFICE and not self.workdays:
            return self
        # The edge reads these options too and has no use for the desk.
        from narrowgate_cases.working_calendar import WorkingCalendar, week_of

        calendar, faults = WorkingCalendar(), []
        try:
            calendar = WorkingCalendar(week=week_of(self.hours))
        except ValueError as error:
            faults.append(f"hours: {error}")
        faults += [f"workdays: {day} is one of the holidays" for day in self.workdays if day in self.holidays]
        if self.workdays and not calendar.week[0]:
            faults.append("workdays: they are worked like a Monday, and hours give a Monday none")
        faults += _limit_faults(limited, calendar)
        if faults:
            raise ValueError("; ".join(faults))
        return self


def _limit_faults(limited: Mapping[str, Mapping[str, str]], calendar: "WorkingCalendar") -> list[str]:
    """Give what is wrong with limits by their tables' keys."""
    from narrowgate_cases.clocks import limit_of

    faults = []
    for key, limits in limited.items():
        for severity, limit in limits.items():
            if severity not in _SEVERITIES:
                faults.append(f"{key}.{severity}: one of {', '.join(_SEVERITIES)}")
                continue
            try:
                limit_of(limit, calendar)
            except ValueError as error:
                faults.append(f"{key}.{severity}: {error}")
    return faults
