// The network equation in compiled loops over units, for long runs of few trials.
//
//     low rank:  dz/ds = -z + D r(E u + b)      rates:  dr/ds = -r + r(M r + E u + b)
//
// with s = t / tau, r(h) = scale phi(gain h), and u what is fed back. Units are taken in blocks that stay in the
// cache, so that every loop over a block is a plain one that compilers turn into vector instructions. NaN and
// infinity behave as everywhere: no finite-math flag is used, and comparisons are written so that NaN passes them.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>
#ifdef __AVX512F__
#include <immintrin.h>
#endif

namespace {

constexpr int64_t BLOCK = 256;  // units at a time

// ---------------------------------------------------------------- elementary functions, without branches

template <typename T> struct Float;

template <> struct Float<double> {
    using Bits = uint64_t;
    static constexpr int mantissa = 52, bias = 1023, terms = 13, series = 18;
    static constexpr double magic = 6755399441055744.0, most = 708.0, flat = 20.0;
    static constexpr double ln2_high = 0x1.62e42fefa0000p-1, ln2_low = 0x1.cf79abc9e3b39p-40;
};

template <> struct Float<float> {
    using Bits = uint32_t;
    static constexpr int mantissa = 23, bias = 127, terms = 7, series = 8;
    static constexpr float magic = 12582912.0f, most = 87.0f, flat = 10.0f;
    static constexpr float ln2_high = 0x1.62e400p-1f, ln2_low = 0x1.7f7d1cp-20f;
};

constexpr double inverse_factorial(int n) { return n <= 1 ? 1.0 : inverse_factorial(n - 1) / n; }

// exp(x) = scale (1 + rest): scale is a power of two, rest = exp(r) - 1 by its series for |r| <= ln 2 / 2. Adding
// ``magic`` leaves the nearest whole number in the last bits of a number.
template <typename T> struct Parts {
    T scale, rest;
};

template <typename T, int N> struct Series {
    static inline T of(T r) { return r * (T(inverse_factorial(Float<T>::terms - N + 1)) + Series<T, N - 1>::of(r)); }
};
template <typename T> struct Series<T, 0> {
    static inline T of(T) { return T(0); }
};

template <typename T> inline Parts<T> parts_of_exp(T x) {
    using F = Float<T>;
    const T shifted = x * T(1.4426950408889634) + F::magic;
    const T whole = shifted - F::magic;
    const T r = (x - whole * F::ln2_high) - whole * F::ln2_low;
    typename F::Bits bits;
    std::memcpy(&bits, &shifted, sizeof bits);
    bits = (bits << F::mantissa) + (typename F::Bits(F::bias) << F::mantissa);
    T scale;
    std::memcpy(&scale, &bits, sizeof scale);
    return {scale, Series<T, F::terms>::of(r)};
}

template <typename T> inline T clamped(T x, T low, T high) {
    x = x < low ? low : x;
    return x > high ? high : x;
}

template <typename T> inline T exp_of(T x) {
    const Parts<T> p = parts_of_exp(clamped(x, -Float<T>::most, Float<T>::most));
    return p.scale + p.scale * p.rest;
}

// ---------------------------------------------------------------- transfer functions

enum Kind { TABLE = 0, TANH = 1, RELU = 2, SOFTPLUS = 3, SIGMOID = 4 };

template <typename T> struct Pair {
    T value, slope;
};

template <typename T> struct Tanh {
    inline Pair<T> operator()(T x) const {
        T size = std::fabs(x);
        size = size > Float<T>::flat ? Float<T>::flat : size;
        const Parts<T> p = parts_of_exp(T(-2) * size);
        const T less = p.scale * p.rest + (p.scale - T(1));  // exp(-2 |x|) - 1, exact where x is small
        const T r = std::copysign(-less / (T(2) + less), x);
        return {r, T(1) - r * r};
    }
};

template <typename T> struct Relu {
    inline Pair<T> operator()(T x) const { return {x < T(0) ? T(0) : x, x > T(0) ? T(1) : T(0)}; }
};

template <typename T> struct Sigmoid {
    inline Pair<T> operator()(T x) const {
        const T r = T(1) / (T(1) + exp_of(-x));
        return {r, r * (T(1) - r)};
    }
};

// 1 + s / 3 + s^2 / 5 + ... from the term ``N`` on, unrolled like every series here: a loop would not become vectors.
template <typename T, int N> struct Odd {
    static inline T of(T s) { return T(1.0 / (2 * N + 1)) + s * Odd<T, N + 1>::of(s); }
};
template <typename T> struct Odd<T, Float<T>::series> {
    static inline T of(T) { return T(1.0 / (2 * Float<T>::series + 1)); }
};

// log(1 + e) = 2 artanh(e / (2 + e)) by its series, e = exp(-|x|) <= 1.
template <typename T> struct Softplus {
    inline Pair<T> operator()(T x) const {
        const T e = exp_of(-std::fabs(x)), s = e / (T(2) + e);
        return {(x > T(0) ? x : T(0)) + T(2) * s * (Odd<T, 0>::of(s * s)), (x > T(0) ? T(1) : e) / (T(1) + e)};
    }
};

// The tangent at the nearest point of a grid; value and rise of a point lie side by side. Places are found in vectors
// and points are read one by one: many processors gather slower than they load.
template <typename T> struct Table {
    const T *pairs;
    T low, per_unit, top;

    template <bool Slopes> void apply(const T *__restrict x, T *__restrict r, T *__restrict slope, int64_t n) const {
        int32_t index[BLOCK];
        T rest[BLOCK];
#pragma omp simd
        for (int64_t i = 0; i < n; ++i) {
            const T place = clamped((x[i] - low) * per_unit, T(0), top);
            const T nearest = std::nearbyint(place == place ? place : T(0));
            index[i] = 2 * static_cast<int32_t>(nearest);
            rest[i] = place - nearest;
        }
        for (int64_t i = 0; i < n; ++i) {
            asm volatile("");  // keeps this loop out of vectors
            const T *point = pairs + index[i];
            r[i] = point[0] + rest[i] * point[1];
            if (Slopes) slope[i] = point[1] * per_unit;
        }
    }
};

// A curve in 32 polynomials of degree 5: see _pieces.py. A register has 16 numbers, so that all coefficients of a degree
// are in two, from which one instruction takes those of 16 units. Only for single precision on such processors.
#ifdef __AVX512F__
struct Pieces {
    static constexpr int count = 32, degree = 5;
    __m512 first[degree + 1], second[degree + 1], rise[2], shift[2], least;

