"""Sweeps: each combination is trained once; results, workers, the Pareto front, the command."""

import json
import subprocess
import sys
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from spikelet.cli import pictures
from spikelet.errors import SpikeletError, UsageError
from spikelet.inputs.dataset import Dataset, split
from spikelet.networks import lif_file
from spikelet.networks.score import Score, evaluate
from spikelet.training.options import TrainingOptions
from spikelet.training.sweeps import pareto, sweep
from spikelet.training.sweeps import results as sweep_results
from spikelet.training.sweeps.results import Measurement, Outcome
from spikelet.training.train import train_network

QUICK = TrainingOptions(hidden=(8,), epochs=3)
# Train in this process, so that tests can count the trainings.
HERE = sweep.Workers(jobs=1)


@pytest.fixture(scope="module")
def blobs():
    """Return a small dataset that is easy to learn."""
    random = np.random.default_rng(0)
    y = np.arange(120) % 3
    centres = random.integers(40, 216, (3, 9))
    near = centres[y] + random.normal(0, 15, (120, 9))
    return Dataset(near.clip(0, 255).astype(np.uint8), y, ("a", "b", "c"), "blobs")


@pytest.fixture
def recording(blobs, tmp_path):
    """Return the path of the blobs as an .npz file."""
    np.savez(tmp_path / "blobs.npz", x=blobs.x, y=blobs.y, classes=blobs.classes)
    return tmp_path / "blobs.npz"


@pytest.fixture
def trained(monkeypatch):
    """Count the trainings by their options."""
    counts = Counter()

    def counted(dataset, options):
        counts[options] += 1
        return train_network(dataset, options)

    monkeypatch.setattr(sweep.train, "train_network", counted)
    return counts


@pytest.fixture
def results(tmp_path):
    """Return the path of a file for the results of a sweep."""
    return tmp_path / "sweep.jsonl"


# The grid


def test_option_grid_has_each_combination_and_seed_once():
    grid = sweep.option_grid(QUICK, {"steps": (2, 4), "hidden": ((), (5, 4)), "bits": (8, 4, 8)}, 3)
    assert len(grid) == len(set(grid)) == 2 * 2 * 2 * 3
    assert grid[0] == replace(QUICK, steps=2, hidden=(), bits=8, seed=0)
    assert grid[-1] == replace(QUICK, steps=4, hidden=(5, 4), bits=4, seed=2)
    assert sweep.option_grid(QUICK, {}) == (QUICK,)


@pytest.mark.parametrize(
    ("option", "values"),
    [
        ("bits", (8, 9)),
        ("beta", (0.875, 0.9)),
        ("steps", (4, 0)),
        ("encoder", ("rate", "morse")),
        ("readout", ("max", "best")),
        ("hidden", ((8,), (8, 0))),
    ],
)
def test_option_grid_invalid_option_is_refused_before_training(
    blobs, results, trained, option, values
):
    with pytest.raises(SpikeletError, match=f"^{option} is "):
        sweep.run_sweep(blobs, sweep.option_grid(QUICK, {option: values}), results, HERE)
    assert not trained
    assert not results.exists()


def test_run_sweep_refuses_invalid_combination_before_training(blobs, results, trained):
    axes = {"encoder": ("latency", "phase"), "encoder_parameter": (4, 64)}
    with pytest.raises(SpikeletError, match="encoder phase has parameter 64"):
        sweep.run_sweep(blobs, sweep.option_grid(QUICK, axes), results, HERE)
    narrow = replace(blobs, x=blobs.x[:, :8])
    with pytest.raises(SpikeletError, match="8 channels, which are no square image"):
        sweep.run_sweep(narrow, sweep.option_grid(QUICK, {"augment": (False, True)}), results, HERE)
    assert not trained


@pytest.mark.parametrize("number", [0, -2])
def test_workers_and_option_grid_refuse_bad_numbers(number):
    with pytest.raises(SpikeletError, match=f"^jobs is {number}"):
        sweep.Workers(jobs=number)
    with pytest.raises(SpikeletError, match=f"^seeds is {number}"):
        sweep.option_grid(QUICK, {}, number)


# One network


def test_measure_options_scores_integers_on_unseen_samples(blobs):
    options = replace(QUICK, bits=4, epochs=20)
    measurement = sweep.measure_options(blobs, options).measured
    learn, test = split(blobs)
    integer, _ = sweep.convert.convert_network(train_network(learn, options).network, bits=4)
    assert measurement.test == evaluate(integer, test)
    assert measurement.validation == evaluate(integer, split(learn, options.validation_fraction)[1])
    assert (measurement.bytes, measurement.epochs) == (len(lif_file.to_bytes(integer)), 20)


