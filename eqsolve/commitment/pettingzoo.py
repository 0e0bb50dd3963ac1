"""To and from PettingZoo's parallel environments, which need not be installed.

`to_pettingzoo` shows one play of a batched game as an environment with dictionaries by agent.
`from_pettingzoo` lets anybody's environment with a designated leader take part: its plays are
run one after another (slowly), and random only through the seed given to `reset`, which is the
deal. So a play can be run again with other actions, all else equal.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.commitment.batch_game import BatchGame, State, check_game
from eqsolve.commitment.game import designated_leader
from eqsolve.commitment.policy import Commitment
from eqsolve.commitment.subgame import Subgame
from eqsolve.errors import BadCommitment

Array = NDArray[np.float64]
Integers = NDArray[np.int64]
Encoding = tuple[int, Callable[[Any], int]]
SEEDS = 2**31


class ParallelPlay:
    """One play of a batched game, as a PettingZoo parallel environment.

    Attributes
    ----------
    game : BatchGame
    leader : str
    possible_agents, agents : list of str
        The leader first. Who has nothing to decide sees the last of its observations, and what
        it does then is disregarded.
    commitment : Commitment or None
        Of a leader who is played inside; then only the followers are agents, and `leader` is
        None.
    """

    metadata: Mapping[str, Any] = {"name": "play_with_leader_v0", "render_modes": []}
    render_mode: str | None = None

    def __init__(self, game: BatchGame, commitment: Commitment | None = None) -> None:
        check_game(game)
        self.game, self.commitment = game, commitment
        self.leader = None if commitment else str(game.leader_name)
        followers = [str(name) for name in game.follower_names]
        self.possible_agents = followers if commitment else [str(game.leader_name), *followers]
        self.agents: list[str] = []
        leads = int(commitment is None)
        self._seen = ((game.leader_observations,) * leads) + game.types
        self._acts = ((game.leader_actions,) * leads) + game.actions
        self._spaces: dict[tuple[str, str], Any] = {}
        self._rng = np.random.default_rng()
        self._state: State = ()

    @property
    def unwrapped(self) -> ParallelPlay:
        """Itself."""
        return self

    def observation_space(self, agent: str) -> Any:
        """Its observations, and one more for having nothing to decide."""
        return self._space("observation", agent, self._seen[self._place(agent)] + 1)

    def action_space(self, agent: str) -> Any:
        """Its actions."""
        return self._space("action", agent, self._acts[self._place(agent)])

    def reset(
        self, seed: int | None = None, options: Mapping[str, Any] | None = None
    ) -> tuple[dict[str, int], dict[str, dict[str, Any]]]:
        """Draw a deal and begin."""
        if seed is not None:
            self._rng = np.random.default_rng(seed)
        self._state = self.game.reset(self._rng, 1)
        self.agents = list(self.possible_agents)
        return self._observed()

    def step(self, actions: Mapping[str, int]) -> tuple[dict[str, Any], ...]:
        """Everybody acts.

        Returns
        -------
        observations, rewards, terminations, truncations, infos : dict by agent

        Raises
        ------
        BadCommitment
            Outside a play, or when an action is missing or unknown.
        """
        if not self.agents:
            raise BadCommitment("The play is over; call reset() first.")
        acts = []
        for agent, size, seen in zip(self.possible_agents, self._acts, self._looks(), strict=True):
            if seen < 0:
                acts.append(-1)
                continue
            if agent not in actions or not 0 <= int(actions[agent]) < size:
                raise BadCommitment(
                    f"Agent {agent!r} needs an action from 0 to {size - 1}, not "
                    f"{actions.get(agent)!r}."
                )
            acts.append(int(actions[agent]))
        if self.commitment is not None:
            asked = self.game.leader_observation(self._state)
            acts.insert(0, int(self.commitment.act(asked)[0]) if asked[0] >= 0 else -1)
        moved, paid, done = self.game.step(
            self._state, np.array(acts[:1]), np.array(acts[1:])[None]
        )
        self._state = moved
        paid = paid if self.commitment is None else paid[:, 1:]
        over = bool(done[0])
        agents = self.possible_agents
        observations, infos = self._observed(over)
        rewards = dict(zip(agents, paid[0].tolist(), strict=True))
        if over:
            self.agents = []
        never = dict.fromkeys(agents, False)
        return observations, rewards, dict.fromkeys(agents, over), never, infos

    def render(self) -> None:
        """Nothing is drawn."""

    def close(self) -> None:
        """Nothing is held."""

    def _space(self, kind: str, agent: str, size: int) -> Any:
        from gymnasium.spaces import Discrete

        # The same object at every call, as PettingZoo asks.
        return self._spaces.setdefault((kind, agent), Discrete(size))

    def _place(self, agent: str) -> int:
        if agent not in self.possible_agents:
            raise BadCommitment(f"There is no agent {agent!r}; they are {self.possible_agents}.")
        return self.possible_agents.index(agent)

    def _looks(self) -> list[int]:
        own = [int(k) for k in self.game.follower_observations(self._state)[0]]
        if self.commitment is not None:
            return own
        return [int(self.game.leader_observation(self._state)[0]), *own]

    def _observed(self, over: bool = False) -> tuple[dict[str, int], dict[str, dict[str, Any]]]:
        looks = [-1] * len(self._seen) if over else self._looks()
        named = list(zip(self.possible_agents, looks, self._seen, strict=True))
        observations = {agent: seen if seen >= 0 else count for agent, seen, count in named}
        return observations, {agent: {"acts": seen >= 0} for agent, seen, _ in named}


def to_pettingzoo(game: BatchGame | Subgame) -> ParallelPlay:
    """A batched game as a PettingZoo parallel environment, one play an episode.

    Parameters
    ----------
    game : BatchGame or Subgame
        In a subgame (of one pure commitment) the leader is played inside, and the agents are
        the followers.

    Raises
    ------
    BadCommitment
        When a subgame has several policies, or a mixed one.

    Examples
    --------
    >>> from eqsolve.models import simple_allocation
    >>> env = to_pettingzoo(simple_allocation(types=3, messages=2))
    >>> observations, infos = env.reset(seed=0)
    >>> observations, infos["leader"]
    ({'leader': 2, 'follower 0': 1}, {'acts': False})
    """
    if not isinstance(game, Subgame):
        return ParallelPlay(game)
    if not isinstance(game.commitment, Commitment) or game.batch != 1:
        raise BadCommitment("An environment of followers needs one pure commitment.")
    return ParallelPlay(game.game, game.commitment)


class PettingZooPlay(BatchGame):
    """A PettingZoo parallel environment with a leader; plays are run one after another.

    Attributes
    ----------
    leader_name : str
    follower_names : tuple of str
    """

    def __init__(
        self,
        make: Callable[[], Any],
        leader: str | None,
        horizon: int,
        encode: Mapping[str, Encoding],
        acts_once: bool,
    ) -> None:
        self._make = make
        first = make()
        self.leader_name = designated_leader(first, leader)
        self.follower_names = tuple(a for a in first.possible_agents if a != self.leader_name)
        self._agents = (self.leader_name, *self.follower_names)
        codes = [
            encode[agent]
            if agent in encode
            else discrete(agent, "observation", first.observation_space(agent))
            for agent in self._agents
        ]
        self._codes = [code for _, code in codes]
        acts = [discrete(a, "action", first.action_space(a))[0] for a in self._agents]
        self.leader_observations, self.types = codes[0][0], tuple(n for n, _ in codes[1:])
        self.leader_actions, self.actions = acts[0], tuple(acts[1:])
        self.horizon, self.prior, self.acts_once = horizon, None, acts_once
        self.title = f"{type(first).__name__} led by {self.leader_name!r}"
        self._pool = [first]
        self._decoders = [decoder(first.action_space(a)) for a in self._agents]

    def draw(self, rng: np.random.Generator, batch: int) -> Integers:
        """Seeds: all that is random in a play."""
        return rng.integers(SEEDS, size=batch)

    def start(self, deals: NDArray[Any]) -> State:
        """Environments that are reset with the seeds; those of earlier plays are used again."""
        while len(self._pool) < len(deals):
            self._pool.append(self._make())
        environments = np.empty(len(deals), dtype=object)
        seen = np.full((len(deals), len(self._agents)), -1)
        for k, seed in enumerate(deals):
            environments[k] = self._pool[k]
            observations, _ = self._pool[k].reset(seed=int(seed))
            seen[k] = self._encoded(observations, self._pool[k].agents)
        return environments, seen

    def leader_observation(self, state: State) -> Integers:
        """The leader's observation as a number."""
        return state[1][:, 0]

    def follower_observations(self, state: State) -> Integers:
        """The followers' observations as numbers."""
        return state[1][:, 1:]

    def step(
        self, state: State, leader_action: Integers, follower_actions: Integers
    ) -> tuple[State, Array, NDArray[np.bool_]]:
        """Step every environment; they change, so that a state can be stepped once only."""
        environments, seen = state
        acts = np.concatenate([leader_action[:, None], follower_actions], axis=1)
        after, paid = np.full_like(seen, -1), np.zeros(seen.shape)
        done = np.zeros(len(environments), dtype=bool)
        for k, environment in enumerate(environments):
            chosen = {
                agent: self._decoders[j](int(max(acts[k, j], 0)))
                for j, agent in enumerate(self._agents)
                if agent in environment.agents
            }
            observations, rewards, ended, cut, _ = environment.step(chosen)
            paid[k] = [float(rewards.get(agent, 0.0)) for agent in self._agents]
            left = [a for a in environment.agents if not (ended.get(a) or cut.get(a))]
            done[k] = not left
            after[k] = self._encoded(observations, left)
        if self.acts_once:
            after[:, 1:] = -1
        return (environments, after), paid, done

    def _encoded(self, observations: Mapping[str, Any], agents: list[str]) -> list[int]:
        return [
            int(code(observations[agent])) if agent in agents else -1
            for agent, code in zip(self._agents, self._codes, strict=True)
        ]


