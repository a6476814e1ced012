// The functions of this library as operations of libtorch, so that TorchScript can call them: ops.quern.NAME.
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

// Shapes and types are the caller's to get right, and the memory is the caller's too: nothing can be thrown from here.
static void linear(uint64_t* stack, uint64_t inputs, uint64_t outputs) {
  (void)outputs;
  TensorHandle x = (TensorHandle)stack[0];
  TensorHandle weight = (TensorHandle)stack[1];
  TensorHandle out = (TensorHandle)stack[2];
  TensorHandle scratch = (TensorHandle)stack[3];
  quern_linear(
      data(x), data(weight), weight_type(weight), data(out), data(scratch), size(x, 0), size(x, 1), size(weight, 0));
  for (uint64_t i = 0; i < inputs; i++) {
    aoti_torch_delete_tensor_object((TensorHandle)stack[i]);
  }
}

// Registers the operations, once a process. Returns 0; 1 where the processor lacks what they are compiled for, so that they
// can be named but not called; 2 where libtorch refuses them.
int quern_register_operations(void) {
  LibraryHandle operations;
  LibraryHandle kernels;
  if (aoti_torch_library_init_def("quern", __FILE__, __LINE__, &operations) ||
      aoti_torch_library_def(operations, "linear(Tensor x, Tensor weight, Tensor(a!) out, Tensor(b!) scratch) -> ()")) {
    return 2;
  }
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") || !__builtin_cpu_supports("f16c")) {
    return 1;
  }
  if (aoti_torch_library_init_impl("quern", "CPU", __FILE__, __LINE__, &kernels) ||
      aoti_torch_library_impl(kernels, "linear", linear)) {
    return 2;
  }
  return 0;
}
