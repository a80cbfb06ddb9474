// True runs of vector fields: the Runge-Kutta pair of order 8(5,3) with error control, as task/_integrate.py has it.
//
// A field is a list of operations on registers, made by task/_traced.py: first the components of the state, then
// constants, then one result after another. Each operation works on a few trials side by side, so that what it costs
// to read the list is shared. Every trial has its own time and step. A trial that has to end is left to Python, which
// knows why and what comes next.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace {

constexpr int W = 8;  // trials side by side
constexpr int STAGES = 13, EXTRA = 3, ALL = STAGES + EXTRA, TERMS = 8;
constexpr double TINY = std::numeric_limits<double>::min();

enum Operation {
    ADD, SUBTRACT, MULTIPLY, DIVIDE, POWER, MODULO, ARCTAN2, HYPOT, MAXIMUM, MINIMUM, HEAVISIDE,
    NEGATIVE, ABSOLUTE, SIGN, SQRT, EXP, EXPM1, LOG, LOG1P, SIN, COS, TAN, ARCSIN, ARCCOS, ARCTAN, SINH, COSH, TANH
};

struct Program {
    int64_t components, constants, operations;
    const int32_t* code;     // (operation, first, second) of each result
    const double* constant;  // their values
    const int32_t* output;   // the register of each component of dx/dt
};

struct Rules {
    double tolerance, floor, end, limit;
    double safety, shrink, grow, shortest, jump, vanished, stable, strayed, worth, beyond, budget;
    int64_t hits, misses, parts, seldom, held, foreseen, look, turns;
};

struct Pair {
    const double *a, *e3, *e5, *d;  // (15, 16), (13), (13), (4, 16)
    double within;
};

struct Lanes {
    int64_t count, samples;
    const int64_t* row;  // of each lane in states
    double *t, *x, *f, *h, *longest;
    int64_t* tried;
    double *failed, *failed_h;
    int64_t *refused, *held, *hits, *misses, *sample;
    const double* times;
    double* states;  // (trial, time, component)
};

double modulo(double x, double y) {  // of the sign of y, as numpy has it
    const double rest = std::fmod(x, y);
    return rest != 0 && (rest < 0) != (y < 0) ? rest + y : rest;
}

// What compares: NaN stays NaN, as numpy has it.
double larger(double x, double y) { return x >= y || x != x ? x : y; }
double smaller(double x, double y) { return x <= y || x != x ? x : y; }
double heaviside(double x, double at_zero) { return x != x ? x : x == 0 ? at_zero : double(x > 0); }
double sign(double x) { return x != x ? x : double(x > 0) - double(x < 0); }

template <typename F> inline void each(double* to, F value) {
    for (int w = 0; w < W; ++w) to[w] = value(w);
}

// The field at the states in the first registers.
void evaluate(const Program& p, double* registers, double* slope) {
    double* to = registers + (p.components + p.constants) * W;
    const int32_t* row = p.code;
    for (int64_t i = 0; i < p.operations; ++i, row += 3, to += W) {
        const double *a = registers + int64_t(row[1]) * W, *b = registers + int64_t(row[2]) * W;
        switch (row[0]) {
            case ADD: each(to, [=](int w) { return a[w] + b[w]; }); break;
            case SUBTRACT: each(to, [=](int w) { return a[w] - b[w]; }); break;
            case MULTIPLY: each(to, [=](int w) { return a[w] * b[w]; }); break;
            case DIVIDE: each(to, [=](int w) { return a[w] / b[w]; }); break;
            case POWER: each(to, [=](int w) { return std::pow(a[w], b[w]); }); break;
            case MODULO: each(to, [=](int w) { return modulo(a[w], b[w]); }); break;
            case ARCTAN2: each(to, [=](int w) { return std::atan2(a[w], b[w]); }); break;
            case HYPOT: each(to, [=](int w) { return std::hypot(a[w], b[w]); }); break;
            case MAXIMUM: each(to, [=](int w) { return larger(a[w], b[w]); }); break;
            case MINIMUM: each(to, [=](int w) { return smaller(a[w], b[w]); }); break;
            case HEAVISIDE: each(to, [=](int w) { return heaviside(a[w], b[w]); }); break;
            case NEGATIVE: each(to, [=](int w) { return -a[w]; }); break;
            case ABSOLUTE: each(to, [=](int w) { return std::fabs(a[w]); }); break;
            case SIGN: each(to, [=](int w) { return sign(a[w]); }); break;
            case SQRT: each(to, [=](int w) { return std::sqrt(a[w]); }); break;
            case EXP: each(to, [=](int w) { return std::exp(a[w]); }); break;
            case EXPM1: each(to, [=](int w) { return std::expm1(a[w]); }); break;
            case LOG: each(to, [=](int w) { return std::log(a[w]); }); break;
            case LOG1P: each(to, [=](int w) { return std::log1p(a[w]); }); break;
            case SIN: each(to, [=](int w) { return std::sin(a[w]); }); break;
            case COS: each(to, [=](int w) { return std::cos(a[w]); }); break;
            case TAN: each(to, [=](int w) { return std::tan(a[w]); }); break;
            case ARCSIN: each(to, [=](int w) { return std::asin(a[w]); }); break;
            case ARCCOS: each(to, [=](int w) { return std::acos(a[w]); }); break;
            case ARCTAN: each(to, [=](int w) { return std::atan(a[w]); }); break;
            case SINH: each(to, [=](int w) { return std::sinh(a[w]); }); break;
            case COSH: each(to, [=](int w) { return std::cosh(a[w]); }); break;
            default: each(to, [=](int w) { return std::tanh(a[w]); }); break;
        }
    }
    for (int64_t c = 0; c < p.components; ++c)
        std::copy_n(registers + int64_t(p.output[c]) * W, W, slope + c * W);
}

