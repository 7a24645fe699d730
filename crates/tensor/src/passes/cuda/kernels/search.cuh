// What a search does beside its networks: losses, the best latents so far, the move of the latents.
// One block for each row (an image and a restart), so that all sums have one order.
#pragma once

#include "convolution.cuh"

constexpr int ROW_THREADS = 256;

enum PriorForm : int { NO_PRIOR = 0, LOG_ONE_MINUS_D = 1, MINUS_LOG_D = 2 };
enum Optimizer : int { ADAM = 0, NESTEROV = 1 };
enum Constraint : int { FREE = 0, CLIP = 1, SPHERE = 2 };

struct JudgeArguments {
  const float* images; // [row][pixel][channel]
  const float* target;
  const float* pixel_weights;
  const float* scales;
  const float* logits;  // [row][8], the first of each
  char* logit_gradient; // likewise, elements
  const float* z;       // [row][stored_latent]
  float* losses;        // [row][2]: context and prior
  double* best;         // [row]: the lowest objective so far
  float* best_losses;
  float* best_z;
  int* state; // updates counted from 1, and 1 where an objective was not finite
  double prior_weight;
  double latent_scale; // of the squared length of z in the objective
  int pixels, channels, stored_channels, stored_latent;
  int distance, prior, rows;
  int reserved[5];
};
static_assert(sizeof(JudgeArguments) == 160, "the host packs 20 words");

struct StepArguments {
  const float* gradient; // [row][stored_latent]
  float* z;
  float* first;
  float* second;
  char* input;        // z as elements
  const float* rates; // [update][2]: step size, and what the root of the second moment is multiplied by
  const int* state;
  int rows, latent, stored_latent, updates;
  int optimizer, constraint;
  float momentum, bound, latent_slope;
  int reserved[17];
};
static_assert(sizeof(StepArguments) == 160, "the host packs 20 words");

// shared[0] = the sum of shared[0..ROW_THREADS], always in the same order.
template <class Team>
CODE void sum_up(const Team& team, float* shared) {
  for (int half = ROW_THREADS / 2; half > 0; half /= 2) {
    team.barrier();
    team.each([&](int thread) {
      if (thread < half) shared[thread] += shared[thread + half];
    });
  }
  team.barrier();
}

CODE float softplus(float x) { return fmaxf(x, 0.0f) + log1pf(expf(-fabsf(x))); }
CODE float sigmoid(float x) { return 1.0f / (1.0f + expf(-x)); }

// The losses of a row once its sum and the squared length of its latent are known: by one thread. Answers whether it is the row's best so far.
template <class Products>
CODE bool note(const JudgeArguments& a, int row, float sum, float squares) {
  const float context = a.scales[row] * sum;
  float prior = 0.0f;
  if (a.prior != NO_PRIOR) {
    const float logit = a.logits[row * 8];
    const bool minus_log = a.prior == MINUS_LOG_D;
    prior = minus_log ? softplus(-logit) : -softplus(logit);
    const float slope = minus_log ? -sigmoid(-logit) : -sigmoid(logit);
    auto* gradient = reinterpret_cast<typename Products::Element*>(a.logit_gradient) + row * 8;
    for (int i = 0; i < 8; ++i) gradient[i] = Products::narrow(i == 0 ? float(a.prior_weight) * slope : 0.0f);
  }
  a.losses[2 * row] = context, a.losses[2 * row + 1] = prior;
  double objective = double(context) + a.prior_weight * double(prior);
  if (a.latent_scale != 0.0) objective += a.latent_scale * double(squares);
  if (row == 0) a.state[0] += 1;
  if (!(fabs(objective) < INFINITY)) a.state[1] = 1;
  if (!(objective < a.best[row])) return false;
  a.best[row] = objective;
  a.best_losses[2 * row] = context, a.best_losses[2 * row + 1] = prior;
  return true;
}

