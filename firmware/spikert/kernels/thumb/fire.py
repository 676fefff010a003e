"""Step neurons in Thumb-1 assembler.

Every step of the `thumb` kernel needs this part. A record is for a pair of neurons; each word has one
in either half. Signed values are the number high * 65536 + low, membranes are V + 0x8000, without a
sign:

    sum        written by rows.py
    add        bias, and the surplus of the leak of a membrane without a sign
    level      -theta: its sum with a membrane has the highest bit of a half set if V >= theta
    d          only if the leak is no power of two, or the layer has a floor, or never fires
    below      only then: low - 1 + 0x10000, which less a membrane has that bit set if V < low
    membrane

Records are processed in fours of neurons: two records for the even and the odd ones, or for the first
and the last two if SPREAD is 2. Numbers and absolute addresses are in `block`, i32[], at the offsets
below and in rows.py, in bytes.
"""

import micropython
from micropython import const

from spikert.kernels.thumb.rows import (
    AT,
    CMP_R7_R12,
    END,
    EVENTS,
    LDMIA,
    OWN,
    RECORD,
    RECORDS,
    SPREAD,
    STMIA,
)

# Bytes of a record of a leak that is a shift, without a floor.
SHORT = const(16)

LEAK = const(88)  # V loses V >> this; or r
KEPT = const(92)  # bits of a half that remain after that shift, in both halves; 0: d and r count
FIRE_SIGNS = const(96)  # the highest bits of both halves, or 0
FLOOR_SIGNS = const(100)  # likewise
FOUR_FACTOR = const(104)  # 0x80000 / bytes in a record, rounded up
NEURONS = const(108)
PLACES = const(112)  # a byte for each of four neurons: offset of its membrane from the first one's
TAKEN = const(116)  # address of rho, or v_reset + 0x8000, u16[neurons]
RESET_SETS = const(120)
HELD = const(124)  # address of the sums that are held while own spikes are added, or 0
FIRE = const(132)  # code of `fire`
STARTS = const(136)  # address of the first membranes
NEXT_START = const(140)  # bytes from a pair's to the next
NEXT = const(144)  # the next layer's block
FIRED = const(148)  # address for the number of neurons that fired
NUMBERS = const(39)  # in a block

_UXTH = const(0xB280)  # source << 3 | target


