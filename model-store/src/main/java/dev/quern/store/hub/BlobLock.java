package dev.quern.store.hub;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;

/**
 * The lock that every tool on this cache takes before it writes a blob: {@code flock(2)} on a file
 * of its own. The kernel drops it when the process ends, however it ends.
 *
 * <p>{@link java.nio.channels.FileLock} would not do: on Linux it is a {@code fcntl} lock, which
 * neither sees nor stops a {@code flock}, so that Quern and a Python process would both write.
 */
public final class BlobLock implements AutoCloseable {
  private static final int LOCK_SH = 1;
  private static final int LOCK_EX = 2;
  private static final int LOCK_NB = 4;
  private static final int O_RDWR = 2;
  private static final int EINTR = 4;
  private static final int EAGAIN = 11;

  private final int descriptor;
  private boolean open = true;

  private BlobLock(int descriptor) {
    this.descriptor = descriptor;
  }

  /**
   * Takes the lock if nobody has it, in this process or another. The file and its folder are made
   * where they are absent, and the file stays: to remove it would split those who wait for it.
   *
   * @throws IOException if the file cannot be made or opened, or the file system has no locks
   */
  public static Optional<BlobLock> tryAcquire(Path file) throws IOException {
    return acquire(file, LOCK_EX | LOCK_NB);
  }

  /**
   * Waits until nobody has the lock alone, and then has it together with others who share it.
   *
   * @throws IOException if the file cannot be made or opened, or the file system has no locks
   */
  public static BlobLock acquireShared(Path file) throws IOException {
    return acquire(file, LOCK_SH).orElseThrow();
  }

  private static Optional<BlobLock> acquire(Path file, int operation) throws IOException {
    Files.createDirectories(file.toAbsolutePath().getParent());
    if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
      try {
        Files.createFile(file);
      } catch (FileAlreadyExistsException e) {
        // Another process was first, which is as good.
      }
    }
    if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
      throw new NoSuchFileException(file.toString(), null, "it is not a regular file");
    }
    int descriptor = Posix.open(file);
    try {
      if (Posix.flock(descriptor, operation, file)) {
        BlobLock lock = new BlobLock(descriptor);
        descriptor = -1;
        return Optional.of(lock);
      }
      return Optional.empty();
    } finally {
      if (descriptor >= 0) {
        Posix.close(descriptor);
      }
    }
  }

  /** Gives the lock back; again is harmless. */
  @Override
  public synchronized void close() {
    if (open) {
      open = false;
      Posix.close(descriptor);
    }
  }

  /** The three calls of the C library. */
  private static final class Posix {
    private static final Linker LINKER = Linker.nativeLinker();
    private static final StructLayout STATE = Linker.Option.captureStateLayout();
    private static final VarHandle ERRNO =
        STATE.varHandle(MemoryLayout.PathElement.groupElement("errno"));
    // open(2) is variadic, which some ABIs pass otherwise: the last argument says where that
    // begins.
    private static final MethodHandle OPEN =
        function(
            "open",
            FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_INT),
            Linker.Option.firstVariadicArg(2));
    private static final MethodHandle FLOCK =
        function(
            "flock",
            FunctionDescriptor.of(
                ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
    private static final MethodHandle CLOSE =
        function("close", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
    private static final int O_CLOEXEC = 0x80000;

    @SuppressWarnings("restricted") // The jar and the launcher allow native access.
    private static MethodHandle function(
        String name, FunctionDescriptor type, Linker.Option... options) {
      Linker.Option[] all = Arrays.copyOf(options, options.length + 1);
      all[options.length] = Linker.Option.captureCallState("errno");
      return LINKER.downcallHandle(LINKER.defaultLookup().find(name).orElseThrow(), type, all);
    }

    static int open(Path file) throws IOException {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment state = arena.allocate(STATE);
        MemorySegment path = arena.allocateFrom(file.toString());
        int descriptor = (int) OPEN.invokeExact(state, path, O_RDWR | O_CLOEXEC);
        if (descriptor < 0) {
          throw new AccessDeniedException(
              file.toString(), null, "cannot be opened, errno " + errno(state));
        }
        return descriptor;
      } catch (IOException e) {
        throw e;
      } catch (Throwable e) {
        throw new IllegalStateException("open(2) cannot be called", e);
      }
    }

    /** Whether the lock is taken now. */
    static boolean flock(int descriptor, int operation, Path file) throws IOException {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment state = arena.allocate(STATE);
        int errno;
        do {
          if ((int) FLOCK.invokeExact(state, descriptor, operation) == 0) {
            return true;
          }
          errno = errno(state);
        } while (errno == EINTR);
        if (errno == EAGAIN) {
          return false;
        }
        throw new IOException(file + ": this file system refuses flock, errno " + errno);
      } catch (IOException e) {
        throw e;
      } catch (Throwable e) {
        throw new IllegalStateException("flock(2) cannot be called", e);
      }
    }

    static void close(int descriptor) {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment state = arena.allocate(STATE);
        int result = (int) CLOSE.invokeExact(state, descriptor);
        if (result != 0 && errno(state) != EINTR) {
          throw new IllegalStateException("close(2) failed, errno " + errno(state));
        }
      } catch (RuntimeException e) {
        throw e;
      } catch (Throwable e) {
        throw new IllegalStateException("close(2) cannot be called", e);
      }
    }

    private static int errno(MemorySegment state) {
      return (int) ERRNO.get(state, 0L);
    }
  }
}
