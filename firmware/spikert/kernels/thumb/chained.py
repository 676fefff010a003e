"""Step layers in a row, in Thumb-1 assembler.

Python calls these functions of the `thumb` kernel. A call costs as much as a hundred neurons. So one
call takes a whole network through a step, or several; a single layer is a chain of one. The numbers of
a chain are in an i32[], at the offsets below in bytes. Those of its layers are in their `block`, see
rows.py and fire.py.

loops/__init__.py describes the readout's scores.
"""

import micropython
from micropython import const

from spikert.kernels.thumb.fire import FIRE, FIRED, HELD, NEXT, NEXT_START, STARTS
from spikert.kernels.thumb.rows import (
    ADD,
    BLX,
    CMP_R7_R12,
    END,
    EVENTS,
    GAIN,
    LDMIA,
    LDR_SP,
    OWN,
    RECORD,
    RECORDS,
    SPREAD,
    STMIA,
    STR_SP,
    SXTH,
)
from spikert.loops import SCORES_AT, SCORES_BEGIN, SCORES_CLASSES, SCORES_SEEN

FIRST = const(0)  # the first layer's block
LAST = const(4)  # the last layer's block
READ = const(8)  # code of `count` or `follow`, or 0 without a readout
SCORES = const(12)  # address of the readout's scores, or 0
UNPACK = const(16)  # code of `unpack`
RAW = const(20)  # address of the last layer's membranes, u16[neurons, rounded up to 4]
LENGTH = const(6)  # numbers in a chain

_ADD_SP = const(0xB000)  # words


@micropython.asm_thumb
def advance(r0, r1, r2, r3):  # noqa: PLR0915, because a call costs more than a neuron
    """Take the layers of the chain r0 through a step; return the last one's number of fired neurons.

    The step is on the r2 events at r1, their sum shifted right by r3. If r1 is 0, take r2 steps, at
    least one, on the sums that the first layer holds.
    """
    push({r0, r1, r2, r3})
    label(time)
    data(2, LDR_SP | 0 << 8 | 0)
    ldr(r0, [r0, FIRST])
    data(2, LDR_SP | 1 << 8 | 1)
    data(2, LDR_SP | 2 << 8 | 2)
    data(2, LDR_SP | 3 << 8 | 3)

    # The block r0, on r2 events at r1, shifted by r3.
    label(layer)
    cmp(r3, 0)
    bne(shifted)
    cmp(r1, 0)
    beq(held)
    ldr(r4, [r0, ADD])
    data(2, BLX | 4 << 3)
    label(neurons)
    mov(r4, r0)
    add(r4, 128)
    ldr(r4, [r4, FIRE - 128])
    data(2, BLX | 4 << 3)
    mov(r4, r1)
    add(r4, 128)
    ldr(r3, [r4, FIRED - 128])
    str(r0, [r3, 0])
    mov(r2, r0)
    mov(r0, r1)
    data(2, LDR_SP | 3 << 8 | 0)
    ldr(r5, [r3, LAST])
    cmp(r0, r5)
    beq(last)
    ldr(r1, [r0, EVENTS])
    ldr(r0, [r4, NEXT - 128])
    mov(r3, 0)
    b(layer)

    label(last)
    ldr(r4, [r3, READ])
    cmp(r4, 0)
    beq(read)
    data(2, BLX | 4 << 3)
    label(read)
    data(2, LDR_SP | 1 << 8 | 1)
    cmp(r1, 0)
    bne(end)
    data(2, LDR_SP | 1 << 8 | 2)
    sub(r1, 1)
    data(2, STR_SP | 1 << 8 | 2)
    bgt(time)
    label(end)
    mov(r0, r2)
    data(2, _ADD_SP | 4)
    b(out)

    # No own spikes, and the gain after the shift; then as a held input.
    label(shifted)
    ldr(r4, [r0, OWN])
    ldr(r5, [r0, GAIN])
    push({r3, r4, r5})
    mov(r4, 0)
    str(r4, [r0, OWN])
    str(r4, [r0, GAIN])
    ldr(r4, [r0, ADD])
    data(2, BLX | 4 << 3)
    pop({r3, r4, r5})
    str(r4, [r0, OWN])
    str(r5, [r0, GAIN])
    ldr(r1, [r0, RECORDS])
    ldr(r2, [r0, RECORD])
    ldr(r4, [r0, END])
    label(shift)
    ldr(r6, [r1, 0])
    data(2, SXTH | 6 << 3 | 7)
    sub(r6, r6, r7)
    asr(r7, r3)
    asr(r6, r6, 16)
    asr(r6, r3)
    lsl(r6, r6, 16)
    add(r6, r6, r7)
    lsl(r6, r5)
    str(r6, [r1, 0])
    add(r1, r1, r2)
    cmp(r1, r4)
    bcc(shift)
    ldr(r3, [r0, HELD])
    cmp(r3, 0)
    beq(neurons)
    ldr(r1, [r0, RECORDS])
    label(keep)
    ldr(r5, [r1, 0])
    data(2, STMIA | 3 << 8 | 1 << 5)
    add(r1, r1, r2)
    cmp(r1, r4)
    bcc(keep)

    label(held)
    ldr(r3, [r0, HELD])
    cmp(r3, 0)
    beq(neurons)
    mov(r2, 0)
    ldr(r4, [r0, ADD])
    data(2, BLX | 4 << 3)
    ldr(r1, [r0, RECORDS])
    ldr(r2, [r0, RECORD])
    ldr(r4, [r0, END])
    ldr(r3, [r0, HELD])
    label(join)
    data(2, LDMIA | 3 << 8 | 1 << 5)
    ldr(r6, [r1, 0])
    add(r6, r6, r5)
    str(r6, [r1, 0])
    add(r1, r1, r2)
    cmp(r1, r4)
    bcc(join)
    b(neurons)
    label(out)


