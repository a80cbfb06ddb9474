"""Numbers from outside: those of numpy count, bool, text and arrays of several do not."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from tonicnet._numbers import fraction, is_whole, positive, real, seconds, whole

NOT_NUMBERS = [None, "1", b"1", True, np.True_, [1, 2], np.ones(2), {}, 1j, math.nan]


@pytest.mark.parametrize("number", [3, np.int8(3), np.uint64(3)])
def test_whole_numbers(number: object) -> None:
    assert whole("units", number) == 3
    assert type(whole("units", number)) is int
    assert is_whole(number, 3)
    assert not is_whole(number, 4)


@pytest.mark.parametrize("number", [*NOT_NUMBERS, 3.0, np.float64(3.0), 0, -1, math.inf])
def test_what_is_no_whole_number(number: object) -> None:
    with pytest.raises(ValueError, match=r"^units must be a whole number of at least 1, got "):
        whole("units", number)


@pytest.mark.parametrize("number", [0.5, np.float32(0.5), np.array(0.5), np.array([0.5])[0], Fraction(1, 2)])
def test_real_numbers(number: object) -> None:
    for check in (positive, seconds, fraction):
        assert check("tau", number) == 0.5
        assert type(check("tau", number)) is float


@pytest.mark.parametrize("number", NOT_NUMBERS)
def test_what_is_no_number_is_refused_by_every_check(number: object) -> None:
    assert math.isnan(real(number))
    for check, words in ((positive, "positive number"), (seconds, "zero or a positive"), (fraction, r"\(0, 1\]")):
        with pytest.raises(ValueError, match=f"^tau must .*{words}"):
            check("tau", number)


@pytest.mark.parametrize(
    ("check", "inside", "outside"),
    [
        (positive, (1e-300, 1e300), (0.0, -1e-300, math.inf)),
        (seconds, (0.0, 1e300), (-1e-300, math.inf, 10**400)),
        (fraction, (1e-300, 1.0), (0.0, np.nextafter(1.0, 2.0), -0.1)),
    ],
)
def test_where_the_limits_are(check: object, inside: tuple[float, ...], outside: tuple[float, ...]) -> None:
    assert [check("x", number) for number in inside] == list(inside)
    for number in outside:
        with pytest.raises(ValueError, match=r"^x must"):
            check("x", number)
