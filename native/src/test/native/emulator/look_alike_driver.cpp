// look_alike_driver.cpp: a libcuda.so.1 whose devices are this machine's CPU. Unchanged host code runs against it, kernels
// included: they are linked in, and module images are ignored. Tests only.
//
// Each device has memory, work and faults of its own; a thread works on that whose context it has made current.
// Work on streams is queued and done when somebody waits (or at once in eager mode), in the order it was issued: a host
// that reads before it waits sees stale bytes. Faults stick until the primary context is reset, as on hardware.
#include "look_alike.h"
#include "emulator.h"
#include <algorithm>
#include <chrono>
#include <deque>
#include <map>
#include <set>
#include <thread>

#define API extern "C" __attribute__((visibility("default"))) int
using Address = unsigned long long;

enum Result {
  SUCCESS = 0,
  INVALID_VALUE = 1,
  OUT_OF_MEMORY = 2,
  NO_DEVICE = 100,
  INVALID_DEVICE = 101,
  INVALID_CONTEXT = 201,
  INVALID_HANDLE = 400,
  NOT_FOUND = 500,
  ILLEGAL_ADDRESS = 700,
  LAUNCH_FAILED = 719,
  CAPTURE_UNSUPPORTED = 900,
  CAPTURE_INVALIDATED = 901,
};

using Work = std::function<int()>;
struct Graph {
  std::vector<Work> nodes;
  bool valid = true;
  size_t bytes = 0;  // device memory of one that is ready to be launched
  long context = 0;  // the context that it belongs to
};
constexpr size_t NODE_BYTES = 1024;  // so that memory of graphs is seen at all
struct Stream {
  int device;
  Graph* capture = nullptr;
};
struct Event {
  std::chrono::steady_clock::time_point recorded;
  int pending = 0;  // records that are queued
};
struct Allocation {
  unsigned char* base;  // GUARD bytes, the caller's bytes, GUARD bytes
  size_t bytes;
};
constexpr size_t GUARD = 256;

/** One device with its primary context. */
struct Device {
  std::deque<Work> queue;
  std::map<Address, Allocation> memory;
  size_t used = 0;
  int sticky = SUCCESS;
  std::string fault;
  Graph* capture = nullptr;       // what is being captured,
  std::thread::id captureThread;  // and for whom
  long context = 0;               // contexts there were before
};
constexpr int MOST_DEVICES = 8;

/** The whole state of the machine that is played. One lock: work of two devices takes turns. */
static struct Machine {
  std::recursive_mutex lock;
  Device devices[MOST_DEVICES];
  // "call" or, on one device alone, "call@1" -> (calls until it fails, result)
  std::map<std::string, std::pair<long, int>> injected;
  std::map<std::string, long> calls;
  long waits = 0;  // of the host, for work that was not done yet
  // "totalMemory@1", if above 0, stands before "totalMemory" for the one device
  std::map<std::string, long> settings{
      {"driverVersion", 13000}, {"devices", 1}, {"totalMemory", 1l << 30}, {"major", 8}, {"minor", 6}};
} machine;

/** The device whose context the calling thread has made current, or -1. */
static thread_local int currentDevice = -1;
static Device& current() { return machine.devices[std::max(0, currentDevice)]; }
static size_t totalMemory(int device) {
  auto own = machine.settings.find("totalMemory@" + std::to_string(device));
  return own != machine.settings.end() && own->second > 0 ? own->second : machine.settings["totalMemory"];
}
static bool isDevice(int device) { return device >= 0 && device < machine.settings["devices"]; }

static void break_(int result, const std::string& message) {
  if (current().sticky) return;
  current().sticky = result;
  current().fault = message;
}

/** What no thread may do while it captures: it could wait for work that does not run. */
static bool endsCapture(const std::string& call) {
  static const std::set<std::string> unsafe{
      "cuMemAlloc_v2", "cuMemFree_v2", "cuMemHostAlloc", "cuMemFreeHost", "cuCtxSynchronize", "cuStreamSynchronize",
      "cuEventSynchronize", "cuModuleLoadData"};
  return current().capture && current().captureThread == std::this_thread::get_id() && unsafe.count(call);
}
/** What is injected under `name`, or SUCCESS. */
static int injected(const std::string& name) {
  auto it = machine.injected.find(name);
  if (it == machine.injected.end() || --it->second.first >= 0) return SUCCESS;
  int result = it->second.second;
  machine.injected.erase(it);
  if (result >= ILLEGAL_ADDRESS && result < CAPTURE_UNSUPPORTED) break_(result, "injected at " + name);
  return result;
}
/** What is injected for `call`, or the device's sticky fault. */
static int enter(const char* call) {
  machine.calls[call]++;
  if (endsCapture(call)) {
    current().capture->valid = false;
    return CAPTURE_UNSUPPORTED;
  }
  if (int r = injected(call)) return r;
  if (int r = injected(call + ("@" + std::to_string(currentDevice)))) return r;
  return currentDevice < 0 ? (int)INVALID_CONTEXT : current().sticky;
}
#define ENTER(call)                                        \
  std::lock_guard<std::recursive_mutex> guard(machine.lock); \
  if (int r = enter(call)) return r

