"""Read the sums that the thumb kernel holds, for dense.py.

The sums are in the records of kernels/thumb/rows.py. Records are processed in fours of neurons, two
records of two. A record's sums and biases are signed numbers, high * 65536 + low.
"""

from array import array

import micropython

from spikert.bench.dense_viper import chain  # noqa: F401, because Dense takes it from here
from spikert.kernels.thumb.rows import RECORD, RECORDS, SPREAD, SXTH
from spikert.loops import SIGN


@micropython.native
def requantising(layer, bias, scaling, out):
    """Return a function that writes the outputs of a layer into out u8[neurons, rounded up to 4]."""
    parts = layer.block, scaling, out, len(out) >> 2

    @micropython.native
    def requantise():
        block, scaling, out, fours = parts
        _requantise(block, scaling, out, fours)

    return requantise


@micropython.native
def choosing(layer, bias):
    """Return a function that returns the index of the largest v; the lowest wins a tie."""
    fours = (layer.neurons + 3) >> 2
    parts = layer.block, array("h", bytes(8 * fours)), fours, layer.neurons

    @micropython.native
    def largest():
        block, values, fours, neurons = parts
        _read(block, values, fours)
        return _largest(values, neurons)

    return largest


@micropython.viper
def _largest(values: ptr16, neurons: int) -> int:
    best = 0
    most = -1
    for j in range(neurons):
        v = values[j] ^ SIGN
        if v > most:
            most = v
            best = j
    return best


@micropython.asm_thumb
def _read(r0, r1, r2):
    """Write the v of r2 fours of neurons of the block r0 to i16[] at r1."""
    ldr(r7, [r0, RECORDS])
    ldr(r6, [r0, RECORD])
    ldr(r5, [r0, SPREAD])
    label(four)
    ldr(r3, [r7, 0])
    ldr(r4, [r7, 4])
    add(r3, r3, r4)
    add(r7, r7, r6)
    ldr(r4, [r7, 0])
    ldr(r0, [r7, 4])
    add(r4, r4, r0)
    add(r7, r7, r6)
    strh(r3, [r1, 0])
    data(2, SXTH | 3 << 3 | 0)
    sub(r3, r3, r0)
    lsr(r3, r3, 16)
    data(2, SXTH | 4 << 3 | 0)
    sub(r0, r4, r0)
    lsr(r0, r0, 16)
    strh(r0, [r1, 6])
    cmp(r5, 1)
    bne(neighbours)
    strh(r4, [r1, 2])
    strh(r3, [r1, 4])
    b(next)
    label(neighbours)
    strh(r3, [r1, 2])
    strh(r4, [r1, 4])
    label(next)
    add(r1, 8)
    sub(r2, 1)
    bne(four)
    mov(r0, 0)


@micropython.asm_thumb
def _requantise(r0, r1, r2, r3):  # noqa: PLR0915, because a call costs more than a neuron
    """Write the y of r3 fours of neurons of the block r0 to u8[] at r2; i32[2] at r1: factor, shift."""
    mov(r4, r8)
    mov(r5, r9)
    mov(r6, r10)
    push({r4, r5, r6})
    ldr(r7, [r0, RECORDS])
    ldr(r4, [r0, RECORD])
    mov(r8, r4)
    ldr(r4, [r0, SPREAD])
    mov(r9, r4)
    mov(r10, r3)
    ldr(r6, [r1, 4])
    ldr(r5, [r1, 0])
    mov(r4, 1)
    lsl(r4, r6)
    # Half.
    lsr(r4, r4, 1)
    label(four)
    bl(record)
    push({r0, r1})
    bl(record)
    pop({r3})
    strb(r3, [r2, 0])
    strb(r1, [r2, 3])
    pop({r3})
    mov(r1, r9)
    cmp(r1, 1)
    bne(neighbours)
    strb(r0, [r2, 1])
    strb(r3, [r2, 2])
    b(next)
    label(neighbours)
    strb(r3, [r2, 1])
    strb(r0, [r2, 2])
    label(next)
    add(r2, 4)
    mov(r0, r10)
    sub(r0, 1)
    mov(r10, r0)
    bne(four)
    pop({r4, r5, r6})
    mov(r8, r4)
    mov(r9, r5)
    mov(r10, r6)
    mov(r0, 0)
    b(end)

    # Compute the y of the record r7 in r0 and r1, and advance to the next.
    label(record)
    ldr(r1, [r7, 0])
    ldr(r3, [r7, 4])
    add(r1, r1, r3)
    mov(r3, r8)
    add(r7, r7, r3)
    data(2, SXTH | 1 << 3 | 0)
    sub(r1, r1, r0)
    asr(r1, r1, 16)
    mul(r0, r5)
    mul(r1, r5)
    add(r0, r0, r4)
    add(r1, r1, r4)
    asr(r0, r6)
    asr(r1, r6)
    cmp(r0, 255)
    bls(second)
    asr(r0, r0, 31)
    mvn(r0, r0)
    label(second)
    cmp(r1, 255)
    bls(both)
    asr(r1, r1, 31)
    mvn(r1, r1)
    label(both)
    bx(lr)
    label(end)
