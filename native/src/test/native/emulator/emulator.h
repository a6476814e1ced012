// emulator.h: the CUDA C++ language on the CPU, as far as the kernels use it. Included by device.h where nvcc is not the compiler.
#pragma once
#include "grid.h"
#include <cmath>
#include <immintrin.h>

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...)
#define __restrict__ __restrict
#define __shared__ static thread_local  // a block runs on one OS thread, so its fibers share it
#define EMU_CONCAT_(a, b) a##b
#define EMU_CONCAT(a, b) EMU_CONCAT_(a, b)
#define EMU_TEXT_(x) #x
#define EMU_TEXT(x) EMU_TEXT_(x)
#define KERNEL(name) static ::emu::Register EMU_CONCAT(emu_register_, name)(#name, &name)
#define DYNAMIC_SHARED(T, name) T* name = reinterpret_cast<T*>(::emu::worker->shared)
#define threadIdx (::emu::current->thread)
#define blockIdx (::emu::worker->blockIndex)
#define blockDim (::emu::worker->block)
#define gridDim (::emu::worker->grid)
#define __syncthreads() ::emu::syncBlock(__FILE__ ":" EMU_TEXT(__LINE__))

struct alignas(16) uint4 {
  unsigned x, y, z, w;
};

// ---- warp collectives: the caller's line tells two collectives apart --------------------------------------------------
namespace emu {
template <class T>
T shuffle(unsigned mask, T value, int source, const char* tag, int line) {
  T result;
  std::memcpy(&result, gather(mask, tag, &value, sizeof value, line)[source & 31], sizeof result);
  return result;
}
}  // namespace emu
inline void __syncwarp(unsigned mask = ~0u, int line = __builtin_LINE()) {
  char nothing = 0;
  ::emu::gather(mask, "syncwarp", &nothing, 1, line);
}
template <class T>
T __shfl_sync(unsigned mask, T value, int source, int line = __builtin_LINE()) {
  return emu::shuffle(mask, value, source, "shfl", line);
}
template <class T>
T __shfl_xor_sync(unsigned mask, T value, int other, int line = __builtin_LINE()) {
  return emu::shuffle(mask, value, emu::current->lane ^ other, "shfl_xor", line);
}
template <class T>
T __shfl_up_sync(unsigned mask, T value, unsigned delta, int line = __builtin_LINE()) {
  int lane = emu::current->lane, source = lane - (int)delta;
  return emu::shuffle(mask, value, source < 0 ? lane : source, "shfl_up", line);
}
inline unsigned __ballot_sync(unsigned mask, int predicate, int line = __builtin_LINE()) {
  auto* table = emu::gather(mask, "ballot", &predicate, sizeof predicate, line);
  unsigned result = 0;
  for (int i = 0; i < 32; i++) {
    int p;
    std::memcpy(&p, table[i], sizeof p);
    if (((mask & emu::current->warp->alive) >> i & 1) && p) result |= 1u << i;
  }
  return result;
}

// ---- arithmetic --------------------------------------------------------------------------------------------------------
template <class T>
T __ldg(const T* p) {
  return *p;
}
template <class T>
T __ldcg(const T* p) {
  return *p;
}
inline void __threadfence() { std::atomic_thread_fence(std::memory_order_seq_cst); }
inline float __uint_as_float(unsigned u) {
  float f;
  std::memcpy(&f, &u, 4);
  return f;
}
inline unsigned __float_as_uint(float f) {
  unsigned u;
  std::memcpy(&u, &f, 4);
  return u;
}
inline float rsqrtf(float x) { return 1.f / std::sqrt(x); }
template <class T>
T min(T a, T b) {
  return b < a ? b : a;
}
template <class T>
T max(T a, T b) {
  return a < b ? b : a;
}
/** Rounded, never fused with a neighbour. */
inline float __fmul_rn(float a, float b) {
  volatile float product = a * b;
  return product;
}
inline float __fadd_rn(float a, float b) {
  volatile float sum = a + b;
  return sum;
}
inline int __popc(unsigned x) { return __builtin_popcount(x); }
template <class T>
T atomicMin(T* p, T v) {
  std::atomic_ref<T> a(*p);
  T old = a.load();
  while (v < old && !a.compare_exchange_weak(old, v)) {
  }
  return old;
}
template <class T>
T atomicAdd(T* p, T v) {
  return std::atomic_ref<T>(*p).fetch_add(v);
}