def test_measure_options_divergence_is_an_outcome(blobs):
    wild = replace(QUICK, epochs=300, learning_rate=10, weight_decay=1e6)
    outcome = sweep.measure_options(blobs, wild)
    assert outcome.measured is None
    assert outcome.error.startswith("training diverged in epoch ")


# Resuming


def test_run_sweep_trains_only_missing_networks(blobs, results, trained):
    few = sweep.option_grid(QUICK, {"steps": (2, 4)}, 2)
    more = sweep.option_grid(QUICK, {"steps": (2, 4), "bits": (None, 4)}, 3)
    first = sweep.run_sweep(blobs, few, results, HERE)
    assert [outcome.options for outcome in first] == list(few)
    both = sweep.run_sweep(blobs, more, results, HERE)
    assert [outcome.options for outcome in both] == list(more)
    assert trained == Counter(set(few) | set(more))
    assert set(first) < set(both)
    assert len(results.read_bytes().splitlines()) == len(more)


def test_run_sweep_retrains_for_other_samples_or_version(blobs, results, trained, monkeypatch):
    grid = sweep.option_grid(QUICK, {})
    sweep.run_sweep(blobs, grid, results, HERE)
    sweep.run_sweep(replace(blobs, name="the same, moved"), grid, results, HERE)
    assert trained[QUICK] == 1
    sweep.run_sweep(replace(blobs, y=(blobs.y + 1) % 3), grid, results, HERE)
    assert trained[QUICK] == 2
    monkeypatch.setattr(sweep_results, "__version__", "99.0")
    sweep.run_sweep(blobs, grid, results, HERE)
    assert trained[QUICK] == 3
    assert len(results.read_bytes().splitlines()) == 3


@pytest.mark.parametrize("end", [1, 40, -2, -1])
def test_run_sweep_retrains_truncated_line(blobs, results, trained, end):
    grid = sweep.option_grid(QUICK, {}, 3)
    before = sweep.run_sweep(blobs, grid, results, HERE)
    *whole, last = results.read_bytes().splitlines(keepends=True)
    results.write_bytes(b"".join(whole) + last[:end])
    assert sweep.run_sweep(blobs, grid, results, HERE) == before
    # Without its last byte, the line's end, the line is still complete.
    lost = [] if end == -1 else [3]
    assert trained == Counter([*grid, *(grid[i - 1] for i in lost)])
    assert sweep_results.read_results(results, blobs)[1:] == ((), 0)
    sweep.run_sweep(blobs, sweep.option_grid(QUICK, {}, 4), results, HERE)
    assert len(sweep_results.read_results(results, blobs).outcomes) == 4


@pytest.mark.parametrize(
    "damage",
    [
        lambda line: b"\xff" + line[1:],
        lambda line: b"[]",
        lambda line: b"{}",
        lambda line: line.replace(b'"hidden": [8]', b'"hidden": 8'),
        lambda line: line.replace(b'"steps"', b'"stops"'),
        lambda line: line.replace(b'"augment": false, ', b""),
        lambda line: json.dumps(json.loads(line) | {"options": []}).encode(),
        lambda line: line.replace(b'"beta": 0.875', b'"beta": 0.9'),
        lambda line: line.replace(b'"test"', b'"text"'),
        lambda line: line.replace(b'"spikes"', b'"spices"'),
        lambda line: line.replace(b'"epochs": 3}', b'"epochs": "many"}'),
    ],
)
def test_run_sweep_retrains_damaged_lines(blobs, results, trained, damage):
    grid = sweep.option_grid(QUICK, {}, 3)
    before = sweep.run_sweep(blobs, grid, results, HERE)
    lines = results.read_bytes().splitlines()
    lines[1] = damage(lines[1])
    results.write_bytes(b"\n".join(lines) + b"\n")
    assert sweep_results.read_results(results, blobs).damaged == (2,)
    assert sweep.run_sweep(blobs, grid, results, HERE) == before
    assert trained == Counter([*grid, grid[1]])


def test_run_sweep_refuses_file_of_another_kind(blobs, results, trained):
    results.write_bytes(b"# Notes\n\nof mine")
    with pytest.raises(SpikeletError, match="holds no results of a sweep"):
        sweep.run_sweep(blobs, [QUICK], results, HERE)
    assert results.read_bytes() == b"# Notes\n\nof mine"
    assert not trained


