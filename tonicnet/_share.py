"""Where the shelves of data (models, tasks, studies) lie: inside an installed wheel, or beside a checkout."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def shelf(name: str) -> Path:
    """Return the folder of the shelf ``name`` ("models", "tasks" or "studies").

    A wheel carries it as ``tonicnet/_share/<name>``; an editable install and a plain checkout have it
    beside the package.
    """
    for folder in (_PACKAGE / "_share" / name, _PACKAGE.parent / name):
        if folder.is_dir():
            return folder
    raise FileNotFoundError(
        f"the shelf {name!r} is neither inside the package nor beside it ({_PACKAGE}); reinstall tonicnet"
    )