/** Does queued work until `done` holds, or all of it. */
template <class Done>
static int drainUntil(Done done) {
  if (!current().queue.empty() && !current().sticky && !done()) machine.waits++;
  while (!current().queue.empty() && !current().sticky && !done()) {
    Work work = std::move(current().queue.front());
    current().queue.pop_front();
    work();
  }
  if (current().sticky) current().queue.clear();
  return current().sticky;
}
static int drain() {
  return drainUntil([] { return false; });
}
static int submit(void* stream, Work work) {
  if (!stream) return INVALID_VALUE;  // the legacy stream is never meant
  auto* s = (Stream*)stream;
  if (s->device != currentDevice) return INVALID_HANDLE;
  if (s->capture) {
    s->capture->nodes.push_back(std::move(work));
  } else {
    current().queue.push_back(std::move(work));
    if (emu::mode.eager) return drain();
  }
  return SUCCESS;
}

/** Whether [p, p + n) lies inside one allocation. */
static bool onDevice(Address p, size_t n) {
  auto it = current().memory.upper_bound(p);
  if (it == current().memory.begin()) return false;
  --it;
  return p + n <= it->first + it->second.bytes;
}
static bool guardsHold([[maybe_unused]] const Allocation& a) {
#ifndef EMU_ASAN  // which watches the guards itself
  for (size_t i = 0; i < GUARD; i++) {
    if (a.base[i] != emu::CANARY || a.base[GUARD + a.bytes + i] != emu::CANARY) return false;
  }
#endif
  return true;
}
static void checkGuards(const char* kernel) {
  for (auto& [address, a] : current().memory) {
    if (!guardsHold(a)) return break_(ILLEGAL_ADDRESS, std::string("kernel ") + kernel + " wrote outside its memory");
  }
}
static int copy(void* to, const void* from, size_t n) {
  std::memmove(to, from, n);
  return SUCCESS;
}

// ---- for the tests ------------------------------------------------------------------------------------------------------
/** Sets one of: reversed, eager, fill, or a setting of the machine, such as totalMemory or totalMemory@1. */
API emuSet(const char* key, long value) {
  std::lock_guard<std::recursive_mutex> guard(machine.lock);
  std::string k = key;
  if (k == "reversed") emu::mode.reversed = value;
  else if (k == "eager") emu::mode.eager = value;
  else if (k == "fill") emu::mode.fill = (unsigned char)value;
  else if (machine.settings.count(k.substr(0, k.find('@')))) machine.settings[k] = value;
  else return INVALID_VALUE;
  return SUCCESS;
}
/** The call named so, such as cuMemAlloc_v2 or cuMemAlloc_v2@1, fails with `result` after `successes` more calls. */
API emuFail(const char* call, long successes, int result) {
  std::lock_guard<std::recursive_mutex> guard(machine.lock);
  machine.injected[call] = {successes, result};
  return SUCCESS;
}
/** How often the call named so was made, whatever came of it. */
API emuCalls(const char* call, long* count) {
  std::lock_guard<std::recursive_mutex> guard(machine.lock);
  auto it = machine.calls.find(call);
  *count = it == machine.calls.end() ? 0 : it->second;
  return SUCCESS;
}
/** What broke the devices, for a person. */
API emuFault(char* text, int bytes) {
  std::lock_guard<std::recursive_mutex> guard(machine.lock);
  std::string fault;
  for (auto& device : machine.devices) fault += device.fault;
  std::snprintf(text, bytes, "%s", fault.c_str());
  return SUCCESS;
}

/** How often the host has waited for work that was not done yet. */
API emuWaits(long* waits) {
  std::lock_guard<std::recursive_mutex> guard(machine.lock);
  *waits = machine.waits;
  return SUCCESS;
}

// ---- for other look-alikes ----------------------------------------------------------------------------------------------
API emuEnter(const char* call) {
  std::lock_guard<std::recursive_mutex> guard(machine.lock);
  return enter(call);
}
API emuSubmit(void* stream, const std::function<int()>* work) {
  std::lock_guard<std::recursive_mutex> guard(machine.lock);
  return submit(stream, *work);
}
API emuOnDevice(Address p, size_t n) {
  std::lock_guard<std::recursive_mutex> guard(machine.lock);
  return onDevice(p, n);
}

