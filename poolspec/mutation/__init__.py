"""How well vectors tell a right implementation from a wrong one: coverage and mutants.

Both replay vectors against functions of the documents that have been rewritten: with probes that
record which lines and outcomes are reached, or with one small mistake that the vectors must notice.
They need a checkout, because the documents say what is New or Modified.
"""