def from_pettingzoo(
    environment: Any,
    leader: str | None = None,
    *,
    horizon: int = 1000,
    encode: Mapping[str, Encoding] | None = None,
    acts_once: bool = False,
) -> PettingZooPlay:
    """A PettingZoo parallel environment as a game with a leader.

    Parameters
    ----------
    environment : parallel environment, or callable () -> parallel environment
        An environment is copied as often as plays run together.
    leader : str, optional
        The agent who leads; default the environment's own `leader`.
    horizon : int
        Steps within which every play has ended.
    encode : mapping of agent to (int, callable), optional
        For agents whose observations are not finitely many: how many numbers to tell apart,
        and observation to number.
    acts_once : bool
        Followers act in the first step alone, so that their actions can be weighed.

    Raises
    ------
    BadCommitment
        When nobody leads, or a space is not finite (naming the agent).

    Examples
    --------
    >>> from eqsolve.dynamics import RepeatedGameEnv
    >>> from eqsolve.games import NormalFormGame
    >>> pennies = NormalFormGame.bimatrix([[1, -1], [-1, 1]])
    >>> game = from_pettingzoo(lambda: RepeatedGameEnv(pennies, rounds=2), leader="0", horizon=2)
    >>> game.leader_observations, game.types, game.actions
    (9, (9,), (2,))
    """
    if horizon < 1:
        raise BadCommitment(f"horizon must be 1 or more, not {horizon!r}.")
    make = environment if callable(environment) else lambda: copy.deepcopy(environment)
    return PettingZooPlay(make, leader, horizon, dict(encode or {}), acts_once)