// One step of a few trials, from states x with slopes k[0] over steps h.
struct Step {
    const Program& program;
    const Pair& pair;
    const int64_t size;  // components times trials side by side
    std::vector<double> registers, k, x, end, before, within, terms;
    double h[W];

    Step(const Program& p, const Pair& q)
        : program(p), pair(q), size(p.components * W),
          registers((p.components + p.constants + p.operations) * W), k(ALL * size), x(size), end(size),
          before(size), within(size), terms(TERMS * size) {
        for (int64_t c = 0; c < p.constants; ++c)
            std::fill_n(registers.data() + (p.components + c) * W, W, p.constant[c]);
        std::fill_n(h, W, 0.0);
    }

    const double* slope() const { return k.data() + (STAGES - 1) * size; }

    void take(int stage, double* at) {  // the states of a stage, and the slopes there
        const double* a = pair.a + (stage - 1) * ALL;
        for (int64_t i = 0; i < size; i += W) {
            double sum[W] = {};
            for (int j = 0; j < stage; ++j) {
                if (a[j] == 0) continue;
                const double* slope = k.data() + j * size + i;
                for (int w = 0; w < W; ++w) sum[w] += a[j] * slope[w];
            }
            for (int w = 0; w < W; ++w) at[i + w] = x[i + w] + h[w] * sum[w];
        }
        std::copy_n(at, size, registers.data());
        evaluate(program, registers.data(), k.data() + stage * size);
    }

    void attempt() {
        for (int stage = 1; stage < STAGES - 1; ++stage) take(stage, before.data());
        take(STAGES - 1, end.data());
    }

    double scale(const Rules& r, int64_t i) const {
        return r.floor + r.tolerance * std::fmax(std::fabs(x[i]), std::fabs(end[i]));
    }

    double weighed(const double* weights, int64_t i) const {
        double sum = 0;
        for (int j = 0; j < STAGES; ++j) sum += weights[j] * k[j * size + i];
        return sum;
    }

    double error(const Rules& r, int w) const {  // 1 where it is just within the tolerance
        double third = 0, fifth = 0;
        for (int64_t i = w; i < size; i += W) {
            const double s = scale(r, i), e3 = weighed(pair.e3, i) / s, e5 = weighed(pair.e5, i) / s;
            third += e3 * e3;
            fifth += e5 * e5;
        }
        double both = fifth + 0.01 * third;
        both = both < TINY ? TINY : both;
        return h[w] * fifth / std::sqrt(both * double(program.components));
    }

    double stiffness(int w) const {
        double faster = 0, apart = 0;
        for (int64_t i = w; i < size; i += W) {
            const double df = slope()[i] - k[(STAGES - 2) * size + i], dx = end[i] - before[i];
            faster += df * df;
            apart += dx * dx;
        }
        return h[w] * std::sqrt(faster) / std::fmax(std::sqrt(apart), TINY);
    }

    void dense() {  // the coefficients of the interpolant
        for (int stage = STAGES; stage < ALL; ++stage) take(stage, within.data());
        for (int64_t i = 0; i < size; ++i) {
            const double moved = end[i] - x[i], first = h[i % W] * k[i], last = h[i % W] * slope()[i];
            const double begin[4] = {x[i], moved, first - moved, 2 * moved - first - last};
            for (int n = 0; n < 4; ++n) {
                double bent = 0;
                for (int j = 0; j < ALL; ++j) bent += pair.d[n * ALL + j] * k[j * size + i];
                terms[n * size + i] = begin[n];
                terms[(n + 4) * size + i] = h[i % W] * bent;
            }
        }
    }

