"""`[influxdb]` as the store takes it; apart from the options, which the edge reads too."""

from pathlib import Path

from narrowgate_gateway.influx_settings import Influxdb
from narrowgate_ingest.influx_client import Credentials, Secret, Target


def credentials_of(options: Influxdb) -> Credentials:
    """Give who writes."""
    file, variable = options.token_file or options.password_file, options.token_env or options.password_env
    if not file and not variable:
        return Credentials()
    return Credentials(Secret(Path(file) if file else None, variable), options.username)


def target_of(options: Influxdb) -> Target:
    """Give the database that is written and asked."""
    return Target(
        url=options.url,
        api=options.api,
        database=options.database if options.api == "v1" else options.bucket,
        org=options.org,
        precision=options.precision,
        timeout_s=options.timeout_s,
        ca_file=Path(options.ca_file) if options.ca_file else None,
        credentials=credentials_of(options),
    )
