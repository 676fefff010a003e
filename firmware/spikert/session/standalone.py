"""Run the network on the board's own sensor while no host sends commands.

A class is printed when it changes. A module `app` in the board's root, written by the user, gets
every answer: `app.answer(name)`.
"""

from spikert.sensors.sampler import Sampler
from spikert.session.sensor_turns import SensorTurns


class Standalone(SensorTurns):
    """Runs a session's network, and prints its answers on the console.

    Parameters
    ----------
    session : Session, whose network is loaded here
    settings : dict, of the sensor
    crashes : CrashCount, which counts every turn
    """

    def __init__(self, session, settings, crashes):
        self.classes = _classes(session.path)
        session.load()
        super().__init__(session, Sampler(settings))
        self.crashes = crashes
        self.app = _app()
        self.last = None
        session.network.start()

    def go_on(self):
        """Run a turn, unless a command comes first."""
        session = self.session
        if not self.turn(0, True):
            self.sampler.close()
            return
        name = self.classes[session.network.answer()]
        self.sampler.rest()
        if name != self.last:
            print("spikelet: " + name)
            self.last = name
        if self.app:
            self.app.answer(name)
        self.crashes.turn()

    def tell(self):
        """Print the trouble of the sensor, and its return."""
        trouble = self.sampler.trouble
        if trouble != self.reported_trouble and (trouble or self.reported_trouble):
            print("spikelet: " + (trouble or "the sensor is there again"))
        self.reported_trouble = trouble


def _classes(path):
    """Return the names of the network's classes; read them before the network takes its memory."""
    from spikert.network import tables

    return tables.load(path).classes


def _app():
    """Return the user's own module, or None."""
    try:
        import app  # type: ignore[import-not-found]
    except ImportError as error:
        if "'app'" not in str(error):
            raise
        return None
    return app
