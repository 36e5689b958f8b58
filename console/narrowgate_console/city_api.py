"""The part of the HTTP API that tells of devices: where they are, how they do, what they told."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from narrowgate_console.api import NOT_FOUND, REFUSALS, Hours, Limit, Offset
from narrowgate_console.asking import Asking
from narrowgate_console.city_models import (
    DeviceFileModel,
    DeviceModel,
    DevicePageModel,
    FrameModel,
    LitNightModel,
    MapModel,
    OccupancyModel,
    PointsModel,
    ZoneNightModel,
    points_models,
)
from narrowgate_console.places import Condition
from narrowgate_schema.words import Family

Device = Annotated[str, Path(max_length=64)]
Nights = Annotated[int, Query(ge=1, le=31, description="how many nights that are over")]


def router() -> APIRouter:
    """Give the routes."""
    api = APIRouter(prefix="/api/v1", responses=REFUSALS)

    @api.get("/map", summary="Every device with its place and how it does", response_model=MapModel)
    def map_(ask: Asking) -> Response:
        text = ask.city.map_text(lambda city: MapModel.of(city).model_dump_json().encode())
        return Response(text, media_type="application/json")

    @api.get("/water/night-flow", summary="Each zone's flow from 02:00 to 04:00, night by night")
    def night_flow(ask: Asking, nights: Nights = 7) -> list[ZoneNightModel]:
        return [ZoneNightModel.of(night) for night in ask.city.night_flow(nights)]

    @api.get("/parking/occupancy", summary="Each zone's occupancy as the last hours ended")
    def occupancy(ask: Asking, hours: Hours = 24) -> OccupancyModel:
        return OccupancyModel.of(ask.city.occupancy(hours))

    @api.get("/lighting/lit-rate", summary="The lit rate of each night with both its bounds")
    def lit_rate(ask: Asking, nights: Nights = 14) -> list[LitNightModel]:
        return [LitNightModel.of(night) for night in ask.city.lit_rate(nights)]

    _devices(api)
    return api


def _devices(api: APIRouter) -> None:
    @api.get("/devices", summary="Devices, those that need somebody first")
    def devices(
        ask: Asking,
        family: Annotated[Family | None, Query(description="only of this family")] = None,
        zone: Annotated[str | None, Query(max_length=200, description="only of this zone")] = None,
        condition: Annotated[Condition | None, Query(description="only those that do so")] = None,
        limit: Limit = 50,
        offset: Offset = 0,
    ) -> DevicePageModel:
        count, rows = ask.city.devices(
            family=family, zone=zone, condition=condition, limit=limit, offset=offset
        )
        return DevicePageModel(count=count, devices=[DeviceModel.of(row) for row in rows])

    @api.get("/devices/{device}", summary="What is known of a device", responses=NOT_FOUND)
    def device(ask: Asking, device: Device) -> DeviceFileModel:
        return DeviceFileModel.of(ask.city.device(device))

    @api.get("/devices/{device}/series", summary="What a device told", responses=NOT_FOUND)
    def series(ask: Asking, device: Device, hours: Hours = 48) -> list[PointsModel]:
        return points_models(ask.city.device_series(device, hours))

    @api.get(
        "/devices/{device}/frames",
        summary="The frames that a device's readings came with, the newest first",
        responses=NOT_FOUND,
    )
    def frames(ask: Asking, device: Device, limit: Limit = 50, hours: Hours = 48) -> list[FrameModel]:
        return [FrameModel.of(row) for row in ask.city.device_frames(device, limit, hours)]
