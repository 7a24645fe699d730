// A convolution as a product of matrices whose left factor is gathered while it is multiplied.
//
//   out[row, column] = sum over taps and channels  in[pixel(row) + tap, channel] w[column, tap, channel]
//
// A row is an output pixel of a phase. Which pixels that are, and what their taps meet, are a few numbers
// (`ConvolutionArguments`); so one kernel serves a strided convolution, each of the four phases of a
// transposed one, both projections, and the gradients of all of these with respect to their inputs.
// Maps are [image, row, column, channel] with channels filled up to a multiple of 8 by zeros.
//
// Sums run over the taps and channels in one order whatever tiles and batch are: an image's results have
// the same bits in every batch.
#pragma once

#include "team.cuh"

// What happens to a sum. The values are those of `Epilogue` on the host's side.
enum Finish : int {
  RECTIFY = 0,        // max(v, slope v) of v plus its channel's shift, if there are shifts
  GATE = 1,           // v, times slope where the rectifier's output was not above 0
  TANH = 2,           // tanh v, also as an image in single precision
  IMAGE_GRADIENT = 3, // v plus the context loss's gradient, through tanh
};

enum Distance : int { ABSOLUTE = 0, SQUARED = 1 };

struct ConvolutionArguments {
  const char* input;
  const char* weights; // [phase][column][tap][channel]
  char* output;        // products' elements, or floats where `single`
  float* partial;      // [split][phase][row][column], where there are several splits
  const float* shift;  // [column], or nothing
  const char* gates;   // outputs of the rectifier, like the output
  float* images;       // [image][pixel][channel], written by TANH and read by IMAGE_GRADIENT
  const float* target;        // like images
  const float* pixel_weights; // [image][pixel]
  const float* scales;        // [image]
  int rows;      // of a phase: images times grid_side^2
  int grid_side; // pixels of a phase, by height and by width
  int in_side;
  int in_channels;
  int stride, base, taps_log2; // tap t of grid pixel i meets input pixel i stride + base + parity + t
  int columns;
  int phases; // 4: of parity (phase / 2, phase % 2); else 1, of parity 0
  int out_side, out_stride; // grid pixel i is output pixel i out_stride + parity
  int splits, steps_per_split;
  int finish, distance, single;
  float slope;
  int planes; // channels of an output [image][channel][pixel] of floats, or 0
  int plane_columns; // stored channels of its pixels
  int reserved[1];
};
static_assert(sizeof(ConvolutionArguments) == 160, "the host packs 20 words");

// Chunks of a row of a tile in shared memory.
constexpr int CHUNKS = 4;
constexpr int STAGES = 3;

// A chunk's place in a tile, such that the rows of a fragment lie in different banks.
CODE int tile_offset(int row, int chunk) { return (row * CHUNKS + (chunk ^ ((row >> 1) & (CHUNKS - 1)))) * CHUNK; }

// `M` x `N` sums of a block by warps of `WM` x `WN`.
template <int M_, int N_, int WM_, int WN_>
struct TileOf {
  static constexpr int M = M_, N = N_, WM = WM_, WN = WN_;
  static constexpr int WARPS_ACROSS = N / WN;
  static constexpr int THREADS = (M / WM) * WARPS_ACROSS * LANES;
  static constexpr int ROWS_AT_ONCE = THREADS / CHUNKS;
  static constexpr int ROWS_EACH = M / ROWS_AT_ONCE;
  static constexpr int COLUMNS_EACH = (N + ROWS_AT_ONCE - 1) / ROWS_AT_ONCE;
  static constexpr int STAGE_BYTES = (M + N) * CHUNKS * CHUNK;
  static constexpr int SHARED_BYTES = STAGES * STAGE_BYTES;
  static_assert(M % ROWS_AT_ONCE == 0 && WM % 16 == 0 && WN % 8 == 0, "whole fragments");
  static_assert(SHARED_BYTES <= 48 * 1024, "what a block has without asking");
};
using WideTile = TileOf<128, 128, 64, 32>;
using SquareTile = TileOf<64, 64, 32, 32>;
using NarrowTile = TileOf<128, 8, 32, 8>;

// A block's part of the work: one tile of one phase, over some of the depth.
struct Block {
  int first_row, first_column, phase, split, first_step, steps;

  template <class Products, class Tile>
  static CODE Block at(const ConvolutionArguments& a, int x, int y, int z) {
    Block block;
    block.first_row = x * Tile::M, block.first_column = y * Tile::N;
    block.phase = z / a.splits, block.split = z % a.splits;
    const int chunks = (a.in_channels << (2 * a.taps_log2)) * int(sizeof(typename Products::Element)) / CHUNK;
    const int all = (chunks + CHUNKS - 1) / CHUNKS;
    block.first_step = block.split * a.steps_per_split;
    const int left = all - block.first_step;
    block.steps = left < 0 ? 0 : left < a.steps_per_split ? left : a.steps_per_split;
    return block;
  }
};

