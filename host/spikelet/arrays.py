"""Names for the types of arrays."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Int64Array = NDArray[np.int64]
AnyIntArray = NDArray[Any]
"""int16, int32 or int64, as wide as it must be."""
FloatArray = NDArray[np.floating[Any]]
"""float32 or float64."""
Float64Array = NDArray[np.float64]
