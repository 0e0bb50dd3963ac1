"""Training on file: resumed to the same numbers, killed, interrupted, and of other problems."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import eqsolve as eq
from eqsolve import commitment as co
from eqsolve.commitment.mixed_actor import MixedActor
from eqsolve.errors import BadCommitment

WEIGHTS = co.MultiplicativeWeights(final="argmax", unit=10.0)


def design(plays=10, **options):
    return eq.StackelbergPOMDP(
        eq.models.matrix_design(), response=WEIGHTS, response_plays=plays, **options
    )


def maintain(rows=None, mixed=True):
    game = eq.models.load("maintain")
    if rows is not None:
        game = eq.NormalFormGame.bimatrix(rows, game.payoffs[1])
    return eq.StackelbergPOMDP(game, response=WEIGHTS, response_plays=20, mixed=mixed)


def same(first, second):
    assert first.value == second.value
    assert first.interval == second.interval
    assert np.array_equal(first.curve.steps, second.curve.steps)
    assert np.array_equal(first.curve.iterates, second.curve.iterates)
    assert np.array_equal(first.policy.probabilities(), second.policy.probabilities())


@pytest.mark.parametrize("make", [design, maintain], ids=["random followers", "mixed"])
def test_stopped_at_half_and_resumed_gives_the_same_numbers(tmp_path, make):
    whole = eq.train_leader(make(), seed=4, steps=4096)
    path = tmp_path / "run.npz"
    half = eq.train_leader(make(), seed=4, steps=2048, checkpoint=path)
    assert half.episodes == 2048
    same(eq.train_leader(make(), seed=4, steps=4096, checkpoint=path), whole)
    # Without a seed the checkpoint's is taken; what is done already is not done again.
    same(eq.train_leader(make(), steps=4096, checkpoint=path), whole)
    assert list(tmp_path.iterdir()) == [path]


def test_a_checkpoint_holds_plain_arrays(tmp_path):
    path = tmp_path / "run.npz"
    eq.train_leader(design(), seed=0, steps=256, checkpoint=path)
    with np.load(path, allow_pickle=False) as file:
        assert {"notes", "tables", "curve", "state_scores"} <= set(file.files)


def test_ctrl_c_leaves_a_checkpoint_that_goes_on(tmp_path, monkeypatch):
    whole = eq.train_leader(maintain(), seed=1, steps=2560)
    path, count, learn = tmp_path / "run.npz", [0], MixedActor.learn

    def interrupted(self, *arguments):
        count[0] += 1
        if count[0] == 4:
            raise KeyboardInterrupt
        return learn(self, *arguments)

    monkeypatch.setattr(MixedActor, "learn", interrupted)
    stopped = eq.train_leader(maintain(), seed=1, steps=2560, checkpoint=path)
    assert stopped.interrupted
    assert stopped.episodes == 3 * 256
    assert "can go on from its checkpoint" in str(stopped)
    same(eq.train_leader(maintain(), seed=1, steps=2560, checkpoint=path), whole)


def test_ctrl_c_before_the_first_update_is_said(monkeypatch):
    def interrupted(self, *arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(MixedActor, "learn", interrupted)
    with pytest.raises(BadCommitment, match="interrupted before the first update"):
        eq.train_leader(maintain(), seed=1, steps=2560)


CHILD = """
import sys
import eqsolve as eq
from eqsolve.commitment import MultiplicativeWeights, actor_critic

actor_critic.PATIENCE = 0.0
pomdp = eq.StackelbergPOMDP(
    eq.models.matrix_design(), response=MultiplicativeWeights(final="argmax", unit=10.0),
    response_plays=10,
)
eq.train_leader(pomdp, seed=7, steps=10**9, checkpoint=sys.argv[1])
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL here")
def test_a_killed_run_resumes(tmp_path):
    path = tmp_path / "run.npz"
    child = subprocess.Popen([sys.executable, "-c", CHILD, str(path)], env=dict(os.environ))
    try:
        until = time.monotonic() + 60
        while not path.exists() and time.monotonic() < until and child.poll() is None:
            time.sleep(0.02)
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
    assert child.returncode == -signal.SIGKILL
    done = int(np.load(path)["curve"][-1, 0])
    steps = done + 1024
    resumed = eq.train_leader(design(), seed=7, steps=steps, checkpoint=path)
    assert resumed.episodes == steps
    same(resumed, eq.train_leader(design(), seed=7, steps=steps))


def test_checkpoints_of_other_problems_are_refused(tmp_path):
    path = tmp_path / "run.npz"
    eq.train_leader(maintain(), seed=1, steps=256, checkpoint=path)
    with pytest.raises(BadCommitment) as error:
        eq.train_leader(design(), seed=1, steps=512, checkpoint=path)
    assert "checkpoint of another game" in str(error.value)
    assert "led by" in str(error.value)
    assert "Matrix design" in str(error.value)
    rows = [[20, 0, 0], [30, 11, 0], [0, 0, 5]]
    with pytest.raises(BadCommitment, match="another game: it has .* with other payoffs"):
        eq.train_leader(maintain(rows), seed=1, steps=512, checkpoint=path)
    with pytest.raises(BadCommitment, match="another problem: it has mixed True, .* mixed False"):
        eq.train_leader(maintain(mixed=False), seed=1, steps=512, checkpoint=path)
    with pytest.raises(BadCommitment, match="made with seed 1, and this is seed 2"):
        eq.train_leader(maintain(), seed=2, steps=512, checkpoint=path)
    with pytest.raises(BadCommitment, match=r"made with learner ActorCritic\(starts=8.*starts=3"):
        eq.train_leader(maintain(), seed=1, steps=512, checkpoint=path, starts=3)


def test_games_that_cannot_be_listed_are_told_apart_too(tmp_path):
    path = tmp_path / "run.npz"

    def repeated(last):
        base = [[[3, 0], [4, last]], [[3, 4], [0, 1]]]
        game = eq.models.repeated_game(base, rounds=3, memory=1)
        response = co.QLearning(rate=0.2, discount=0.9)
        return eq.StackelbergPOMDP(game, response=response, response_plays=10)

    few = co.ActorCritic(starts=1, batch=2, looks=1)
    eq.train_leader(repeated(1), seed=0, steps=2, learner=few, checkpoint=path)
    eq.train_leader(repeated(1), seed=0, steps=4, learner=few, checkpoint=path)
    with pytest.raises(BadCommitment, match="another game"):
        eq.train_leader(repeated(2), seed=0, steps=4, learner=few, checkpoint=path)


@pytest.mark.parametrize("content", [b"", b"no archive", None], ids=["empty", "text", "other"])
def test_files_that_are_no_checkpoints_are_refused(tmp_path, content):
    path = tmp_path / "run.npz"
    if content is None:
        np.savez(path, iterates=np.zeros(3))
    else:
        path.write_bytes(content)
    with pytest.raises(BadCommitment, match=r"run\.npz is no checkpoint of training"):
        eq.train_leader(maintain(), seed=1, steps=256, checkpoint=path)
