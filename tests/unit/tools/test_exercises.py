"""The rules of the measurement of exercises: labels, balanced accuracy and its interval."""

import load_tool
import numpy as np
import pytest

# Deviations of the acceleration, LSB.
STILL, MOVING = 10, 5000


tool = load_tool.load("measure_exercises")


@pytest.fixture
def folder(tmp_path):
    """Return a folder of recordings; labels.csv lists three of them."""
    rng = np.random.default_rng(0)
    for name, deviation in (
        ("a_squat", MOVING),
        ("b_squat", STILL),
        ("c_squat", STILL),
        ("d_squat", MOVING),
        ("e_squat", MOVING),
        ("f_other", STILL),
    ):
        raw = np.array([16_384, 0, 0]) + rng.normal(0, deviation, (400, 3))
        np.save(tmp_path / f"{name}.npy", raw.astype(np.int16))
    text = "file,label\nc_squat.npy,squat\nd_squat.npy,mixed\ne_squat.npy,lunge\n"
    (tmp_path / "labels.csv").write_text(text)
    return tmp_path


def test_measure_exercises_labels_follow_rule(folder):
    recordings = tool.exercises(folder)
    labels = {
        name[0]: recordings.classes[label]
        for name, label in zip(recordings.names, recordings.labels, strict=True)
    }
    assert labels == {
        # The file's name decides.
        "a": "squat",
        # It hardly moves, and labels.csv does not list it.
        "b": "other",
        # It hardly moves, but labels.csv lists it.
        "c": "squat",
        # labels.csv overrides the name.
        "e": "lunge",
        "f": "other",
    }
    # A mixed recording is left out.
    assert "d_squat.npy" in recordings.skipped[0]


def answers(y, answer, recording):
    return tool.Answers(np.array(y), np.array(answer), np.array(recording))


def test_measure_exercises_balanced_accuracy_averages_classes():
    few = answers([0, 0, 0, 0, 1], [0, 0, 0, 1, 1], [0, 0, 1, 1, 2])
    assert tool.balanced_accuracy(few) == (0.75 + 1) / 2


def test_measure_exercises_interval_draws_recordings():
    # One of four recordings of class 0 is completely wrong; class 1 is always right.
    y = [0] * 40 + [1] * 40
    answer = [1] * 10 + [0] * 30 + [1] * 40
    low, high = tool.interval([answers(y, answer, np.repeat(np.arange(8), 10))])
    assert (low, high) == (pytest.approx(0.625), 1.0)
    assert tool.interval([answers(y, y, np.repeat(np.arange(8), 10))]) == (1.0, 1.0)


def test_measure_exercises_parts_share_no_recording(folder):
    recordings = tool.exercises(folder)
    tested = []
    for learn, test in tool.parts(recordings):
        assert not set(learn) & set(test)
        assert len(learn) + len(test) == len(recordings)
        tested += test.tolist()
    assert sorted(tested) == list(range(len(recordings)))
