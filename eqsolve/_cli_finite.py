"""What `eqsolve solve` asks of finite games, from the words of the command line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eqsolve.concepts import CoarseCorrelated, Correlated, Nash, QuantalResponse, Stackelberg
from eqsolve.errors import EqsolveError
from eqsolve.games.finite import NormalFormGame
from eqsolve.games.finite_players import FinitePlayers

LEADING = ("commitment", "stackelberg")


@dataclass(frozen=True)
class Asked:
    """The options that say what is wanted; None where they were not given."""

    concept: str | None = None
    leader: str | None = None
    stance: str | None = None
    objective: str | None = None
    sense: str | None = None
    commitment: str | None = None
    response: str | None = None
    precision: float | None = None

    def given(self) -> list[str]:
        """Options that were given, beside the concept."""
        words = ("leader", "stance", "objective", "sense", "commitment", "response", "precision")
        return [word for word in words if getattr(self, word) is not None]


def read_nfg(path: str) -> NormalFormGame:
    """The game of a Gambit file.

    Raises
    ------
    EqsolveError
        When there is no such file, or naming the line that cannot be read.
    """
    if not Path(path).is_file():
        raise EqsolveError(f"There is no game file {path!r}.")
    return NormalFormGame.from_nfg(path)


def finite_concept(game: FinitePlayers, asked: Asked) -> Any:
    """The concept that the options describe.

    Raises
    ------
    EqsolveError
        A concept that finite games do not have, or an option that it does not take.
    """
    name = asked.concept or ("commitment" if asked.leader is not None else "nash")
    takes, build = _known(name)
    for option in asked.given():
        if option not in takes:
            others = [word for word, (its, _) in CONCEPTS.items() if option in its]
            raise EqsolveError(
                f"--{option} does not go with --concept {name}; it goes with {_or(others)}."
            )
    return build(game, asked)


def _known(name: str) -> tuple[tuple[str, ...], Callable[[Any, Asked], Any]]:
    if name not in CONCEPTS:
        raise EqsolveError(
            f"Finite games have no concept called {name!r}; there are {', '.join(CONCEPTS)}."
        )
    return CONCEPTS[name]


def _nash(game: FinitePlayers, asked: Asked) -> Nash:
    return Nash(**_chosen(game, asked))


def _correlated(game: FinitePlayers, asked: Asked) -> Correlated:
    return Correlated(**_chosen(game, asked))


def _coarse(game: FinitePlayers, asked: Asked) -> CoarseCorrelated:
    return CoarseCorrelated(**_chosen(game, asked))


def _commitment(game: FinitePlayers, asked: Asked) -> Stackelberg:
    who = game.player_names[0] if asked.leader is None else _player(game, asked.leader)
    options = {"stance": asked.stance, "commitment": asked.commitment}
    kept: dict[str, Any] = {key: value for key, value in options.items() if value is not None}
    if asked.response is not None:
        kept["response"] = {"coarse": "coarse correlated"}.get(asked.response, asked.response)
    return Stackelberg(who, **kept)


def _quantal(game: FinitePlayers, asked: Asked) -> QuantalResponse:
    return QuantalResponse(**({} if asked.precision is None else {"precision": asked.precision}))


def _chosen(game: FinitePlayers, asked: Asked) -> dict[str, Any]:
    """Objective and sense, as far as they were given."""
    kept: dict[str, Any] = {}
    if asked.objective is not None:
        kept["objective"] = _player(game, asked.objective)
    if asked.sense is not None:
        kept["sense"] = asked.sense
    return kept


def _player(game: FinitePlayers, word: str) -> Any:
    """A player by name or, where no name is that, by its number."""
    if word in game.player_names or not word.isdecimal():
        return word
    return int(word)


def _or(words: list[str]) -> str:
    return " or ".join(f"--concept {word}" for word in words)


CHOICE = ("objective", "sense")
LEAD = ("leader", "stance", "commitment", "response")
CONCEPTS: Mapping[str, tuple[tuple[str, ...], Callable[[Any, Asked], Any]]] = {
    "nash": (CHOICE, _nash),
    "correlated": (CHOICE, _correlated),
    "coarse": (CHOICE, _coarse),
    "commitment": (LEAD, _commitment),
    "stackelberg": (LEAD, _commitment),
    "quantal": (("precision",), _quantal),
}
