// The entry points of the kernels. The bodies stand in the headers.
#include "batch_norm.cuh"
#include "layout.cuh"
#include "values.cuh"
#include "weight_gradient.cuh"

#define KERNEL(THREADS, NAME, ARGUMENTS) \
  extern "C" __global__ void __launch_bounds__(THREADS) NAME(const ARGUMENTS a)

#define CONVOLVE(NAME, PRODUCTS, TILE)                                               \
  KERNEL(TILE::THREADS, NAME, ConvolutionArguments) {                                \
    __shared__ __align__(128) char shared[TILE::SHARED_BYTES];                       \
    convolve<PRODUCTS, TILE>(a, Team{}, blockIdx.x, blockIdx.y, blockIdx.z, shared); \
  }

#define CORRELATE(NAME, TILE)                                               \
  KERNEL(TILE::THREADS, NAME, GradientArguments) {                          \
    __shared__ __align__(128) char shared[TILE::SHARED_BYTES];              \
    correlate<TILE>(a, Team{}, blockIdx.x, blockIdx.y, blockIdx.z, shared); \
  }

#define KERNELS(NAME, PRODUCTS)                                                     \
  CONVOLVE(convolve_##NAME##_wide, PRODUCTS, WideTile)                              \
  CONVOLVE(convolve_##NAME##_square, PRODUCTS, SquareTile)                          \
  CONVOLVE(convolve_##NAME##_narrow, PRODUCTS, NarrowTile)                          \
  CORRELATE(correlate_##NAME##_wide, WideDepthTile<PRODUCTS>)                       \
  CORRELATE(correlate_##NAME##_square, SquareDepthTile<PRODUCTS>)                   \
  KERNEL(ROW_THREADS, finish_##NAME, ConvolutionArguments) {                        \
    finish_splits<PRODUCTS>(a, size_t(blockIdx.x) * ROW_THREADS + threadIdx.x);     \
  }                                                                                 \
  KERNEL(ROW_THREADS, judge_##NAME, JudgeArguments) {                               \
    __shared__ float shared[ROW_THREADS];                                           \
    judge<PRODUCTS>(a, Team{}, blockIdx.x, shared);                                 \
  }                                                                                 \
  KERNEL(ROW_THREADS, step_##NAME, StepArguments) {                                 \
    __shared__ float shared[ROW_THREADS];                                           \
    step<PRODUCTS>(a, Team{}, blockIdx.x, shared);                                  \
  }                                                                                 \
  KERNEL(PATCH_THREADS, arrange_##NAME, ArrangeArguments) {                         \
    __shared__ float shared[PATCH * PATCH_PITCH];                                   \
    arrange<PRODUCTS>(a, Team{}, blockIdx.x, blockIdx.y, blockIdx.z, shared);       \
  }                                                                                 \
  KERNEL(ROW_THREADS, pack_##NAME, PackArguments) {                                 \
    pack<PRODUCTS>(a, size_t(blockIdx.x) * ROW_THREADS + threadIdx.x);              \
  }

KERNELS(bf16, Bf16Products)
KERNELS(tf32, Tf32Products)
KERNELS(f32, F32Products)

KERNEL(ROW_THREADS, collect_f32, GradientArguments) {
  collect(a, size_t(blockIdx.x) * ROW_THREADS + threadIdx.x);
}

#define OF_PARTS(NAME, BODY)                          \
  KERNEL(ROW_THREADS, NAME, BatchNormArguments) {     \
    __shared__ float shared[2 * ROW_THREADS];         \
    BODY(a, Team{}, blockIdx.x, blockIdx.y, shared);  \
  }

OF_PARTS(moments_f32, moments)
OF_PARTS(normalize_f32, normalize)
OF_PARTS(slopes_f32, sum_slopes)
OF_PARTS(differentiate_f32, differentiate)

#define OF_VALUES(NAME, BODY)                                       \
  KERNEL(ROW_THREADS, NAME, ValuesArguments) {                      \
    const size_t i = size_t(blockIdx.x) * ROW_THREADS + threadIdx.x; \
    if (i < size_t(a.count)) BODY(a, i);                            \
  }

OF_VALUES(rectify_f32, rectify)
OF_VALUES(gate_f32, gate)
OF_VALUES(average_f32, average)
OF_VALUES(adam_f32, adam)
