"""Users' own learners play a finite game: objects that act and are told what it paid.

Each round every agent acts, actions are drawn from the strategies it gives, and everybody is
told. Three kinds of agents are known:

    act and update    act(rng) -> an action's number or a mixed strategy;
                      update(payoffs), what each of its actions would have paid, or with
                      bandit feedback update(action, payoff)
    OpenSpiel         policy.action_probabilities(state) -> {action: probability};
                      update(payoffs) is called where there is one, so that policies may learn
    PettingZoo        agent.act(observation) or agent(observation) -> action;
                      update(observation, action, reward, next_observation, terminated) where
                      there is one. The observation is everybody's last actions, -1 at first.

Nothing of OpenSpiel or PettingZoo is imported: what counts is which methods an object has.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.dynamics.protocol import State, counter
from eqsolve.dynamics.simplices import check_strategies, drawn
from eqsolve.errors import EqsolveError

Array = NDArray[np.float64]
FEEDBACKS = ("expected", "sampled", "bandit")


@dataclass(frozen=True)
class Round:
    """What an agent may be told of a round.

    Attributes
    ----------
    payoffs : ndarray (actions,)
        What each of its actions would have paid.
    action : int
        The one it played.
    actions : ndarray of int (players,)
        Everybody's.
    before : ndarray of int (players,)
        Everybody's in the round before, -1 in the first.
    """

    payoffs: Array
    action: int
    actions: NDArray[np.int64]
    before: NDArray[np.int64]


@dataclass(frozen=True)
class Agents:
    """Objects with ``act(rng)`` and ``update(...)``, one a player.

    Parameters
    ----------
    agents : sequence
        One a player: an agent, which is copied for every replication and itself left as it
        is, or a function without arguments that makes one. None leaves a player's strategy
        alone, for another learner to choose: see `PlayerByPlayer`.
    feedback : "expected", "sampled" or "bandit"
        update(payoffs) with what each own action would have paid against the others' mixes
        (expected) or drawn actions (sampled), or update(action, payoff) (bandit).

    Raises
    ------
    EqsolveError
        For an agent without the methods, or one that acts outside its actions.

    Notes
    -----
    Agents choose the first round's strategies too; ``start=`` changes nothing for them.
    They carry their memory themselves. A run of them goes on with ``resume=`` while the
    trajectory is in memory, but not from a file, and they see the same random numbers for
    the same seed only if they draw them from the generator they are given.

    Examples
    --------
    >>> import eqsolve as eq
    >>> class Greedy:
    ...     def __init__(self):
    ...         self.totals = np.zeros(2)
    ...     def act(self, rng):
    ...         return int(self.totals.argmax())
    ...     def update(self, payoffs):
    ...         self.totals += payoffs
    >>> pennies = eq.NormalFormGame.bimatrix([[1, -1], [-1, 1]])
    >>> path = eq.simulate(pennies, Agents([Greedy, Greedy]), steps=400, record_every=400)
    >>> bool(path.regret()[-1, 0] < 0.1)
    True
    """

    agents: Sequence[Any]
    feedback: str = "sampled"

    def __post_init__(self) -> None:
        if self.feedback not in FEEDBACKS:
            raise EqsolveError(f"Agents: feedback must be one of {FEEDBACKS}.")
        object.__setattr__(self, "agents", tuple(self.agents))

    def start(self, game: Any, profile: Array) -> State:
        """A counter, fresh agents (replications, players), and nobody's last actions."""
        if len(self.agents) != len(game.actions):
            raise EqsolveError(
                f"{len(self.agents)} agents are given for {len(game.actions)} players."
            )
        runs = profile.shape[0]
        made = np.empty((runs, len(self.agents)), dtype=object)
        for run in range(runs):
            for player, agent in enumerate(self.agents):
                if agent is not None:
                    made[run, player] = self._fresh(self._checked(agent, player), player)
        return counter(profile), made, np.full(made.shape, -1, dtype=np.int64)

    def opening(
        self, game: Any, profile: Array, state: State, rng: np.random.Generator
    ) -> tuple[Array, State]:
        """What the agents play in the first round."""
        return self._acted(game, profile, state, rng), state

    def step(
        self, game: Any, profile: Array, state: State, rng: np.random.Generator
    ) -> tuple[Array, State]:
        """Actions are drawn, agents are told, and act again."""
        count, agents, before = state
        pure = drawn(profile, game.blocks, rng)
        against = profile if self.feedback == "expected" else pure
        paid = game.deviation_payoffs(against)
        actions = np.stack([pure[:, block].argmax(axis=1) for block in game.blocks], axis=1)
        for run, row in enumerate(agents):
            for player, agent in _present(row):
                own = np.array(paid[run, game.blocks[player]])
                told = Round(own, int(actions[run, player]), actions[run], before[run])
                self._tell(game, agent, player, told)
        after = (count + 1, agents, actions)
        return self._acted(game, profile, after, rng), after

    def _acted(self, game: Any, profile: Array, state: State, rng: np.random.Generator) -> Array:
        moved = profile.copy(order="K")
        for run, row in enumerate(state[1]):
            for player, agent in _present(row):
                block = game.blocks[player]
                given = self._strategy(game, agent, player, state[2][run], rng)
                moved[run, block] = _as_mix(given, block.stop - block.start, player)
        check_strategies(game, moved, "What the agent gives as the strategy")
        return moved

    def _fresh(self, agent: Any, player: int) -> Any:
        """A new agent from a class or function without arguments; a copy of an object."""
        if makes_agents(agent):
            return self._checked(agent(), player)
        try:
            return copy.deepcopy(agent)
        except Exception as reason:
            raise EqsolveError(
                f"Agent {player} ({type(agent).__name__}) cannot be copied for every replication "
                f"({reason}); give a function without arguments that makes one."
            ) from reason

    def _checked(self, agent: Any, player: int) -> Any:
        if makes_agents(agent):
            return agent  # what it makes is checked
        for method in ("act", "update"):
            if not callable(getattr(agent, method, None)):
                raise EqsolveError(
                    f"Agent {player} ({type(agent).__name__}) has no {method}(); agents have "
                    "act(rng) and update(...)."
                )
        return agent

    def _strategy(
        self,
        game: Any,
        agent: Any,
        player: int,
        before: NDArray[np.int64],
        rng: np.random.Generator,
    ) -> Any:
        return agent.act(rng)

    def _tell(self, game: Any, agent: Any, player: int, told: Round) -> None:
        if self.feedback == "bandit":
            agent.update(told.action, float(told.payoffs[told.action]))
        else:
            agent.update(told.payoffs)


