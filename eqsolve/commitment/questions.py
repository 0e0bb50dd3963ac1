"""Episodes one question to the leader at a time, B of them side by side.

Every episode has a play on the table: dealt, and with followers' actions drawn. As long as the
leader's answer is missing somewhere on the way, the episode waits with that observation; once
all are known the play is settled, followers learn, and the next play is dealt. An answer stands
for the play, or for the episode (`Setting.ask`). So the leader meets nothing but observations of
the base game, in both phases.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.commitment.batch_game import State
from eqsolve.commitment.episodes import check_finished, draw_play, runs, settle
from eqsolve.commitment.policy import Commitment, LeaderPolicy, MixedCommitment, as_commitment
from eqsolve.commitment.responses.protocol import Behaviour
from eqsolve.commitment.setting import Setting
from eqsolve.commitment.stepping import by_behaviour, fixed_actions, step_through
from eqsolve.commitment.subgame import Subgame
from eqsolve.errors import BadCommitment

Array = NDArray[np.float64]
Integers = NDArray[np.int64]
Rows = Any  # slice(None) for all, or an array of places


class Questions:
    """B episodes that wait for the leader's answers.

    Attributes
    ----------
    observation : ndarray (B,)
        What the leader is asked.
    plays : ndarray (B,)
        Plays settled in the phase that runs.
    rewarding : ndarray (B,) of bool
        Whether the reward phase runs.
    state : tuple of ndarray (B, ...)
        Of the response.
    types, actions : ndarray (B, F)
        Of the play on the table.
    finished : ndarray (B,) of bool
        Whether the response came to its own end.
    leader : policy or None
        Who answers in a hidden response phase.
    """

    def __init__(self, setting: Setting, batch: int) -> None:
        self.setting, self.batch = setting, batch
        game = setting.game
        table = (batch, game.leader_observations)
        self._unknown: float = np.nan if setting.mixed else -1
        self.answers: NDArray[Any] = (
            np.full((*table, game.leader_actions), np.nan)
            if setting.mixed
            else np.full(table, -1, dtype=np.int64)
        )
        self.observation = np.zeros(batch, dtype=np.int64)
        self.plays = np.zeros(batch, dtype=np.int64)
        self.rewarding = np.zeros(batch, dtype=bool)
        self.finished = np.zeros(batch, dtype=bool)
        self.types = np.zeros((batch, game.followers), dtype=np.int64)
        self.actions = np.zeros((batch, game.followers), dtype=np.int64)
        self.state: State = setting.response.start(game, batch)
        self._deals: NDArray[Any] | None = None
        self._marks: Array | None = None
        self.leader: Any = None
        self._hidden = self.answers.copy()
        self._owed = np.zeros(batch)
        self._over = np.zeros(batch, dtype=bool)

    def begin(self, rows: Rows, rng: np.random.Generator) -> None:
        """New episodes at some places, up to their first questions."""
        fresh = self.setting.response.start(self.setting.game, self._count(rows))
        self.state = self._put(self.state, rows, fresh)
        self.plays[rows], self.rewarding[rows], self.finished[rows] = 0, False, False
        self.answers[rows] = self._unknown
        if self.setting.hide_response:
            self._commit_hidden(rows, rng)
        self.observation[rows] = 0
        self._deal(rows, rng)
        owed, over = self._advance(rows, rng)
        # An episode may be paid, or end, before the leader is first asked; its step tells.
        self._owed[rows], self._over[rows] = owed[rows], over[rows]

    def answer(
        self, actions: NDArray[Any], rng: np.random.Generator
    ) -> tuple[Array, NDArray[np.bool_]]:
        """Take the leader's answers (B, ...); rewards (B,), and which episodes have ended."""
        self.answers[np.arange(self.batch), self.observation] = actions
        if not self._over.any():
            rewards, ended = self._advance(slice(None), rng)
        else:
            rewards, ended = self._advance(np.flatnonzero(~self._over), rng)
        rewards, ended = rewards + self._owed, ended | self._over
        self._owed[:], self._over[:] = 0.0, False
        return rewards, ended

    def _advance(self, rows: Rows, rng: np.random.Generator) -> tuple[Array, NDArray[np.bool_]]:
        """Run episodes until each waits for an answer or has ended."""
        rewards, ended = np.zeros(self.batch), np.zeros(self.batch, dtype=bool)
        while self._count(rows):
            query, places = self._next_query(rows), self._places(rows)
            waits = query >= 0
            if self.setting.hide_response:
                hidden = waits & ~self.rewarding[places]
                if hidden.any():
                    self._answer_hidden(places[hidden], query[hidden])
                    continue
            if waits.any():
                self.observation[places[waits]] = query[waits]
                rows = places[~waits]
                if not rows.size:
                    break
            over = self._settle(rows, rewards, rng)
            if over.any():
                places = self._places(rows)
                ended[places[over]] = True
                rows = places[~over]
            if self._count(rows):
                self._deal(rows, rng)
        return rewards, ended

    def _by_phase(self, rows: Rows) -> list[tuple[bool, Rows, Any]]:
        """Rows of the response phase and of the reward phase, and their places among `rows`."""
        # A copy: followers who are through move on to the reward phase while this is used.
        rewarding = self.rewarding[rows].copy()
        if not rewarding.any():
            return [(False, rows, slice(None))]
        if rewarding.all():
            return [(True, rows, slice(None))]
        places = self._places(rows)
        return [(False, places[~rewarding], ~rewarding), (True, places[rewarding], rewarding)]

    def _behaviour(self, rows: Rows, rewarding: bool) -> Behaviour:
        response, state = self.setting.response, self._state_of(rows)
        if rewarding:
            return response.final_behaviour(self.setting.game, state)
        return response.behaviour(self.setting.game, state)

    def _deal(self, rows: Rows, rng: np.random.Generator) -> None:
        """Put the next play on the table."""
        if self.setting.ask == "play":
            self.answers[rows] = self._unknown
        for rewarding, some, _ in self._by_phase(rows):
            deals, types, actions, marks = draw_play(
                self.setting,
                partial(self._behaviour, some, rewarding),
                rng,
                self._count(some),
                rewarding,
            )
            if self._deals is None:
                self._deals = np.zeros((self.batch, *deals.shape[1:]), dtype=deals.dtype)
            self._deals[some], self.types[some], self.actions[some] = deals, types, actions
            if marks is not None:
                if self._marks is None:
                    self._marks = np.zeros((marks.shape[0], self.batch, *marks.shape[2:]))
                self._marks[:, some] = marks

    def _next_query(self, rows: Rows) -> Integers:
        """The first observation at which an answer is missing, or -1."""
        out = np.empty(self._count(rows), dtype=np.int64)
        for rewarding, some, at in self._by_phase(rows):
            queries = "outcome" if rewarding else self.setting.response.queries
            out[at] = self._missing(some, rewarding, queries)
        return out

    def _missing(self, rows: Rows, rewarding: bool, queries: str) -> Integers:
        game, answers = self.setting.game, self.answers[rows]
        if self.setting.mixed or queries == "table":
            known = ~np.isnan(answers[:, :, 0]) if self.setting.mixed else answers >= 0
            return np.where(known.all(axis=1), -1, np.argmin(known, axis=1))
        graph, deals, actions = game.graph, self._dealt(rows), self.actions[rows]
        if graph is not None:
            if graph.blind:
                only = int(graph.observations[0])
                return np.where(answers[:, only] < 0, only, -1)
            cells = np.stack(runs(game, deals, actions, queries))
            return np.asarray(graph.first_unanswered(cells, answers))
        if self._marks is not None:
            choosers = [by_behaviour(self._behaviour(rows, rewarding), self._marks[:, rows])]
        else:
            choosers = [fixed_actions(own) for own in action_runs(game, actions, queries)]
        query = np.full(len(deals), -1)
        for choose in choosers:
            went = step_through(game, deals, choose, lambda seen, at: answers[at, seen])
            query = np.where(query < 0, went.query, query)
        return query

    def _commit_hidden(self, rows: Rows, rng: np.random.Generator) -> None:
        """The leader's commitments in the response phases that its learner does not see."""
        policy, setting = self.leader, self.setting
        if policy is None:
            raise BadCommitment(
                "An environment without a leader: with hide_response=True the response phase is "
                "run inside, against the policy given to answer_with(policy) before reset()."
            )
        if is_function(policy):
            return
        if isinstance(policy, LeaderPolicy) and not setting.mixed:
            policy = policy.sample_commitment(rng, self._count(rows))
        self._hidden[rows] = as_commitment(policy, setting.game).table

    def _answer_hidden(self, places: Integers, query: Integers) -> None:
        if not is_function(self.leader):
            self.answers[places, query] = self._hidden[places, query]
            return
        ask = getattr(self.leader, "predict", None)
        given = self.leader(query) if ask is None else ask(query)[0]
        self.answers[places, query] = read_answers(self.setting, np.asarray(given))

    def _settle(self, rows: Rows, rewards: Array, rng: np.random.Generator) -> NDArray[np.bool_]:
        """Settle the plays on the table; which of the episodes have ended."""
        ended = np.zeros(self._count(rows), dtype=bool)
        setting = self.setting
        for rewarding, some, at in self._by_phase(rows):
            kind = MixedCommitment if setting.mixed else Commitment
            outcome = settle(
                setting,
                Subgame(setting.game, kind(self.answers[some])),
                partial(self._behaviour, some, rewarding),
                self._dealt(some),
                self.types[some],
                self.actions[some],
                None if self._marks is None else self._marks[:, some],
                rewarded=rewarding,
            )
            self.plays[some] += 1
            if rewarding:
                assert outcome.payoffs is not None
                rewards[some] += outcome.payoffs[:, 0] / setting.reward_plays
                ended[at] = self.plays[some] == setting.reward_plays
                if not setting.response.memoryless:
                    carried = setting.response.carry(setting.game, self._state_of(some), outcome)
                    self.state = self._put(self.state, some, carried)
            else:
                self._learn(some, outcome)
        return ended

    def _learn(self, rows: Rows, outcome: Any) -> None:
        """Followers learn from a play; the reward phase begins where they are through."""
        setting = self.setting
        moved = setting.response.update(setting.game, self._state_of(rows), outcome)
        self.state = self._put(self.state, rows, moved)
        through = self.plays[rows] == setting.response_plays
        over = setting.response.finished(setting.game, moved)
        if over is not None:
            through = through | over
        if not through.any():
            return
        if over is not None:
            left = tuple(part[through] for part in moved)
            check_finished(setting, left, over[through])
        at = self._places(rows)[through]
        self.finished[at] = True if over is None else over[through]
        self.rewarding[at], self.plays[at] = True, 0
        if setting.hide_response:
            # What was answered inside is not the learner's answer.
            self.answers[at] = self._unknown

    def _dealt(self, rows: Rows) -> NDArray[Any]:
        assert self._deals is not None
        return self._deals[rows]

    def _state_of(self, rows: Rows) -> State:
        return self.state if isinstance(rows, slice) else tuple(p[rows] for p in self.state)

    def _put(self, old: State, rows: Rows, new: State) -> State:
        """The state with some rows replaced."""
        if isinstance(rows, slice):
            return new
        out = tuple(part if part.flags.writeable else part.copy(order="K") for part in old)
        for part, value in zip(out, new, strict=True):
            part[rows] = value
        return out

    def _count(self, rows: Rows) -> int:
        return self.batch if isinstance(rows, slice) else int(rows.size)

    def _places(self, rows: Rows) -> Integers:
        return np.arange(self.batch) if isinstance(rows, slice) else np.asarray(rows)


