class _TokenType(tuple[str, ...]):
    parent: _TokenType | None

STANDARD_TYPES: dict[_TokenType, str]
