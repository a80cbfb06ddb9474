"""The explorer in a notebook: menus and sliders beside the attractor."""

from __future__ import annotations

from html import escape
from typing import Any

import xarray as xr

from ..network import Network
from ._explorer import Explorer

_SIZE = "460px"  # of the picture


def explore(net: Network, bank: xr.Dataset | xr.DataArray, *, seconds: float = 12.0, seed: int = 0) -> Any:
    """Return a widget that runs a bank: choose two tasks, move between their biases, and watch the attractor change.

    Each change runs on from where the network was. ``widget.explorer`` is the :class:`Explorer` behind it, whose
    ``run`` is the Dataset shown. Arguments and errors are those of :class:`Explorer`; ImportError without
    ipywidgets (``pip install 'tonicnet[explore]'``).

    >>> import tonicnet as tn
    >>> net, bank = tn.load_network("atlas-1000"), tn.load_bank("atlas-1000")
    >>> widget = tn.explore(net, bank.sel(task=["hopf", "cosine"]), seconds=2.0)
    >>> widget.controls["share"].value = 1.0
    >>> widget.explorer.choice["share"]
    1.0
    """
    try:
        import ipywidgets
    except ImportError as error:
        raise ImportError("the explorer needs ipywidgets: pip install 'tonicnet[explore]'") from error
    from ..plot._png import png

    explorer = Explorer(net, bank, seconds=seconds, seed=seed)
    controls = _controls(ipywidgets, explorer)
    image = ipywidgets.Image(value=png(explorer.run), format="png", layout={"width": _SIZE})
    words = ipywidgets.HTML(value="")
    for name, control in controls.items():
        control.observe(_setter(explorer, name, words), names="value")
    again = ipywidgets.Button(description="start anew")
    again.on_click(lambda _: explorer.restart())
    explorer.watch(lambda now: setattr(image, "value", png(now.run)))
    beside = ipywidgets.VBox([*controls.values(), again, words], layout={"flex": "0 0 auto"})
    box = ipywidgets.HBox([beside, image], layout={"flex_flow": "row wrap"})  # the picture below, where it is narrow
    box.explorer, box.controls, box.image, box.again = explorer, controls, image, again
    return box


def _controls(ipywidgets: Any, explorer: Explorer) -> dict[str, Any]:
    """Return the menus and sliders, by the name of the choice they change."""
    now = explorer.choice
    slider = {"continuous_update": False, "min": 0.0}
    return {
        "one": ipywidgets.Dropdown(options=explorer.tasks, value=now["one"], description="task"),
        "other": ipywidgets.Dropdown(options=explorer.tasks, value=now["other"], description="towards"),
        "share": ipywidgets.FloatSlider(value=0.0, max=1.0, step=0.02, description="share", **slider),
        "noise": ipywidgets.FloatSlider(value=0.0, max=2.0, step=0.05, description="noise", **slider),
    }


def _setter(explorer: Explorer, name: str, words: Any) -> Any:
    """Return a function that hands a new value to the explorer, and shows its error if it refuses."""

    def changed(event: dict[str, Any]) -> None:
        """Set the choice to the new value."""
        try:
            explorer.set(**{name: event["new"]})
            words.value = ""
        except ValueError as error:
            words.value = escape(str(error))

    return changed
