"""Tables of families: made, grown, kept where their family is gone."""

from pathlib import Path

import duckdb
import pytest

from narrowgate_ingest.telemetry import Telemetry


def _altered(path: Path, sql: str) -> None:
    Telemetry(path).close()
    with duckdb.connect(str(path)) as connection:
        connection.execute(sql)


def test_a_table_gains_what_its_family_has_gained(tmp_path: Path) -> None:
    """A field that an older package did not declare is a column of the same table, null in its rows."""
    path = tmp_path / "telemetry.duckdb"
    _altered(
        path,
        "DROP VIEW water; ALTER TABLE water_rows DROP COLUMN pressure_bar; "
        "INSERT INTO water_rows (device, series, time, frame, volume_m3) VALUES ('m', '', now(), 1, 7.5)",
    )
    store = Telemetry(path)
    rows = store.query("SELECT volume_m3, pressure_bar FROM water").to_pylist()
    store.close()

    assert rows == [{"volume_m3": 7.5, "pressure_bar": None}]


def test_a_column_of_another_type_is_refused(tmp_path: Path) -> None:
    """A store whose column has not the type that the family declares is not opened, and not changed."""
    path = tmp_path / "telemetry.duckdb"
    _altered(path, "DROP VIEW water; ALTER TABLE water_rows ALTER pulses TYPE VARCHAR")

    with pytest.raises(ValueError, match=r"water\.pulses is stored as VARCHAR"):
        Telemetry(path)


def test_an_erasure_reaches_families_that_are_gone(tmp_path: Path) -> None:
    """A device's rows go from the table of a family that no package declares any more, others' stay."""
    path = tmp_path / "telemetry.duckdb"
    _altered(
        path,
        "CREATE TABLE smell_rows (device VARCHAR, frame BIGINT); "
        "INSERT INTO smell_rows VALUES ('nose', 1), ('snout', 2)",
    )
    store = Telemetry(path)
    gone = store.erase("nose")
    left = store.query("SELECT device FROM smell_rows")["device"].to_pylist()
    store.close()

    assert (gone, left) == (1, ["snout"])
