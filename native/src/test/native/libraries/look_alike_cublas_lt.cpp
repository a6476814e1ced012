// look_alike_cublas_lt.cpp: a libcublasLt.so.13 that computes on the look-alike driver's memory and streams. Tests only.
//
// It refuses what the real library would refuse or read wrongly: descriptors that contradict each other, matrices that do not
// lie in device memory, addresses less aligned than was promised, an algorithm chosen for another shape, a workspace that is
// too small. Only what Quern asks for is known: an attribute or a type beyond that is refused too.
#include "look_alike.h"
#include <atomic>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#define API extern "C" __attribute__((visibility("default"))) int
using Address = unsigned long long;

enum Status { SUCCESS = 0, NOT_INITIALIZED = 1, INVALID_VALUE = 7, EXECUTION_FAILED = 13, NOT_SUPPORTED = 15 };
enum Type { FP32 = 0, FP16 = 2, BF16 = 14 };
enum { COMPUTE_32F = 68, OP_N = 0, OP_T = 1, EPILOGUE_DEFAULT = 1, EPILOGUE_BIAS = 4, REDUCE_IN_COMPUTE_TYPE = 2 };

// Every object begins with its kind, so that one is not taken for another.
enum Kind : uint64_t { HANDLE = 0x48414e44, OPERATION = 0x4f504552, LAYOUT = 0x4c41594f, PREFERENCE = 0x50524546, FREED = 0 };
struct Object {
  Kind kind;
};
struct Operation : Object {
  int computeType, scaleType;
  int transA = OP_N, transB = OP_N, epilogue = EPILOGUE_DEFAULT, biasType = -1;
  Address bias = 0;
};
struct Layout : Object {
  int type;
  uint64_t rows, columns;
  int64_t leading;
};
struct Preference : Object {
  uint64_t workspace = 0;
  uint32_t reductions = 7;
  uint32_t alignment[4] = {256, 256, 256, 256};
};
/** cublasLtMatmulAlgo_t: what the algorithm was chosen for. */
struct Algorithm {
  uint64_t magic, m, n, k, workspace;
  uint32_t alignment, type, epilogue, biasAlignment;
  uint64_t unused;
};
static_assert(sizeof(Algorithm) == 64);
constexpr uint64_t CHOSEN = 0x43484f53454eull;

static std::atomic<long> live{0};       // objects made and not destroyed
static std::atomic<long> heuristics{0};  // times that an algorithm was asked for
static std::atomic<long> products{0};    // products queued
static std::atomic<bool> refusing{false};

/** For the tests: live, heuristics or products. */
extern "C" __attribute__((visibility("default"))) long cublasTestCount(const char* what) {
  if (!std::strcmp(what, "live")) return live;
  if (!std::strcmp(what, "heuristics")) return heuristics;
  if (!std::strcmp(what, "products")) return products;
  return -1;
}
/** For the tests: "refuse" lets there be an algorithm for nothing. */
API cublasTestSet(const char* key, long value) {
  if (std::strcmp(key, "refuse")) return INVALID_VALUE;
  refusing = value;
  return SUCCESS;
}

template <class T>
static T* as(void* object, Kind kind) {
  return object && ((Object*)object)->kind == kind ? (T*)object : nullptr;
}
template <class T>
static int create(void** out, const T& value) {
  if (!out) return INVALID_VALUE;
  *out = new T(value);
  live++;
  return SUCCESS;
}
template <class T>
static int destroy(void* object, Kind kind) {
  T* known = as<T>(object, kind);
  if (!known) return INVALID_VALUE;
  known->kind = FREED;
  delete known;
  live--;
  return SUCCESS;
}
template <class T>
static int read(T* to, const void* from, size_t bytes) {
  if (!from || bytes != sizeof(T)) return INVALID_VALUE;
  std::memcpy(to, from, bytes);
  return SUCCESS;
}
static int typeBytes(int type) { return type == FP32 ? 4 : type == FP16 || type == BF16 ? 2 : 0; }
#define ENTER(call) \
  if (emuEnter(call)) return EXECUTION_FAILED

