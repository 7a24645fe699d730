// The gradient of a convolution with respect to its weights: a product of matrices whose depth are the
// pixels of the coarse map.
//
//   out[row, column] = sum over images and pixels k  coarse[k, row] fine[pixel(k) + tap(column), channel(column)]
//
// A row is a channel of the coarse map, a column a tap and a channel of the fine one. Both maps are read as
// they lie, a pixel's channels together, so a step of the depth is some pixels, and a tile in shared memory
// has a row for each of them. Sums are split over blocks in parts that are added up in order by `collect`:
// equal arguments give equal bits.
#pragma once

#include "convolution.cuh"

struct GradientArguments {
  const char* coarse; // [image][pixel][row], elements
  const char* fine;   // [image][row][column][channel], elements
  float* partial;     // [split][row][column]
  float* weights;     // [coarse channel][fine channel][4][4]
  int depth;          // images times coarse_side^2
  int rows;           // stored channels of the coarse map
  int columns;        // 16 times the stored channels of the fine map
  int coarse_side, fine_side;
  int stride, base; // tap t of coarse pixel i meets fine pixel i stride + base + t
  int splits, steps_per_split;
  int coarse_channels, fine_channels;
  int reserved[21];
};
static_assert(sizeof(GradientArguments) == 160, "the host packs 20 words");

// SIDE x SIDE sums of a block by warps of WM x WN; a step of the depth is 64 bytes of each row.
template <class Products_, int SIDE_, int WM_, int WN_>
struct DepthTile {
  using Products = Products_;
  using Element = typename Products::Element;
  static constexpr int SIDE = SIDE_, WM = WM_, WN = WN_;
  static constexpr int WARPS_ACROSS = SIDE / WN;
  static constexpr int THREADS = SIDE / WM * WARPS_ACROSS * LANES;
  static constexpr int PIXELS = 64 / int(sizeof(Element));
  static constexpr int ROW_CHUNKS = SIDE * int(sizeof(Element)) / CHUNK;
  static constexpr int PIXELS_AT_ONCE = THREADS / ROW_CHUNKS;
  static constexpr int PIXELS_EACH = PIXELS / PIXELS_AT_ONCE;
  static constexpr int MATRIX_BYTES = PIXELS * ROW_CHUNKS * CHUNK;
  static constexpr int STAGE_BYTES = 2 * MATRIX_BYTES;
  static constexpr int SHARED_BYTES = STAGES * STAGE_BYTES;
  static_assert(PIXELS % PIXELS_AT_ONCE == 0 && ROW_CHUNKS >= 8, "whole rows of chunks");
  static_assert(SHARED_BYTES <= 48 * 1024, "what a block has without asking");

  // A chunk's place, such that what a warp reads together lies in different banks.
  static CODE int offset(int pixel, int chunk) {
    const int exchanged = sizeof(Element) == 2 ? pixel & 7 : 2 * (pixel & 3);
    return (pixel * ROW_CHUNKS + (chunk ^ exchanged)) * CHUNK;
  }
  // The place of a number of 4 bytes.
  static CODE int place(int pixel, int channel) { return offset(pixel, channel / 4) + channel % 4 * 4; }
};
template <class Products>
using WideDepthTile = DepthTile<Products, 128, 64, 32>;
template <class Products>
using SquareDepthTile = DepthTile<Products, 64, 32, 32>;

// What a thread keeps: the pixels and channels that it fetches, and its sums.
template <class Tile>
struct GradientThread {
  int position[Tile::PIXELS_EACH]; // in the depth
  int image[Tile::PIXELS_EACH], y[Tile::PIXELS_EACH], x[Tile::PIXELS_EACH];
  int row_chunk, column_chunk, tap_y, tap_x; // chunks are -1 where the tile passes the border
  float sums[Tile::WM / 16][Tile::WN / 8][4];

  static CODE int chunks(int channels) { return channels * int(sizeof(typename Tile::Element)) / CHUNK; }

