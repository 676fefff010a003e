"""The `micropython` module of an interpreter without code emitters.

It has no `native`, `viper` or `asm_thumb`: a kernel that needs them fails to import here with
AttributeError, where such a board's compiler answers SyntaxError.
"""


def const(value: int) -> int:
    """Return `value`; on a board its name is compiled away."""
    return value
