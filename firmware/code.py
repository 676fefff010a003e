"""CircuitPython starts here: serve the host until it says goodbye or sends Ctrl-C."""

from spikert import session

session.main()
