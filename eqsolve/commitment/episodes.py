"""Whole episodes of the Stackelberg POMDP, for leaders whose commitments are known.

An episode with commitment c is

    response phase   E plays, in which followers learn against c       reward 0
    reward phase     R plays, in which followers behave as learned     reward u_0 / R each

(Brero and others 2022, section 4). With the whole commitment at hand nothing has to be asked one
step at a time, and B episodes run together. `StackelbergPOMDP` and its batch run the same
episodes one question to the leader at a time; with the same seeds they give the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.commitment.batch_game import BatchGame, State
from eqsolve.commitment.policy import Commitment, MixedCommitment
from eqsolve.commitment.responses.protocol import Behaviour, Outcome
from eqsolve.commitment.setting import Setting
from eqsolve.commitment.stepping import by_behaviour, step_through
from eqsolve.commitment.subgame import Subgame
from eqsolve.errors import BadCommitment, ResponseNotFinished
from eqsolve.results import Table, format_number

Array = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False, repr=False)
class Episodes:
    """B episodes as they went.

    Attributes
    ----------
    rewards : ndarray (B,)
        The leader's reward phase: the average over its plays, or exact expected values.
    finished : ndarray (B,) of bool
        Whether the response came to its own end; True where it knows none.
    plays : ndarray (B,)
        Plays of the response phase.
    behaviour : Behaviour
        The followers' in the reward phase.
    response_asked, reward_asked : ndarray (B, leader_observations) of bool, or None
        At which observations the leader's answer was used in the two phases.
    shortfall : ndarray (B,) or None
        What was left to finish, where the response measures it.
    state : tuple of ndarray
        The response's state at the end.
    """

    rewards: Array
    finished: NDArray[np.bool_]
    plays: Integers
    behaviour: Behaviour
    response_asked: NDArray[np.bool_] | None
    reward_asked: NDArray[np.bool_] | None
    shortfall: Array | None
    state: State

    def table(self) -> Table:
        """One row an episode: reward, plays of the response phase, whether it has finished."""
        columns = (range(self.rewards.size), self.rewards, self.plays, self.finished.tolist())
        rows = tuple(zip(*columns, strict=True))
        mean = f"mean reward {format_number(self.rewards.mean())}"
        return Table(("episode", "reward", "response plays", "finished"), rows, notes=(mean,))

    def __repr__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


def play_episodes(
    setting: Setting,
    commitment: Commitment | MixedCommitment,
    rng: np.random.Generator,
    *,
    exact: bool = False,
    record_asked: bool = False,
) -> Episodes:
    """Run an episode for every commitment of a batch.

    Parameters
    ----------
    setting : Setting
    commitment : Commitment or MixedCommitment
        B of them.
    rng : numpy.random.Generator
    exact : bool
        The leader's expected reward instead of an average over plays of the reward phase.
    record_asked : bool
        Note where the leader's answers were used.

    Raises
    ------
    ResponseNotFinished
        When the response demands to finish and has not.

    Examples
    --------
    >>> import eqsolve as eq
    >>> learners = eq.commitment.MultiplicativeWeights(final="argmax")
    >>> lead = eq.StackelbergPOMDP(
    ...     eq.models.load("conitzer"), response=learners, response_plays=20
    ... )
    >>> both = Commitment(np.array([[0], [1]]))
    >>> play_episodes(lead.setting, both, np.random.default_rng(0), exact=True).rewards
    array([1., 2.])
    """
    game, response = setting.game, setting.response
    batch = commitment.batch
    subgame = Subgame(game, commitment)
    asked = Asked(game, commitment) if record_asked else None
    state = response.start(game, batch)
    plays, done = np.zeros(batch, dtype=np.int64), np.zeros(batch, dtype=bool)
    for _ in range(setting.response_plays):
        current = partial(response.behaviour, game, state)
        outcome = play(setting, subgame, current, rng, asked=asked)
        if done.any():
            before = tuple(part.copy(order="K") for part in state)
            state = _kept(before, response.update(game, state, outcome), done)
        else:
            state = response.update(game, state, outcome)
        plays += ~done
        over = response.finished(game, state)
        if over is not None:
            done |= over
            if done.all():
                break
    finished = np.ones(batch, dtype=bool)
    over = response.finished(game, state)
    if over is not None:
        finished = over
        check_finished(setting, state, finished)
    response_asked = asked.taken() if asked else None
    shortfall = response.shortfall(game, state)
    behaviour = response.final_behaviour(game, state)
    if exact:
        if not response.memoryless:
            raise BadCommitment(
                f"{response!r} behaves differently from play to play, so that its reward phase "
                "has no exact value; leave out exact=True."
            )
        rewards = subgame.leader_value(behaviour)
    else:
        rewards = np.zeros(batch)
        for r in range(setting.reward_plays):
            now = behaviour
            if r and not response.memoryless:
                now = response.final_behaviour(game, state)
            outcome = play(setting, subgame, partial(_same, now), rng, asked=asked, rewarded=True)
            assert outcome.payoffs is not None
            rewards += outcome.payoffs[:, 0]
            state = response.carry(game, state, outcome)
        rewards /= setting.reward_plays
    return Episodes(
        rewards=rewards,
        finished=finished,
        plays=plays,
        behaviour=behaviour,
        response_asked=response_asked,
        reward_asked=asked.taken() if asked and not exact else None,
        shortfall=shortfall,
        state=state,
    )


def check_finished(setting: Setting, state: State, finished: NDArray[np.bool_]) -> None:
    """Refuse followers who have not come to their end, where the response demands it."""
    if finished.all() or not setting.response.demands_end:
        return
    short = setting.response.shortfall(setting.game, state)
    left = "" if short is None else f"; what is left is {float(np.max(short)):.3g}"
    raise ResponseNotFinished(
        f"{setting.response!r} has not finished after {setting.response_plays} plays in "
        f"{int((~finished).sum())} of {finished.size} episodes{left}. Give it more plays, or a "
        "looser bound."
    )


def unfinished_note(
    setting: Setting, commitment: Commitment | MixedCommitment, rng: np.random.Generator
) -> tuple[str, ...]:
    """A sentence on followers who know an end and do not come to it, or nothing."""
    if setting.response.demands_end:
        return ()
    exact = setting.response.memoryless and setting.game.graph is not None
    went = play_episodes(setting, commitment, rng, exact=exact)
    if went.finished.all():
        return ()
    # Infinite where nothing has been measured yet.
    short = np.inf if went.shortfall is None else float(went.shortfall.max())
    left = f", {short:.3g} short of it" if np.isfinite(short) else ""
    return (
        f"After {setting.response_plays} plays the followers have not come to their end{left}: "
        "the value is of what they do by then.",
    )


def draw_play(
    setting: Setting,
    behaviour: Callable[[], Behaviour],
    rng: np.random.Generator,
    batch: int,
    rewarded: bool = False,
) -> tuple[NDArray[Any], Integers, Integers, Array | None]:
    """Deals, types, actions, and marks of followers who act repeatedly, of the next play.

    Followers draw their actions only where something depends on them.
    """
    game, F = setting.game, setting.game.followers
    deals = game.draw(rng, batch)
    if not game.acts_once:
        blank = np.full((batch, F), -1)
        return deals, blank, blank, rng.random((game.horizon, batch, F))
    types = types_of(game, deals)
    if not rewarded and not setting.response.needs_actions(game):
        return deals, types, np.zeros((batch, F), dtype=np.int64), None
    return deals, types, behaviour().draw(types, rng), None


def types_of(game: BatchGame, deals: NDArray[Any]) -> Integers:
    """The followers' types, (B, F)."""
    if game.prior is None:
        return game.follower_observations(game.start(deals))
    if game.deal_types.shape[0] == 1:
        return np.broadcast_to(game.deal_types, (len(deals), game.followers))
    return np.asarray(game.deal_types[deals])


