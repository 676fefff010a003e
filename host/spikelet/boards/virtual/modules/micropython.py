"""Replace the `micropython` module of an interpreter without code emitters.

It has no `native`, `viper` or `asm_thumb`. A kernel that needs them fails to import with AttributeError
here, and with SyntaxError on such a board.
"""


def const(value: int) -> int:
    """Return `value`; on a board, the compiler replaces the constant's name by it."""
    return value