  CODE void begin(const GradientArguments& a, int first_row, int first_column, int first_step, int thread) {
    const int side = a.coarse_side, chunk = thread % Tile::ROW_CHUNKS;
    UNROLL for (int i = 0; i < Tile::PIXELS_EACH; ++i) {
      position[i] = first_step * Tile::PIXELS + thread / Tile::ROW_CHUNKS + i * Tile::PIXELS_AT_ONCE;
      image[i] = position[i] / (side * side);
      y[i] = position[i] / side % side, x[i] = position[i] % side;
    }
    row_chunk = chunks(first_row) + chunk;
    if (row_chunk >= chunks(a.rows)) row_chunk = -1;
    const int of_tap = chunks(a.columns / 16), column = chunks(first_column) + chunk;
    const int tap = column / of_tap;
    column_chunk = tap < 16 ? column % of_tap : -1;
    tap_y = tap / 4, tap_x = tap % 4;
    UNROLL for (int m = 0; m < Tile::WM / 16; ++m)
      UNROLL for (int n = 0; n < Tile::WN / 8; ++n)
        UNROLL for (int i = 0; i < 4; ++i) sums[m][n][i] = 0.0f;
  }

  // Fetches this thread's chunks of a step, and moves on to the next.
  template <class Team>
  CODE void fetch(const Team& team, const GradientArguments& a, int thread, char* shared) {
    const int side = a.coarse_side, of_row = chunks(a.rows), of_tap = chunks(a.columns / 16);
    const int move_x = Tile::PIXELS % side, move_y = Tile::PIXELS / side % side, move_image = Tile::PIXELS / (side * side);
    UNROLL for (int i = 0; i < Tile::PIXELS_EACH; ++i) {
      const int at = Tile::offset(thread / Tile::ROW_CHUNKS + i * Tile::PIXELS_AT_ONCE, thread % Tile::ROW_CHUNKS);
      const bool within = position[i] < a.depth, has_row = within && row_chunk >= 0;
      const size_t coarse = has_row ? size_t(position[i]) * of_row + row_chunk : 0;
      team.fetch(shared + at, a.coarse + coarse * CHUNK, has_row);
      const int fine_y = y[i] * a.stride + a.base + tap_y, fine_x = x[i] * a.stride + a.base + tap_x;
      const bool meets = within && column_chunk >= 0 && unsigned(fine_y) < unsigned(a.fine_side) &&
                         unsigned(fine_x) < unsigned(a.fine_side);
      const size_t pixel = meets ? (size_t(image[i]) * a.fine_side + fine_y) * a.fine_side + fine_x : 0;
      team.fetch(shared + Tile::MATRIX_BYTES + at, a.fine + (pixel * of_tap + (meets ? column_chunk : 0)) * CHUNK, meets);
      position[i] += Tile::PIXELS;
      x[i] += move_x, y[i] += move_y, image[i] += move_image;
      if (x[i] >= side) x[i] -= side, ++y[i];
      if (y[i] >= side) y[i] -= side, ++image[i];
    }
  }
};

// sums += the product of a stage's two matrices, for a warp.
template <class Tile, class Threads>
CODE void multiply_pixels(const Warp& warp, int index, Threads& threads, const char* left, const char* right) {
  using Products = typename Tile::Products;
  constexpr int ROWS = Tile::WM / 16, COLUMNS = Tile::WN / 8;
  const int first_row = index / Tile::WARPS_ACROSS * Tile::WM, first_column = index % Tile::WARPS_ACROSS * Tile::WN;
  constexpr int TOGETHER = !Products::ON_TENSOR_CORES ? 1 : sizeof(typename Tile::Element) == 2 ? 16 : 8;
  UNROLL for (int k = 0; k < Tile::PIXELS; k += TOGETHER) {
    Warp::Fragment a[ROWS], b[COLUMNS / 2];
    if constexpr (TOGETHER == 16) {
      UNROLL for (int m = 0; m < ROWS; ++m)
        warp.transposed(a[m], left, [=](int lane) {
          return Tile::offset(k + lane / 16 * 8 + lane % 8, (first_row + 16 * m) / 8 + lane / 8 % 2);
        });
      UNROLL for (int n = 0; n < COLUMNS / 2; ++n)
        warp.transposed(b[n], right, [=](int lane) {
          return Tile::offset(k + lane / 8 % 2 * 8 + lane % 8, (first_column + 16 * n) / 8 + lane / 16);
        });
    } else {
      UNROLL for (int m = 0; m < ROWS; ++m)
        UNROLL for (int i = 0; i < (TOGETHER == 8 ? 4 : 2); ++i)
          warp.scalars(a[m], i, left, [=](int lane) {
            const int pixel = TOGETHER == 8 ? lane % 4 + i / 2 * 4 : 0;
            return Tile::place(k + pixel, first_row + 16 * m + i % 2 * 8 + lane / 4);
          });
      UNROLL for (int n = 0; n < COLUMNS; ++n)
        UNROLL for (int i = 0; i < 2; ++i)
          warp.scalars(b[n / 2], n % 2 * 2 + i, right, [=](int lane) {
            return TOGETHER == 8 ? Tile::place(k + lane % 4 + 4 * i, first_column + 8 * n + lane / 4)
                                 : Tile::place(k, first_column + 8 * n + lane % 4 * 2 + i);
          });
    }
    UNROLL for (int m = 0; m < ROWS; ++m)
      UNROLL for (int n = 0; n < COLUMNS; ++n) {
        if constexpr (Products::ON_TENSOR_CORES) {
          warp.template multiply<Products>(threads, m, n, a[m], b[n / 2], n % 2 * 2);
        } else {
          UNROLL for (int sum = 0; sum < 4; ++sum)
            warp.add_product(threads, m, n, sum, a[m], sum / 2, b[n / 2], n % 2 * 2 + sum % 2);
        }
      }
  }
}

