"""Sources that texts name: DOIs and arXiv numbers are well formed, and `make links` asks every address."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
KINDS = (".py", ".md", ".toml", ".cff", ".cpp", ".h")
FOLDERS = ("tonicnet", "docs", "tasks", "benchmarks", "notebooks")
MADE = ("_build", "docs/notebooks", "docs/reference", "node_modules")
TEXTS = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in [*ROOT.glob("*.md"), *ROOT.glob("*.cff"), *(p for f in FOLDERS for p in (ROOT / f).rglob("*"))]
    if path.suffix in KINDS and path.name != "docstrings.py" and not any(part in path.as_posix() for part in MADE)
}
# the grammars that Crossref advises, the second of old journals; arXiv's identifiers before and after 2007 and 2015
SICI = r"10\.\d{4}/[\d-]+X?\(\d+\)\d+<[\dA-Z]+:[\dA-Z]*>\d+\.\d+\.\w+;\d"
DOI = re.compile(rf"10\.\d{{4,9}}/[-._;()/:A-Za-z0-9]+|{SICI}")
OLD, NEW = (
    re.compile(r"[a-z-]+(\.[A-Z]{2})?/\d{2}(0[1-9]|1[0-2])\d{3}"),
    re.compile(r"(\d{2})(0[1-9]|1[0-2])\.(\d{4,5})"),
)


def dois() -> set[tuple[str, str]]:
    """All that is announced as a DOI, by file: what follows, up to what closes it in a text."""
    found = set()
    for name, text in TEXTS.items():
        for match in re.finditer(r"(?:\bdoi: ?|doi\.org/)(\S+)", text, re.IGNORECASE):
            word = match[1] if (old := re.match(SICI, match[1])) is None else old[0]
            word = word if old else re.split(r"[\]\"'`,;>]", word)[0]
            while word.endswith(".") or (word.endswith(")") and word.count(")") > word.count("(")):
                word = word[:-1]
            found.add((name, word))
    return found


def numbers() -> set[tuple[str, str]]:
    """All that is announced as an arXiv number, by file."""
    marks = re.compile(
        r"(?:arxiv\.org/(?:abs|pdf)/|10\.48550/arXiv\.|\barXiv[ :]\s?)([\w-]+[./][\w.]*\w)", re.IGNORECASE
    )
    return {(name, match[1]) for name, text in TEXTS.items() for match in marks.finditer(text)}


def is_number(word: str) -> bool:
    new = NEW.fullmatch(word)
    return bool(OLD.fullmatch(word)) or bool(new and (len(new[3]) == 5) == (int(new[1]) >= 15))


def test_every_doi_is_well_formed() -> None:
    found = dois()
    assert len({doi for _, doi in found}) > 40
    assert [
        pair for pair in sorted(found) if not DOI.fullmatch(pair[1]) or pair[1].count("(") != pair[1].count(")")
    ] == []


def test_every_number_of_arxiv_is_well_formed() -> None:
    found = numbers()
    assert len({number for _, number in found}) >= 10
    assert [pair for pair in sorted(found) if not is_number(pair[1])] == []


@pytest.mark.parametrize("text", ["arXiv", "doi"])
def test_what_is_announced_is_there(text: str) -> None:
    """No source is announced without its number: `arXiv 24.07`, `doi:` at the end of a line."""
    told = re.compile(
        r"\bdoi:(?! ?10\.\d{4,9}/)" if text == "doi" else r"\barXiv[ :.](?! ?\d{4}\.\d{4}| ?[a-z-]+/\d{7})"
    )
    assert [(name, m[0]) for name, body in TEXTS.items() for m in told.finditer(body) if name != "CITATION.cff"] == []


def test_wrong_ones_are_found() -> None:
    assert [is_number(word) for word in ("2407.00957", "1412.6980", "math-ph/0609050")] == [True] * 3
    assert [is_number(word) for word in ("2407.0957", "1413.6980", "1412.69801", "math/1")] == [False] * 4
    assert not DOI.fullmatch("10.1103/PhysRev 81")
    assert not DOI.fullmatch("10.11/x")


def test_every_address_of_the_readme_is_one_that_make_links_asks() -> None:
    """`make links` asks what the pages of docs/ link to."""
    links = re.compile(r"\]\((https?://[^)\s]+)\)|<(https?://[^>\s]+)>")
    asked = {a or b for name, text in TEXTS.items() if name.startswith("docs/") for a, b in links.findall(text)}
    asked |= {a or b for name in ("CHANGELOG.md", "CONTRIBUTING.md") for a, b in links.findall(TEXTS[name])}
    assert len(asked) > 8
    assert {a or b for a, b in links.findall(TEXTS["README.md"])} <= asked
    every = {(name, url) for name, text in TEXTS.items() for url in re.findall(r"http://[^\s)>\"'`]+", text)}
    assert {name for name, url in every if "www.w3.org/" not in url} == set()
