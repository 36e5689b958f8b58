"""Benchmarks side by side with peers, raw figures."""
