// Runs the kernels on the host, one thread after another: a program that tests compile.
//
//   emulator INPUT OUTPUT
//
// INPUT is, in 64-bit little-endian words: address and length of the memory, number of launches; for each
// launch a name in 4 words, the grid's three sides and 20 words of arguments; then the memory. It is put to
// its address, so that pointers among the arguments hold, and OUTPUT receives it after the last launch.
#include <stdio.h>
#include <sys/mman.h>

#include <string>

#include "batch_norm.cuh"
#include "layout.cuh"
#include "values.cuh"
#include "weight_gradient.cuh"

struct Launch {
  char name[32];
  uint64_t grid[3];
  uint64_t arguments[20];
};

// Runs `body` on the arguments and on every block, in an order that changes from launch to launch.
template <class Arguments, class Body>
static bool blocks(const Launch& launch, Body body) {
  Arguments a;
  memcpy(&a, launch.arguments, sizeof a);
  static bool backward = false;
  backward = !backward;
  const uint64_t count = launch.grid[0] * launch.grid[1] * launch.grid[2];
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t block = backward ? count - 1 - i : i;
    body(a, int(block % launch.grid[0]), int(block / launch.grid[0] % launch.grid[1]),
         int(block / launch.grid[0] / launch.grid[1]));
  }
  return true;
}

// The same with a team and shared memory for each block, which holds NaN at first.
template <int THREADS, int BYTES, class Arguments, class Body>
static bool teams(const Launch& launch, Body body) {
  alignas(128) static char shared[BYTES];
  return blocks<Arguments>(launch, [&](const Arguments& a, int x, int y, int z) {
    memset(shared, 0xff, sizeof shared);
    Team team;
    team.threads = THREADS;
    body(a, team, x, y, z, shared);
  });
}

// The same with a number for each thread.
template <class Arguments, class Body>
static bool numbers(const Launch& launch, Body body) {
  return blocks<Arguments>(launch, [&](const Arguments& a, int x, int, int) {
    for (int thread = 0; thread < ROW_THREADS; ++thread) body(a, size_t(x) * ROW_THREADS + thread);
  });
}

template <class Products, class Tile>
static bool convolve_all(const Launch& launch) {
  return teams<Tile::THREADS, Tile::SHARED_BYTES, ConvolutionArguments>(
      launch, [](const auto& a, const Team& team, int x, int y, int z, char* shared) {
        convolve<Products, Tile>(a, team, x, y, z, shared);
      });
}

template <class Tile>
static bool correlate_all(const Launch& launch) {
  return teams<Tile::THREADS, Tile::SHARED_BYTES, GradientArguments>(
      launch, [](const auto& a, const Team& team, int x, int y, int z, char* shared) {
        correlate<Tile>(a, team, x, y, z, shared);
      });
}

// Kernels with blocks of ROW_THREADS, which take floats as shared memory.
template <class Arguments, class Body>
static bool rows(const Launch& launch, Body body) {
  return teams<ROW_THREADS, 2 * ROW_THREADS * int(sizeof(float)), Arguments>(
      launch, [&](const Arguments& a, const Team& team, int x, int y, int, char* shared) {
        body(a, team, x, y, reinterpret_cast<float*>(shared));
      });
}

template <class Products>
static bool run_in(const Launch& launch, const std::string& kind) {
  if (kind == "convolve_wide") return convolve_all<Products, WideTile>(launch);
  if (kind == "convolve_square") return convolve_all<Products, SquareTile>(launch);
  if (kind == "convolve_narrow") return convolve_all<Products, NarrowTile>(launch);
  if (kind == "correlate_wide") return correlate_all<WideDepthTile<Products>>(launch);
  if (kind == "correlate_square") return correlate_all<SquareDepthTile<Products>>(launch);
  if (kind == "finish")
    return numbers<ConvolutionArguments>(launch, [](const auto& a, size_t i) { finish_splits<Products>(a, i); });
  if (kind == "pack") return numbers<PackArguments>(launch, [](const auto& a, size_t i) { pack<Products>(a, i); });
  if (kind == "judge")
    return rows<JudgeArguments>(launch, [](const auto& a, const Team& team, int x, int, float* shared) {
      judge<Products>(a, team, x, shared);
    });
  if (kind == "step")
    return rows<StepArguments>(launch, [](const auto& a, const Team& team, int x, int, float* shared) {
      step<Products>(a, team, x, shared);
    });
  if (kind == "arrange")
    return teams<PATCH_THREADS, PATCH * PATCH_PITCH * int(sizeof(float)), ArrangeArguments>(
        launch, [](const auto& a, const Team& team, int x, int y, int z, char* shared) {
          arrange<Products>(a, team, x, y, z, reinterpret_cast<float*>(shared));
        });
  return false;
}

// Kernels that know single precision alone.
static bool run_single(const Launch& launch, const std::string& kind) {
#define PARTS(NAME, BODY) \
  if (kind == NAME)       \
    return rows<BatchNormArguments>(launch, [](const auto& a, const Team& team, int x, int y, float* shared) { BODY(a, team, x, y, shared); });
#define VALUES(BODY)   \
  if (kind == #BODY)   \
    return numbers<ValuesArguments>(launch, [](const auto& a, size_t i) { if (i < size_t(a.count)) BODY(a, i); });
  PARTS("moments", moments)
  PARTS("normalize", normalize)
  PARTS("slopes", sum_slopes)
  PARTS("differentiate", differentiate)
  VALUES(rectify)
  VALUES(gate)
  VALUES(average)
  VALUES(adam)
  if (kind == "collect") return numbers<GradientArguments>(launch, [](const auto& a, size_t i) { collect(a, i); });
  return false;
}

static bool run(const Launch& launch) {
  // KIND_PRODUCTS, or KIND_PRODUCTS_TILE
  const std::string name(launch.name, strnlen(launch.name, sizeof launch.name));
  const size_t first = name.find('_'), second = name.find('_', first + 1);
  if (first == std::string::npos) return false;
  const bool tiled = second != std::string::npos;
  const std::string products = name.substr(first + 1, tiled ? second - first - 1 : second);
  const std::string kind = name.substr(0, first) + (tiled ? name.substr(second) : "");
  if (products == "bf16") return run_in<Bf16Products>(launch, kind);
  if (products == "tf32") return run_in<Tf32Products>(launch, kind);
  return products == "f32" && (run_in<F32Products>(launch, kind) || run_single(launch, kind));
}

static int fail(const char* what) {
  fprintf(stderr, "emulator: %s\n", what);
  return 1;
}

int main(int count, char** paths) {
  if (count != 3) return fail("two files, please: INPUT and OUTPUT");
  FILE* input = fopen(paths[1], "rb");
  uint64_t head[3];
  if (!input || fread(head, sizeof head, 1, input) != 1) return fail("the input cannot be read");
  std::vector<Launch> launches(head[2]);
  if (head[2] && fread(launches.data(), sizeof(Launch), head[2], input) != head[2]) return fail("launches are missing");
  void* const place = reinterpret_cast<void*>(head[0]);
  void* const memory = mmap(place, head[1], PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory != place) return fail("the memory's address is taken");
  if (fread(memory, 1, head[1], input) != head[1]) return fail("memory is missing");
  fclose(input);
  for (const Launch& launch : launches)
    if (!run(launch)) return fail((std::string("no kernel ") + std::string(launch.name, sizeof launch.name)).c_str());
  FILE* output = fopen(paths[2], "wb");
  if (!output || fwrite(memory, 1, head[1], output) != head[1] || fclose(output)) return fail("the output cannot be written");
  return 0;
}