def is_function(policy: Any) -> bool:
    """Whether a leader is a function of observations (or predicts from them), not a table."""
    if isinstance(policy, (LeaderPolicy, Commitment, MixedCommitment)):
        return False
    return callable(policy) or hasattr(policy, "predict")


def read_answers(setting: Setting, actions: NDArray[Any]) -> NDArray[Any]:
    """The leader's actions (B,), or its mixes (B, actions) from weights.

    Raises
    ------
    BadCommitment
        Naming the action that is none.
    """
    count = setting.game.leader_actions
    if not setting.mixed:
        flat = actions.reshape(actions.shape[0])
        if flat.dtype.kind not in "iu" or flat.min() < 0 or flat.max() >= count:
            wrong = next(a for a in flat.tolist() if a not in range(count))
            raise BadCommitment(f"The leader has actions 0 to {count - 1}, not {wrong!r}.")
        return flat
    weights = np.asarray(actions, dtype=np.float64).reshape(actions.shape[0], -1)
    if weights.shape[1] != count or not (weights >= 0).all():
        raise BadCommitment(
            f"The leader answers with {count} nonnegative weights, not {actions[0].tolist()}."
        )
    total = weights.sum(axis=1, keepdims=True)
    return np.where(total > 0, weights / np.where(total > 0, total, 1.0), 1.0 / count)


def action_runs(game: Any, actions: Integers, queries: str) -> list[Integers]:
    """Followers' actions (B, F) in a play's runs, in the order of `runs`."""
    out = [actions]
    if queries == "alternatives":
        for k, size in enumerate(game.actions):
            for shift in range(1, size):
                other = actions.copy()
                other[:, k] = (actions[:, k] + shift) % size
                out.append(other)
    return out