    double interpolated(int64_t i, double u) const {
        double value = terms[7 * size + i] * u;
        for (int n = 6; n > 0; --n) value = (value + terms[n * size + i]) * (n % 2 ? u : 1 - u);
        return terms[i] + value;
    }

    double strayed(const Rules& r, int w) const {
        double most = 0;
        for (int64_t i = w; i < size; i += W) {
            const double off = std::fabs((interpolated(i, pair.within) - within[i]) / scale(r, i));
            if (!(off <= most)) most = off;
        }
        return most;
    }
};

struct Run {
    const Program& program;
    const Rules& rules;
    Lanes& lanes;
    Step step, fine;

    Run(const Program& p, const Pair& q, const Rules& r, Lanes& l) : program(p), rules(r), lanes(l), step(p, q), fine(p, q) {}

    bool ends(int64_t lane) const {  // done, diverged, or not to go on like this: Python says which
        const double t = lanes.t[lane], h = lanes.h[lane];
        for (int64_t c = 0; c < program.components; ++c)
            if (!(std::fabs(lanes.x[lane * program.components + c]) < rules.limit)) return true;
        if (t >= rules.end) return true;
        const double place = std::max(t, rules.end * 1e-9);
        const double spacing = std::nextafter(place, std::numeric_limits<double>::infinity()) - place;
        if (h < rules.vanished * spacing) return true;
        const int64_t tried = lanes.tried[lane];
        if (double(tried) >= rules.budget || lanes.held[lane] >= rules.held) return true;
        if (tried >= rules.foreseen && tried % rules.look == 0 && double(tried) * rules.end > rules.beyond * rules.budget * t)
            return true;
        return lanes.hits[lane] >= rules.hits && rules.end - t > rules.worth * double(lanes.count) * h;
    }

    bool at_jump(int64_t lane, double h, double error) const {
        if (!(h < rules.shortest * lanes.longest[lane] && lanes.failed[lane] > 0 && std::isfinite(error))) return false;
        return std::log(lanes.failed[lane] / error) / std::log(lanes.failed_h[lane] / h) < rules.jump;
    }

    double* state(int64_t lane, int64_t sample) {
        return lanes.states + (lanes.row[lane] * lanes.samples + sample) * program.components;
    }

    // Samples of a step by steps that end at them, where an interpolant will not do.
    void step_to_samples(int64_t lane, int w, int64_t first, int64_t stop) {
        for (; first < stop; first += W) {
            const int64_t count = std::min<int64_t>(W, stop - first);
            for (int v = 0; v < W; ++v) fine.h[v] = lanes.times[first + std::min<int64_t>(v, count - 1)] - lanes.t[lane];
            for (int64_t c = 0; c < program.components; ++c) {
                std::fill_n(fine.x.data() + c * W, W, step.x[c * W + w]);
                std::fill_n(fine.k.data() + c * W, W, step.k[c * W + w]);
            }
            fine.attempt();
            bool rough[W], any = false;
            for (int v = 0; v < W; ++v) any |= rough[v] = !(fine.error(rules, v) < 1);
            write(lane, first, count, [](int) { return true; });
            if (!any) continue;
            for (int v = 0; v < W; ++v) fine.h[v] /= double(rules.parts);
            for (int64_t c = 0; c < program.components; ++c) std::fill_n(fine.k.data() + c * W, W, step.k[c * W + w]);
            for (int64_t part = 0; part < rules.parts; ++part) {
                fine.attempt();
                fine.x = fine.end;
                std::copy_n(fine.slope(), fine.size, fine.k.data());
            }
            write(lane, first, count, [&](int v) { return rough[v]; });
        }
    }

    template <typename Which> void write(int64_t lane, int64_t first, int64_t count, Which which) {
        for (int v = 0; v < count; ++v)
            if (which(v))
                for (int64_t c = 0; c < program.components; ++c) state(lane, first + v)[c] = fine.end[c * W + v];
    }

    void note_samples(int64_t lane, int w, double now, bool& dense) {
        const int64_t first = lanes.sample[lane];
        int64_t stop = first;
        while (stop < lanes.samples && lanes.times[stop] <= now) ++stop;
        if (stop == first) return;
        lanes.sample[lane] = stop;
        if (!dense) step.dense();
        dense = true;
        if (step.strayed(rules, w) > rules.strayed) return step_to_samples(lane, w, first, stop);
        for (int64_t s = first; s < stop; ++s) {
            const double share = (lanes.times[s] - lanes.t[lane]) / step.h[w];
            for (int64_t c = 0; c < program.components; ++c) state(lane, s)[c] = step.interpolated(c * W + w, share);
        }
    }

