/**
 * The backend on DJL's PyTorch engine, for any CPU that libtorch runs on.
 *
 * <p>In: the operations of {@link dev.quern.engine.tensor.Backend}. Out: one call into libtorch
 * each, through TorchScript sources that lie beside these classes as resources ({@code weights.py},
 * {@code layers.py}, {@code attention.py}, {@code encoders.py}, and what several of them include:
 * {@code products.py}, and {@code own_kernels.py} or {@code no_kernels.py} by the processor) and
 * are compiled by libtorch when a backend opens, those for encoders when a model first asks. No
 * Python is involved; DJL's own NDArray operations are not used, since several abort the process on
 * bf16 and none fuses. In fp32 several of these operations are {@code ops.quern}, the kernels of
 * {@link dev.quern.cpu}. The KV cache's memory is mapped here and lent to libtorch ({@code
 * CacheMemory}). What the host has to give, memory and idle time, is asked by other rooms too
 * ({@link dev.quern.engine.tensor.torch.HostMemory}, {@link
 * dev.quern.engine.tensor.torch.IdleThread}).
 */
@NullMarked
package dev.quern.engine.tensor.torch;

import org.jspecify.annotations.NullMarked;
