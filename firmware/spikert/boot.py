"""What a board does when it is switched on."""


def start(paths):
    """Serve the host.

    paths    {"network.lif": path, "samples.bin": path, ...} of what was flashed
    """
    from spikert import session

    session.main(paths)
