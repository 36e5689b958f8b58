"""The options of `[telemetry]`: how long the embedded store keeps readings that the archive has."""

from pydantic import Field, field_validator

from narrowgate_gateway.section import Section
from narrowgate_schema.words import Family

_MOST_DAYS = 36_500


class TelemetryKept(Section):
    """`[telemetry]`: readings in DuckDB; older ones are in the archive only, and pages say from when on."""

    keep_days: int = Field(
        0, ge=0, le=_MOST_DAYS, description="days for which readings are kept; 0 keeps all"
    )
    family_days: dict[str, int] = Field(
        {}, description="the same by family, where it is another number: water = 400, parking = 60"
    )
    stays_days: int = Field(
        0,
        ge=0,
        le=_MOST_DAYS,
        description="days for which stays of bays are kept behind their end; 0 keeps all",
    )

    @field_validator("family_days")
    @classmethod
    def _known(cls, value: dict[str, int]) -> dict[str, int]:
        for name, days in value.items():
            Family(name)
            if not 0 <= days <= _MOST_DAYS:
                raise ValueError(f"{name} = {days}: wants 0 to {_MOST_DAYS} days")
        return value

    def days(self) -> dict[Family, int]:
        """Give the days of each family."""
        return {family: self.family_days.get(family.value, self.keep_days) for family in Family}
