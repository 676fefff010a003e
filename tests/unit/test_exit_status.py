"""The class of an error gives the exit status of the command, and the documentation lists each."""

import re
from pathlib import Path

import pytest

import spikelet as library
from spikelet import cli, errors
from spikelet.cli import demo

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "exit-status.md"


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (errors.SpikeletError, 1),
        (errors.UsageError, 2),
        (errors.BoardError, 3),
        (errors.BoardGone, 3),
        (errors.NotThere, 3),
        (errors.RefusedInput, 4),
        (KeyboardInterrupt, 130),
    ],
)
def test_command_ends_with_status_of_error_class(spikelet, monkeypatch, kind, status):
    def fail(*_):
        raise kind("a sentence")

    monkeypatch.setattr(demo, "run", fail)
    assert spikelet("demo")[0] == status


def test_library_exports_error_classes():
    names = ("UsageError", "BoardError", "BoardGone", "RefusedInput")
    assert all(issubclass(getattr(library, name), library.SpikeletError) for name in names)


def test_help_and_reference_list_the_same_statuses(spikelet):
    listed = re.findall(r"^  (\d+) ", cli.STATUSES, re.MULTILINE)
    assert re.findall(r"^\| (\d+) \|", PAGE.read_text("utf-8"), re.MULTILINE) == listed
    for arguments in (("--help",), ("flash", "--help")):
        assert cli.STATUSES in spikelet(*arguments)[1]


def test_doctor_of_missing_port_is_3(spikelet):
    status, out, _ = spikelet("doctor", "--port", "/dev/not-there")
    assert status == 3
    assert "/dev/not-there" in out
