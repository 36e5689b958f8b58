"""How long telemetry keeps readings, as it is configured."""

import pytest

from narrowgate_gateway.settings import Settings
from narrowgate_schema.words import Family


def test_a_family_has_days_of_its_own() -> None:
    """The others have those of all."""
    settings = Settings.model_validate({"telemetry": {"keep_days": 400, "family_days": {"parking": 60}}})
    days = settings.telemetry.days()

    assert (days[Family.PARKING], days[Family.WATER]) == (60, 400)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"telemetry": {"keep_days": 1}, "archive": {"enabled": False}}, "wants archive.enabled = true"),
        ({"telemetry": {"family_days": {"gas": 3}}}, "'gas' is no family"),
        ({"telemetry": {"family_days": {"water": -1}}}, "water = -1: wants 0 to 36500 days"),
    ],
)
def test_what_cannot_be_kept_is_refused(said: dict[str, object], words: str) -> None:
    """One line says what would be right."""
    with pytest.raises(ValueError, match=words):
        Settings.model_validate(said)
