/* Learning by permutation at the published settings: y = offset + scale sum_i c_i max(d_i x + b_i, 0).

Adam on c, scale and offset, ``batch`` samples a step in a random order of each epoch, at rate * decay^epoch. Every
``every`` epochs each c takes the drawn number of the same rank; Adam keeps its moments. Compiled by published_ranks.py.
*/

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MOST 4096
#define BATCH 8

static const float FIRST = 0.9f, SECOND = 0.999f, FLOOR = 1e-8f;

static uint64_t next(uint64_t *state) { /* splitmix64 */
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static void shuffle(int *order, int count, uint64_t *state) {
    for (int i = count - 1; i > 0; i--) {
        int j = (int)(next(state) % (uint64_t)(i + 1)), held = order[i];
        order[i] = order[j];
        order[j] = held;
    }
}

static const float *compared;

static int rising(const void *a, const void *b) {
    float x = compared[*(const int *)a], y = compared[*(const int *)b];
    return (x > y) - (x < y);
}

/* Give each number the drawn one of its rank. */
static void rank(int units, float *numbers, const float *sorted) {
    static int order[MOST];
    for (int i = 0; i < units; i++) order[i] = i;
    compared = numbers;
    qsort(order, (size_t)units, sizeof(int), rising);
    for (int r = 0; r < units; r++) numbers[order[r]] = sorted[r];
}

static void moved(int count, float *values, float *mean, float *square, const float *gradient, float rate, float root) {
    for (int i = 0; i < count; i++) {
        float g = gradient[i];
        mean[i] += (1 - FIRST) * (g - mean[i]);
        square[i] += (1 - SECOND) * (g * g - square[i]);
        values[i] -= rate * mean[i] / (sqrtf(square[i]) * root + FLOOR);
    }
}

/* Learn in place: numbers (units), affine (scale, offset). */
void learn(int units, const float *direction, const float *place, int samples, const float *x, const float *y, int epochs,
           int every, double rate, double decay, uint64_t seed, const float *sorted, float *numbers, float *affine) {
    static float mean[MOST], square[MOST], by_number[MOST];
    float affine_mean[2] = {0}, affine_square[2] = {0};
    int *order = malloc((size_t)samples * sizeof(int));
    double first = 1, second = 1;
    memset(mean, 0, sizeof mean);
    memset(square, 0, sizeof square);
    for (int s = 0; s < samples; s++) order[s] = s;
    for (int epoch = 0; epoch < epochs; epoch++) {
        shuffle(order, samples, &seed);
        for (int at = 0; at + BATCH <= samples; at += BATCH) {
            float in[BATCH], wrong[BATCH], by_affine[2] = {0};
            memset(by_number, 0, (size_t)units * sizeof(float));
            for (int s = 0; s < BATCH; s++) {
                float made = 0;
                in[s] = x[order[at + s]];
                for (int i = 0; i < units; i++) made += numbers[i] * fmaxf(direction[i] * in[s] + place[i], 0);
                wrong[s] = 2.0f / BATCH * (affine[0] * made + affine[1] - y[order[at + s]]);
                by_affine[0] += wrong[s] * made;
                by_affine[1] += wrong[s];
            }
            for (int s = 0; s < BATCH; s++)
                for (int i = 0; i < units; i++)
                    by_number[i] += affine[0] * wrong[s] * fmaxf(direction[i] * in[s] + place[i], 0);
            first *= FIRST;
            second *= SECOND;
            float now = (float)(rate / (1 - first)), root = (float)(1 / sqrt(1 - second));
            moved(units, numbers, mean, square, by_number, now, root);
            moved(2, affine, affine_mean, affine_square, by_affine, now, root);
        }
        rate *= decay;
        if ((epoch + 1) % every == 0) rank(units, numbers, sorted);
    }
    free(order);
}