def play(
    setting: Setting,
    subgame: Subgame,
    behaviour: Callable[[], Behaviour],
    rng: np.random.Generator,
    *,
    asked: Asked | None = None,
    rewarded: bool = False,
) -> Outcome:
    """One play of every episode, with what the response asks for."""
    deals, types, actions, marks = draw_play(setting, behaviour, rng, subgame.batch, rewarded)
    return settle(setting, subgame, behaviour, deals, types, actions, marks, asked, rewarded)


def settle(
    setting: Setting,
    subgame: Subgame,
    behaviour: Callable[[], Behaviour],
    deals: NDArray[Any],
    types: Integers,
    actions: Integers,
    marks: Array | None,
    asked: Asked | None = None,
    rewarded: bool = False,
) -> Outcome:
    """What comes of plays that are dealt and drawn."""
    queries = "outcome" if rewarded else setting.response.queries
    if marks is not None:
        return _settle_steps(setting, subgame, behaviour, deals, types, marks, asked)
    payoffs = alternatives = None
    if queries == "alternatives":
        alternatives = subgame.alternatives(deals, actions)
    elif queries == "outcome":
        payoffs = subgame.outcome(deals, actions)
    if asked is not None:
        asked.note(queries, deals, actions)
    whole = subgame if queries == "table" else None
    return Outcome(deals, types, actions, payoffs, alternatives, whole)


