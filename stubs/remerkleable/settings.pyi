from typing import NewType

Root = NewType("Root", bytes)

zero_hashes: list[Root]

def merkle_hash(left: Root, right: Root) -> Root: ...
