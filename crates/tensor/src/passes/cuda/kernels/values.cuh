// Operations of training that treat every value alike: rectifier, moving average, Adam.
#pragma once

#include "numbers.cuh"

struct ValuesArguments {
  float* output;
  const float* input;
  const float* result; // of the rectifier, for its gradient
  float* first;        // moments of Adam
  float* second;
  int count;
  float slope; // of the rectifier
  float keep, take;
  float keep_second, take_second;
  float step_size, root_factor, epsilon;
  int reserved[21];
};
static_assert(sizeof(ValuesArguments) == 160, "the host packs 20 words");

CODE void rectify(const ValuesArguments& a, size_t i) {
  const float x = a.input[i];
  a.output[i] = x > 0.0f ? x : a.slope * x;
}

CODE void gate(const ValuesArguments& a, size_t i) {
  a.output[i] = a.result[i] > 0.0f ? a.input[i] : a.slope * a.input[i];
}

CODE void average(const ValuesArguments& a, size_t i) {
  a.output[i] = a.keep * a.output[i] + a.take * a.input[i];
}

CODE void adam(const ValuesArguments& a, size_t i) {
  const float g = a.input[i];
  const float m = a.keep * a.first[i] + a.take * g;
  const float v = a.keep_second * a.second[i] + a.take_second * (g * g);
  a.first[i] = m, a.second[i] = v;
  a.output[i] -= a.step_size * m / (sqrtf(v) * a.root_factor + a.epsilon);
}
