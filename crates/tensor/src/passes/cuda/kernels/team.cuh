// The threads of a block, on a GPU and on the host.
//
// A kernel is written as steps of all threads with barriers between them. On a GPU each thread runs its
// own part of a step; on the host a loop runs the parts of all threads. What a thread keeps between steps
// lies in an `Each`. Instructions that a warp executes together (ldmatrix, mma) are members of a `Warp`,
// which on the host holds the registers of all 32 lanes and does what the PTX manual says.
#pragma once

#include "numbers.cuh"

constexpr int LANES = 32;
// Bytes of a copy to shared memory.
constexpr int CHUNK = 16;

// 16 bytes of a lane: a fragment of a matrix, or four floats.
struct Words {
  uint32_t word[4];
};

#ifdef __CUDACC__

template <class T>
struct Each {
  T own;
  CODE T& operator[](int) { return own; }
};

struct Warp {
  using Fragment = Words;

  // Four 8x8 matrices of 16-bit numbers (8x4 of 32-bit ones); `offset(lane)` is where a row begins.
  template <class Offset>
  CODE void matrices(Fragment& into, const char* shared, Offset offset) const {
    const uint32_t at = uint32_t(__cvta_generic_to_shared(shared + offset(threadIdx.x % LANES)));
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(into.word[0]), "=r"(into.word[1]), "=r"(into.word[2]), "=r"(into.word[3])
                 : "r"(at));
  }

  // 16 bytes for each lane.
  template <class Offset>
  CODE void vectors(Fragment& into, const char* shared, Offset offset) const {
    const uint4 read = *reinterpret_cast<const uint4*>(shared + offset(threadIdx.x % LANES));
    into.word[0] = read.x, into.word[1] = read.y, into.word[2] = read.z, into.word[3] = read.w;
  }

  // Four 8x8 matrices of 16-bit numbers, each exchanged along its diagonal.
  template <class Offset>
  CODE void transposed(Fragment& into, const char* shared, Offset offset) const {
    const uint32_t at = uint32_t(__cvta_generic_to_shared(shared + offset(threadIdx.x % LANES)));
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(into.word[0]), "=r"(into.word[1]), "=r"(into.word[2]), "=r"(into.word[3])
                 : "r"(at));
  }

  // 4 bytes for each lane.
  template <class Offset>
  CODE void scalars(Fragment& into, int word, const char* shared, Offset offset) const {
    into.word[word] = *reinterpret_cast<const uint32_t*>(shared + offset(threadIdx.x % LANES));
  }

  // sums[m][n] += a b, where b's two registers begin at `half`.
  template <class Products, class Threads>
  CODE void multiply(Threads& threads, int m, int n, const Fragment& a, const Fragment& b, int half) const {
    float* c = threads[0].sums[m][n];
    if constexpr (sizeof(typename Products::Element) == 2) {
      asm volatile(
          "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
          : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
          : "r"(a.word[0]), "r"(a.word[1]), "r"(a.word[2]), "r"(a.word[3]), "r"(b.word[half]), "r"(b.word[half + 1]));
    } else {
      asm volatile(
          "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
          : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
          : "r"(a.word[0]), "r"(a.word[1]), "r"(a.word[2]), "r"(a.word[3]), "r"(b.word[half]), "r"(b.word[half + 1]));
    }
  }

  // One sum of every lane, plus four products of single precision.
  template <class Threads>
  CODE void add_products(Threads& threads, int m, int n, int sum, const Fragment& a, const Fragment& b) const {
    float& c = threads[0].sums[m][n][sum];
    UNROLL for (int i = 0; i < 4; ++i) c = fmaf(float_of(a.word[i]), float_of(b.word[i]), c);
  }

  // One sum of every lane, plus one product of single precision.
  template <class Threads>
  CODE void add_product(Threads& threads, int m, int n, int sum, const Fragment& a, int left, const Fragment& b, int right) const {
    float& c = threads[0].sums[m][n][sum];
    c = fmaf(float_of(a.word[left]), float_of(b.word[right]), c);
  }
};

struct Team {
  template <class Step>
  CODE void each(Step step) const {
    step(int(threadIdx.x));
  }
  template <class Step>
  CODE void each_warp(Step step) const {
    step(Warp{}, int(threadIdx.x / LANES));
  }
  CODE void barrier() const { __syncthreads(); }

  // 16 bytes to shared memory, zeros where the source does not exist; there after `arrived`.
  CODE void fetch(char* shared, const char* source, bool exists) const {
    const uint32_t at = uint32_t(__cvta_generic_to_shared(shared));
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(at), "l"(source), "r"(exists ? 16 : 0)
                 : "memory");
  }
  CODE void fetched() const { asm volatile("cp.async.commit_group;" ::: "memory"); }
  // All fetched groups but the latest `OPEN` are there.
  template <int OPEN>
  CODE void arrived() const {
    asm volatile("cp.async.wait_group %0;" ::"n"(OPEN) : "memory");
  }
};

#else // the host

#include <deque>
#include <vector>

constexpr int MOST_THREADS = 256;

template <class T>
struct Each {
  std::vector<T> all = std::vector<T>(MOST_THREADS);
  T& operator[](int thread) { return all[thread]; }
};

