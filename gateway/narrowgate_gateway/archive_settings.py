"""The options of `[archive]`: what is kept for good, in files that anybody's tools read."""

from pydantic import Field

from narrowgate_gateway.section import Section


class Archive(Section):
    """`[archive]`: frames and readings as Parquet files under `archive/`, by family and day."""

    enabled: bool = Field(True, description="write it; journal segments then stay until they are archived")
    part_rows: int = Field(1_000_000, ge=1000, le=50_000_000, description="journal rows of a file, at most")
    part_every_s: float = Field(
        21_600.0, ge=1, le=604_800, description="how long rows wait for others before a file is made of them"
    )
    keep_frames_days: int = Field(
        0, ge=0, le=36_500, description="days for which raw frames and ticks are kept; 0 keeps all"
    )
    keep_readings_days: int = Field(
        0, ge=0, le=36_500, description="days for which readings are kept; 0 keeps all"
    )