// What a thread keeps: which rows it fetches for, where in the depth it is, and its sums.
template <class Products, class Tile>
struct ConvolutionThread {
  int image[Tile::ROWS_EACH]; // its first pixel, or -1 where there is no such row
  int y[Tile::ROWS_EACH], x[Tile::ROWS_EACH];
  int tap, chunk;
  float sums[Tile::WM / 16][Tile::WN / 8][4];

  static CODE int chunks_of_tap(const ConvolutionArguments& a) {
    return a.in_channels * int(sizeof(typename Products::Element)) / CHUNK;
  }

  CODE void begin(const ConvolutionArguments& a, const Block& block, int thread) {
    const int area = a.grid_side * a.grid_side;
    const int parity_y = block.phase >> 1, parity_x = block.phase & 1;
    UNROLL for (int i = 0; i < Tile::ROWS_EACH; ++i) {
      const int row = block.first_row + thread / CHUNKS + i * Tile::ROWS_AT_ONCE;
      const int within = row % area;
      image[i] = row < a.rows ? row / area * a.in_side * a.in_side : -1;
      y[i] = within / a.grid_side * a.stride + a.base + parity_y;
      x[i] = within % a.grid_side * a.stride + a.base + parity_x;
    }
    const int first = block.first_step * CHUNKS + thread % CHUNKS;
    tap = first / chunks_of_tap(a);
    chunk = first % chunks_of_tap(a);
    UNROLL for (int m = 0; m < Tile::WM / 16; ++m)
      UNROLL for (int n = 0; n < Tile::WN / 8; ++n)
        UNROLL for (int i = 0; i < 4; ++i) sums[m][n][i] = 0.0f;
  }

  // Fetches this thread's chunks of a step, and moves on to the next.
  template <class Team>
  CODE void fetch(const Team& team, const ConvolutionArguments& a, const Block& block, int thread, char* shared) {
    const int per_tap = chunks_of_tap(a);
    const int taps = 1 << a.taps_log2;
    const bool within = tap < taps * taps;
    const int tap_y = tap >> a.taps_log2, tap_x = tap & (taps - 1);
    UNROLL for (int i = 0; i < Tile::ROWS_EACH; ++i) {
      const int row = y[i] + tap_y, column = x[i] + tap_x;
      const bool exists = within && image[i] >= 0 && unsigned(row) < unsigned(a.in_side) &&
                          unsigned(column) < unsigned(a.in_side);
      const size_t pixel = exists ? size_t(image[i] + row * a.in_side + column) : 0;
      const char* source = a.input + (pixel * per_tap + (exists ? chunk : 0)) * CHUNK;
      team.fetch(shared + tile_offset(thread / CHUNKS + i * Tile::ROWS_AT_ONCE, thread % CHUNKS), source, exists);
    }
    shared += Tile::M * CHUNKS * CHUNK;
    UNROLL for (int i = 0; i < Tile::COLUMNS_EACH; ++i) {
      const int inside = thread / CHUNKS + i * Tile::ROWS_AT_ONCE;
      if (Tile::N % Tile::ROWS_AT_ONCE != 0 && inside >= Tile::N) break;
      const int column = block.first_column + inside;
      const bool exists = within && column < a.columns;
      const size_t at = exists ? (size_t(block.phase * a.columns + column) * (taps * taps) + tap) * per_tap + chunk : 0;
      team.fetch(shared + tile_offset(inside, thread % CHUNKS), a.weights + at * CHUNK, exists);
    }
    for (chunk += CHUNKS; chunk >= per_tap; chunk -= per_tap) ++tap;
  }
};

