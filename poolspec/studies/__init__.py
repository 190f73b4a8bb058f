"""Sweeps that answer the design's questions in numbers: every figure and table of the EIP."""
