"""One way to show a network, a task, a bank or a comparison: as a card in a notebook, as text in a shell."""

from __future__ import annotations

import xarray as xr

from ._card import Card
from .bank import as_bank, as_rows, bank_card
from .measure import comparison_card
from .network import Network, network_card
from .task import Task, task_card


def show(thing: Network | Task | xr.Dataset | xr.DataArray) -> Card:
    """Return a card of a network, a task, a bank or a comparison, for the last line of a notebook cell or ``print``.

    A network and a task show themselves in a notebook anyway; a bank is a plain Dataset, whose own display
    lists its variables, and this one a row a task: what learned it, how well, and its biases. A comparison
    (:func:`tonicnet.compare`) is shown by a line a task: what became of each run, and one measure beside its floor.
    Names from files are escaped.

    Arguments: ``thing``, a Network, a Task, a bank with ``bias(task, unit)``, its biases alone, or a
    comparison with
    ``outcome(task, run)``. Returns a :class:`Card` with HTML and text. Raises TypeError for anything else and
    ValueError for another Dataset.

    >>> import tonicnet as tn
    >>> tn.show(tn.Network(units=20, seed=0))  # doctest: +ELLIPSIS
    <tonicnet.Network 20 units, low-rank, K = 3, lif, tau 0.1 s, seed 0, ...>
    >>> tn.show(tn.task("hopf")).html.count("<svg")
    2
    """
    if isinstance(thing, Network):
        return Card(network_card(thing), repr(thing))
    if isinstance(thing, Task):
        return Card(task_card(thing), repr(thing))
    if isinstance(thing, xr.DataArray):
        return bank_card(as_rows(thing))
    if not isinstance(thing, xr.Dataset):
        raise TypeError(f"show takes a Network, a Task or a bank (tonicnet.fit), got {type(thing).__name__}")
    if "outcome" in thing and set(thing["outcome"].dims) == {"task", "run"}:
        return comparison_card(thing)
    thing = as_bank(thing)
    if not {"bias", "task"} <= set(thing.variables) or set(thing["bias"].dims) != {"task", "unit"}:
        has = ", ".join(map(str, thing.data_vars)) or "nothing"
        raise ValueError(
            f"this Dataset is not a bank, it lacks bias(task, unit) (it has: {has}); tonicnet.fit makes one"
        )
    return bank_card(thing)
