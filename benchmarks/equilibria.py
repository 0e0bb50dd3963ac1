"""Equilibria of Cournot markets and electricity networks, side by side with other packages.

Everybody gets the same numbers and returns strategies. One judge, which knows the markets'
formulas and none of the packages, computes what each player could still gain by deviating.
Times run from numbers to strategies: declaring, solving and, for eqsolve, certifying.

Run: python benchmarks/equilibria.py [--cournot 3 10 100] [--network 50x20] [--skip nashopt]
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from typing import Any

import _contestants as contestants
from _common import TimeLimit, Worker, fresh_interpreter, installed, timed
from _markets import Market, cournot, network

import eqsolve as eq
from eqsolve.results import Table

NASHOPT = ("dr_daqp", "op_extrap", "extragradient", "qp_gnep", "lemke", "lemke_dual", "highs",
           "log_ipm", "prox_admm")  # fmt: skip
OSQP = {"eps_abs": 1e-8, "eps_rel": 1e-8, "max_iter": 200_000}
PLAYERS_UP_TO = 1000  # firms declared one by one; cvxpy itself takes minutes beyond


@dataclass(frozen=True)
class Contestant:
    """A way to solve markets; `apart` runs in a process that can be stopped."""

    name: str
    package: str
    solve: Callable[[Any], Any]
    kinds: tuple[str, ...] = ("Cournot", "Network")
    apart: bool = False
    up_to: int = sys.maxsize


def entrants() -> Iterator[Contestant]:
    """Everybody, the reference first."""
    one = partial(Contestant, package="cvxpy")
    clarabel = partial(contestants.cvxpy_potential, solver="CLARABEL")
    yield one("cvxpy by hand, Clarabel", solve=clarabel)
    osqp = partial(contestants.cvxpy_potential, solver="OSQP", **OSQP)
    yield one("cvxpy by hand, OSQP 1e-8", solve=osqp)
    ours, market = partial(Contestant, package="eqsolve"), ("Cournot",)
    yield ours("eqsolve, ready-made model", solve=contestants.eqsolve_model)
    yield ours("eqsolve, Population", solve=contestants.eqsolve_population, kinds=market)
    yield ours(
        "eqsolve, Players one by one",
        solve=contestants.eqsolve_players, kinds=market, up_to=PLAYERS_UP_TO,
    )  # fmt: skip
    for name in ("complementarity", "potential"):
        yield ours(
            f"eqsolve, formulation={name!r}",
            solve=partial(contestants.eqsolve_model, formulation=name),
        )
    theirs = partial(Contestant, package="nashopt", apart=True)
    for solver in NASHOPT:
        solve = partial(contestants.nashopt_linear_quadratic, solver=solver)
        yield theirs(f"nashopt GNEP_LQ, {solver}", solve=solve)
    yield theirs("nashopt GNEP (nonlinear)", solve=contestants.nashopt_nonlinear, kinds=market)
    yield Contestant(
        "quantecon Lemke", "quantecon", contestants.quantecon_lemke, apart=True
    )  # fmt: skip


def run(entrant: Contestant, market: Market, asked: Any, worker: Worker) -> tuple[Any, ...] | None:
    """One line of the table: name, first run, median, note or gain; None where it is no entry."""
    if type(market).__name__ not in entrant.kinds or market.firms > entrant.up_to:
        return None
    if any(word in entrant.name for word in asked.skip):
        return None
    if not installed(entrant.package):
        return entrant.name, None, None, None, None, "not installed"
    job = (timed, partial(entrant.solve, market), asked.repeats)
    try:
        taken = worker.run(*job, limit=asked.limit) if entrant.apart else job[0](*job[1:])
    except TimeLimit as reason:
        return entrant.name, None, None, None, None, str(reason)
    except (contestants.TooBig, RuntimeError, eq.EqsolveError) as reason:
        text = str(reason).removeprefix("TooBig: ").splitlines()[-1].strip()
        return entrant.name, None, None, None, None, text[:60]
    if any(part is None for part in taken.answer):
        return entrant.name, taken.first, taken.again, None, None, "no answer"
    verdict = market.judge(taken.answer)
    note = "" if verdict.holds() else "not an equilibrium to 1e-6"
    return entrant.name, taken.first, taken.again, verdict.gain, verdict.infeasibility, note


def compare(market: Market, asked: Any, workers: dict[str, Worker]) -> Table:
    """Everybody on one market."""
    lines: list[tuple[Any, ...]] = []
    reference = None
    for entrant in entrants():
        worker = workers.setdefault(entrant.package, Worker())
        line = run(entrant, market, asked, worker)
        if line is None:
            continue
        reference = line[2] if reference is None else reference
        ratio = f"{line[2] / reference:.2f}" if line[2] is not None and reference else ""
        seconds = [f"{value:.4f}" if value is not None else "" for value in line[1:3]]
        gains = [f"{value:.0e}" if value is not None else "" for value in line[3:5]]
        lines.append((line[0], *seconds, ratio, *gains, line[5]))
    headers = ("code", "first run (s)", "median (s)", "ratio", "gain", "infeasibility", "")
    return Table(headers, tuple(lines), title=f"\n{market}")


POPULATION = """
import json, time
begun = time.perf_counter()
import sys; sys.path.insert(0, {folder!r})
from _markets import cournot
from _contestants import {solve}
market = cournot({firms})
begun = time.perf_counter()
answer = {call}
took = time.perf_counter() - begun
print(json.dumps({{"took": took, "gain": float(market.judge(answer).gain)}}))
"""


def whole_processes(asked: Any) -> Table:
    """Start-up, imports and memory included: each in a fresh interpreter."""
    folder = os.path.dirname(os.path.abspath(__file__))

    def fresh(solve: str, firms: int, call: str = "{}(market)") -> Any:
        code = POPULATION.format(
            folder=folder, solve=solve, firms=firms, call=call.format(solve)
        )  # fmt: skip
        return fresh_interpreter(code, asked.repeats)

    hand = fresh("cvxpy_potential", 10_000, "{}(market, 'CLARABEL')")
    many = fresh("eqsolve_population", 10_000)
    one_by_one = fresh("eqsolve_players", 1000)
    imported = fresh_interpreter(
        "import json, time\nbegun = time.perf_counter()\nimport eqsolve\n"
        "print(json.dumps({'took': time.perf_counter() - begun}))",
        asked.repeats,
    )

    def line(name: str, what: Any, target: str) -> tuple[Any, ...]:
        seconds = (f"{what.seconds:.2f}", f"{what.printed['took']:.3f}")
        return name, *seconds, f"{what.megabytes:.0f}", target

    ratio = many.seconds / hand.seconds
    rows = (
        line("cvxpy by hand, Clarabel, 10,000 firms", hand, ""),
        line("eqsolve, Population, 10,000 firms", many, f"{ratio:.2f} times by hand (1.5); 5 s"),
        line("eqsolve, Players one by one, 1,000 firms", one_by_one, "10 s and 1,000 MB"),
        line("import eqsolve", imported, "0.3 s of import"),
    )
    headers = ("fresh interpreter", "whole process (s)", "inside (s)", "peak MB", "target")
    return Table(headers, rows, title="\nWhole processes, start-up and imports included")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cournot", nargs="*", type=int, default=[3, 10, 100, 1000, 10_000])
    parser.add_argument("--network", nargs="*", default=["50x20", "200x50"], help="firms x nodes")
    parser.add_argument("--repeats", type=int, default=5, help="runs after the first")
    parser.add_argument("--limit", type=float, default=60.0, help="seconds a peer may take")
    parser.add_argument("--skip", nargs="*", default=[], help="words in names to leave out")
    parser.add_argument("--no-processes", action="store_true", help="no fresh interpreters")
    asked = parser.parse_args()
    names = [n for n in ("eqsolve", "cvxpy", "nashopt", "quantecon") if installed(n)]
    print(f"{', '.join(f'{name} {version(name)}' for name in names)}; Python "
          f"{platform.python_version()}, {os.cpu_count()} processors")  # fmt: skip
    print("ratio: median time over that of the potential program by hand with Clarabel")
    markets: list[Market] = [cournot(firms) for firms in asked.cournot]
    markets += [network(*map(int, size.split("x"))) for size in asked.network]
    workers: dict[str, Worker] = {}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # peers' own, on input they solve all the same
            for market in markets:
                print(compare(market, asked, workers), flush=True)
    finally:
        for worker in workers.values():
            worker.stop()
    if not asked.no_processes:
        print(whole_processes(asked))


if __name__ == "__main__":
    main()