def test_run_sweep_accepts_file_with_truncated_first_line(blobs, results, trained):
    results.write_bytes(b'{"spikelet": "0.')
    sweep.run_sweep(blobs, [QUICK], results, HERE)
    assert list(sweep_results.read_results(results, blobs).outcomes) == [QUICK]


def test_run_sweep_interrupted_keeps_finished_outcomes(blobs, results, monkeypatch):
    grid = sweep.option_grid(QUICK, {}, 3)

    def interrupted(dataset, options):
        if options.seed == 2:
            raise KeyboardInterrupt
        return train_network(dataset, options)

    monkeypatch.setattr(sweep.train, "train_network", interrupted)
    with pytest.raises(KeyboardInterrupt):
        sweep.run_sweep(blobs, grid, results, HERE)
    saved = sweep_results.read_results(results, blobs)
    assert (tuple(saved.outcomes), saved.damaged) == (grid[:2], ())


def test_run_sweep_unwritable_file_is_refused(blobs, tmp_path):
    with pytest.raises(SpikeletError, match="cannot write"):
        sweep.run_sweep(blobs, [QUICK], tmp_path / "nowhere" / "sweep.jsonl", HERE)


def test_run_sweep_failure_is_stored_and_rest_continues(blobs, results, trained):
    grid = sweep.option_grid(
        replace(QUICK, epochs=100, weight_decay=1e6), {"learning_rate": (1e-9, 10, 1e-8)}
    )
    outcomes = sweep.run_sweep(blobs, grid, results, HERE)
    assert [bool(outcome.error) for outcome in outcomes] == [False, True, False]
    assert sweep.run_sweep(blobs, grid, results, HERE) == outcomes
    assert trained == Counter(grid)


def test_run_sweep_progress_includes_stored_outcomes(blobs, results):
    grid = sweep.option_grid(QUICK, {}, 4)
    sweep.run_sweep(blobs, grid[:2], results, HERE)
    reports = []
    sweep.run_sweep(
        blobs, grid, results, HERE, lambda finished, total: reports.append((finished, total))
    )
    assert reports == [(3, 4), (4, 4)]


# Workers


def test_run_sweep_two_processes_equal_one(blobs, results, tmp_path):
    grid = sweep.option_grid(QUICK, {"steps": (2, 4)}, 2)
    alone = sweep.run_sweep(blobs, grid, results, HERE)
    assert sweep.run_sweep(blobs, grid, tmp_path / "two.jsonl", sweep.Workers(jobs=2)) == alone


@pytest.fixture(scope="module")
def cluster():
    """Return the address of a Dask cluster of two processes."""
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as local:
        yield local.scheduler_address


@pytest.mark.slow
def test_run_sweep_dask_cluster_equals_one_process(blobs, results, tmp_path, cluster, trained):
    grid = sweep.option_grid(QUICK, {"steps": (2, 4)}, 3)
    alone = sweep.run_sweep(blobs, grid, results, HERE)
    assert sum(trained.values()) == 6
    elsewhere = tmp_path / "cluster.jsonl"
    workers = sweep.Workers(cluster=cluster)
    sweep.run_sweep(blobs, grid[:3], elsewhere, workers)
    assert sweep.run_sweep(blobs, grid, elsewhere, workers) == alone
    # The cluster trains in other processes.
    assert sum(trained.values()) == 6
    assert len(elsewhere.read_bytes().splitlines()) == 6


@pytest.mark.slow
def test_run_sweep_cluster_with_other_version_is_refused(blobs, results, cluster, monkeypatch):
    monkeypatch.setattr(sweep, "__version__", "99.0")
    with pytest.raises(SpikeletError, match=r"^this is spikelet 99\.0, but worker tcp:.* has \d"):
        sweep.run_sweep(blobs, [QUICK], results, sweep.Workers(cluster=cluster))


@pytest.mark.parametrize("address", ["", "localhost", "morse://there:1"])
def test_run_sweep_address_without_scheduler_is_refused(blobs, results, address):
    pytest.importorskip("distributed")
    with pytest.raises(SpikeletError, match=f"no Dask scheduler answers at '{address}'"):
        sweep.run_sweep(blobs, [QUICK], results, sweep.Workers(cluster=address))


