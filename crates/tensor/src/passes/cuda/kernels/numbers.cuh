// Numbers that maps are stored in and multiplied as.
//
// Everything here compiles twice: by nvcc for a GPU, and by any C++ compiler for the host, where the
// same code is run one thread after another to test its arithmetic (emulator.cpp).
#pragma once

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __CUDACC__
#define CODE __device__ __forceinline__
#define UNROLL _Pragma("unroll")
#define KEEP_ROLLED _Pragma("unroll 1")
#else
#define CODE inline
#define UNROLL
#define KEEP_ROLLED
#endif

// The upper half of a float: 8 significant bits.
struct Bf16 {
  uint16_t bits;
};

CODE uint32_t bits_of(float value) {
#ifdef __CUDACC__
  return __float_as_uint(value);
#else
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
#endif
}

CODE float float_of(uint32_t bits) {
#ifdef __CUDACC__
  return __uint_as_float(bits);
#else
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
#endif
}

// To nearest, ties to even.
CODE Bf16 to_bf16(float value) {
#ifdef __CUDACC__
  Bf16 rounded;
  asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(rounded.bits) : "f"(value));
  return rounded;
#else
  const uint32_t bits = bits_of(value);
  if (value != value) return Bf16{0x7fff};
  return Bf16{uint16_t((bits + 0x7fff + ((bits >> 16) & 1)) >> 16)};
#endif
}

// To nearest, ties away from zero: 11 significant bits.
CODE float to_tf32(float value) {
#ifdef __CUDACC__
  uint32_t rounded;
  asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(rounded) : "f"(value));
  return float_of(rounded);
#else
  const uint32_t bits = bits_of(value);
  if ((bits & 0x7f800000) == 0x7f800000) return value;
  return float_of((bits + 0x1000) & 0xffffe000);
#endif
}

CODE float widen(Bf16 value) { return float_of(uint32_t(value.bits) << 16); }
CODE float widen(float value) { return value; }

// The three kinds of products. `Element` is what maps and weights are stored as.
struct Bf16Products {
  using Element = Bf16;
  static constexpr bool ON_TENSOR_CORES = true;
  static CODE Element narrow(float value) { return to_bf16(value); }
};

struct Tf32Products {
  using Element = float;
  static constexpr bool ON_TENSOR_CORES = true;
  static CODE Element narrow(float value) { return to_tf32(value); }
};

struct F32Products {
  using Element = float;
  static constexpr bool ON_TENSOR_CORES = false;
  static CODE Element narrow(float value) { return value; }
};

// Two neighbors in memory, the first at an even index.
CODE void store_pair(float* place, float first, float second) {
#ifdef __CUDACC__
  *reinterpret_cast<float2*>(place) = make_float2(first, second);
#else
  place[0] = first, place[1] = second;
#endif
}

CODE void store_pair(Bf16* place, Bf16 first, Bf16 second) {
#ifdef __CUDACC__
  *reinterpret_cast<uint32_t*>(place) = uint32_t(first.bits) | uint32_t(second.bits) << 16;
#else
  place[0] = first, place[1] = second;
#endif
}
