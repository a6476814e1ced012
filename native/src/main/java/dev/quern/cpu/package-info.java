/**
 * Our own kernels for processors, where libtorch has none that is fast.
 *
 * <p>In: a process that has loaded libtorch. Out: the operations of {@code src/main/cpu}, written
 * in C and carried by the jar as a compiled library, registered with libtorch as {@code
 * ops.quern.NAME} for TorchScript to call. They run on libtorch's OpenMP threads and use memory
 * that the caller gives them. Made by {@code native/build-cpu-library.sh}.
 */
@NullMarked
package dev.quern.cpu;

import org.jspecify.annotations.NullMarked;
