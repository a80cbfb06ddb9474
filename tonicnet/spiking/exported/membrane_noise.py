"""Membrane noise that depends on (seed, step, neuron) only: the same in every way to run a network.

Brian2's own ``xi`` draws from a stream, another one in each of its code generators. Here a normal number is a
function of three counters, so that numpy, Cython and C++ give the same spikes, in any order and on any machine:

    h = mix(mix(G seed + step) + G neuron),   n = ziggurat(h),   mix = the finaliser of SplitMix64

Read by the package itself, and by :mod:`tonicnet.spiking._script_export`, which writes this file whole into a
stand-alone script: so it needs numpy and brian2 only.

Source: Steele, Lea and Flood (2014), doi:10.1145/2660193.2660195 (SplitMix64); Marsaglia and Tsang (2000),
doi:10.18637/jss.v005.i08 (ziggurat).
"""

from typing import Any

import numpy as np

SEEDS = 2**31  # a seed is a 32-bit integer of Brian2, zero or positive

# The ziggurat: 256 layers of equal area under exp(-x^2 / 2), the last one with the tail beyond EDGE.
EDGE, AREA = 3.6541528853610088, 4.92867323399e-3
GOLDEN, MIX_1, MIX_2 = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB

CODE = """
struct Ziggurat {
    double x[257], ratio[256];
    Ziggurat() {
        const double edge = 3.6541528853610088, area = 4.92867323399e-3;
        x[0] = area / exp(-0.5 * edge * edge);
        x[1] = edge;
        for (int k = 2; k < 256; ++k) x[k] = sqrt(-2 * log(area / x[k - 1] + exp(-0.5 * x[k - 1] * x[k - 1])));
        x[256] = 0;
        for (int k = 0; k < 256; ++k) ratio[k] = x[k + 1] / x[k];
    }
};
static const Ziggurat ziggurat;

static inline uint64_t mixed(uint64_t z) {
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
}
static inline double uniform(uint64_t& h) {  // in (0, 1); h is advanced
    h = mixed(h + 0x9E3779B97F4A7C15ULL);
    return ((double)(h >> 12) + 0.5) * 2.220446049250313e-16;
}
static double beside(uint64_t h) {  // the layer's edge, the tail, or another draw: 1.2 % of all cases
    for (;; h = mixed(h + 0x9E3779B97F4A7C15ULL)) {
        const int k = (int)(h & 255);
        const double u = (double)((int64_t)h >> 11) * 2.220446049250313e-16, x = u * ziggurat.x[k];
        if (fabs(u) < ziggurat.ratio[k]) return x;
        if (k == 0) {
            double far, height;
            do {
                far = -log(uniform(h)) / ziggurat.x[1];
                height = -log(uniform(h));
            } while (2 * height < far * far);
            return u < 0 ? -(ziggurat.x[1] + far) : ziggurat.x[1] + far;
        }
        const double low = exp(-0.5 * (ziggurat.x[k] * ziggurat.x[k] - x * x));
        const double high = exp(-0.5 * (ziggurat.x[k + 1] * ziggurat.x[k + 1] - x * x));
        if (high + uniform(h) * (low - high) < 1) return x;
    }
}
static inline double normal(int64_t neuron, int64_t step, int64_t seed) {
    const uint64_t golden = 0x9E3779B97F4A7C15ULL;
    const uint64_t h = mixed(mixed((uint64_t)seed * golden + (uint64_t)step) + golden * (uint64_t)neuron);
    const double u = (double)((int64_t)h >> 11) * 2.220446049250313e-16;
    return fabs(u) < ziggurat.ratio[h & 255] ? u * ziggurat.x[h & 255] : beside(h);
}
"""
CYTHON = f'cdef extern from *:\n    """\n#include <stdint.h>\n#include <math.h>{CODE}    """\n' + (
    "    double normal(long long neuron, long long step, long long seed) nogil\n"
)


