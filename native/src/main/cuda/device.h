// device.h: what every kernel includes. No CUDA headers are needed beyond the compiler's own, so that one text compiles
// with nvcc for a device and with g++ for the emulator of the tests.
#pragma once
#ifdef __CUDACC__
#include <cstdint>
#define KERNEL(name)  // the emulator keeps a table of kernels; a device's module has its own
extern __shared__ uint4 dynamicShared_[];
#define DYNAMIC_SHARED(T, name) T* name = reinterpret_cast<T*>(dynamicShared_)
#else
#include "emulator.h"
#define QUERN_EMULATED 1
#endif

#define DEV __device__ __forceinline__
constexpr unsigned ALL_LANES = 0xffffffffu;
constexpr float LOG2E = 1.44269504088896341f;
/** Below every score; finite, so that differences of two of them are numbers. */
constexpr float LOWEST = -1e30f;

// ---- element types: 16-bit types are storage alone, arithmetic is fp32 --------------------------------------------------
struct bf16 {
  uint16_t bits;
};
struct fp16 {
  uint16_t bits;
};
using fp32 = float;

DEV float toFloat(fp32 x) { return x; }
DEV float toFloat(bf16 x) { return __uint_as_float((uint32_t)x.bits << 16); }
DEV float toFloat(fp16 x) {
#ifdef QUERN_EMULATED
  return emu::halfToFloat(x.bits);
#else
  float r;
  asm("cvt.f32.f16 %0, %1;" : "=f"(r) : "h"(x.bits));
  return r;
#endif
}

template <class T>
DEV T fromFloat(float x);
template <>
DEV fp32 fromFloat<fp32>(float x) {
  return x;
}
template <>
DEV bf16 fromFloat<bf16>(float x) {  // to nearest, ties to even; NaN stays NaN
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
  uint16_t r;
  asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(r) : "f"(x));
  return bf16{r};
#else
  uint32_t u = __float_as_uint(x);
  bool isNan = (u & 0x7fffffffu) > 0x7f800000u;
  return bf16{(uint16_t)(isNan ? (u >> 16 | 0x40u) : (u + 0x7fffu + (u >> 16 & 1u)) >> 16)};
#endif
}
template <>
DEV fp16 fromFloat<fp16>(float x) {
#ifdef QUERN_EMULATED
  return fp16{emu::floatToHalf(x)};
#else
  uint16_t r;
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(r) : "f"(x));
  return fp16{r};
#endif
}
template <class T>
DEV float rounded(float x) {
  return toFloat(fromFloat<T>(x));
}
/** Two 16-bit elements in one register, the first in the low half. */
template <class T>
DEV uint32_t pack(float low, float high) {
  return fromFloat<T>(low).bits | (uint32_t)fromFloat<T>(high).bits << 16;
}

// ---- vectors of eight elements: one or two 16-byte accesses, so addresses are multiples of 16 ----------------------------
struct alignas(16) Words4 {
  uint32_t v[4];
};
DEV Words4 loadWords(const void* p) {
#ifdef QUERN_EMULATED
  if ((uintptr_t)p & 15) emu::fail("a vector load is not aligned to 16 bytes");
#endif
  return *reinterpret_cast<const Words4*>(p);
}
/** Of what is read once: it does not push out of L1 what is read again. */
DEV Words4 streamWords(const void* p) {
#ifdef QUERN_EMULATED
  return loadWords(p);
#else
  Words4 r;
  asm volatile("ld.global.L1::no_allocate.v4.u32 {%0,%1,%2,%3}, [%4];"
               : "=r"(r.v[0]), "=r"(r.v[1]), "=r"(r.v[2]), "=r"(r.v[3])
               : "l"(p));
  return r;
#endif
}
DEV void storeWords(void* p, const Words4& words) {
#ifdef QUERN_EMULATED
  if ((uintptr_t)p & 15) emu::fail("a vector store is not aligned to 16 bytes");
#endif
  *reinterpret_cast<Words4*>(p) = words;
}
/** Eight elements as they lie in memory. */
template <class T>
struct Eight {
  Words4 words[sizeof(T) / 2];
};
template <class T>
DEV Eight<T> loadEight(const T* p) {
  Eight<T> r;
#pragma unroll
  for (int i = 0; i < (int)sizeof(T) / 2; i++) r.words[i] = loadWords(p + i * 4);
  return r;
}
template <class T>
DEV Eight<T> streamEight(const T* p) {
  Eight<T> r;
#pragma unroll
  for (int i = 0; i < (int)sizeof(T) / 2; i++) r.words[i] = streamWords(p + i * 4);
  return r;
}
template <class T>
DEV void unpack8(const Eight<T>& eight, float (&x)[8]) {
#pragma unroll
  for (int i = 0; i < 4; i++) {
    if constexpr (sizeof(T) == 4) {
      x[i] = __uint_as_float(eight.words[0].v[i]);
      x[4 + i] = __uint_as_float(eight.words[1].v[i]);
    } else {
      x[2 * i] = toFloat(T{(uint16_t)(eight.words[0].v[i] & 0xffffu)});
      x[2 * i + 1] = toFloat(T{(uint16_t)(eight.words[0].v[i] >> 16)});
    }
  }
}
template <class T>
DEV void load8(const T* p, float (&x)[8]) {
  unpack8(loadEight(p), x);
}
/** Of what is read once. */
template <class T>
DEV void stream8(const T* p, float (&x)[8]) {
  unpack8(streamEight(p), x);
}
template <class T>
DEV void store8(T* p, const float (&x)[8]) {
  Words4 words;
#pragma unroll
  for (int i = 0; i < 4; i++) words.v[i] = pack<T>(x[2 * i], x[2 * i + 1]);
  storeWords(p, words);
}
template <>
DEV void store8<fp32>(fp32* p, const float (&x)[8]) {
  Words4 a, b;
#pragma unroll
  for (int i = 0; i < 4; i++) {
    a.v[i] = __float_as_uint(x[i]);
    b.v[i] = __float_as_uint(x[4 + i]);
  }
  storeWords(p, a);
  storeWords(p + 4, b);
}

// ---- reductions -----------------------------------------------------------------------------------------------------------
DEV float exp2Fast(float x) {
#ifdef QUERN_EMULATED
  return exp2f(x);
#else
  float r;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(r) : "f"(x));
  return r;
#endif
}
DEV float warpSum(float v) {
#pragma unroll
  for (int offset = 16; offset; offset >>= 1) v += __shfl_xor_sync(ALL_LANES, v, offset);
  return v;
}
DEV float warpMax(float v) {
#pragma unroll
  for (int offset = 16; offset; offset >>= 1) v = fmaxf(v, __shfl_xor_sync(ALL_LANES, v, offset));
  return v;
}
/** The block's sum, for every thread. scratch: 32 floats of shared memory. Whole warps call it. */
DEV float blockSum(float v, float* scratch) {
  int lane = threadIdx.x & 31, warp = threadIdx.x >> 5, warps = blockDim.x >> 5;
  v = warpSum(v);
  __syncthreads();  // scratch may still be read from the last time
  if (lane == 0) scratch[warp] = v;
  __syncthreads();
  return warpSum(lane < warps ? scratch[lane] : 0.f);
}

/** One kernel a type: name_bf16, name_fp16, name_fp32. */
#define FOR_EACH_TYPE(instantiate) instantiate(bf16) instantiate(fp16) instantiate(fp32)
