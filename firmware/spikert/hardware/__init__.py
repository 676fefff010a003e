"""Read pins and buses: NAME_machine on MicroPython, NAME_circuit on CircuitPython.

NAME_machine uses MicroPython's module machine. compat.hardware(NAME) is the module for the present
interpreter. All raise ValueError, with one sentence, for pins and buses that a board does not have.

pins        find(name)     a pin by its name: CircuitPython "A0" or "GP26", a name of its module board;
                           MicroPython an argument of machine.Pin, 26 or "GP26"
analogue    Input(pin)     read() returns 0..65535, of the converter's full scale; close()
i2c         Bus(settings)  read_into(address, register, buffer) fills a buffer, starting at a register;
                           write(address, register, value) writes a byte into one. Both raise OSError
                           if no chip answers. close(). Settings are
    sda, scl     pins; the board's own bus by default
    frequency    int, hertz, 400000 by default
    id           int, one of the chip's controllers, on MicroPython; by default one that has these
                 pins, or else a bus in software on them
    bus          str, on CircuitPython: another of the board's buses than board.I2C(), such as
                 "STEMMA_I2C"
touch       Pad(pin)       read() returns an int, at least 0, that changes at a touch; close()
microphone  PDM(settings, samples), I2S(settings, samples)
                           record(block) fills array('h')[samples] and waits for them; close()
"""