    explicit Pieces(const float *numbers) {
        for (int j = 0; j <= degree; ++j) {
            first[j] = _mm512_loadu_ps(numbers + j * count);
            second[j] = _mm512_loadu_ps(numbers + j * count + count / 2);
        }
        const float *lines = numbers + (degree + 1) * count;
        for (int i = 0; i < 2; ++i) {
            rise[i] = _mm512_set1_ps(lines[2 * i]);
            shift[i] = _mm512_set1_ps(lines[2 * i + 1]);
        }
        least = _mm512_set1_ps(lines[4]);
    }

    // Minima and maxima of NaN are their second argument, so that it stays in u; its piece is any.
    template <bool Slopes> inline __m512 operator()(__m512 x, __m512 &slope) const {
        const __m512 narrow = _mm512_fmadd_ps(x, rise[0], shift[0]), wide = _mm512_fmadd_ps(x, rise[1], shift[1]);
        const __m512 place = _mm512_min_ps(narrow, wide), zero = _mm512_setzero_ps();
        const __m512 inside = _mm512_min_ps(_mm512_set1_ps(count - 0x1p-19f), _mm512_max_ps(zero, place));
        const __m512 whole = _mm512_roundscale_ps(inside, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
        const __m512i piece = _mm512_cvtps_epi32(whole);
        const __m512 u = _mm512_sub_ps(_mm512_sub_ps(inside, whole), _mm512_set1_ps(0.5f));
        __m512 value = _mm512_permutex2var_ps(first[degree], piece, second[degree]), change = zero;
        for (int j = degree - 1; j >= 0; --j) {
            if (Slopes) change = _mm512_fmadd_ps(change, u, value);
            value = _mm512_fmadd_ps(value, u, _mm512_permutex2var_ps(first[j], piece, second[j]));
        }
        if (Slopes) {
            const __mmask16 in_wide = _mm512_cmp_ps_mask(wide, narrow, _CMP_LT_OQ);
            const __mmask16 beyond = _mm512_cmp_ps_mask(place, inside, _CMP_NEQ_OQ);  // flat there; NaN is not beyond
            const __m512 turned = _mm512_mul_ps(change, _mm512_mask_blend_ps(in_wide, rise[0], rise[1]));
            slope = _mm512_mask_mov_ps(turned, beyond, zero);
        }
        return _mm512_max_ps(least, value);
    }

    template <bool Slopes> void apply(const float *x, float *r, float *slope, int64_t n) const {
        for (int64_t i = 0; i < n; i += 16) {
            const __mmask16 there = n - i < 16 ? __mmask16((1u << (n - i)) - 1) : __mmask16(0xffff);
            __m512 change;
            const __m512 value = (*this).template operator()<Slopes>(_mm512_maskz_loadu_ps(there, x + i), change);
            _mm512_mask_storeu_ps(r + i, there, value);
            if (Slopes) _mm512_mask_storeu_ps(slope + i, there, change);
        }
    }
};
#endif

template <typename T, bool Slopes, typename Phi>
void apply(const Phi &phi, const T *__restrict x, T *__restrict r, T *__restrict slope, int64_t n) {
#pragma omp simd
    for (int64_t i = 0; i < n; ++i) {
        const Pair<T> p = phi(x[i]);
        r[i] = p.value;
        if (Slopes) slope[i] = p.slope;
    }
}

template <typename T> struct Curve {
    int64_t kind, points;
    const T *pairs;
    double low, per_unit;
    const T *pieces;  // or null

    template <typename Phi> void by(const Phi &phi, const T *x, T *r, T *slope, int64_t n) const {
        if (slope) apply<T, true>(phi, x, r, slope, n);
        else apply<T, false>(phi, x, r, slope, n);
    }
    void operator()(const T *x, T *r, T *slope, int64_t n) const {
        switch (kind) {
            case TANH: return by(Tanh<T>{}, x, r, slope, n);
            case RELU: return by(Relu<T>{}, x, r, slope, n);
            case SOFTPLUS: return by(Softplus<T>{}, x, r, slope, n);
            case SIGMOID: return by(Sigmoid<T>{}, x, r, slope, n);
            default: {
#ifdef __AVX512F__
                if constexpr (sizeof(T) == sizeof(float))
                    if (pieces) {
                        const Pieces all(pieces);
                        return slope ? all.apply<true>(x, r, slope, n) : all.apply<false>(x, r, slope, n);
                    }
#endif
                const Table<T> table{pairs, T(low), T(per_unit), T(points - 1)};
                return slope ? table.template apply<true>(x, r, slope, n) : table.template apply<false>(x, r, slope, n);
            }
        }
    }
};

// ---------------------------------------------------------------- units and thin products

template <typename T> inline T dot(const T *__restrict a, const T *__restrict b, int64_t n) {
    T sum = T(0);
#pragma omp simd reduction(+ : sum)
    for (int64_t i = 0; i < n; ++i) sum += a[i] * b[i];
    return sum;
}

template <typename T> inline void add_scaled(T *__restrict to, const T *__restrict a, T by, int64_t n) {
#pragma omp simd
    for (int64_t i = 0; i < n; ++i) to[i] += by * a[i];
}

template <typename T> inline void multiply(T *__restrict to, const T *__restrict by, int64_t n) {
#pragma omp simd
    for (int64_t i = 0; i < n; ++i) to[i] *= by[i];
}

// K vectors of ``n`` numbers, ``stride`` apart: to += sum_k by_k a_k, in one pass for the usual K.
template <typename T, int K> inline void combine_fixed(T *__restrict to, const T *a, int64_t stride, const T *by, int64_t n) {
    T c[K];
    for (int k = 0; k < K; ++k) c[k] = by[k];
#pragma omp simd
    for (int64_t i = 0; i < n; ++i) {
        T sum = to[i];
        for (int k = 0; k < K; ++k) sum += c[k] * a[k * stride + i];
        to[i] = sum;
    }
}

template <typename T> inline void combine(T *to, const T *a, int64_t stride, const T *by, int64_t k, int64_t n) {
    switch (k) {
        case 1: return combine_fixed<T, 1>(to, a, stride, by, n);
        case 2: return combine_fixed<T, 2>(to, a, stride, by, n);
        case 3: return combine_fixed<T, 3>(to, a, stride, by, n);
        case 4: return combine_fixed<T, 4>(to, a, stride, by, n);
        default:
            for (int64_t j = 0; j < k; ++j) add_scaled(to, a + j * stride, by[j], n);
    }
}

// One register of numbers. A sum over units is held in several of them at a time, since one alone waits for itself.
#ifdef __AVX512F__
constexpr int64_t REGISTER = 64;  // bytes
#else
constexpr int64_t REGISTER = 32;
#endif
template <typename T> struct Wide {
    typedef T Vector __attribute__((vector_size(REGISTER)));
    static constexpr int64_t lanes = REGISTER / sizeof(T);

    static inline Vector load(const T *from) {
        Vector v;
        std::memcpy(&v, from, sizeof v);
        return v;
    }
    static inline T sum(const Vector &v) {
        T total = T(0);
        for (int64_t i = 0; i < lanes; ++i) total += v[i];
        return total;
    }
};

// sums[k] += a_k r for K rows ``stride`` apart, in one pass.
template <typename T, int K>
inline void add_dots_fixed(const T *r, const T *a, int64_t stride, int64_t n, T *sums) {
    using W = Wide<T>;
    typename W::Vector sum[K] = {};
    int64_t i = 0;
    for (; i + W::lanes <= n; i += W::lanes) {
        const typename W::Vector x = W::load(r + i);
        for (int k = 0; k < K; ++k) sum[k] += x * W::load(a + k * stride + i);
    }
    for (int k = 0; k < K; ++k) sums[k] += W::sum(sum[k]);
    for (; i < n; ++i)
        for (int k = 0; k < K; ++k) sums[k] += r[i] * a[k * stride + i];
}

template <typename T> inline void add_dots(const T *r, const T *a, int64_t stride, int64_t k, int64_t n, T *sums) {
    switch (k) {
        case 2: return add_dots_fixed<T, 2>(r, a, stride, n, sums);
        case 3: return add_dots_fixed<T, 3>(r, a, stride, n, sums);
        case 4: return add_dots_fixed<T, 4>(r, a, stride, n, sums);
        default:
            for (int64_t j = 0; j < k; ++j) sums[j] += dot(r, a + j * stride, n);
    }
}

// sums[k, l] += a_k diag(g) b_l for K rows each, in one pass.
template <typename T, int K>
inline void add_products_fixed(const T *g, const T *a, const T *b, int64_t stride, int64_t n, T *sums) {
    using W = Wide<T>;
    typename W::Vector sum[K * K] = {};
    int64_t i = 0;
    for (; i + W::lanes <= n; i += W::lanes) {
        const typename W::Vector x = W::load(g + i);
        for (int k = 0; k < K; ++k) {
            const typename W::Vector weighed = x * W::load(a + k * stride + i);
            for (int l = 0; l < K; ++l) sum[k * K + l] += weighed * W::load(b + l * stride + i);
        }
    }
    for (int m = 0; m < K * K; ++m) sums[m] += W::sum(sum[m]);
    for (; i < n; ++i)
        for (int k = 0; k < K; ++k)
            for (int l = 0; l < K; ++l) sums[k * K + l] += a[k * stride + i] * g[i] * b[l * stride + i];
}

// Frozen arrays by component, (component, unit); gain and scale may be null.
template <typename T> struct Units {
    int64_t units, components;
    const T *encoder, *decoder, *gain, *scale;
    Curve<T> curve;

    // Rates of ``n`` units from ``first`` on, and dr/dh if ``slope``; ``h`` is the total input and is overwritten.
    // ``by_gain`` and ``by_scale`` get dr by the gain, for which ``slope`` is needed, and by the scale; each may be null.
    void respond(T *h, T *r, T *slope, int64_t first, int64_t n, T *by_gain = nullptr, T *by_scale = nullptr) const {
        if (by_gain) std::memcpy(by_gain, h, n * sizeof(T));
        if (gain) multiply(h, gain + first, n);
        curve(h, r, slope, n);
        if (by_scale) std::memcpy(by_scale, r, n * sizeof(T));
        if (by_gain) multiply(by_gain, slope, n);
        if (by_gain && scale) multiply(by_gain, scale + first, n);
        if (scale) multiply(r, scale + first, n);
        if (slope && gain) multiply(slope, gain + first, n);
        if (slope && scale) multiply(slope, scale + first, n);
    }
};

// Where a caller wants more than D r: K x K of D diag(dr/dh) E; of every unit dr/dh, r, and dr by gain and scale. Each
// may be null.
template <typename T> struct Wanted {
    T *jacobian, *through, *rate, *by_gain, *by_scale;
};

template <typename T>
void add_jacobian(const Units<T> &u, const T *slope, int64_t first, int64_t n, T *jacobian) {
    const T *a = u.decoder + first, *b = u.encoder + first;
    switch (u.components) {
        case 1: return add_products_fixed<T, 1>(slope, a, b, u.units, n, jacobian);
        case 2: return add_products_fixed<T, 2>(slope, a, b, u.units, n, jacobian);
        case 3: return add_products_fixed<T, 3>(slope, a, b, u.units, n, jacobian);
        case 4: return add_products_fixed<T, 4>(slope, a, b, u.units, n, jacobian);
    }
    T weighed[BLOCK];
    for (int64_t k = 0; k < u.components; ++k) {
        std::memcpy(weighed, a + k * u.units, n * sizeof(T));
        multiply(weighed, slope, n);
        add_dots(weighed, b, u.units, u.components, n, jacobian + k * u.components);
    }
}

#ifdef __AVX512F__
// sums[k, l] += a_k diag(g) b_l for K rows each, in registers that are summed up later: most blocks are short.
template <int K>
inline void add_wide_products(const float *g, const float *a, const float *b, int64_t stride, int64_t n, __m512 *sums) {
    __m512 sum[K * K];
    for (int m = 0; m < K * K; ++m) sum[m] = sums[m];
    for (int64_t i = 0; i < n; i += 16) {
        const __mmask16 there = n - i < 16 ? __mmask16((1u << (n - i)) - 1) : __mmask16(0xffff);
        const __m512 x = _mm512_maskz_loadu_ps(there, g + i);
        __m512 by[K];
        for (int l = 0; l < K; ++l) by[l] = _mm512_maskz_loadu_ps(there, b + l * stride + i);
        for (int k = 0; k < K; ++k) {
            const __m512 weighed = _mm512_mul_ps(x, _mm512_maskz_loadu_ps(there, a + k * stride + i));
            for (int l = 0; l < K; ++l) sum[k * K + l] = _mm512_fmadd_ps(weighed, by[l], sum[k * K + l]);
        }
    }
    for (int m = 0; m < K * K; ++m) sums[m] = sum[m];
}

// made = D r(E fed + tonic) for K components of units with a curve in pieces: every number of a unit stays in a register.
template <int K, bool Slopes>
void decode_fixed(const Units<float> &u, const float *tonic, const float *noise, const float *fed, float *made,
                  const Wanted<float> &want) {
    const Pieces curve(u.curve.pieces);
    __m512 sum[K], in[K], products[K * K];
    float slopes[BLOCK];
    for (int k = 0; k < K; ++k) sum[k] = _mm512_setzero_ps(), in[k] = _mm512_set1_ps(fed[k]);
    for (int m = 0; m < K * K; ++m) products[m] = _mm512_setzero_ps();
    for (int64_t i = 0; i < u.units; i += 16) {
        const int64_t left = u.units - i;
        const __mmask16 there = left < 16 ? __mmask16((1u << left) - 1) : __mmask16(0xffff);
        __m512 h = _mm512_maskz_loadu_ps(there, tonic + i), slope;
        if (noise) h = _mm512_add_ps(h, _mm512_maskz_loadu_ps(there, noise + i));
        for (int k = 0; k < K; ++k) h = _mm512_fmadd_ps(in[k], _mm512_maskz_loadu_ps(there, u.encoder + k * u.units + i), h);
        const __m512 r = curve.template operator()<Slopes>(h, slope);
        for (int k = 0; k < K; ++k)
            sum[k] = _mm512_mask3_fmadd_ps(r, _mm512_maskz_loadu_ps(there, u.decoder + k * u.units + i), sum[k], there);
        if (want.rate) _mm512_mask_storeu_ps(want.rate + i, there, r);
        if (!Slopes) continue;
        if (want.through) _mm512_mask_storeu_ps(want.through + i, there, slope);
        if (!want.jacobian) continue;
        const int64_t begun = i % BLOCK;
        _mm512_mask_storeu_ps(slopes + begun, there, slope);
        if (begun + 16 == BLOCK || left <= 16)
            add_wide_products<K>(slopes, u.decoder + i - begun, u.encoder + i - begun, u.units,
                                 std::min(begun + 16, begun + left), products);
    }
    for (int k = 0; k < K; ++k) made[k] = _mm512_reduce_add_ps(sum[k]);
    if (Slopes && want.jacobian)
        for (int m = 0; m < K * K; ++m) want.jacobian[m] = _mm512_reduce_add_ps(products[m]);
}

inline bool decode_in_registers(const Units<float> &u, const float *tonic, const float *noise, const float *fed,
                                float *made, const Wanted<float> &want) {
    if (u.curve.kind != TABLE || !u.curve.pieces || u.gain || u.scale || want.by_gain || want.by_scale) return false;
    const bool sloped = want.jacobian || want.through;
    switch (u.components) {
#define TONIC_DECODE(K)                                                                                               \
    case K:                                                                                                           \
        sloped ? decode_fixed<K, true>(u, tonic, noise, fed, made, want)                                              \
               : decode_fixed<K, false>(u, tonic, noise, fed, made, want);                                            \
        return true;
        TONIC_DECODE(1)
        TONIC_DECODE(2)
        TONIC_DECODE(3)
        TONIC_DECODE(4)
#undef TONIC_DECODE
    }
    return false;
}
#endif

// made = D r(E fed + tonic), block by block.
template <typename T>
void decode(const Units<T> &u, const T *tonic, const T *noise, const T *fed, T *made, const Wanted<T> &want) {
#ifdef __AVX512F__
    if constexpr (sizeof(T) == sizeof(float))
        if (decode_in_registers(u, tonic, noise, fed, made, want)) return;
#endif
    T h[BLOCK], r[BLOCK], slope[BLOCK];
    const int64_t k = u.components;
    const bool sloped = want.jacobian || want.through || want.by_gain;
    std::fill(made, made + k, T(0));
    if (want.jacobian) std::fill(want.jacobian, want.jacobian + k * k, T(0));
    for (int64_t first = 0; first < u.units; first += BLOCK) {
        const int64_t n = std::min(BLOCK, u.units - first);
        std::memcpy(h, tonic + first, n * sizeof(T));
        if (noise) add_scaled(h, noise + first, T(1), n);
        combine(h, u.encoder + first, u.units, fed, k, n);
        u.respond(h, r, sloped ? slope : nullptr, first, n, want.by_gain ? want.by_gain + first : nullptr,
                  want.by_scale ? want.by_scale + first : nullptr);
        add_dots(r, u.decoder + first, u.units, k, n, made);
        if (want.jacobian) add_jacobian(u, slope, first, n, want.jacobian);
        if (want.through) std::memcpy(want.through + first, slope, n * sizeof(T));
        if (want.rate) std::memcpy(want.rate + first, r, n * sizeof(T));
    }
}

// ---------------------------------------------------------------- explicit Runge-Kutta

// ``stages`` is (count, count), strictly lower triangular.
struct Tableau {
    int64_t count;
    const double *stages, *weights;

