"""Stateful fuzzing: hypothesis builds chains of blocks out of everything that a chain can see.

The fast specification, the plain one and the engine follow the same blocks and must agree, and the
invariants are checked while they do. `python -m tests.fuzzing` runs for hours, `test_slice.py` a
bounded part that is the same every time. docs/reliability.md tells how to read what comes out.
"""
