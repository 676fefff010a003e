"""MicroPython's module `machine` of a chip like the ESP32, as sensors need it.

Source: MicroPython's manual, library/machine.*.rst; the exceptions were tried on the rp2 and unix ports.
`wires` is the wiring.
"""

import errno

PINS = range(40)
wires = {"adc": {}, "touch": {}, "i2c": {}, "sound": [], "given_back": []}
# Rising edges of SCL, and the number of them until the chip releases SDA.
wires |= {"clocks": 0, "held": 0}


class Pin:
    IN, OUT, OPEN_DRAIN, PULL_UP = 0, 1, 2, 3

    def __init__(self, name):
        if not isinstance(name, (int, str)):
            raise TypeError("can't convert object to int")
        if name not in PINS and name not in [f"GPIO{number}" for number in PINS]:
            raise ValueError("invalid pin")
        self.number = name if isinstance(name, int) else int(name[4:])
        self.modes = []

    def init(self, mode=-1, pull=-1, *, value=None):
        self.modes.append((mode, value))

    def value(self, level=None):
        if level is None:
            return int(wires["clocks"] >= wires["held"])
        wires["clocks"] += level
        return None


class ADC:
    def __init__(self, pin):
        if pin.number not in wires["adc"]:
            raise ValueError("invalid pin")
        self._pin = pin

    def read_u16(self):
        return wires["adc"][self._pin.number]


class I2C:
    def __init__(self, id, *, scl=None, sda=None, freq=400000):
        if id != 1 and (id, scl, sda) != (0, None, None):
            raise ValueError("bad SCL pin")
        self._id = id

    def readfrom_mem_into(self, address, register, buffer, /):
        if address not in wires["i2c"]:
            raise OSError(errno.EIO)
        buffer[:] = wires["i2c"][address][register : register + len(buffer)]

    def writeto_mem(self, address, register, data, /):
        if address not in wires["i2c"]:
            raise OSError(errno.EIO)
        wires["i2c"][address][register : register + len(data)] = data


class SoftI2C(I2C):
    def __init__(self, scl, sda, *, freq=400000):
        super().__init__(1)
        self._id = "soft"

    def deinit(self):
        wires["given_back"].append("i2c")


class TouchPad:
    def __init__(self, pin):
        if pin.number not in wires["touch"]:
            raise ValueError("invalid pin for touchpad")
        self._pin = pin

    def read(self):
        return wires["touch"][self._pin.number]


class I2S:
    RX, TX, MONO, STEREO = 0, 1, 0, 1

    def __init__(self, id, *, sck, ws, sd, mode, bits, format, rate, ibuf):
        if id:
            raise ValueError("invalid id")
        assert (mode, bits, format) == (I2S.RX, 32, I2S.MONO)
        self._at = 0

    def readinto(self, buffer):
        for k in range(0, len(buffer), 2):
            sample = wires["sound"][self._at % len(wires["sound"])]
            buffer[k], buffer[k + 1] = 0x1234, sample
            self._at += 1
        return 2 * len(buffer)

    def deinit(self):
        wires["given_back"].append("i2s")


def time_pulse_us(pin, level, timeout=1000000):
    assert pin.modes[-2:] == [(Pin.OUT, 1), (Pin.IN, None)]
    return wires["touch"].get(pin.number, -1)