// ---- device and context -------------------------------------------------------------------------------------------------
API cuInit(unsigned) {
  std::lock_guard<std::recursive_mutex> guard(machine.lock);
  if (int r = injected("cuInit")) return r;
  return machine.settings["devices"] ? SUCCESS : NO_DEVICE;
}
API cuDriverGetVersion(int* version) {
  *version = (int)machine.settings["driverVersion"];
  return SUCCESS;
}
API cuDeviceGetCount(int* count) {
  *count = (int)machine.settings["devices"];
  return SUCCESS;
}
API cuDeviceGet(int* device, int ordinal) {
  *device = ordinal;
  return isDevice(ordinal) ? SUCCESS : INVALID_DEVICE;
}
API cuDeviceGetName(char* name, int bytes, int) {
  std::snprintf(name, bytes, "Emulated device");
  return SUCCESS;
}
API cuDeviceTotalMem_v2(size_t* bytes, int device) {
  *bytes = totalMemory(device);
  return SUCCESS;
}
API cuDeviceGetPCIBusId(char* id, int bytes, int device) {
  if (bytes < 13) return INVALID_VALUE;
  std::snprintf(id, bytes, "0000:%02x:00.0", device + 1);
  return SUCCESS;
}
API cuDeviceGetAttribute(int* value, int attribute, int) {
  switch (attribute) {
    case 16: *value = 4; break;                                  // multiprocessors
    case 75: *value = (int)machine.settings["major"]; break;     // compute capability
    case 76: *value = (int)machine.settings["minor"]; break;
    case 97: *value = (int)emu::SHARED_BYTES; break;             // shared memory of a block that opts in
    default: return INVALID_VALUE;
  }
  return SUCCESS;
}
API cuDevicePrimaryCtxRetain(void** context, int device) {
  std::lock_guard<std::recursive_mutex> guard(machine.lock);
  if (!isDevice(device) || device >= MOST_DEVICES) return INVALID_DEVICE;
  *context = &machine.devices[device];
  if (int r = injected("cuDevicePrimaryCtxRetain")) return r;
  if (int r = injected("cuDevicePrimaryCtxRetain@" + std::to_string(device))) return r;
  return machine.devices[device].sticky;
}
API cuDevicePrimaryCtxRelease_v2(int) { return SUCCESS; }
/** All memory of the context is gone, and so is its fault. */
API cuDevicePrimaryCtxReset_v2(int device) {
  std::lock_guard<std::recursive_mutex> guard(machine.lock);
  if (!isDevice(device)) return INVALID_DEVICE;
  Device& reset = machine.devices[device];
  reset.queue.clear();
  for (auto& [address, a] : reset.memory) free(a.base);
  reset.memory.clear();
  reset.used = 0;
  reset.context++;
  reset.sticky = SUCCESS;
  reset.fault.clear();
  return SUCCESS;
}
API cuCtxSetCurrent(void* context) {
  currentDevice = context ? (int)((Device*)context - machine.devices) : -1;
  return SUCCESS;
}
API cuCtxSynchronize() {
  ENTER("cuCtxSynchronize");
  return drain();
}