// ---- objects ------------------------------------------------------------------------------------------------------------
extern "C" __attribute__((visibility("default"))) size_t cublasLtGetVersion() { return 130203; }
extern "C" __attribute__((visibility("default"))) const char* cublasLtGetStatusName(int status) {
  switch (status) {
    case SUCCESS: return "CUBLAS_STATUS_SUCCESS";
    case NOT_INITIALIZED: return "CUBLAS_STATUS_NOT_INITIALIZED";
    case INVALID_VALUE: return "CUBLAS_STATUS_INVALID_VALUE";
    case EXECUTION_FAILED: return "CUBLAS_STATUS_EXECUTION_FAILED";
    case NOT_SUPPORTED: return "CUBLAS_STATUS_NOT_SUPPORTED";
    default: return "unknown";
  }
}
API cublasLtCreate(void** handle) {
  if (emuEnter("cublasLtCreate")) return NOT_INITIALIZED;
  return create(handle, Object{HANDLE});
}
API cublasLtDestroy(void* handle) { return destroy<Object>(handle, HANDLE); }
API cublasLtMatmulDescCreate(void** operation, int computeType, int scaleType) {
  if (computeType != COMPUTE_32F || scaleType != FP32) return NOT_SUPPORTED;
  return create(operation, Operation{{OPERATION}, computeType, scaleType});
}
API cublasLtMatmulDescDestroy(void* operation) { return destroy<Operation>(operation, OPERATION); }
API cublasLtMatmulDescSetAttribute(void* operation, int attribute, const void* value, size_t bytes) {
  auto* o = as<Operation>(operation, OPERATION);
  if (!o) return INVALID_VALUE;
  switch (attribute) {
    case 3: return read(&o->transA, value, bytes);
    case 4: return read(&o->transB, value, bytes);
    case 7: return read(&o->epilogue, value, bytes);
    case 8: return read(&o->bias, value, bytes);
    case 26: return read(&o->biasType, value, bytes);
    default: return INVALID_VALUE;
  }
}
API cublasLtMatrixLayoutCreate(void** layout, int type, uint64_t rows, uint64_t columns, int64_t leading) {
  if (!typeBytes(type)) return NOT_SUPPORTED;
  if (!rows || !columns || leading < (int64_t)rows) return INVALID_VALUE;  // by columns, which is the order by default
  return create(layout, Layout{{LAYOUT}, type, rows, columns, leading});
}
API cublasLtMatrixLayoutDestroy(void* layout) { return destroy<Layout>(layout, LAYOUT); }
API cublasLtMatmulPreferenceCreate(void** preference) { return create(preference, Preference{{PREFERENCE}}); }
API cublasLtMatmulPreferenceDestroy(void* preference) { return destroy<Preference>(preference, PREFERENCE); }
API cublasLtMatmulPreferenceSetAttribute(void* preference, int attribute, const void* value, size_t bytes) {
  auto* p = as<Preference>(preference, PREFERENCE);
  if (!p) return INVALID_VALUE;
  switch (attribute) {
    case 1: return read(&p->workspace, value, bytes);
    case 3: return read(&p->reductions, value, bytes);
    case 5:
    case 6:
    case 7:
    case 8: {
      uint32_t* alignment = &p->alignment[attribute - 5];
      if (int status = read(alignment, value, bytes)) return status;
      return *alignment && !(*alignment & (*alignment - 1)) ? SUCCESS : INVALID_VALUE;
    }
    default: return INVALID_VALUE;
  }
}

// ---- products -----------------------------------------------------------------------------------------------------------
/** D = op(A) op(B) + bias, D with m rows and n columns. */
struct Product {
  uint64_t m, n, k;
  int status;
};
static Product productOf(Operation* o, Layout* a, Layout* b, Layout* c, Layout* d) {
  if (!o || !a || !b || !c || !d) return {0, 0, 0, INVALID_VALUE};
  if (o->transA < 0 || o->transA > OP_T || o->transB < 0 || o->transB > OP_T) return {0, 0, 0, INVALID_VALUE};
  const uint64_t m = o->transA ? a->columns : a->rows, k = o->transA ? a->rows : a->columns;
  const uint64_t otherK = o->transB ? b->columns : b->rows, n = o->transB ? b->rows : b->columns;
  if (k != otherK || d->rows != m || d->columns != n || c->rows != m || c->columns != n) return {m, n, k, INVALID_VALUE};
  if (a->type != b->type || c->type != d->type || a->type != d->type) return {m, n, k, NOT_SUPPORTED};
  if (o->epilogue != EPILOGUE_DEFAULT && o->epilogue != EPILOGUE_BIAS) return {m, n, k, NOT_SUPPORTED};
  if (o->epilogue == EPILOGUE_BIAS && (!o->bias || (o->biasType != -1 && o->biasType != d->type))) {
    return {m, n, k, INVALID_VALUE};
  }
  return {m, n, k, SUCCESS};
}
static uint32_t alignmentOf(Address address) { return (uint32_t)((address | 256) & -(address | 256)); }

struct HeuristicResult {
  Algorithm algorithm;
  uint64_t workspace;
  int status;
  float waves;
  int reserved[4];
};
static_assert(sizeof(HeuristicResult) == 96);

