"""What lies between two layers of neurons in a NIR graph, folded into one matrix and one bias."""

from dataclasses import dataclass, field

import numpy as np

from spikelet.errors import SpikeletError
from spikelet.nir_neurons import FloatArray

MAX_DIAGONAL = 4096  # neurons without synapses before them: more would make 2**24 weights and more


@dataclass
class Synapses:
    """What lies before the next neurons: drive = signal @ weights + bias.

    weights  float64[inputs, width]; or float64[width], the diagonal of a matrix without more
    bias     float64[width]
    names    the nodes that were folded into it
    """

    weights: FloatArray
    bias: FloatArray
    names: list[str] = field(default_factory=list)

    @property
    def width(self) -> int:
        """Number of values that come out."""
        return len(self.bias)

    def multiply(self, matrix: FloatArray, bias: FloatArray) -> None:
        """Append a matrix float64[width, outputs] and a bias float64[outputs]."""
        diagonal = self.weights.ndim == 1
        self.weights = self.weights[:, None] * matrix if diagonal else self.weights @ matrix
        self.bias = self.bias @ matrix + bias

    def scale(self, factors: FloatArray) -> None:
        """Append a multiplication by factors float64[width]."""
        self.weights = self.weights * factors
        self.bias = self.bias * factors

    def fold(self, name: str) -> str:
        """Note a node as a part of the whole, and return what to say of it."""
        earlier = " and ".join(map(repr, self.names))
        self.names.append(name)
        return f", folded into {earlier}" if earlier else ""

    def matrix(self) -> FloatArray:
        """Return float64[inputs, width]; raises SpikeletError if that is a huge diagonal matrix."""
        if self.weights.ndim == 2:
            return self.weights
        if self.width > MAX_DIAGONAL:
            raise SpikeletError(
                f"{self.width} neurons have no Linear or Affine node before them, and would need "
                f"{self.width} x {self.width} weights; at most {MAX_DIAGONAL} can be imported"
            )
        return np.diag(self.weights)


def passing(width: int) -> Synapses:
    """Return what passes `width` values on as they are."""
    return Synapses(np.ones(width), np.zeros(width))