// sums += the product of a stage's two tiles, for a warp.
template <class Products, class Tile, class Threads>
CODE void multiply(const Warp& warp, int index, Threads& threads, const char* left, const char* right) {
  constexpr int ROWS = Tile::WM / 16, COLUMNS = Tile::WN / 8;
  const int first_row = index / Tile::WARPS_ACROSS * Tile::WM, first_column = index % Tile::WARPS_ACROSS * Tile::WN;
  if constexpr (Products::ON_TENSOR_CORES) {
    UNROLL for (int step = 0; step < CHUNKS / 2; ++step) {
      Warp::Fragment a[ROWS], b[(COLUMNS + 1) / 2];
      UNROLL for (int m = 0; m < ROWS; ++m)
        warp.matrices(a[m], left, [=](int lane) {
          return tile_offset(first_row + 16 * m + lane % 16, 2 * step + lane / 16);
        });
      UNROLL for (int n = 0; n < (COLUMNS + 1) / 2; ++n)
        warp.matrices(b[n], right, [=](int lane) {
          const int pair = COLUMNS > 1 ? 8 * (lane / 16) : 0;
          return tile_offset(first_column + 16 * n + pair + lane % 8, 2 * step + lane / 8 % 2);
        });
      UNROLL for (int m = 0; m < ROWS; ++m)
        UNROLL for (int n = 0; n < COLUMNS; ++n)
          warp.template multiply<Products>(threads, m, n, a[m], b[n / 2], n % 2 * 2);
    }
  } else {
    UNROLL for (int chunk = 0; chunk < CHUNKS; ++chunk) {
      Warp::Fragment b[COLUMNS][2];
      UNROLL for (int n = 0; n < COLUMNS; ++n)
        UNROLL for (int i = 0; i < 2; ++i)
          warp.vectors(b[n][i], right, [=](int lane) {
            return tile_offset(first_column + 8 * n + 2 * (lane % 4) + i, chunk);
          });
      UNROLL for (int m = 0; m < ROWS; ++m)
        UNROLL for (int i = 0; i < 2; ++i) {
          Warp::Fragment a;
          warp.vectors(a, left, [=](int lane) { return tile_offset(first_row + 16 * m + 8 * i + lane / 4, chunk); });
          UNROLL for (int n = 0; n < COLUMNS; ++n)
            UNROLL for (int j = 0; j < 2; ++j) warp.add_products(threads, m, n, 2 * i + j, a, b[n][j]);
        }
    }
  }
}

// The derivative of the weighted context loss by an image's value.
CODE float context_slope(const ConvolutionArguments& a, size_t pixel, int image, float x, float target) {
  const float weight = a.pixel_weights[pixel];
  if (!(weight > 0.0f)) return 0.0f; // What the hole holds is not read.
  const float apart = x - target;
  const float slope = a.distance == SQUARED ? 2.0f * apart : float(apart > 0.0f) - float(apart < 0.0f);
  return a.scales[image] * weight * slope;
}

// Stores a sum among planes: those of added channels have none.
CODE void store_in_plane(const ConvolutionArguments& a, int image, int pixel, int column, float value) {
  const int channel = column % a.plane_columns;
  if (channel >= a.planes) return;
  const int of_column = a.columns / a.plane_columns; // pixels: 16 in a projection upward
  const size_t area = size_t(a.out_side) * a.out_side * of_column;
  const size_t plane = size_t(image) * a.planes + channel;
  reinterpret_cast<float*>(a.output)[plane * area + pixel * of_column + column / a.plane_columns] = value;
}

// Finishes the sums of two neighboring channels and stores them.
template <class Products>
CODE void finish_pair(const ConvolutionArguments& a, int phase, int row, int column, float first, float second) {
  using Element = typename Products::Element;
  const int area = a.grid_side * a.grid_side;
  const int image = row / area, within = row % area;
  const int out_y = within / a.grid_side * a.out_stride + (phase >> 1);
  const int out_x = within % a.grid_side * a.out_stride + (phase & 1);
  const size_t pixel = size_t(image * a.out_side + out_y) * a.out_side + out_x;
  const size_t at = pixel * a.columns + column;
  float v[2] = {first, second};
  UNROLL for (int i = 0; i < 2; ++i) {
    switch (a.finish) {
      case RECTIFY:
        if (a.shift) v[i] += a.shift[column + i];
        v[i] = v[i] > 0.0f ? v[i] : v[i] * a.slope;
        break;
      case GATE:
        if (!(widen(reinterpret_cast<const Element*>(a.gates)[at + i]) > 0.0f)) v[i] *= a.slope;
        break;
      case TANH:
        v[i] = tanhf(v[i]);
        break;
      default: {
        const float x = a.images[at + i];
        v[i] = (v[i] + context_slope(a, pixel, image, x, a.target[at + i])) * (1.0f - x * x);
      }
    }
  }
  if (a.finish == TANH) store_pair(a.images + at, v[0], v[1]);
  if (a.planes) {
    const int inside = out_y * a.out_side + out_x;
    UNROLL for (int i = 0; i < 2; ++i) store_in_plane(a, image, inside, column + i, v[i]);
  } else if (a.single)
    store_pair(reinterpret_cast<float*>(a.output) + at, v[0], v[1]);
  else
    store_pair(reinterpret_cast<Element*>(a.output) + at, Products::narrow(v[0]), Products::narrow(v[1]));
}