    double node(int64_t i) const {
        double sum = 0;
        for (int64_t j = 0; j < i; ++j) sum += stages[i * count + j];
        return sum;
    }
};

// to = state + h sum_j by_j slopes_j.
template <typename T>
void advance(T *to, const T *state, double h, const double *by, int64_t count, const T *slopes, int64_t size) {
    std::memcpy(to, state, size * sizeof(T));
    for (int64_t j = 0; j < count; ++j)
        if (by[j] != 0) add_scaled(to, slopes + j * size, T(h * by[j]), size);
}

template <typename T> struct Steps {
    const Tableau &method;
    double h;
    int64_t size;
    std::vector<T> slopes, at;

    Steps(const Tableau &m, double step, int64_t n) : method(m), h(step), size(n), slopes(m.count * n), at(n) {}

    // One step in place; ``field(state, slope, stage)``. The first slope is taken as known if ``begun``.
    template <typename Field> void step(T *state, const Field &field, bool begun = false) {
        for (int64_t i = begun ? 1 : 0; i < method.count; ++i) {
            advance(at.data(), state, h, method.stages + i * method.count, i, slopes.data(), size);
            field(at.data(), slopes.data() + i * size, i);
        }
        advance(at.data(), state, h, method.weights, method.count, slopes.data(), size);
        std::memcpy(state, at.data(), size * sizeof(T));
    }
};

// ---------------------------------------------------------------- displacements

// Orthonormalise rows of V in order; ``grown`` gets the logarithms of their lengths. A row of length zero is
// replaced by a direction that is free, as a QR decomposition does.
template <typename T> T length_of(const T *v, int64_t n) { return std::sqrt(dot(v, v, n)); }

template <typename T> void take_away(T *v, const T *rows, int64_t count, int64_t n) {
    for (int twice = 0; twice < 2; ++twice)
        for (int64_t j = 0; j < count; ++j) add_scaled(v, rows + j * n, -dot(v, rows + j * n, n), n);
}

template <typename T> void renew(T *v, int64_t modes, int64_t n, T *grown) {
    for (int64_t m = 0; m < modes; ++m) {
        T *row = v + m * n;
        take_away(row, v, m, n);
        T length = length_of(row, n);
        grown[m] = std::log(length);
        for (int64_t free = 0; free < n && length == T(0); ++free) {
            row[free] = T(1);
            take_away(row, v, m, n);
            length = length_of(row, n);
            if (length < T(0.1)) std::fill(row, row + n, length = T(0));
        }
        for (int64_t i = 0; i < n; ++i) row[i] /= length;
    }
}

// ---------------------------------------------------------------- runs

struct Plan {
    int64_t trials, steps, every, dense, modes, renew;
    double h;
    Tableau method;
};

template <typename T> struct Arrays {
    const T *tonic;        // (unit,), or (trial, unit) if tonic_stride is the number of units
    int64_t tonic_stride;
    const T *inputs;       // (step, trial, component) or null: u, held during each step
    const T *noise;        // (step, trial, unit) or null: added to the total input, held during each step
    T *state;              // (trial, component): first state, overwritten by the last
    T *displacements;      // (trial, mode, component) or null: likewise
    T *kept;               // (trial, sample, component)
    T *grown;              // (trial, renewal, mode) or null
};

// The cubic through states and slopes at both ends of a step (Hermite).
template <typename T>
void between(const T *a, const T *da, const T *b, const T *db, double h, double s, int64_t n, T *to) {
    const double c = 1 - s;
    const T at_a = T((1 + 2 * s) * c * c), at_b = T(s * s * (3 - 2 * s)), slope_a = T(h * s * c * c), slope_b = T(-h * s * s * c);
    for (int64_t i = 0; i < n; ++i) to[i] = at_a * a[i] + at_b * b[i] + slope_a * da[i] + slope_b * db[i];
}

template <typename T> struct LowRank {
    const Units<T> &units;
    const T *tonic, *noise, *input;
    int64_t modes;
    T *fed, *jacobian;  // room for what enters the units, and for K x K

    // slope of z and of the displacements that lie behind it.
    void operator()(const T *state, T *slope, int64_t) const {
        const int64_t k = units.components;
        for (int64_t c = 0; c < k; ++c) fed[c] = input ? state[c] + input[c] : state[c];
        decode(units, tonic, noise, fed, slope, {modes ? jacobian : nullptr, nullptr, nullptr});
        for (int64_t c = 0; c < k; ++c) slope[c] -= state[c];
        for (int64_t m = 1; m <= modes; ++m)
            for (int64_t c = 0; c < k; ++c)
                slope[m * k + c] = dot(jacobian + c * k, state + m * k, k) - state[m * k + c];
    }
};

template <typename T> struct Trial {
    const Units<T> &units;
    const Plan &plan;
    const Arrays<T> &arrays;
    int64_t number, k, size;
    std::vector<T> state, before, slope, fed, jacobian;
    Steps<T> steps;

    Trial(const Units<T> &u, const Plan &p, const Arrays<T> &a, int64_t trial)
        : units(u), plan(p), arrays(a), number(trial), k(u.components), size(k * (1 + p.modes)), state(size), before(k),
          slope(k), fed(k), jacobian(k * k), steps(p.method, p.h, size) {}

    LowRank<T> field(int64_t step) {
        const int64_t row = step * plan.trials + number;
        return {units, arrays.tonic + number * arrays.tonic_stride,
                arrays.noise ? arrays.noise + row * units.units : nullptr,
                arrays.inputs ? arrays.inputs + row * k : nullptr, plan.modes, fed.data(), jacobian.data()};
    }

    void keep(int64_t sample, const T *z) const {
        if (sample % plan.every) return;
        const int64_t samples = 1 + plan.steps * plan.dense / plan.every;
        std::memcpy(arrays.kept + (number * samples + sample / plan.every) * k, z, k * sizeof(T));
    }

    void keep_between(int64_t step, const T *end_slope) {
        std::vector<T> z(k);
        for (int64_t m = 1; m < plan.dense; ++m) {
            between(before.data(), slope.data(), state.data(), end_slope, plan.h, double(m) / plan.dense, k, z.data());
            keep(step * plan.dense + m, z.data());
        }
    }

    void step(int64_t n, bool &begun) {
        const LowRank<T> now = field(n);
        std::copy_n(state.data(), k, before.data());
        steps.step(state.data(), now, begun);
        begun = false;
        if (plan.dense > 1) {
            std::copy_n(steps.slopes.data(), k, slope.data());
            now(state.data(), steps.slopes.data(), 0);
            keep_between(n, steps.slopes.data());
            begun = !arrays.inputs && !arrays.noise && !plan.modes;  // else the next step begins with another slope
        }
        keep((n + 1) * plan.dense, state.data());
    }

    void renew_after(int64_t n) {
        if (!plan.modes || (n + 1) % plan.renew) return;
        const int64_t renewals = plan.steps / plan.renew, row = number * renewals + n / plan.renew;
        renew(state.data() + k, plan.modes, k, arrays.grown + row * plan.modes);
    }

    void run() {
        T *first = arrays.state + number * k, *moved = arrays.displacements + number * plan.modes * k;
        std::copy_n(first, k, state.data());
        if (plan.modes) std::copy_n(moved, plan.modes * k, state.data() + k);
        keep(0, state.data());
        bool begun = false;
        for (int64_t n = 0; n < plan.steps; ++n) {
            step(n, begun);
            renew_after(n);
        }
        std::copy_n(state.data(), k, first);
        if (plan.modes) std::copy_n(state.data() + k, plan.modes * k, moved);
    }
};

// ---------------------------------------------------------------- windows, and their adjoint

template <typename T> struct Windows {
    int64_t windows, steps;
    double h;
    Tableau method;
    const T *tonic;
    const double *closed;  // (step,): the share of its own output that the network is fed
    const T *fed;          // (window, step, stage, component) or null: what is fed beside it
    T *states;             // (window, step + 1, component); the first is given
    int64_t every;         // one stage of a step in so many, the first among them, is kept in what follows
    T *jacobian;           // (window, step, kept stage, component, component) or null: D diag(dr/dh) E
    T *received;           // (window, step, kept stage, component) or null: closed z + fed
    T *through, *rate, *by_gain, *by_scale;  // (window, step, kept stage, unit) or null
};

template <typename T> void roll(const Units<T> &u, const Windows<T> &w) {
    const int64_t k = u.components, stages = w.method.count, kept = (stages + w.every - 1) / w.every;
    Steps<T> steps(w.method, w.h, k);
    std::vector<T> z(k), enters(k);
    for (int64_t window = 0; window < w.windows; ++window) {
        T *path = w.states + window * (w.steps + 1) * k;
        std::copy_n(path, k, z.data());
        for (int64_t n = 0; n < w.steps; ++n) {
            const T closed = T(w.closed[n]);
            steps.step(z.data(), [&](const T *y, T *slope, int64_t stage) {
                const int64_t number = window * w.steps + n, at = number * kept + stage / w.every;
                const T *fed = w.fed ? w.fed + (number * stages + stage) * k : nullptr;
                for (int64_t c = 0; c < k; ++c) enters[c] = closed * y[c] + (fed ? fed[c] : T(0));
                const bool wanted = stage % w.every == 0;
                const auto part = [&](T *all, int64_t each) { return all && wanted ? all + at * each : nullptr; };
                if (wanted && w.received) std::copy_n(enters.data(), k, w.received + at * k);
                decode(u, w.tonic, static_cast<const T *>(nullptr), enters.data(), slope,
                       {part(w.jacobian, k * k), part(w.through, u.units), part(w.rate, u.units),
                        part(w.by_gain, u.units), part(w.by_scale, u.units)});
                for (int64_t c = 0; c < k; ++c) slope[c] -= y[c];
            });
            std::copy_n(z.data(), k, path + (n + 1) * k);
        }
    }
}

template <typename T> struct Adjoint {
    int64_t windows, steps, components, rows;
    double h;
    Tableau method;
    const double *closed;
    const T *jacobian;         // of the windows
    const int64_t *last;       // (row,): the step that a row is of
    const T *begin;            // (row, component): derivative of the row in the state after that many steps
    T *kappa;                  // (window, row, step, stage, component): derivative in D r of every stage
    T *start;                  // (window, row, component): derivative in the first state
};

// One step backwards: ``a`` is the derivative in the state after it, and becomes that in the state before it.
template <typename T> void step_back(const Adjoint<T> &d, const T *jacobian, double closed, T *a, T *kappa, T *through) {
    const int64_t k = d.components, stages = d.method.count;
    for (int64_t i = stages - 1; i >= 0; --i) {
        T *own = kappa + i * k, *passed = through + i * k;
        for (int64_t c = 0; c < k; ++c) {
            T sum = T(d.h * d.method.weights[i]) * a[c];
            for (int64_t j = i + 1; j < stages; ++j) sum += T(d.h * d.method.stages[j * stages + i]) * through[j * k + c];
            own[c] = sum;
        }
        for (int64_t c = 0; c < k; ++c) {
            T sum = T(0);
            for (int64_t l = 0; l < k; ++l) sum += own[l] * jacobian[(i * k + l) * k + c];
            passed[c] = T(closed) * sum - own[c];
        }
    }
    for (int64_t i = 0; i < stages; ++i)
        for (int64_t c = 0; c < k; ++c) a[c] += through[i * k + c];
}

template <typename T> void sweep(const Adjoint<T> &d) {
    const int64_t k = d.components, stages = d.method.count, block = stages * k;
    std::vector<T> through(block);
    for (int64_t window = 0; window < d.windows; ++window)
        for (int64_t row = 0; row < d.rows; ++row) {
            T *a = d.start + (window * d.rows + row) * k, *kappa = d.kappa + (window * d.rows + row) * d.steps * block;
            std::copy_n(d.begin + row * k, k, a);
            std::fill(kappa + d.last[row] * block, kappa + d.steps * block, T(0));
            for (int64_t n = d.last[row] - 1; n >= 0; --n)
                step_back(d, d.jacobian + (window * d.steps + n) * block * k, d.closed[n], a, kappa + n * block,
                          through.data());
        }
}

// ---------------------------------------------------------------- rates

// r -> M r: dense rows, or rows of a sparse matrix (CSR) if ``starts`` is not null; and E D r if ``feedback``.
template <typename T> struct Synapses {
    const T *matrix;
    const int64_t *starts;
    const int32_t *places;
    int64_t feedback;
};

template <typename T> inline T sparse_dot(const Synapses<T> &s, const T *r, int64_t i) {
    T sum = T(0);
#pragma omp simd reduction(+ : sum)
    for (int64_t e = s.starts[i]; e < s.starts[i + 1]; ++e) sum += s.matrix[e] * r[s.places[e]];
    return sum;
}

template <typename T> inline void four_dots(const T *__restrict m, int64_t n, const T *__restrict r, T *to) {
    T a = 0, b = 0, c = 0, d = 0;
#pragma omp simd reduction(+ : a, b, c, d)
    for (int64_t j = 0; j < n; ++j) {
        a += m[j] * r[j];
        b += m[n + j] * r[j];
        c += m[2 * n + j] * r[j];
        d += m[3 * n + j] * r[j];
    }
    to[0] += a, to[1] += b, to[2] += c, to[3] += d;
}

// h += M r for all trials, so that each row of M is read once.
template <typename T> void couple(const Synapses<T> &s, const T *r, T *h, int64_t trials, int64_t n) {
    if (!s.matrix) return;
    const int64_t fours = s.starts ? 0 : n / 4 * 4;
    for (int64_t i = 0; i < fours; i += 4)
        for (int64_t t = 0; t < trials; ++t) four_dots(s.matrix + i * n, n, r + t * n, h + t * n + i);
    for (int64_t i = fours; i < n; ++i)
        for (int64_t t = 0; t < trials; ++t)
            h[t * n + i] += s.starts ? sparse_dot(s, r + t * n, i) : dot(s.matrix + i * n, r + t * n, n);
}

template <typename T> void output_of(const Units<T> &u, const T *r, T *z) {
    std::fill(z, z + u.components, T(0));
    add_dots(r, u.decoder, u.units, u.components, u.units, z);
}

template <typename T> struct RateField {
    const Units<T> &u;
    const Synapses<T> &s;
    const Plan &plan;
    const Arrays<T> &arrays;
    std::vector<T> &h, &z;
    int64_t step;

    void total_input(const T *r) const {
        const int64_t n = u.units, k = u.components;
        for (int64_t t = 0; t < plan.trials; ++t) {
            const int64_t row = step * plan.trials + t;
            T *own = h.data() + t * n;
            std::memcpy(own, arrays.tonic + t * arrays.tonic_stride, n * sizeof(T));
            if (arrays.noise) add_scaled(own, arrays.noise + row * n, T(1), n);
            if (arrays.inputs) combine(own, u.encoder, n, arrays.inputs + row * k, k, n);
            if (!s.feedback) continue;
            output_of(u, r + t * n, z.data());
            combine(own, u.encoder, n, z.data(), k, n);
        }
        couple(s, r, h.data(), plan.trials, n);
    }

    void operator()(const T *r, T *slope, int64_t) const {
        const int64_t n = u.units;
        total_input(r);
        for (int64_t t = 0; t < plan.trials; ++t)
            for (int64_t first = 0; first < n; first += BLOCK)
                u.respond(h.data() + t * n + first, slope + t * n + first, nullptr, first, std::min(BLOCK, n - first));
        add_scaled(slope, r, T(-1), plan.trials * n);
    }
};

template <typename T> struct RateRun {
    const Units<T> &u;
    const Plan &plan;
    const Arrays<T> &arrays;
    T *rates;  // (trial, sample, unit) or null

    void keep(int64_t step) const {
        if (step % plan.every) return;
        const int64_t samples = 1 + plan.steps / plan.every, n = u.units;
        for (int64_t t = 0; t < plan.trials; ++t) {
            const int64_t row = t * samples + step / plan.every;
            output_of(u, arrays.state + t * n, arrays.kept + row * u.components);
            if (rates) std::memcpy(rates + row * n, arrays.state + t * n, n * sizeof(T));
        }
    }

    void run(const Synapses<T> &s) const {
        std::vector<T> h(plan.trials * u.units), z(u.components);
        Steps<T> steps(plan.method, plan.h, plan.trials * u.units);
        keep(0);
        for (int64_t n = 0; n < plan.steps; ++n) {
            steps.step(arrays.state, RateField<T>{u, s, plan, arrays, h, z, n});
            keep(n + 1);
        }
    }
};

// ---------------------------------------------------------------- swaps of what two units have

// The error e = D r - y of a field at some states, and what it is made of.
template <typename T> struct Field {
    int64_t samples, components, rows;  // rows: whether units swap rows of E, not tonic inputs
    T *inputs, *rates;                  // (unit, sample): inputs without tonic ones
    T *error;                           // (component, sample)
    const T *weights;                   // (sample,)
    const T *decoder;                   // (unit, component)
    T *tonic;                           // (unit,)
    Curve<T> curve;

    // The rates of units i and j after a swap, at ``n`` states from ``first`` on, one behind the other in ``r``.
    void swapped(int64_t i, int64_t j, int64_t first, int64_t n, T *r) const {
        const T *own = inputs + i * samples + first, *other = inputs + j * samples + first;
        const T mine = tonic[i], theirs = tonic[j];
        T h[BLOCK];
        T *of_i = h, *of_j = h + n;
        if (rows) std::swap(of_i, of_j);  // unit i gets the input of j, and keeps its tonic one
        for (int64_t s = 0; s < n; ++s) of_i[s] = own[s] + theirs, of_j[s] = other[s] + mine;
        curve(h, r, nullptr, 2 * n);
    }

    // sum_s w (|e + D_i p + D_j q|^2 - |e|^2), where p and q are the changes of the rates of units i and j.
    double change(int64_t i, int64_t j) const {
        switch (components) {
            case 1: return change_of<1>(i, j);
            case 2: return change_of<2>(i, j);
            case 3: return change_of<3>(i, j);
            case 4: return change_of<4>(i, j);
            default: return change_of<0>(i, j);
        }
    }
    template <int K> double change_of(int64_t i, int64_t j) const {
        if (i == j) return 0;
        T r[BLOCK];
        double total = 0;
        for (int64_t first = 0; first < samples; first += BLOCK / 2) {
            const int64_t n = std::min(BLOCK / 2, samples - first);
            swapped(i, j, first, n, r);
            for (int64_t k = 0; k < components; k += K ? K : 1)
                total += bent<K ? K : 1>(i, j, k, first, n, r);
        }
        return total;
    }
    template <int K> T bent(int64_t i, int64_t j, int64_t k, int64_t first, int64_t n, const T *r) const {
        const T *w = weights + first, *e = error + k * samples + first;
        const T *own = rates + i * samples + first, *other = rates + j * samples + first;
        T a[K], b[K], sum = T(0);
        for (int l = 0; l < K; ++l) a[l] = decoder[i * components + k + l], b[l] = decoder[j * components + k + l];
#pragma omp simd reduction(+ : sum)
        for (int64_t s = 0; s < n; ++s) {
            const T p = r[s] - own[s], q = r[n + s] - other[s];
            T part = T(0);
            for (int l = 0; l < K; ++l) {
                const T step = a[l] * p + b[l] * q;
                part += step * (T(2) * e[l * samples + s] + step);
            }
            sum += w[s] * part;
        }
        return sum;
    }

    // Errors and rates after a swap, before tonic inputs have changed places.
    void swap(int64_t i, int64_t j) const {
        T r[BLOCK], step[BLOCK];
        for (int64_t first = 0; first < samples; first += BLOCK / 2) {
            const int64_t n = std::min(BLOCK / 2, samples - first);
            swapped(i, j, first, n, r);
            for (const int64_t unit : {i, j}) {
                const T *now = unit == i ? r : r + n;
                T *then = rates + unit * samples + first;
                for (int64_t s = 0; s < n; ++s) step[s] = now[s] - then[s];
                for (int64_t k = 0; k < components; ++k)
                    add_scaled(error + k * samples + first, step, decoder[unit * components + k], n);
                std::memcpy(then, now, n * sizeof(T));
            }
        }
        if (rows) std::swap_ranges(inputs + i * samples, inputs + (i + 1) * samples, inputs + j * samples);
    }
};

// Partners are compared at more and more states: those that are best at each level go on to the next one.
template <typename T> struct Search {
    int64_t units, levels;
    const Field<T> *fields;  // (level,): of more and more states, the last one of all
    const int64_t *left;     // (level,): how many partners are compared at each
    const int64_t *order;    // (unit,): of the sweep
    const int64_t *ring;     // (unit,): a unit looks at the first of those behind it
    double fall;             // of the loss, which a swap must bring
    int64_t *pairs;          // (unit, 2): the swaps that are made
};

template <typename T> std::pair<int64_t, double> best_partner(const Search<T> &search, int64_t unit, int64_t place) {
    std::vector<std::pair<double, int64_t>> found(search.left[0]);
    for (int64_t n = 0; n < search.left[0]; ++n) found[n].second = search.ring[(place + 1 + n) % search.units];
    for (int64_t level = 0; level < search.levels; ++level) {
        for (auto &one : found) {
            const double change = search.fields[level].change(unit, one.second);
            one.first = change == change ? change : HUGE_VAL;  // NaN has no place in an order
        }
        const int64_t kept = level + 1 < search.levels ? search.left[level + 1] : 1;
        std::nth_element(found.begin(), found.begin() + kept - 1, found.end());
        found.resize(kept);
    }
    return {found[0].second, found[0].first};
}

template <typename T> int64_t sweep_of_swaps(const Search<T> &search) {
    std::vector<int64_t> place(search.units);
    for (int64_t n = 0; n < search.units; ++n) place[search.ring[n]] = n;
    int64_t made = 0;
    for (int64_t n = 0; n < search.units; ++n) {
        const int64_t unit = search.order[n];
        const auto found = best_partner(search, unit, place[unit]);
        if (!(found.second < -search.fall)) continue;
        for (int64_t level = 0; level < search.levels; ++level) search.fields[level].swap(unit, found.first);
        if (!search.fields->rows) std::swap(search.fields->tonic[unit], search.fields->tonic[found.first]);
        search.pairs[2 * made] = unit, search.pairs[2 * made + 1] = found.first;
        ++made;
    }
    return made;
}

}  // namespace

// ---------------------------------------------------------------- the C interface, in both precisions

#define TONIC_FUNCTIONS(T, SUFFIX)                                                                                    \
    void tonic_elementwise_##SUFFIX(const Curve<T> *curve, const T *x, T *r, T *slope, int64_t n) {                   \
        Curve<T> exact = *curve;                                                                                      \
        exact.pieces = nullptr;                                                                                       \
        for (int64_t i = 0; i < n; i += BLOCK)                                                                        \
            exact(x + i, r + i, slope ? slope + i : nullptr, std::min(BLOCK, n - i));                              \
    }                                                                                                                 \
    void tonic_low_rank_##SUFFIX(const Units<T> *u, const Plan *plan, const Arrays<T> *arrays) {                      \
        for (int64_t t = 0; t < plan->trials; ++t) Trial<T>(*u, *plan, *arrays, t).run();                             \
    }                                                                                                                 \
    void tonic_rates_##SUFFIX(const Units<T> *u, const Synapses<T> *s, const Plan *plan, const Arrays<T> *arrays,     \
                              T *rates) {                                                                             \
        RateRun<T>{*u, *plan, *arrays, rates}.run(*s);                                                                \
    }                                                                                                                 \
    void tonic_windows_##SUFFIX(const Units<T> *u, const Windows<T> *windows) { roll(*u, *windows); }                 \
    void tonic_adjoint_##SUFFIX(const Adjoint<T> *adjoint) { sweep(*adjoint); }                                       \
    void tonic_swaps_##SUFFIX(const Search<T> *search, int64_t *made) { *made = sweep_of_swaps(*search); }

extern "C" {
TONIC_FUNCTIONS(double, float64)
TONIC_FUNCTIONS(float, float32)
}