// shared[0] = the squared length of a row's latent.
template <class Team>
CODE void sum_squares(const JudgeArguments& a, const Team& team, int row, float* shared) {
  const float* z = a.z + size_t(row) * a.stored_latent;
  team.each([&](int thread) {
    float squares = 0.0f;
    for (int i = thread; i < a.stored_latent; i += ROW_THREADS) squares += z[i] * z[i];
    shared[thread] = squares;
  });
  sum_up(team, shared);
}

template <class Products, class Team>
CODE void judge(const JudgeArguments& a, const Team& team, int row, float* shared) {
  team.each([&](int thread) {
    float sum = 0.0f;
    for (int pixel = thread; pixel < a.pixels; pixel += ROW_THREADS) {
      const size_t place = size_t(row) * a.pixels + pixel;
      const float weight = a.pixel_weights[place];
      if (!(weight > 0.0f)) continue;
      for (int channel = 0; channel < a.channels; ++channel) {
        const float apart = a.images[place * a.stored_channels + channel] - a.target[place * a.stored_channels + channel];
        sum += weight * (a.distance == SQUARED ? apart * apart : fabsf(apart));
      }
    }
    shared[thread] = sum;
  });
  sum_up(team, shared);
  const float sum = shared[0];
  if (a.latent_scale != 0.0) {
    team.barrier();
    sum_squares(a, team, row, shared);
  }
  team.each([&](int thread) {
    if (thread == 0) shared[1] = note<Products>(a, row, sum, shared[0]) ? 1.0f : 0.0f;
  });
  team.barrier();
  team.each([&](int thread) {
    const size_t first = size_t(row) * a.stored_latent;
    if (shared[1] != 0.0f)
      for (int i = thread; i < a.stored_latent; i += ROW_THREADS) a.best_z[first + i] = a.z[first + i];
  });
}

// One coordinate of z after an update.
CODE float moved(const StepArguments& a, size_t at, int update) {
  const float step = a.rates[2 * update], root = a.rates[2 * update + 1];
  float z = a.z[at], g = a.gradient[at];
  if (a.latent_slope != 0.0f) g += a.latent_slope * z;
  if (a.optimizer == ADAM) {
    const float m = 0.9f * a.first[at] + (1.0f - 0.9f) * g;
    const float v = 0.999f * a.second[at] + (1.0f - 0.999f) * g * g;
    a.first[at] = m, a.second[at] = v;
    z -= step * m / (sqrtf(v) * root + 1e-8f);
  } else {
    const float before = a.first[at], velocity = a.momentum * before - step * g;
    a.first[at] = velocity;
    z += (1.0f + a.momentum) * velocity - a.momentum * before;
  }
  // Comparisons, not fminf: NaN must stay NaN.
  if (a.constraint != CLIP) return z;
  return z < -a.bound ? -a.bound : z > a.bound ? a.bound : z;
}

template <class Products, class Team>
CODE void step(const StepArguments& a, const Team& team, int row, float* shared) {
  using Element = typename Products::Element;
  const size_t first = size_t(row) * a.stored_latent;
  const int update = a.state[0] - 1 < a.updates ? a.state[0] - 1 : a.updates - 1;
  team.each([&](int thread) {
    float squares = 0.0f;
    for (int i = thread; i < a.latent; i += ROW_THREADS) {
      const float z = moved(a, first + i, update);
      a.z[first + i] = z;
      squares += z * z;
    }
    shared[thread] = squares;
  });
  sum_up(team, shared);
  team.each([&](int thread) {
    const float scale = a.constraint == SPHERE ? sqrtf(float(a.latent)) / fmaxf(sqrtf(shared[0]), 1.17549435e-38f) : 1.0f;
    for (int i = thread; i < a.latent; i += ROW_THREADS) {
      const float z = a.z[first + i] * scale;
      a.z[first + i] = z;
      reinterpret_cast<Element*>(a.input)[first + i] = Products::narrow(z);
    }
  });
}
