"""The version of the package."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def package_version() -> str:
    """Return the version of the installed package, or "unknown" in a bare checkout."""
    try:
        return version("tonicnet")
    except PackageNotFoundError:
        return "unknown"


__version__ = package_version()
