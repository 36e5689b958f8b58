"""The options of `[commands]`: how long devices have, and what is kept of what they were told."""

from pathlib import Path
from typing import Self

from pydantic import Field

from narrowgate_gateway.section import Section


class Commands(Section):
    """`[commands]`: commands to devices; by which listeners they leave is said there."""

    answer_s: float = Field(
        180.0,
        ge=1,
        le=604_800,
        description="how long a device may take to answer; with eDRX twice its cycle and 120 more",
    )
    cell_per_min: int = Field(
        0,
        ge=0,
        le=1_000_000,
        description="commands that leave for a radio cell in any minute; 0 is no limit",
    )
    path: str = Field(
        "nb/down",
        min_length=1,
        max_length=200,
        description="path at a device to which messages of their own go",
    )
    programme_file: str = Field(
        "", description="TOML file of what lamps do through a night, by class of road; none where empty"
    )
    keep_days: int = Field(90, ge=1, le=3650, description="days for which ended commands are kept")
    keep_most: int = Field(1_000_000, ge=1, le=100_000_000, description="ended commands kept, at most")

    def beside(self, folder: Path) -> Self:
        """Give the same with the path of the programme counted from a folder."""
        file = self.programme_file
        return self.model_copy(update={"programme_file": str(folder / file) if file else ""})
