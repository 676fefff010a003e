# ruff: noqa
"""Keep MicroPython busy: bytecode, viper, assembler, floats, files and errors.

tests/boards/test_pico_translations.py runs it on the emulated Pico.
"""

import sys, math, array, micropython


@micropython.viper
def v(n: int) -> int:
    a = 0
    b = ptr32(array.array("i", [1, 2, 3, -4]))
    for i in range(n):
        a = (a * 31 + i) ^ (a >> 3) ^ b[i & 3] ^ (a << (i & 7))
        if a < -5:
            a += 1
    return a


@micropython.asm_thumb
def t(r0, r1):
    mov(r2, 0)
    label(L)
    add(r2, r2, r1)
    asr(r2, r1)
    lsl(r2, r1)
    eor(r2, r0)
    sub(r0, 1)
    bne(L)
    mov(r0, r2)


print(v(20000), t(3000, 5))
x = 0.5
for i in range(300):
    x = math.sin(x) * 3.7 + math.sqrt(i) / 7
print(x, 7**400 % 1000007, sum(i * i for i in range(3000)))
d = {}
for i in range(500):
    d[i * 7 % 101] = str(i) * 3
print(len(d), d[5])
s = sorted(d.values())
print(s[3])
import struct, json

print(json.dumps({"a": [1, 2.5, "x"]}), struct.pack("<hI", -2, 77777))
for k in range(30):
    exec("def f%d(x):\n return x*%d+1" % (k, k))
    print(eval("f%d(%d)" % (k, k)), end=" ")
try:
    1 / 0
except Exception as e:
    print(repr(e))
with open("x.txt", "w") as f:
    f.write("hello" * 100)
print(open("x.txt").read()[:7])
