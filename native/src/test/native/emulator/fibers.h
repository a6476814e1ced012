// fibers.h: the threads of one CUDA block as fibers of one OS thread, with their barriers and warp collectives.
//
// A block runs on one OS thread (a Worker). Each of its CUDA threads is a fiber with its own stack; a fiber runs until it
// reaches a barrier or a warp collective, and then the next runnable one goes on. So an order of threads is chosen, not
// raced: `reversed` runs the highest threads first, and a missing barrier shows in one order or the other.
// What the hardware would leave undefined (divergent barriers, deadlock, lanes in different collectives) is a Fault.
#pragma once
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <sys/mman.h>
#include <vector>
#ifndef __x86_64__
#include <ucontext.h>
#endif
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#define EMU_ASAN 1
#endif

#define EMU_INLINE inline __attribute__((always_inline))

struct dim3 {
  unsigned x, y, z;
  constexpr dim3(unsigned a = 1, unsigned b = 1, unsigned c = 1) : x(a), y(b), z(c) {}
};

namespace emu {
constexpr int MAX_THREADS = 1024;
constexpr size_t STACK_BYTES = 128 << 10;
constexpr size_t SHARED_BYTES = 100 << 10;  // what a block may ask for, as on sm_86 and sm_89
constexpr size_t CANARY_BYTES = 4096;       // behind the shared memory that was asked for
constexpr unsigned char CANARY = 0x5A;

/** How the emulator behaves; set by the driver look-alike between launches. */
struct Mode {
  bool reversed = false;         // highest block, warp and lane first
  bool eager = false;            // asynchronous copies and stream work happen when issued, not at the wait
  unsigned char fill = 0x3C;     // what fresh memory holds: 0x3C.. is a small number, 0xFF.. is NaN in every format
};
inline Mode mode;

/** One warp collective in progress, for one mask of lanes. Deposits are double buffered: no second barrier is needed. */
struct Collective {
  unsigned mask = 0, arrived = 0, generation = 0;
  const char* tag = nullptr;
  int line = 0;
  alignas(16) unsigned char deposits[2][32][48];
};
struct Warp {
  unsigned runnable = 0, alive = 0;
  Collective collectives[8];
};
/** A cp.async that has been issued and not yet waited for. */
struct AsyncCopy {
  void* destination;
  const void* source;
  unsigned bytes;  // of 16; the rest becomes zero
};
struct Worker;
struct Fiber {
  Worker* owner = nullptr;  // so that a fiber that has been found once needs no further look at thread-local memory, which is slow
#ifdef __x86_64__
  void* stackPointer;
#else
  ucontext_t context;
#endif
  dim3 thread{0, 0, 0};
  int linear = 0, lane = 0;
  Warp* warp = nullptr;
  std::vector<std::vector<AsyncCopy>> copyGroups;
  void* fakeStack = nullptr;
  const char* waitsAt = nullptr;
};

/** One OS thread's room for a running block. */
struct Worker {
  Fiber fibers[MAX_THREADS], host;
  Warp warps[MAX_THREADS / 32];
  char* stacks;
  unsigned char* shared;
  const std::function<void()>* body = nullptr;
  const char* kernel = "?";
  dim3 grid, block, blockIndex;
  int threads = 0, warpCount = 0, alive = 0, arrived = 0;
  const char* barrier = nullptr;
  std::string fault;  // of the block that ran last; empty: none