    void count(int64_t lane, int w, bool kept) {
        const double h = step.h[w];
        const int64_t tried = ++lanes.tried[lane];
        lanes.refused[lane] += !kept;
        if (kept) {
            lanes.held[lane] = (lanes.held[lane] + 1) * (h < rules.shortest * lanes.longest[lane]);
            lanes.longest[lane] = std::fmax(lanes.longest[lane], h);
        }
        if (tried % rules.seldom && !lanes.hits[lane]) return;
        const bool limited = kept && step.stiffness(w) > rules.stable;
        lanes.misses[lane] = limited ? 0 : lanes.misses[lane] + kept;
        lanes.hits[lane] = lanes.misses[lane] >= rules.misses ? 0 : lanes.hits[lane] + limited;
    }

    void set_step(int64_t lane, double h, double error, bool kept) {
        const double most = kept && lanes.failed[lane] == 0 ? rules.grow : 1.0;
        const double asked = rules.safety * std::pow(error < 1e-300 ? 1e-300 : error, -1.0 / 8);
        const double factor = asked < rules.shrink ? rules.shrink : asked > most ? most : asked;
        lanes.h[lane] = h * (std::isfinite(factor) ? factor : rules.shrink);
        lanes.failed[lane] = kept ? 0.0 : error >= 0 ? error : std::numeric_limits<double>::infinity();
        lanes.failed_h[lane] = h;
    }

    void advance(int64_t lane, int w, bool& dense) {  // what came of the step of a trial
        const double error = step.error(rules, w), h = step.h[w], left = rules.end - lanes.t[lane];
        const bool kept = error < 1 || at_jump(lane, h, error);
        const double now = lanes.h[lane] >= left ? rules.end : lanes.t[lane] + h;
        if (kept) note_samples(lane, w, now, dense);
        count(lane, w, kept);
        set_step(lane, h, error, kept);
        if (!kept) return;
        lanes.t[lane] = now;
        for (int64_t c = 0; c < program.components; ++c) {
            lanes.x[lane * program.components + c] = step.end[c * W + w];
            lanes.f[lane * program.components + c] = step.slope()[c * W + w];
        }
    }

    void solve() {  // all trials, or as far as so many steps of the whole block lead
        int64_t lane[W], next = 0, busy = 0;
        std::fill_n(lane, W, int64_t(-1));
        for (int64_t turn = 0; turn < rules.turns; ++turn) {
            for (int w = 0; w < W; ++w) {  // a place that is free takes the next trial
                while (lane[w] < 0 && next < lanes.count) {
                    if (!ends(next)) { lane[w] = next; ++busy; }
                    ++next;
                }
            }
            if (!busy) return;
            for (int w = 0; w < W; ++w) {
                const int64_t l = std::max<int64_t>(lane[w], 0);
                step.h[w] = lane[w] < 0 ? 0.0 : std::min(lanes.h[l], rules.end - lanes.t[l]);
                for (int64_t c = 0; c < program.components; ++c) {
                    step.x[c * W + w] = lanes.x[l * program.components + c];
                    step.k[c * W + w] = lanes.f[l * program.components + c];
                }
            }
            step.attempt();
            bool dense = false;
            for (int w = 0; w < W; ++w) {
                if (lane[w] < 0) continue;
                advance(lane[w], w, dense);
                if (ends(lane[w])) { lane[w] = -1; --busy; }
            }
        }
    }
};

}  // namespace

extern "C" {

// Slopes (state, component) at states (state, component).
void tonic_field_float64(const Program* program, int64_t count, const double* x, double* f) {
    const Pair none{};
    Step step(*program, none);
    for (int64_t first = 0; first < count; first += W) {
        const int64_t here = std::min<int64_t>(W, count - first), d = program->components;
        for (int64_t c = 0; c < d; ++c)
            for (int w = 0; w < W; ++w) step.registers[c * W + w] = x[(first + std::min<int64_t>(w, here - 1)) * d + c];
        evaluate(*program, step.registers.data(), step.k.data());
        for (int64_t c = 0; c < d; ++c)
            for (int w = 0; w < here; ++w) f[(first + w) * d + c] = step.k[c * W + w];
    }
}

// Advances trials, for a while, towards their end or to where they have to end. Lanes are those of task/_lanes.py.
void tonic_solve_float64(const Program* program, const Pair* pair, const Rules* rules, Lanes* lanes) {
    Run(*program, *pair, *rules, *lanes).solve();
}
}
