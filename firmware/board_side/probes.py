"""Probe MicroPython's emitters with a function for each.

Each returns its argument plus one. The host sends each function alone, because a board compiles only
those of its own emitters.
"""

import micropython


@micropython.viper
def viper(x: int) -> int:
    """Need viper's types."""
    return x + 1


@micropython.native
def native(x):
    """Need native code."""
    return x + 1


@micropython.asm_thumb
def asm_thumb(r0):
    """Need Arm's Thumb instructions."""
    add(r0, r0, 1)


@micropython.asm_rv32
def asm_rv32(a0):
    """Need RISC-V's instructions."""
    addi(a0, a0, 1)
