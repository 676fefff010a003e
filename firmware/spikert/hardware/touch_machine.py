"""Read touch pads on MicroPython.

An ESP32 has its own; on other chips a pin discharges through a resistor."""

import machine  # type: ignore[import-not-found]

from spikert.hardware.pins_machine import find

# Discharges of a reading, about 20 us each.
ROUNDS = 16
# Microseconds; a longer discharge means that the pin has no resistor.
LONGEST = 1000


class Pad:
    """A touch pad; see the package's docstring."""

    def __init__(self, pin):
        self.pin = gpio = find(pin)
        self.timed = not hasattr(machine, "TouchPad")
        try:
            self.read = self._discharges if self.timed else machine.TouchPad(gpio).read
        except (ValueError, TypeError) as error:
            raise ValueError("pin %r feels no touch: %s" % (pin, error))

    def close(self):
        """Make the pin an input again."""
        if self.timed:
            self.pin.init(machine.Pin.IN)

    def _discharges(self):
        """Return the microseconds of ROUNDS discharges, 0 if one is too short or too long."""
        pin, total = self.pin, 0
        for _ in range(ROUNDS):
            pin.init(machine.Pin.OUT, value=1)
            pin.init(machine.Pin.IN)
            passed = machine.time_pulse_us(pin, 1, LONGEST)
            if passed < 0:
                return 0
            total += passed
        return total
