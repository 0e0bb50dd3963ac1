"""The report of `eqsolve design`: one HTML file, with nothing to load from elsewhere."""

from __future__ import annotations

import html
import platform
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from eqsolve.design.logs.remaining import steps_as_text
from eqsolve.report._design_figures import (
    estimators_figure,
    occupancy_figure,
    over_time_figure,
    policy_figure,
)
from eqsolve.report._design_findings import DesignFindings, rounded
from eqsolve.report._design_text import headline
from eqsolve.report._page_style import STYLE
from eqsolve.results import Table

STATES = 12  # rows of the policy's table
MORE = 300  # rows that unfold below it
_NUMBER = re.compile(r"([-+]?[\d.,]+(e[-+]?\d+)?( %|%| steps)?|–|none|no number is enough|)")


def design_page(findings: DesignFindings) -> str:
    """The report as HTML."""
    title = f"Experiment: {', '.join(findings.names)}"
    body = "\n".join(_sections(findings))
    return (
        "<!doctype html>\n"
        '<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{html.escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n"
        f"<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _sections(findings: DesignFindings) -> Iterator[str]:
    yield _head(findings)
    yield _problems(findings)
    yield _section("Estimators side by side", _ESTIMATORS, _estimators(findings))
    if findings.over_time is not None:
        yield _section(
            "As the log grew",
            _OVER_TIME,
            _figure(over_time_figure(findings), "The shaded bands are the two intervals."),
        )
    yield _section("The next policy", _policy_words(findings), _policy(findings))
    yield _section("Where the run is", _OCCUPANCY, _figure(occupancy_figure(findings), ""))
    yield _section("How long it will take", _NEEDED, _needed(findings))
    yield _section("Diagnostics", _DIAGNOSTICS, _diagnostics(findings))
    yield _section("Certificate of the design", _CERTIFICATE, _certificate(findings))
    yield _section("How it was computed", "", _method(findings))


_ESTIMATORS = (
    "The maximum-likelihood estimate puts each arm's own long run together from its transitions, "
    "wherever other arms had brought the system. The naive difference compares mean rewards as "
    "they stand: where arms change the states that the others meet, no number of steps removes "
    "its bias. Differences-in-Q sees that interference to first order."
)
_OVER_TIME = (
    "The narrow band is right at one look, at a length fixed in advance; the wide one at any "
    "number of looks, so that a run may be stopped when it leaves zero out."
)
_OCCUPANCY = (
    "Share of all steps spent with each arm in each state: in the log, and in a long run under "
    "the next policy."
)
_NEEDED = (
    "After the steps of the log, which are kept. Computed from the estimated chains; never less "
    "than thirty relaxation times of the chain, which a run needs to get about."
)
_DIAGNOSTICS = (
    "The effective sample is how many independent rewards would tell an arm's mean as well. Thin "
    "states are those where the arm was played fewer than five times."
)
_CERTIFICATE = (
    "The variance is that of the policy's own exact stationary law; the bound, by duality, is one "
    "that no admissible policy goes below. Neither trusts the solver."
)


def _head(findings: DesignFindings) -> str:
    log = findings.log
    sentences = [headline(findings, which) for which in range(len(findings.names))]
    lead = "".join(f"<p class='lead'>{html.escape(sentence)}</p>" for sentence in sentences)
    first = findings.effects[0]
    naive = findings.estimators[0].rows[1]
    wide = [rounded(end, first.standard_error) for end in first.anytime]
    needed = findings.needed[0]
    cards = [
        (
            "steps in the log",
            f"{log.length:,}",
            f"{len(log.states):,} states, {len(log.arms)} arms",
        ),
        (
            "at any number of looks",
            f"{wide[0]} to {wide[1]}",
            f"{100 * findings.level:.6g} % interval",
        ),
        (
            "naive difference",
            rounded(naive.estimate, naive.standard_error),
            "biased where arms interfere",
        ),
        (
            "steps still needed",
            steps_as_text(needed.designed),
            f"for ± {needed.half_width:.3g}; coin flipping: {steps_as_text(needed.coin_flipping)}",
        ),
    ]
    boxes = "".join(
        f"<div class='card'><span class='name'>{html.escape(name)}</span>"
        f"<span class='value'>{html.escape(value)}</span>"
        f"<span class='note'>{html.escape(note)}</span></div>"
        for name, value, note in cards
    )
    title = html.escape(", ".join(findings.names))
    return (
        f"<header><p class='kicker'>Experiment report · {html.escape(log.name)}</p>"
        f"<h1>{title}</h1>{lead}</header>\n<div class='cards'>{boxes}</div>"
    )


def _problems(findings: DesignFindings) -> str:
    if not findings.problems:
        return (
            "<section class='fine'><p>No problem was found in the log or the design.</p></section>"
        )
    items = "".join(f"<li>{html.escape(sentence)}</li>" for sentence in findings.problems)
    return f"<section class='problems'><h2>What stands against it</h2><ul>{items}</ul></section>"


def _estimators(findings: DesignFindings) -> str:
    parts = []
    for which, name in enumerate(findings.names):
        if len(findings.names) > 1:
            parts.append(f"<h3>{html.escape(name)}</h3>")
        table = findings.estimators_table(which)
        drawn = _figure(estimators_figure(findings, which), "")
        parts.append(f"<div class='pair'>{drawn}<div>{_table(table)}</div></div>")
    means = tuple(
        (str(arm), rounded(mean, error), f"{error:.3g}", f"{steps:,.0f}")
        for arm, mean, error, steps in zip(
            findings.log.arms,
            findings.estimate.arm_means,
            findings.estimate.arm_standard_errors,
            findings.log.counts.visits.sum(axis=1),
            strict=True,
        )
    )
    headers = ("arm", "long-run mean", "standard error", "steps in the log")
    parts.append(_table(Table(headers, means)))
    return "".join(parts)


def _policy_words(findings: DesignFindings) -> str:
    design, log = findings.design, findings.log
    words = ["Draw the arm by the state met, with these probabilities."]
    length = f"{design.steps or log.length:,} steps"
    if design.share >= 1:
        words.append(
            f"They are those of coin flipping: with any other a run of {length} might "
            "not get about."
        )
    elif design.share:
        words.append(
            f"They have {100 * design.share:.3g} % of coin flipping in them, so that a run of "
            f"{length} gets about; with that much, no stationary policy pins the effect down "
            f"faster, as far as {log.name} tells."
        )
    else:
        words.append(
            f"As far as {log.name} tells, no stationary policy pins the effect down faster."
        )
    if findings.floor:
        words.append(f"Every arm keeps a probability of at least {findings.floor:g}.")
    words.append(f"Variance times steps is {design.variance:.5g}.")
    return " ".join(words)


def _policy(findings: DesignFindings) -> str:
    table = findings.policy_table(STATES)
    size = len(findings.log.states)
    drawn, beside = _figure(policy_figure(findings), ""), _table(Table(table.headers, table.rows))
    unfolded = ""
    if size > STATES:
        longer = findings.policy_table(MORE)
        some = f"The {MORE:,} most visited of {size:,}" if size > MORE else f"All {size:,}"
        beside += "<p class='note'>The states most visited; the policy's CSV file holds all.</p>"
        unfolded = (
            f"<details><summary>{some} states</summary>"
            f"{_table(Table(longer.headers, longer.rows))}</details>"
        )
    if len(findings.log.arms) > 2:  # too wide to stand beside
        return drawn + beside + unfolded
    return f"<div class='pair'>{drawn}<div>{beside}</div></div>{unfolded}"


def _needed(findings: DesignFindings) -> str:
    parts = []
    for needed in findings.needed:
        parts.append(
            f"<h3>For an interval of ± {needed.half_width:.4g}</h3>"
            f"<p>{html.escape(_sentence(needed.reason))}</p>"
        )
        shown = needed.table()
        parts.append(_table(Table(shown.headers, shown.rows)))
    return "".join(parts)


def _diagnostics(findings: DesignFindings) -> str:
    found = findings.diagnostics
    table = found.table()
    parts = [
        f"<p>The log relaxes in {found.relaxation_time:,.4g} steps, so that its "
        f"{findings.log.length:,} steps are {found.steps / found.relaxation_time:,.4g} of its own "
        "relaxation times; thirty are enough.</p>",
        _table(Table(table.headers, table.rows)),
    ]
    if found.tests:
        tests = found.tests_table()
        parts += [
            "<h3>Does anything beyond arm and state matter?</h3>"
            "<p>Small p-values say that it does; the last column, by how much: the share of the "
            "outcome's variance that the group explains beyond chance.</p>",
            _table(Table(tests.headers, tests.rows)),
        ]
    else:
        parts.append(
            "<p>The Markov assumption was not tested: that needs the steps in their order, which "
            "are read where there are at most a million.</p>"
        )
    if findings.bins is not None:
        parts += ["<h3>Other bins</h3>", _table(replace(findings.bins.table(), notes=()))]
    return "".join(parts)


def _certificate(findings: DesignFindings) -> str:
    design = findings.design
    rows: list[tuple[Any, ...]] = [
        ("variance × steps", f"{design.variance:.10g}"),
        ("lower bound on any policy's", f"{design.bound:.10g}"),
        ("relative gap", f"{design.relative_gap:.2g}"),
        ("largest violation of a floor or share", f"{design.certificate.infeasibility:.2g}"),
        ("relaxation time", f"{design.relaxation_time:,.4g} steps"),
        ("relaxation time of coin flipping", f"{design.coin_relaxation_time:,.4g} steps"),
    ]
    stages = Table(("stage", "what was done"), tuple(design.explanation.items()))
    return _table(Table(("design", ""), tuple(rows))) + _table(stages)


def _method(findings: DesignFindings) -> str:
    log = findings.log
    columns = log.columns
    told = {
        "log": log.name,
        "engine": log.engine,
        "state": ", ".join(columns.state),
        "arm": columns.arm,
        "reward": columns.reward,
        "next state": ", ".join(columns.next_state) or "the next row's",
        "time": ", ".join(columns.time) or "the order of rows",
        "run": ", ".join(columns.run) or "one run",
        "bins": "; ".join(
            f"{name} at {', '.join(f'{point:.6g}' for point in points)}"
            for name, points in log.bins.items()
        )
        or "none",
        "level": f"{100 * findings.level:.6g} %",
        "made by": f"eqsolve {_version('eqsolve')}, ibis {_version('ibis-framework')}, "
        f"Python {platform.python_version()}",
    }
    paragraphs = (
        "One grouped query, run by the log's own engine, counts how often each arm led from each "
        "state to each other, and sums the rewards of those steps and their squares. Transition "
        "frequencies and mean rewards give each arm's stationary law and long-run mean; the "
        "effect is their contrast. Its standard error is that of the central limit theorem for "
        "Markov chains, √(Σ w² π² σ² / N): σ² is the variance of the reward plus what the next "
        "state is worth, by Poisson's equation, and N the steps of the arm in the state.",
        "The next policy minimises that variance over all stationary policies, a convex program "
        "in the shares of time that each arm spends in each state, with the estimates in the "
        "place of the truth.",
        "Source: P. Glynn, R. Johari and M. Rasouli, Adaptive experimental design with temporal "
        "interference: a maximum likelihood approach, NeurIPS 2020.",
    )
    words = "".join(f"<p>{html.escape(paragraph)}</p>" for paragraph in paragraphs)
    return words + _table(Table(("", ""), tuple(told.items())))


def _sentence(words: str) -> str:
    return f"{words[0].upper()}{words[1:]}.".replace("+-", "±")


def _section(title: str, words: str, content: str) -> str:
    said = f"<p>{html.escape(words)}</p>" if words else ""
    return f"<section><h2>{html.escape(title)}</h2>{said}{content}</section>"


def _figure(drawn: str, caption: str) -> str:
    below = f"<figcaption>{html.escape(caption)}</figcaption>" if caption else ""
    return f"<figure>{drawn}{below}</figure>"


def _table(table: Table) -> str:
    """Columns of numbers to the right; wide tables scroll by themselves."""
    shown = [[_cell(cell) for cell in cells] for cells in table.rows]
    numbers = [
        place > 0 and all(_NUMBER.fullmatch(cells[place]) for cells in shown)
        for place in range(len(table.headers))
    ]

    def row(cells: Sequence[str], tag: str) -> str:
        kinds = [" class='number'" if number else "" for number in numbers]
        made = zip(kinds, cells, strict=True)
        return f"<tr>{''.join(f'<{tag}{k}>{html.escape(c)}</{tag}>' for k, c in made)}</tr>"

    lines = "".join(row(cells, "td") for cells in shown)
    head = f"<thead>{row(table.headers, 'th')}</thead>" if any(table.headers) else ""
    notes = "".join(f"<p class='note'>{html.escape(note)}</p>" for note in table.notes)
    return f"<div class='scroll'><table>{head}<tbody>{lines}</tbody></table></div>{notes}"


def _cell(value: Any) -> str:
    """Four digits, thousands apart."""
    if value is None or isinstance(value, str):
        return value or ""
    number = float(value)
    if not np.isfinite(number):
        return "–"
    return f"{number:,.0f}" if abs(number) >= 1000 else f"{number:.4g}"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "?"
