"""simulate: reproducible over threads, resumable, quiet, and clear about its inputs."""

import _thread
import os
import signal
import threading
from dataclasses import dataclass

import numpy as np
import pytest

import eqsolve as eq
from eqsolve import dynamics as dy

SCORE = dy.PolicyGradient(step=1e-4, sigma=0.05, feedback="score")


@pytest.fixture(scope="module")
def game():
    return eq.models.load("three_firms_asymmetric")


def test_threads_do_not_change_the_numbers(game):
    runs = [
        eq.simulate(game, SCORE, steps=30, replications=1300, seed=1, workers=w) for w in (1, 2, 3)
    ]
    assert all(np.array_equal(runs[0].iterates, run.iterates) for run in runs[1:])
    other = eq.simulate(game, SCORE, steps=30, replications=1300, seed=2)
    assert not np.array_equal(other.final, runs[0].final)


def test_seeds(game):
    one = eq.simulate(game, SCORE, steps=5, seed=np.random.default_rng(3))
    two = eq.simulate(game, SCORE, steps=5, seed=np.random.default_rng(3))
    assert np.array_equal(one.iterates, two.iterates)


def test_a_run_resumes_to_the_same_numbers(game, tmp_path):
    whole = eq.simulate(game, SCORE, steps=90, replications=700, seed=5, record_every=30)
    half = eq.simulate(game, SCORE, steps=30, replications=700, seed=5, record_every=30)
    saved = dy.Trajectory.load(half.save(tmp_path / "half.npz"))
    rest = eq.simulate(game, SCORE, steps=90, record_every=30, resume=saved)
    assert np.array_equal(rest.iterates, whole.iterates)
    assert rest.steps.tolist() == [0, 30, 60, 90]


def test_interruption_keeps_what_was_run_and_goes_on(game):
    calls, before = 0, set(threading.enumerate())

    def slow(x):
        nonlocal calls
        calls += 1
        if calls == 3000:
            _thread.interrupt_main()
        return 0.999 * x + 1e-4

    stopped = eq.simulate(game, slow, steps=1_000_000, start=[0.1, 0.2, 0.3], workers=1)
    assert stopped.interrupted
    taken = int(stopped.steps[-1])
    assert 0 < taken < 1_000_000
    on = eq.simulate(game, slow, steps=taken + 5, resume=stopped)
    x = np.array([0.1, 0.2, 0.3])
    for _ in range(taken + 5):
        x = 0.999 * x + 1e-4
    np.testing.assert_allclose(on.final[0], x, rtol=1e-9)
    assert set(threading.enumerate()) <= before


def test_record_every_keeps_start_and_end(game):
    path = eq.simulate(game, dy.GradientPlay(step=0.1), steps=10, record_every=4)
    assert path.steps.tolist() == [0, 4, 8, 10]
    assert path.iterates.shape == (4, 1, 3)


def test_plain_functions_of_one_point_and_of_batches(game):
    single = eq.simulate(game, lambda x: x[::-1] * 0.5, steps=3, start=[1.0, 2.0, 3.0])
    batch = eq.simulate(game, lambda x: x[..., ::-1] * 0.5, steps=3, start=[1.0, 2.0, 3.0])
    np.testing.assert_allclose(single.iterates, batch.iterates)
    with pytest.raises(eq.EqsolveError, match="it must map a point to a point"):
        eq.simulate(game, lambda x: x[:2], steps=3)
    with pytest.raises(eq.EqsolveError, match="is no dynamics"):
        eq.simulate(game, 3, steps=3)


def test_divergence_is_quiet(game):
    path = eq.simulate(game, lambda x: x**3 * 1e100, steps=10, start=[1.0, 2.0, 3.0])
    assert not np.isfinite(path.final).any()
    assert eq.validate(path, np.zeros(3)).kind == "diverging"


@pytest.mark.parametrize(("how", "sentence"), [
    ({}, "needs steps="),
    ({"steps": -1}, "needs steps="),
    ({"steps": 1, "record_every": 0}, "record_every must be at least 1"),
    ({"steps": 1, "replications": 0}, "replications must be at least 1"),
    ({"steps": 1, "start": np.zeros((2, 3))}, r"start has shape \(2, 3\)"),
    ({"steps": 1, "start": [0.0]}, "The point has 1 numbers; the game has 3"),
    ({"steps": 1, "start": {"firm1": 0.1}}, "No strategy is given for player"),
])  # fmt: skip
def test_wrong_inputs(game, how, sentence):
    with pytest.raises(eq.EqsolveError, match=sentence):
        eq.simulate(game, dy.GradientPlay(step=0.1), **how)


def test_progress_goes_to_standard_error(game, capsys):
    eq.simulate(game, dy.GradientPlay(step=0.1), steps=200, progress=True)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "simulating" in shown.err


def test_trajectory_files(tmp_path):
    file = tmp_path / "run.csv"
    file.write_text("step,replication,a,b\n0,0,1,2\n5,0,3,4\n0,1,5,6\n5,1,7,8\n")
    path = dy.Trajectory.from_csv(file)
    assert path.steps.tolist() == [0, 5]
    assert path.iterates.shape == (2, 2, 2)
    np.testing.assert_allclose(path.iterates[1], [[3, 4], [7, 8]])
    assert path.coordinate_names == ("a", "b")
    file.write_text("a,b\n1,2\n3,x\n")
    with pytest.raises(eq.EqsolveError, match="line 3, column 'b': 'x' is no number"):
        dy.Trajectory.from_csv(file)
    file.write_text("a,b\n1\n")
    with pytest.raises(eq.EqsolveError, match="line 2: 1 values for 2 columns"):
        dy.Trajectory.from_csv(file)
    np.savez(tmp_path / "other.npz", iterates=np.zeros((6, 2)))
    assert len(dy.Trajectory.load(tmp_path / "other.npz")) == 6
    np.savez(tmp_path / "wrong.npz", values=np.zeros(2))
    with pytest.raises(eq.EqsolveError, match="no array called 'iterates'"):
        dy.Trajectory.load(tmp_path / "wrong.npz")
    assert "2 replications" in repr(path)
    assert path.plot() is not None


@dataclass(frozen=True)
class _StopsItself:
    """Policy gradient that presses Ctrl-C once, in the middle of its 50th step."""

    inner: object
    pressed: list

    def start(self, game, profile):
        return self.inner.start(game, profile)

    def step(self, game, profile, state, rng):
        self.pressed.append(1)
        if len(self.pressed) == 50:
            os.kill(os.getpid(), signal.SIGINT)
        return self.inner.step(game, profile, state, rng)


@pytest.mark.parametrize("replications", [3, 1200], ids=["one block", "three blocks"])
def test_ctrl_c_keeps_what_was_run_and_resumes_to_the_same_numbers(game, replications):
    how = {"replications": replications, "seed": 5, "record_every": 50, "steps": 20_000}
    stopped = eq.simulate(game, _StopsItself(SCORE, []), **how)
    assert stopped.interrupted
    assert 0 < stopped.resume.step < 20_000
    end = stopped.resume.step + 120
    whole = eq.simulate(game, SCORE, **{**how, "steps": end})
    resumed = eq.simulate(game, SCORE, steps=end, resume=stopped, record_every=50)
    assert not resumed.interrupted
    np.testing.assert_array_equal(resumed.iterates[-1], whole.iterates[-1])
