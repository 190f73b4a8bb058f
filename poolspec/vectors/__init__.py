"""Test vectors in the layout of consensus-spec-tests: read, replay, record and write them."""
