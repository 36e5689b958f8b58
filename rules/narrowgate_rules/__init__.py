"""What readings mean: rule declarations and the vectorised engine that runs them.

Rule 1: no I/O, no clock, no loop over rows. State comes in as arrays and goes out as arrays."""
