// Batch normalization in training and the rectifier behind it, forward and backward, on [image][channel][pixel].
//
//   y = rectify((x - mean) / deviation scale + shift)
//
// A channel is divided into parts, each of one block. The second kernel of each direction puts the parts'
// sums together, in order and in double precision, before it maps the values: equal arguments give equal bits.
#pragma once

#include "search.cuh"

struct BatchNormArguments {
  const float* x;
  const float* gradient; // behind the rectifier
  const float* scale;
  const float* shift;
  float* statistics; // [3][channel]: mean, biased variance, 1 / deviation
  float* partial;    // [channel][part][2]
  float* output;
  float* slopes; // [2][channel]: the gradients of shift and scale
  double epsilon;
  int count; // values of a channel: images times pixels
  int pixels, channels, parts, values_per_part;
  float slope;
  int reserved[16];
};
static_assert(sizeof(BatchNormArguments) == 160, "the host packs 20 words");

// Where a value of a channel is, by its number among all images' pixels.
CODE size_t value_at(const BatchNormArguments& a, int channel, int value) {
  return (size_t(value / a.pixels) * a.channels + channel) * a.pixels + value % a.pixels;
}

// Runs `work` on a thread's values of a part.
template <class Work>
CODE void each_value(const BatchNormArguments& a, int channel, int part, int thread, Work work) {
  const int first = part * a.values_per_part, left = a.count - first;
  const int len = left < a.values_per_part ? left : a.values_per_part;
  for (int i = thread; i < len; i += ROW_THREADS) work(value_at(a, channel, first + i));
}

CODE int values_of(const BatchNormArguments& a, int part) {
  const int left = a.count - part * a.values_per_part;
  return left < a.values_per_part ? left : a.values_per_part;
}

// A channel's map, and what lies before the rectifier.
struct ChannelMap {
  float mean, factor, shift;
  CODE float operator()(float x) const { return fmaf(x - mean, factor, shift); }
};

CODE ChannelMap channel_map(const BatchNormArguments& a, int channel, float mean, float inverse) {
  return ChannelMap{mean, inverse * a.scale[channel], a.shift[channel]};
}

CODE ChannelMap known_map(const BatchNormArguments& a, int channel) {
  return channel_map(a, channel, a.statistics[channel], a.statistics[2 * a.channels + channel]);
}

// Mean of a part, and the sum of squares around it. `shared` has ROW_THREADS.
template <class Team>
CODE void moments(const BatchNormArguments& a, const Team& team, int part, int channel, float* shared) {
  team.each([&](int thread) {
    float sum = 0.0f;
    each_value(a, channel, part, thread, [&](size_t at) { sum += a.x[at]; });
    shared[thread] = sum;
  });
  sum_up(team, shared);
  const float mean = shared[0] / float(values_of(a, part));
  team.barrier();
  team.each([&](int thread) {
    float squares = 0.0f;
    each_value(a, channel, part, thread, [&](size_t at) {
      const float apart = a.x[at] - mean;
      squares = fmaf(apart, apart, squares);
    });
    shared[thread] = squares;
  });
  sum_up(team, shared);
  team.each([&](int thread) {
    float* place = a.partial + (size_t(channel) * a.parts + part) * 2;
    if (thread == 0) place[0] = mean, place[1] = shared[0];
  });
}

// Mean and biased variance of a channel from those of its parts (Chan et al. 1979).
CODE void combine(const BatchNormArguments& a, int channel, double& mean, double& variance) {
  double squares = 0.0, count = 0.0;
  mean = 0.0;
  for (int part = 0; part < a.parts; ++part) {
    const float* place = a.partial + (size_t(channel) * a.parts + part) * 2;
    const double more = double(values_of(a, part)), apart = double(place[0]) - mean, total = count + more;
    mean += apart * more / total;
    squares += double(place[1]) + apart * apart * count * more / total;
    count = total;
  }
  variance = squares / count;
}

// The values of a part, normalized and rectified. The first part's block notes the statistics.
template <class Team>
CODE void normalize(const BatchNormArguments& a, const Team& team, int part, int channel, float* shared) {
  team.each([&](int thread) {
    if (thread != 0) return;
    double mean, variance;
    combine(a, channel, mean, variance);
    const double inverse = 1.0 / sqrt(variance + a.epsilon);
    shared[0] = float(mean), shared[1] = float(inverse);
    if (part == 0) {
      a.statistics[channel] = float(mean);
      a.statistics[a.channels + channel] = float(variance);
      a.statistics[2 * a.channels + channel] = float(inverse);
    }
  });
  team.barrier();
  const ChannelMap map = channel_map(a, channel, shared[0], shared[1]);
  team.each([&](int thread) {
    each_value(a, channel, part, thread, [&](size_t at) {
      const float v = map(a.x[at]);
      a.output[at] = v > 0.0f ? v : a.slope * v;
    });
  });
}

// Sums over a part of the gradient before the rectifier, and of its product with x - mean. `shared` has
// twice ROW_THREADS.
template <class Team>
CODE void sum_slopes(const BatchNormArguments& a, const Team& team, int part, int channel, float* shared) {
  const ChannelMap map = known_map(a, channel);
  team.each([&](int thread) {
    float plain = 0.0f, centered = 0.0f;
    each_value(a, channel, part, thread, [&](size_t at) {
      const float x = a.x[at], g = a.gradient[at] * (map(x) > 0.0f ? 1.0f : a.slope);
      plain += g;
      centered = fmaf(g, x - map.mean, centered);
    });
    shared[thread] = plain, shared[ROW_THREADS + thread] = centered;
  });
  sum_up(team, shared);
  sum_up(team, shared + ROW_THREADS);
  team.each([&](int thread) {
    float* place = a.partial + (size_t(channel) * a.parts + part) * 2;
    if (thread == 0) place[0] = shared[0], place[1] = shared[ROW_THREADS];
  });
}

// The gradient with respect to x of a part's values, through the statistics. The first part's block
// notes those of shift and scale.
template <class Team>
CODE void differentiate(const BatchNormArguments& a, const Team& team, int part, int channel, float* shared) {
  const float inverse = a.statistics[2 * a.channels + channel];
  team.each([&](int thread) {
    if (thread != 0) return;
    double plain = 0.0, centered = 0.0;
    for (int i = 0; i < a.parts; ++i) {
      const float* place = a.partial + (size_t(channel) * a.parts + i) * 2;
      plain += double(place[0]), centered += double(place[1]);
    }
    const double normalized = centered * double(inverse);
    shared[0] = float(plain / a.count);
    shared[1] = float(double(inverse) * double(inverse) * normalized / a.count * double(a.scale[channel]));
    if (part == 0) a.slopes[channel] = float(plain), a.slopes[a.channels + channel] = float(normalized);
  });
  team.barrier();
  const ChannelMap map = known_map(a, channel);
  const float mean = shared[0], slope = shared[1];
  team.each([&](int thread) {
    each_value(a, channel, part, thread, [&](size_t at) {
      const float x = a.x[at], g = a.gradient[at] * (map(x) > 0.0f ? 1.0f : a.slope);
      a.output[at] = (g - mean) * map.factor - (x - map.mean) * slope;
    });
  });
}
