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

#include "search.cuh"

struct Launch {
  char name[32];
  uint64_t grid[3];
  uint64_t arguments[20];
};

template <class Products, class Tile>
static void convolve_all(const Launch& launch) {
  ConvolutionArguments a;
  memcpy(&a, launch.arguments, sizeof a);
  alignas(128) static char shared[Tile::SHARED_BYTES];
  for (uint64_t z = 0; z < launch.grid[2]; ++z)
    for (uint64_t y = 0; y < launch.grid[1]; ++y)
      for (uint64_t x = 0; x < launch.grid[0]; ++x) {
        memset(shared, 0xff, sizeof shared); // NaN in every format
        Team team;
        team.threads = Tile::THREADS;
        convolve<Products, Tile>(a, team, int(x), int(y), int(z), shared);
      }
}

template <class Products>
static bool run(const Launch& launch, const std::string& kind) {
  float shared[ROW_THREADS];
  const auto arguments = [&](auto a) {
    memcpy(&a, launch.arguments, sizeof a);
    return a;
  };
  Team team;
  team.threads = ROW_THREADS;
  if (kind == "wide") return convolve_all<Products, WideTile>(launch), true;
  if (kind == "square") return convolve_all<Products, SquareTile>(launch), true;
  if (kind == "narrow") return convolve_all<Products, NarrowTile>(launch), true;
  for (uint64_t x = 0; x < launch.grid[0]; ++x) {
    if (kind == "finish") {
      const auto a = arguments(ConvolutionArguments{});
      for (int thread = 0; thread < ROW_THREADS; ++thread) finish_splits<Products>(a, x * ROW_THREADS + thread);
    } else if (kind == "judge") {
      judge<Products>(arguments(JudgeArguments{}), team, int(x), shared);
    } else if (kind == "step") {
      step<Products>(arguments(StepArguments{}), team, int(x), shared);
    } else {
      return false;
    }
  }
  return true;
}

static bool run(const Launch& launch) {
  // convolve_PRODUCTS_TILE, or KIND_PRODUCTS
  const std::string name(launch.name, strnlen(launch.name, sizeof launch.name));
  const size_t first = name.find('_'), second = name.find('_', first + 1);
  const std::string products = name.substr(first + 1, second == std::string::npos ? second : second - first - 1);
  const std::string kind = second == std::string::npos ? name.substr(0, first) : name.substr(second + 1);
  if (products == "bf16") return run<Bf16Products>(launch, kind);
  if (products == "tf32") return run<Tf32Products>(launch, kind);
  return products == "f32" && run<F32Products>(launch, kind);
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
