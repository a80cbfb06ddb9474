"""A C++ program of a spiking network: built once for its shape, run with any numbers."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .._labels import package_version
from . import _equations as eqs
from ._cpp_inputs import STARTS
from ._lif_network import LIFNetwork
from ._to_brian2 import link, quantities, synaptic_filters

# Flags with folders of this machine's Python, of which the program needs nothing.
_FOREIGN = re.compile(r'(-I|-L|-Wl,\S*-rpath,)"[^"]*" ?|-Wl,--enable-new-dtags(?=\s) ?')
HEADER = Path(__file__).with_name("tonic.h")


@dataclass(frozen=True)
class Shape:
    """Everything the C++ code depends on; two networks of one shape share a build.

    Biases, schedules, synapses, starting states and seeds are not in it: the program reads them when it starts.
    """

    units: int
    components: int
    neurons_per_unit: int
    form: str
    latent: bool
    matrix: bool
    noisy: bool
    reset_rule: str
    late: int
    refractory: float
    dt: float
    sampling: float
    v_th: float
    E_L: float
    constants: tuple[tuple[str, float], ...]

    @classmethod
    def of(cls, model: LIFNetwork, form: str, sampling: float) -> Shape:
        """Return the shape of a model in one form, its output sampled at steps of ``sampling`` seconds."""
        lif = model.lif
        return cls(
            model.net.units, model.net.components, model.neurons_per_unit, form, model.latent_input, model.matrix,
            lif.noise > 0, lif.reset_rule, model.late, lif.refractory, lif.dt, sampling, lif.threshold, lif.reset,
            tuple(sorted(model.constants().items())),
        )  # fmt: skip

    @property
    def neurons(self) -> int:
        """How many neurons there are."""
        return self.units * self.neurons_per_unit

    @property
    def rising(self) -> bool:
        """Whether synapses have a rise time."""
        return "tau_r" in dict(self.constants)

    @property
    def key(self) -> str:
        """The content hash of the build: the shape, this package, Brian2 and the processor it is compiled for."""
        import brian2 as b2

        of = [
            asdict(self),
            package_version(),
            b2.__version__,
            HEADER.read_text(),
            _PROGRAM,
            _GO_ON,
            _processor(),
            flags(),
        ]
        return hashlib.sha256(json.dumps(of).encode()).hexdigest()[:24]


def program(shape: Shape, cache: str | os.PathLike[str] | None) -> Path:
    """Return the folder of a compiled program of this shape, from the cache of builds or made now."""
    folder = cache_folder(cache) / shape.key
    if (folder / "main").is_file():
        return folder
    check_compiler()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".build-"))
    except OSError as error:
        raise PermissionError(
            f"cannot keep builds in {folder.parent} ({error.strerror}); choose another folder with cache="
        ) from error
    try:
        write_sources(shape, fresh)
        compile_sources(fresh)
        with contextlib.suppress(OSError):  # another process has finished the same build first
            fresh.replace(folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return folder


def cache_folder(given: str | os.PathLike[str] | None) -> Path:
    """Return where builds are kept: the folder given, else tonicnet's own in the user's cache."""
    if given is not None:
        return Path(given).expanduser().absolute()
    if platform.system() == "Darwin":
        return Path.home() / "Library" / "Caches" / "tonicnet"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tonicnet"


def check_compiler() -> None:
    """Raise RuntimeError if there is no make or no C++ compiler."""
    compiler = os.environ.get("CXX", "g++").split()[0]
    for tool in ("make", compiler):
        if shutil.which(tool) is None:
            raise RuntimeError(
                f'codegen="standalone" needs make and a C++ compiler and found no {tool!r}; install them (Debian: '
                'apt install build-essential), name yours in CXX, or use codegen="auto", which needs neither'
            )


def compile_sources(folder: Path) -> None:
    """Run make in the folder of a program."""
    done = subprocess.run(["make", "-j"], cwd=folder, capture_output=True, text=True)
    if done.returncode:
        lines = [line for line in (done.stdout + done.stderr).splitlines() if "error" in line.lower()]
        raise RuntimeError(
            f"the C++ program did not compile ({'; '.join(lines[:2]) or 'make said no more'}); check the compiler "
            'with "c++ --version", or use codegen="auto"'
        )


def write_sources(shape: Shape, folder: Path) -> None:
    """Write the C++ sources of a program, with Brian2's makefile, into a folder."""
    with _standalone(folder) as device:
        device.headers.append(f'"{HEADER.name}"')
        _declare(shape, device)
        device.build(directory=str(folder), compile=False, run=False, with_output=False)
    shutil.copyfile(HEADER, folder / HEADER.name)
    makefile = folder / "makefile"
    makefile.write_text(_FOREIGN.sub("", makefile.read_text()))


def flags() -> list[str]:
    """Return the compiler flags Brian2 would use."""
    import brian2 as b2

    return list(b2.prefs["codegen.cpp.extra_compile_args_gcc"])


@contextlib.contextmanager
def _standalone(folder: Path) -> Iterator[Any]:
    """Have Brian2 write C++ into a folder; its device and numpy's random state are put back after."""
    import brian2 as b2
    from brian2.devices.device import reset_device, runtime_device

    if b2.get_device() is not runtime_device:
        raise RuntimeError(
            "Brian2 is set to another device; finish there, call brian2.device.reinit() and "
            'brian2.set_device("runtime"), and then simulate'
        )
    b2.set_device("cpp_standalone", directory=str(folder), build_on_run=False)
    try:
        yield b2.get_device()
    finally:
        b2.get_device().reinit()
        reset_device()


