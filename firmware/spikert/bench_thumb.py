"""Multiplying in Thumb-1 assembly, as bench_dense.py needs it.

A word holds the biased weights of two neurons, 16 bits each, and one multiplication makes both products,
which fit 16 bits without a sign. The words' sum S, modulo 2**32, and that of their upper halves H are
enough: the upper neuron's sum is H, the lower one's S - (H << 16).
"""

from array import array

import micropython
from uctypes import addressof

from spikert.bench_dense import padded
from spikert.bench_viper import largest, requantise  # noqa: F401, which Dense takes from here

LAYOUT = "pairs"  # for four neurons at a time: of each input, u16[4] biased


class Multiply:
    """Sums of x times the weights of each neuron."""

    def __init__(self, inputs, neurons, weights):
        self.weights, self.at = weights, addressof(weights)
        self.inputs = padded(inputs)
        self.block = array("i", (0, 0, 0, self.inputs // 4, 0))
        self.fours = (neurons + 3) // 4

    def __call__(self, x, sums):
        """Put them into sums i32[neurons, rounded up to 4]; return what is to be added to each."""
        block = self.block
        block[0], block[1], block[2] = addressof(x), self.at, addressof(sums)
        block[4] = self.fours
        _multiply(block)
        return _bias(x, self.inputs // 4)


@micropython.viper
def _bias(x: ptr32, words: int) -> int:
    """Return what the bias of the weights has added to each sum, with the sign turned."""
    lanes = 0x00FF00FF
    odd = both = 0
    for i in range(words):
        word = x[i]
        odd += (word >> 8) & lanes
        both += word & lanes
    both += odd
    return 0 - (((both & 0xFFFF) + ((both >> 16) & 0xFFFF)) << 7)


@micropython.asm_thumb
def _multiply(r0):  # noqa: PLR0915, for a jump costs more than a product
    """Add up biased products; block i32: addresses of x, weights and sums, inputs and neurons / 4."""
    mov(r12, r0)
    label(FOUR_NEURONS)
    ldr(r1, [r0, 4])
    ldr(r2, [r0, 12])
    mov(lr, r2)
    ldr(r0, [r0, 0])
    mov(r2, 0)
    mov(r3, 0)
    mov(r4, 0)
    mov(r5, 0)
    label(FOUR_INPUTS)
    ldrb(r6, [r0, 0])
    ldr(r7, [r1, 0])
    mul(r7, r6)
    add(r2, r2, r7)
    lsr(r7, r7, 16)
    add(r3, r3, r7)
    ldr(r7, [r1, 4])
    mul(r7, r6)
    add(r4, r4, r7)
    lsr(r7, r7, 16)
    add(r5, r5, r7)
    ldrb(r6, [r0, 1])
    ldr(r7, [r1, 8])
    mul(r7, r6)
    add(r2, r2, r7)
    lsr(r7, r7, 16)
    add(r3, r3, r7)
    ldr(r7, [r1, 12])
    mul(r7, r6)
    add(r4, r4, r7)
    lsr(r7, r7, 16)
    add(r5, r5, r7)
    ldrb(r6, [r0, 2])
    ldr(r7, [r1, 16])
    mul(r7, r6)
    add(r2, r2, r7)
    lsr(r7, r7, 16)
    add(r3, r3, r7)
    ldr(r7, [r1, 20])
    mul(r7, r6)
    add(r4, r4, r7)
    lsr(r7, r7, 16)
    add(r5, r5, r7)
    ldrb(r6, [r0, 3])
    ldr(r7, [r1, 24])
    mul(r7, r6)
    add(r2, r2, r7)
    lsr(r7, r7, 16)
    add(r3, r3, r7)
    ldr(r7, [r1, 28])
    mul(r7, r6)
    add(r4, r4, r7)
    lsr(r7, r7, 16)
    add(r5, r5, r7)
    add(r0, 4)
    add(r1, 32)
    mov(r6, lr)
    sub(r6, 1)
    mov(lr, r6)
    bne(FOUR_INPUTS)
    mov(r0, r12)
    str(r1, [r0, 4])
    ldr(r1, [r0, 8])
    lsl(r6, r3, 16)
    sub(r2, r2, r6)
    lsl(r6, r5, 16)
    sub(r4, r4, r6)
    str(r2, [r1, 0])
    str(r3, [r1, 4])
    str(r4, [r1, 8])
    str(r5, [r1, 12])
    add(r1, 16)
    str(r1, [r0, 8])
    ldr(r6, [r0, 16])
    sub(r6, 1)
    str(r6, [r0, 16])
    bne(FOUR_NEURONS)
    mov(r0, 0)
