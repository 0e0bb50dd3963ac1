"""Figures as SVG inside a page: their colours are the page's, light or dark."""

from __future__ import annotations

import functools
import html
import io
import re
from collections.abc import Callable
from typing import Any, ParamSpec

from eqsolve.plotting import COLOURS, GREY, tidy

P = ParamSpec("P")

# matplotlib draws in colours of its own; on the page each becomes a variable of its style sheet.
INK = "#010203"
_VARIABLES = {
    INK: "var(--ink)",
    "#777777": "var(--faint)",
    **{shade.lower(): f"var(--series-{k + 1})" for k, shade in enumerate(COLOURS[:6])},
}
_STYLE = {
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "grid.color": GREY,
    "font.size": 9.5,
    "axes.titlesize": 10,
    "legend.fontsize": 8.5,
    "svg.fonttype": "path",
    "svg.hashsalt": "eqsolve",
}


def on_page(draw: Callable[P, str]) -> Callable[P, str]:
    """A function that draws, run with the page's ink: ticks take theirs when they are made."""

    @functools.wraps(draw)
    def in_style(*args: P.args, **options: P.kwargs) -> str:
        import matplotlib as mpl

        with mpl.rc_context(_STYLE):
            return draw(*args, **options)

    return in_style


def canvas(width: float = 5.2, height: float = 3.2, rows: int = 1, columns: int = 1) -> Any:
    """A figure and its axes (rows, columns), both without a ground of their own."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False)
    for axes in grid.ravel():
        tidy(axes)
    return figure, grid


def as_svg(figure: Any, name: str, described: str) -> str:
    """The figure as an <svg> element.

    Parameters
    ----------
    figure : matplotlib Figure
    name : str
        A word that no other figure of the page has, put before the names within it.
    described : str
        What a reader sees, for those who cannot.
    """
    stream = io.StringIO()
    figure.savefig(stream, format="svg", metadata={"Date": None}, transparent=True)
    text = stream.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.S)
    # Images alike have the same name, which nothing refers to.
    text = re.sub(r'(<image [^>]*?) id="[^"]*"', r"\1", text)
    text = re.sub(r'\bid="', f'id="{name}-', text)
    text = re.sub(r'href="#', f'href="#{name}-', text)
    text = re.sub(r"url\(#", f"url(#{name}-", text)
    for shade, variable in _VARIABLES.items():
        text = re.sub(re.escape(shade), variable, text, flags=re.I)
    text = re.sub(r"<svg ([^>]*?)width=\"[^\"]*\" height=\"[^\"]*\"", r"<svg \1", text, count=1)
    text = re.sub(r" height=\"[\d.]+pt\"| width=\"[\d.]+pt\"", "", text, count=2)
    label = html.escape(described, quote=True)
    return text.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1)
