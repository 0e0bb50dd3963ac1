"""Train a leader: find by learning what followers who learn should be committed to."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from eqsolve._simulate_runs import Progress
from eqsolve.commitment import checkpoint as files
from eqsolve.commitment.actor_critic import ActorCritic, Run, stream
from eqsolve.commitment.contenders import Contenders
from eqsolve.commitment.episodes import unfinished_note
from eqsolve.commitment.optimum import CommittedPolicy
from eqsolve.commitment.pomdp import StackelbergPOMDP
from eqsolve.commitment.ppo import PPO
from eqsolve.commitment.setting import Setting
from eqsolve.commitment.trained import TrainedLeader, curve_of
from eqsolve.commitment.training_episodes import TrainingEpisodes
from eqsolve.commitment.vector_pomdp import VectorStackelbergPOMDP
from eqsolve.errors import BadCommitment, ResponseNotFinished

STEPS = 20_000  # episodes
# Fresh episodes to choose the best policy by, and to value it: one in so many of those learned
# from, at least, at most. Followers may be slow to play.
CHOSEN, VALUED = (32, 16, 128), (4, 64, 1024)
LEARNERS = {"actor-critic": ActorCritic, "ppo": PPO}


def train_leader(
    pomdp: Any,
    *,
    seed: Any = None,
    steps: int = STEPS,
    learner: str | ActorCritic | PPO = "actor-critic",
    starts: int | None = None,
    until: float | None = None,
    checkpoint: str | Path | None = None,
    progress: bool = False,
) -> TrainedLeader:
    """Learn a commitment before followers who learn.

    Parameters
    ----------
    pomdp : StackelbergPOMDP, VectorStackelbergPOMDP or Setting
        The leader's problem; its `hide_response` and `critic` are the ablations.
    seed : int, Generator or None
        The same seed gives the same numbers, bit for bit.
    steps : int
        Episodes to learn from, response and reward phase each; rounded up to whole updates.
    learner : "actor-critic", "ppo", `ActorCritic` or `PPO`
        Our own, over whole episodes in batches; or stable-baselines3 with an actor that sees the
        leader's observation and a critic that sees everything. The records hold options.
    starts : int, optional
        Policies that learn side by side, against local optima (actor-critic).
    until : float, optional
        Stop as soon as the learned policy is worth this much.
    checkpoint : path, optional
        A .npz file (actor-critic). It is written every second, at the end, and on Ctrl-C; where
        it exists the run goes on from there, to the same numbers as if never interrupted.
    progress : bool
        Show a progress bar on standard error.

    Returns
    -------
    TrainedLeader
        `.value`, `.policy`, `.curve`, `.table()`.

    Raises
    ------
    BadCommitment
        For what is no leader's problem, numbers out of range, an unknown learner, or a checkpoint
        of another game, other followers, another learner or seed.
    ResponseNotFinished
        When followers have to come to an end and never do.
    NotInstalled
        For "ppo" without stable-baselines3.

    Notes
    -----
    The policy given out is the likeliest commitment of the best start, chosen by playing it; where
    followers' play is random, `value` is from fresh episodes that had no part in the choice.

    References
    ----------
    Brero, Eden, Chakrabarti, Gerstgrasser, Greenwald, Li and Parkes (2022), "Stackelberg POMDP:
    a reinforcement learning approach for economic design".

    Examples
    --------
    >>> import eqsolve as eq
    >>> followers = eq.commitment.MultiplicativeWeights(final="argmax", unit=30.0)
    >>> pomdp = eq.StackelbergPOMDP(
    ...     eq.models.load("escape"), response=followers, response_plays=33
    ... )
    >>> learned = train_leader(pomdp, seed=0, steps=1000)
    >>> learned.value, learned.policy.actions_taken
    (30.0, array([2]))
    """
    setting = _setting_of(pomdp)
    record = _record(learner, starts)
    if isinstance(steps, bool) or not isinstance(steps, (int, np.integer)) or steps < 1:
        raise BadCommitment(f"steps must be a whole number of episodes, 1 or more, not {steps!r}.")
    path = None if checkpoint is None else Path(checkpoint)
    with Progress(progress, int(steps), 1, "training") as report:
        if isinstance(record, PPO):
            if path is not None:
                raise BadCommitment(
                    "checkpoint= is for the learner 'actor-critic'; stable-baselines3 writes "
                    "files of its own."
                )
            run: Any = record.run(setting, _number(seed), int(steps), until, report)
        else:
            kept = path if path is not None and path.exists() else None
            number = 0 if kept is not None and seed is None else _number(seed)
            run = Run(record, setting, number, int(steps), until, path, report)
            if kept is not None:
                notes = {**run.notes(), "seed": None if seed is None else number}
                run.restore(*files.load(kept, notes))
                report(run.done)
            run.go()
    return _given_out(run, setting, record)


def _given_out(run: Any, setting: Setting, record: Any) -> TrainedLeader:
    """The best contender, with its value."""
    contenders: Contenders = run.now.contenders
    if not contenders.counts.size:
        raise BadCommitment("Training was interrupted before the first update was made.")
    if not np.isfinite(contenders.value):
        raise ResponseNotFinished(
            f"{setting.response!r} did not finish after {setting.response_plays} plays against "
            "any commitment that was learned. Give it more plays, or say unfinished='say'."
        )
    episodes = TrainingEpisodes(setting)
    table, value, interval = contenders.tables[contenders.best], contenders.value, None
    if not episodes.certain:
        rng = stream(run.seed, "last", run.now.updates)
        tables = contenders.tables
        if setting.hide_response:
            tables = tables[:1]
        chosen, valued = (min(max(run.done // n, low), high) for n, low, high in (CHOSEN, VALUED))
        best = int(episodes.values(tables, rng, chosen).mean(axis=1).argmax())
        table = tables[best]
        paid = episodes.values(table[None], rng, valued)[0]
        value, error = float(paid.mean()), float(paid.std(ddof=1) / np.sqrt(paid.size))
        interval = (value - 1.96 * error, value + 1.96 * error)
    mixes = table if setting.mixed else np.eye(setting.game.leader_actions)[table]
    given = episodes.commitment(table[None])
    plays = run.done * (setting.response_plays + setting.reward_plays)
    return TrainedLeader(
        value=value,
        interval=interval,
        exact=episodes.certain,
        policy=CommittedPolicy(mixes),
        curve=curve_of(run.now.curve, setting, run.interrupted),
        episodes=run.done,
        plays=plays,
        learner=repr(record),
        setting=setting,
        interrupted=run.interrupted,
        notes=unfinished_note(setting, given, stream(run.seed, "last", run.now.updates + 1)),
    )


def _setting_of(pomdp: Any) -> Setting:
    if isinstance(pomdp, Setting):
        return pomdp
    if isinstance(pomdp, (StackelbergPOMDP, VectorStackelbergPOMDP)):
        return pomdp.setting
    raise BadCommitment(
        f"train_leader takes a StackelbergPOMDP, not {type(pomdp).__name__}: it says how followers "
        "respond, StackelbergPOMDP(game, leader, response=..., response_plays=...)."
    )


def _record(learner: Any, starts: int | None) -> ActorCritic | PPO:
    if isinstance(learner, str):
        if learner not in LEARNERS:
            raise BadCommitment(f"learner must be one of {tuple(LEARNERS)}, not {learner!r}.")
        learner = LEARNERS[learner]()
    if not isinstance(learner, (ActorCritic, PPO)):
        raise BadCommitment(
            f"learner must be one of {tuple(LEARNERS)}, or an ActorCritic or PPO with options, not "
            f"{learner!r}."
        )
    if starts is None:
        return learner
    if isinstance(learner, PPO):
        raise BadCommitment("starts= is for the learner 'actor-critic'; PPO has one policy.")
    return replace(learner, starts=starts)


def _number(seed: Any) -> int:
    """A seed as one whole number, drawn where none is given."""
    if isinstance(seed, (int, np.integer)) and not isinstance(seed, bool):
        if seed < 0:
            raise BadCommitment(f"seed must not be negative, but is {seed!r}.")
        return int(seed)
    if seed is not None and not isinstance(seed, np.random.Generator):
        raise BadCommitment(f"seed must be a whole number, a Generator or None, not {seed!r}.")
    return int(np.random.default_rng(seed).integers(2**62))
