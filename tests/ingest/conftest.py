"""A district's journal, made once."""

import pytest

from ingest_line import District, city, journalled, register


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
