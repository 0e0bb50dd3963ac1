"""Proof by permutation that a leader's policy is a commitment.

A commitment is a function of the leader's observation in the base game. It may not read the
phase, the clock, or what followers have learned, all of which change in an episode while the
game the leader sees stays the same. So: run episodes in which the leader's questions are
answered at random, so that followers learn all sorts of things; ask the policy at every step;
and compare its answers wherever the base observation is the same and the rest is not. Where they
differ, what they are a function of is what the policy reads.
"""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

from eqsolve.commitment.critic import critic_names, critic_observations
from eqsolve.commitment.policy import Commitment, LeaderPolicy, MixedCommitment, TabularPolicy
from eqsolve.commitment.pomdp import StackelbergPOMDP
from eqsolve.commitment.setting import Setting
from eqsolve.errors import BadCommitment, NotAdmissible

FEW = 0.1  # share of questions at which answers may change along a feature that is read
CRITIC = "critic"  # part of a dictionary of observations that is for training alone


@dataclass(frozen=True, eq=False)
class Probe:
    """One question to the leader.

    Attributes
    ----------
    observation : int
        Of the base game.
    rewarding : bool
    play : int
        Number in its phase.
    followers : ndarray (features,)
        All of the critic's observation behind phase and clock.
    answer : bytes
        What the policy does, or what the environment shows.
    """

    observation: int
    rewarding: bool
    play: int
    followers: NDArray[np.float32]
    answer: bytes


def check_admissible(
    subject: Any, pomdp: Any = None, *, episodes: int = 8, questions: int = 600, seed: Any = 0
) -> None:
    """Refuse policies, and environments, that read what a commitment may not depend on.

    Parameters
    ----------
    subject : LeaderPolicy, Commitment, policy or environment
        A policy is anything callable on observations, or with ``predict(observation,
        deterministic=True)`` as in stable-baselines3. An environment, a `StackelbergPOMDP` in
        any wrappers, is admissible when what it shows is a function of the base observation; a
        part of the observation named "critic" is for training and does not count.
    pomdp : StackelbergPOMDP
        In wrappers if the policy is used to them. Needed unless `subject` is an environment.
    episodes, questions : int
        How long to look for a difference: at most so many of either.
    seed : int, Generator or None

    Raises
    ------
    NotAdmissible
        Naming what is read: the phase, the clock, a feature of the followers' state, or the
        episode so far; or that the same question is answered differently twice.
    BadCommitment
        When there is nothing to check, or no POMDP to check it in.

    Examples
    --------
    >>> from eqsolve.commitment import MultiplicativeWeights, TabularPolicy
    >>> from eqsolve.games import NormalFormGame
    >>> conitzer = NormalFormGame.bimatrix([[1, 3], [0, 2]], [[1, 0], [0, 1]])
    >>> env = StackelbergPOMDP(conitzer, response=MultiplicativeWeights(), response_plays=9)
    >>> check_admissible(TabularPolicy([[0.0, 1.0]]), env)
    >>> check_admissible(env)
    >>> check_admissible(lambda seen: int(env.critic_observation()[0]), env)
    Traceback (most recent call last):
    ...
    eqsolve.errors.NotAdmissible: The policy reads the phase: at observation 0 it answers 0 in \
the response phase and 1 in the reward phase. A commitment depends on the observation alone.
    """
    shows = isinstance(subject, gymnasium.Env)
    env = subject if shows else pomdp
    if not isinstance(env, gymnasium.Env) or not isinstance(env.unwrapped, StackelbergPOMDP):
        raise BadCommitment(
            "check_admissible needs a StackelbergPOMDP to ask the leader's questions: "
            "check_admissible(policy, pomdp)."
        )
    if not shows:
        _check_signature(subject)
    rng = np.random.default_rng(seed)
    probes = _probes(None if shows else subject, env, episodes, questions, rng)
    what, verb = ("The environment shows", "shows") if shows else ("The policy reads", "answers")
    _compare(probes, env.unwrapped, what, verb, isinstance(subject, LeaderPolicy))


def _check_signature(policy: Any) -> None:
    """Refuse policies that ask for more than an observation."""
    if isinstance(policy, LeaderPolicy) or hasattr(policy, "predict"):
        return
    act = getattr(policy, "act", policy)
    if not callable(act):
        raise BadCommitment(
            f"{policy!r} is no policy: give a LeaderPolicy, a Commitment, a function of the "
            "observation, or an object with predict(observation)."
        )
    try:
        parameters = list(inspect.signature(act).parameters.values())
    except (TypeError, ValueError):
        return
    asked = [
        p.name
        for p in parameters
        if p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
    ] + [p.name for p in parameters if p.default is p.empty and p.kind is p.KEYWORD_ONLY]
    if len(asked) != 1:
        more = ", ".join(map(repr, asked[1:])) or "nothing at all"
        raise NotAdmissible(
            f"The policy reads {more}: a commitment takes the observation and nothing else."
        )


def _answering(policy: Any, env: Any, rng: np.random.Generator) -> Callable[[Any, int], Any]:
    """The policy as a function of what is shown and of the base observation, for one episode."""
    if isinstance(policy, LeaderPolicy):
        mixed = env.unwrapped.setting.mixed
        policy = policy.mixed_commitment() if mixed else policy.sample_commitment(rng, 1)
    if isinstance(policy, (Commitment, MixedCommitment)) or hasattr(policy, "act"):
        return lambda shown, seen: policy.act(np.array([seen]))
    if hasattr(policy, "predict"):
        return lambda shown, seen: policy.predict(shown, deterministic=True)[0]
    return lambda shown, seen: policy(shown)


