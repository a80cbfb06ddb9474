"""Compiled loops against the same arithmetic in numpy and torch, to rounding."""

import math
import warnings
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest
import scipy.sparse as sp
import torch

import tonicnet as tn
from tonicnet.circuit import Bundle, Variation, autonomous
from tonicnet.circuit._compiled import WIDE, Kernel, kernel
from tonicnet.circuit._compiled_units import units_of
from tonicnet.compiled import _compiler, _curve, _library, processor
from tonicnet.compiled._pieces import pieces_of
from tonicnet.network import LIF, Custom, Relu, Sigmoid, Softplus, Tanh


class Method(NamedTuple):
    stages: tuple
    weights: tuple


EULER = Method(((),), (1.0,))
RK4 = Method(((), (0.5,), (0.0, 0.5), (0.0, 0.0, 1.0)), (1 / 6, 1 / 3, 1 / 3, 1 / 6))
CURVES = [LIF(), Tanh(), Relu(), Softplus(), Sigmoid()]
NAMES = [curve.name for curve in CURVES]
N = 261  # more than a block of units, and no multiple of a vector

pytestmark = pytest.mark.skipif(_compiler.compiler() is None, reason="no C++ compiler")


class Drawn:
    """A small network in numpy, float64, with its field."""

    def __init__(self, transfer, components, *, seed=0, units=N, varied=False):
        rng = np.random.default_rng(seed)
        self.transfer, self.n, self.k = transfer, units, components
        self.encoder = rng.normal(size=(units, components))
        self.decoder = rng.normal(size=(components, units)) / math.sqrt(units)
        self.bias = rng.normal(*transfer.spread, units)
        self.gain = rng.uniform(0.5, 1.5, units) if varied else None
        self.scale = rng.normal(1, 0.3, units) if varied else None
        self.start = rng.normal(size=(2, components))
        self.rng = rng

    def compiled(self, dtype="float64"):
        return units_of(self.encoder, self.decoder, self.transfer, dtype, gain=self.gain, scale=self.scale)

    def respond(self, h):
        gain, scale = (1.0 if x is None else x for x in (self.gain, self.scale))
        r, slope = self.transfer.both(torch.from_numpy(gain * h))
        return scale * r.numpy(), gain * scale * slope.numpy()

    def flow(self, z, fed=0.0, noise=0.0):
        return self.respond((z + fed) @ self.encoder.T + self.bias + noise)[0] @ self.decoder.T - z

    def jacobian(self, z):
        slope = self.respond(z @ self.encoder.T + self.bias)[1]
        return np.einsum("kn,wn,nl->wkl", self.decoder, slope, self.encoder)


def stepped(field, y, h, method):
    slopes = []
    for row in method.stages:
        slopes.append(field(y + h * sum((a * s for a, s in zip(row, slopes, strict=True)), np.zeros_like(y))))
    return y + h * sum(w * s for w, s in zip(method.weights, slopes, strict=True))


def path(field, y, h, method, steps):
    made = [y]
    for n in range(steps):
        made.append(stepped(lambda x, n=n: field(x, n), made[-1], h, method))
    return np.stack(made, axis=1)


def near(found, expected, rtol=1e-12):
    np.testing.assert_allclose(found, expected, rtol=rtol, atol=rtol * np.abs(expected).max())


