"""Options of commands that run many jobs: on what, where they are kept, and how long one may take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Executor = Annotated[str, typer.Option(help="processes (of this machine), or dask://host:port.")]
Workers = Annotated[int | None, typer.Option(help="Processes; as many as there are cores if not given.")]
StoreFolder = Annotated[
    Path | None,
    typer.Option(help="Folder that keeps each job; beside the result if not given.", show_default=False),
]
Limit = Annotated[float | None, typer.Option(help="Seconds after which a job is ended.")]
Run = Annotated[bool, typer.Option("--run/--no-run", help="--no-run: only gather what the store has.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing while learning.")]
