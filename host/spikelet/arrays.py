"""Types of numpy arrays for annotations."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Int64Array = NDArray[np.int64]
AnyIntArray = NDArray[Any]
"""int16, int32 or int64, as wide as its values need."""
FloatArray = NDArray[np.floating[Any]]
"""float32 or float64."""
Float64Array = NDArray[np.float64]
