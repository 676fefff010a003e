"""The kernel in plain Python: slow, needs nothing, and is the easiest to read."""

from array import array

from spikert.tables import WEIGHT_BIAS


class Layer:
    """A dense layer of integer leaky integrate-and-fire neurons; see the package for the contract."""

    def __init__(self, table):
        self.table = table
        neurons = range(table.neurons)
        self.rows = table.data[table.weights : table.end]
        self.bias = table.expanded("bias")
        self.d = table.expanded("d")
        self.low = table.expanded("low")
        self.theta = table.expanded("theta")
        self.rho = table.expanded("rho")
        self.v_reset = table.expanded("v_reset")
        self.v_start = table.expanded("v_start")
        self.v = array("h", self.v_start)
        self.events = array("H", neurons)
        self.drive = [0 for _ in neurons]

    def reset(self):
        """Start every membrane again."""
        for j in range(len(self.v)):
            self.v[j] = self.v_start[j]

    def hold(self, x):
        """Keep the drive of the inputs x u8[inputs]: their weighted sum >> 8, then gain and bias."""
        drive, rows, stride = self.drive, self.rows, self.table.stride
        self._clear(-WEIGHT_BIAS * sum(x))
        for i in range(len(x)):
            value = x[i]
            if value:
                at = i * stride
                for j in range(len(drive)):
                    drive[j] += rows[at + j] * value
        self._amplify(8)

    def step(self, events, count, shift):
        """Advance by one step and return how many neurons fired."""
        if events is not None:
            self._collect(events, count)
            self._amplify(shift)
        table, v, drive, d, low = self.table, self.v, self.drive, self.d, self.low
        r, floors, fires = table.r, table.floors, table.fires
        fired = 0
        for j in range(len(v)):
            membrane = v[j]
            membrane += drive[j] - ((membrane * d[j]) >> r)
            if floors and membrane < low[j]:
                membrane = low[j]
            if fires and membrane >= self.theta[j]:
                self.events[fired] = j
                fired += 1
                membrane = self.v_reset[j] if table.sets else membrane - self.rho[j]
            v[j] = membrane
        return fired

    def membranes(self):
        """Return the membranes as bytes, little-endian i16[neurons]."""
        return bytes(self.v)

    def _collect(self, events, count):
        drive, rows, stride = self.drive, self.rows, self.table.stride
        self._clear(-WEIGHT_BIAS * count)
        for k in range(count):
            at = events[k] * stride
            for j in range(len(drive)):
                drive[j] += rows[at + j]

    def _clear(self, value):
        for j in range(len(self.drive)):
            self.drive[j] = value

    def _amplify(self, shift):
        drive, bias, gain = self.drive, self.bias, self.table.gain
        for j in range(len(drive)):
            drive[j] = ((drive[j] >> shift) << gain) + bias[j]
