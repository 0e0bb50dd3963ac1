"""The steps of `eqsolve design`: read, find, write. Nothing is written before all is found."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from eqsolve.design.estimation.intervals import check_level
from eqsolve.design.logs.log import TransitionLog
from eqsolve.errors import BadExperiment, BadLog, EqsolveError
from eqsolve.report._design_findings import DesignFindings, gather
from eqsolve.report._design_page import design_page
from eqsolve.report._design_text import as_json as as_json
from eqsolve.report._design_text import as_text as as_text

Columns = Sequence[str] | None


def check_options(level: float, half_width: float | None, *paths: Path | None) -> None:
    """Refuse, before a long log is read, what would be refused after.

    Parameters
    ----------
    level : float
    half_width : float, optional
    *paths : Path or None
        Files to be written.

    Raises
    ------
    EqsolveError
    """
    check_level(level)
    if half_width is not None and not 0 < half_width < math.inf:
        raise BadExperiment(f"--half-width {half_width:g}: it must be positive.")
    for path in paths:
        if path is None:
            continue
        if not path.parent.is_dir():
            raise EqsolveError(
                f"There is no folder {str(path.parent)!r} to write {path.name!r} to."
            )
        if path.is_dir():
            raise EqsolveError(f"{str(path)!r} is a folder; name a file to write to.")


def read_log(
    log: Sequence[str],
    state: Sequence[str],
    arm: str,
    reward: str,
    *,
    next_state: Columns = None,
    time: Columns = None,
    run: Columns = None,
    bins: Columns = None,
    arms: str | None = None,
) -> TransitionLog:
    """Count the log; names may be given one by one or with commas between."""
    return TransitionLog.from_table(
        log[0] if len(log) == 1 else list(log),
        state=_names(state) or (),
        arm=arm,
        reward=reward,
        next_state=_names(next_state),
        time=_names(time),
        run=_names(run),
        bins=None if not bins else parse_bins(bins),
        arms=None if arms is None else _split(arms),
    )


def find(log: TransitionLog, *, contrast: str | None, **options: Any) -> DesignFindings:
    """Everything that is to be said of it; see `gather`."""
    weights = None if contrast is None else parse_contrast(contrast, log)
    return gather(log, weights, **options)


def write(found: DesignFindings, out: Path | None, report: Path | None) -> dict[str, str]:
    """Write what was asked for, each file whole or not at all."""
    page = None if report is None else design_page(found)
    written = {}
    if out is not None:
        found.design.to_csv(out, state_columns=found.log.state_columns)
        written["policy"] = str(out)
    if report is not None and page is not None:
        unfinished = report.with_name(report.name + ".part")
        unfinished.write_text(page, encoding="utf-8")
        unfinished.replace(report)
        written["report"] = str(report)
    return written


def parse_bins(texts: Sequence[str]) -> Any:
    """Bins as typed: a number for all columns, or column=number, or column=point,point,...

    Raises
    ------
    BadLog

    Examples
    --------
    >>> parse_bins(["10"]), parse_bins(["queue=5", "price=0,2.5,10"])
    (10, {'queue': 5, 'price': [0.0, 2.5, 10.0]})
    """
    if len(texts) == 1 and "=" not in texts[0]:
        return _cuts(texts[0])
    found = {}
    for text in texts:
        name, sign, cuts = text.rpartition("=")
        if not sign:
            raise BadLog(f"--bins {text}: with several, say of which column, as in queue={text}.")
        found[name] = _cuts(cuts)
    return found


def parse_contrast(text: str, log: TransitionLog) -> Any:
    """A contrast as typed: a weight for each arm, or name=weight for some.

    Raises
    ------
    BadExperiment
    """
    parts = _split(text)
    named = ["=" in part for part in parts]
    if not any(named):
        return [_weight(part, text) for part in parts]
    if not all(named):
        raise BadExperiment(f"--contrast {text}: give weights by name for all arms, or for none.")
    arms = {str(arm): arm for arm in log.arms}
    weights = {}
    for part in parts:
        name, _, weight = part.rpartition("=")
        if name not in arms:
            raise BadExperiment(
                f"--contrast {text}: there is no arm {name!r}; the arms are {', '.join(arms)}."
            )
        weights[arms[name]] = _weight(weight, text)
    return weights


def _cuts(text: str) -> Any:
    """A number of bins, or points: a list as soon as there is a comma or a fraction."""
    try:
        if text.strip().isdigit():
            return int(text)
        return [float(part) for part in _split(text)]
    except ValueError:
        raise BadLog(
            f"--bins {text}: it is a number of bins, as in 10, or points to cut at, as in 0,5,20."
        ) from None


def _weight(text: str, whole: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise BadExperiment(
            f"--contrast {whole}: {text!r} is no number; weights look like new=1,old=-1."
        ) from None


def _names(given: Columns) -> list[str] | None:
    return None if not given else [name for text in given for name in _split(text)]


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