// ---- what the kernels do by PTX: reference code ------------------------------------------------------------------------
namespace emu {
inline float halfToFloat(uint16_t h) { return _cvtsh_ss(h); }
inline uint16_t floatToHalf(float f) { return _cvtss_sh(f, _MM_FROUND_TO_NEAREST_INT); }
inline uint32_t laneRegister(unsigned char (*table)[48], int lane, int index) {
  uint32_t r;
  std::memcpy(&r, table[lane] + 4 * index, 4);
  return r;
}

/** mma.m16n8k16, row.col: D[16,8] += A[16,16] B[16,8]. The fragment layout is that of the PTX manual, section mma.m16n8k16. */
template <class Decode>
void mma16816(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2], Decode decode) {
  uint32_t mine[6] = {a[0], a[1], a[2], a[3], b[0], b[1]};
  auto* table = gather(~0u, "mma", mine, sizeof mine);
  int group = current->lane >> 2, quad = current->lane & 3;
  for (int i = 0; i < 4; i++) {  // d[0], d[1]: row group, columns 2 quad + {0, 1}; d[2], d[3]: row group + 8
    int half = i >> 1, n = 2 * quad + (i & 1);
    float sum = d[i];
    for (int k = 0; k < 16; k++) {  // A: lane 4 row + (k % 8) / 2, register rowHalf + 2 (k / 8); B: lane 4 n + ..., register k / 8
      uint32_t x = laneRegister(table, 4 * group + (k & 7) / 2, half + 2 * (k >> 3));
      uint32_t y = laneRegister(table, 4 * n + (k & 7) / 2, 4 + (k >> 3));
      int shift = (k & 1) * 16;
      sum += decode((uint16_t)(x >> shift)) * decode((uint16_t)(y >> shift));
    }
    d[i] = sum;
  }
}

/** ldmatrix.x4: four 8x8 matrices of 16-bit elements; lane l names row l % 8 of matrix l / 8. */
inline void ldmatrix4(uint32_t (&r)[4], const void* row, bool transposed) {
  auto* table = gather(~0u, transposed ? "ldmatrix.trans" : "ldmatrix", &row, sizeof row);
  int lane = current->lane;
  auto address = [&](int matrix, int index) {
    const char* p;
    std::memcpy(&p, table[8 * matrix + index], sizeof p);
    if ((uintptr_t)p & 15) fail("ldmatrix: a row is not aligned to 16 bytes");
    return p;
  };
  for (int m = 0; m < 4; m++) {
    if (!transposed) {
      std::memcpy(&r[m], address(m, lane / 4) + 4 * (lane & 3), 4);
    } else {
      uint16_t low, high;
      std::memcpy(&low, address(m, 2 * (lane & 3)) + 2 * (lane / 4), 2);
      std::memcpy(&high, address(m, 2 * (lane & 3) + 1) + 2 * (lane / 4), 2);
      r[m] = low | (uint32_t)high << 16;
    }
  }
}

inline void doCopy(const AsyncCopy& c) {
  unsigned char bytes[16] = {};
  std::memcpy(bytes, c.source, c.bytes);
  std::memcpy(c.destination, bytes, 16);
}
/** cp.async: the copy happens at the wait at the latest, so a missing wait shows; in eager mode at once. */
inline void copyAsync16(void* shared, const void* global, bool valid) {
  if (((uintptr_t)shared | (uintptr_t)global) & 15) fail("cp.async: an address is not aligned to 16 bytes");
  AsyncCopy copy{shared, global, valid ? 16u : 0u};
  if (mode.eager) {
    doCopy(copy);
    return;
  }
  auto& groups = current->copyGroups;
  if (groups.empty()) groups.emplace_back();
  groups.back().push_back(copy);
}
inline void commitCopies() {
  if (current->copyGroups.empty()) current->copyGroups.emplace_back();
  current->copyGroups.emplace_back();
}
inline void waitCopies(size_t inFlight) {
  auto& groups = current->copyGroups;
  while (groups.size() > inFlight + 1) {
    for (auto& c : groups.front()) doCopy(c);
    groups.erase(groups.begin());
  }
}
}  // namespace emu
