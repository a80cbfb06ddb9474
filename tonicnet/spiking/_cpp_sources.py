"""The C++ of a spiking network: what Brian2 writes, and calls of ``exported/tonic.h`` for samples and synapses."""

from __future__ import annotations

import contextlib
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import _equations as eqs
from ._codegen import check_brian2
from ._cpp_inputs import STARTS
from ._external import External, external_groups, noise_kept
from ._lif_network import LIFNetwork
from ._to_brian2 import link, quantities, synaptic_filters

# Flags with folders of this machine's Python, of which the program needs nothing.
_FOREIGN = re.compile(r'(-I|-L|-Wl,\S*-rpath,)"[^"]*" ?|-Wl,--enable-new-dtags(?=\s) ?')
HEADER = Path(__file__).with_name("exported") / "tonic.h"
LICENCE = HEADER.with_name("LICENSE-Brian2.txt")  # CeCILL 2.1 asks for it beside every copy of Brian2's code


@dataclass(frozen=True)
class Shape:
    """Everything the C++ code depends on; two networks of one shape share a build.

    ``driven`` and ``fluctuating`` say whether there are inputs and input noise. Biases, schedules, synapses, inputs,
    sizes of noise, starts and seeds are not in it: the program reads them when it starts.
    """

    units: int
    components: int
    neurons_per_unit: int
    form: str
    latent: bool
    matrix: bool
    noisy: bool
    driven: bool
    fluctuating: bool
    reset_rule: str
    late: int
    refractory: float
    dt: float
    sampling: float
    v_th: float
    E_L: float
    constants: tuple[tuple[str, float], ...]

    @classmethod
    def of(cls, model: LIFNetwork, form: str, sampling: float, external: External) -> Shape:
        """Return the shape of a model in one form, its output sampled at steps of ``sampling`` seconds."""
        lif = model.lif
        return cls(
            model.net.units, model.net.components, model.neurons_per_unit, form, model.latent_input, model.matrix,
            lif.noise > 0, external.driven, external.fluctuating, lif.reset_rule, model.late, lif.refractory, lif.dt,
            sampling, lif.threshold, lif.reset, tuple(sorted(model.constants().items())),
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
    def sharp(self) -> bool:
        """Whether spikes begin by a current."""
        return "Delta_T" in dict(self.constants)

    @property
    def adapting(self) -> bool:
        """Whether neurons adapt."""
        return "tau_a" in dict(self.constants)


def write_sources(shape: Shape, folder: Path) -> None:
    """Write the C++ sources of a program, with Brian2's makefile and licence, into a folder."""
    with _standalone(folder) as device:
        device.headers.append(f'"{HEADER.name}"')
        _declare(shape, device)
        device.build(directory=str(folder), compile=False, run=False, with_output=False)
    for file in (HEADER, LICENCE):
        shutil.copyfile(file, folder / file.name)
    makefile = folder / "makefile"
    makefile.write_text(_FOREIGN.sub("", makefile.read_text()))


@contextlib.contextmanager
def _standalone(folder: Path) -> Iterator[Any]:
    """Have Brian2 write C++ into a folder; its device and numpy's random state are put back after."""
    import brian2 as b2
    from brian2.devices.device import reset_device

    check_brian2()
    b2.set_device("cpp_standalone", directory=str(folder), build_on_run=False)
    try:
        yield b2.get_device()
    finally:
        b2.get_device().reinit()
        reset_device()


def _declare(shape: Shape, device: Any) -> None:
    """Declare the Brian2 objects, and the loop over samples around their run."""
    import brian2 as b2

    clock = b2.Clock(dt=shape.dt * b2.second, name="steps")
    groups = synaptic_filters(
        shape.components, shape.neurons if shape.matrix else 0, dict(shape.constants), clock
    )  # fmt: skip
    groups |= external_groups(
        shape.components, shape.units, noise_kept(dict(shape.constants)["tau_s"], shape.dt), clock,
        driven=shape.driven, fluctuating=shape.fluctuating,
    )  # fmt: skip
    groups |= {"neurons": _neurons(shape, groups, clock)}
    name = _namer(device, groups)
    delivery = b2.NeuronGroup(1, "done : 1", clock=clock, name="delivery", namespace={"deliver": _deliver(shape, name)})
    delivery.run_regularly("done = deliver(t_in_timesteps)", when="synapses", clock=clock)
    device.insert_code("main", _begin(shape, name))
    device.insert_code("before_network_run", _continue(shape, device, clock))
    device.apply_run_args()
    network = b2.Network(*groups.values(), delivery, name="network")
    network.run(shape.sampling * b2.second, namespace={})
    device.insert_code("main", "}\ntonic::finish(brian::results_dir);")


def _neurons(shape: Shape, groups: dict[str, Any], clock: Any) -> Any:
    """Return the neurons, with equations and constants but no numbers of their own."""
    import brian2 as b2

    shared = {"v_th": shape.v_th * b2.volt, "E_L": shape.E_L * b2.volt}
    shared.pop(eqs.FORMS[shape.form], None)
    text = eqs.neuron(
        shape.form, shape.components, noise=shape.noisy, latent=shape.latent, recurrent=shape.matrix,
        driven=shape.driven, fluctuating=shape.fluctuating, adapting=shape.adapting,
        sharp=shape.sharp,
    )  # fmt: skip
    group = b2.NeuronGroup(
        shape.neurons, text, method="euler", threshold=eqs.threshold(shape.sharp),
        reset=eqs.reset(shape.reset_rule, shape.adapting),
        refractory=shape.refractory * b2.second, clock=clock, name="neurons",
        namespace=quantities(dict(shape.constants)) | shared,
    )  # fmt: skip
    link(group, groups, latent=shape.latent)
    return group


def _namer(device: Any, groups: dict[str, Any]) -> Callable[..., str]:
    """Return the C++ name of a variable: of the neurons, unless another group is known to have it or is asked for."""
    owners = {
        "z": "latents", "z_in": "latents", "I": "currents", "I_in": "currents", "u": "inputs", "eta": "input_noise",
        "size": "input_noise",
    }  # fmt: skip

    def name(variable: str, owner: str = "neurons") -> str:
        group = groups[owners.get(variable, owner)]
        return f"brian::{device.get_array_name(group.variables[variable])}"

    return name


def _continue(shape: Shape, device: Any, clock: Any) -> str:
    """Return the C++ by which every run but the first begins where the one before it ended: Brian2's begins at 0."""
    timestep, t = (f"brian::{device.get_array_name(clock.variables[n])}" for n in ("timestep", "t"))
    steps = round(shape.sampling / shape.dt)
    return f"{timestep}[0] = schedule.begun() * {steps};\n{t}[0] = network.t = {timestep}[0] * {shape.dt!r};"


def _begin(shape: Shape, name: Callable[..., str]) -> str:
    """Return the C++ that reads the numbers of the network, and begins the loop over the samples of the schedule."""
    reads = [("v", shape.neurons, "potential.f64")]
    reads += [("I_a", shape.neurons, "adaptation.f64")] * shape.adapting
    encoded = shape.components if shape.latent or shape.driven else 0
    reads += [(f"e_{c}", shape.neurons, f"encoder_{c}.f64") for c in range(encoded)]
    reads += [("noise_seed", 1, "seed.i32")] * shape.noisy
    for read, size in [("z", shape.components)] + [("I", shape.neurons)] * shape.matrix:
        stages = dict.fromkeys((read, eqs.entered(read, shape.rising)))
        reads += [(stage, size, f"{STARTS[stage]}.f64") for stage in stages]
    noise = [("eta", shape.units, "input_noise.f64"), ("size", shape.units, "input_noise_size.f64")]
    reads += noise if shape.fluctuating else []
    shifted = name("v") if shape.form == "threshold" else "nullptr"
    lines = [f'tonic::fill({name(variable)}, {size}, "{file}");' for variable, size, file in reads]
    lines.append(f"tonic::Schedule schedule({name(eqs.FORMS[shape.form])}, {shifted}, {shape.neurons});")
    if shape.fluctuating:
        lines.append(f'tonic::fill({name("noise_seed", "input_noise")}, 1, "seed.i32");')
    lines.append(f"while (schedule.next({name('z')}, {shape.components}) && !Network::_globally_stopped) {{")
    lines += [f"tonic::feed({name('u')}, {shape.components}, schedule.begun());"] if shape.driven else []
    return "\n".join(lines)


def _deliver(shape: Shape, name: Callable[..., str]) -> Any:
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
    function = b2.Function(
        lambda _: 0.0, arg_types=["integer"], return_type="float", arg_units=[1], return_unit=1, stateless=False
    )
    function.implementations.add_implementation("cpp", code, name="deliver")
    return function
