"""The rules by which the exercises are measured: labels, balanced accuracy and its interval."""

import load_tool
import numpy as np
import pytest

STILL, MOVING = 10, 5000  # deviations of the acceleration, LSB


tool = load_tool.load("measure_exercises")


@pytest.fixture
def folder(tmp_path):
    """Return a folder of recordings, of which labels.csv knows three."""
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


def test_labels_follow_the_rule(folder):
    recordings = tool.exercises(folder)
    found = {
        name[0]: recordings.classes[label]
        for name, label in zip(recordings.names, recordings.labels, strict=True)
    }
    assert found == {
        "a": "squat",  # as its name says
        "b": "other",  # hardly moves, and nobody looked again
        "c": "squat",  # hardly moves, but somebody looked again
        "e": "lunge",  # labels.csv counts before the name
        "f": "other",
    }
    assert "d_squat.npy" in recordings.skipped[0]  # mixed


def answers(y, answer, recording):
    return tool.Answers(np.array(y), np.array(answer), np.array(recording))


def test_classes_weigh_alike():
    found = answers([0, 0, 0, 0, 1], [0, 0, 0, 1, 1], [0, 0, 1, 1, 2])
    assert tool.balanced_accuracy(found) == (0.75 + 1) / 2


def test_the_interval_comes_from_recordings():
    # Of four recordings of class 0 one is all wrong; class 1 is always right.
    y = [0] * 40 + [1] * 40
    answer = [1] * 10 + [0] * 30 + [1] * 40
    low, high = tool.interval([answers(y, answer, np.repeat(np.arange(8), 10))])
    assert (low, high) == (pytest.approx(0.625), 1.0)
    assert tool.interval([answers(y, y, np.repeat(np.arange(8), 10))]) == (1.0, 1.0)


def test_no_recording_is_learned_from_and_tested(folder):
    recordings = tool.exercises(folder)
    tested = []
    for learn, test in tool.parts(recordings):
        assert not set(learn) & set(test)
        assert len(learn) + len(test) == len(recordings)
        tested += test.tolist()
    assert sorted(tested) == list(range(len(recordings)))
