"""The learner of our own: many starts of an actor and its critic over whole episodes in batches.

An update draws a batch of commitments from every start, plays their episodes out all together
(`play_episodes`), and moves every start by its policy gradient. The start's likeliest commitment
is played along by itself; the best so far is what the leader has learned. A start that has settled,
or is old, begins anew from other scores, so that a local optimum holds one start for a while and
never the leader: Escape's 15, where followers agree, does not keep it from 30.

Update k of a run draws all its numbers from a stream that follows from the seed and k. So a
run resumes to the same numbers, and a longer run begins as a shorter one.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.commitment import checkpoint as files
from eqsolve.commitment.contenders import SEASONED, Contenders
from eqsolve.commitment.mixed_actor import MixedActor
from eqsolve.commitment.pure_actor import PureActor
from eqsolve.commitment.setting import Setting
from eqsolve.commitment.training_episodes import TrainingEpisodes
from eqsolve.errors import BadCommitment

Array = NDArray[np.float64]
State = dict[str, NDArray[Any]]
PATIENCE = 1.0  # seconds between checkpoints


@dataclass(frozen=True)
class ActorCritic:
    """Options of the default learner.

    Parameters
    ----------
    starts : int
        How many policies learn side by side.
    batch : int
        Episodes of each in an update.
    rate : float
        Step of the scores (pure), or of the means in spreads (mixed).
    bonus, fading : float
        Of the entropy, in standard deviations of the reward, and the updates in which it halves.
    oldest : int
        Updates after which a start begins anew although it has not settled.
    looks : int
        Episodes in which a likely commitment is played by itself, where its value is random.

    Raises
    ------
    BadCommitment
        Naming the option that is out of range.

    Examples
    --------
    >>> ActorCritic(starts=4).batch
    32
    """

    starts: int = 8
    batch: int = 32
    rate: float | None = None
    bonus: float = 0.1
    fading: float = 10.0
    oldest: int = 150
    looks: int = 8

    name = "actor-critic"

    def __post_init__(self) -> None:
        check_counts(self, ("starts", "batch", "oldest", "looks"))
        if self.batch < 2:
            raise BadCommitment("ActorCritic: batch must be 2 or more, to compare episodes.")
        for name in ("rate", "bonus", "fading"):
            value = getattr(self, name)
            if value is not None and not (np.isfinite(value) and value >= 0):
                raise BadCommitment(f"ActorCritic: {name} must not be negative, but is {value!r}.")

    def actor(self, setting: Setting) -> PureActor | MixedActor:
        """The policy's form: pure commitments, or mixes."""
        shape = setting.game.leader_observations, setting.game.leader_actions
        if setting.mixed:
            return MixedActor(*shape) if self.rate is None else MixedActor(*shape, self.rate)
        return PureActor(
            *shape,
            rate=0.3 if self.rate is None else self.rate,
            bonus=self.bonus,
            fading=self.fading,
            critic=setting.critic,
        )


@dataclass(frozen=True, eq=False)
class Standing:
    """How far a run has come; replaced as a whole, so that an interruption leaves no trace.

    Attributes
    ----------
    state : dict of ndarray
        Of the actor, starts first.
    contenders : Contenders
    updates : int
        Made so far.
    curve : tuple of (episodes, value)
        Value of the policy that would be given out, after each update.
    """

    state: State
    contenders: Contenders
    updates: int = 0
    curve: tuple[tuple[int, float], ...] = ()


