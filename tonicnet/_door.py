"""How ``import tonicnet`` stays cheap: a public name is imported when it is first asked for (PEP 562)."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from types import ModuleType
from typing import Any


class Door(ModuleType):
    """A package that knows where its public names live and imports nothing before it must.

    It is a class and not a function ``__getattr__`` of the package for one reason: some functions are called like
    the room they live in (``tonicnet.task``). Python binds a room to its package once it is imported, by anybody;
    the function would then be hidden behind the room.
    """

    _homes: Mapping[str, str]
    _rooms: Sequence[str]

    def __getattr__(self, name: str) -> Any:
        """Import a public name, or a room, and keep it."""
        if name in self.__dict__.get("_homes", {}):
            value = getattr(import_module(f".{self._homes[name]}", self.__name__), name)
            self.__dict__[name] = value
            return value
        if not name.startswith("_"):
            path = f"{self.__name__}.{name}"
            try:
                return import_module(path)
            except ModuleNotFoundError as error:
                if error.name != path:
                    raise
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")

    def __setattr__(self, name: str, value: Any) -> None:
        """Keep a public name from the room that is called like it."""
        if not (isinstance(value, ModuleType) and name in self.__dict__.get("_homes", {})):
            super().__setattr__(name, value)

    def __dir__(self) -> list[str]:
        """Return the public names."""
        return sorted([*self._homes, *self._rooms])


def open_door(package: str, homes: Mapping[str, Sequence[str]], rooms: Sequence[str]) -> None:
    """Make a package import its public names late: ``homes`` says which module holds which, ``rooms`` are whole."""
    module = sys.modules[package]
    module.__dict__["_homes"] = {name: home for home, names in homes.items() for name in names}
    module.__dict__["_rooms"] = tuple(rooms)
    module.__class__ = Door
