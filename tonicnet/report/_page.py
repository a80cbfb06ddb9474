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
from ._figures import attractor, biases, course, losses
from ._sample import Sample

_HERE = Path(__file__).parent


def page(net: Network, bank: xr.Dataset, samples: Sequence[Sample], library: str) -> str:
    """Return the HTML. Whatever comes from the bank is escaped, and only the page's own two scripts may run."""
    script = (_HERE / "page.js").read_text(encoding="utf-8")
    title = f"tonicnet: {len(samples)} {'task' if len(samples) == 1 else 'tasks'} on {net.units} frozen units"
    body = "\n".join([f"<h1>{escape(title)}</h1>", _scores(bank), _panels(), _provenance(net, bank)])
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_policy(library, script)}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(title)}</title><style>{(_HERE / 'page.css').read_text(encoding='utf-8')}</style>",
            f'</head><body>\n{body}\n<script type="application/json" id="data">{_json(_data(bank, samples))}</script>',
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


def _data(bank: xr.Dataset, samples: Sequence[Sample]) -> dict[str, Any]:
    tasks = [
        {
            "name": s.task,
            "note": " ".join(w for w in (_outcome(bank, s.task), s.note and f"({s.note})") if w),
            "attractor": attractor(s),
            "course": course(s),
            "loss": losses(bank, s.task),
        }
        for s in samples
    ]
    return {"tasks": tasks, "biases": biases(bank)}


def _outcome(bank: xr.Dataset, task: str) -> str:
    return str(bank["outcome"].sel(task=task).item()) if "outcome" in bank else ""


def _scores(bank: xr.Dataset) -> str:
    found = bank_scores(bank)
    head = "".join(f"<th>{escape(word)}</th>" for word in found.head)
    rows = "".join(
        f'<tr tabindex="0" role="button" aria-label="show {escape(row[0])}">{_cells(row)}</tr>' for row in found.rows
    )
    words = "Each task alone, in closed loop; choose a row to see it. D_stsp is to be read with its floor and T."
    table = f'<table id="scores"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
    return f'<h2>Scores</h2><p>{words}</p><div class="wide">{table}</div>'


def _cells(row: Iterable[str]) -> str:
    return "".join(f"<td>{escape(cell)}</td>" for cell in row)


def _panels() -> str:
    figures = {"attractor": "Attractor", "course": "Time course", "loss": "Learning"}
    drawn = "".join(f'<figure><figcaption>{w}</figcaption><div id="{k}"></div></figure>' for k, w in figures.items())
    return (
        f'<h2 id="task">Task</h2><p id="note"></p><div class="panels">{drawn}</div>'
        '<h2>Biases</h2><figure><div id="biases"></div></figure>'
    )


def _provenance(net: Network, bank: xr.Dataset) -> str:
    recipe = {f"network {name}": _plain(value) for name, value in net.to_dict().items()}
    stored = {str(k): _plain(v) for k, v in bank.attrs.items() if k not in ("network", "tasks", "network_sha256")}
    rows = "".join(f"<tr>{_cells(pair)}</tr>" for pair in (recipe | stored).items())
    return f'<h2>Provenance</h2><div class="wide"><table id="provenance">{rows}</table></div>'


def _plain(value: Any) -> str:
    return json.dumps(value) if isinstance(value, dict) else str(value)
