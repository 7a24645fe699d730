// The entry points of the frozen networks' kernels. The bodies stand in the headers.
#include "search.cuh"

#define CONVOLVE(NAME, PRODUCTS, TILE)                                                             \
  extern "C" __global__ void __launch_bounds__(TILE::THREADS) NAME(const ConvolutionArguments a) { \
    __shared__ __align__(128) char shared[TILE::SHARED_BYTES];                                     \
    convolve<PRODUCTS, TILE>(a, Team{}, blockIdx.x, blockIdx.y, blockIdx.z, shared);               \
  }

#define KERNELS(NAME, PRODUCTS)                                                              \
  CONVOLVE(convolve_##NAME##_wide, PRODUCTS, WideTile)                                       \
  CONVOLVE(convolve_##NAME##_square, PRODUCTS, SquareTile)                                   \
  CONVOLVE(convolve_##NAME##_narrow, PRODUCTS, NarrowTile)                                   \
  extern "C" __global__ void __launch_bounds__(ROW_THREADS)                                  \
      finish_##NAME(const ConvolutionArguments a) {                                          \
    finish_splits<PRODUCTS>(a, size_t(blockIdx.x) * ROW_THREADS + threadIdx.x);              \
  }                                                                                          \
  extern "C" __global__ void __launch_bounds__(ROW_THREADS) judge_##NAME(const JudgeArguments a) { \
    __shared__ float shared[ROW_THREADS];                                                    \
    judge<PRODUCTS>(a, Team{}, blockIdx.x, shared);                                          \
  }                                                                                          \
  extern "C" __global__ void __launch_bounds__(ROW_THREADS) step_##NAME(const StepArguments a) { \
    __shared__ float shared[ROW_THREADS];                                                    \
    step<PRODUCTS>(a, Team{}, blockIdx.x, shared);                                           \
  }

KERNELS(bf16, Bf16Products)
KERNELS(tf32, Tf32Products)
KERNELS(f32, F32Products)
