"""Options that several verbs share."""

import argparse

PORT_HELP = (
    "virtual, unix[:PATH], qemu:m3|m0|rv32[:ELF], pico[:UF2], auto, id:SERIAL or a device; "
    "without it the board that is attached, or virtual"
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
        help="plain, ulab, viper or thumb (default: the board's best)",
    )


def add_samples(parser: argparse.ArgumentParser, name: str, purpose: str) -> None:
    """Add an option that names samples, and --every for those that are recordings."""
    parser.add_argument(
        name, metavar="S", help=f"digits, an .npz or a folder of recordings: {purpose}"
    )
    parser.add_argument(
        "--every", type=int, default=1, metavar="N", help="of recordings, use one of N samples"
    )


def add_sensor(parser: argparse.ArgumentParser, *, required: bool = False) -> None:
    """Add --sensor and --rate."""
    parser.add_argument(
        "--sensor",
        required=required,
        metavar="S",
        help="that the board reads, such as mpu6050, mpu6050:sda=GP4,scl=GP5,g=2, adc:GP26,GP27, or a "
        ".json of settings; see docs/reference/sensors.md",
    )
    parser.add_argument("--rate", type=float, metavar="HZ", help="samples a second (default: 100)")
    parser.add_argument(
        "--install-driver",
        metavar="PACKAGE",
        help="first put this on the board, with circup or mip: the driver for --sensor driver:...",
    )


def add_encoder_parameter(parser: argparse._ActionsContainer) -> None:
    """Add --encoder-parameter."""
    parser.add_argument(
        "--encoder-parameter",
        type=int,
        metavar="N",
        help="bernoulli: seed, latency: least x that spikes, phase: period, delta: least change "
        "(default: its usual)",
    )
