package dev.quern.engine.tensor.torch;

import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.util.concurrent.CountDownLatch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Zeroed memory of this process, mapped for one KV cache. What the kernel gives page by page costs
 * some 0.3 to 1 s a gigabyte, more than all else of a start, so an {@link IdleThread} takes the
 * pages while the model already serves; {@link #untakenBytes} is what is promised and not yet
 * taken. In large pages where the kernel has them to give.
 *
 * <p>Any thread may use the memory; {@link #close} is for its owner, when nobody does any more.
 */
final class CacheMemory implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(CacheMemory.class);

  static final long LARGE_PAGE = 2L << 20;
  private static final long PAGE = 4096;

  /** Between two looks at whether the memory is closed. */
  private static final long PIECE = 8L << 20;

  // From Linux' mman.h, the same on all its 64-bit machines that libtorch runs on.
  private static final int PROT_READ_WRITE = 1 | 2;
  private static final int MAP_PRIVATE_ANONYMOUS = 2 | 0x20;
  private static final int MADV_HUGEPAGE = 14;

  private static final VarHandle WORD = ValueLayout.JAVA_LONG.varHandle();

  private final MemorySegment memory;
  private final CountDownLatch takerEnded = new CountDownLatch(1);
  private volatile long taken;
  private volatile boolean closed;

  private CacheMemory(MemorySegment memory) {
    this.memory = memory;
  }

  /**
   * Maps {@code bytes}, at a large page's border.
   *
   * @throws QuernException OUT_OF_MEMORY when the kernel refuses
   */
  static CacheMemory map(long bytes) {
    if (bytes <= 0) {
      throw new IllegalArgumentException(bytes + " bytes");
    }
    CacheMemory mapped = new CacheMemory(Kernel.map(roundUp(bytes)));
    IdleThread.start("kv-cache-memory", mapped::takeAll);
    return mapped;
  }

  private static long roundUp(long bytes) {
    return Math.ceilDiv(bytes, LARGE_PAGE) * LARGE_PAGE;
  }

  /** All of it, whole large pages: at least what was asked for. Not to be used once closed. */
  MemorySegment bytes() {
    return memory;
  }

  /** What was promised and is not this process's yet. */
  long untakenBytes() {
    return closed ? 0 : memory.byteSize() - taken;
  }

  /** Waits until all of it is this process's. */
  void awaitTaken() throws InterruptedException {
    takerEnded.await();
  }

  private void takeAll() {
    try {
      takePages();
    } finally {
      takerEnded.countDown();
    }
  }

  private void takePages() {
    for (long from = 0; from < memory.byteSize() && !closed; from += PIECE) {
      long to = Math.min(from + PIECE, memory.byteSize());
      for (long page = from; page < to; page += PAGE) {
        // Adding nothing, atomically: the page is written to, and what others write there stays.
        WORD.getAndAdd(memory, page, 0L);
      }
      taken = to;
    }
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    // Its piece at most: some milliseconds.
    boolean interrupted = Thread.interrupted();
    while (takerEnded.getCount() > 0) {
      try {
        takerEnded.await();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    Kernel.unmap(memory);
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** The three calls of POSIX and Linux. */
  @SuppressWarnings("restricted") // the manifest enables native access
  private static final class Kernel {
    private static final MethodHandle MMAP =
        handle(
            "mmap",
            FunctionDescriptor.of(
                ValueLayout.ADDRESS,
                ValueLayout.ADDRESS,
                ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_LONG));
    private static final MethodHandle MADVISE =
        handle(
            "madvise",
            FunctionDescriptor.of(
                ValueLayout.JAVA_INT,
                ValueLayout.ADDRESS,
                ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_INT));
    private static final MethodHandle MUNMAP =
        handle(
            "munmap",
            FunctionDescriptor.of(
                ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_LONG));

    private static MethodHandle handle(String name, FunctionDescriptor type) {
      Linker linker = Linker.nativeLinker();
      return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), type);
    }

    /** {@code bytes} is a multiple of a large page, and so will the address be. */
    static MemorySegment map(long bytes) {
      long whole = bytes + LARGE_PAGE;
      MemorySegment mapped;
      try {
        mapped =
            (MemorySegment)
                MMAP.invokeExact(
                    MemorySegment.NULL, whole, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0L);
      } catch (Throwable e) {
        throw unexpected("mmap", e);
      }
      if (mapped.address() == -1) {
        throw new QuernException(
            ErrorCategory.OUT_OF_MEMORY,
            "the kernel gives no "
                + bytes
                + " bytes for a KV cache; ask for a smaller cache (--kv-cache-memory), or raise the"
                + " limit on the process's memory (ulimit -v, vm.overcommit_memory)");
      }
      long start = mapped.address();
      long aligned = Math.ceilDiv(start, LARGE_PAGE) * LARGE_PAGE;
      unmap(start, aligned - start);
      unmap(aligned + bytes, start + whole - aligned - bytes);
      MemorySegment memory =
          MemorySegment.ofAddress(aligned).reinterpret(bytes, Arena.global(), null);
      try {
        int refused = (int) MADVISE.invokeExact(memory, bytes, MADV_HUGEPAGE);
        if (refused != 0) {
          log.debug("no large pages for a KV cache: its small ones take longer");
        }
      } catch (Throwable e) {
        throw unexpected("madvise", e);
      }
      return memory;
    }

    static void unmap(MemorySegment memory) {
      unmap(memory.address(), memory.byteSize());
    }

    private static void unmap(long address, long bytes) {
      if (bytes == 0) {
        return;
      }
      try {
        int failed = (int) MUNMAP.invokeExact(MemorySegment.ofAddress(address), bytes);
        if (failed != 0) {
          throw new IllegalStateException("munmap refused " + bytes + " bytes at " + address);
        }
      } catch (Throwable e) {
        throw unexpected("munmap", e);
      }
    }

    private static RuntimeException unexpected(String call, Throwable e) {
      return switch (e) {
        case RuntimeException known -> known;
        case Error error -> throw error;
        default -> new IllegalStateException(call, e);
      };
    }
  }
}
