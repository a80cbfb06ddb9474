"""Addresses for an index, all made from the one of the repository: project URLs, links and pictures of the README."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

_LINK = re.compile(r"(!?)\[([^]]*)\]\((?!https?://|#)([^)]+)\)")
_COMMENT = re.compile(r"<!--.*?-->\n?")


class ReadmeHook(MetadataHookInterface):
    """Hands URLs and README to the package's metadata."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Set ``urls`` and ``readme``."""
        repository = self.config["repository"]
        metadata["urls"] = urls(repository)
        text = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        metadata["readme"] = {"content-type": "text/markdown", "text": absolute(text, repository)}


def urls(repository: str) -> dict[str, str]:
    """Return the addresses that an index lists."""
    return {
        "Repository": repository,
        "Documentation": f"{repository}/docs",
        "Changelog": f"{repository}/blob/main/CHANGELOG.md",
        "Issues": f"{repository}/issues",
    }


def absolute(text: str, repository: str) -> str:
    """Return the text with every relative link and picture as one on the main branch of the repository."""

    def there(link: re.Match[str]) -> str:
        mark, words, path = link.groups()
        return f"{mark}[{words}]({repository}/{'raw' if mark else 'blob'}/main/{path})"

    return _LINK.sub(there, _COMMENT.sub("", text))