@pytest.mark.parametrize("varied", [False, True])
@pytest.mark.parametrize("components", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("transfer", CURVES, ids=NAMES)
def test_low_rank_runs_are_those_of_numpy(transfer, components, varied):
    drawn = Drawn(transfer, components, varied=varied)
    inputs, noise = drawn.rng.normal(size=(8, 2, components)), drawn.rng.normal(size=(8, 2, N))
    run = kernel().low_rank(
        drawn.compiled(), drawn.bias, drawn.start, tableau=RK4, h=0.1, steps=8, inputs=inputs, noise=noise
    )
    expected = path(lambda z, n: drawn.flow(z, inputs[n], noise[n]), drawn.start, 0.1, RK4, 8)
    near(run.output, expected)
    near(run.state, expected[:, -1])


@pytest.mark.parametrize("transfer", CURVES, ids=NAMES)
def test_float32_is_float64_to_its_own_rounding(transfer):
    drawn = Drawn(transfer, 3)
    run = kernel().low_rank(drawn.compiled("float32"), drawn.bias, drawn.start, tableau=EULER, h=1.0, steps=2)
    assert run.output.dtype == np.float32
    near(run.output, path(lambda z, n: drawn.flow(z), drawn.start, 1.0, EULER, 2), 2e-5)


def test_samples_biases_of_trials_and_runs_that_go_on():
    drawn = Drawn(Tanh(), 3)
    biases = np.stack([drawn.bias, drawn.bias + 1])
    call = {"tableau": RK4, "h": 0.2}
    whole = kernel().low_rank(drawn.compiled(), biases, drawn.start, steps=12, **call)
    part = kernel().low_rank(drawn.compiled(), biases, drawn.start, steps=5, **call)
    rest = kernel().low_rank(drawn.compiled(), biases, part.state, steps=7, every=3, **call)
    alone = kernel().low_rank(drawn.compiled(), biases[1], drawn.start[1:], steps=12, **call)
    assert np.array_equal(rest.output, whole.output[:, 5:12:3])
    assert np.array_equal(alone.output[0], whole.output[1])
    assert not np.array_equal(alone.output[0], whole.output[0])


@pytest.mark.parametrize("driven", [False, True])
def test_dense_samples_lie_on_the_cubic_of_each_step(driven):
    drawn = Drawn(Tanh(), 2)
    inputs = drawn.rng.normal(size=(3, 2, 2)) if driven else None
    fed = np.zeros((3, 2, 2)) if inputs is None else inputs
    run = kernel().low_rank(
        drawn.compiled(), drawn.bias, drawn.start, tableau=RK4, h=0.4, steps=3, inputs=inputs, dense=2
    )
    ends = path(lambda z, n: drawn.flow(z, fed[n]), drawn.start, 0.4, RK4, 3)
    near(run.output[:, ::2], ends)
    for n in range(3):
        a, b = ends[:, n], ends[:, n + 1]
        middle = (a + b) / 2 + 0.4 / 8 * (drawn.flow(a, fed[n]) - drawn.flow(b, fed[n]))
        near(run.output[:, 2 * n + 1], middle)


def test_dense_samples_are_of_order_four():
    drawn = Drawn(Sigmoid(), 2)
    call = {"units": drawn.compiled(), "tonic": drawn.bias, "start": drawn.start, "tableau": RK4}
    exact = kernel().low_rank(**call, h=0.001, steps=1600, every=50).output
    errors = [
        np.abs(kernel().low_rank(**call, h=h, steps=round(1.6 / h), dense=2).output - exact[:, :: round(10 * h)]).max()
        for h in (0.4, 0.2)
    ]
    assert 11 < errors[0] / errors[1] < 24


@pytest.mark.parametrize("transfer", CURVES, ids=NAMES)
def test_a_state_that_is_no_number_stays_none(transfer):
    drawn = Drawn(transfer, 3)
    start = np.array([[np.nan, 0, 0], [0.1, 0.2, 0.3]])
    for dtype in ("float64", "float32"):
        run = kernel().low_rank(drawn.compiled(dtype), drawn.bias, start, tableau=RK4, h=0.1, steps=3)
        assert np.isnan(run.output[0, 1:]).all()
        assert np.isfinite(run.output[1]).all()


def test_relu_runs_leave_the_finite_numbers_as_numpy_does():
    drawn = Drawn(Relu(), 1)
    drawn.decoder = np.abs(drawn.decoder) * np.sign(drawn.encoder.T)
    run = kernel().low_rank(drawn.compiled(), drawn.bias, drawn.start, tableau=EULER, h=1.0, steps=2000)
    assert not np.isfinite(run.output[:, -1]).any()


@pytest.fixture
def every_size(monkeypatch):
    monkeypatch.setattr(_curve, "_WORTH", 0)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("transfer", CURVES, ids=NAMES)
def test_values_and_slopes_of_an_array(every_size, monkeypatch, transfer, dtype):
    ends = torch.tensor([math.inf, -math.inf, math.nan, 0.0], dtype=dtype)
    powers = 10.0 ** torch.arange(-30, 3, dtype=dtype)
    x = torch.cat([torch.linspace(-40, 40, 3001, dtype=dtype), powers, -powers, ends])
    r, slope = _curve.both(transfer.compiled, x)
    alone = _curve.value(transfer.compiled, x)
    monkeypatch.setattr(_curve, "_WORTH", len(x) + 1)
    exact, exact_slope = transfer.both(x)
    eps, tiny = torch.finfo(dtype).eps, 4 * torch.finfo(dtype).tiny
    torch.testing.assert_close(r, exact, rtol=6 * eps, atol=tiny, equal_nan=True)
    torch.testing.assert_close(slope, exact_slope, rtol=6 * eps, atol=4 * eps, equal_nan=True)
    torch.testing.assert_close(alone, r, rtol=2 * eps, atol=tiny, equal_nan=True)


def test_arrays_keep_their_layout(every_size):
    x = torch.linspace(-3, 3, 24, dtype=torch.float64).view(4, 6).T
    r, slope = Tanh().both(x)
    assert r.stride() == slope.stride() == (1, 6)
    torch.testing.assert_close(r, torch.tanh(x), rtol=1e-15, atol=1e-15)
    assert _curve.value(Tanh().compiled, x[::2]) is None


def test_gradients_are_left_to_torch(every_size):
    x = torch.linspace(-3, 3, 24, dtype=torch.float64, requires_grad=True)
    (grown,) = torch.autograd.grad(LIF().value(x).sum(), x)
    torch.testing.assert_close(grown, LIF().slope(x.detach()), rtol=1e-12, atol=1e-12)


def test_tiles_of_a_table_are_the_whole(monkeypatch):
    monkeypatch.setattr(_curve, "_WORTH", 1 << 40)
    x = torch.linspace(-3, 21, 300001, dtype=torch.float64).view(1, -1)
    parts = [LIF().both(p) for p in x.split(70000, dim=1)]
    for whole, made in zip(LIF().both(x), zip(*parts, strict=True), strict=True):
        assert torch.equal(whole, torch.cat(made, dim=1))


@pytest.mark.parametrize("components", [1, 2, 3, 4, 5])
def test_displacements_are_carried_by_the_exact_derivative(components):
    drawn = Drawn(Softplus(), components)
    start = drawn.start[:1]
    moved = drawn.rng.normal(size=(1, components, components))
    found = kernel().exponents(drawn.compiled(), drawn.bias, start, moved, tableau=RK4, h=0.1, steps=6, renew=6)

    def field(y, n):
        z, v = y[:, 0], y[:, 1:]
        return np.concatenate([drawn.flow(z)[:, None], v @ (drawn.jacobian(z) - np.eye(components)).swapaxes(1, 2)], 1)

    end = path(field, np.concatenate([start[:, None], moved], 1), 0.1, RK4, 6)[:, -1]
    q, r = np.linalg.qr(end[0, 1:].T)
    near(found.state, end[:, 0])
    near(found.grown[0, 0], np.log(np.abs(np.diagonal(r))))
    near(np.abs(found.displacements[0]), np.abs(q.T), 1e-10)


def test_a_displacement_that_vanishes_is_renewed():
    drawn = Drawn(Relu(), 2)
    drawn.bias[:] = -50.0
    found = kernel().exponents(
        drawn.compiled(), drawn.bias, drawn.start, np.ones((2, 2, 2)), tableau=EULER, h=1.0, steps=1, renew=1
    )
    assert (found.grown == -np.inf).all()
    near(found.displacements @ found.displacements.swapaxes(1, 2), np.broadcast_to(np.eye(2), (2, 2, 2)))


@pytest.mark.parametrize("method", [EULER, RK4], ids=["euler", "rk4"])
@pytest.mark.parametrize("transfer", CURVES, ids=NAMES)
def test_windows_keep_every_stage(transfer, method):
    drawn = Drawn(transfer, 3, varied=True)
    closed, stages = np.array([0.0, 0.7, 1.0]), len(method.weights)
    fed = drawn.rng.normal(size=(2, 3, stages, 3))
    run = kernel().windows(
        drawn.compiled(), drawn.bias, drawn.start, tableau=method, h=0.3, closed=closed, fed=fed, jacobian=True,
        wide=WIDE,
    )  # fmt: skip
    z = drawn.start
    for n in range(3):
        slopes = []
        for i, row in enumerate(method.stages):
            y = z + 0.3 * sum((a * s for a, s in zip(row, slopes, strict=True)), np.zeros_like(z))
            entering = (closed[n] * y + fed[:, n, i]) @ drawn.encoder.T + drawn.bias
            r, slope = drawn.respond(entering)
            near(run.received[:, n, i], closed[n] * y + fed[:, n, i])
            near(run.wide["rate"][:, n, i], r)
            near(run.wide["through"][:, n, i], slope)
            near(run.wide["scale"][:, n, i] * drawn.scale, r)
            near(run.wide["gain"][:, n, i] * drawn.gain, slope * entering)
            near(run.jacobian[:, n, i], np.einsum("kn,wn,nl->wkl", drawn.decoder, slope, drawn.encoder))
            slopes.append(r @ drawn.decoder.T - y)
        z = z + 0.3 * sum(w * s for w, s in zip(method.weights, slopes, strict=True))
        near(run.states[:, n + 1], z)


@pytest.mark.parametrize("method", [EULER, RK4], ids=["euler", "rk4"])
def test_the_adjoint_gives_the_derivatives_autograd_gives(method):
    drawn, closed, h = Drawn(Tanh(), 3, units=21), np.array([0.0, 0.6, 1.0, 1.0]), 0.3
    run = kernel().windows(
        drawn.compiled(), drawn.bias, drawn.start, tableau=method, h=h, closed=closed, jacobian=True, wide=["through"]
    )
    last = np.repeat([2, 4], 3)
    back = kernel().adjoint(
        run.jacobian, tableau=method, h=h, closed=closed, last=last, begin=np.tile(np.eye(3), (2, 1))
    )
    encoder, decoder = torch.from_numpy(drawn.encoder), torch.from_numpy(drawn.decoder)

    def outputs(bias, start):
        z, kept = start, []
        for share in closed:
            slopes = []
            for row in method.stages:
                y = z + h * sum(a * s for a, s in zip(row, slopes, strict=True))
                slopes.append(torch.tanh(share * y @ encoder.T + bias) @ decoder.T - y)
            z = z + h * sum(w * s for w, s in zip(method.weights, slopes, strict=True))
            kept.append(z)
        return torch.cat([kept[1], kept[3]])

    rows = np.einsum("wrtsk,kn,wtsn->wrn", back.kappa, drawn.decoder, run.wide["through"])
    for window, start in enumerate(torch.from_numpy(drawn.start)):
        of_bias, of_start = torch.autograd.functional.jacobian(outputs, (torch.from_numpy(drawn.bias), start))
        near(rows[window], of_bias.numpy())
        near(back.start[window], of_start.numpy())


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("kind", ["dense", "sparse", "none"])
def test_rates_are_those_of_numpy(kind, dtype):
    drawn = Drawn(Softplus(), 3, varied=True)
    matrix = drawn.rng.normal(size=(N, N)) / math.sqrt(N)
    matrix[drawn.rng.random((N, N)) < 0.5] = 0
    synapses = {"dense": matrix, "sparse": sp.csr_array(matrix), "none": None}[kind]
    start, inputs = drawn.rng.normal(size=(2, N)), drawn.rng.normal(size=(6, 2, 3))
    run = kernel().rates(
        drawn.compiled(dtype), synapses, drawn.bias, start, feedback=True, tableau=RK4, h=0.1, steps=6, inputs=inputs,
        every=2, keep_rates=True,
    )  # fmt: skip

    def field(r, n):
        h = r @ matrix.T if kind != "none" else 0.0
        return drawn.respond(h + (r @ drawn.decoder.T + inputs[n]) @ drawn.encoder.T + drawn.bias)[0] - r

    expected = path(field, start, 0.1, RK4, 6)[:, ::2]
    tolerance = 1e-12 if dtype == "float64" else 2e-5
    near(run.rates, expected, tolerance)
    near(run.output, expected @ drawn.decoder.T, tolerance)
    near(run.state, expected[:, -1], tolerance)


def test_arrays_of_another_shape_are_refused():
    drawn = Drawn(Tanh(), 3)
    with pytest.raises(ValueError, match=r"shape \(261,\) here, got \(260,\)"):
        kernel().low_rank(drawn.compiled(), drawn.bias[1:], drawn.start, tableau=RK4, h=0.1, steps=1)
    with pytest.raises(ValueError, match=r"shape \(1, 2, 3\) here, got \(1, 2, 2\)"):
        kernel().low_rank(
            drawn.compiled(), drawn.bias, drawn.start, tableau=RK4, h=0.1, steps=1, inputs=np.zeros((1, 2, 2))
        )


def test_a_users_own_function_is_none_of_them():
    assert units_of(np.ones((4, 1)), np.ones((1, 4)), Custom(torch.sin, torch.cos)) is None


@pytest.fixture
def unloaded():
    for function in (kernel, _library.library, _library._command):
        function.cache_clear()
    yield
    for function in (kernel, _library.library, _library._command):
        function.cache_clear()


def test_without_a_compiler_one_warning_and_none(unloaded, monkeypatch):
    monkeypatch.setattr(_library, "compiler", lambda: None)
    with pytest.warns(RuntimeWarning, match="no C\\+\\+ compiler was found.*install g\\+\\+"):
        assert kernel() is None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert kernel() is None


def test_a_compiler_that_fails_is_one_warning_and_none(unloaded, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("CXX", "false")
    with pytest.warns(RuntimeWarning, match="could not be built or loaded"):
        assert kernel() is None
    assert list((tmp_path / "tonicnet").iterdir()) == []


def test_it_can_be_turned_off_silently(unloaded, monkeypatch):
    monkeypatch.setenv("TONICNET_COMPILED", "0")
    assert kernel() is None


def test_a_damaged_or_foreign_library_is_built_anew(monkeypatch, tmp_path):
    monkeypatch.setattr(_compiler, "cache_folder", lambda: tmp_path)
    builds = []
    compiled = _compiler._compile
    monkeypatch.setattr(_compiler, "_compile", lambda *a: (builds.append(a), compiled(*a)))
    source = tmp_path / "small.cpp"
    source.write_text('extern "C" int one() { return 1; }')
    command = _compiler.compiler()
    library = _compiler.build_library(source, command)
    whole = library.read_bytes()
    assert _compiler.build_library(source, command) == library
    assert len(builds) == 1
    library.write_bytes(whole[: len(whole) // 2])
    assert _compiler.build_library(source, command).read_bytes() == whole
    library.write_bytes(b"another library")
    library.with_suffix(".sha256").unlink()
    assert _compiler.build_library(source, command).read_bytes() == whole
    assert len(builds) == 3
    source.write_text('extern "C" int one() { return 2; }')
    assert _compiler.build_library(source, command) != library


def test_a_whole_library_that_cannot_be_loaded_is_built_anew(unloaded, monkeypatch, tmp_path):
    """One of another machine, whose hash is right."""
    monkeypatch.setattr(_compiler, "cache_folder", lambda: tmp_path)
    source = tmp_path / "small.cpp"
    source.write_text('extern "C" int one() { return 1; }')
    monkeypatch.setattr(_library, "SOURCE", source)
    built = _compiler.build_library(source, _compiler.compiler())
    built.write_bytes(b"of another machine")
    _compiler._mark(built).write_text(_compiler._digest(built.read_bytes()))
    assert _library.library().one() == 1
    assert sorted(one.suffix for one in tmp_path.iterdir()) == [".cpp", ".sha256", ".so"]


@pytest.mark.parametrize("given", [{"tau": 0.1}, {"tau": 0.1, "dt": 0.02}], ids=["flow", "map"])
def test_exponents_are_those_of_the_network_equation(given, monkeypatch):
    """By compiled code in parts, and by torch; a network that it does not know is left to torch."""
    net = tn.Network(units=60, seed=0, transfer="lif", **given)
    bank = tn.fit(net, "lorenz", rounds=0, steps=3, progress=False)
    asked = {"k": 3, "duration": 8.0, "trials": 3, "seed": 2}
    monkeypatch.setattr("tonicnet.circuit._variation._PART", 7)
    calls, exponents = [], Kernel.exponents
    monkeypatch.setattr(Kernel, "exponents", lambda *a, **k: (calls.append(1), exponents(*a, **k))[1])
    found = tn.measure.lyapunov_spectrum(net, bank, **asked)
    assert len(calls) > 1
    monkeypatch.setattr("tonicnet.circuit._variation.kernel", lambda: None)
    wanted = tn.measure.lyapunov_spectrum(net, bank, **asked)
    near(found["exponent"], wanted["exponent"], 1e-6)
    near(found["exponent_error"], wanted["exponent_error"], 1e-5)


def test_displacements_of_a_network_that_compiled_code_does_not_know_are_left_to_torch():
    dense = tn.Network(units=20, seed=0, synapses="dense")
    motion = Variation.alone(autonomous(dense, {"bias": np.zeros(20)}))
    assert motion.growth(Bundle(np.zeros((1, 20)), np.ones((1, 1, 20))), 2, 2) is None
    assert Variation.of(np.sin, np.cos, 0.1).growth(Bundle(np.zeros((1, 1)), np.ones((1, 1, 1))), 2, 2) is None


# ---------------------------------------------------------------- curves in pieces

WIDE_REGISTERS = pytest.mark.skipif(
    "avx512f" not in processor(), reason="curves in pieces need registers of 16 numbers"
)


def table(curve: Callable[[np.ndarray], np.ndarray], low: float, high: float, points: int = 8192) -> tuple:
    """Low end, points per unit of input, values and rises of a curve."""
    grid = np.linspace(low, high, points)
    return low, (points - 1) / (high - low), curve(grid), np.gradient(curve(grid))


@pytest.mark.parametrize(
    "curve",
    [lambda x: np.tanh(x / 2), lambda x: np.log1p(np.exp(2 * x)), lambda x: np.exp(-(x**2) / 4), np.zeros_like],
    ids=["tanh", "softplus", "bump", "nothing"],
)
def test_pieces_are_as_close_as_single_precision_tells(curve: Callable[[np.ndarray], np.ndarray]) -> None:
    low, per_unit, value, rise = table(curve, -4.0, 20.0)
    found = pieces_of(low, per_unit, value, rise)
    assert found is not None
    made, (a, b, wide_a, wide_b), least = found[:192].reshape(6, 32), found[192:196], found[196]
    x = np.linspace(low, 20.0, 5001)
    place = np.clip(np.minimum(a * x + b, wide_a * x + wide_b), 0, np.nextafter(32, 0))
    u = place % 1 - 0.5
    read = sum(row[place.astype(int)] * u**j for j, row in enumerate(made))
    np.testing.assert_allclose(np.maximum(read, least), curve(x), rtol=0, atol=1e-6 * max(1e-30, np.abs(value).max()))


@pytest.mark.parametrize(
    "curve", [np.abs, lambda x: np.sqrt(np.maximum(x, 0)), np.sign], ids=["corner", "root", "jump"]
)
def test_a_curve_with_a_corner_has_no_pieces(curve: Callable[[np.ndarray], np.ndarray]) -> None:
    assert pieces_of(*table(lambda x: curve(x - 0.3), -4.0, 20.0)) is None


@WIDE_REGISTERS
@pytest.mark.parametrize("units", [1, 15, 16, 17, 255, 256, 257, 1000])
@pytest.mark.parametrize("components", [1, 2, 3, 4, 5])
def test_windows_by_pieces_are_those_of_double_precision(components: int, units: int) -> None:
    """States and rates, for every rest of a register; and slopes, which a table has constant from point to point."""
    drawn = Drawn(LIF(), components, units=units)
    fed = drawn.rng.normal(size=(2, 3, 4, components))
    call = {"tableau": RK4, "h": 0.3, "closed": np.array([0.0, 0.7, 1.0]), "fed": fed, "jacobian": True}
    runs = [
        kernel().windows(drawn.compiled(dtype), drawn.bias, drawn.start, **call, wide=("through", "rate"))
        for dtype in ("float32", "float64")
    ]
    assert drawn.compiled("float32").structure.curve.pieces
    near(runs[0].states, runs[1].states, 1e-5)
    np.testing.assert_allclose(runs[0].wide["rate"], runs[1].wide["rate"], rtol=1e-5, atol=2e-6)
    np.testing.assert_allclose(runs[0].wide["through"], runs[1].wide["through"], rtol=0, atol=4e-3)
    slopes = np.float64(runs[0].wide["through"])
    near(runs[0].jacobian, np.einsum("kn,wsin,nl->wsikl", drawn.decoder, slopes, drawn.encoder), 1e-5)


@WIDE_REGISTERS
@pytest.mark.parametrize("far", [-1e30, -np.inf, 40.0, 1e30, np.inf, np.nan])
def test_pieces_are_flat_beyond_their_ends_and_keep_what_is_no_number(far: float) -> None:
    drawn = Drawn(LIF(), 2)
    bias = np.full_like(drawn.bias, far)
    runs = [
        kernel().windows(
            drawn.compiled(dtype), bias, drawn.start, tableau=EULER, h=0.3, closed=np.ones(1), jacobian=True,
            wide=("through", "rate"),
        )
        for dtype in ("float32", "float64")
    ]  # fmt: skip
    np.testing.assert_allclose(runs[0].wide["rate"], runs[1].wide["rate"], rtol=1e-6, atol=1e-6)
    assert np.array_equal(np.isnan(runs[0].wide["rate"]), np.isnan(runs[1].wide["rate"]))
    if not np.isnan(far):
        assert not runs[0].wide["through"].any()


@WIDE_REGISTERS
def test_slopes_of_pieces_are_the_derivative_of_their_values() -> None:
    """By differences of rates in single precision, over a hundredth of the unit of input."""
    drawn = Drawn(LIF(), 1)
    call = {"tableau": EULER, "h": 0.3, "closed": np.zeros(1), "jacobian": True, "wide": ("through", "rate")}
    h = np.linspace(-2, 12, len(drawn.bias))
    low, here, high = (
        kernel().windows(drawn.compiled("float32"), h + shift, np.zeros((1, 1)), **call).wide
        for shift in (-5e-3, 0.0, 5e-3)
    )
    change = (np.float64(high["rate"]) - low["rate"]) / 1e-2
    np.testing.assert_allclose(here["through"], change, rtol=0, atol=5e-4)


@WIDE_REGISTERS
def test_rates_by_pieces_are_not_negative() -> None:
    drawn = Drawn(LIF(), 3)
    run = kernel().windows(
        drawn.compiled("float32"), np.linspace(-8, 1, len(drawn.bias)), drawn.start, tableau=EULER, h=0.3,
        closed=np.ones(1), wide=("through", "rate"), jacobian=True,
    )  # fmt: skip
    assert run.wide["rate"].min() >= 0
