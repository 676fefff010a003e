"""The kernel on ulab: CircuitPython's full builds, and MicroPython with ulab built in.

Every operation below costs some thousand instructions to start and allocates, so there are few of
them. Rows are views made once, sums wrap at 16 bits, and a one-element array stands for a scalar,
because ulab gives Python numbers a type by their value.
"""

from spikert.compat import np
from spikert.tables import WEIGHT_BIAS

if np is None:
    raise ImportError("this interpreter has no ulab")

_FIRED = b"\x01"  # how a comparison stores True


class Layer:
    """A dense layer of integer leaky integrate-and-fire neurons; see the package for the contract."""

    def __init__(self, table):
        self.table = table
        self.rows = [
            _view(table, np.uint8, table.weights + i * table.stride, table.neurons)
            for i in range(table.inputs)
        ]
        self.bias = _parameter(table, "bias")
        self.d = _parameter(table, "d")
        self.low = _parameter(table, "low")
        self.theta = _parameter(table, "theta")
        self.rho = _parameter(table, "rho")
        self.v_reset = _parameter(table, "v_reset")
        self.v_start = _parameter(table, "v_start")
        self.biased = _any(self.bias)
        state = bytearray(2 * table.neurons)
        self.v = np.frombuffer(state, dtype=np.int16)
        self.low_bytes = np.frombuffer(state, dtype=np.uint8)[0::2]
        self.high_bytes = np.frombuffer(state, dtype=np.int8)[1::2]
        self.drive = np.zeros(table.neurons, dtype=np.int16)
        self.correction = np.zeros(1, dtype=np.int16)
        self.byte = np.zeros(1, dtype=np.int16)
        self.byte[0] = 255
        self.leak = self._leak_kind()
        self.events = ()
        self.reset()

    def _leak_kind(self):
        """Return the k of a leak V >> k, 0 where nothing leaks, None for any other leak."""
        d, r = self.d, self.table.r
        if not _any(d):
            return 0
        if len(d) > 1:
            return None
        for power in range(8):
            if d[0] == 1 << power:
                return r - power
        return None

    def reset(self):
        """Start every membrane again."""
        self.v[:] = 0
        self.v += self.v_start

    def hold(self, x):
        """Keep the drive of the inputs x u8[inputs]: their weighted sum >> 8, then gain and bias.

        Bit by bit from the lowest: floor((S0 + 2 S1 + 4 S2 + ...) / 256) is reached by adding the sum
        of the rows whose x has that bit and halving, eight times; nothing exceeds 16 bits.
        """
        drive = self.drive
        drive[:] = 0
        x = np.frombuffer(x, dtype=np.uint8)
        for bit in range(8):
            plane = np.bitwise_and(x, 1 << bit)
            if any(plane):
                self._add_rows(drive, np.nonzero(plane)[0])
            drive = np.right_shift(drive, 1)
        self.drive = self._amplified(drive)

    def step(self, events, count, shift):
        """Advance by one step and return how many neurons fired."""
        v = self.v
        self._leak(v)
        if events is None:
            v += self.drive
        else:
            self._integrate(v, events if len(events) == count else events[:count], shift)
        if self.table.floors:
            v[:] = np.maximum(v, self.low)
        return self._fire(v) if self.table.fires else 0

    def membranes(self):
        """Return the membranes as bytes, little-endian i16[neurons]."""
        return self.v.tobytes()

    def _leak(self, v):
        if self.leak:
            v -= np.right_shift(v, self.leak)
        elif self.leak is None:
            # V = 256 high + low, so (V * d) >> r is (high * d + ((low * d) >> 8)) >> (r - 8), and
            # each product fits 16 bits, the lower one without a sign
            carry = np.bitwise_and(np.right_shift(self.low_bytes * self.d, 8), self.byte)
            carry += self.high_bytes * self.d
            v -= np.right_shift(carry, self.table.r - 8)

    def _integrate(self, v, events, shift):
        if self.table.gain or shift:
            drive = self.drive
            drive[:] = 0
            self._add_rows(drive, events)
            v += self._amplified(np.right_shift(drive, shift) if shift else drive)
            return
        self._add_rows(v, events)
        if self.biased:
            v += self.bias

    def _add_rows(self, sums, events):
        rows = self.rows
        for i in events:
            sums += rows[i]
        # wrapped to 16 bits by hand: CircuitPython refuses to store what does not fit
        self.correction[0] = ((WEIGHT_BIAS * len(events) + 0x8000) & 0xFFFF) - 0x8000
        sums -= self.correction

    def _amplified(self, drive):
        if self.table.gain:
            drive = np.left_shift(drive, self.table.gain)
        if self.biased:
            drive += self.bias
        return drive

    def _fire(self, v):
        fired = v >= self.theta
        if _FIRED not in fired.tobytes():
            return 0
        # the differences may wrap, and wrap back
        v -= fired * (v - self.v_reset if self.table.sets else self.rho)
        self.events = np.nonzero(fired)[0]
        return len(self.events)


def _view(table, dtype, offset, count):
    return np.frombuffer(table.data, dtype=dtype, count=count, offset=offset)


def _parameter(table, name):
    return _view(table, np.int16, *table.where[name])


def _any(values):
    for value in values:
        if value:
            return True
    return False
