"""Learn every task of the shelf on one network and write the shipped model: `make models`.

Writes models/atlas-1000/network.toml, bank.nc and SCORES.md (generated; do not edit).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr

import tonicnet as tn

FOLDER = Path(__file__).resolve().parent.parent / "models" / "atlas-1000"
COLUMNS = {
    "seconds": "fit, s", "field_error": "field error", "valid_time": "valid time", "divergence": "D_stsp",
    "divergence_floor": "floor", "divergence_samples": "T", "period_error": "period error",
    "amplitude_error": "amplitude error", "attractor_distance": "distance", "lost": "lost",
}  # fmt: skip


def table(bank: xr.Dataset) -> str:
    """Return the scores stored in a bank as a Markdown table."""
    lines = ["| task | " + " | ".join(COLUMNS.values()) + " |", "|---" * (len(COLUMNS) + 1) + "|"]
    for name in bank["task"].values:
        row = bank.sel(task=name)
        cells = [f"{row[c].item():.3g}" if np.isfinite(row[c].item()) else "" for c in COLUMNS]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    """Fit, save, and write the table."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    net = tn.Network(units=1000, seed=0)
    bank = tn.fit(net, tn.tasks())
    net.to_toml(FOLDER / "network.toml")
    tn.save(bank, FOLDER / "bank.nc")
    text = (
        f"# atlas-1000\n\nMade by `make models`: {net.units} units, {net.spec.synapses} synapses, "
        f"K = {net.components}, one bias vector a task.\nScores of the network alone (closed loop), as stored in "
        f"bank.nc; valid time in task time.\n\n{table(bank)}\n"
    )
    (FOLDER / "SCORES.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
