"""Record microphones on CircuitPython."""

from array import array

from audiobusio import PDMIn

from spikert.hardware.pins_circuit import find

# Hertz; all chips support it.
RATE = 16000


class PDM:
    """A PDM microphone; see the package's docstring."""

    def __init__(self, settings, samples):
        self.samples = array("H", bytes(2 * samples))
        clock = find(settings.get("clock", "MICROPHONE_CLOCK"))
        data = find(settings.get("data", "MICROPHONE_DATA"))
        try:
            self.microphone = PDMIn(clock, data, sample_rate=RATE, bit_depth=16)
        except (ValueError, RuntimeError) as error:
            raise ValueError("no PDM microphone on these pins: %s" % error)

    def record(self, block):
        """Fill array('h')."""
        samples = self.samples
        self.microphone.record(samples, len(samples))
        for i in range(len(samples)):
            block[i] = samples[i] - 0x8000

    def close(self):
        """Release the pins."""
        self.microphone.deinit()