def _settle_steps(
    setting: Setting,
    subgame: Subgame,
    behaviour: Callable[[], Behaviour],
    deals: NDArray[Any],
    types: Integers,
    marks: Array,
    asked: Asked | None,
) -> Outcome:
    commitment = subgame.commitment
    if not isinstance(commitment, Commitment):
        raise BadCommitment(
            f"Followers of {setting.game.name} act repeatedly; they can be shown pure "
            "commitments only."
        )
    table = commitment.table
    went = step_through(
        setting.game,
        deals,
        by_behaviour(behaviour(), marks),
        lambda seen, rows: table[rows, seen],
    )
    if asked is not None:
        asked.mark(went.seen)
    return Outcome(deals, types, went.path.actions[0], went.payoffs, path=went.path)


def _same(behaviour: Behaviour) -> Behaviour:
    return behaviour


def _kept(old: State, new: State, done: NDArray[np.bool_]) -> State:
    """The new state, but the old one where followers had finished."""
    return tuple(
        np.where(done.reshape(-1, *(1,) * (a.ndim - 1)), a, b)
        for a, b in zip(old, new, strict=True)
    )


class Asked:
    """At which observations the leader's answers have been used since last taken."""

    def __init__(self, game: BatchGame, commitment: Commitment | MixedCommitment) -> None:
        self.game, self.commitment = game, commitment
        self._blank()

    def _blank(self) -> None:
        # One more place, for questions that are none: -1 is the last.
        shape = (self.commitment.batch, self.game.leader_observations + 1)
        self._seen, self._all = np.zeros(shape, dtype=bool), False

    def taken(self) -> NDArray[np.bool_]:
        """What was asked, (B, leader_observations), and begin anew."""
        seen = self._seen[:, :-1] | self._all
        self._blank()
        return seen

    def mark(self, seen: Integers) -> None:
        """Note observations (..., B), -1 for none."""
        self._seen[np.arange(seen.shape[-1]), seen] = True

    def note(self, queries: str, deals: NDArray[Any], actions: Integers) -> None:
        """Note the questions of a play."""
        graph = self.game.graph
        if self._all or queries == "table" or self.game.leader_observations == 1:
            self._all = True
        elif graph is None or not isinstance(self.commitment, Commitment):
            # What is not listed is counted as asked everywhere.
            self._all = True
        else:
            cells = np.stack(runs(self.game, deals, actions, queries))
            for seen in graph.asked(cells, self.commitment):
                self.mark(seen)


def runs(game: BatchGame, deals: NDArray[Any], actions: Integers, queries: str) -> list[Integers]:
    """The cells (B,) of a play's runs: as it went, then with each follower acting otherwise."""
    graph = game.graph
    first = graph.cells(deals, actions)
    out = [first]
    if queries == "alternatives":
        for k, size in enumerate(game.actions):
            own = actions[:, k]
            for shift in range(1, size):
                out.append(first + graph.strides[k] * ((own + shift) % size - own))
    return out
