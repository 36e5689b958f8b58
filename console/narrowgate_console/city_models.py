"""What the HTTP API answers about devices."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated

import numpy as np
from pydantic import BaseModel, Field

from narrowgate_console.city_map import CityMap, DeviceRow
from narrowgate_console.device_file import DeviceFile, FrameRow, Points
from narrowgate_console.instants import instant, perhaps
from narrowgate_console.lit_rate import LitNight
from narrowgate_console.night_flow import ZoneNight
from narrowgate_console.occupancy import Occupancy
from narrowgate_console.places import NEVER_US, Condition


class MapModel(BaseModel):
    """Every device on the map: columns of one length."""

    now: datetime
    device: list[str]
    family: list[str]
    zone: list[str]
    condition: list[Condition]
    lat: Annotated[list[float | None], Field(description="WGS 84 [deg]; null where it has no place")]
    lon: list[float | None]

    @classmethod
    def of(cls, city: CityMap) -> "MapModel":
        """Make it from the service's value."""
        here = city.places
        return cls(
            now=instant(city.now_us),
            device=list(here.devices),
            family=list(here.families),
            zone=list(here.zones),
            condition=list(city.conditions),
            lat=[None if np.isnan(degrees) else float(degrees) for degrees in here.lats_deg],
            lon=[None if np.isnan(degrees) else float(degrees) for degrees in here.lons_deg],
        )


class DeviceModel(BaseModel):
    """One device of a list."""

    device: str
    family: str
    profile: str
    zone: str
    asset: str
    condition: Condition
    last: Annotated[datetime | None, Field(description="when it told last what it is there to tell")]

    @classmethod
    def of(cls, row: DeviceRow) -> "DeviceModel":
        """Make it from the service's value."""
        return cls(
            device=row.device,
            family=row.family,
            profile=row.profile,
            zone=row.zone,
            asset=row.asset,
            condition=row.condition,
            last=None if row.last_us == NEVER_US else instant(row.last_us),
        )


class DevicePageModel(BaseModel):
    """A page of devices, those that need somebody first."""

    count: Annotated[int, Field(description="how many there are in all")]
    devices: list[DeviceModel]


class DeviceFileModel(BaseModel):
    """What is known of one device."""

    device: str
    family: str
    condition: Condition
    last: datetime | None
    facts: Annotated[dict[str, str | None], Field(description="the registry's columns; null is not set")]

    @classmethod
    def of(cls, file: DeviceFile) -> "DeviceFileModel":
        """Make it from the service's value."""
        return cls(
            device=file.device,
            family=file.family,
            condition=file.condition,
            last=perhaps(file.last_us),
            facts=dict(file.facts),
        )


class PointsModel(BaseModel):
    """One field of one register over time."""

    field: str
    series: str
    unit: str
    times: list[datetime]
    values: list[float]

    @classmethod
    def of(cls, points: Points) -> "PointsModel":
        """Make it from the service's value."""
        return cls(
            field=points.field,
            series=points.series,
            unit=points.unit,
            times=[instant(at_us) for at_us in points.times_us],
            values=list(points.values),
        )


class FrameModel(BaseModel):
    """A frame as its readings tell of it."""

    frame: int
    received_at: datetime
    readings: int
    first: datetime
    last: datetime

    @classmethod
    def of(cls, row: FrameRow) -> "FrameModel":
        """Make it from the service's value."""
        return cls(
            frame=row.frame,
            received_at=instant(row.received_at_us),
            readings=row.readings,
            first=instant(row.first_us),
            last=instant(row.last_us),
        )


class ZoneNightModel(BaseModel):
    """One zone's flow in one night."""

    day: date
    zone: str
    flow_m3_per_h: float
    meters: Annotated[int, Field(description="how many meters it is made of")]

    @classmethod
    def of(cls, night: ZoneNight) -> "ZoneNightModel":
        """Make it from the service's value."""
        return cls(day=night.day, zone=night.zone, flow_m3_per_h=night.flow_m3_per_h, meters=night.meters)


class OccupancyModel(BaseModel):
    """Zones by hours."""

    hours: list[datetime]
    zones: list[str]
    bays: list[int]
    share_pct: Annotated[list[list[float | None]], Field(description="a row a zone; null where unknown")]

    @classmethod
    def of(cls, found: Occupancy) -> "OccupancyModel":
        """Make it from the service's value."""
        return cls(
            hours=[instant(hour) for hour in found.hours_us],
            zones=list(found.zones),
            bays=list(found.bays),
            share_pct=[list(row) for row in found.share_pct],
        )


class LitNightModel(BaseModel):
    """One night of some lamps."""

    day: date
    zone: Annotated[str, Field(description="'' for all of them")]
    lamps: int
    observed: int
    lit: int
    of_all_pct: float | None
    of_observed_pct: float | None

    @classmethod
    def of(cls, night: LitNight) -> "LitNightModel":
        """Make it from the service's value."""
        return cls(
            day=night.day,
            zone=night.zone,
            lamps=night.lamps,
            observed=night.observed,
            lit=night.lit,
            of_all_pct=night.of_all_pct,
            of_observed_pct=night.of_observed_pct,
        )


def points_models(found: Sequence[Points]) -> list[PointsModel]:
    """Give the models of several series."""
    return [PointsModel.of(points) for points in found]
