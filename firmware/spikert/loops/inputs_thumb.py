"""Copy readings, and step the encoders, in ARM's Thumb-1 assembler."""

from array import array

import micropython


@micropython.asm_thumb
def copy(r0, r1, r2):
    """Copy r2 bytes of readings at r1 into x at r0."""
    label(byte)
    sub(r2, 1)
    ldrb(r3, [r1, 0])
    strb(r3, [r0, 0])
    add(r0, 1)
    add(r1, 1)
    cmp(r2, 0)
    bne(byte)
    mov(r0, 0)


@micropython.asm_thumb
def rate(r0, r1, r2, r3):
    """Add x at r0 to the r3 sums at r1; list at r2 the inputs that carried, return their number."""
    mov(r7, r2)
    mov(r6, 0)
    label(channel)
    ldrb(r4, [r0, 0])
    ldrb(r5, [r1, 0])
    add(r4, r4, r5)
    strb(r4, [r1, 0])
    lsr(r4, r4, 8)
    beq(none)
    strh(r6, [r2, 0])
    add(r2, 2)
    label(none)
    add(r0, 1)
    add(r1, 1)
    add(r6, 1)
    cmp(r6, r3)
    bne(channel)
    sub(r0, r2, r7)
    lsr(r0, r0, 1)


@micropython.asm_thumb
def draw(r0, r1, r2, r3):
    """Draw a number for each of r3 inputs; list at r2 those with a larger x at r0; return how many."""
    push({r1, r2})
    ldrh(r4, [r1, 0])
    mov(r6, 0)
    label(channel)
    lsl(r5, r4, 7)
    eor(r4, r5)
    lsl(r4, r4, 16)
    lsr(r4, r4, 16)
    lsr(r5, r4, 9)
    eor(r4, r5)
    lsl(r5, r4, 8)
    eor(r4, r5)
    lsl(r4, r4, 16)
    lsr(r5, r4, 24)
    lsr(r4, r4, 16)
    ldrb(r7, [r0, 0])
    cmp(r5, r7)
    bcs(none)
    strh(r6, [r2, 0])
    add(r2, 2)
    label(none)
    add(r0, 1)
    add(r6, 1)
    cmp(r6, r3)
    bne(channel)
    pop({r1, r7})
    strh(r4, [r1, 0])
    sub(r0, r2, r7)
    lsr(r0, r0, 1)


@micropython.asm_thumb
def bits(r0, r1, r2, r3):
    """List at r2 those of r3 inputs whose x at r0 has the next bit, return their number.

    At r1 are that bit's distance from the highest, and then the period.
    """
    ldrh(r4, [r1, 0])
    ldrh(r5, [r1, 2])
    add(r4, 1)
    cmp(r4, r5)
    bne(next)
    mov(r4, 0)
    label(next)
    strh(r4, [r1, 0])
    mov(r1, 0x80)
    lsr(r1, r4)
    mov(r7, r2)
    mov(r6, 0)
    label(channel)
    ldrb(r4, [r0, 0])
    tst(r4, r1)
    beq(none)
    strh(r6, [r2, 0])
    add(r2, 2)
    label(none)
    add(r0, 1)
    add(r6, 1)
    cmp(r6, r3)
    bne(channel)
    sub(r0, r2, r7)
    lsr(r0, r0, 1)


@micropython.asm_thumb
def change(r0, r1, r2, r3):
    """List at r2 inputs 2i whose x at r0 rose and 2i + 1 whose x fell, return their number.

    They did so by the threshold, and their references at r1 follow by it. u16[2] at r3 are the threshold
    and the number of channels.
    """
    push({r2})
    ldrh(r7, [r3, 2])
    ldrh(r3, [r3, 0])
    lsl(r7, r7, 1)
    mov(r6, 0)
    label(channel)
    ldrb(r4, [r0, 0])
    ldrb(r5, [r1, 0])
    sub(r4, r4, r5)
    cmp(r4, r3)
    blt(low)
    add(r5, r5, r3)
    strh(r6, [r2, 0])
    b(changed)
    label(low)
    add(r4, r4, r3)
    bgt(none)
    sub(r5, r5, r3)
    add(r6, 1)
    strh(r6, [r2, 0])
    sub(r6, 1)
    label(changed)
    strb(r5, [r1, 0])
    add(r2, 2)
    label(none)
    add(r0, 1)
    add(r1, 1)
    add(r6, 2)
    cmp(r6, r7)
    bne(channel)
    pop({r7})
    sub(r0, r2, r7)
    lsr(r0, r0, 1)


