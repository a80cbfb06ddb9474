// SPDX-License-Identifier: BSD-3-Clause. Copyright (c) 2026, the tonicnet developers
//
// Read by tonicnet.spiking._cpp_sources, which copies this file whole beside the C++ that Brian2 writes, and adds
// calls of it there. What a frozen network needs beside Brian2's code: its numbers, its schedule of tasks, and its
// synapses, which add a row for each spike. Everything is read when the program starts, so that one build runs
// any bias, schedule, start and seed. The files are plain arrays in the machine's byte order; README.md lists them.
#pragma once
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace tonic {

[[noreturn]] inline void stop(const std::string& why) {
    std::cerr << "tonic: " << why << std::endl;
    std::exit(2);
}

inline std::string inputs() {
    const char* given = std::getenv("TONIC_INPUTS");
    return given ? std::string(given) + "/" : "inputs/";
}

// SHA-256 of some bytes, in hexadecimal (FIPS 180-4). The constants are the first 32 bits of the fractional parts of
// the square roots (state) and cube roots (rounds) of the first primes.
class Sha256 {
    uint32_t state[8], rounds[64];

    static uint32_t turn(uint32_t x, int by) { return (x >> by) | (x << (32 - by)); }
    static uint32_t fraction(long double x) { return (uint32_t)((x - std::floor(x)) * 4294967296.0L); }
    void take(const unsigned char* block) {
        uint32_t w[64], s[8];
        for (int i = 0; i < 16; ++i)
            w[i] = (uint32_t)block[4 * i] << 24 | block[4 * i + 1] << 16 | block[4 * i + 2] << 8 | block[4 * i + 3];
        for (int i = 16; i < 64; ++i)
            w[i] = w[i - 16] + w[i - 7] + (turn(w[i - 15], 7) ^ turn(w[i - 15], 18) ^ w[i - 15] >> 3) +
                   (turn(w[i - 2], 17) ^ turn(w[i - 2], 19) ^ w[i - 2] >> 10);
        std::memcpy(s, state, sizeof s);
        for (int i = 0; i < 64; ++i) {
            const uint32_t one = s[7] + (turn(s[4], 6) ^ turn(s[4], 11) ^ turn(s[4], 25)) +
                                 ((s[4] & s[5]) ^ (~s[4] & s[6])) + rounds[i] + w[i];
            const uint32_t two = (turn(s[0], 2) ^ turn(s[0], 13) ^ turn(s[0], 22)) +
                                 ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
            for (int k = 7; k > 0; --k) s[k] = s[k - 1];
            s[4] += one;
            s[0] = one + two;
        }
        for (int k = 0; k < 8; ++k) state[k] += s[k];
    }

  public:
    Sha256() {
        int found = 0;
        for (int n = 2; found < 64; ++n) {
            bool prime = true;
            for (int d = 2; d * d <= n; ++d) prime = prime && n % d;
            if (!prime) continue;
            if (found < 8) state[found] = fraction(std::sqrt((long double)n));
            rounds[found++] = fraction(std::cbrt((long double)n));
        }
    }
    std::string of(const unsigned char* bytes, size_t count) {
        size_t at = 0;
        for (; at + 64 <= count; at += 64) take(bytes + at);
        std::vector<unsigned char> end(bytes + at, bytes + count);
        end.push_back(0x80);
        while (end.size() % 64 != 56) end.push_back(0);
        for (int k = 7; k >= 0; --k) end.push_back((unsigned char)((uint64_t)count * 8 >> 8 * k));
        for (at = 0; at < end.size(); at += 64) take(&end[at]);
        std::ostringstream hex;
        for (uint32_t part : state) hex << std::hex << std::setfill('0') << std::setw(8) << part;
        return hex.str();
    }
};

// What inputs/sha256.txt says of each array; nothing where there is no such file.
inline const std::map<std::string, std::string>& digests() {
    static const std::map<std::string, std::string> known = [] {
        std::map<std::string, std::string> read;
        std::ifstream file(inputs() + "sha256.txt");
        for (std::string digest, name; file >> digest >> name;) read[name] = digest;
        return read;
    }();
    return known;
}

// Fill `count` numbers from inputs/<name>.
template <class T>
void fill(T* into, long count, const std::string& name) {
    std::ifstream file(inputs() + name, std::ios::binary);
    if (!file.read(reinterpret_cast<char*>(into), count * (long)sizeof(T)))
        stop(inputs() + name + " is missing, or has fewer than " + std::to_string(count) + " numbers");
    const auto known = digests().find(name);
    const auto bytes = reinterpret_cast<const unsigned char*>(into);
    if (known != digests().end() && known->second != Sha256().of(bytes, count * sizeof(T)))
        stop(inputs() + name + " is damaged: it is not what sha256.txt says; take an intact copy of the folder");
}

// All numbers of inputs/<name>; none if there is no such file.
template <class T>
std::vector<T> all(const std::string& name) {
    std::ifstream file(inputs() + name, std::ios::binary | std::ios::ate);
    if (!file && digests().count(name)) stop(inputs() + name + " is missing; take an intact copy of the folder");
    std::vector<T> values(file ? (size_t)file.tellg() / sizeof(T) : 0);
    if (!values.empty() || digests().count(name)) fill(values.data(), (long)values.size(), name);
    return values;
}

// The frozen synapses, a row for each presynaptic unit: what one of its spikes adds to the latents (decoder) and
// to the input current of each unit: scale times a row, dense (as drawn, in single precision, or in double) or sparse.
struct Synapses {
    const std::vector<double> decoder = all<double>("decoder.f64");
    const std::vector<double> scale = all<double>("scale.f64");
    const std::vector<float> drawn = all<float>("recurrent.f32");
    const std::vector<double> formed = all<double>("recurrent.f64");
    const std::vector<int64_t> first = all<int64_t>("sparse_first.i64");
    const std::vector<int32_t> post = all<int32_t>("sparse_post.i32");
    const std::vector<float> weight = all<float>("sparse_weight.f32");
};

// Add the rows of all units that fired in this step, four at a time: the rows come from memory, and four streams
// come faster than one. All arithmetic is in double precision.
template <class T>
inline void add_rows(
    const std::vector<T>& w, const std::vector<long>& fired, double scale, double* __restrict__ current, long units,
    long per_unit
) {
    static std::vector<double> sum;
    static const std::vector<T> nothing(units);
    double* into = current;
    if (per_unit > 1) {
        sum.assign(units, 0.0);
        into = sum.data();
    }
    for (size_t n = 0; n < fired.size(); n += 4) {
        const T* row[4];
        for (size_t k = 0; k < 4; ++k) row[k] = n + k < fired.size() ? &w[fired[n + k] * units] : nothing.data();
        const T *__restrict__ a = row[0], *__restrict__ b = row[1], *__restrict__ c = row[2], *__restrict__ d = row[3];
        for (long u = 0; u < units; ++u) into[u] += scale * (((double)a[u] + b[u]) + ((double)c[u] + d[u]));
    }
    for (long u = 0; per_unit > 1 && u < units; ++u)
        for (long k = 0; k < per_unit; ++k) current[u * per_unit + k] += sum[u];
}

inline void add_sparse(const Synapses& s, const std::vector<long>& fired, double* current, long per_unit) {
    for (long unit : fired)
        for (int64_t n = s.first[unit]; n < s.first[unit + 1]; ++n)
            for (long k = 0; k < per_unit; ++k) current[s.post[n] * per_unit + k] += s.scale[0] * s.weight[n];
}

// What a run records: spikes as events, and the latents at every sample.
struct Record {
    std::vector<int64_t> step;
    std::vector<int32_t> neuron;
    std::vector<double> latents;
};
inline Record& record() {
    static Record record;
    return record;
}

// Note the spikes of this step, and add the rows of those that arrive in it: of `late` steps ago.
inline void deliver(
    int64_t step, const int32_t* spikes, long count, double* latents, long components, double* current, long units,
    long per_unit, long late
) {
    static const Synapses s;
    static std::vector<std::vector<long>> under_way(late + 1);  // units that fired, by step
    std::vector<long>& fired_now = under_way[step % (late + 1)];
    fired_now.clear();
    for (long n = 0; n < count; ++n) {
        fired_now.push_back(spikes[n] / per_unit);
        record().step.push_back(step);
        record().neuron.push_back(spikes[n]);
    }
    const std::vector<long>& fired = under_way[(step + 1) % (late + 1)];
    for (long unit : fired)
        for (long c = 0; c < components; ++c) latents[c] += s.decoder[unit * components + c];
    if (!s.drawn.empty()) add_rows(s.drawn, fired, s.scale[0], current, units, per_unit);
    if (!s.formed.empty()) add_rows(s.formed, fired, s.scale[0], current, units, per_unit);
    if (!s.first.empty()) add_sparse(s, fired, current, per_unit);
}

// The schedule: lines of "row samples" in inputs/schedule.txt, a row of the bank for so many samples.
class Schedule {
    struct Segment {
        long row, samples;
    };
    std::vector<Segment> segments;
    const std::vector<double> bank = all<double>("bank.f64");
    long neurons, done = 0, total = 0, at = 0, left = 0;
    double *tonic, *shifted;
    std::chrono::steady_clock::time_point reported = std::chrono::steady_clock::now();

    void load(long row) {
        if (row < 0 || (row + 1) * neurons > (long)bank.size())
            stop("schedule.txt names row " + std::to_string(row) + ", which bank.f64 does not have");
        for (long i = 0; i < neurons; ++i) {
            const double value = bank[row * neurons + i];
            // A threshold that changes shifts v with it, in every neuron, refractory or not.
            if (shifted && done) shifted[i] += value - tonic[i];
            tonic[i] = value;
        }
    }
    void report() {
        const auto now = std::chrono::steady_clock::now();
        if (done < total && std::chrono::duration<double>(now - reported).count() < 0.25) return;
        reported = now;
        std::cout << "sample " << done << " of " << total << std::endl;
    }

  public:
    // `tonic` carries the bias of each neuron; `shifted` is v where v changes with it, else null.
    Schedule(double* tonic, double* shifted, long neurons) : neurons(neurons), tonic(tonic), shifted(shifted) {
        std::ifstream file(inputs() + "schedule.txt");
        for (std::string line; std::getline(file, line);) {
            std::istringstream words(line);
            Segment segment;
            if (line.empty() || line[0] == '#') continue;
            if (!(words >> segment.row >> segment.samples) || segment.samples < 1)
                stop("schedule.txt has lines of 'row samples'; cannot read '" + line + "'");
            segments.push_back(segment);
            total += segment.samples;
        }
        if (segments.empty()) stop(inputs() + "schedule.txt is missing or empty");
    }
    // How many samples had been run when this one began.
    long begun() const { return done - 1; }
    // Note the latents, change the task if it is time, and say whether there is more to run.
    bool next(const double* latents, long components) {
        for (long c = 0; c < components; ++c) record().latents.push_back(latents[c]);
        if (done) report();
        if (left == 0) {
            if (at == (long)segments.size()) return false;
            load(segments[at].row);
            left = segments[at++].samples;
        }
        --left;
        ++done;
        return true;
    }
};

// Put the inputs of a sample, a row of inputs/input.f64, in the place the neurons read them from.
inline void feed(double* u, long components, long sample) {
    static const std::vector<double> rows = all<double>("input.f64");
    if ((sample + 1) * components > (long)rows.size())
        stop(inputs() + "input.f64 has inputs for " + std::to_string(rows.size() / components) +
             " samples, and the schedule is longer; shorten it, or write more rows");
    std::memcpy(u, &rows[sample * components], components * sizeof(double));
}

template <class T>
void put(const std::vector<T>& values, const std::string& path) {
    std::ofstream file(path, std::ios::binary);
    file.write(reinterpret_cast<const char*>(values.data()), (long)(values.size() * sizeof(T)));
    if (!file) stop("cannot write " + path);
}

// Write what a run recorded into the folder of results.
inline void finish(const std::string& folder) {
    put(record().step, folder + "spike_step.i64");
    put(record().neuron, folder + "spike_neuron.i32");
    put(record().latents, folder + "latents.f64");
}

}  // namespace tonic
