"""The command line: `eqsolve models | solve | validate | design | reproduce`."""

from __future__ import annotations

import difflib
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from eqsolve import __version__
from eqsolve.errors import EqsolveError

app = typer.Typer(
    help="Equilibria declared, solved, certified, and compared with learning code.",
    epilog="Start with: eqsolve models, then eqsolve solve duopoly.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def main() -> None:
    """Run a command; what eqsolve refuses becomes one sentence and exit code 1."""
    try:
        app()
    except EqsolveError as error:
        # Formulations of other concepts would bury the few that could have been used.
        lines = [line for line in str(error).splitlines() if " not express " not in line]
        print("eqsolve: " + "\n".join(lines), file=sys.stderr)
        sys.exit(1)


def _version(wanted: bool) -> None:
    if wanted:
        print(__version__)
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Equilibria declared, solved, certified, and compared with learning code."""


@app.command()
def models() -> None:
    """List the ready-made models and the instances with known answers."""
    from eqsolve import models as shelf

    rows = [(name, _first_line(function)) for name, function in shelf.catalogue().items()]
    _print_table("Models: call eqsolve.models.NAME(...) in Python", ("model", "what"), rows)
    answers = [(name, shelf.published(name)) for name in shelf.instances()]
    shown = [(name, answer.model, answer.title) for name, answer in answers]
    title = "Instances: eqsolve solve NAME"
    _print_table(title, ("instance", "model", "what"), shown)


@app.command()
def solve(
    name_or_file: Annotated[
        str, typer.Argument(help="An instance by name, a TOML file, or a Gambit .nfg file.")
    ],
    formulation: Annotated[
        str | None, typer.Option(help="A formulation by name, such as potential or mpec.")
    ] = None,
    solver: Annotated[str | None, typer.Option(help="An engine by name, such as ipopt.")] = None,
    concept: Annotated[
        str | None,
        typer.Option(
            help="nash, variational or stackelberg; of finite games nash, correlated, coarse, "
            "commitment or quantal; default the published one, or nash."
        ),
    ] = None,
    leader: Annotated[
        str | None,
        typer.Option(help="Who moves first; of finite games a name or number, default the first."),
    ] = None,
    stance: Annotated[
        str | None,
        typer.Option(
            help="Which answer a leader counts on: optimistic (the default) or pessimistic."
        ),
    ] = None,
    objective: Annotated[
        str | None,
        typer.Option(
            help="Finite games, which equilibrium: welfare, egalitarian, entropy or a player."
        ),
    ] = None,
    sense: Annotated[str | None, typer.Option(help="Best or worst of it: max or min.")] = None,
    commitment: Annotated[
        str | None, typer.Option(help="Finite games: to a mixed, pure or correlated strategy.")
    ] = None,
    response: Annotated[
        str | None, typer.Option(help="Finite games, how followers play: nash or coarse.")
    ] = None,
    precision: Annotated[
        float | None, typer.Option(help="Of quantal response, in one over payoffs.")
    ] = None,
    variational: Annotated[
        bool, typer.Option("--variational", help="Short for --concept variational.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
) -> None:
    """Solve a game and print the equilibrium with its certificate.

    Examples: eqsolve solve river_basin --json;
    eqsolve solve game.nfg --concept coarse --objective welfare --sense min
    """
    import eqsolve as eq
    from eqsolve._cli_finite import Asked

    game = _load(name_or_file)
    options = Asked(
        "variational" if variational else concept,
        leader, stance, objective, sense, commitment, response, precision,
    )  # fmt: skip
    asked = _asked(name_or_file, game, options)
    found = eq.solve(game, asked, formulation=formulation, solver=solver)
    if as_json:
        print(json.dumps(_as_json(found), indent=2))
    else:
        print(found.summary())


@app.command()
def validate(
    trajectory: Annotated[Path, typer.Argument(help="A recorded run, .csv or .npz.")],
    model: Annotated[str, typer.Option(help="An instance by name, or a TOML file.")],
    plot: Annotated[Path | None, typer.Option(help="Save the figure here.")] = None,
) -> None:
    """Compare a recorded run with the equilibrium of a model.

    CSV: a header, one column a coordinate, optional 'step' and 'replication' columns.

    Example: eqsolve validate run.csv --model duopoly
    """
    import eqsolve as eq
    from eqsolve._validate import as_trajectory
    from eqsolve.plotting import save

    run = as_trajectory(trajectory)
    equilibrium = eq.solve(_load(model))
    report = eq.validate(run, equilibrium)
    print(equilibrium)
    print()
    print(report)
    if plot is not None:
        save(report.plot(), plot)
        print(f"Figure: {plot}")


@app.command()
def design(
    log: Annotated[list[str], typer.Argument(help="Files .parquet, .csv or .tsv, or a pattern.")],
    state: Annotated[
        list[str], typer.Option(help="Column of the state; give several if it takes several.")
    ],
    arm: Annotated[str, typer.Option(help="Column of the arm played.")],
    reward: Annotated[str, typer.Option(help="Column of the reward.")],
    next_state: Annotated[
        list[str] | None, typer.Option(help="Column of the next state; default the next row's.")
    ] = None,
    time: Annotated[
        list[str] | None, typer.Option(help="Column that orders rows; default as they lie.")
    ] = None,
    run: Annotated[
        list[str] | None, typer.Option(help="Column that tells runs apart; default one run.")
    ] = None,
    bins: Annotated[
        list[str] | None,
        typer.Option(help="Bins of numeric states: 10, or column=10, or column=0,5,20."),
    ] = None,
    arms: Annotated[
        str | None, typer.Option(help="The arms in order, as in old,new; the effect is new - old.")
    ] = None,
    contrast: Annotated[
        str | None, typer.Option(help="Weights of arms, as in new=1,old=-1.")
    ] = None,
    level: Annotated[float, typer.Option(help="Of the intervals.")] = 0.95,
    floor: Annotated[
        float | None, typer.Option(help="Least probability of every arm in every state.")
    ] = None,
    half_width: Annotated[
        float | None, typer.Option(help="Interval wanted, +-; default half of the log's.")
    ] = None,
    steps: Annotated[
        int | None, typer.Option(help="Length of the next run; default as long as the log.")
    ] = None,
    prior: Annotated[
        float | None,
        typer.Option(help="Pseudo-steps lent to each arm in each state; default none."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write the next policy here, as CSV.")] = None,
    report: Annotated[Path | None, typer.Option(help="Write a report here, as HTML.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Estimate an effect from a log, and design the sampling policy of the next run.

    Example: eqsolve design log.parquet --state queue --arm rule --reward profit --out policy.csv
    --report report.html
    """
    from eqsolve.report import _design_command as command

    command.check_options(level, half_width, out, report)
    counted = command.read_log(
        log, state, arm, reward, next_state=next_state, time=time, run=run, bins=bins, arms=arms
    )
    found = command.find(
        counted, contrast=contrast, level=level, floor=floor, half_width=half_width, steps=steps,
        prior=prior, over_time=report is not None,
    )  # fmt: skip
    written = command.write(found, out, report)
    if as_json:
        print(json.dumps(command.as_json(found) | {"written": written}, indent=2))
        return
    print(command.as_text(found))
    for what, path in written.items():
        print(f"{what.capitalize()}: {path}")


@app.command()
def reproduce(
    system: Annotated[str | None, typer.Argument(help="A system; default all of them.")] = None,
    out: Annotated[Path, typer.Option(help="Folder for the figures.")] = Path("figures"),
    seeds: Annotated[
        int | None, typer.Option(min=1, help="pomdp: from how many seeds to learn; default 10.")
    ] = None,
) -> None:
    """Reproduce published results: tables on the screen, figures in a folder.

    Example: eqsolve reproduce cournot --out figures
    """
    from eqsolve.report import systems

    known = systems()
    if system is not None and system not in known:
        raise EqsolveError(_unknown("system", system, list(known)))
    if seeds is not None and system != "pomdp":
        raise EqsolveError("--seeds goes with the system pomdp: eqsolve reproduce pomdp --seeds 3.")
    out.mkdir(parents=True, exist_ok=True)
    for name in [system] if system else list(known):
        print(f"Reproducing {name} ...", file=sys.stderr, flush=True)
        options = {} if seeds is None else {"seeds": seeds}
        say = lambda table: print(f"{table}\n", flush=True)  # noqa: E731
        for figure in known[name].run(out, say, **options):
            print(f"Figure: {figure}")


def _asked(name_or_file: str, game: Any, options: Any) -> Any:
    """What the options ask for; the published concept where they ask for nothing."""
    from eqsolve._cli_finite import finite_concept
    from eqsolve.games.finite_players import FinitePlayers

    if options.concept is None and not options.given():
        return _published_concept(name_or_file)
    if isinstance(game, FinitePlayers):
        return finite_concept(game, options)
    finite = set(options.given()) - {"leader", "stance"}
    if finite:
        raise EqsolveError(f"--{sorted(finite)[0]} is an option of finite games; this is none.")
    if options.leader is None and options.concept is None:
        raise EqsolveError("--stance goes with --leader NAME.")
    return _concept(
        options.concept or "stackelberg", options.leader, options.stance or "optimistic"
    )


def _concept(name: str, leader: str | None, stance: str) -> Any:
    import eqsolve as eq

    if name in ("stackelberg", "commitment"):
        if leader is None:
            raise EqsolveError(f"--concept {name} needs --leader NAME.")
        return eq.Stackelberg(leader, stance=stance)
    plain = {"nash": eq.Nash, "variational": eq.VariationalEquilibrium}
    if name not in plain:
        raise EqsolveError(_unknown("concept", name, [*plain, "stackelberg"]))
    return plain[name]()


def _published_concept(name_or_toml: str) -> Any:
    """What the known answer is an answer to; Nash where none is known."""
    from eqsolve import models as shelf

    if name_or_toml not in shelf.instances():
        return None
    return shelf.published(name_or_toml).asked


def _load(name_or_toml: str) -> Any:
    from eqsolve import models as shelf

    if name_or_toml.lower().endswith(".nfg"):
        from eqsolve._cli_finite import read_nfg

        return read_nfg(name_or_toml)
    if not name_or_toml.endswith(".toml") and name_or_toml not in shelf.instances():
        raise EqsolveError(_unknown("instance", name_or_toml, list(shelf.instances())))
    return shelf.load(name_or_toml)


def _unknown(what: str, name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    listed = f"there are {', '.join(known)}." if len(known) < 20 else "`eqsolve models` lists them."
    hint = f"did you mean {' or '.join(close)}?" if close else listed
    return f"There is no {what} called {name!r}; {hint}"


def _first_line(function: Any) -> str:
    return (function.__doc__ or "").strip().splitlines()[0]


def _print_table(title: str, headers: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for header in headers:
        table.add_column(header, no_wrap=header == headers[0])
    for row in rows:
        table.add_row(*row)
    Console().print(table)


def _as_json(found: Any) -> dict[str, Any]:
    sure = found.certificate
    return {
        "concept": found.concept,
        "strategies": {name: value.tolist() for name, value in found.strategies.items()},
        "payoffs": dict(found.payoffs),
        **({} if found.value is None else {"value": found.value}),
        **({} if found.distribution is None else {"distribution": found.distribution.tolist()}),
        "multipliers": {name: value.tolist() for name, value in found.multipliers.items()},
        "certificate": {
            "max_gain": sure.max_gain,
            "relative_gain": sure.relative_gain,
            "kkt_residual": sure.kkt_residual,
            "infeasibility": sure.infeasibility,
            "scope": sure.scope,
            "second_order": sure.second_order,
            "kind": sure.kind,
            "multiplier_spread": sure.multiplier_spread,
            "variational_residual": sure.variational_residual,
            "bound": sure.bound,
        },
        "formulation": dict(found.explanation),
    }


if __name__ == "__main__":
    main()