// Finishes a block's sums, 16 rows of every row of warps at a time: by way of shared memory, so that
// neighbors in a thread's registers become neighbors in memory, and the long code stands once.
template <class Products, class Tile, class Team, class Threads>
CODE void finish_block(const ConvolutionArguments& a, const Team& team, const Block& block, Threads& threads, float* shared) {
  constexpr int PITCH = Tile::N + 8; // rows of a fragment begin in different banks
  constexpr int ROWS = Tile::M / Tile::WM * 16, PAIRS = Tile::N / 2;
  static_assert(ROWS * PITCH * int(sizeof(float)) <= Tile::SHARED_BYTES, "the stages' memory is reused");
  const bool along_rows = a.planes && a.splits == 1; // Neighbors in memory are pixels, not channels.
  UNROLL for (int m = 0; m < Tile::WM / 16; ++m) {
    team.barrier(); // Nobody reads any more what is overwritten.
    team.each([&](int thread) {
      const int warp = thread / LANES, lane = thread % LANES;
      const int column = warp % Tile::WARPS_ACROSS * Tile::WN + lane % 4 * 2;
      UNROLL for (int half = 0; half < 2; ++half)
        UNROLL for (int n = 0; n < Tile::WN / 8; ++n) {
          const int row = warp / Tile::WARPS_ACROSS * 16 + 8 * half + lane / 4;
          const float* sums = threads[thread].sums[m][n] + 2 * half;
          store_pair(shared + row * PITCH + column + 8 * n, sums[0], sums[1]);
        }
    });
    team.barrier();
    team.each([&](int thread) {
      KEEP_ROLLED for (int index = thread; index < ROWS * PAIRS; index += Tile::THREADS) {
        const int strip = along_rows ? index % ROWS : index / PAIRS;
        const int place = (along_rows ? index / ROWS : index % PAIRS) * 2;
        const int row = block.first_row + strip / 16 * Tile::WM + 16 * m + strip % 16;
        const int column = block.first_column + place;
        if (row >= a.rows || column >= a.columns) continue;
        const float* sums = shared + strip * PITCH + place;
        if (a.splits > 1) {
          const size_t part = size_t(block.split * a.phases + block.phase) * a.rows + row;
          store_pair(a.partial + part * a.columns + column, sums[0], sums[1]);
        } else {
          finish_pair<Products>(a, block.phase, row, column, sums[0], sums[1]);
        }
      }
    });
  }
}

// All of a block's work. `shared` has Tile::SHARED_BYTES, aligned to 128.
template <class Products, class Tile, class Team>
CODE void convolve(const ConvolutionArguments& a, const Team& team, int x, int y, int z, char* shared) {
  const Block block = Block::at<Products, Tile>(a, x, y, z);
  Each<ConvolutionThread<Products, Tile>> threads;
  const auto fetch = [&](int step) {
    char* stage = shared + step % STAGES * Tile::STAGE_BYTES;
    if (step < block.steps) team.each([&](int thread) { threads[thread].fetch(team, a, block, thread, stage); });
    team.fetched();
  };
  team.each([&](int thread) { threads[thread].begin(a, block, thread); });
  for (int step = 0; step < STAGES - 1; ++step) fetch(step);
  for (int step = 0; step < block.steps; ++step) {
    team.template arrived<STAGES - 2>();
    // Everybody's chunks are there, and nobody reads the stage any more that is fetched into next.
    team.barrier();
    fetch(step + STAGES - 1);
    const char* stage = shared + step % STAGES * Tile::STAGE_BYTES;
    team.each_warp([&](const Warp& warp, int index) {
      multiply<Products, Tile>(warp, index, threads, stage, stage + Tile::M * CHUNKS * CHUNK);
    });
  }
  finish_block<Products, Tile>(a, team, block, threads, reinterpret_cast<float*>(shared));
}

// The pair of channels `index` of a convolution in several splits; of no convolution where splits are 0.
template <class Products>
CODE void finish_splits(const ConvolutionArguments& a, size_t index) {
  const int pairs = a.columns / 2;
  const size_t row_of_all = index / pairs; // phase by phase
  if (row_of_all >= size_t(a.phases) * a.rows) return;
  const int column = int(index % pairs) * 2;
  float first = 0.0f, second = 0.0f;
  for (int split = 0; split < a.splits; ++split) {
    const float* part = a.partial + ((size_t(split) * a.phases * a.rows + row_of_all) * a.columns + column);
    first += part[0], second += part[1];
  }
  finish_pair<Products>(a, int(row_of_all / a.rows), int(row_of_all % a.rows), column, first, second);
}
