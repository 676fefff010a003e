"""Make look-up tables from a convolution's inputs to its weights, for all kernels.

A spike's patch is the box of neurons that it reaches, less the part beyond the neurons' edges. Its
rows depend on the input's row only and its columns on the input's column only. So there is a place
for each row and one for each column, four numbers each:

    FIRST      the first row, or column, of neurons that is reached
    COUNT      number of reached rows, or columns
    PART       index of the weights' part with them, among the rows or the columns of parts
    SKIPPED    number of rows, or columns, of that part beyond the edge before FIRST
"""

from array import array

FIRST, COUNT, PART, SKIPPED = range(4)
# Numbers in a place.
PLACE = 4


def rows(geometry, parts):
    """Return array u16[height, PLACE]: the place of each row of the input.

    Parameters
    ----------
    geometry : tables.Geometry
    parts : the result of its method `parts`
    """
    g = geometry
    lengths = [parts[3 * g.stride_w * part] for part in range(g.stride_h)]
    return _places(g.height, g.pool_h, g.pad_h, g.stride_h, g.out_h, lengths)


def columns(geometry, parts):
    """Return array u16[width, PLACE]: the place of each column of the input."""
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
        # The pooling drops the remainder.
        if at >= size // pool * pool:
            count = 0
        place = (first, count, part, first - begin) if count else (0, 0, 0, 0)
        places.extend(array("H", place))
    return places