@pytest.mark.parametrize(
    ("missing", "workers"), [("joblib", HERE), ("distributed", sweep.Workers(cluster="a:1"))]
)
def test_run_sweep_missing_package_is_named(blobs, results, monkeypatch, missing, workers):
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(SpikeletError, match=rf"needs {missing}: pip install 'spikelet\["):
        sweep.run_sweep(blobs, [QUICK], results, workers)


# The front


def measured(accuracy, events, test=0.5):
    """Return a made-up measurement."""
    return Measurement(Score(accuracy, events, 10.0), Score(test, events + 1, 10.0), 1000, 5)


def made_up(*pairs, encoder="direct"):
    """Return configurations of one seed with these accuracies and events."""
    return pareto.configurations(
        [
            Outcome(replace(QUICK, steps=steps, encoder=encoder), measured(*pair))
            for steps, pair in enumerate(pairs, start=1)
        ]
    )


def on_front(*pairs):
    return [one.options.steps for one in pareto.front(made_up(*pairs))]


def test_front_contains_unbeaten_configurations():
    assert on_front((0.9, 300), (0.8, 100), (0.85, 400), (0.95, 900), (0.79, 150)) == [2, 1, 4]


def test_front_keeps_equal_configurations():
    # The same accuracy for more events, or a lower accuracy for the same events, is beaten.
    assert on_front((0.9, 300), (0.9, 301)) == [1]
    assert on_front((0.9, 300), (0.8, 300)) == [1]
    assert on_front((0.9, 300), (0.9, 300), (0.8, 300)) == [1, 2]


def test_front_ties_in_any_order_of_seeds():
    seeds = [0.1, 0.2, 0.3, 0.7, 0.1]
    outcomes = [
        Outcome(replace(QUICK, steps=steps, seed=seed), measured(accuracy, 100))
        for steps, order in ((1, seeds), (2, seeds[::-1]))
        for seed, accuracy in enumerate(order)
    ]
    assert len(pareto.front(pareto.configurations(outcomes))) == 2


def test_configurations_equal_seeds_have_no_spread():
    outcomes = [Outcome(replace(QUICK, seed=seed), measured(1 - 1 / 144, 2 / 3)) for seed in (0, 1)]
    (one,) = pareto.configurations(outcomes)
    for spread in (one.accuracy, one.synaptic_events):
        assert spread.mean == spread.lowest == spread.highest


def test_configurations_have_mean_lowest_and_highest():
    outcomes = [
        Outcome(replace(QUICK, seed=seed), measured(accuracy, events, test))
        for seed, (accuracy, events, test) in enumerate([(0.9, 90, 0.8), (1, 120, 0.7)])
    ]
    (one,) = pareto.configurations(outcomes)
    assert one.accuracy == (0.95, 0.9, 1)
    assert one.synaptic_events == (105, 90, 120)
    assert one.test_accuracy == (0.75, 0.7, 0.8)


def test_front_leaves_out_configuration_with_failed_seed():
    lucky = [
        Outcome(QUICK, measured(1.0, 1)),
        Outcome(replace(QUICK, seed=1), None, "training diverged"),
    ]
    sound = Outcome(replace(QUICK, steps=9), measured(0.5, 100))
    both = pareto.configurations([*lucky, sound])
    assert [len(one.failures) for one in both] == [1, 0]
    assert pareto.front(both) == both[1:]


def test_front_ignores_test_accuracy():
    assert on_front((0.9, 300, 0.1), (0.8, 300, 1.0)) == [1]


def test_label_names_varied_options():
    outcomes = [
        Outcome(options, measured(0.5, 1))
        for options in sweep.option_grid(QUICK, {"hidden": ((64, 32), ()), "bits": (None, 4)}, 2)
    ]
    configurations = pareto.configurations(outcomes)
    names = pareto.varied_options(configurations)
    assert names == ("hidden", "bits")
    assert [pareto.label(one.options, names) for one in configurations] == [
        "64-32, usual bits",
        "64-32, 4 bits",
        "none, usual bits",
        "none, 4 bits",
    ]


# The picture


def test_pareto_picture_is_png_or_svg(tmp_path):
    configurations = made_up((0.9, 300), (0.8, 100), (0.85, 400)) + made_up(
        (0.7, 5000), encoder="rate"
    )
    pictures.pareto(tmp_path / "pareto.png", configurations)
    assert (tmp_path / "pareto.png").read_bytes().startswith(b"\x89PNG")
    pictures.pareto(tmp_path / "pareto.svg", configurations)
    assert b"<svg" in (tmp_path / "pareto.svg").read_bytes()


