"""The network on the board's own sensor while no host asks for anything.

A class is printed when it changes. A module `app` of the user's, in the board's root, is told of every
answer: `app.answer(name)`.
"""

from spikert.live import Live
from spikert.sampling import Sampler


class Alone:
    """Runs a session's network, turn by turn.

    session     Session, whose network is loaded here
    settings    dict, of the sensor
    starts      Starts, which is told of every turn
    """

    def __init__(self, session, settings, starts):
        self.classes = _classes(session.path)
        session.load()
        self.session = session
        self.starts = starts
        self.live = Live(session, Sampler(settings))
        self.live.tell = self._print_trouble
        self.app = _app()
        self.last = None
        self.count = 0
        session.network.start()

    def turn(self):
        """Run a turn, unless a command comes first."""
        session = self.session
        if not self.live.turn(0, True):
            self.live.sampler.close()
            return
        name = self.classes[session.network.answer()]
        session.garbage.between()
        if name != self.last:
            print("spikelet: " + name)
            self.last = name
        if self.app:
            self.app.answer(name)
        self.starts.turn()

    def _print_trouble(self):
        sampler = self.live.sampler
        if sampler.trouble != self.live.said:
            self.live.said = sampler.trouble
            print("spikelet: " + (sampler.trouble or "the sensor is there again"))


def _classes(path):
    """Return the names of the network's classes, before it takes the memory that reading them does."""
    from spikert import tables

    return tables.load(path).classes


def _app():
    """Return the user's own module, None if there is none."""
    try:
        import app
    except ImportError as error:
        if "'app'" not in str(error):
            raise
        return None
    return app
