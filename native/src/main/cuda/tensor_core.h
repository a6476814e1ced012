// tensor_core.h: matrix fragments, and copies that run while the block computes. PTX on a device (sm_80 and later), reference
// code in the emulator. Fragment layouts: PTX manual, "Matrix fragments for mma.m16n8k16".
#pragma once
#include "device.h"

/** d[16,8] += a[16,16] b[16,8], of bf16 or fp16 with fp32 sums. */
template <class T>
DEV void mma16816(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]);
template <>
DEV void mma16816<bf16>(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
#ifdef QUERN_EMULATED
  emu::mma16816(d, a, b, [](uint16_t bits) { return toFloat(bf16{bits}); });
#elif __CUDA_ARCH__ >= 800
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3},{%4,%5,%6,%7},{%8,%9},{%0,%1,%2,%3};"
               : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#endif
}
template <>
DEV void mma16816<fp16>(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
#ifdef QUERN_EMULATED
  emu::mma16816(d, a, b, [](uint16_t bits) { return toFloat(fp16{bits}); });
#elif __CUDA_ARCH__ >= 800
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3},{%4,%5,%6,%7},{%8,%9},{%0,%1,%2,%3};"
               : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#endif
}

/** Four 8x8 matrices of 16-bit elements from shared memory; lane l names row l % 8 of matrix l / 8. */
DEV void loadMatrix4(uint32_t (&r)[4], const void* row) {
#ifdef QUERN_EMULATED
  emu::ldmatrix4(r, row, false);
#elif __CUDA_ARCH__ >= 750
  uint32_t address = (uint32_t)__cvta_generic_to_shared(row);
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(address));
#endif
}
/** The same, each matrix transposed. */
DEV void loadMatrix4Transposed(uint32_t (&r)[4], const void* row) {
#ifdef QUERN_EMULATED
  emu::ldmatrix4(r, row, true);
#elif __CUDA_ARCH__ >= 750
  uint32_t address = (uint32_t)__cvta_generic_to_shared(row);
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(address));
#endif
}

/** Starts a copy of 16 bytes to shared memory; when not valid, zeros arrive, and the address is still one that may be read. */
DEV void copyAsync16(void* shared, const void* global, bool valid) {
#ifdef QUERN_EMULATED
  emu::copyAsync16(shared, global, valid);
#elif __CUDA_ARCH__ >= 800
  uint32_t address = (uint32_t)__cvta_generic_to_shared(shared);
  int bytes = valid ? 16 : 0;
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(address), "l"(global), "r"(bytes));
#endif
}
/** Closes the group of copies started since the last one. */
DEV void commitCopies() {
#ifdef QUERN_EMULATED
  emu::commitCopies();
#elif __CUDA_ARCH__ >= 800
  asm volatile("cp.async.commit_group;");
#endif
}
/** Waits for this thread's copies until at most IN_FLIGHT groups are left. Others' copies need a __syncthreads() after it. */
template <int IN_FLIGHT>
DEV void waitCopies() {
#ifdef QUERN_EMULATED
  emu::waitCopies(IN_FLIGHT);
#elif __CUDA_ARCH__ >= 800
  asm volatile("cp.async.wait_group %0;" ::"n"(IN_FLIGHT));
#endif
}