// ---- memory -------------------------------------------------------------------------------------------------------------
API cuMemGetInfo_v2(size_t* free, size_t* total) {
  ENTER("cuMemGetInfo_v2");
  *total = totalMemory(currentDevice);
  *free = *total - current().used;
  return SUCCESS;
}
API cuMemAlloc_v2(Address* address, size_t bytes) {
  ENTER("cuMemAlloc_v2");
  if (!bytes) return INVALID_VALUE;
  if (current().used + bytes > totalMemory(currentDevice)) return OUT_OF_MEMORY;
  size_t whole = (bytes + 2 * GUARD + 255) & ~(size_t)255;
  auto* base = (unsigned char*)aligned_alloc(256, whole);
  if (!base) return OUT_OF_MEMORY;
  std::memset(base, emu::CANARY, whole);
  std::memset(base + GUARD, emu::mode.fill, bytes);
  *address = (Address)(base + GUARD);
  current().memory[*address] = {base, bytes};
#ifdef EMU_ASAN
  __asan_poison_memory_region(base, GUARD);
  __asan_poison_memory_region(base + GUARD + (bytes + 7) / 8 * 8, whole - GUARD - (bytes + 7) / 8 * 8);
#endif
  current().used += bytes;
  return SUCCESS;
}
API cuMemFree_v2(Address address) {
  ENTER("cuMemFree_v2");
  drain();
  auto it = current().memory.find(address);
  if (it == current().memory.end()) return INVALID_VALUE;
  current().used -= it->second.bytes;
  free(it->second.base);
  current().memory.erase(it);
  return SUCCESS;
}
API cuMemHostAlloc(void** address, size_t bytes, unsigned) {
  ENTER("cuMemHostAlloc");
  *address = aligned_alloc(4096, (bytes + 4095) & ~(size_t)4095);
  if (*address) std::memset(*address, emu::mode.fill, bytes);
  return *address ? SUCCESS : OUT_OF_MEMORY;
}
API cuMemFreeHost(void* address) {
  std::lock_guard<std::recursive_mutex> guard(machine.lock);
  if (endsCapture("cuMemFreeHost")) return current().capture->valid = false, CAPTURE_UNSUPPORTED;
  drain();
  free(address);
  return SUCCESS;
}
API cuMemcpyHtoDAsync_v2(Address to, const void* from, size_t n, void* stream) {
  ENTER("cuMemcpyHtoDAsync_v2");
  if (!onDevice(to, n)) return INVALID_VALUE;
  return submit(stream, [=] { return copy((void*)to, from, n); });
}
API cuMemcpyDtoHAsync_v2(void* to, Address from, size_t n, void* stream) {
  ENTER("cuMemcpyDtoHAsync_v2");
  if (!onDevice(from, n)) return INVALID_VALUE;
  return submit(stream, [=] { return copy(to, (void*)from, n); });
}
API cuMemcpyDtoDAsync_v2(Address to, Address from, size_t n, void* stream) {
  ENTER("cuMemcpyDtoDAsync_v2");
  if (!onDevice(to, n) || !onDevice(from, n)) return INVALID_VALUE;
  return submit(stream, [=] { return copy((void*)to, (void*)from, n); });
}
API cuMemsetD8Async(Address to, unsigned char value, size_t n, void* stream) {
  ENTER("cuMemsetD8Async");
  if (!onDevice(to, n)) return INVALID_VALUE;
  return submit(stream, [=] { return std::memset((void*)to, value, n), SUCCESS; });
}

// ---- streams and events -------------------------------------------------------------------------------------------------
API cuStreamCreate(void** stream, unsigned) {
  ENTER("cuStreamCreate");
  *stream = new Stream{currentDevice};
  return SUCCESS;
}
API cuStreamDestroy_v2(void* stream) {
  std::lock_guard<std::recursive_mutex> guard(machine.lock);
  drain();
  delete (Stream*)stream;
  return SUCCESS;
}
API cuStreamSynchronize(void* stream) {
  ENTER("cuStreamSynchronize");
  return drain();
}
API cuStreamWaitEvent(void*, void*, unsigned) {
  ENTER("cuStreamWaitEvent");
  return SUCCESS;  // the queue keeps the order of issue over all streams
}
API cuEventCreate(void** event, unsigned) {
  ENTER("cuEventCreate");
  *event = new Event;
  return SUCCESS;
}
API cuEventDestroy_v2(void* event) {
  std::lock_guard<std::recursive_mutex> guard(machine.lock);
  drain();
  delete (Event*)event;
  return SUCCESS;
}
API cuEventRecord(void* event, void* stream) {
  ENTER("cuEventRecord");
  auto* e = (Event*)event;
  if (stream && !((Stream*)stream)->capture) e->pending++;
  return submit(stream, [=] {
    e->recorded = std::chrono::steady_clock::now();
    if (e->pending) e->pending--;
    return SUCCESS;
  });
}
/** Does no more than what was queued before the event: a host that reads what came later sees stale bytes. */
API cuEventSynchronize(void* event) {
  ENTER("cuEventSynchronize");
  return drainUntil([=] { return !((Event*)event)->pending; });
}
API cuEventElapsedTime(float* milliseconds, void* from, void* to) {
  ENTER("cuEventElapsedTime");
  *milliseconds =
      std::chrono::duration<float, std::milli>(((Event*)to)->recorded - ((Event*)from)->recorded).count();
  return SUCCESS;
}

