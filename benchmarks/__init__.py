"""Benchmarks of the compiled specification: ``python -m benchmarks``."""
