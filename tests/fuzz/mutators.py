"""Ways to damage bytes, all drawn from one generator: the same seed gives the same file."""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable

import numpy as np

CANARY = "TONICNET_FUZZ_CANARY"  # environment variable: a file that only executed payloads write


class _Payload:
    """What unpickling or evaluating would execute."""

    def __reduce__(self) -> tuple[Callable, tuple]:
        return eval, (f"open(__import__('os').environ['{CANARY}'], 'w').close()",)


PAYLOADS = (
    pickle.dumps(_Payload()),
    f"__import__('os').system('touch ${CANARY}')".encode(),
    b"\x1b[2J\x00\xff\xfe",
    "\ud800".encode("utf-8", "surrogatepass"),
    b"nan", b"inf", b"-1", b"1e999", b"9" * 400, b"[" * 3000, b'{"a":' * 3000, b"a." * 3000, b"\xef\xbb\xbf",
)  # fmt: skip
ODD = (
    b"nan", b"-inf", b"1e999", b"-0", b"1e-320", b"0x10", b"1_000", b"true", b"null", b'""', b"[]", b"{}", b"9" * 400,
    b"1000000000", b"99999999999999999999", b"0.0", b"-1", "\u0001\u202e\u00e9".encode(),
)  # fmt: skip
_NUMBERS = (0, 1, 2**31 - 1, 2**32 - 1, 2**63 - 1, 2**64 - 1, 200_000_000)

Mutator = Callable[[bytearray, np.random.Generator], bytes]


def mutated(content: bytes, seed: int, *, text: bool = False) -> bytes:
    """Return a file with one to three damages; a text stays a text in most of its seeds."""
    rng = np.random.default_rng(seed)
    ways = TEXT if text and rng.integers(8) else MUTATORS
    for _ in range(rng.integers(1, 4)):
        content = ways[rng.integers(len(ways))](bytearray(content or b"\0"), rng)
    return content


def _span(content: bytearray, rng: np.random.Generator, longest: int = 256) -> slice:
    at = int(rng.integers(len(content)))
    return slice(at, min(at + int(rng.integers(1, longest)), len(content)))


def bit(content: bytearray, rng: np.random.Generator) -> bytes:
    """Turn a bit over."""
    content[rng.integers(len(content))] ^= 1 << int(rng.integers(8))
    return bytes(content)


def byte(content: bytearray, rng: np.random.Generator) -> bytes:
    """Set a byte."""
    content[rng.integers(len(content))] = int(rng.integers(256))
    return bytes(content)


def zeros(content: bytearray, rng: np.random.Generator) -> bytes:
    """Zero 16 bytes, as a lost block does to a heap of HDF5."""
    at = int(rng.integers(len(content)))
    return bytes(content[:at] + bytes(min(16, len(content) - at)) + content[at + 16 :])


def noise(content: bytearray, rng: np.random.Generator) -> bytes:
    """Overwrite a stretch with noise."""
    span = _span(content, rng)
    content[span] = rng.bytes(span.stop - span.start)
    return bytes(content)


def number(content: bytearray, rng: np.random.Generator) -> bytes:
    """Write a number at the edge of its kind, where lengths and addresses may stand."""
    at, width = int(rng.integers(len(content))) // 4 * 4, int(rng.choice([4, 8]))
    value = _NUMBERS[rng.integers(len(_NUMBERS))] % 2 ** (8 * width)
    return bytes(content[:at] + value.to_bytes(width, "little") + content[at + width :])


def cut(content: bytearray, rng: np.random.Generator) -> bytes:
    """Cut the end off."""
    return bytes(content[: rng.integers(len(content))])


def grown(content: bytearray, rng: np.random.Generator) -> bytes:
    """Append something."""
    return bytes(content) + rng.bytes(int(rng.integers(1, 100)))


def without(content: bytearray, rng: np.random.Generator) -> bytes:
    """Take a stretch out."""
    del content[_span(content, rng)]
    return bytes(content)


def repeated(content: bytearray, rng: np.random.Generator) -> bytes:
    """Repeat a stretch."""
    span = _span(content, rng)
    return bytes(content[: span.stop] + content[span] + content[span.stop :])


def swapped(content: bytearray, rng: np.random.Generator) -> bytes:
    """Exchange two stretches of one length."""
    one, other = _span(content, rng, 64), _span(content, rng, 64)
    length = min(one.stop - one.start, other.stop - other.start)
    a, b = slice(one.start, one.start + length), slice(other.start, other.start + length)
    content[a], content[b] = content[b], content[a]
    return bytes(content)


def payload(content: bytearray, rng: np.random.Generator) -> bytes:
    """Put in what a careless reader would execute, or trips over."""
    at, what = int(rng.integers(len(content))), PAYLOADS[rng.integers(len(PAYLOADS))]
    behind = at + len(what) if rng.integers(2) else at
    return bytes(content[:at]) + what + bytes(content[behind:])


def lines(content: bytearray, rng: np.random.Generator) -> bytes:
    """Exchange, repeat or drop a line, where there are lines."""
    parts = bytes(content).split(b"\n")
    i, j = rng.integers(len(parts), size=2)
    parts[i] = (parts[j], b"", parts[i] + b"\n" + parts[i])[rng.integers(3)]
    return b"\n".join(parts)


def digit(content: bytearray, rng: np.random.Generator) -> bytes:
    """Write another digit, a sign or a point over one."""
    digits = [at for at, one in enumerate(content) if one in b"0123456789"] or [0]
    content[digits[rng.integers(len(digits))]] = b"0123456789-.e"[rng.integers(13)]
    return bytes(content)


def word(content: bytearray, rng: np.random.Generator) -> bytes:
    """Write another word or number of the same text, or an odd one, over one."""
    words = list(re.finditer(rb"[\w.+-]+", bytes(content))) or [re.compile(b"").match(b"")]
    one, other = words[rng.integers(len(words))], words[rng.integers(len(words))]
    new = (other.group(), *ODD)[rng.integers(1 + len(ODD))]
    return bytes(content[: one.start()]) + new + bytes(content[one.end() :])


def character(content: bytearray, rng: np.random.Generator) -> bytes:
    """Put in a character that has a meaning in texts."""
    at, marks = int(rng.integers(len(content))), b"[]{}()\"',:;=#.\n\t\\%-"
    return bytes(content[:at]) + bytes([marks[rng.integers(len(marks))]]) + bytes(content[at:])


MUTATORS: tuple[Mutator, ...] = (
    bit, byte, zeros, noise, number, cut, grown, without, repeated, swapped, payload, lines,
)  # fmt: skip
TEXT: tuple[Mutator, ...] = (digit, digit, word, word, character, lines, without, repeated)
