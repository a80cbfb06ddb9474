"""Products by the library that multiplies faster: as exact, and nothing of it is left behind."""

from __future__ import annotations

import importlib

import pytest
import torch

from tonicnet.network import fast_products
from tonicnet.solve import add_gram, mirrored

precision = importlib.import_module("tonicnet.network._precision")


@pytest.fixture(params=[False, True])
def by_onednn(request, monkeypatch):
    """Products by either library, whatever this processor is faster with."""
    monkeypatch.setattr(precision, "_fast_onednn", lambda: request.param)
    return request.param


def test_what_torch_multiplies_by_is_as_before_after_the_block_and_after_an_error(by_onednn):
    before = torch.backends.mkldnn.matmul.fp32_precision
    with fast_products():
        assert (torch.backends.mkldnn.matmul.fp32_precision == "bf16") == by_onednn
    assert torch.backends.mkldnn.matmul.fp32_precision == before
    with pytest.raises(ValueError, match="as meant"), fast_products():
        raise ValueError("as meant")
    assert torch.backends.mkldnn.matmul.fp32_precision == before


def test_a_block_that_is_off_changes_nothing(by_onednn):
    del by_onednn
    before = torch.backends.mkldnn.matmul.fp32_precision
    with fast_products(False):
        assert torch.backends.mkldnn.matmul.fp32_precision == before


def test_the_faster_library_is_taken_only_where_it_rounds_no_more():
    matrix = torch.randn(200, 200, generator=torch.Generator().manual_seed(0))
    exact = matrix.double() @ matrix.double()
    with fast_products():
        made = matrix @ matrix
    assert (made.double() - exact).norm() < 1e-5 * exact.norm()


@pytest.mark.parametrize("rows", [3, 700])
def test_float32_rows_give_their_gram_matrix_by_either_library(rows, by_onednn):
    jacobian = torch.randn(rows, 300, generator=torch.Generator().manual_seed(1))
    found = torch.zeros(300, 300)
    add_gram(found, jacobian)
    add_gram(found, jacobian)
    wanted = 2 * jacobian.double().T @ jacobian.double()
    off = (mirrored(found).double() - wanted).norm() / wanted.norm()
    assert off < (1e-2 if by_onednn else 1e-6)  # oneDNN may round inputs on processors where it is not taken
