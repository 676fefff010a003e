"""Import the runtime from another folder than the one in use.

The host assigns `_paths` in front: {name: path} of the files to use.
"""

import sys

_paths: dict

for entry in list(sys.path):
    if entry.startswith("spikelet/") or entry == _paths["runtime"]:
        sys.path.remove(entry)
sys.path.insert(0, _paths["runtime"])
