"""What playing a finite game over and over leaves behind.

A round is one play of the game at the profile of mixes that the learners hold then; the
first is played at the start. At step k of the trajectory k rounds have been played, and
averages are over those.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.dynamics.account import Account, keeps_joint, records_joint
from eqsolve.dynamics.simplices import check_strategies
from eqsolve.dynamics.trajectory import Trajectory, archived, from_archive
from eqsolve.errors import EqsolveError
from eqsolve.games.batch import GameBatch
from eqsolve.games.finite import NormalFormGame
from eqsolve.rates import regret as measures
from eqsolve.results import Table

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class RepeatedPlay(Trajectory):
    """A trajectory of mixed strategies of a finite game, with what its play has added up to.

    All measures are (T, replications) and not a number at step 0, before any round. Regret
    and gaps are those of the players' mixes: expectations over their draws.

    Attributes
    ----------
    game : finite game
        A batch where every replication plays a game of its own.
    average_strategies : ndarray (T, replications, n)
        Weighed as the learner asks; alike for most.
    average_deviations : ndarray (T, replications, n)
        What each player would have got on average from each fixed action.
    average_payoffs : ndarray (T, replications, players)
    average_joint : ndarray (T, replications, actions_1, ..., actions_n) or None
        Average joint play, never the product of averages. Only its last record, T = 1,
        where all of them would not fit in memory; None where not even that does.
    learner : object
        What played; not saved to files.

    Examples
    --------
    >>> import eqsolve as eq
    >>> game = NormalFormGame.bimatrix([[3, 1], [4, 2]], [[3, 4], [1, 2]])
    >>> path = eq.simulate(game, eq.dynamics.RegretMatching(), steps=200)
    >>> bool(path.coarse_correlated_gap()[-1, 0] < 0.01), path.social_welfare().shape
    (True, (201, 1))
    """

    game: Any = None
    average_strategies: Any = None
    average_deviations: Any = None
    average_payoffs: Any = None
    average_joint: Any = None
    learner: Any = None

    def __repr__(self) -> str:
        return f"{super().__repr__()} of a finite game"

    @classmethod
    def from_profiles(cls, game: Any, profiles: Any, *, learner: Any = None) -> RepeatedPlay:
        """Play recorded elsewhere, every round of it.

        Parameters
        ----------
        game : NormalFormGame, or GameBatch with one game a replication
        profiles : array_like (T, n) or (T, replications, n)
            The mixed strategies of rounds 1, 2, ..., T.
        learner : object, optional
            Its `regret_bound` is drawn beside the regret.

        Raises
        ------
        EqsolveError
            When the shape is wrong or a row is no mixed strategy.

        Examples
        --------
        >>> pennies = NormalFormGame.bimatrix([[1, -1], [-1, 1]])
        >>> path = RepeatedPlay.from_profiles(pennies, [[1, 0, 1, 0], [1, 0, 0, 1]])
        >>> path.regret(player=0)[:, 0]
        array([nan,  0.,  0.])
        """
        played = np.asarray(profiles, dtype=float)
        played = played[:, None, :] if played.ndim == 2 else played
        if played.ndim != 3 or played.shape[2] != game.n or not len(played):
            raise EqsolveError(
                f"Recorded play of this game has shape (T, {game.n}) or (T, replications, "
                f"{game.n}), not {np.shape(profiles)}."
            )
        check_strategies(game, played, "The recorded strategy")
        rounds = np.arange(1, len(played) + 1)[:, None, None]
        paid = np.asarray(game.deviation_payoffs(played))
        held = paid * played
        own = np.stack([held[..., block].sum(axis=-1) for block in game.blocks], axis=-1)
        kept = [
            np.concatenate([np.full_like(each[:1], np.nan), np.cumsum(each, axis=0) / rounds])
            for each in (played, paid, own)
        ]
        return cls(
            steps=np.arange(len(played) + 1),
            iterates=np.concatenate([played, played[-1:]]),
            average_strategies=kept[0],
            average_deviations=kept[1],
            average_payoffs=kept[2],
            average_joint=_joint_of(game, played),
            learner=learner,
            **described(game),
        )

    @classmethod
    def from_actions(cls, game: Any, actions: Any, *, learner: Any = None) -> RepeatedPlay:
        """Actions recorded elsewhere: (T, players) or (T, replications, players), of int.

        Examples
        --------
        >>> pennies = NormalFormGame.bimatrix([[1, -1], [-1, 1]])
        >>> RepeatedPlay.from_actions(pennies, [[0, 0], [0, 0]]).regret(player=1)[-1]
        array([2.])
        """
        chosen = np.asarray(actions)
        players = len(game.actions)
        if (
            chosen.ndim not in (2, 3)
            or chosen.shape[-1] != players
            or chosen.dtype.kind not in "iu"
        ):
            raise EqsolveError(
                f"Recorded actions are whole numbers of shape (T, {players}) or (T, replications, "
                f"{players}), not {chosen.dtype} of shape {chosen.shape}."
            )
        for k, size in enumerate(game.actions):
            if chosen[..., k].min(initial=0) < 0 or chosen[..., k].max(initial=0) >= size:
                raise EqsolveError(
                    f"Player {game.player_names[k]!r} has actions 0 to {size - 1}; the record "
                    f"holds {int(chosen[..., k].min())} to {int(chosen[..., k].max())}."
                )
        parts = [np.eye(size)[chosen[..., k]] for k, size in enumerate(game.actions)]
        return cls.from_profiles(game, np.concatenate(parts, axis=-1), learner=learner)

    def regret(self, player: Any = None) -> Array:
        """Average regret a round: what the best fixed action would have paid more.

        Parameters
        ----------
        player : name or index, optional
            Default: the largest of all players'.

        Returns
        -------
        ndarray (T, replications)
        """
        every = self.regrets()
        if player is None:
            return np.asarray(every.max(axis=-1))
        return np.asarray(every[..., self.game.player(player)])

    def regrets(self) -> Array:
        """Every player's average regret a round, (T, replications, players)."""
        return measures.regrets(self.average_deviations, self.average_payoffs, self.game.blocks)

    def relative_regrets(self) -> Array:
        """Regrets as shares of each player's spread of payoffs, (T, replications, players)."""
        return self.regrets() / self.spreads

    @property
    def spreads(self) -> Array:
        """The unit of relative regret: a player's spread, one where all payoffs are equal."""
        spreads = np.asarray(self.game.spreads, dtype=float)
        return np.where(spreads > 0, spreads, 1.0)

    def coarse_correlated_gap(self) -> Array:
        """Largest gain from a fixed action against average joint play, (T, replications)."""
        return np.asarray(np.maximum(self.regrets().max(axis=-1), 0.0))

    def correlated_gap(self) -> Array:
        """Largest gain from a rule a -> b against average joint play, (T, replications).

        Raises
        ------
        EqsolveError
            Where joint play was not recorded at every step.
        """
        return measures.correlated_gap(self.game, self.joint_play())

    def joint_play(self) -> Array:
        """Average joint play at every record, (T, replications, actions_1, ..., actions_n).

        Raises
        ------
        EqsolveError
            Where it was not recorded at every step.
        """
        if self.average_joint is None:
            raise EqsolveError(
                f"Joint play over actions {self.game.actions} does not fit in memory and was not "
                "kept; regret and the coarse gap do without it."
            )
        if len(self.average_joint) != len(self):
            raise EqsolveError(
                f"Joint play was recorded at the last of {len(self)} records only, all of them "
                "not fitting in memory; set record_every= higher, or use average_joint[-1]."
            )
        return np.asarray(self.average_joint)

    def exploitability(self, of: str = "average", *, total: bool = False) -> Array:
        """Largest gain of any player who leaves a profile alone, (T, replications).

        Parameters
        ----------
        of : "average" or "last"
            Of the average strategies, or of the iterates themselves.
        total : bool
            The sum of all players' gains instead (NashConv).
        """
        if of not in ("average", "last"):
            raise EqsolveError(f"exploitability is of 'average' or 'last' strategies, not {of!r}.")
        profile = self.average_strategies if of == "average" else self.iterates
        return measures.exploitability(self.game, profile, total=total)

    def social_welfare(self) -> Array:
        """Sum of all players' average payoffs, (T, replications)."""
        return np.asarray(self.average_payoffs.sum(axis=-1))

    def regret_bound(self, learner: Any = None) -> Array | None:
        """Proven average regret, (T, players) in each player's spread; None without a proof.

        With sampled feedback it is proven along the drawn actions; measured on mixes it
        holds up to a sampling error of order sqrt(ln n / T).

        Parameters
        ----------
        learner : object with regret_bound(rounds, actions), or callable alike, optional
            Default: the learner that played, or every player's own.
        """
        used = self.learner if learner is None else learner
        players = getattr(used, "learners", (used,) * len(self.game.actions))
        given = learner is not None and callable(learner)
        proofs = [learner if given else getattr(each, "regret_bound", None) for each in players]
        if all(proof is None for proof in proofs):
            return None
        played = self.steps > 0
        out = np.full((len(self), len(proofs)), np.nan)
        for player, (each, proof) in enumerate(zip(players, proofs, strict=True)):
            own = self.iterates[0][:, self.game.blocks[player]]
            start = {"least": float(own.min())} if getattr(each, "start_counts", False) else {}
            size = self.game.actions[player]
            out[played, player] = proof(self.steps[played], size, **start) if proof else np.inf
        return out

    def last_iterates(self) -> Trajectory:
        """The strategies alone, as a plain trajectory: for rates of convergence to a point."""
        return Trajectory(
            steps=self.steps,
            iterates=self.iterates,
            players=self.players,
            coordinate_names=self.coordinate_names,
            interrupted=self.interrupted,
        )

    def rows(self, places: Any) -> RepeatedPlay:
        """Some of the replications (an index, a slice or an array of int), with their game.

        Examples
        --------
        >>> import eqsolve as eq
        >>> batch = GameBatch(np.random.default_rng(0).random((5, 2, 3, 3)))
        >>> path = eq.simulate(batch, eq.dynamics.RegretMatching(), steps=10)
        >>> type(path.rows(3).game).__name__, path.rows(3).replications
        ('NormalFormGame', 1)
        """
        one = isinstance(places, (int, np.integer))
        kept = [int(places)] if one else places
        game = self.game
        if isinstance(game, GameBatch):
            game = game[int(places)] if one else game.rows(kept)
        joint = self.average_joint
        return replace(
            self,
            game=game,
            iterates=self.iterates[:, kept],
            average_strategies=self.average_strategies[:, kept],
            average_deviations=self.average_deviations[:, kept],
            average_payoffs=self.average_payoffs[:, kept],
            average_joint=None if joint is None else joint[:, kept],
            resume=None,
        )

    def table(self) -> Table:
        """The measures at the end: mean and largest over replications."""
        rows = [
            ("rounds", float(self.steps[-1]), float(self.steps[-1])),
            *(
                (name, float(values[-1].mean()), float(values[-1].max()))
                for name, values in (
                    ("largest regret of a player", self.regret()),
                    ("coarse correlated gap", self.coarse_correlated_gap()),
                    ("exploitability of averages", self.exploitability()),
                    ("exploitability of the last", self.exploitability("last")),
                    ("social welfare", self.social_welfare()),
                )
            ),
        ]
        return Table(("play", "mean over replications", "largest"), tuple(rows))

    def plot_regret(self, bound: Any = None, ax: Any = None) -> Any:
        """Regret over rounds with its bound beside it; returns the axes.

        Parameters
        ----------
        bound : object with regret_bound(rounds, actions), optional
            Default: the learner that played, if it has one.
        """
        from eqsolve.plotting.finite import plot_regret

        return plot_regret(self, bound, ax=ax)

    def plot_play(self, ax: Any = None) -> Any:
        """Average joint play of a bimatrix game at the end, as a map; returns the axes."""
        from eqsolve.plotting.finite import plot_joint

        return plot_joint(self, ax=ax)

    def _archive(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Arrays and notes that a file holds beside the trajectory's own."""
        arrays = {
            "average_strategies": self.average_strategies,
            "average_deviations": self.average_deviations,
            "average_payoffs": self.average_payoffs,
        }
        if self.average_joint is not None:
            arrays["average_joint"] = self.average_joint
        if hasattr(self.game, "payoffs"):
            arrays["payoffs"] = self.game.payoffs
        notes = {
            "player_names": list(self.game.player_names),
            "action_names": [list(own) for own in self.game.action_names],
        }
        return arrays, {"game": notes}

    def save(self, path: str | Path) -> Path:
        """Write to a .npz file (no pickle) with the game's payoffs and all that was measured."""
        return archived(self, path, *self._archive())

    @classmethod
    def load(cls, path: str | Path, game: Any = None) -> RepeatedPlay:
        """Read what `save` wrote.

        Parameters
        ----------
        game : finite game, optional
            Needed where the game has no payoff tensor that could be saved.
        """
        with np.load(path, allow_pickle=False) as file:
            if "average_payoffs" not in file:
                raise EqsolveError(f"{path}: this is no repeated play of a finite game.")
            extra = {name: file[name] for name in file if name.startswith("average_")}
            if game is None and "payoffs" in file:
                game = _saved_game(file["payoffs"], json.loads(str(file["notes"]))["game"])
        if game is None:
            raise EqsolveError(f"{path}: the game's payoffs are not in the file; give game=.")
        return cls(**from_archive(path), game=game, **extra)


def _saved_game(payoffs: Array, notes: Mapping[str, Any]) -> Any:
    kind = NormalFormGame if payoffs.ndim - 1 == payoffs.shape[0] else GameBatch
    return kind(payoffs, player_names=notes["player_names"], action_names=notes["action_names"])


def described(game: Any) -> dict[str, Any]:
    """The fields that tell whose strategies a trajectory holds."""
    return {
        "game": game,
        "players": {str(name): places for name, places in game.coordinates.items()},
        "coordinate_names": tuple(game.coordinate_names),
    }


def _joint_of(game: Any, played: Array) -> Array | None:
    """Average joint play after every round where that fits, else after the last, else None."""
    count, runs, _ = played.shape
    if not keeps_joint(game, runs):
        return None
    if not records_joint(game, runs, count + 1):
        account = Account.opened(game, runs, 0, joint=True)
        account.take(played, 0)
        return np.asarray(account.joint[None] / count)
    joint = np.ones((count, runs))
    for block in game.blocks:
        own = played[:, :, block]
        joint = joint[..., None] * own.reshape(*own.shape[:2], *(1,) * (joint.ndim - 2), -1)
    rounds = np.arange(1, count + 1).reshape(-1, *(1,) * (joint.ndim - 1))
    return np.concatenate([np.full_like(joint[:1], np.nan), np.cumsum(joint, axis=0) / rounds])
