"""Names of classes: reading refuses letters that a file cannot hold or a terminal would obey."""

import numpy as np
import pytest

from spikelet.errors import RefusedInput
from spikelet.inputs import dataset, recordings
from spikelet.inputs.class_names import check_names


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("red\nblue", r"class 1, 'red\\nblue', has the character U\+000A"),
        ("a\ud800", r"'a\\ud800', has the character U\+D800"),
        ("\x1b[2J", r"U\+001B"),
        ("a\u2028b", r"U\+2028"),
        ("", "the name of class 1 is empty"),
        ("x" * 65534, "have 65536 bytes; at most 65535"),
    ],
)
def test_check_names_refuses_with_reason(name, reason):
    with pytest.raises(RefusedInput, match=f"^here: .*{reason}"):
        check_names(("a", name), "here: ")


def test_check_names_accepts_letters_of_all_languages():
    check_names(("still", "größer", "円", "[/b]", "two words", "👩‍🔬"))


def test_dataset_with_line_break_in_class_is_refused(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, x=np.zeros((2, 3), np.uint8), y=np.arange(2), classes=np.array(["a", "b\nc"]))
    with pytest.raises(RefusedInput, match=r"a\.npz: the name of class 1"):
        dataset.load_npz(path)


@pytest.mark.parametrize("listed", ["../outside.npy", "/etc/outside.npy", "sub/a.npy"])
def test_labels_name_no_file_outside_the_folder(tmp_path, listed):
    (tmp_path / "labels.csv").write_text(f"file,label\n{listed},a\n")
    with pytest.raises(RefusedInput, match="a file is named without a folder"):
        recordings.read_labels(tmp_path)
