"""The kernel in plain Python: slow, runs everywhere, and is the easiest to read."""

from array import array

from spikert.kernels import convolution_patches as patches


class Layer:
    """A layer of integer leaky integrate-and-fire neurons; see the package for the contract."""

    def __init__(self, table):
        self.table, self.neurons = table, table.neurons
        self.synapses = _Convolution(table) if table.geometry else _Dense(table)
        self.bias = table.expanded("bias")
        self.d = table.expanded("d")
        self.low = table.expanded("low")
        self.theta = table.expanded("theta")
        self.rho = table.expanded("rho")
        self.v_reset = table.expanded("v_reset")
        self.v_start = table.expanded("v_start")
        self.current_d = table.expanded("current_d")
        neurons = range(table.neurons)
        self.sums = [0 for _ in neurons]
        self.current = array("h", self.sums)
        self.v, self.biased = array("h", self.sums), None
        self.events = array("H", neurons)
        self.fired = 0
        self.reset()

    def reset(self):
        """Reset every state."""
        for j in range(len(self.v)):
            self.v[j] = self.v_start[j % self.table.maps]
            self.current[j] = 0
        self.fired = 0

    def hold(self, x):
        """Keep the weighted sum >> 8 of the inputs x u8[inputs]."""
        self._clear()
        for i in range(len(x)):
            if x[i]:
                self.synapses.add(self.sums, i, x[i])
        self._shift(8)

    def step(self, events, count, shift):
        """Advance by one step and return the number of neurons that fired."""
        if events is not None:
            self._clear()
            sums, add = self.sums, self.synapses.add
            for k in range(count):
                add(sums, events[k], 1)
            self._shift(shift)
        sums = self.sums
        if self.table.recurrent:
            sums = self._with_own_spikes(sums)
        self._advance(sums)
        return self.fired

    def membranes(self):
        """Return the membranes as bytes, little-endian i16[neurons]."""
        return bytes(self.v)

    def _clear(self):
        for j in range(len(self.sums)):
            self.sums[j] = 0

    def _shift(self, shift):
        if shift:
            for j in range(len(self.sums)):
                self.sums[j] >>= shift

    def _with_own_spikes(self, sums):
        sums = list(sums)
        for k in range(self.fired):
            self.synapses.add(sums, self.table.inputs + self.events[k], 1)
        return sums

    def _advance(self, sums):
        """Take every neuron through a step, by the equations of tables.py."""
        table, v, bias, d, low, theta = (
            self.table,
            self.v,
            self.bias,
            self.d,
            self.low,
            self.theta,
        )
        gain, r, floors, fires, maps = table.gain, table.r, table.floors, table.fires, table.maps
        fired = 0
        for j in range(len(v)):
            k = j % maps
            drive = (sums[j] << gain) + bias[k]
            if table.current:
                current = self.current[j]
                drive += current - ((current * self.current_d[k]) >> table.current_r)
                self.current[j] = drive
            membrane = v[j]
            membrane += drive - ((membrane * d[k]) >> r)
            if floors and membrane < low[k]:
                membrane = low[k]
            if fires and membrane >= theta[k]:
                self.events[fired] = j
                fired += 1
                membrane = self.v_reset[k] if table.sets else membrane - self.rho[k]
            v[j] = membrane
        self.fired = fired


class _Dense:
    """Weights, biased, of the inputs and then of the layer's own spikes."""

    def __init__(self, table):
        self.rows = table.data[table.weights : table.weights + table.rows * table.stride]
        self.stride = table.stride
        # Bytes of a weight.
        self.size = 2 if table.pairs else 1
        self.bias = table.weight_bias

    def add(self, sums, i, times):
        """Add the weights of input i to the sums, `times` times."""
        rows, at, size, bias = self.rows, i * self.stride, self.size, self.bias
        for j in range(len(sums)):
            sums[j] += (rows[at] - bias) * times
            # The high byte of two is 0.
            at += size


class _Convolution:
    """Weights i8 in patches; see tables.py for their order, and convolution_patches.py for places."""

    def __init__(self, table):
        self.weights = table.data[table.weights : table.end]
        self.geometry = table.geometry
        self.maps = table.maps
        self.parts = self.geometry.parts()
        self.rows = patches.rows(self.geometry, self.parts)
        self.columns = patches.columns(self.geometry, self.parts)

    def add(self, sums, i, times):
        """Add the patch of input i to the sums, `times` times."""
        g, maps = self.geometry, self.maps
        pixel, channel = divmod(i, g.channels)
        row, column = divmod(pixel, g.width)
        first_row, rows, part_row, skipped_rows = _place(self.rows, row)
        first_column, columns, part_column, skipped_columns = _place(self.columns, column)
        part = 3 * (part_row * g.stride_w + part_column)
        width, at = self.parts[part + 1], self.parts[part + 2]
        at += channel * g.kernel_h * g.kernel_w + skipped_rows * width + skipped_columns
        at *= maps
        first = (first_row * g.out_w + first_column) * maps
        for _ in range(rows):
            j = first
            for weight in self.weights[at : at + columns * maps]:
                # Extend the sign of the byte.
                sums[j] += ((weight ^ 128) - 128) * times
                j += 1
            first += g.out_w * maps
            at += width * maps


def _place(places, at):
    return places[patches.PLACE * at : patches.PLACE * at + patches.PLACE]