def _probes(
    policy: Any, env: Any, episodes: int, questions: int, rng: np.random.Generator
) -> list[list[Probe]]:
    """What was answered, or shown, in every question of some episodes."""
    base = env.unwrapped
    setting, asked = base.setting, base._questions
    full = _seen_in_full(setting)
    if setting.hide_response:
        base.answer_with(_random_policy(setting))
    out: list[list[Probe]] = []
    spent = 0
    for _ in range(episodes):
        shown, _ = env.reset(seed=int(rng.integers(2**31)))
        env.action_space.seed(int(rng.integers(2**31)))
        answers = None if policy is None else _answering(policy, env, rng)
        episode: list[Probe] = []
        over = False
        while not over and spent < questions:
            seen = int(asked.observation[0])
            answer = _key(shown) if answers is None else _key(answers(shown, seen))
            if answers is not None and _key(answers(shown, seen)) != answer:
                raise NotAdmissible(
                    f"The policy answers observation {seen} differently twice in a row: it draws "
                    "anew every time, or counts its questions. A commitment is drawn once an "
                    "episode (LeaderPolicy.sample_commitment)."
                )
            followers = critic_observations(full, asked)[0, 2:]
            episode.append(
                Probe(seen, bool(asked.rewarding[0]), int(asked.plays[0]), followers, answer)
            )
            # Strategies of all sorts come about only if every answer differs from the last.
            shown, _, ended, cut, _ = env.step(env.action_space.sample())
            over, spent = ended or cut, spent + 1
        out.append(episode)
    return out


def _random_policy(setting: Setting) -> LeaderPolicy:
    game = setting.game
    return TabularPolicy(np.zeros((game.leader_observations, game.leader_actions)))


def _key(value: Any) -> bytes:
    """An observation or an answer, as bytes that are equal when they are."""
    if isinstance(value, dict):
        return b"|".join(_key(value[k]) for k in sorted(value) if k != CRITIC)
    if isinstance(value, tuple):
        return b"|".join(_key(part) for part in value)
    return np.asarray(value, dtype=np.float64).tobytes()


def _shown(answer: bytes) -> str:
    """An answer for people to read."""
    if b"|" in answer or len(answer) % 8:
        return "one thing"
    values = np.frombuffer(answer)
    return f"{values[0]:g}" if values.size == 1 else str(values.round(4).tolist())


def _compare(probes: list[list[Probe]], base: Any, what: str, verb: str, drawn: bool) -> None:
    """Find two different answers to the same question, and what else they are a function of.

    Over all episodes; within each where every episode has a commitment of its own.
    """
    groups = probes if drawn else [[p for episode in probes for p in episode]]
    every = [same for group in groups for same in _by_observation(group)]
    differing = [same for same in every if len({p.answer for p in same}) > 1]
    if not differing:
        return
    if all(_is_function(same, lambda p: p.rewarding) for same in every):
        name = "the phase"
    elif all(_is_function(same, lambda p: (p.rewarding, p.play)) for same in every):
        name = "the clock"
    else:
        name = _feature_read(differing, critic_names(_seen_in_full(base.setting))[2:])
    raise NotAdmissible(_sentence(what, verb, name, differing[0]))


def _feature_read(differing: list[list[Probe]], names: tuple[str, ...]) -> str:
    """The feature of followers along which answers change least often, if they follow any."""
    changes = []
    for place in range(len(names)):
        count = 0
        for same in differing:
            # Stable: where the feature is the same, as they came.
            ranked = sorted(same, key=lambda p: float(p.followers[place]))
            count += sum(a.answer != b.answer for a, b in itertools.pairwise(ranked))
        changes.append(count)
    best = int(np.argmin(changes))
    if changes[best] <= FEW * sum(len(same) for same in differing):
        return f"the followers' state ({names[best]})"
    return "the episode so far"


def _seen_in_full(setting: Setting) -> Setting:
    return replace(setting, critic="full")


def _by_observation(probes: list[Probe]) -> list[list[Probe]]:
    out: dict[int, list[Probe]] = {}
    for probe in probes:
        out.setdefault(probe.observation, []).append(probe)
    return list(out.values())


def _is_function(probes: list[Probe], value: Callable[[Probe], Any]) -> bool:
    """Whether answers to one question are settled by a further quantity."""
    known: dict[Any, bytes] = {}
    return all(known.setdefault(value(p), p.answer) == p.answer for p in probes)


def _sentence(what: str, verb: str, name: str, same: list[Probe]) -> str:
    first = same[0]
    other = next(p for p in same if p.answer != first.answer)
    where = [
        f"in the {'reward' if p.rewarding else 'response'} phase"
        + ("" if name == "the phase" else f", play {p.play}")
        for p in (first, other)
    ]
    return (
        f"{what} {name}: at observation {first.observation} it {verb} {_shown(first.answer)} "
        f"{where[0]} and {_shown(other.answer)} {where[1]}. A commitment depends on the "
        "observation alone."
    )
