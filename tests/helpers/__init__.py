"""States, blocks and operations for tests, made with deterministic keys.

The functions take the compiled fork (`spec`) first. Those that move a state do so in place.
"""