_PROGRAM = """
tonic::fill({v}, {neurons}, "potential.f64");
{fills}
tonic::Schedule schedule({tonic}, {moved}, {neurons});
while (schedule.next({z}, {components}) && !Network::_globally_stopped) {{
"""
# Brian2's code for a run begins at time zero: every run but the first begins where the one before it ended.
_GO_ON = "{timestep}[0] = schedule.begun() * {steps};\n{t}[0] = network.t = {timestep}[0] * {dt!r};"


def _declare(shape: Shape, device: Any) -> None:
    """Make the Brian2 objects, and the loop over samples around their run."""
    import brian2 as b2

    clock = b2.Clock(dt=shape.dt * b2.second, name="steps")
    groups = synaptic_filters(
        shape.components, shape.neurons if shape.matrix else 0, dict(shape.constants), clock
    )  # fmt: skip
    groups |= {"neurons": _neurons(shape, groups, clock)}
    name = _namer(device, groups)
    courier = b2.NeuronGroup(1, "sent : 1", clock=clock, name="courier", namespace={"deliver": _deliver(shape, name)})
    courier.run_regularly("sent = deliver(t_in_timesteps)", when="synapses", clock=clock)
    device.insert_code("main", _program(shape, name))
    device.insert_code("before_network_run", _go_on(shape, device, clock))
    device.apply_run_args()
    network = b2.Network(*groups.values(), courier, name="network")
    network.run(shape.sampling * b2.second, namespace={})
    device.insert_code("main", "}\ntonic::finish(brian::results_dir);")


def _neurons(shape: Shape, filters: dict[str, Any], clock: Any) -> Any:
    import brian2 as b2

    shared = {"v_th": shape.v_th * b2.volt, "E_L": shape.E_L * b2.volt}
    shared.pop(eqs.FORMS[shape.form], None)
    text = eqs.neuron(
        shape.form, shape.components, noise=shape.noisy, latent=shape.latent, recurrent=shape.matrix
    )  # fmt: skip
    group = b2.NeuronGroup(
        shape.neurons, text, method="euler", threshold=eqs.THRESHOLD, reset=eqs.RESETS[shape.reset_rule],
        refractory=shape.refractory * b2.second, clock=clock, name="neurons",
        namespace=quantities(dict(shape.constants)) | shared,
    )  # fmt: skip
    link(group, filters, latent=shape.latent)
    return group


def _namer(device: Any, groups: dict[str, Any]) -> Callable[[str], str]:
    """Return the C++ name of a variable of the neurons, of the latents' z and z_in or of the currents' I and I_in."""
    owners = {"z": "latents", "z_in": "latents", "I": "currents", "I_in": "currents"}

    def name(variable: str) -> str:
        group = groups[owners.get(variable, "neurons")]
        return f"brian::{device.get_array_name(group.variables[variable])}"

    return name


def _go_on(shape: Shape, device: Any, clock: Any) -> str:
    timestep, t = (f"brian::{device.get_array_name(clock.variables[n])}" for n in ("timestep", "t"))
    return _GO_ON.format(timestep=timestep, t=t, steps=round(shape.sampling / shape.dt), dt=shape.dt)


def _program(shape: Shape, name: Callable[[str], str]) -> str:
    fills = [f'tonic::fill({name(f"e_{c}")}, {shape.neurons}, "encoder_{c}.f64");' for c in _latents(shape)]
    if shape.noisy:
        fills.append(f'tonic::fill({name("noise_seed")}, 1, "seed.i32");')
    sizes = {"z": shape.components} | ({"I": shape.neurons} if shape.matrix else {})
    for read, size in sizes.items():
        for variable in dict.fromkeys((read, eqs.entered(read, shape.rising))):
            fills.append(f'tonic::fill({name(variable)}, {size}, "{STARTS[variable]}.f64");')
    return _PROGRAM.format(
        v=name("v"), z=name("z"), tonic=name(eqs.FORMS[shape.form]), neurons=shape.neurons,
        moved=name("v") if shape.form == "threshold" else "nullptr", components=shape.components,
        fills="\n".join(fills),
    )  # fmt: skip


def _latents(shape: Shape) -> range:
    return range(shape.components if shape.latent else 0)


def _deliver(shape: Shape, name: Callable[[str], str]) -> Any:
    """Return a Brian2 function that hands the spikes of a step to the synapses."""
    import brian2 as b2

    latents, current = (
        name(eqs.entered(read, shape.rising)) if there else "nullptr"
        for read, there in (("z", True), ("I", shape.matrix))
    )
    spikes = name("_spikespace")
    code = (
        "static inline double deliver(int64_t step) {\n"
        f"    tonic::deliver(step, {spikes}, {spikes}[{shape.neurons}], {latents}, {shape.components}, {current},\n"
        f"                   {shape.units}, {shape.neurons_per_unit}, {shape.late});\n"
        "    return 0;\n}\n"
    )
    made = b2.Function(
        lambda _: 0.0, arg_types=["integer"], return_type="float", arg_units=[1], return_unit=1, stateless=False
    )
    made.implementations.add_implementation("cpp", code, name="deliver")
    return made


def _processor() -> str:
    """Return what decides which instructions a build may use."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith(("flags", "Features")):
                return line
    return f"{platform.machine()} {platform.processor()}"
