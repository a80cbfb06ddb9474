"""Networks from files: drawn again from their recipe, and held against the hash that the file promises."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .._names import path_of, unknown
from .._share import shelf
from ..files import load, parse_json, read_toml
from ._network import Network
from ._spec import NetworkSpec
from ._transfer import Transfer


def load_network(source: str | os.PathLike[str], *, transfer: Transfer | None = None) -> Network:
    """Draw again the network of a shipped model's name, a TOML file, a folder that holds one, or a bank file.

    Arguments: ``source``; ``transfer``, the callable's :class:`Custom` again if the network had one.
    Raises ValueError for an unknown name, a file that is not a network's, or synapses whose hash is not
    the one in the file (another numpy drew them, or the file was edited).

    >>> import tempfile
    >>> path = tempfile.mkdtemp() + "/network.toml"
    >>> text = Network(units=20, seed=1).to_toml(path)
    >>> load_network(path) == Network(units=20, seed=1)
    True
    """
    path = _locate(source)
    return network_from_dict(_read(path), origin=str(path), transfer=transfer)


def network_from_dict(given: Mapping[str, Any], *, origin: str, transfer: Transfer | None = None) -> Network:
    """Rebuild a network from its recipe and hold it against the hash stored with it."""
    values = dict(given)
    promised = values.pop("sha256", None)
    try:
        made = Network.from_spec(NetworkSpec.from_dict(values, transfer=transfer))
    except (TypeError, ValueError) as error:
        raise ValueError(f"{origin}: {error}") from error
    if promised is not None and promised != made.sha256:
        raise ValueError(
            f"{origin}: the network drawn from this recipe has hash {made.sha256}, the file promises "
            f"{str(promised)[:64]}; the file was edited or drawn by another numpy, so learn its biases again"
        )
    return made


def network_in(attrs: Mapping[str, Any], *, origin: str) -> Network:
    """Draw again the network whose recipe a bank carries in its attributes. Raises ValueError where there is none."""
    return network_from_dict(_recipe(attrs.get("network"), origin), origin=origin)


def models() -> list[str]:
    """Return the names of the networks that ship with tonicnet.

    >>> models()
    ['atlas-1000', 'dysts-1000']
    """
    return sorted(p.parent.name for p in shelf("models").glob("*/network.toml"))


def _locate(source: str | os.PathLike[str]) -> Path:
    path = path_of(source)
    if path.is_dir():
        path = path / "network.toml"
    if path.is_file():
        return path
    named = shelf("models") / str(source) / "network.toml"
    if named.is_file():
        return named
    raise ValueError(f"{unknown('network', str(source), models())} A path to a network.toml or a bank works too.")


def _read(path: Path) -> dict[str, Any]:
    if path.suffix == ".nc":
        return _recipe(load(path).attrs.get("network"), str(path))
    return read_toml(path)


def _recipe(text: object, origin: str) -> dict[str, Any]:
    """Return the recipe a bank carries as a JSON string."""
    try:
        found = parse_json(text, "the recipe")
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ValueError(f"{origin} holds no network; give a bank written by tonicnet, or a network.toml")
    return found
