"""A finite game, played over and over, in the form of a PettingZoo parallel environment.

For training loops that drive an environment themselves: they step it, and what was played is
a `RepeatedPlay` afterwards. PettingZoo itself is not needed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.dynamics.repeated_play import RepeatedPlay
from eqsolve.errors import EqsolveError


class RepeatedGameEnv:
    """One round of a finite game a step; everybody sees everybody's last actions.

    Parameters
    ----------
    game : NormalFormGame
    rounds : int
        Length of an episode; the last step truncates it.

    Attributes
    ----------
    possible_agents, agents : list of str
        ``str(name)`` of every player; `agents` is empty between episodes.

    Examples
    --------
    >>> from eqsolve.games.finite import NormalFormGame
    >>> env = RepeatedGameEnv(NormalFormGame.bimatrix([[1, -1], [-1, 1]]), rounds=2)
    >>> observations, infos = env.reset(seed=0)
    >>> while env.agents:
    ...     observations, rewards, *_ = env.step({"0": 0, "1": 1})
    >>> rewards, env.played().regret(player=0)[-1]
    ({'0': -1.0, '1': 1.0}, array([2.]))
    """

    metadata: Mapping[str, Any] = {"name": "repeated_game_v0", "render_modes": []}
    render_mode: str | None = None

    def __init__(self, game: Any, rounds: int) -> None:
        if rounds < 1:
            raise EqsolveError(f"An episode has at least 1 round, not {rounds}.")
        self.game, self.rounds = game, rounds
        self.possible_agents = [str(name) for name in game.player_names]
        self.agents: list[str] = []
        self._actions: list[list[int]] = []
        self._spaces: dict[tuple[str, str], Any] = {}

    @property
    def unwrapped(self) -> RepeatedGameEnv:
        """Itself."""
        return self

    def observation_space(self, agent: str) -> Any:
        """Everybody's last actions counted from one, zero before the first round."""
        from gymnasium.spaces import MultiDiscrete

        self._place(agent)
        seen = np.asarray(self.game.actions) + 1
        # The same object at every call, as PettingZoo asks.
        return self._spaces.setdefault(("observation", agent), MultiDiscrete(seen))

    def action_space(self, agent: str) -> Any:
        """Numbers of the player's actions."""
        from gymnasium.spaces import Discrete

        size = self.game.actions[self._place(agent)]
        return self._spaces.setdefault(("action", agent), Discrete(size))

    def reset(
        self, seed: int | None = None, options: Mapping[str, Any] | None = None
    ) -> tuple[dict[str, NDArray[np.int64]], dict[str, dict[str, Any]]]:
        """Begin an episode; nothing here is random, so the seed changes nothing."""
        self.agents, self._actions = list(self.possible_agents), []
        return self._observed(np.zeros(len(self.agents), dtype=np.int64)), self._infos()

    def step(self, actions: Mapping[str, int]) -> tuple[dict[str, Any], ...]:
        """Play a round.

        Returns
        -------
        observations, rewards, terminations, truncations, infos : dict by agent

        Raises
        ------
        EqsolveError
            Outside an episode, or when an action is missing or unknown.
        """
        if not self.agents:
            raise EqsolveError("The episode is over; call reset() first.")
        chosen = []
        for agent, size in zip(self.possible_agents, self.game.actions, strict=True):
            if agent not in actions or not 0 <= int(actions[agent]) < size:
                raise EqsolveError(
                    f"Agent {agent!r} needs an action from 0 to {size - 1}, not "
                    f"{actions.get(agent)!r}."
                )
            chosen.append(int(actions[agent]))
        self._actions.append(chosen)
        paid = self.game.payoffs[(slice(None), *chosen)]
        over = len(self._actions) == self.rounds
        observations = self._observed(np.asarray(chosen, dtype=np.int64) + 1)
        rewards = dict(zip(self.possible_agents, paid.tolist(), strict=True))
        terminations = dict.fromkeys(self.possible_agents, False)
        truncations = dict.fromkeys(self.possible_agents, over)
        infos = self._infos()
        if over:
            self.agents = []
        return observations, rewards, terminations, truncations, infos

    def played(self) -> RepeatedPlay:
        """The rounds of the episode so far.

        Raises
        ------
        EqsolveError
            Before the first.
        """
        if not self._actions:
            raise EqsolveError("No round has been played yet.")
        return RepeatedPlay.from_actions(self.game, np.asarray(self._actions))

    def render(self) -> None:
        """Nothing is drawn."""

    def close(self) -> None:
        """Nothing is held."""

    def _place(self, agent: str) -> int:
        if agent not in self.possible_agents:
            raise EqsolveError(f"There is no agent {agent!r}; they are {self.possible_agents}.")
        return self.possible_agents.index(agent)

    def _observed(self, actions: NDArray[np.int64]) -> dict[str, NDArray[np.int64]]:
        return {agent: actions.copy() for agent in self.possible_agents}

    def _infos(self) -> dict[str, dict[str, Any]]:
        return {agent: {} for agent in self.possible_agents}
