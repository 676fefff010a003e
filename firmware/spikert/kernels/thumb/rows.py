"""List the rows of weights that a step adds, in Thumb-1 assembler.

A layer's pairs of neurons have a record each, whose first word is the pair's sum: two sums of 16 bits
as one number, high * 65536 + low. It is exact modulo 2**32 even if its parts exceed 16 bits on the way,
because in the end both fit. Numbers and absolute addresses are in `block`, i32[], at the offsets below,
in bytes; those of the first group belong to fire.py as well.

Rows are added block by block of columns, with the sums of a block in registers: see byte_rows.py and
pairs.py. A list of words names the rows. For each group of rows it has the address of the code that adds
this number of rows, then the rows' addresses. At its end is the address of the code that ends a block.
So a group needs neither a counter nor a comparison. Code that takes rows by twos starts an odd group in
its middle, behind a word that is read without use.

MicroPython's assembler lacks some of Thumb-1's instructions: add and compare with a high register, load
and store of several words, blx, sign extension, load from the stack. They are written as numbers, made
of constants; sources and targets are added as the comment beside each describes. Other modules import
them. The assembler takes only numbers and a module's own constants. So the host writes a number wherever
a module imports a constant, before a board gets the module. Source: ARM DDI 0419, ARMv6-M Architecture
Reference Manual, A6.7.
"""

import micropython
from micropython import const

RECORDS = const(0)  # address of the first record
RECORD = const(4)  # bytes in one
END = const(8)  # end of the records of neurons, less 1, so that it does not name the next object
EVENTS = const(12)  # address of the list of the layer's own spikes
OWN = const(16)  # number of them that feed back
AT = const(20)  # scratch
SPREAD = const(24)  # 1 if a record's neurons are two columns apart, 2 if they are neighbours
GAIN = const(28)
ADD = const(32)  # code that puts the sums of rows into the records

SUMS_END = const(36)  # end of the records of sums, less 1
LIST = const(40)  # address of the address of the list of rows, and of its number of words
WEIGHTS = const(44)  # address of the first row
OWN_WEIGHTS = const(48)  # address of the first row of own spikes
STRIDE = const(52)  # bytes of a row
UNIT = const(56)  # a row's bias in a sum, negative, in both halves
SUMS_START = const(60)  # start value of sums
GROUP = const(64)  # rows in a group of the list, a power of 2
GROUP_HEAD = const(68)  # code that takes a group
GROUP_CODE = const(72)  # code of a whole group's rows
GROUP_END = const(76)  # code behind a group's last row
ROW_CODE = const(80)  # bytes of code for a row, rounded down,
SPLIT_CODE = const(152)  # and for every four rows more
BLOCK_END = const(84)  # code that ends a block
LISTER = const(128)  # code of `lister`

# Offset of a block's end from the address of either `add`, that of byte_rows or pairs.
ANY_END = const(2)
# The same in records of 16 bytes without a gain.
SHORT_END = const(4)

LDMIA = const(0xC800)  # base << 8 | a bit for each of r0-r7
STMIA = const(0xC000)  # likewise
ADD_R8 = const(0x4480)  # source << 3
ADD_R9 = const(0x4481)
ADD_R10 = const(0x4482)
ADD_R11 = const(0x4483)
ADD_R12 = const(0x4484)
ADD_LR = const(0x4486)
SXTH = const(0xB200)  # source << 3 | target
BLX = const(0x4780)  # target << 3
LDR_SP = const(0x9800)  # target << 8 | offset in words
STR_SP = const(0x9000)  # source << 8 | offset in words
CMP_R7_R12 = const(0x4567)
_ADD_OF_R9 = const(0x4448)  # target, to which r9 is added
_CMP_R1_R10 = const(0x4551)
_CMP_R1_R11 = const(0x4559)


@micropython.asm_thumb
def address(r0):
    """Return the address of a buffer, as it is passed."""
    nop()


