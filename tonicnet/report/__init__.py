"""A bank as one self-contained page of interactive figures."""

from ._report import report as report
