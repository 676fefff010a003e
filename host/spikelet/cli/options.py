"""Adds the options that several verbs share."""

import argparse

PORT_HELP = (
    "port of the board: virtual, unix[:PATH], qemu:m3|m0|rv32[:ELF], pico[:UF2], auto, id:SERIAL or "
    "a device (default: the attached board, else virtual)"
)


def add_port(parser: argparse.ArgumentParser) -> None:
    """Add --port."""
    parser.add_argument("--port", metavar="P", help=PORT_HELP)


def add_kernel(parser: argparse.ArgumentParser) -> None:
    """Add --kernel."""
    parser.add_argument(
        "--kernel",
        default="",
        metavar="K",
        help="kernel: plain, ulab, viper or thumb (default: the fastest of the board)",
    )


def add_samples(parser: argparse.ArgumentParser, name: str, purpose: str) -> None:
    """Add an option that names samples, and --every for recordings.

    Parameters
    ----------
    parser : ArgumentParser
    name : str
        Name of the option or argument.
    purpose : str
        End of its help text, after "digits, an .npz file or a folder of recordings".
    """
    parser.add_argument(
        name, metavar="S", help=f"digits, an .npz file or a folder of recordings, {purpose}"
    )
    parser.add_argument(
        "--every",
        type=at_least_1,
        default=1,
        metavar="N",
        help="use one of N samples of each recording",
    )


def at_least_1(text: str) -> int:
    """Return the whole number in an argument, which is at least 1."""
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number of at least 1")
    return number


def add_sensor(parser: argparse.ArgumentParser, *, required: bool = False) -> None:
    """Add --sensor, --rate and --install-driver."""
    parser.add_argument(
        "--sensor",
        required=required,
        metavar="S",
        help="sensor that the board reads, such as mpu6050, mpu6050:sda=GP4,scl=GP5,g=2 or "
        "adc:GP26,GP27, or a .json file of settings; see docs/reference/sensors.md",
    )
    parser.add_argument(
        "--rate", type=float, metavar="HZ", help="samples per second of the sensor (default: 100)"
    )
    parser.add_argument(
        "--install-driver",
        metavar="PACKAGE",
        help="install this driver on the board first, with circup or mip, for --sensor driver:...",
    )


def add_encoder_parameter(parser: argparse._ActionsContainer) -> None:
    """Add --encoder-parameter."""
    parser.add_argument(
        "--encoder-parameter",
        type=int,
        metavar="N",
        help="parameter of the encoder: seed of bernoulli, least x of latency that spikes, period of "
        "phase, least change of delta (default: as the encoder sets it)",
    )
