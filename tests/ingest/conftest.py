"""A district's journal, made once."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from ingest_line import Line, city, journalled, register


@dataclass(frozen=True)
class District:
    """A journal, and a registry that knows its devices."""

    root: Path

    @property
    def journal(self) -> Path:
        """Give the journal's directory; nobody may write there."""
        return self.root / "journal"

    def home(self, place: Path) -> Path:
        """Give a fresh home with the district's registry and nothing else."""
        shutil.copytree(self.root / "home", place)
        return place

    def line(self, place: Path) -> Line:
        """Open a pipeline over the journal with a fresh home."""
        return Line(self.home(place), self.journal)


@pytest.fixture(scope="session")
def district(tmp_path_factory: pytest.TempPathFactory) -> District:
    """Give the district."""
    made = District(tmp_path_factory.mktemp("district"))
    register(made.root / "home", city())
    journalled(made.journal, city())
    return made


@pytest.fixture(scope="session")
def undisturbed(district: District, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """Give what an undisturbed run over the district's journal leaves."""
    line = district.line(tmp_path_factory.mktemp("undisturbed") / "home")
    line.run()
    outcome = line.outcome()
    line.close()
    return outcome