// All of a block's work. `shared` has Tile::SHARED_BYTES, aligned to 128.
template <class Tile, class Team>
CODE void correlate(const GradientArguments& a, const Team& team, int block_x, int block_y, int split, char* shared) {
  const int first_row = block_x * Tile::SIDE, first_column = block_y * Tile::SIDE;
  const int all = (a.depth + Tile::PIXELS - 1) / Tile::PIXELS, first_step = split * a.steps_per_split;
  const int left = all - first_step, steps = left < a.steps_per_split ? left : a.steps_per_split;
  Each<GradientThread<Tile>> threads;
  const auto fetch = [&](int step) {
    char* stage = shared + step % STAGES * Tile::STAGE_BYTES;
    if (step < steps) team.each([&](int thread) { threads[thread].fetch(team, a, thread, stage); });
    team.fetched();
  };
  team.each([&](int thread) { threads[thread].begin(a, first_row, first_column, first_step, thread); });
  for (int step = 0; step < STAGES - 1; ++step) fetch(step);
  for (int step = 0; step < steps; ++step) {
    team.template arrived<STAGES - 2>();
    // Everybody's chunks are there, and nobody reads the stage any more that is fetched into next.
    team.barrier();
    fetch(step + STAGES - 1);
    const char* stage = shared + step % STAGES * Tile::STAGE_BYTES;
    team.each_warp([&](const Warp& warp, int index) {
      multiply_pixels<Tile>(warp, index, threads, stage, stage + Tile::MATRIX_BYTES);
    });
  }
  team.each([&](int thread) {
    const int warp = thread / LANES, lane = thread % LANES;
    const int row = first_row + warp / Tile::WARPS_ACROSS * Tile::WM + lane / 4;
    const int column = first_column + warp % Tile::WARPS_ACROSS * Tile::WN + lane % 4 * 2;
    UNROLL for (int m = 0; m < Tile::WM / 16; ++m)
      UNROLL for (int n = 0; n < Tile::WN / 8; ++n)
        UNROLL for (int half = 0; half < 2; ++half) {
          const int at_row = row + 16 * m + 8 * half, at_column = column + 8 * n;
          if (at_row >= a.rows || at_column >= a.columns) continue;
          const float* sums = threads[thread].sums[m][n] + 2 * half;
          store_pair(a.partial + (size_t(split) * a.rows + at_row) * a.columns + at_column, sums[0], sums[1]);
        }
  });
}

// A row of the kernel of a pair of channels: the sum of all parts, in the weights' order.
CODE void collect(const GradientArguments& a, size_t index) {
  const int fine = int(index % a.fine_channels), tap_row = int(index / a.fine_channels % 4);
  const int coarse = int(index / a.fine_channels / 4);
  if (coarse >= a.coarse_channels) return;
  float sums[4] = {};
  for (int split = 0; split < a.splits; ++split) {
    const float* part = a.partial + (size_t(split) * a.rows + coarse) * a.columns + fine;
    UNROLL for (int i = 0; i < 4; ++i) sums[i] += part[(4 * tap_row + i) * (a.columns / 16)];
  }
  float* weights = a.weights + ((size_t(coarse) * a.fine_channels + fine) * 4 + tap_row) * 4;
  store_pair(weights, sums[0], sums[1]);
  store_pair(weights + 2, sums[2], sums[3]);
}
