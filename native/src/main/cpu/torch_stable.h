// The part of libtorch's stable C interface that is used here (torch/csrc/inductor/aoti_torch/c/shim.h). Everything is a
// 64-bit value on a stack: a handle of a tensor, which the callee frees, or a number.
#pragma once
#include <stdint.h>

typedef struct AtenTensorOpaque* TensorHandle;
typedef struct TorchLibraryOpaque* LibraryHandle;
typedef void (*BoxedKernel)(uint64_t* stack, uint64_t inputs, uint64_t outputs);

int32_t aoti_torch_get_data_ptr(TensorHandle tensor, void** data);
int32_t aoti_torch_get_dtype(TensorHandle tensor, int32_t* type);
int32_t aoti_torch_get_sizes(TensorHandle tensor, int64_t** sizes);
int32_t aoti_torch_delete_tensor_object(TensorHandle tensor);
int32_t aoti_torch_library_init_def(const char* name, const char* file, uint32_t line, LibraryHandle* library);
int32_t aoti_torch_library_init_impl(const char* name, const char* key, const char* file, uint32_t line, LibraryHandle* library);
int32_t aoti_torch_library_def(LibraryHandle library, const char* schema);
int32_t aoti_torch_library_impl(LibraryHandle library, const char* name, BoxedKernel kernel);
