"""The role {measured}`file | conditions | measure`: a number of a result file, with its unit, in running text."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from docutils import nodes

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "benchmarks"))

from records import RESULTS, digits


def measured(text: str) -> str:
    """Return the number that ``file | condition, condition | measure`` names; raise LookupError if it names none."""
    name, conditions, measure = (part.strip() for part in text.split("|"))
    wanted = {part.strip() for part in conditions.split(";")}
    for record in json.loads((RESULTS / f"{name}.json").read_text()):
        if record["measure"] == measure and wanted == {str(value) for value in record["where"].values()}:
            return f"{digits(record['value'])} {'' if record['unit'] == '1' else record['unit']}".strip()
    raise LookupError(f"no record of {measure!r} under {sorted(wanted)} in results/{name}.json")


def role(
    name: str, rawtext: str, text: str, lineno: int, inliner: Any, *_: Any, **__: Any
) -> tuple[list[nodes.Node], list[nodes.Node]]:
    """Return the number as text; an unknown one is an error of the build."""
    try:
        return [nodes.Text(measured(text))], []
    except (LookupError, ValueError, OSError) as error:
        return [], [inliner.reporter.error(f"{rawtext}: {error}", line=lineno)]