@dataclass
class Run:
    """A run under way.

    Attributes
    ----------
    learner : ActorCritic
    setting : Setting
    seed : int
    steps : int
        Episodes to play; updates are never cut.
    until : float or None
        Stop once the learned policy is worth this much.
    checkpoint : Path or None
    report : function of episodes played
    interrupted : bool
    """

    learner: ActorCritic
    setting: Setting
    seed: int
    steps: int
    until: float | None = None
    checkpoint: Path | None = None
    report: Callable[[int], None] = lambda episodes: None
    interrupted: bool = False

    def __post_init__(self) -> None:
        game = self.setting.game
        self.episodes = TrainingEpisodes(self.setting)
        self.actor = self.learner.actor(self.setting)
        shape = (game.leader_observations, *((game.leader_actions,) * self.setting.mixed))
        state = self.actor.begin(stream(self.seed, "start"), self.learner.starts)
        none = Contenders.none(shape, self.setting.mixed, self.episodes.certain)
        self.now = Standing(state, none)

    @property
    def per_update(self) -> int:
        """Episodes that an update learns from."""
        return self.learner.starts * self.learner.batch

    @property
    def done(self) -> int:
        """Episodes learned from so far."""
        return self.now.updates * self.per_update

    def go(self) -> Run:
        """Update until the steps are made, the value is reached, or Ctrl-C."""
        saved = time.monotonic()
        try:
            while self.done < self.steps and not self._reached():
                self.now = self._updated(self.now)
                self.report(self.per_update)
                if self.checkpoint is not None and time.monotonic() - saved > PATIENCE:
                    self.save()
                    saved = time.monotonic()
        except KeyboardInterrupt:
            self.interrupted = True
        if self.checkpoint is not None:
            self.save()
        return self

    def _reached(self) -> bool:
        curve = self.now.curve
        return self.until is not None and bool(curve) and curve[-1][1] >= self.until

    def _updated(self, now: Standing) -> Standing:
        """One update of every start, and a look at what each would commit to now."""
        rng = stream(self.seed, "update", now.updates)
        if self.setting.hide_response:
            paid, asked, drawn, contenders = self._hidden(now, rng)
        else:
            paid, asked, drawn, contenders = self._seen(now, rng)
        shape = self.learner.starts, self.learner.batch
        paid, asked = self.episodes.least(paid).reshape(shape), asked.reshape(*shape, -1)
        state = self.actor.learn(now.state, drawn, paid, asked)
        point = ((now.updates + 1) * self.per_update, contenders.value)
        return Standing(self._renewed(state, rng), contenders, now.updates + 1, (*now.curve, point))

    def _seen(self, now: Standing, rng: np.random.Generator) -> Any:
        """Episodes to learn from, and in the same batch those that judge the contenders."""
        commitment, drawn = self.actor.draw(now.state, rng, self.learner.batch)
        tables, times = self.actor.modes(now.state), 1
        if not self.episodes.certain:
            # Those known are played again, so that nobody stays ahead by luck.
            tables, times = np.concatenate([tables, now.contenders.tables]), self.learner.looks
        looked = np.repeat(tables, times, axis=0)
        both = self.episodes.commitment(np.concatenate([commitment.table, looked]))
        paid, asked = self.episodes.rewards(both, rng)
        count = commitment.batch
        contenders = now.contenders.joined(tables, paid[count:].reshape(-1, times))
        return paid[:count], asked[:count], drawn, contenders

    def _hidden(self, now: Standing, rng: np.random.Generator) -> Any:
        """The same for a learner that sees the reward phase alone, and judges by that."""
        commitment, drawn = self.actor.draw(now.state, rng, self.learner.batch)
        met, _ = self.actor.draw(now.state, rng, self.learner.batch)
        paid, asked = self.episodes.rewards(commitment, rng, met)
        leads = paid.reshape(self.learner.starts, -1).mean(axis=1).argmax()
        tables = self.actor.modes(now.state)[leads][None]
        times = 1 if self.episodes.certain else SEASONED
        none = Contenders.none(tables.shape[1:], self.setting.mixed, self.episodes.certain)
        return paid, asked, drawn, none.joined(tables, self.episodes.values(tables, rng, times))

    def _renewed(self, state: State, rng: np.random.Generator) -> State:
        """Starts that have settled or are old begin anew."""
        over = self.actor.settled(state) | (state["age"] >= self.learner.oldest)
        if not over.any() or self.setting.hide_response:
            return state
        fresh = self.actor.begin(rng, int(over.sum()))
        out = {name: part.copy() for name, part in state.items()}
        for name, part in fresh.items():
            out[name][over] = part
        return out

    def save(self) -> None:
        """Write the checkpoint."""
        assert self.checkpoint is not None
        now = self.now
        arrays = {f"state_{name}": part for name, part in now.state.items()}
        arrays |= {
            "tables": now.contenders.tables,
            "totals": now.contenders.totals,
            "counts": now.contenders.counts,
            "curve": np.array(now.curve).reshape(-1, 2),
        }
        files.save(self.checkpoint, arrays, {**self.notes(), "updates": now.updates})

    def notes(self) -> dict[str, Any]:
        """What a checkpoint must agree with."""
        return {
            "problem": files.identity(self.setting),
            "learner": repr(self.learner),
            "seed": self.seed,
        }

    def restore(self, arrays: State, notes: dict[str, Any]) -> None:
        """Go on from a checkpoint."""
        self.seed = notes["seed"]
        state = {
            name.removeprefix("state_"): part
            for name, part in arrays.items()
            if name.startswith("state_")
        }
        needed = self.now.contenders.needed
        contenders = Contenders(arrays["tables"], arrays["totals"], arrays["counts"], needed)
        curve = tuple((int(at), float(value)) for at, value in arrays["curve"])
        self.now = Standing(state, contenders, int(notes["updates"]), curve)


def check_counts(options: Any, names: tuple[str, ...]) -> None:
    """Refuse options of a learner that are no whole numbers from one on."""
    for name in names:
        value = getattr(options, name)
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
            raise BadCommitment(
                f"{type(options).__name__}: {name} must be a whole number, 1 or more, not "
                f"{value!r}."
            )


def stream(seed: int, kind: str, update: int = 0) -> np.random.Generator:
    """A random stream of its own for every place in a run."""
    return np.random.default_rng([seed, ("start", "update", "last").index(kind), update])
