// What training does before a product: maps and weights of candle's tensors, in the order and the
// numbers that products take.
#pragma once

#include "team.cuh"

// Pixels and channels that a block rearranges, by 256 threads.
constexpr int PATCH = 32;
constexpr int PATCH_PITCH = PATCH + 1; // its rows begin in different banks
constexpr int PATCH_THREADS = 256;

struct ArrangeArguments {
  const float* planes; // [image][channel][pixel]
  char* map;           // [image][pixel][stored channel], elements
  int images, channels, stored_channels, pixels;
  int reserved[32];
};
static_assert(sizeof(ArrangeArguments) == 160, "the host packs 20 words");

// 32 pixels of 32 channels of image z, zeros in added channels. `shared` has PATCH rows of PATCH_PITCH.
template <class Products, class Team>
CODE void arrange(const ArrangeArguments& a, const Team& team, int x, int y, int z, float* shared) {
  using Element = typename Products::Element;
  const int first_pixel = x * PATCH, first_channel = y * PATCH;
  team.each([&](int thread) {
    for (int index = thread; index < PATCH * PATCH; index += PATCH_THREADS) {
      const int inside = index / PATCH, channel = first_channel + inside, pixel = first_pixel + index % PATCH;
      const bool exists = channel < a.channels && pixel < a.pixels;
      const size_t at = exists ? (size_t(z) * a.channels + channel) * a.pixels + pixel : 0;
      shared[inside * PATCH_PITCH + index % PATCH] = exists ? a.planes[at] : 0.0f;
    }
  });
  team.barrier();
  team.each([&](int thread) {
    for (int index = thread; index < PATCH * PATCH / 2; index += PATCH_THREADS) {
      const int inside = index % (PATCH / 2) * 2, channel = first_channel + inside;
      const int pixel = first_pixel + index / (PATCH / 2);
      if (pixel >= a.pixels || channel >= a.stored_channels) continue;
      const float* values = shared + inside * PATCH_PITCH + index / (PATCH / 2);
      Element* place = reinterpret_cast<Element*>(a.map) + (size_t(z) * a.pixels + pixel) * a.stored_channels + channel;
      store_pair(place, Products::narrow(values[0]), Products::narrow(values[PATCH_PITCH]));
    }
  });
}

// Which factor of a product the weights are.
enum WeightForm : int {
  DOWNWARD = 0, // columns are coarse channels, taps 4x4
  UPWARD = 1,   // columns are fine channels, four phases of 2x2 taps
  SPREAD = 2,   // columns are fine channels of 4x4 pixels, one tap
};

struct PackArguments {
  const float* weights; // [coarse][fine][4][4]
  char* packed;         // [phase][column][tap][channel], elements
  int coarse, fine;
  int out_channels, in_channels; // stored
  int form;
  int reserved[31];
};
static_assert(sizeof(PackArguments) == 160, "the host packs 20 words");

// The 16 weights of a pair of channels: `index` counts stored channels in within stored channels out.
template <class Products>
CODE void pack(const PackArguments& a, size_t index) {
  const int out = int(index / a.in_channels), in = int(index % a.in_channels);
  if (out >= a.out_channels) return;
  const bool down = a.form == DOWNWARD;
  const int coarse = down ? out : in, fine = down ? in : out;
  const bool exists = coarse < a.coarse && fine < a.fine;
  const float* weights = a.weights + (exists ? (size_t(coarse) * a.fine + fine) * 16 : 0);
  auto* packed = reinterpret_cast<typename Products::Element*>(a.packed);
  UNROLL for (int tap = 0; tap < 16; ++tap) {
    size_t place;
    if (a.form == UPWARD) {
      // Kernel row r meets output pixels of parity (3 - r) % 2, as their tap (3 - r) / 2.
      const int y = 3 - tap / 4, x = 3 - tap % 4;
      place = (size_t(y % 2 * 2 + x % 2) * a.out_channels + out) * 4 + y / 2 * 2 + x / 2;
    } else {
      place = down ? size_t(out) * 16 + tap : size_t(tap) * a.out_channels + out;
    }
    packed[place * a.in_channels + in] = Products::narrow(exists ? weights[tap] : 0.0f);
  }
}