@micropython.asm_thumb
def due(r0, r1, r2, r3):
    """Move the inputs of the present step to the front of the events at r2, return their number.

    The ends are at r0; r1 is the index behind them of the next step's number.
    """
    lsl(r1, r1, 1)
    add(r1, r1, r0)
    ldrh(r3, [r1, 0])
    add(r4, r3, 1)
    strh(r4, [r1, 0])
    lsl(r4, r3, 1)
    add(r0, r0, r4)
    ldrh(r5, [r0, 0])
    mov(r6, 0)
    cmp(r3, 0)
    beq(first)
    sub(r0, 2)
    ldrh(r6, [r0, 0])
    label(first)
    sub(r0, r5, r6)
    beq(end)
    cmp(r6, 0)
    beq(end)
    lsl(r6, r6, 1)
    add(r6, r6, r2)
    mov(r5, r0)
    label(move)
    ldrh(r4, [r6, 0])
    strh(r4, [r2, 0])
    add(r6, 2)
    add(r2, 2)
    sub(r5, 1)
    bne(move)
    label(end)


def planning(times, ends, events, steps, least, channels):
    """Return a function that sorts the inputs of an x by the time of their spike."""
    at = _address
    block = array("i", (at(times), at(ends), at(events), steps, least, channels))

    def plan(x):
        _plan(x, block)

    return plan


@micropython.asm_thumb
def _address(r0):
    """Return the address of a buffer, as it is passed."""
    nop()


@micropython.asm_thumb
def _plan(r0, r1):  # noqa: PLR0915, because a call costs more than a channel
    """Sort x at r0 by spike time.

    i32[] at r1: addresses of times, ends and events, then steps, least, channels.
    """
    ldr(r2, [r1, 4])
    ldr(r7, [r1, 12])
    mov(r4, 0)
    mov(r3, r2)
    add(r5, r7, 2)
    label(clear)
    strh(r4, [r3, 0])
    add(r3, 2)
    sub(r5, 1)
    bne(clear)
    ldr(r3, [r1, 0])
    ldr(r6, [r1, 20])
    label(input)
    ldrb(r4, [r0, 0])
    add(r0, 1)
    ldr(r5, [r1, 16])
    cmp(r4, r5)
    bcc(silent)
    mvn(r4, r4)
    lsl(r4, r4, 24)
    lsr(r4, r4, 24)
    mul(r4, r7)
    lsr(r4, r4, 8)
    b(timed)
    label(silent)
    mov(r4, r7)
    label(timed)
    strh(r4, [r3, 0])
    add(r3, 2)
    lsl(r4, r4, 1)
    add(r4, r4, r2)
    ldrh(r5, [r4, 0])
    add(r5, 1)
    strh(r5, [r4, 0])
    sub(r6, 1)
    bne(input)
    # The start of a step's spikes.
    mov(r3, 0)
    mov(r5, r2)
    add(r7, 1)
    label(step)
    ldrh(r4, [r5, 0])
    strh(r3, [r5, 0])
    add(r3, r3, r4)
    add(r5, 2)
    sub(r7, 1)
    bne(step)
    ldr(r3, [r1, 0])
    ldr(r7, [r1, 20])
    ldr(r1, [r1, 8])
    mov(r6, 0)
    label(sorted)
    ldrh(r4, [r3, 0])
    add(r3, 2)
    lsl(r4, r4, 1)
    add(r4, r4, r2)
    ldrh(r5, [r4, 0])
    add(r0, r5, 1)
    strh(r0, [r4, 0])
    lsl(r5, r5, 1)
    add(r5, r5, r1)
    strh(r6, [r5, 0])
    add(r6, 1)
    cmp(r6, r7)
    bne(sorted)
    mov(r0, 0)
