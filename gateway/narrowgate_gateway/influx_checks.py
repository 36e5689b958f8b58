"""What is wrong with `[influxdb]` beyond its keys' own types: files and variables that are not there."""

import ssl
from pathlib import Path

from narrowgate_gateway.config import Fault
from narrowgate_gateway.influx_settings import Influxdb
from narrowgate_gateway.influx_target import credentials_of
from narrowgate_ingest.influx_client import SecretUnreadable


def influx_faults(config: Path, options: Influxdb) -> list[Fault]:
    """Give the faults of `[influxdb]`; no network is opened."""
    faults = []
    secret = credentials_of(options).secret
    keys = ("token_file", "token_env", "password_file", "password_env")
    if options.url and secret is not None:
        try:
            secret.read()
        except SecretUnreadable as error:
            key = next(key for key in keys if getattr(options, key))
            faults.append(Fault(str(config), f"influxdb.{key}", repr(getattr(options, key)), str(error)))
    if options.url and options.ca_file:
        try:
            ssl.create_default_context(cafile=options.ca_file)
        except OSError as error:
            words = error.strerror or str(error)
            faults.append(Fault(str(config), "influxdb.ca_file", repr(options.ca_file), words))
    return faults
