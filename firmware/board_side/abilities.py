"""Report the version of ulab, and whether the probe of an emitter works."""

ulab_version = ""
try:
    import ulab

    ulab_version = getattr(ulab, "__version__", "")
except ImportError:
    pass


def works(name, code):
    """Return whether a probe of probes.py compiles here and adds one."""
    try:
        import micropython

        scope = {"micropython": micropython}
        exec(code, scope)
        return eval(name + "(1)", scope) == 2
    # Each port raises an error of its own for an emitter that it lacks.
    except Exception:
        return False
