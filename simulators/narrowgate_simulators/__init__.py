"""Pretend devices and their faults, seeded and true to their behaviour."""
