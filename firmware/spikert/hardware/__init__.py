"""Pins and buses: NAME_machine is for MicroPython's module machine, NAME_circuit for CircuitPython's.

compat.hardware(NAME) is the one for the interpreter that runs. All raise ValueError, with one sentence,
for pins and buses that a board does not have.

pins        find(name)     a pin as the interpreter spells it: CircuitPython "A0" or "GP26", a name of
                           its module board; MicroPython what machine.Pin takes, 26 or "GP26"
analogue    Input(pin)     read() returns 0..65535, of the converter's full scale; close()
i2c         Bus(settings)  read_into(address, register, buffer) fills a buffer from a register on,
                           write(address, register, value) puts a byte into one; both raise OSError
                           where nothing answers. close(). Settings are
    sda, scl     pins; the board's own bus if not given
    frequency    int, hertz, 400000 if not given
    id           int, which of the chip's controllers, on MicroPython; if not given, one that has these
                 pins, or else a bus in software on them
    bus          str, on CircuitPython: which of the board's buses if not board.I2C(), such as
                 "STEMMA_I2C"
touch       Pad(pin)       read() returns an int, at least 0, that changes when it is touched; close()
microphone  PDM(settings, samples), I2S(settings, samples)
                           record(block) fills array('h')[samples] and waits for them; close()
"""
