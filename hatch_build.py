"""The README as PyPI shows it: links and pictures by absolute address, made from ``Repository`` in [project.urls]."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

_LINK = re.compile(r"(!?)\[([^]]*)\]\((?!https?://|#)([^)]+)\)")
_COMMENT = re.compile(r"<!--.*?-->\n?")


class ReadmeHook(MetadataHookInterface):
    """Hands the README to the package's metadata."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Set ``readme``."""
        text = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        metadata["readme"] = {"content-type": "text/markdown", "text": absolute(text, metadata["urls"]["Repository"])}


def absolute(text: str, repository: str) -> str:
    """Return the text with every relative link and picture as one on the main branch of the repository."""

    def there(link: re.Match[str]) -> str:
        mark, words, path = link.groups()
        return f"{mark}[{words}]({repository}/{'raw' if mark else 'blob'}/main/{path})"

    return _LINK.sub(there, _COMMENT.sub("", text))
