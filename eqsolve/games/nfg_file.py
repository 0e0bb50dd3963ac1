"""Gambit's strategic-form files (.nfg): read and written, both forms.

    NFG 1 R "title" { "Row" "Column" }  { 2 2 }        or  { { "up" "down" } { "left" "right" } }
    "an optional comment"
    1 1  0 2  0 2  1 1                                     payoff form

or, in outcome form, after the players { { "name" 1, 1 } { "" 0, 2 } } and one outcome number a
profile. The first player's action changes fastest. Numbers may be fractions (1/3) or decimals.
Source: Gambit's documentation, "The strategic game (.nfg) file format".
"""

from __future__ import annotations

import re
from bisect import bisect
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import NoReturn

import numpy as np

from eqsolve.errors import NotAGame
from eqsolve.games.finite import NormalFormGame

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{},]|[^\s{},"]+|"')


@dataclass(frozen=True)
class _Token:
    text: str
    line: int

    @property
    def is_text(self) -> bool:
        return self.text.startswith('"')


class _Reader:
    """Tokens one after another, with the line of each for error messages."""

    def __init__(self, name: str, content: str) -> None:
        self.name = name
        ends = [match.start() for match in re.finditer("\n", content)]
        # Commas only separate, except inside text.
        self.tokens = [
            _Token(match.group(), bisect(ends, match.start()) + 1)
            for match in _TOKEN.finditer(content)
            if match.group() != ","
        ]
        self.place = 0
        self.last = max(1, len(content.splitlines()))

    def peek(self) -> str:
        return self.tokens[self.place].text if self.place < len(self.tokens) else ""

    def take(self, wanted: str) -> _Token:
        if self.place >= len(self.tokens):
            raise NotAGame(f"{self.name}, line {self.last}: the file ends where {wanted} belongs.")
        token = self.tokens[self.place]
        self.place += 1
        return token

    def expect(self, text: str) -> None:
        token = self.take(repr(text))
        if token.text != text:
            self.fail(token, f"expected {text!r}")

    def fail(self, token: _Token, why: str) -> NoReturn:
        raise NotAGame(f"{self.name}, line {token.line}: {why}, found {token.text!r}.")

    def text(self, what: str) -> str:
        token = self.take(what)
        if not (token.is_text and len(token.text) > 1):
            self.fail(token, f"{what} must stand in double quotes")
        return token.text[1:-1].replace('\\"', '"')

    def number(self, what: str) -> float:
        token = self.take(what)
        try:
            return float(Fraction(token.text))
        except (ValueError, ZeroDivisionError):
            self.fail(token, f"{what} must be a number")

    def count(self, what: str, least: int = 0) -> int:
        token = self.take(what)
        if not token.text.isdigit() or int(token.text) < least:
            self.fail(token, f"{what} must be a whole number{f' from {least} on' if least else ''}")
        return int(token.text)


def read_nfg(path: str | Path) -> NormalFormGame:
    """The game in an .nfg file.

    Raises
    ------
    NotAGame
        Naming the file and the line that cannot be read.
    """
    path = Path(path)
    if not path.is_file():
        raise NotAGame(f"There is no file {str(path)!r}.")
    return parse_nfg(path.read_text(encoding="utf-8"), path.name)


def parse_nfg(content: str, name: str = "the text") -> NormalFormGame:
    """The game in the text of an .nfg file.

    Examples
    --------
    >>> game = parse_nfg('NFG 1 R "pennies" { "a" "b" } { 2 2 }  1 -1 -1 1 -1 1 1 -1')
    >>> game.player_names, game.is_zero_sum
    (('a', 'b'), True)
    """
    reader = _Reader(name, content)
    reader.expect("NFG")
    version = reader.take("the version")
    if version.text != "1":
        reader.fail(version, "only version 1 of the format is known")
    kind = reader.take("R or D")
    if kind.text not in ("R", "D"):
        reader.fail(kind, "numbers must be R (rational) or D (decimal)")
    title = reader.text("the title")
    players = _texts(reader, "a player's name")
    labels, actions = _strategies(reader, len(players))
    if reader.peek().startswith('"'):
        reader.text("the comment")
    values = _payoffs(reader, len(players), int(np.prod(actions)))
    if reader.place < len(reader.tokens):
        reader.fail(reader.tokens[reader.place], "the game is complete, nothing may follow")
    # The first player's action runs fastest: Fortran order over profiles.
    tensors = [values[:, k].reshape(actions, order="F") for k in range(len(players))]
    return NormalFormGame(tensors, player_names=players, action_names=labels, title=title)


def _texts(reader: _Reader, what: str) -> list[str]:
    reader.expect("{")
    out = []
    while reader.peek() != "}":
        out.append(reader.text(what))
    reader.expect("}")
    return out


def _strategies(
    reader: _Reader, players: int
) -> tuple[list[tuple[str, ...]] | None, tuple[int, ...]]:
    """Names and numbers of actions; names are None where the file only counts them."""
    opening = reader.take("'{'")
    if opening.text != "{":
        reader.fail(opening, "expected '{' before the players' strategies")
    if reader.peek() == "{":
        named: list[tuple[str, ...]] = []
        while reader.peek() == "{":
            own = reader.tokens[reader.place]
            named.append(tuple(_texts(reader, "a strategy's name")))
            if not named[-1]:
                raise NotAGame(
                    f"{reader.name}, line {own.line}: player {len(named)} has no strategies."
                )
        actions = tuple(len(own) for own in named)
    else:
        named, counts = [], []
        while reader.peek() != "}":
            counts.append(reader.count("a number of strategies", least=1))
        actions = tuple(counts)
    reader.expect("}")
    if len(actions) != players:
        reader.fail(
            opening, f"{players} players but strategies of {len(actions)}, which begin here"
        )
    unique = all(len(set(own)) == len(own) for own in named)
    return (named if named and unique else None), actions


def _payoffs(reader: _Reader, players: int, profiles: int) -> np.ndarray:
    """One row a profile, (profiles, players)."""
    if reader.peek() != "{":
        values = [reader.number("a payoff") for _ in range(profiles * players)]
        return np.array(values).reshape(profiles, players)
    reader.expect("{")
    outcomes = [[0.0] * players]  # outcome 0 pays nothing
    while reader.peek() == "{":
        reader.expect("{")
        reader.text("an outcome's name")
        outcomes.append([reader.number("a payoff") for _ in range(players)])
        reader.expect("}")
    reader.expect("}")
    rows = []
    for _ in range(profiles):
        token = reader.take("an outcome")
        if not token.text.isdigit() or int(token.text) >= len(outcomes):
            reader.fail(token, f"an outcome must be a number from 0 to {len(outcomes) - 1}")
        rows.append(outcomes[int(token.text)])
    return np.array(rows, dtype=float)


def write_nfg(game: NormalFormGame, path: str | Path) -> Path:
    """Write a game in payoff form, to the last digit; returns the path.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> game = NormalFormGame.bimatrix([[0.1, 2], [3, 4]])
    >>> with TemporaryDirectory() as folder:
    ...     again = read_nfg(write_nfg(game, Path(folder) / "game.nfg"))
    >>> bool((again.payoffs == game.payoffs).all())
    True
    """
    path = Path(path)
    path.write_text(nfg_text(game), encoding="utf-8")
    return path


def nfg_text(game: NormalFormGame) -> str:
    """The text of a game's .nfg file, in payoff form.

    Examples
    --------
    >>> print(nfg_text(NormalFormGame.bimatrix([[1.0, 2.0]], title="two")))
    NFG 1 R "two" { "0" "1" } { { "0" } { "0" "1" } }
    <BLANKLINE>
    1.0 -1.0
    2.0 -2.0
    <BLANKLINE>
    """
    players = " ".join(_quoted(name) for name in game.player_names)
    actions = " ".join("{ " + " ".join(map(_quoted, own)) + " }" for own in game.action_names)
    columns = [game.payoffs[k].ravel(order="F") for k in range(game.players)]
    rows = (" ".join(repr(float(value)) for value in row) for row in zip(*columns, strict=True))
    head = f"NFG 1 R {_quoted(game.title)} {{ {players} }} {{ {actions} }}"
    return "\n".join([head, "", *rows, ""])


def _quoted(text: object) -> str:
    return '"' + str(text).replace('"', '\\"') + '"'
