"""Nothing is lost: journal, pipeline, telemetry store, state, ledger."""
