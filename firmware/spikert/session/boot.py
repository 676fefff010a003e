"""Start the network on its sensor at power-up, and let a host connect at any time.

A user is never locked out. Ctrl-C gives the REPL at any moment. A file SAFE in the board's root, or a
button that is held, prevents the start. After three crashes in a row, for any reason, the board stops
starting the network by itself.
"""

from spikert import compat
from spikert.session import NETWORK, RECORDING, SENSOR, Session, compat_boot, files
from spikert.session.crash_count import TRIES, CrashCount

SAFE = "SAFE"
# The beginnings of the last line of a program that has ended; the host recognises them.
STOPPED = "spikelet: stopped; "
REFUSED = "spikelet: not started: "


def start(paths):
    """Run until Ctrl-C, or until three starts in a row have failed.

    Parameters
    ----------
    paths : {name: path} of the flashed files, see session
    """
    title_bar = compat.title_bar(False)
    try:
        _start(paths)
    finally:
        compat.title_bar(title_bar)


def _start(paths):
    crashes = CrashCount()
    # A board that only waits for a host runs nothing that resets the chip.
    if _alone(paths):
        crashes.power_up()
    while True:
        reason = _refusal(paths, crashes)
        if reason:
            _end(REFUSED + reason)
            return
        crashes.begin()
        try:
            _run(paths, crashes)
            break
        except KeyboardInterrupt:
            break
        # A sensor, a network or the user's app can raise any error.
        except Exception as error:
            compat_boot.print_error(error)
            crashes.fail("%s: %s" % (type(error).__name__, error))
    crashes.succeed()
    _end(STOPPED + "Ctrl-D starts it again")


def _end(text):
    """Print why nothing runs, also to a host at the second serial port."""
    print(text)
    compat_boot.tell_host(text)


def _refusal(paths, crashes):
    """Return the reason not to start, or an empty text."""
    if compat_boot.exists(SAFE):
        return "there is a file %s; remove it to start again" % SAFE
    if crashes.count >= TRIES:
        return "it ended %d times in a row at once (%s); %s lets it try again" % (
            crashes.count,
            crashes.reason or "for an unknown reason",
            "spikelet flash, or removing " + crashes.path,
        )
    button = _button(paths)
    if button and _pressed(*button):
        return "the button at %s is held" % button[0]
    return ""


def _pressed(pin, level):
    """Return whether a button is held; a button that cannot be read does not prevent the start."""
    try:
        return compat.hardware("button").pressed(pin, level)
    # A wrong name, a pin in use, or a module that this interpreter lacks.
    except Exception as error:
        print("spikelet: cannot read the button at %s: %s" % (pin, error))
        return False


def _button(paths):
    """Return the button of the settings, or None."""
    try:
        return _settings(paths).get("button")
    # Opening the sensor reports it.
    except ValueError:
        return None


def _alone(paths):
    """Return whether a network and a sensor were flashed."""
    return NETWORK in paths and SENSOR in paths


def _settings(paths):
    """Return the settings of the sensor, empty if there are none."""
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
