// look_alike_nvml.cpp: a libnvidia-ml.so.1 with one GPU at PCI bus id 0000:01:00.0, whose gauges the tests set. Tests only.
#include <cstdio>
#include <cstring>
#include <map>
#include <mutex>
#include <string>

#define API extern "C" __attribute__((visibility("default"))) int

enum Result { SUCCESS = 0, UNINITIALIZED = 1, INVALID_ARGUMENT = 2, NOT_SUPPORTED = 3, NOT_FOUND = 6, INSUFFICIENT_SIZE = 7 };

static std::mutex lock;
static bool initialised = false;
static int gpu;
static std::map<std::string, long> gauges{
    {"total", 1 << 30}, {"used", 300 << 20}, {"utilization", 37}, {"milliwatts", 61500}, {"celsius", 44}};
static std::map<std::string, int> failures;

/** Sets a gauge, or with a function's name the result that it returns from now on (0: it works again). */
API nvmlTestSet(const char* key, long value) {
  std::lock_guard<std::mutex> guard(lock);
  if (!std::strncmp(key, "nvml", 4)) failures[key] = (int)value;
  else if (gauges.count(key)) gauges[key] = value;
  else return INVALID_ARGUMENT;
  return SUCCESS;
}

#define ENTER(function, device)                                    \
  std::lock_guard<std::mutex> guard(lock);                         \
  if (!initialised && std::strcmp(#function, "nvmlInit_v2")) return UNINITIALIZED; \
  if (int result = failures[#function]) return result;             \
  if ((device) != &gpu) return INVALID_ARGUMENT

API nvmlInit_v2() {
  ENTER(nvmlInit_v2, &gpu);
  initialised = true;
  return SUCCESS;
}
API nvmlSystemGetDriverVersion(char* text, unsigned bytes) {
  ENTER(nvmlSystemGetDriverVersion, &gpu);
  if (bytes < 80) return INSUFFICIENT_SIZE;
  std::snprintf(text, bytes, "580.65.06");
  return SUCCESS;
}
API nvmlDeviceGetHandleByPciBusId_v2(const char* id, void** device) {
  ENTER(nvmlDeviceGetHandleByPciBusId_v2, &gpu);
  if (std::strcmp(id, "0000:01:00.0")) return NOT_FOUND;
  *device = &gpu;
  return SUCCESS;
}
struct Memory {
  unsigned long long total, free, used;
};
API nvmlDeviceGetMemoryInfo(void* device, Memory* memory) {
  ENTER(nvmlDeviceGetMemoryInfo, device);
  memory->total = gauges["total"];
  memory->used = gauges["used"];
  memory->free = memory->total - memory->used;
  return SUCCESS;
}
struct Utilization {
  unsigned gpu, memory;
};
API nvmlDeviceGetUtilizationRates(void* device, Utilization* rates) {
  ENTER(nvmlDeviceGetUtilizationRates, device);
  rates->gpu = (unsigned)gauges["utilization"];
  rates->memory = 99;
  return SUCCESS;
}
API nvmlDeviceGetPowerUsage(void* device, unsigned* milliwatts) {
  ENTER(nvmlDeviceGetPowerUsage, device);
  *milliwatts = (unsigned)gauges["milliwatts"];
  return SUCCESS;
}
API nvmlDeviceGetTemperature(void* device, int sensor, unsigned* celsius) {
  ENTER(nvmlDeviceGetTemperature, device);
  if (sensor) return INVALID_ARGUMENT;
  *celsius = (unsigned)gauges["celsius"];
  return SUCCESS;
}
extern "C" __attribute__((visibility("default"))) const char* nvmlErrorString(int result) {
  switch (result) {
    case NOT_SUPPORTED: return "Not Supported";
    case NOT_FOUND: return "Not Found";
    case UNINITIALIZED: return "Uninitialized";
    default: return "Some other error";
  }
}
