"""Series questions answered by the embedded telemetry store."""

from datetime import UTC, datetime, timedelta

import duckdb
import pyarrow as pa

from narrowgate_ingest.series import (
    Aggregate,
    Question,
    SeriesUnreadable,
    answer_schema,
    checked_bucket,
)
from narrowgate_ingest.telemetry import Telemetry

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_AGGREGATES = {
    Aggregate.MEAN: 'avg("{field}")',
    Aggregate.MIN: 'min("{field}")',
    Aggregate.MAX: 'max("{field}")',
    Aggregate.SUM: 'sum("{field}")',
    Aggregate.LAST: 'arg_max("{field}", time)',
    Aggregate.COUNT: 'count("{field}")',
}


class DuckDBSeries:
    """Asks the readings in DuckDB."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry

    def range(self, question: Question, *, most_rows: int) -> pa.Table:
        """Give the values as they are."""
        sql = (
            f'SELECT device, series, epoch_us(time) AS time, "{question.field}" AS value '
            f"{_from(question)} ORDER BY time, device, series LIMIT {most_rows:d}"
        )
        return self._ask(sql, question, answer_schema(question))

    def downsample(self, question: Question, bucket_us: int, aggregate: Aggregate) -> pa.Table:
        """Give a value a bucket."""
        schema = answer_schema(question, aggregate)
        bucket = f"epoch_us(time) // {checked_bucket(bucket_us)} * {bucket_us}"
        value = _AGGREGATES[aggregate].format(field=question.field)
        if pa.types.is_integer(schema.field("value").type):
            value = f"CAST({value} AS BIGINT)"
        sql = (
            f"SELECT device, series, {bucket} AS bucket, {value} AS value {_from(question)} "
            "GROUP BY device, series, bucket ORDER BY device, series, bucket"
        )
        return self._ask(sql, question, schema)

    def last(self, question: Question) -> pa.Table:
        """Give the newest value of each series."""
        sql = (
            f'SELECT device, series, max(epoch_us(time)) AS time, arg_max("{question.field}", time) AS value '
            f"{_from(question)} GROUP BY device, series ORDER BY device, series"
        )
        return self._ask(sql, question, answer_schema(question))

    def _ask(self, sql: str, question: Question, schema: pa.Schema) -> pa.Table:
        span = [_EPOCH + timedelta(microseconds=at_us) for at_us in (question.start_us, question.end_us)]
        devices = [list(question.devices)] if question.devices is not None else []
        try:
            table = self._telemetry.query(sql, [*span, *devices])
        except duckdb.Error as error:
            raise SeriesUnreadable(f"DuckDB: {error}") from error
        return table.rename_columns(schema.names).cast(schema)


def _from(question: Question) -> str:
    of_devices = " AND list_contains($3, device)" if question.devices is not None else ""
    return (
        f"FROM {question.family} "
        f'WHERE "{question.field}" IS NOT NULL AND time >= $1 AND time < $2{of_devices}'
    )
