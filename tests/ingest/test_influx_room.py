"""A server that hangs holds few of those who ask, and no more."""

import socket
import threading
from contextlib import suppress

import pytest

from narrowgate_ingest.influx_client import Target
from narrowgate_ingest.series import Question, SeriesUnreadable
from narrowgate_ingest.series_influx import InfluxSeries
from narrowgate_schema.words import Family

QUESTION = Question(Family.WATER, "volume_m3", 0, 1)


def test_a_server_that_hangs_leaves_room_for_other_answers() -> None:
    """Two questions wait for it; a third is told so and waits no longer."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        series = InfluxSeries(Target(url=url, api="v1", database="narrowgate", timeout_s=60.0))

        def ask() -> None:
            with suppress(SeriesUnreadable):
                series.last(QUESTION)

        waiting = [threading.Thread(target=ask) for _ in range(2)]
        for each in waiting:
            each.start()
        held = [server.accept()[0] for _ in waiting]
        with pytest.raises(SeriesUnreadable, match="2 questions wait for its answer already"):
            series.last(QUESTION)
        for connection in held:
            connection.close()
    for each in waiting:
        each.join()
