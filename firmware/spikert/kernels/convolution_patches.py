"""Where a convolution's weights meet an input: what all kernels look up, made once.

A spike's patch is the box of neurons that it reaches, less what lies beyond the neurons' edges. Its
rows depend on the input's row only and its columns on the input's column only, so there is a place
for each row and one for each column, four numbers each:

    FIRST      the first row, or column, of neurons that is reached
    COUNT      how many are reached
    PART       which part of the weights has them, of the rows or the columns of parts
    SKIPPED    how many rows, or columns, of that part lie beyond the edge before FIRST
"""

from array import array

FIRST, COUNT, PART, SKIPPED = range(4)
PLACE = 4  # numbers in a place


def rows(geometry, parts):
    """Return array u16[height, PLACE]: where each row of the input meets the weights.

    parts    tables.Geometry's
    """
    g = geometry
    lengths = [parts[3 * g.stride_w * part] for part in range(g.stride_h)]
    return _places(g.height, g.pool_h, g.pad_h, g.stride_h, g.out_h, lengths)


def columns(geometry, parts):
    """Return array u16[width, PLACE]: where each column of the input meets the weights."""
    g = geometry
    lengths = [parts[3 * part + 1] for part in range(g.stride_w)]
    return _places(g.width, g.pool_w, g.pad_w, g.stride_w, g.out_w, lengths)


def _places(size, pool, pad, stride, out, lengths):
    places = array("H")
    for at in range(size):
        padded = at // pool + pad
        part = padded % stride
        end = padded // stride + 1
        begin = end - lengths[part]
        first = max(begin, 0)
        count = max(min(end, out) - first, 0)
        if at >= size // pool * pool:  # left over by the pooling
            count = 0
        place = (first, count, part, first - begin) if count else (0, 0, 0, 0)
        places.extend(array("H", place))
    return places