API cublasLtMatmulAlgoGetHeuristic(void* handle, void* operation, void* a, void* b, void* c, void* d, void* preference,
                                   int wanted, HeuristicResult* results, int* found) {
  ENTER("cublasLtMatmulAlgoGetHeuristic");
  auto* o = as<Operation>(operation, OPERATION);
  auto* p = as<Preference>(preference, PREFERENCE);
  auto* layout = as<Layout>(d, LAYOUT);
  if (!as<Object>(handle, HANDLE) || !p || wanted < 1 || !results || !found) return INVALID_VALUE;
  heuristics++;
  const Product product = productOf(o, as<Layout>(a, LAYOUT), as<Layout>(b, LAYOUT), as<Layout>(c, LAYOUT), layout);
  if (product.status) return product.status;
  if (p->reductions & ~(uint32_t)REDUCE_IN_COMPUTE_TYPE) return NOT_SUPPORTED;  // sums would not stay in fp32
  *found = 0;
  uint32_t alignment = 256;
  for (uint32_t one : p->alignment) alignment = one < alignment ? one : alignment;
  if (refusing || alignment < 16) return NOT_SUPPORTED;
  const uint64_t workspace = product.m * product.n * 4 < p->workspace ? product.m * product.n * 4 : p->workspace;
  results[0] = {};
  results[0].algorithm = {CHOSEN,    product.m,          product.n, product.k, workspace,
                          alignment, (uint32_t)layout->type, (uint32_t)o->epilogue,
                          o->bias ? alignmentOf(o->bias) : 0, 0};
  results[0].workspace = workspace;
  *found = 1;
  return SUCCESS;
}

static float load(int type, Address base, uint64_t index) {
  if (type == FP32) return ((const float*)base)[index];
  const uint16_t bits = ((const uint16_t*)base)[index];
  if (type == FP16) {
    _Float16 half;
    std::memcpy(&half, &bits, 2);
    return (float)half;
  }
  const uint32_t wide = (uint32_t)bits << 16;
  float value;
  std::memcpy(&value, &wide, 4);
  return value;
}
static void store(int type, Address base, uint64_t index, float value) {
  if (type == FP32) {
    ((float*)base)[index] = value;
  } else if (type == FP16) {
    const _Float16 half = (_Float16)value;
    std::memcpy((uint16_t*)base + index, &half, 2);
  } else {
    uint32_t bits;
    std::memcpy(&bits, &value, 4);
    ((uint16_t*)base)[index] =
        std::isnan(value) ? 0x7FC0 : (uint16_t)((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
  }
}
static bool holds(Address base, const Layout& l) {
  return emuOnDevice(base, ((l.columns - 1) * l.leading + l.rows) * typeBytes(l.type));
}

API cublasLtMatmul(void* handle, void* operation, const float* alpha, Address a, void* aLayout, Address b, void* bLayout,
                   const float* beta, Address c, void* cLayout, Address d, void* dLayout, const Algorithm* algorithm,
                   Address workspace, size_t workspaceBytes, void* stream) {
  ENTER("cublasLtMatmul");
  auto* o = as<Operation>(operation, OPERATION);
  auto* la = as<Layout>(aLayout, LAYOUT);
  auto* lb = as<Layout>(bLayout, LAYOUT);
  auto* lc = as<Layout>(cLayout, LAYOUT);
  auto* ld = as<Layout>(dLayout, LAYOUT);
  const Product product = productOf(o, la, lb, lc, ld);
  if (product.status) return product.status;
  if (!as<Object>(handle, HANDLE) || !alpha || !beta || !algorithm || !stream) return INVALID_VALUE;
  if (*alpha != 1 || *beta != 0 || c != d) return NOT_SUPPORTED;
  const uint64_t m = product.m, n = product.n, k = product.k;
  if (algorithm->magic != CHOSEN || algorithm->m != m || algorithm->n != n || algorithm->k != k ||
      (int)algorithm->type != ld->type || (int)algorithm->epilogue != o->epilogue) {
    return INVALID_VALUE;  // chosen for another product
  }
  if (!holds(a, *la) || !holds(b, *lb) || !holds(d, *ld)) return INVALID_VALUE;
  if (alignmentOf(a | b | d) < algorithm->alignment) return INVALID_VALUE;
  const bool biased = o->epilogue == EPILOGUE_BIAS;
  if (biased && (!emuOnDevice(o->bias, m * typeBytes(ld->type)) || alignmentOf(o->bias) < algorithm->alignment)) {
    return INVALID_VALUE;
  }
  if (workspaceBytes < algorithm->workspace || (workspaceBytes && !emuOnDevice(workspace, workspaceBytes)) || workspace % 256) {
    return INVALID_VALUE;
  }
  const Operation op = *o;  // the caller may free or change its descriptors once the call has returned
  const Layout A = *la, B = *lb, D = *ld;
  std::function<int()> work = [=] {
    std::memset((void*)workspace, 0xFF, workspaceBytes);  // what others kept there is gone
    std::vector<float> sums(m * n);
    for (uint64_t i = 0; i < m; i++) {
      for (uint64_t j = 0; j < n; j++) {
        float sum = 0;
        for (uint64_t l = 0; l < k; l++) {
          sum += load(A.type, a, op.transA ? l + i * A.leading : i + l * A.leading) *
                 load(B.type, b, op.transB ? j + l * B.leading : l + j * B.leading);
        }
        sums[j * m + i] = sum + (biased ? load(D.type, op.bias, i) : 0);
      }
    }
    for (uint64_t j = 0; j < n; j++) {
      for (uint64_t i = 0; i < m; i++) store(D.type, d, i + j * D.leading, sums[j * m + i]);
    }
    return 0;
  };
  products++;
  return emuSubmit(stream, &work) ? EXECUTION_FAILED : SUCCESS;
}