@dataclass(frozen=True)
class OpenSpielPolicies(Agents):
    """OpenSpiel policies, one a player: objects with ``action_probabilities(state)``.

    They are asked at one move of one player, as OpenSpiel tells it of a matrix game, whether
    converted to turns or not: tabular policies of such games find their entry. A policy that
    has ``update(payoffs)`` is told what its actions would have paid; without it a policy is
    the same throughout, and is not copied.

    Parameters
    ----------
    agents : sequence
        One policy a player, or one function a player that makes one.
    feedback : "expected" or "sampled"
    states : sequence, optional
        One state a player at which its policy is asked: OpenSpiel's own, for policies that
        take no other.

    Examples
    --------
    >>> import eqsolve as eq
    >>> class Uniform:
    ...     def action_probabilities(self, state, player_id=None):
    ...         legal = state.legal_actions()
    ...         return {action: 1 / len(legal) for action in legal}
    >>> pennies = eq.NormalFormGame.bimatrix([[1, -1], [-1, 1]])
    >>> path = eq.simulate(pennies, OpenSpielPolicies([Uniform(), Uniform()]), steps=3)
    >>> path.exploitability()[-1]
    array([0.])
    """

    states: Sequence[Any] | None = None

    def _fresh(self, agent: Any, player: int) -> Any:
        if makes_agents(agent) or hasattr(agent, "update"):
            return super()._fresh(agent, player)
        return agent

    def _checked(self, agent: Any, player: int) -> Any:
        if makes_agents(agent):
            return agent
        if not callable(getattr(agent, "action_probabilities", None)):
            raise EqsolveError(
                f"Policy {player} ({type(agent).__name__}) has no action_probabilities(state)."
            )
        return agent

    def _strategy(
        self,
        game: Any,
        agent: Any,
        player: int,
        before: NDArray[np.int64],
        rng: np.random.Generator,
    ) -> Any:
        size = game.actions[player]
        if self.states is not None:
            chances = agent.action_probabilities(self.states[player], player)
        else:
            try:
                chances = agent.action_probabilities(MatrixState(player, size))
            except KeyError:  # a table over the game's other form
                together = MatrixState(player, size, simultaneous=True)
                chances = agent.action_probabilities(together)
        mix = np.zeros(size)
        for action, chance in chances.items():
            mix[_checked_action(action, mix.size, player)] = chance
        return mix

    def _tell(self, game: Any, agent: Any, player: int, told: Round) -> None:
        if hasattr(agent, "update"):
            super()._tell(game, agent, player, told)


