"""What a fork changes, as its reviewers read it: `python -m poolspec.specdiff`.

A tool of a checkout: it needs the compiler, the documents and the proposal's text.
"""
