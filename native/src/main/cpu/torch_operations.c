// The functions of this library as operations of libtorch, so that TorchScript can call them: ops.quern.NAME.
#include <string.h>

#include "attention.h"
#include "layers.h"
#include "linear.h"
#include "torch_stable.h"

// libtorch's number of fp16 (c10::ScalarType); the other type that comes here is bf16.
enum { SCALAR_HALF = 5 };

static void* data(TensorHandle tensor) {
  void* data = 0;
  aoti_torch_get_data_ptr(tensor, &data);
  return data;
}

static int64_t size(TensorHandle tensor, int dimension) {
  int64_t* sizes = 0;
  aoti_torch_get_sizes(tensor, &sizes);
  return sizes[dimension];
}

static WeightType weight_type(TensorHandle tensor) {
  int32_t type = 0;
  aoti_torch_get_dtype(tensor, &type);
  return type == SCALAR_HALF ? WEIGHT_FP16 : WEIGHT_BF16;
}

static float number(uint64_t value) {
  double number;
  memcpy(&number, &value, sizeof number);
  return (float)number;
}

// The callee owns the tensors on its stack.
static void release(const uint64_t* stack, int tensors) {
  for (int i = 0; i < tensors; i++) {
    aoti_torch_delete_tensor_object((TensorHandle)stack[i]);
  }
}

// Each function below has its schema above it, tensors first. Shapes and types are the caller's to get right, and the memory
// is the caller's too: nothing can be thrown from here.
#define OPERATION(name) static void name(uint64_t* stack, uint64_t inputs, uint64_t outputs)
#define TENSOR(index) ((TensorHandle)stack[index])
#define INTEGER(index) ((int64_t)stack[index])

#define LINEAR "linear(Tensor x, Tensor weight, Tensor(a!) out, Tensor(b!) scratch) -> ()"
OPERATION(linear) {
  (void)inputs, (void)outputs;
  TensorHandle x = TENSOR(0);
  TensorHandle weight = TENSOR(1);
  quern_linear(
      data(x), data(weight), weight_type(weight), data(TENSOR(2)), data(TENSOR(3)), size(x, 0), size(x, 1), size(weight, 0));
  release(stack, 4);
}

#define RMS_NORM "rms_norm(Tensor x, Tensor weight, Tensor(a!) out, float epsilon) -> ()"
OPERATION(rms_norm) {
  (void)inputs, (void)outputs;
  TensorHandle x = TENSOR(0);
  quern_rms_norm(data(x), data(TENSOR(1)), number(stack[3]), data(TENSOR(2)), size(x, 0), size(x, 1));
  release(stack, 3);
}

#define ADD_RMS_NORM \
  "add_rms_norm(Tensor residual, Tensor x, Tensor weight, Tensor(a!) total, Tensor(b!) out, float epsilon) -> ()"
OPERATION(add_rms_norm) {
  (void)inputs, (void)outputs;
  TensorHandle x = TENSOR(1);
  quern_add_rms_norm(
      data(TENSOR(0)), data(x), data(TENSOR(2)), number(stack[5]), data(TENSOR(3)), data(TENSOR(4)), size(x, 0), size(x, 1));
  release(stack, 5);
}

#define GATED "gated(Tensor gate_up, Tensor(a!) out, int activation) -> ()"
OPERATION(gated) {
  (void)inputs, (void)outputs;
  TensorHandle out = TENSOR(1);
  quern_gated(data(TENSOR(0)), INTEGER(2) == 0 ? GATE_SILU : GATE_GELU_TANH, data(out), size(out, 0), size(out, 1));
  release(stack, 2);
}

// norms: whether query_norm and key_norm are any; else they may be any tensors.
#define ROTATE_AND_CACHE \
  "rotate_and_cache(Tensor qkv, Tensor query_norm, Tensor key_norm, Tensor cosines, Tensor sines, Tensor slots, " \
  "Tensor(a!) keys, Tensor(b!) values, Tensor(c!) queries, int norms, float epsilon) -> ()"
OPERATION(rotate_and_cache) {
  (void)inputs, (void)outputs;
  TensorHandle cosines = TENSOR(3);
  TensorHandle keys = TENSOR(6);
  TensorHandle queries = TENSOR(8);
  Heads heads = {size(queries, 1), size(keys, 1), size(keys, 2)};
  HeadNorms norms = {INTEGER(9) ? data(TENSOR(1)) : 0, INTEGER(9) ? data(TENSOR(2)) : 0, number(stack[10])};
  Rotation rotation = {data(cosines), data(TENSOR(4)), size(cosines, 2)};
  quern_rotate_and_cache(
      data(TENSOR(0)), heads, norms, rotation, data(keys), data(TENSOR(7)), data(TENSOR(5)), data(queries), size(queries, 0));
  release(stack, 9);
}

// tokens: [count, 4] of int64, as DecodedToken
#define DECODED_ATTENTION \
  "decoded_attention(Tensor queries, Tensor keys, Tensor values, Tensor tokens, Tensor blocks, Tensor(a!) out, " \
  "int block_size, float scale, float soft_cap) -> ()"
OPERATION(decoded_attention) {
  (void)inputs, (void)outputs;
  TensorHandle queries = TENSOR(0);
  TensorHandle keys = TENSOR(1);
  TensorHandle tokens = TENSOR(3);
  Heads heads = {size(queries, 1), size(keys, 1), size(keys, 2)};
  PagedCache cache = {data(keys), data(TENSOR(2)), data(TENSOR(4)), INTEGER(6)};
  quern_decoded_attention(
      data(queries), heads, cache, data(tokens), size(tokens, 0), number(stack[7]), number(stack[8]), data(TENSOR(5)));
  release(stack, 6);
}

static const struct {
  const char* name;
  const char* schema;
  BoxedKernel kernel;
} OPERATIONS[] = {
    {"linear", LINEAR, linear},
    {"rms_norm", RMS_NORM, rms_norm},
    {"add_rms_norm", ADD_RMS_NORM, add_rms_norm},
    {"gated", GATED, gated},
    {"rotate_and_cache", ROTATE_AND_CACHE, rotate_and_cache},
    {"decoded_attention", DECODED_ATTENTION, decoded_attention},
};
enum { COUNT = sizeof OPERATIONS / sizeof OPERATIONS[0] };

// Registers the operations, once a process. Returns 0; 1 where the processor lacks what they are compiled for, so that they
// can be named but not called; 2 where libtorch refuses them.
int quern_register_operations(void) {
  LibraryHandle schemas;
  LibraryHandle kernels;
  if (aoti_torch_library_init_def("quern", __FILE__, __LINE__, &schemas)) {
    return 2;
  }
  for (int i = 0; i < COUNT; i++) {
    if (aoti_torch_library_def(schemas, OPERATIONS[i].schema)) {
      return 2;
    }
  }
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") || !__builtin_cpu_supports("f16c")) {
    return 1;
  }
  if (aoti_torch_library_init_impl("quern", "CPU", __FILE__, __LINE__, &kernels)) {
    return 2;
  }
  for (int i = 0; i < COUNT; i++) {
    if (aoti_torch_library_impl(kernels, OPERATIONS[i].name, OPERATIONS[i].kernel)) {
      return 2;
    }
  }
  return 0;
}