@micropython.asm_thumb
def count():
    """Return the address of code that adds one to the scores of the chain r3 for each spike.

    They are the r2 spikes of the block r0; r2 does not change.
    """
    bl(begin)
    ldr(r1, [r0, EVENTS])
    ldr(r3, [r3, SCORES])
    ldr(r4, [r3, 4 * SCORES_AT])
    lsl(r4, r4, 2)
    add(r3, r3, r4)
    mov(r5, r2)
    cmp(r5, 0)
    beq(end)
    label(spike)
    ldrh(r4, [r1, 0])
    add(r1, 2)
    lsl(r4, r4, 2)
    add(r4, r4, r3)
    ldr(r6, [r4, 0])
    add(r6, 1)
    str(r6, [r4, 0])
    sub(r5, 1)
    bne(spike)
    label(end)
    bx(lr)
    label(begin)
    mov(r0, lr)


@micropython.asm_thumb
def follow():
    """Return the address of code that raises each score of the chain r3 to its neuron's membrane.

    They are the neurons of the block r0; r2 does not change.
    """
    bl(begin)
    push({r2, r3, lr})
    ldr(r1, [r3, RAW])
    mov(r4, 0)
    ldr(r5, [r3, UNPACK])
    data(2, BLX | 5 << 3)
    pop({r2, r3})
    ldr(r1, [r3, RAW])
    ldr(r3, [r3, SCORES])
    ldr(r5, [r3, 4 * SCORES_CLASSES])
    ldr(r4, [r3, 4 * SCORES_AT])
    lsl(r4, r4, 2)
    add(r3, r3, r4)
    label(score)
    ldrh(r4, [r1, 0])
    add(r1, 2)
    ldr(r6, [r3, 0])
    cmp(r4, r6)
    blt(lower)
    mov(r6, r4)
    label(lower)
    data(2, STMIA | 3 << 8 | 1 << 6)
    sub(r5, 1)
    bne(score)
    pop({pc})
    label(begin)
    mov(r0, lr)


@micropython.asm_thumb
def unpack():
    """Return the address of code that writes the block r0's membranes to u16[] at r1.

    It inverts the bits of r4 in each two of them.
    """
    bl(begin)
    push({lr})
    ldr(r6, [r0, RECORD])
    ldr(r7, [r0, RECORDS])
    ldr(r2, [r0, END])
    mov(r12, r2)
    ldr(r5, [r0, SPREAD])
    label(four)
    add(r7, r7, r6)
    mov(r3, r7)
    sub(r3, 4)
    ldr(r2, [r3, 0])
    add(r3, r3, r6)
    ldr(r3, [r3, 0])
    add(r7, r7, r6)
    eor(r2, r4)
    eor(r3, r4)
    cmp(r5, 1)
    bne(neighbours)
    lsr(r0, r2, 16)
    lsl(r2, r2, 16)
    lsr(r2, r2, 16)
    push({r3})
    lsl(r3, r3, 16)
    orr(r2, r3)
    pop({r3})
    lsr(r3, r3, 16)
    lsl(r3, r3, 16)
    orr(r3, r0)
    label(neighbours)
    data(2, STMIA | 1 << 8 | 0b1100)
    data(2, CMP_R7_R12)
    bcc(four)
    pop({pc})
    label(begin)
    mov(r0, lr)


@micropython.asm_thumb
def membranes(r0, r1, r2):
    """Write every membrane of the block r0, signed, to i16[] at r1; r2 is the code of `unpack`."""
    mov(r4, 1)
    lsl(r4, r4, 15)
    lsl(r3, r4, 16)
    orr(r4, r3)
    data(2, BLX | 2 << 3)
    mov(r0, 0)


@micropython.asm_thumb
def restart(r0):
    """Reset every membrane of the chain r0, clear own spikes, and start the readout's first window."""
    mov(r7, r0)
    ldr(r0, [r7, FIRST])
    label(layer)
    mov(r1, 0)
    str(r1, [r0, OWN])
    mov(r2, r0)
    add(r2, 128)
    ldr(r1, [r2, STARTS - 128])
    ldr(r2, [r2, NEXT_START - 128])
    ldr(r3, [r0, RECORDS])
    ldr(r4, [r0, END])
    ldr(r5, [r0, RECORD])
    add(r3, r3, r5)
    add(r4, r4, r5)
    sub(r3, 4)
    sub(r4, 4)
    label(record)
    ldr(r6, [r1, 0])
    add(r1, r1, r2)
    str(r6, [r3, 0])
    add(r3, r3, r5)
    cmp(r3, r4)
    bcc(record)
    ldr(r1, [r7, LAST])
    cmp(r0, r1)
    beq(scores)
    add(r0, 128)
    ldr(r0, [r0, NEXT - 128])
    b(layer)
    label(scores)
    ldr(r0, [r7, SCORES])
    cmp(r0, 0)
    beq(end)
    ldr(r1, [r0, 4 * SCORES_CLASSES])
    mov(r2, SCORES_BEGIN)
    str(r2, [r0, 4 * SCORES_AT])
    add(r2, r2, r1)
    str(r2, [r0, 4 * SCORES_SEEN])
    add(r0, 4 * SCORES_BEGIN)
    mov(r2, 0)
    label(score)
    data(2, STMIA | 0 << 8 | 1 << 2)
    sub(r1, 1)
    bne(score)
    mov(r0, 0)
    label(end)