@micropython.asm_thumb
def fire():  # noqa: PLR0915, because a call costs more than a neuron
    """Return the address of code that takes every neuron of the block r0 through a step.

    It lists those that fire, and leaves their number in r0, the block in r1.
    """
    bl(begin)
    push({lr})
    mov(r4, r8)
    mov(r5, r9)
    push({r4, r5})
    mov(r8, r0)
    ldr(r7, [r0, RECORDS])
    ldr(r1, [r0, EVENTS])
    str(r1, [r0, AT])
    ldr(r1, [r0, END])
    mov(r12, r1)
    ldr(r6, [r0, LEAK])
    ldr(r5, [r0, KEPT])
    cmp(r5, 0)
    beq(general)

    # The leak is a shift, without a floor.
    label(four)
    data(2, LDMIA | 7 << 8 | 0b10011)
    add(r1, r1, r0)
    ldr(r0, [r7, 0])
    mov(r3, r0)
    lsr(r3, r6)
    and_(r3, r5)
    sub(r0, r0, r3)
    add(r0, r0, r1)
    data(2, STMIA | 7 << 8 | 0b1)
    add(r4, r4, r0)
    data(2, LDMIA | 7 << 8 | 0b111)
    add(r1, r1, r0)
    ldr(r0, [r7, 0])
    mov(r3, r0)
    lsr(r3, r6)
    and_(r3, r5)
    sub(r0, r0, r3)
    add(r0, r0, r1)
    data(2, STMIA | 7 << 8 | 0b1)
    add(r2, r2, r0)
    orr(r4, r2)
    bmi(some)
    lsl(r4, r4, 16)
    bpl(none)
    label(some)
    mov(r3, r7)
    sub(r3, 2 * SHORT)
    ldr(r4, [r3, 8])
    ldr(r3, [r3, 12])
    add(r4, r4, r3)
    bl(reset)
    label(none)
    data(2, CMP_R7_R12)
    bcc(four)
    b(done)

    label(general)
    bl(pair)
    mov(r9, r2)
    bl(pair)
    mov(r4, r9)
    mov(r3, r4)
    orr(r3, r2)
    mov(r0, r8)
    ldr(r0, [r0, FIRE_SIGNS])
    tst(r3, r0)
    beq(silent)
    bl(reset)
    label(silent)
    data(2, CMP_R7_R12)
    bcc(general)

    label(done)
    mov(r1, r8)
    ldr(r0, [r1, AT])
    ldr(r2, [r1, EVENTS])
    sub(r0, r0, r2)
    lsr(r0, r0, 1)
    ldr(r2, [r1, HELD])
    cmp(r2, 0)
    beq(leave)
    str(r0, [r1, OWN])
    label(leave)
    pop({r4, r5})
    mov(r8, r4)
    mov(r9, r5)
    pop({pc})

    # r7 is the pair's record; leaves the comparison in r2.
    label(pair)
    data(2, LDMIA | 7 << 8 | 0b1111)
    add(r1, r1, r0)
    ldr(r0, [r7, 4])
    data(2, _UXTH | 0 << 3 | 4)
    data(2, _UXTH | 3 << 3 | 5)
    mul(r4, r5)
    lsr(r4, r6)
    lsr(r5, r0, 16)
    lsr(r3, r3, 16)
    mul(r5, r3)
    lsr(r5, r6)
    lsl(r5, r5, 16)
    sub(r0, r0, r4)
    sub(r0, r0, r5)
    add(r0, r0, r1)
    ldr(r3, [r7, 0])
    sub(r3, r3, r0)
    mov(r4, r8)
    ldr(r1, [r4, FLOOR_SIGNS])
    and_(r1, r3)
    beq(above)
    # low - 1 - V.
    bic(r3, r1)
    lsr(r1, r1, 15)
    # low - V in those below.
    add(r3, r3, r1)
    lsl(r5, r1, 16)
    sub(r5, r5, r1)
    and_(r3, r5)
    add(r0, r0, r3)
    label(above)
    str(r0, [r7, 4])
    add(r7, 8)
    add(r2, r2, r0)
    bx(lr)

    # Reset the neurons that fired, of the two records before r7; r4 and r2 are their comparisons.
    label(reset)
    push({r5, r6, r7})
    mov(r0, r8)
    # Each one's bit; those of bytes are in the order 4, 2, 6, 3.
    lsr(r3, r2, 31)
    lsl(r3, r3, 3)
    lsl(r2, r2, 16)
    lsr(r2, r2, 31)
    lsr(r6, r4, 31)
    lsl(r4, r4, 16)
    lsr(r4, r4, 31)
    orr(r4, r3)
    ldr(r3, [r0, SPREAD])
    lsl(r2, r3)
    orr(r4, r2)
    mov(r2, 3)
    sub(r2, r2, r3)
    lsl(r6, r2)
    orr(r4, r6)
    ldr(r1, [r0, RECORDS])
    sub(r1, r7, r1)
    lsr(r1, r1, 4)
    ldr(r3, [r0, FOUR_FACTOR])
    mul(r1, r3)
    lsr(r1, r1, 16)
    lsl(r1, r1, 2)
    sub(r1, 4)
    ldr(r3, [r0, RECORD])
    sub(r7, r7, r3)
    sub(r7, 4)
    ldr(r5, [r0, PLACES])
    # The neuron r1, the lowest bit of r4.
    label(neuron)
    lsr(r4, r4, 1)
    bcc(next)
    ldr(r2, [r0, NEURONS])
    cmp(r1, r2)
    bcs(next)
    ldr(r2, [r0, AT])
    strh(r1, [r2, 0])
    add(r2, 2)
    str(r2, [r0, AT])
    lsl(r6, r5, 24)
    lsr(r6, r6, 24)
    add(r6, r6, r7)
    ldr(r2, [r0, TAKEN])
    lsl(r3, r1, 1)
    add(r2, r2, r3)
    ldrh(r2, [r2, 0])
    ldr(r3, [r0, RESET_SETS])
    cmp(r3, 0)
    bne(set)
    ldrh(r3, [r6, 0])
    sub(r2, r3, r2)
    label(set)
    strh(r2, [r6, 0])
    label(next)
    add(r1, 1)
    lsr(r5, r5, 8)
    cmp(r4, 0)
    bne(neuron)
    pop({r5, r6, r7})
    bx(lr)

    label(begin)
    mov(r0, lr)
