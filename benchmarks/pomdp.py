"""The Stackelberg POMDP: plays a second, and time until a leader has learned.

Our learner and stable-baselines3's PPO learn the same problems before the same followers, one after
the other in one process, each until what it would give out is worth 99 % of the optimum; the
optima are computed first and compared with what is published. The value of what was learned is
looked at again afterwards, outside the time. Times are processor seconds of one thread.

Run: OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 python benchmarks/pomdp.py [--short] [--alone]
"""

from __future__ import annotations

import argparse
import os
import time
from statistics import median
from typing import Any

import numpy as np
from _common import installed

import eqsolve as eq
from eqsolve.commitment import PPO, ActorCritic, Commitment, MultiplicativeWeights
from eqsolve.commitment.actor_critic import Run
from eqsolve.commitment.training_episodes import TrainingEpisodes
from eqsolve.report._pomdp_settings import ALL, LeaderSetting
from eqsolve.results import Table

BATCH, PLAYS, REPEATS = 1024, 1000, 5
STEPS = 20_000  # episodes after which a learner is given up
PATIENCE = 60.0  # processor seconds, the same
WANTED = 2e6  # plays a second


def plain_weights(
    payoffs: np.ndarray, table: np.ndarray, plays: int, epsilon: float = 0.1
) -> np.ndarray:
    """One follower's multiplicative weights, as one would write them: last mixes (B, actions)."""
    scores = np.zeros((table.size, payoffs.shape[2]))
    for _ in range(plays):
        scores += np.log1p(epsilon) * payoffs[1, table]
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)


def plays_a_second() -> Table:
    """Response plays of 1024 episodes of 3 x 3 games side by side."""
    rng = np.random.default_rng(0)
    rows = []
    for name, game in (
        ("Maintain", eq.models.load("maintain")),
        ("random 3 x 3", eq.NormalFormGame(rng.random((2, 3, 3)))),
        ("random 3 x 3 x 3", eq.NormalFormGame(rng.random((3, 3, 3, 3)))),
    ):
        table = rng.integers(3, size=(BATCH, 1))
        pomdp = eq.StackelbergPOMDP(
            game, response=MultiplicativeWeights(), response_plays=PLAYS, reward_plays=1
        )
        went = pomdp.play(Commitment(table), seed=0)
        if game.players == 2:
            wanted = plain_weights(game.payoffs, table[:, 0], PLAYS)
            worst = float(np.abs(went.behaviour.strategies[0][:, 0] - wanted).max())
            if worst > 1e-9:
                raise SystemExit(f"{name}: followers differ from a plain loop by {worst:.1e}.")
        taken = []
        for _ in range(REPEATS):
            begun = time.process_time()
            pomdp.play(Commitment(table), seed=0)
            taken.append(time.process_time() - begun)
        rate = BATCH * (PLAYS + 1) / median(taken)
        rows.append((name, rate / 1e6, "yes" if rate >= WANTED else "NO"))
    headers = ("game", "million plays a second, median", f"{WANTED / 1e6:g} million")
    return Table(headers, tuple(rows), title=f"{BATCH} episodes of {PLAYS} plays at once")


def learned(setting: Any, learner: Any, seed: int, until: float) -> tuple[float, float]:
    """Processor seconds until 99 % (inf if never), and the value when played again."""
    begun = time.process_time()

    def watch(episodes: int) -> None:
        if time.process_time() - begun > PATIENCE:
            raise KeyboardInterrupt  # which a learner takes as the end of its run

    if isinstance(learner, PPO):
        run: Any = learner.run(setting, seed, STEPS, until, watch)
    else:
        run = Run(learner, setting, seed, STEPS, until, report=watch).go()
    taken = time.process_time() - begun
    best = run.now.contenders
    if best.value < until:
        return float("inf"), best.value
    rng = np.random.default_rng(1)
    times = 1 if run.episodes.certain else 1024
    again = TrainingEpisodes(setting).values(best.tables[best.best][None], rng, times).mean()
    return taken, float(again)


def check(setting: LeaderSetting) -> float:
    """The value at which 99 % are reached, once the optimum is what is published."""
    optimum = setting.optimum()
    for value in (optimum.value, optimum.bound):
        if abs(value - setting.published) > 1e-6:
            raise SystemExit(f"{setting.name}: {value:.9g} is not {setting.published:.9g}.")
    return setting.aims(optimum)[0]


def time_to_learn(settings: list[LeaderSetting], seeds: int, peer: bool) -> Table:
    """Medians over seeds, setting by setting."""
    rows = []
    for setting in settings:
        aim, problem = check(setting), setting.pomdp().setting
        row: list[Any] = [setting.name]
        middle = []
        for learner in (ActorCritic(), PPO()) if peer else (ActorCritic(),):
            runs = [learned(problem, learner, seed, aim) for seed in range(seeds)]
            times = [seconds for seconds, _ in runs]
            middle.append(median(times))
            row += [middle[-1], f"{sum(map(np.isfinite, times))} of {seeds}"]
            row.append(min(value for _, value in runs))
        if peer:
            row.append(middle[1] / middle[0])
        rows.append(tuple(row))
        print(f"  {setting.name}: {row[1:]}", flush=True)
    ours = ("eqsolve, s", "reached", "least learned")
    theirs = ("stable-baselines3, s", "reached", "least learned", "times faster") if peer else ()
    title = f"Processor seconds until 99 % of the optimum, medians of {seeds} seeds"
    note = f"inf: given up after {STEPS} episodes or {PATIENCE:g} processor seconds."
    return Table(("setting", *ours, *theirs), tuple(rows), title=title, notes=(note,))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--short", action="store_true", help="three seeds instead of five")
    parser.add_argument("--alone", action="store_true", help="without stable-baselines3")
    asked = parser.parse_args()
    if os.environ.get("OPENBLAS_NUM_THREADS") != "1":
        print("OPENBLAS_NUM_THREADS is not 1: processor seconds count all threads.")
    print(plays_a_second(), end="\n\n")
    peer = installed("stable_baselines3") and not asked.alone
    if not peer:
        print("stable-baselines3: left out, or not installed (pip install 'eqsolve[rl]').")
    else:
        # Import and compile before any time counts.
        learned(ALL[0].pomdp().setting, PPO(copies=4, questions=4), 0, -np.inf)
    print(time_to_learn(list(ALL), 3 if asked.short else 5, peer))


if __name__ == "__main__":
    main()
