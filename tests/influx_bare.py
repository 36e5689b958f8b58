"""A bare loop of ready-made bodies, to hold a store's pace against, and what this process takes."""

import os
from http.client import HTTPConnection
from pathlib import Path
from time import perf_counter

from influx_stand import Influxd
from narrowgate_ingest.follower import Follower
from narrowgate_ingest.influx_points import points_of
from narrowgate_ingest.telemetry import Telemetry

DATABASE = "bare"
_LINES = 5000
_ALL = 1 << 62


def bare_bodies(telemetry: Telemetry, first: int, most: int) -> tuple[list[bytes], int]:
    """Give the bodies of readings from an offset on, and how many lines they have; about `most`."""
    follower = Follower(telemetry, lambda: _ALL, most_rows=_LINES)
    bodies, lines = [], 0
    while lines < most and (part := follower.after(first)) is not None:
        points, _ = points_of(part.readings, "us")
        bodies.append(bytes(points.body()))
        lines, first = lines + len(points), part.until
    return [body for body in bodies if body], lines


def posted(server: Influxd, bodies: list[bytes]) -> float:
    """Post bodies one after another; give how long it took [s]."""
    connection = HTTPConnection("127.0.0.1", server.port)
    began_s = perf_counter()
    for body in bodies:
        connection.request("POST", f"/write?db={DATABASE}&precision=u", body)
        response = connection.getresponse()
        response.read()
        assert response.status == 204
    connection.close()
    return perf_counter() - began_s


def rss_mb() -> float:
    """Give this process's memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") / 2**20