def test_pareto_picture_of_failures_only_is_refused(tmp_path):
    failed = pareto.configurations([Outcome(QUICK, None, "training diverged")])
    with pytest.raises(SpikeletError, match="no network of the sweep was measured"):
        pictures.pareto(tmp_path / "pareto.png", failed)


# The command

OPTIONS = ("--hidden", 8, "--hidden", "6,5", "--epochs", 3, "--jobs", 1)


def test_sweep_command_trains_each_network_once(spikelet, recording, results, tmp_path, trained):
    drawn = tmp_path / "pareto.png"
    grid = ("--steps", "2,4", "--beta", "0.875,0.5", "--seeds", 2, "--augment")
    arguments = ("sweep", recording, "-o", results, *OPTIONS, *grid, "--picture", drawn)
    status, out, error = spikelet(*arguments)
    assert (status, error) == (0, "")
    assert "16 networks, 16 trained now" in out
    assert drawn.read_bytes().startswith(b"\x89PNG")
    assert {options.augment for options in trained} == {True}
    status, out, _ = spikelet(*arguments, "--json")
    report = json.loads(out)
    assert (status, report["networks"], report["trained"]) == (0, 16, 0)
    assert sum(trained.values()) == 16
    configurations = report["configurations"]
    assert [one["seeds"] for one in configurations] == [2] * 8
    assert {tuple(one["options"]["hidden"]) for one in configurations} == {(8,), (6, 5)}
    assert any(one["front"] for one in configurations)


def test_sweep_command_reports_failures(spikelet, recording, results, monkeypatch):
    def failing(dataset, options):
        if options.steps == 2:
            raise SpikeletError("training diverged in epoch 7")
        return train_network(dataset, options)

    monkeypatch.setattr(sweep.train, "train_network", failing)
    arguments = ("sweep", recording, "-o", results, "--steps", "2,4", "--epochs", 3, "--jobs", 1)
    for _ in range(2):
        status, _, error = spikelet(*arguments)
        assert (status, error) == (1, "2 steps: training diverged in epoch 7\n")
    report = json.loads(spikelet(*arguments, "--json")[1])
    assert [one["failures"] for one in report["configurations"]] == [
        ["training diverged in epoch 7"],
        [],
    ]


def test_sweep_command_names_damaged_lines(spikelet, recording, results):
    arguments = ("sweep", recording, "-o", results, "--epochs", 3, "--seeds", 4, "--jobs", 1)
    assert spikelet(*arguments)[0] == 0
    lines = results.read_bytes().splitlines(keepends=True)
    results.write_bytes(b"".join([lines[0], b"?\n", lines[2], lines[3][:20]]))
    status, out, error = spikelet(*arguments)
    assert (status, error) == (
        0,
        f"{results}: the last line is incomplete; its 20 bytes are cut off\n"
        f"{results}: line 2 is damaged and ignored\n",
    )
    assert "4 networks, 2 trained now" in out


@pytest.mark.parametrize(
    ("options", "status", "words"),
    [
        (("--bits", "8,12"), 2, "bits is 12; it must be 3..8"),
        (("--encoder", "rate,morse"), 2, "encoder is 'morse'; it must be one of"),
        (("--seeds", 0), 2, "seeds is 0"),
        (("--jobs", 0), 2, "jobs is 0"),
        (("--picture", "nowhere/pareto.png"), 1, "cannot write nowhere"),
        (("--steps", "2,,4"), 2, "'2,,4' is not a list such as 4 or 4,8"),
        (("--jobs", 1, "--dask", "localhost:8786"), 2, "not allowed with"),
    ],
)
def test_sweep_command_refuses_before_training(
    spikelet, recording, results, trained, options, status, words
):
    exit_status, _, error = spikelet("sweep", recording, "-o", results, *options)
    assert exit_status == status
    assert words in error
    assert not trained


def test_read_results_refuses_text_of_others(results, blobs):
    for text in (b"notes\n", b"notes\nand more"):
        results.write_bytes(text)
        with pytest.raises(UsageError, match="holds no results of a sweep"):
            sweep_results.read_results(results, blobs)
        assert results.read_bytes() == text


@pytest.mark.skipif(sys.platform == "win32", reason="needs the number of the parent")
def test_worker_ends_after_its_parent():
    # The child watches a parent that is not its own, as if that had ended.
    code = "from spikelet.training.sweeps import sweep; import time; sweep._end_with(0); time.sleep(60)"
    done = subprocess.run([sys.executable, "-c", code], timeout=50, check=False)
    assert done.returncode == 1
