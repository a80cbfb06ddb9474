"""Names as pictures write them: on one line, not too long, and nothing in them read as mathematics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import cache

from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath

_LONGEST = 36  # letters


def as_text(name: object, longest: int = _LONGEST) -> str:
    r"""Return a name as text that matplotlib draws as it stands.

    It reads what stands between dollar signs as mathematics, and leaves labels that begin with an underscore out of
    legends. Names come from files and may hold anything; what is too long loses its middle.

    >>> print(as_text("$\\input{x}$"), as_text("two\nlines"), as_text("a" * 30 + "b" * 30))
    \$\input{x}\$ two lines aaaaaaaaaaaaaaaaaa…bbbbbbbbbbbbbbbbb
    >>> as_text("_hidden").startswith("_")
    False
    """
    line = "".join(letter for letter in " ".join(str(name).split()) if letter.isprintable())
    if len(line) > longest:
        tail = (longest - 1) // 2
        line = line[: longest - 1 - tail] + "…" + line[len(line) - tail :]
    line = line.replace("$", r"\$")
    return f"\N{HAIR SPACE}{line}" if line.startswith("_") else line


def as_texts(names: Iterable[object]) -> list[str]:
    """Return several names as text, none of them empty and no two alike.

    >>> as_texts(["a" * 60, "a" * 50, "b"])[1:]
    ['aaaaaaaaaaaaaaaaaa…aaaaaaaaaaaaaaaaa (2)', 'b']
    """
    seen: Counter[str] = Counter()
    texts: list[str] = []
    for text in (as_text(name) or "(no name)" for name in names):
        seen[text] += 1
        texts.append(text if seen[text] == 1 else f"{text} ({seen[text]})")
    return texts


@cache
def width_of(text: str, size: float = 8.0) -> float:
    """Return how many inches wide a text is drawn, in points of the font that pictures have.

    >>> width_of(""), width_of("mmm") > 2 * width_of("iii") > 0
    (0.0, True)
    """
    if not text.strip():
        return 0.0
    return float(TextPath((0, 0), text, prop=FontProperties(size=size)).get_extents().width) / 72
