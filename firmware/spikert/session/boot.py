"""What happens at power-up: the network runs on its sensor, and a host can come at any time.

Nothing here may lock a user out. Ctrl-C gives the REPL at any moment; a file SAFE in the board's root,
or a button that is held, leaves everything as it is; and what ended three times in a row before it
had run for long, for whatever reason, is not started again.
"""

from spikert import compat
from spikert.session import NETWORK, RECORDING, SENSOR, Session, compat_boot, files
from spikert.session.crash_count import TRIES, CrashCount

SAFE = "SAFE"


def start(paths):
    """Run until Ctrl-C, or until it failed too often.

    paths    {name: path} of what was flashed, see session
    """
    crashes = CrashCount()
    while True:
        reason = _refusal(paths, crashes)
        if reason:
            print("spikelet: not started, for " + reason)
            return
        alone = _alone(paths)
        if alone:  # who only waits for a host need not write it down
            crashes.begin()
        try:
            _run(paths, crashes)
            break
        except KeyboardInterrupt:
            break
        except Exception as error:  # whatever a sensor, a network or the user's app raises
            compat_boot.print_error(error)
            if not alone:
                crashes.begin()
            crashes.fail("%s: %s" % (type(error).__name__, error))
    crashes.succeed()
    print("spikelet: stopped; Ctrl-D starts it again")


def _refusal(paths, crashes):
    """Return why nothing is to be started, or nothing."""
    if compat_boot.exists(SAFE):
        return "there is a file %s; remove it to start again" % SAFE
    if crashes.count >= TRIES:
        return "it ended %d times in a row at once (%s); %s lets it try again" % (
            crashes.count,
            crashes.reason or "without a word, as when power fails",
            "spikelet flash, or removing " + crashes.path,
        )
    button = _button(paths)
    if button and compat.hardware("button").pressed(*button):
        return "the button at %s is held" % button[0]
    return ""


def _button(paths):
    """Return what the settings say of a button, None where they say nothing."""
    try:
        return _settings(paths).get("button")
    except ValueError:  # which is said when the sensor is opened
        return None


def _alone(paths):
    """Return whether there is a network to run on a sensor."""
    return NETWORK in paths and SENSOR in paths


def _settings(paths):
    """Return what is known of the sensor, an empty dict if nothing."""
    if SENSOR not in paths:
        return {}
    from spikert.session import sensor_turns

    return sensor_turns.settings(paths[SENSOR], paths.get(RECORDING))


def _run(paths, crashes):
    """Run the network on the sensor until the host sends a command, then serve that."""
    session = Session(*compat_boot.ports(), *files(paths))
    turn = None
    if _alone(paths):
        from spikert.session.standalone import Standalone

        turn = Standalone(session, _settings(paths), crashes).go_on
    while session.serve(turn):
        pass
