"""The page of a report: text, tables, figures and the library that draws them, in one file."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import xarray as xr

from ..bank import bank_scores
from ..network import Network
from ._curves import TaskCurves
from ._figures import attractor, biases, losses, time_course

_HERE = Path(__file__).parent


def page(net: Network, bank: xr.Dataset, curves: Sequence[TaskCurves], library: str) -> str:
    """Return the HTML. Whatever comes from the bank is escaped, and only the page's own two scripts may run."""
    script = (_HERE / "page.js").read_text(encoding="utf-8")
    title = f"tonicnet: {len(curves)} {'task' if len(curves) == 1 else 'tasks'} on {net.units} frozen units"
    body = "\n".join([f"<h1>{escape(title)}</h1>", _score_table(bank), _panels(), _provenance(net, bank)])
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_policy(library, script)}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(title)}</title><style>{(_HERE / 'page.css').read_text(encoding='utf-8')}</style>",
            f'</head><body>\n{body}\n<script type="application/json" id="data">{_json(_data(bank, curves))}</script>',
            f"<script>{library}</script>",
            f"<script>{script}</script></body></html>\n",
        ]
    )


def _policy(*scripts: str) -> str:
    """Return a policy under which these scripts run and nothing is loaded from anywhere."""
    hashes = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in scripts]
    allowed = " ".join(f"'sha256-{digest}'" for digest in hashes)
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data: blob:; form-action 'none'"
    )


def _json(data: Mapping[str, Any]) -> str:
    """Return JSON that no HTML parser takes for markup."""
    return json.dumps(data, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c").replace("&", "\\u0026")


def _data(bank: xr.Dataset, curves: Sequence[TaskCurves]) -> dict[str, Any]:
    """Return what the page's script draws: the figures of every task, and the biases."""
    tasks = [
        {
            "name": c.task,
            "note": " ".join(w for w in (_outcome(bank, c.task), c.note and f"({c.note})") if w),
            "attractor": attractor(c),
            "course": time_course(c),
            "loss": losses(bank, c.task),
        }
        for c in curves
    ]
    return {"tasks": tasks, "biases": biases(bank)}


def _outcome(bank: xr.Dataset, task: str) -> str:
    """Return how learning a task ended, as the bank says it."""
    return str(bank["outcome"].sel(task=task).item()) if "outcome" in bank else ""


def _score_table(bank: xr.Dataset) -> str:
    """Return the table of scores, a row a task."""
    found = bank_scores(bank)
    head = "".join(f"<th>{escape(word)}</th>" for word in found.head)
    rows = "".join(
        f'<tr tabindex="0" role="button" aria-label="show {escape(row[0])}">{_cells(row)}</tr>' for row in found.rows
    )
    words = "Each task alone, in closed loop; choose a row to see it. D_stsp is to be read with its floor and T."
    table = f'<table id="scores"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
    return f'<h2>Scores</h2><p>{words}</p><div class="wide">{table}</div>'


def _cells(row: Iterable[str]) -> str:
    """Return the cells of a table's row."""
    return "".join(f"<td>{escape(cell)}</td>" for cell in row)


def _panels() -> str:
    """Return the places of the figures."""
    figures = {"attractor": "Attractor", "course": "Time course", "loss": "Learning"}
    drawn = "".join(f'<figure><figcaption>{w}</figcaption><div id="{k}"></div></figure>' for k, w in figures.items())
    return (
        f'<h2 id="task">Task</h2><p id="note"></p><div class="panels">{drawn}</div>'
        '<h2>Biases</h2><figure><div id="biases"></div></figure>'
    )


def _provenance(net: Network, bank: xr.Dataset) -> str:
    """Return the table of what the bank was made from: the network's recipe and the bank's attributes."""
    recipe = {f"network {name}": _text(value) for name, value in net.to_dict().items()}
    stored = {str(k): _text(v) for k, v in bank.attrs.items() if k not in ("network", "tasks", "network_sha256")}
    rows = "".join(f"<tr>{_cells(pair)}</tr>" for pair in (recipe | stored).items())
    return f'<h2>Provenance</h2><div class="wide"><table id="provenance">{rows}</table></div>'


def _text(value: Any) -> str:
    """Return a value as text, a nested one as JSON."""
    return json.dumps(value) if isinstance(value, dict) else str(value)
