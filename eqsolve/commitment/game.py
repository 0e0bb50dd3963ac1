"""Games with a leader who commits: the shape of a PettingZoo parallel environment, plus a leader.

A partially observable Markov game has a leader and n followers, private types drawn from one
prior (possibly correlated), and finitely many steps. In every step each agent sees its own
observation and all act together; rewards add up over a play, one run from start to end.

The leader commits to a policy, a function of its own observation alone, and everybody knows it.
What the followers then play among themselves is the *subgame* of that policy.

Two forms of the same thing:

- `PartiallyObservableMarkovGame` here: dictionaries by agent, one play at a time, for anyone's
  code. Its methods are those of ``pettingzoo.ParallelEnv``; `leader` names the agent who commits.
- `eqsolve.commitment.batch_game.BatchGame`: arrays over thousands of plays at once. Everything
  else of this package is built on it. `eqsolve.commitment.pettingzoo` goes from one to the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

from eqsolve.errors import BadCommitment


@runtime_checkable
class PartiallyObservableMarkovGame(Protocol):
    """A PettingZoo parallel environment with a designated leader.

    Attributes
    ----------
    possible_agents : list of str
        The leader and the followers.
    agents : list of str
        Those still in play; empty before `reset` and after the end.
    leader : str
        The agent who commits.

    Notes
    -----
    PettingZoo itself is not needed. A private type is what a follower observes when it first
    acts. Brero, Eden, Chakrabarti, Gerstgrasser, Greenwald, Li and Parkes (2022), "Stackelberg
    POMDP: a reinforcement learning approach for economic design", section 2.

    Examples
    --------
    >>> from eqsolve.commitment import from_normal_form, to_pettingzoo
    >>> from eqsolve.games import NormalFormGame
    >>> game = from_normal_form(NormalFormGame.bimatrix([[1, 3], [0, 2]], [[1, 0], [0, 1]]))
    >>> isinstance(to_pettingzoo(game), PartiallyObservableMarkovGame)
    True
    """

    possible_agents: list[str]
    agents: list[str]
    leader: str

    def reset(
        self, seed: int | None = None, options: Mapping[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
        """Draw types and begin a play; observations and infos by agent."""

    def step(
        self, actions: Mapping[str, Any]
    ) -> tuple[
        dict[str, Any],
        dict[str, float],
        dict[str, bool],
        dict[str, bool],
        dict[str, dict[str, Any]],
    ]:
        """Everybody acts; observations, rewards, terminations, truncations, infos by agent."""

    def observation_space(self, agent: str) -> Any:
        """What an agent may see."""

    def action_space(self, agent: str) -> Any:
        """What an agent may do."""


def designated_leader(environment: Any, leader: str | None = None) -> str:
    """The agent who leads an environment: as named, or as the environment says.

    Raises
    ------
    BadCommitment
        When nobody is named, or who is named does not take part.

    Examples
    --------
    >>> class Market:
    ...     possible_agents = ["platform", "seller"]
    >>> designated_leader(Market(), "platform")
    'platform'
    """
    agents = list(getattr(environment, "possible_agents", ()))
    name = type(environment).__name__
    if not agents:
        raise BadCommitment(
            f"{name} has no possible_agents, so it is no PettingZoo parallel environment."
        )
    chosen = leader if leader is not None else getattr(environment, "leader", None)
    known = ", ".join(map(repr, agents))
    if chosen is None:
        raise BadCommitment(f"{name} has no leader; give leader=, one of {known}.")
    if chosen not in agents:
        raise BadCommitment(
            f"The leader {chosen!r} does not take part in {name}; there are {known}."
        )
    if len(agents) == 1:
        raise BadCommitment(f"{name} has a leader and no followers.")
    return str(chosen)
