"""One gradient step, or a closed-loop run, of a dense network by the peers, and the bare products as a floor."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import torch
from peers import Problem, Step, frozen, jax_frozen, jax_loss, torch_loss
from torch import Tensor

import tonicnet as tn


def autograd_step(problem: Problem, path: np.ndarray) -> Step:
    """Return a callable for (loss, dloss/db) by a torch loop and backward()."""
    weights, given = frozen(problem), torch.as_tensor(path)
    bias = torch.tensor(problem.start, requires_grad=True)

    def step() -> tuple[Tensor, Tensor]:
        bias.grad = None
        loss = torch_loss(problem, bias, given, 0, weights)
        loss.backward()
        return loss.detach(), bias.grad

    return step


def rnn_step(problem: Problem, path: np.ndarray) -> Step:
    """Return the same by torch.nn.RNN, another model: it has no leak (a = 1), whatever ``problem.leak`` is."""
    rnn, decoder = _rnn(problem), torch.tensor(problem.decoder.T.copy())
    given = torch.as_tensor(path).transpose(0, 1).contiguous()

    def step() -> tuple[Tensor, Tensor]:
        rnn.bias_hh_l0.grad = None
        rates, _ = rnn(given[:-1])
        loss = torch.nn.functional.mse_loss(rates @ decoder, given[1:])
        loss.backward()
        return loss.detach(), rnn.bias_hh_l0.grad

    return step


def _rnn(problem: Problem) -> torch.nn.RNN:
    """Return torch's own tanh network with our arrays, frozen but for ``bias_hh``."""
    rnn = torch.nn.RNN(problem.encoder.shape[1], problem.units, nonlinearity="tanh").requires_grad_(False)
    zero = np.zeros_like(problem.start)
    for name, value in zip(
        ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"),
        (problem.encoder, problem.recurrent, zero, problem.start),
        strict=True,
    ):
        getattr(rnn, name).copy_(torch.tensor(value))
    rnn.bias_hh_l0.requires_grad_(True)
    return rnn


def jax_step(problem: Problem, path: np.ndarray) -> Step:
    """Return the same by jit(value_and_grad) over lax.scan; the first call compiles."""
    import jax
    import jax.numpy as jnp

    both = jax.jit(jax.value_and_grad(jax_loss(problem.leak, 0)))
    given = jnp.asarray(problem.start), jax_frozen(problem), jnp.asarray(path)
    return lambda: jax.block_until_ready(both(*given))


def gemm_floor(problem: Problem, path: np.ndarray) -> Callable[[], None]:
    """Return a callable of the 2 T products (batch, N) by (N, N) alone, T there and T back, in the fastest layout."""
    steps = path.shape[1] - 1
    product = fastest(_products(torch.tensor(problem.recurrent), torch.randn(len(path), problem.units)))
    return lambda: repeat(product, 2 * steps)


def _products(w: Tensor, r: Tensor) -> list[Callable[[], object]]:
    """Return W r in each layout, written into preallocated outputs; GEMV for one row."""
    turned = w.T.contiguous()
    if len(r) == 1:
        return _vector_products(w, turned, r[0])
    columns, rows_out = r.T.contiguous(), torch.empty_like(r)
    columns_out = torch.empty_like(columns)
    return [
        lambda: torch.mm(r, w.T, out=rows_out),
        lambda: torch.mm(r, turned, out=rows_out),
        lambda: torch.mm(w, columns, out=columns_out),
        lambda: torch.mm(turned.T, columns, out=columns_out),
    ]


def _vector_products(w: Tensor, turned: Tensor, r: Tensor) -> list[Callable[[], object]]:
    """Return W r for one vector, by torch's BLAS and by numpy's."""
    out = torch.empty_like(r)
    w_, turned_, r_, out_ = (x.numpy() for x in (w, turned, r, out))
    return [
        lambda: torch.mv(w, r, out=out),
        lambda: torch.mv(turned.T, r, out=out),
        lambda: np.dot(w_, r_, out=out_),
        lambda: np.dot(turned_.T, r_, out=out_),
    ]


def fastest(calls: Iterable[Callable[[], object]]) -> Callable[[], object]:
    """Return the call whose best of 20 runs is shortest."""
    return min(calls, key=lambda call: best_of(call, 20))


def best_of(call: Callable[[], object], repeats: int) -> float:
    """Return the shortest of so many runs, in seconds, after one that is not counted."""
    call()
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        call()
        times.append(time.perf_counter() - began)
    return min(times)


def repeat(call: Callable[[], object], times: int) -> None:
    """Call so many times."""
    for _ in range(times):
        call()


def jax_simulate(net: tn.Network, bias: np.ndarray, trials: int, steps: int) -> Callable[[], Any]:
    """Return a callable running r <- (1 - a) r + a tanh((W + E D) r + b) in lax.scan, from small random rates.

    It returns the outputs D r (steps, trials, 3), as tn.simulate does; float32; the first call compiles.
    """
    import jax
    import jax.numpy as jnp

    leak, w, decoder = net.spec.dt / net.tau, jnp.asarray(closed(net)), jnp.asarray(net.decoder)

    @jax.jit
    def run(r: Any, w: Any, decoder: Any, bias: Any) -> Any:
        def step(r: Any, _: None) -> tuple[Any, Any]:
            r = (1 - leak) * r + leak * jnp.tanh(w @ r + bias)
            return r, decoder @ r

        return jax.lax.scan(step, r, length=steps)[1].reshape(steps, 3, trials).swapaxes(1, 2)

    shape = (net.units,) if trials == 1 else (net.units, trials)
    r = jnp.asarray(0.1 * np.random.default_rng(0).standard_normal(shape), jnp.float32)
    b = jnp.asarray(bias, jnp.float32)
    return lambda: jax.block_until_ready(run(r, w, decoder, b if trials == 1 else b[:, None]))


def closed(net: tn.Network) -> np.ndarray:
    """Return W + E D, the recurrence of the closed loop, as one float32 matrix."""
    encoder, decoder, w = net.tensors(torch.float32)
    if w is None:
        return (encoder @ decoder).numpy()
    return (w.to_dense() + net.spec.feedback * (encoder @ decoder)).numpy()


def gemm_simulate_floor(net: tn.Network, trials: int, steps: int) -> Callable[[], None]:
    """Return a callable of the products (N, N) by (N, trials) alone, in the fastest layout; GEMV for one trial.

    Torch's GEMV takes 1.3 to 1.8 times as long as numpy's, and below N = 256 both pay about a microsecond a call that a
    compiled loop does not: there this is the floor of a Python loop, and jax_simulate may pass under it.
    """
    product = fastest(_products(torch.tensor(closed(net)), torch.randn(trials, net.units)))
    return lambda: repeat(product, steps)
