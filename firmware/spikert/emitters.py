"""Choose the fastest form of a module that this interpreter can run.

Only some interpreters have MicroPython's native emitter, or its assembler for ARM. A module with
such forms has a file for each: NAME_thumb.py, NAME_viper.py, and NAME_plain.py for all interpreters.
"""

import sys


def fastest_form(name):
    """Return the fastest form of a module that can be imported here.

    Parameters
    ----------
    name : str, such as "loops.chain"
    """
    for form in ("thumb", "viper"):
        path = "spikert.%s_%s" % (name, form)
        try:
            __import__(path)
            return sys.modules[path]
        except (ImportError, SyntaxError, AttributeError, ValueError):
            continue
    path = "spikert.%s_plain" % name
    __import__(path)
    return sys.modules[path]