class PettingZooAgents(Agents):
    """Agents of a PettingZoo loop, one a player: ``act(observation)`` or a plain callable.

    Parameters
    ----------
    agents : sequence
        One agent a player, or one class a player.
    feedback : ignored
        Agents are told their own reward alone.

    Examples
    --------
    >>> import eqsolve as eq
    >>> def tit_for_tat(observation):
    ...     return max(int(observation[1]), 0)
    >>> class Defect:
    ...     def act(self, observation):
    ...         return 1
    >>> dilemma = eq.NormalFormGame([[[3, 1], [4, 2]], [[3, 4], [1, 2]]])
    >>> path = eq.simulate(dilemma, PettingZooAgents([tit_for_tat, Defect]), steps=10)
    >>> path.average_payoffs[-1, 0]
    array([1.9, 2.2])
    """

    def _checked(self, agent: Any, player: int) -> Any:
        if not callable(getattr(agent, "act", agent)):
            raise EqsolveError(
                f"Agent {player} ({type(agent).__name__}) has no act(observation) and cannot be "
                "called."
            )
        return agent

    def _strategy(
        self,
        game: Any,
        agent: Any,
        player: int,
        before: NDArray[np.int64],
        rng: np.random.Generator,
    ) -> Any:
        return getattr(agent, "act", agent)(before.copy())

    def _tell(self, game: Any, agent: Any, player: int, told: Round) -> None:
        if hasattr(agent, "update"):
            reward = float(told.payoffs[told.action])
            agent.update(told.before.copy(), told.action, reward, told.actions.copy(), False)


@dataclass(frozen=True)
class MatrixState:
    """What an OpenSpiel policy is asked at: one move of one player, nothing before it."""

    player: int
    size: int
    simultaneous: bool = False

    def current_player(self) -> int:
        """The player to move."""
        return self.player

    def legal_actions(self, player: int | None = None) -> list[int]:
        """Numbers of all its actions."""
        return list(range(self.size))

    def is_terminal(self) -> bool:
        """Never."""
        return False

    def is_chance_node(self) -> bool:
        """Never."""
        return False

    def history(self) -> list[int]:
        """Nothing was played before."""
        return []

    def information_state_string(self, player: int | None = None) -> str:
        """As OpenSpiel's, in matrix games converted to turns or played at once."""
        observer = self.player if player is None else player
        seen = f"Observing player: {observer}. Non-terminal"
        return seen if self.simultaneous else f"Current player: {self.player}\n{seen}"


def _present(row: Any) -> list[tuple[int, Any]]:
    """The agents of one replication with their players; without those given as None."""
    return [(player, agent) for player, agent in enumerate(row) if agent is not None]


def makes_agents(agent: Any) -> bool:
    """Whether what is given is no agent but a class, or a function without arguments."""
    return inspect.isclass(agent) or (inspect.isroutine(agent) and not _takes_arguments(agent))


def _takes_arguments(function: Any) -> bool:
    needed = [
        each
        for each in inspect.signature(function).parameters.values()
        if each.default is each.empty and each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)
    ]
    return bool(needed)


def _checked_action(action: Any, size: int, player: int) -> int:
    if not 0 <= int(action) < size or int(action) != action:
        raise EqsolveError(f"Agent {player} plays {action!r}; its actions are 0 to {size - 1}.")
    return int(action)


def _as_mix(given: Any, size: int, player: int) -> Array:
    """A strategy from an action's number or from probabilities."""
    value = np.asarray(given)
    if value.ndim == 0:
        return np.asarray(np.eye(size)[_checked_action(value.item(), size, player)])
    if value.shape != (size,):
        raise EqsolveError(
            f"Agent {player} gives a strategy of shape {value.shape}; it has {size} actions."
        )
    return np.asarray(value, dtype=float)
