// grid.h: blocks of a grid over the machine's cores, and the table of kernels.
#pragma once
#include "fibers.h"
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <tuple>
#include <utility>

namespace emu {
/** Spreads the blocks of one launch at a time over OS threads. Never destroyed: the JVM ends first. */
class Pool {
 public:
  Pool() {
    int cores = (int)std::thread::hardware_concurrency();
    for (int i = 1; i < cores; i++) std::thread([this] { help(); }).detach();
    helpers_ = cores > 1 ? cores - 1 : 0;
  }

  /** Runs all blocks; the first fault, or empty. */
  std::string launch(const char* kernel, const std::function<void()>& body, dim3 grid, dim3 block, size_t sharedBytes) {
    std::lock_guard<std::mutex> oneLaunch(launches_);
    if (!mine_) mine_ = new Worker;
    {
      std::lock_guard<std::mutex> lock(state_);
      kernel_ = kernel;
      body_ = &body;
      grid_ = grid;
      block_ = block;
      sharedBytes_ = sharedBytes;
      total_ = (long)grid.x * grid.y * grid.z;
      next_ = 0;
      fault_.clear();
      busy_ = helpers_;
      generation_++;
    }
    started_.notify_all();
    work(*mine_);
    std::unique_lock<std::mutex> lock(state_);
    finished_.wait(lock, [&] { return !busy_; });
    return fault_;
  }

 private:
  void work(Worker& k) {
    for (long i; (i = next_++) < total_;) {
      long index = mode.reversed ? total_ - 1 - i : i;
      k.grid = grid_;
      k.block = block_;
      k.blockIndex = dim3(index % grid_.x, index / grid_.x % grid_.y, index / ((long)grid_.x * grid_.y));
      k.body = body_;
      k.kernel = kernel_;
      k.runBlock(sharedBytes_);
      if (!k.fault.empty()) {
        std::lock_guard<std::mutex> lock(state_);
        if (fault_.empty()) fault_ = k.fault;
        next_ = total_;
      }
    }
    worker = nullptr;
  }

  void help() {
    Worker* k = new Worker;
    for (int seen = 0;;) {
      {
        std::unique_lock<std::mutex> lock(state_);
        started_.wait(lock, [&] { return generation_ != seen; });
        seen = generation_;
      }
      work(*k);
      std::lock_guard<std::mutex> lock(state_);
      if (!--busy_) finished_.notify_all();
    }
  }

  std::mutex launches_, state_;
  std::condition_variable started_, finished_;
  int helpers_ = 0, generation_ = 0, busy_ = 0;
  std::atomic<long> next_{0};
  long total_ = 0;
  dim3 grid_, block_;
  size_t sharedBytes_ = 0;
  const std::function<void()>* body_ = nullptr;
  const char* kernel_ = "";
  std::string fault_;
  Worker* mine_ = nullptr;
};

inline Pool& pool() {
  static Pool* p = new Pool;
  return *p;
}

/** A kernel by name: its parameters' sizes, and how to bind them from an array of pointers, as cuLaunchKernel gets. */
struct Kernel {
  const char* name;
  std::vector<size_t> parameterSizes;
  std::function<std::function<void()>(void**)> bind;
};
inline std::vector<Kernel>& kernels() {
  static std::vector<Kernel> k;
  return k;
}
struct Register {
  template <class... A>
  Register(const char* name, void (*function)(A...)) {
    kernels().push_back({name, {sizeof(A)...}, [function](void** parameters) {
                           return [&]<size_t... I>(std::index_sequence<I...>) -> std::function<void()> {
                             std::tuple<A...> copied{*(A*)parameters[I]...};
                             return [function, copied] { std::apply(function, copied); };
                           }(std::index_sequence_for<A...>{});
                         }});
  }
};
}  // namespace emu