@micropython.asm_thumb
def lister():  # noqa: PLR0915, because a call costs more than a row
    """Return the address of code that lists rows: of r2 events at r1, and own ones, of the block r0.

    It needs r8 to r12 as well.
    """
    bl(begin)
    push({r4, r5, r6, r7, lr})
    mov(r12, r0)
    ldr(r6, [r0, LIST])
    ldr(r6, [r6, 0])
    ldr(r4, [r0, WEIGHTS])
    bl(rows)
    mov(r0, r12)
    ldr(r1, [r0, EVENTS])
    ldr(r2, [r0, OWN])
    ldr(r4, [r0, OWN_WEIGHTS])
    bl(rows)
    mov(r0, r12)
    ldr(r1, [r0, BLOCK_END])
    # A readable address, in case the end is taken as a group.
    ldr(r2, [r0, WEIGHTS])
    data(2, STMIA | 6 << 8 | 0b110)
    pop({r4, r5, r6, r7, pc})

    # List r2 rows, whose events are at r1; the first row is at r4.
    label(rows)
    cmp(r2, 0)
    beq(none)
    mov(r0, r12)
    ldr(r5, [r0, STRIDE])
    ldr(r3, [r0, GROUP])
    lsl(r7, r3, 1)
    # Bytes of a group's events.
    mov(r9, r7)
    sub(r3, 1)
    and_(r3, r2)
    # Rows of the partial group.
    push({r3})
    sub(r2, r2, r3)
    lsl(r2, r2, 1)
    add(r2, r2, r1)
    # The end of the events of whole groups.
    mov(r11, r2)
    ldr(r0, [r0, GROUP_CODE])
    mov(r8, r0)
    cmp(r1, r2)
    beq(rest)
    cmp(r7, 8)
    bcc(two)
    label(group)
    mov(r0, r8)
    data(2, STMIA | 6 << 8 | 0b1)
    mov(r0, r1)
    data(2, _ADD_OF_R9 | 0)
    mov(r10, r0)
    label(four)
    ldrh(r0, [r1, 0])
    ldrh(r2, [r1, 2])
    ldrh(r3, [r1, 4])
    ldrh(r7, [r1, 6])
    add(r1, 8)
    mul(r0, r5)
    mul(r2, r5)
    mul(r3, r5)
    mul(r7, r5)
    add(r0, r0, r4)
    add(r2, r2, r4)
    add(r3, r3, r4)
    add(r7, r7, r4)
    data(2, STMIA | 6 << 8 | 0b10001101)
    data(2, _CMP_R1_R10)
    bne(four)
    data(2, _CMP_R1_R11)
    bne(group)
    b(rest)

    # A group of two.
    label(two)
    mov(r0, r8)
    ldrh(r2, [r1, 0])
    ldrh(r3, [r1, 2])
    add(r1, 4)
    mul(r2, r5)
    mul(r3, r5)
    add(r2, r2, r4)
    add(r3, r3, r4)
    data(2, STMIA | 6 << 8 | 0b1101)
    data(2, _CMP_R1_R11)
    bne(two)

    label(rest)
    pop({r7})
    cmp(r7, 0)
    beq(none)
    mov(r0, r12)
    sub(r3, r7, 1)
    lsr(r3, r3, 2)
    add(r0, 128)
    ldr(r2, [r0, SPLIT_CODE - 128])
    sub(r0, 128)
    mul(r3, r2)
    ldr(r2, [r0, GROUP_END])
    sub(r2, r2, r3)
    mov(r8, r2)
    mov(r2, 0)
    ldr(r3, [r0, ROW_CODE])
    mul(r3, r7)
    lsr(r3, r3, 1)
    # 1 if the code takes rows by twos, and the first two are only one.
    adc(r2, r2)
    add(r3, r3, r2)
    lsl(r3, r3, 1)
    mov(r0, r8)
    sub(r0, r0, r3)
    data(2, STMIA | 6 << 8 | 0b1)
    lsl(r2, r2, 2)
    add(r6, r6, r2)
    label(one)
    ldrh(r0, [r1, 0])
    add(r1, 2)
    mul(r0, r5)
    add(r0, r0, r4)
    data(2, STMIA | 6 << 8 | 0b1)
    sub(r7, 1)
    bne(one)
    label(none)
    bx(lr)

    label(begin)
    mov(r0, lr)
