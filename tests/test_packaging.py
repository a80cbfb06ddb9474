"""What is shipped: wheel and sdist are built, and tried in an environment that has nothing else of tonicnet."""

from __future__ import annotations

import email
import os
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from importlib.metadata import version
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent
TABLES = tomllib.loads((ROOT / "pyproject.toml").read_text())
PROJECT = TABLES["project"]
REPOSITORY = TABLES["tool"]["hatch"]["metadata"]["hooks"]["custom"]["repository"]

needs_hatchling = pytest.mark.skipif(find_spec("hatchling") is None, reason="pip install 'tonicnet[dev]'")


def run(*command: str | Path, cwd: Path) -> str:
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | {"MPLBACKEND": "Agg"}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return done.stdout


def build(source: Path, kind: str, into: Path) -> Path:
    run(sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", into, cwd=source)
    (made,) = into.glob("*.whl" if kind == "wheel" else "*.tar.gz")
    return made


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(ROOT, "wheel", tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that an sdist holds."""
    place = tmp_path_factory.mktemp("sdist")
    with tarfile.open(build(ROOT, "sdist", place)) as packed:
        packed.extractall(place, filter="data")
    (folder,) = (path for path in place.iterdir() if path.is_dir())
    return folder


@pytest.fixture(scope="module")
def fresh(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment with the wheel; what it depends on is seen where it is installed already."""
    place = tmp_path_factory.mktemp("fresh")
    run(sys.executable, "-m", "venv", "--without-pip", place, cwd=place)
    (packages,) = place.glob("lib/python*/site-packages")
    (packages / "dependencies.pth").write_text(
        "\n".join(p for p in sys.path if p.endswith("site-packages")) + "\n"
    )  # their own .pth are not read
    install = [sys.executable, "-m", "pip", "--python", place / "bin" / "python", "install"]
    run(*install, "--quiet", "--no-deps", "--no-index", "--ignore-installed", wheel, cwd=place)
    return place / "bin"


@needs_hatchling
@pytest.mark.slow
def test_a_wheel_holds_what_is_needed_and_nothing_else(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for needed in (
        "tonicnet/py.typed", "tonicnet/_share/models/atlas-1000/bank.nc", "tonicnet/_share/tasks/lorenz.toml",
        "tonicnet/_share/studies/seeds.toml",
        "tonicnet/spiking/exported/tonic.h", "tonicnet/spiking/exported/LICENSE-Brian2.txt",
    ):  # fmt: skip
        assert needed in names, needed
    here = {p.relative_to(ROOT).as_posix() for p in (ROOT / "tonicnet").rglob("*") if p.is_file()}
    assert {name for name in here if "__pycache__" not in name} <= names
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.startswith("tonicnet-")} == {"tonicnet"}


@needs_hatchling
@pytest.mark.slow
def test_an_sdist_builds_the_same_wheel(wheel: Path, unpacked: Path, tmp_path: Path) -> None:
    again = build(unpacked, "wheel", tmp_path)
    assert sorted(zipfile.ZipFile(again).namelist()) == sorted(zipfile.ZipFile(wheel).namelist())
    for file in (
        "CHANGELOG.md",
        "CITATION.cff",
        "CONTRIBUTING.md",
        "docs/conf.py",
        "notebooks/01_first_attractor.ipynb",
    ):
        assert (unpacked / file).is_file(), file


@needs_hatchling
@pytest.mark.slow
def test_the_metadata_say_what_an_index_shows(wheel: Path) -> None:
    held = zipfile.ZipFile(wheel)
    (name,) = (n for n in held.namelist() if n.endswith(".dist-info/METADATA"))
    said = email.message_from_bytes(held.read(name))
    text = said.get_payload()
    assert said["Description-Content-Type"] == "text/markdown"
    assert said["License-Expression"] == "BSD-3-Clause"
    assert {line.split(",")[0] for line in said.get_all("Project-URL")} >= {"Repository", "Documentation", "Changelog"}
    assert re.findall(r"!\[", text)
    assert [link for link in re.findall(r"\]\(([^)]+)\)", text) if not link.startswith("https://")] == []
    assert "<!--" not in text


@needs_hatchling
@pytest.mark.slow
def test_the_wheel_works_in_a_fresh_environment(fresh: Path, tmp_path: Path) -> None:
    code = (
        "import tonicnet as tn; net, bank = tn.load_network('atlas-1000'), tn.load_bank('atlas-1000'); "
        "tn.simulate(net, bank, task='lorenz', duration=1.0); print(tn.__file__, bank.sizes['task'], len(tn.tasks()))"
    )
    place, tasks, shelf = run(fresh / "python", "-c", code, cwd=tmp_path).split()
    assert str(fresh.parent) in place
    assert int(tasks) == int(shelf) == 11
    told = run(
        fresh / "tonicnet", "demo", "out", "--units", "60", "--seconds", "0.5", "--tasks", "hopf,cosine",
        "--steps", "4", "--neurons-per-unit", "1", "--codegen", "numpy", cwd=tmp_path,
    )  # fmt: skip
    assert "hopf" in told
    for file in ("bank.nc", "rate.nc", "spikes.nc", "comparison.png", "brian2_script.py"):
        assert (tmp_path / "out" / file).stat().st_size > 0


@needs_hatchling
@pytest.mark.slow
def test_a_notebook_runs_on_the_wheel(fresh: Path, unpacked: Path, tmp_path: Path) -> None:
    """Notebook 02 of the sdist, in its small size; what it needs beside tonicnet is installed with it."""
    import jupytext

    cells = [c for c in jupytext.read(unpacked / "notebooks" / "02_switch_tasks.py").cells if c.cell_type == "code"]
    sources = [c.metadata["small"] if "parameters" in c.metadata.get("tags", []) else c.source for c in cells]
    (tmp_path / "notebook.py").write_text("\n".join(sources))
    assert "sd of the output" in run(fresh / "python", "notebook.py", cwd=tmp_path)


def module(name: str) -> ModuleType:
    spec = spec_from_file_location(name, ROOT / f"{name}.py")
    assert spec
    assert spec.loader
    made = module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


@needs_hatchling
def test_links_of_the_readme_become_absolute() -> None:
    text = "<!-- table x -->\n![a](docs/a.gif) [b](docs/b.md) [c](https://c.org) [d](#d)"
    assert module("hatch_build").absolute(text, "https://host/it") == (
        "![a](https://host/it/raw/main/docs/a.gif) [b](https://host/it/blob/main/docs/b.md) [c](https://c.org) [d](#d)"
    )


def test_one_version_everywhere() -> None:
    version = PROJECT["version"]
    assert re.search(rf"^version: {re.escape(version)}$", (ROOT / "CITATION.cff").read_text(), re.M)
    assert re.search(rf"^## {re.escape(version)}$", (ROOT / "CHANGELOG.md").read_text(), re.M)


@needs_hatchling
def test_the_address_of_the_repository_is_written_once() -> None:
    urls = module("hatch_build").urls(REPOSITORY)
    assert {"Repository", "Documentation", "Changelog", "Issues"} == set(urls)
    assert all(url.startswith(REPOSITORY) for url in urls.values())
    kept = ["*.py", "*.toml", "*.md", "*.cff", "*.ipynb", "Makefile"]
    texts = {path: path.read_text() for pattern in kept for path in ROOT.glob(f"[!.]*/**/{pattern}")}
    texts |= {path: path.read_text() for pattern in kept for path in ROOT.glob(pattern)}
    built = {path for path in texts if {"_build", "site-packages", "node_modules"} & {*path.parts}}
    address = re.escape(REPOSITORY.split("//")[1])
    named = {path.name: len(re.findall(address, text)) for path, text in texts.items() if path not in built}
    assert {name: count for name, count in named.items() if count} == {"pyproject.toml": 1}


def test_a_release_sets_the_address_first() -> None:
    assert re.search(r"set `repository`.*pyproject\.toml", (ROOT / "CONTRIBUTING.md").read_text().replace("\n", " "))


def test_the_tested_set_pins_everything_that_is_asked_for() -> None:
    pinned = {line.split("==")[0].lower().replace("_", "-") for line in _lines("constraints.txt") if "==" in line}
    extras = PROJECT["optional-dependencies"]
    asked = [
        *PROJECT["dependencies"],
        *(
            line
            for name in ("dev", "nir", "notebooks", "report", "explore", "docs", "images", "sweep")
            for line in extras[name]
        ),
    ]
    names = {re.split(r"[\[><=;]", line)[0].lower().replace("_", "-") for line in asked} - {"tonicnet"}
    assert names - pinned == set()


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="the hashes are those of what Python 3.11 needs")
def test_hashes_are_those_of_the_tested_set_and_of_all_that_running_needs() -> None:
    lock = module("lock")
    text = (ROOT / "requirements-hashes.txt").read_text()
    held = dict(re.findall(r"^([\w.-]+)==([^ ;]+)", text, re.M))
    pins = lock.pinned()
    needed = lock.needed("tonicnet") - {"torch", "tonicnet"}
    if any(version(name) != pins.get(name) for name in needed):
        pytest.skip("the hashes are those of the tested set, and other versions are installed")
    assert {lock._plain(name): version for name, version in held.items()} == {name: pins[name] for name in needed}
    assert "torch" not in held
    for entry in re.split(r"\n(?=\w)", text)[1:]:
        assert re.findall(r"--hash=sha256:[0-9a-f]{64}\b", entry), entry


def _lines(name: str) -> list[str]:
    return [line for line in (ROOT / name).read_text().splitlines() if not line.startswith("#")]


def test_the_folder_of_a_cpp_program_carries_the_licence_of_brian2(tmp_path: Path) -> None:
    import numpy as np

    import tonicnet as tn

    folder = tn.spiking.write_cpp(tmp_path / "cpp", tn.Network(units=20, seed=0), np.ones(20), duration=0.1)
    licence = (folder / "LICENSE-Brian2.txt").read_text(encoding="utf-8")
    assert "CeCILL FREE SOFTWARE LICENSE AGREEMENT" in licence
    assert "LICENSE-Brian2.txt" in (folder / "README.md").read_text(encoding="utf-8")
    assert "BSD-3-Clause" in (folder / "tonic.h").read_text()


def test_the_licence_of_brian2_is_that_of_the_one_installed() -> None:
    from importlib.metadata import files

    (installed,) = (f for f in files("brian2") or () if f.name == "LICENSE")
    held = ROOT / "tonicnet" / "spiking" / "exported" / "LICENSE-Brian2.txt"
    assert held.read_text(encoding="utf-8") == installed.read_text(encoding="utf-8")


def test_dir_shows_public_names_only() -> None:
    """Also after all rooms were imported, which binds them to the package."""
    import tonicnet as tn

    for room in ("bank", "learn", "network", "report"):
        __import__(f"tonicnet.{room}")
    shown = dir(tn)
    assert "Network" in shown
    assert not {"bank", "learn", "network", "os", "open_door"} & set(shown)
    assert [name for name in shown if name.startswith("_")] == ["__version__"]
    assert (ROOT / "tonicnet" / "py.typed").is_file()