def discrete(agent: str, kind: str, space: Any) -> Encoding:
    """How many elements a finite space has, and how they are numbered.

    Raises
    ------
    BadCommitment
        When it is not finite.
    """
    name = type(space).__name__
    if name == "Discrete":
        low = int(getattr(space, "start", 0))
        return int(space.n), lambda value: int(value) - low
    if name in ("MultiDiscrete", "MultiBinary"):
        sizes = (
            np.asarray(space.nvec).ravel()
            if name == "MultiDiscrete"
            else np.full(int(np.prod(space.shape)), 2)
        )
        return int(np.prod(sizes)), lambda value: int(
            np.ravel_multi_index(tuple(np.asarray(value, dtype=int).ravel()), tuple(sizes))
        )
    remedy = ", or give encode=" if kind == "observation" else ""
    raise BadCommitment(
        f"Agent {agent!r} has the {kind} space {space}; it must be Discrete, MultiDiscrete or "
        f"MultiBinary{remedy}."
    )


def decoder(space: Any) -> Callable[[int], Any]:
    """From the number of an action to the action of a finite space."""
    name = type(space).__name__
    if name == "Discrete":
        low = int(getattr(space, "start", 0))
        return lambda number: number + low
    sizes = np.asarray(space.nvec) if name == "MultiDiscrete" else np.full(tuple(space.shape), 2)
    return lambda number: np.array(np.unravel_index(number, tuple(sizes.ravel()))).reshape(
        sizes.shape
    )
