"""A verb that opens the stores without a core works as the core would."""

from pathlib import Path

from gateway_home import make_home
from narrowgate_gateway.desk_settings import Desk
from narrowgate_gateway.settings import Settings
from narrowgate_gateway.stopped_core import held_pipeline


def test_the_desk_s_own_practice_is_kept(tmp_path: Path) -> None:
    """Limits of the configuration count for cases that a verb opens."""
    home, hour_us = make_home(tmp_path / "home"), 3_600_000_000
    with held_pipeline(Settings(desk=Desk(relapse_h=6.0)), home) as pipeline:
        service = pipeline.practice.otherwise

        assert service.relapse_us == 6 * hour_us


def test_an_erasure_that_was_begun_is_ended_first(tmp_path: Path) -> None:
    """What is taken out of one store is not put back from another."""
    home = make_home(tmp_path / "home")
    with held_pipeline(Settings(), home) as pipeline, pipeline.stores.state.transaction() as connection:
        connection.execute("INSERT INTO erasures VALUES ('bay-1', 5, '{}')")
    with held_pipeline(Settings(), home) as pipeline:
        (left,) = pipeline.stores.state.connection.execute("SELECT count(*) FROM erasures").fetchone()
        (receipts,) = pipeline.stores.state.connection.execute("SELECT count(*) FROM receipts").fetchone()

        assert (left, receipts) == (0, 1)