  Worker() {
    stacks = (char*)mmap(nullptr, STACK_BYTES * MAX_THREADS, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    shared = (unsigned char*)aligned_alloc(1024, SHARED_BYTES + CANARY_BYTES);
  }
  ~Worker() {
    munmap(stacks, STACK_BYTES * MAX_THREADS);
    free(shared);
  }
  void runBlock(size_t sharedBytes);
};

inline constinit thread_local Worker* worker = nullptr;
inline constinit thread_local Fiber* current = nullptr;

#ifdef __x86_64__
extern "C" void emu_switch_(void** save, void* to);
asm(".text\n.weak emu_switch_\n.hidden emu_switch_\n.type emu_switch_,@function\nemu_switch_:\n"
    "pushq %rbp\npushq %rbx\npushq %r12\npushq %r13\npushq %r14\npushq %r15\nmovq %rsp,(%rdi)\nmovq %rsi,%rsp\n"
    "popq %r15\npopq %r14\npopq %r13\npopq %r12\npopq %rbx\npopq %rbp\nret\n");
#endif

/** Goes on with fiber `to`. The lines for ASan tell it which stack is in use. */
EMU_INLINE void jump(Fiber* from, Fiber* to, [[maybe_unused]] bool last = false) {
  const bool home = to == &to->owner->host;
  current = home ? nullptr : to;
#ifdef EMU_ASAN
  __sanitizer_start_switch_fiber(last ? nullptr : &from->fakeStack,
                                 home ? nullptr : to->owner->stacks + STACK_BYTES * to->linear, home ? 0 : STACK_BYTES);
#endif
#ifdef __x86_64__
  emu_switch_(&from->stackPointer, to->stackPointer);
#else
  swapcontext(&from->context, &to->context);
#endif
#ifdef EMU_ASAN
  __sanitizer_finish_switch_fiber(from->fakeStack, nullptr, nullptr);
#endif
}

/** The block is broken: keeps the message and leaves all of its fibers where they are. */
[[noreturn]] inline void fail(const std::string& what) {
  Worker& k = *worker;
  char where[256];
  std::snprintf(where, sizeof where, " in kernel %s block (%u,%u,%u) thread (%u,%u,%u)", k.kernel, k.blockIndex.x,
                k.blockIndex.y, k.blockIndex.z, current->thread.x, current->thread.y, current->thread.z);
  k.fault = what + where;
  for (int i = 0; i < k.warpCount; i++) {
    if (const char* at = k.fibers[i * 32].waitsAt) k.fault += "; warp " + std::to_string(i) + " waits at " + at;
  }
  jump(current, &k.host, true);
  std::abort();
}

/** The next runnable fiber after number `linear`: the rest of its warp, then the other warps. */
EMU_INLINE Fiber* nextRunnable(Worker& k, int linear) {
  int index = linear >> 5, lane = linear & 31;
  for (int i = 0; i <= k.warpCount; i++) {
    unsigned set = k.warps[index].runnable;
    unsigned above = set & (lane == 31 ? 0u : ~0u << (lane + 1)), below = set & ((1u << lane) - 1);
    if (set) {
      int bit = mode.reversed ? 31 - __builtin_clz(below ? below : set) : __builtin_ctz(above ? above : set);
      return &k.fibers[index * 32 + bit];
    }
    if (mode.reversed) {
      index = index ? index - 1 : k.warpCount - 1;
      lane = 0;
    } else {
      index = index + 1 == k.warpCount ? 0 : index + 1;
      lane = 31;
    }
  }
  return nullptr;
}

/** Whether two literals say the same. Nearly always they are one. */
inline bool same(const char* a, const char* b) { return a == b || !std::strcmp(a, b); }

/** This fiber, which is `me`, waits at `at`; another one goes on. */
EMU_INLINE void park(Fiber* me, const char* at) {
  me->waitsAt = at;
  me->warp->runnable &= ~(1u << me->lane);
  Fiber* next = nextRunnable(*me->owner, me->linear);
  if (!next) fail("deadlock: a divergent barrier or collective");
  jump(me, next);
  me->waitsAt = nullptr;
}

inline void releaseBarrier(Worker& k) {
  k.arrived = 0;
  k.barrier = nullptr;
  for (int i = 0; i < k.warpCount; i++) k.warps[i].runnable = k.warps[i].alive;
}

/** __syncthreads() at source place `at`. */
inline void syncBlock(const char* at) {
  Fiber* me = current;
  Worker& k = *me->owner;
  if (k.barrier && !same(k.barrier, at)) fail("threads wait at different __syncthreads()");
  k.barrier = at;
  if (++k.arrived == k.alive) {
    releaseBarrier(k);
  } else {
    park(me, at);
  }
}

/** A warp collective: every lane of `mask` deposits up to 48 bytes and gets the table of all lanes' deposits. */
inline unsigned char (*gather(unsigned mask, const char* tag, const void* deposit, size_t bytes, int line = 0))[48] {
  Fiber* me = current;
  Warp* w = me->warp;
  unsigned bit = 1u << me->lane;
  if (!(mask & bit)) fail("a lane is not in its own mask");
  Collective *c = nullptr, *end = w->collectives + 8;
  for (Collective* x = w->collectives; x < end && !c; x++) {
    if (x->mask == mask) c = x;
  }
  for (Collective* x = w->collectives; x < end && !c; x++) {
    if (!x->mask) (c = x)->mask = mask;
  }
  if (!c) fail("more than 8 distinct warp masks in one block");
  if (!c->arrived) {
    c->tag = tag;
    c->line = line;
  } else if (!same(c->tag, tag) || c->line != line) {
    fail("lanes of one mask execute different warp collectives");
  }
  auto* table = c->deposits[c->generation & 1];
  std::memcpy(table[me->lane], deposit, bytes);
  c->arrived |= bit;
  if (c->arrived == (mask & w->alive)) {
    c->arrived = 0;
    c->generation++;
    w->runnable |= mask & w->alive;
  } else {
    park(me, tag);
  }
  return table;
}

/** A CUDA thread has returned: whoever waited for it alone goes on. */
inline void finish() {
  Fiber* me = current;
  Worker& k = *me->owner;
  Warp* w = me->warp;
  unsigned bit = 1u << me->lane;
  w->runnable &= ~bit;
  w->alive &= ~bit;
  k.alive--;
  for (auto& c : w->collectives) {
    if (c.arrived && c.arrived == (c.mask & w->alive)) {
      w->runnable |= c.arrived;
      c.arrived = 0;
      c.generation++;
    }
  }
  if (k.arrived && k.arrived == k.alive) releaseBarrier(k);
  Fiber* next = nextRunnable(k, me->linear);
  if (!next && k.alive) fail("deadlock when a thread returned");
  jump(me, next ? next : &k.host, true);
}

inline void entry() {
#ifdef EMU_ASAN
  __sanitizer_finish_switch_fiber(nullptr, nullptr, nullptr);
#endif
  (*worker->body)();
  finish();
  __builtin_trap();
}

inline void prepareStack(Worker& k, int i) {
  Fiber& f = k.fibers[i];
#ifdef __x86_64__
  // Stacks start at different offsets, or all of them would share the same cache sets.
  void** top = (void**)(k.stacks + STACK_BYTES * (i + 1) - i % 61 * 320);
  *--top = nullptr;
  *--top = (void*)entry;
  for (int r = 0; r < 6; r++) *--top = nullptr;
  f.stackPointer = top;
#else
  getcontext(&f.context);
  f.context.uc_stack = {k.stacks + STACK_BYTES * i, 0, STACK_BYTES};
  f.context.uc_link = nullptr;
  makecontext(&f.context, entry, 0);
#endif
}

inline void Worker::runBlock(size_t sharedBytes) {
  threads = block.x * block.y * block.z;
  warpCount = (threads + 31) / 32;
  alive = threads;
  arrived = 0;
  barrier = nullptr;
  fault.clear();
  for (int i = 0; i < warpCount; i++) {
    warps[i].alive = warps[i].runnable = threads - i * 32 >= 32 ? ~0u : (1u << (threads - i * 32)) - 1;
    for (auto& c : warps[i].collectives) c.mask = c.arrived = 0;
  }
  for (int i = 0; i < threads; i++) {
    Fiber& f = fibers[i];
    f.owner = this;
    f.linear = i;
    f.lane = i & 31;
    f.warp = &warps[i >> 5];
    f.copyGroups.clear();
    f.fakeStack = nullptr;
    f.waitsAt = nullptr;
    f.thread = dim3(i % block.x, i / block.x % block.y, i / (block.x * block.y));
#ifdef EMU_ASAN
    __asan_unpoison_memory_region(stacks + STACK_BYTES * i, STACK_BYTES);
#endif
    prepareStack(*this, i);
  }
  std::memset(shared, mode.fill, sharedBytes);
  std::memset(shared + sharedBytes, CANARY, CANARY_BYTES);
#ifdef EMU_ASAN
  __asan_poison_memory_region(shared + sharedBytes, CANARY_BYTES);
#endif
  worker = this;
  host.owner = this;
  jump(&host, &fibers[mode.reversed ? threads - 1 : 0]);
#ifdef EMU_ASAN
  __asan_unpoison_memory_region(shared + sharedBytes, CANARY_BYTES);
#endif
  for (size_t i = 0; i < CANARY_BYTES && fault.empty(); i++) {
    if (shared[sharedBytes + i] != CANARY) {
      fault = std::string("a write past the end of dynamic shared memory in kernel ") + kernel;
    }
  }
}
}  // namespace emu