// ---- modules, launches, graphs ------------------------------------------------------------------------------------------
API cuModuleLoadData(void** module, const void* image) {
  ENTER("cuModuleLoadData");
  static int linkedIn;
  *module = &linkedIn;
  return image ? SUCCESS : INVALID_VALUE;
}
API cuModuleUnload(void*) { return SUCCESS; }
API cuModuleGetFunction(void** function, void*, const char* name) {
  ENTER("cuModuleGetFunction");
  for (auto& k : emu::kernels()) {
    if (!std::strcmp(k.name, name)) {
      *function = &k;
      return SUCCESS;
    }
  }
  return NOT_FOUND;
}
API cuFuncSetAttribute(void*, int, int value) {
  return value > (int)emu::SHARED_BYTES ? INVALID_VALUE : SUCCESS;
}
API cuLaunchKernel(void* function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
                   unsigned sharedBytes, void* stream, void** parameters, void**) {
  ENTER("cuLaunchKernel");
  auto* k = (emu::Kernel*)function;
  long threads = (long)bx * by * bz;
  if (!gx || !gy || !gz || gy > 65535 || gz > 65535 || !threads || threads > emu::MAX_THREADS ||
      sharedBytes > emu::SHARED_BYTES) {
    return INVALID_VALUE;
  }
  auto body = k->bind(parameters);  // copies the parameters' values now, as the driver does
  return submit(stream, [=]() -> int {
    std::string fault = emu::pool().launch(k->name, body, dim3(gx, gy, gz), dim3(bx, by, bz), sharedBytes);
    if (!fault.empty()) break_(LAUNCH_FAILED, fault);
    checkGuards(k->name);
    return current().sticky;
  });
}
API cuStreamBeginCapture_v2(void* stream, int) {
  ENTER("cuStreamBeginCapture_v2");
  auto* s = (Stream*)stream;
  if (!s || current().capture) return CAPTURE_UNSUPPORTED;  // on hardware several streams may; nobody here does
  current().capture = s->capture = new Graph;
  current().captureThread = std::this_thread::get_id();
  return SUCCESS;
}
API cuStreamEndCapture(void* stream, void** graph) {
  std::lock_guard<std::recursive_mutex> guard(machine.lock);
  auto* s = (Stream*)stream;
  if (!s || !s->capture) return CAPTURE_UNSUPPORTED;
  Graph* captured = s->capture;
  current().capture = s->capture = nullptr;
  *graph = captured->valid ? captured : nullptr;
  if (captured->valid) return SUCCESS;
  delete captured;
  return CAPTURE_INVALIDATED;
}
API cuGraphInstantiateWithFlags(void** executable, void* graph, unsigned long long) {
  ENTER("cuGraphInstantiateWithFlags");
  size_t bytes = NODE_BYTES * ((Graph*)graph)->nodes.size();
  if (current().used + bytes > totalMemory(currentDevice)) return OUT_OF_MEMORY;
  current().used += bytes;
  auto* ready = new Graph(*(Graph*)graph);
  ready->bytes = bytes;
  ready->context = current().context;
  *executable = ready;
  return SUCCESS;
}
API cuGraphLaunch(void* executable, void* stream) {
  ENTER("cuGraphLaunch");
  for (auto& node : ((Graph*)executable)->nodes) {
    if (int r = submit(stream, node)) return r;
  }
  return SUCCESS;
}
API cuGraphDestroy(void* graph) {
  delete (Graph*)graph;
  return SUCCESS;
}
API cuGraphExecDestroy(void* executable) {
  std::lock_guard<std::recursive_mutex> guard(machine.lock);
  auto* ready = (Graph*)executable;  // launches that are queued have what they need
  if (ready->context == current().context) current().used -= ready->bytes;
  delete ready;
  return SUCCESS;
}
API cuGetErrorName(int result, const char** name) {
  static const std::map<int, const char*> names{
      {SUCCESS, "CUDA_SUCCESS"},
      {INVALID_VALUE, "CUDA_ERROR_INVALID_VALUE"},
      {OUT_OF_MEMORY, "CUDA_ERROR_OUT_OF_MEMORY"},
      {NO_DEVICE, "CUDA_ERROR_NO_DEVICE"},
      {INVALID_DEVICE, "CUDA_ERROR_INVALID_DEVICE"},
      {INVALID_CONTEXT, "CUDA_ERROR_INVALID_CONTEXT"},
      {INVALID_HANDLE, "CUDA_ERROR_INVALID_HANDLE"},
      {NOT_FOUND, "CUDA_ERROR_NOT_FOUND"},
      {ILLEGAL_ADDRESS, "CUDA_ERROR_ILLEGAL_ADDRESS"},
      {LAUNCH_FAILED, "CUDA_ERROR_LAUNCH_FAILED"},
      {CAPTURE_UNSUPPORTED, "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED"},
      {CAPTURE_INVALIDATED, "CUDA_ERROR_STREAM_CAPTURE_INVALIDATED"}};
  auto it = names.find(result);
  if (it == names.end()) return INVALID_VALUE;
  *name = it->second;
  return SUCCESS;
}
