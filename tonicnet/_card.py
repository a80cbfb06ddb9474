"""How an object shows itself in a notebook: a heading, facts, a table, small pictures; always also as text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

_BOX = "display:inline-block;border:1px solid #8888;border-radius:4px;padding:6px 10px;margin:2px 0"
_CELL = "text-align:left;padding:1px 10px 1px 0;vertical-align:top;border:0;background:none"


@dataclass(frozen=True)
class Card:
    """What :func:`tonicnet.show` returns: ``_repr_html_`` for notebooks, ``str`` for everything else."""

    html: str
    text: str

    def _repr_html_(self) -> str:
        return self.html

    def __repr__(self) -> str:
        return self.text


def page(title: str, facts: Mapping[str, str], *, below: str = "", pictures: Iterable[str] = ()) -> str:
    """Return the HTML of a card. ``title`` and ``facts`` are text and are escaped; the rest is HTML already.

    >>> "<b>&lt;script&gt;</b>" in page("<script>", {})
    True
    """
    beside = "".join(_cell(p) for p in pictures if p)
    return (
        f'<div style="{_BOX}"><b>{escape(title)}</b>'
        f'<table style="border:0;margin:4px 0"><tr><td style="{_CELL}">{_facts(facts)}</td>{beside}</tr></table>'
        f"{below}</div>"
    )


def table(head: Sequence[str], rows: Iterable[Sequence[str]], *, pictures: Sequence[str] = ()) -> str:
    """Return an HTML table of text, escaped; ``pictures``, if given, is one piece of HTML a row, in the last column."""
    lines = [list(map(escape, row)) for row in rows]
    for line, picture in zip(lines, pictures, strict=False):
        line.append(picture)
    top = "".join(f'<th style="{_CELL}">{escape(word)}</th>' for word in head)
    body = "".join("<tr>" + "".join(map(_cell, line)) + "</tr>" for line in lines)
    return f'<table style="border:0"><tr>{top}</tr>{body}</table>'


def _facts(facts: Mapping[str, str]) -> str:
    lines = "".join(
        f'<tr><td style="{_CELL};opacity:0.7">{escape(name)}</td><td style="{_CELL}">{escape(value)}</td></tr>'
        for name, value in facts.items()
    )
    return f'<table style="border:0;margin:0">{lines}</table>'


def _cell(html: str) -> str:
    return f'<td style="{_CELL}">{html}</td>'