def normal(neuron: np.ndarray | int, step: np.ndarray | int, seed: np.ndarray | int) -> np.ndarray:
    """Return a standard normal number for each neuron at a step of a run with a seed.

    >>> np.round(normal(np.arange(3), 0, 7), 4).tolist()
    [-1.7892, 1.4854, 2.3694]
    >>> bool(normal(2, 0, 7)[0] == normal(np.arange(3), 0, 7)[2])
    True
    """
    who, now, key = (np.atleast_1d(np.asarray(a)).astype(np.uint64) for a in (neuron, step, seed))
    h = _mixed(_mixed(key * np.uint64(GOLDEN) + now) + np.uint64(GOLDEN) * who)
    x, sure = _inside(h)
    x[~sure] = _beside(h[~sure])
    return x


def brian2_normal() -> Any:
    """Return ``normal`` as a Brian2 function, in numpy, Cython and C++."""
    import brian2 as b2

    function = b2.Function(normal, arg_types=["integer"] * 3, return_type="float", arg_units=[1, 1, 1], return_unit=1)
    function.implementations.add_implementation("numpy", normal)
    function.implementations.add_implementation("cython", CYTHON, name="normal")
    function.implementations.add_implementation("cpp", CODE, name="normal")
    return function


def _tables() -> tuple[np.ndarray, np.ndarray]:
    """Return the edges x of the layers, and of each layer the part that lies inside the next one."""
    x = np.zeros(257)
    x[0], x[1] = AREA / np.exp(-0.5 * EDGE * EDGE), EDGE
    for k in range(2, 256):
        x[k] = np.sqrt(-2 * np.log(AREA / x[k - 1] + np.exp(-0.5 * x[k - 1] * x[k - 1])))
    return x, x[1:] / x[:-1]


_X, _RATIO = _tables()


def _mixed(z: np.ndarray) -> np.ndarray:
    """Return the hashes of some counters: the finaliser of SplitMix64."""
    z = (z ^ (z >> np.uint64(30))) * np.uint64(MIX_1)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(MIX_2)
    return z ^ (z >> np.uint64(31))


def _inside(h: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the candidates of some hashes, and which of them lie inside their layer."""
    layer = (h & np.uint64(255)).astype(np.intp)
    u = (h.view(np.int64) >> 11) * 2.0**-52
    return u * _X[layer], np.abs(u) < _RATIO[layer]


def _uniform(h: np.ndarray) -> np.ndarray:
    """Advance hashes in place and return a number in (0, 1) for each."""
    h[:] = _mixed(h + np.uint64(GOLDEN))
    return ((h >> np.uint64(12)) + 0.5) * 2.0**-52


def _beside(h: np.ndarray) -> np.ndarray:
    """Return what the rare hashes give: the edge of a layer, the tail, or another draw."""
    numbers, left = np.empty(len(h)), np.arange(len(h))
    while len(left):
        x, done = _inside(h)
        layer = (h & np.uint64(255)).astype(np.intp)
        for k in np.flatnonzero(~done & (layer == 0)):
            x[k], done[k] = np.copysign(_tail(h[k : k + 1]), x[k]), True
        edge = np.flatnonzero(~done)
        drawn = h[edge]
        low, high = (np.exp(-0.5 * (_X[layer[edge] + n] ** 2 - x[edge] ** 2)) for n in (0, 1))
        done[edge] = high + _uniform(drawn) * (low - high) < 1
        h[edge] = drawn
        numbers[left[done]] = x[done]
        left, h = left[~done], _mixed(h[~done] + np.uint64(GOLDEN))
    return numbers


def _tail(h: np.ndarray) -> float:
    """Return a draw from the tail beyond EDGE, by Marsaglia's method; the hash ``h`` is advanced in place."""
    while True:
        far, height = -np.log(_uniform(h)[0]) / EDGE, -np.log(_uniform(h)[0])
        if 2 * height >= far * far:
            return float(EDGE + far)