struct Warp {
  int first; // thread

  struct Fragment {
    Words of[LANES];
  };

  template <class Offset>
  void matrices(Fragment& into, const char* shared, Offset offset) const {
    for (int matrix = 0; matrix < 4; ++matrix)
      for (int lane = 0; lane < LANES; ++lane) {
        const char* row = shared + offset(8 * matrix + lane / 4);
        memcpy(&into.of[lane].word[matrix], row + 4 * (lane % 4), 4);
      }
  }

  template <class Offset>
  void vectors(Fragment& into, const char* shared, Offset offset) const {
    for (int lane = 0; lane < LANES; ++lane) memcpy(&into.of[lane], shared + offset(lane), 16);
  }

  template <class Offset>
  void transposed(Fragment& into, const char* shared, Offset offset) const {
    for (int matrix = 0; matrix < 4; ++matrix)
      for (int lane = 0; lane < LANES; ++lane) {
        uint16_t pair[2];
        for (int i = 0; i < 2; ++i) memcpy(&pair[i], shared + offset(8 * matrix + lane % 4 * 2 + i) + lane / 4 * 2, 2);
        into.of[lane].word[matrix] = uint32_t(pair[0]) | uint32_t(pair[1]) << 16;
      }
  }

  template <class Offset>
  void scalars(Fragment& into, int word, const char* shared, Offset offset) const {
    for (int lane = 0; lane < LANES; ++lane) memcpy(&into.of[lane].word[word], shared + offset(lane), 4);
  }

  template <class Products, class Threads>
  void multiply(Threads& threads, int m, int n, const Fragment& a, const Fragment& b, int half) const {
    constexpr int PACKED = 4 / sizeof(typename Products::Element); // numbers in a register
    constexpr int DEPTH = 8 * PACKED;
    float left[16][DEPTH], right[DEPTH][8];
    const auto number = [](uint32_t word, int index) {
      return PACKED == 2 ? float_of((index ? word >> 16 : word & 0xffff) << 16) : float_of(word & 0xffffe000);
    };
    for (int lane = 0; lane < LANES; ++lane) {
      const int group = lane / 4, place = lane % 4;
      for (int i = 0; i < PACKED; ++i) {
        const int k = PACKED * place + i;
        left[group][k] = number(a.of[lane].word[0], i);
        left[group + 8][k] = number(a.of[lane].word[1], i);
        left[group][k + DEPTH / 2] = number(a.of[lane].word[2], i);
        left[group + 8][k + DEPTH / 2] = number(a.of[lane].word[3], i);
        right[k][group] = number(b.of[lane].word[half], i);
        right[k + DEPTH / 2][group] = number(b.of[lane].word[half + 1], i);
      }
    }
    for (int lane = 0; lane < LANES; ++lane)
      for (int i = 0; i < 4; ++i) {
        const int row = lane / 4 + 8 * (i / 2), column = 2 * (lane % 4) + i % 2;
        float& c = threads[first + lane].sums[m][n][i];
        for (int k = 0; k < DEPTH; ++k) c += left[row][k] * right[k][column];
      }
  }

  template <class Threads>
  void add_products(Threads& threads, int m, int n, int sum, const Fragment& a, const Fragment& b) const {
    for (int lane = 0; lane < LANES; ++lane) {
      float& c = threads[first + lane].sums[m][n][sum];
      for (int i = 0; i < 4; ++i) c = fmaf(float_of(a.of[lane].word[i]), float_of(b.of[lane].word[i]), c);
    }
  }

  template <class Threads>
  void add_product(Threads& threads, int m, int n, int sum, const Fragment& a, int left, const Fragment& b, int right) const {
    for (int lane = 0; lane < LANES; ++lane) {
      float& c = threads[first + lane].sums[m][n][sum];
      c = fmaf(float_of(a.of[lane].word[left]), float_of(b.of[lane].word[right]), c);
    }
  }
};

// Copies happen when they are waited for, as late as on a GPU at worst, and steps run their threads
// forward and backward by turns: a missing wait, and a thread that needs another's part of the same
// step, change results. A missing barrier between two steps does not.
struct Team {
  struct Copy {
    char* to;
    const char* from;
    bool exists;
  };

  int threads;
  mutable std::deque<std::vector<Copy>> groups = std::deque<std::vector<Copy>>(1);
  mutable bool backward = false;

  template <class Step>
  void each(Step step) const {
    for (int i = 0; i < threads; ++i) step(backward ? threads - 1 - i : i);
    backward = !backward;
  }
  template <class Step>
  void each_warp(Step step) const {
    for (int warp = 0; warp < threads / LANES; ++warp) step(Warp{warp * LANES}, warp);
  }
  void barrier() const {}
  void fetch(char* shared, const char* source, bool exists) const {
    groups.back().push_back(Copy{shared, source, exists});
  }
  void fetched() const { groups.emplace_back(); }
  template <int OPEN>
  void arrived() const {
    // The last group is not closed yet.
    for (; groups.size() > OPEN + 1; groups.pop_front())
      for (const Copy& copy : groups.front()) {
        if (copy.exists)
          memcpy(copy.to, copy.from, CHUNK);
        else
          memset(copy.to, 0, CHUNK);
      }
  }
};

#endif
