"""The options that every endpoint of the outbox has: which cases it is told of, and how long it is tried."""

from typing import TYPE_CHECKING

from pydantic import Field, field_validator

from narrowgate_gateway.section import Section

if TYPE_CHECKING:
    from narrowgate_cases import Wants
    from narrowgate_cases.sending import Patience

_ALL = "all where empty"


class OutletSection(Section):
    """A table that configures an endpoint."""

    services: tuple[str, ...] = Field((), description=f"rules whose cases it is told of; {_ALL}")
    tenants: tuple[str, ...] = Field((), description=f"tenants whose devices' cases it is told of; {_ALL}")
    units: tuple[str, ...] = Field(
        (), description=f"departments or contractors whose cases it is told of; {_ALL}"
    )
    places: tuple[str, ...] = Field(
        (), description=f"first digits of the grid cells whose cases it is told of; {_ALL}"
    )
    attempts_at_most: int = Field(
        100, ge=1, le=100_000, description="tries after which a step becomes a dead letter"
    )
    give_up_after_h: float = Field(
        72.0, gt=0, le=8760, description="age at which a step that failed becomes a dead letter"
    )

    @field_validator("services", "tenants", "units", "places", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        return tuple(value) if isinstance(value, list) else value

    @field_validator("places")
    @classmethod
    def _digits(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for place in value:
            if not (place.isascii() and place.isdigit() and len(place) <= 15):
                raise ValueError(f"{place[:40]!r}: up to 15 digits of a cell's code")
        return value

    @property
    def wants(self) -> "Wants":
        """Give which cases it is told of."""
        # The edge reads these options too and has no use for the desk.
        from narrowgate_cases import Wants

        return Wants(self.services, self.tenants, self.units, self.places)

    @property
    def patience(self) -> "Patience":
        """Give how long and how often it is tried."""
        from narrowgate_cases.sending import Patience

        return Patience(attempts_at_most=self.attempts_at_most, give_up_after_s=self.give_up_after_h * 3600.0)
