package dev.quern.store.fuzz;

import com.sun.management.ThreadMXBean;
import dev.quern.store.SafetensorsFuzzTest;
import dev.quern.store.gguf.GgufFuzzTest;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Millions of mutated headers for each reader: whatever is neither read nor refused with an error
 * that names the file ends the run, as does a read that takes seconds or memory beyond what the
 * file's size explains.
 *
 * <p>Arguments: headers for each reader (10,000,000 when absent), seed (1 when absent).
 */
public final class HeaderFuzz {
  private static final long LONGEST_SECONDS = 10;

  private final FuzzTarget target;
  private final AtomicLong begun = new AtomicLong();
  private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
  private long read;
  private long refused;
  private long mostAllocated;
  private double mostPerByte;
  private long longestNanos;

  private HeaderFuzz(FuzzTarget target) {
    this.target = target;
  }

  public static void main(String[] arguments) throws IOException {
    long headers = arguments.length > 0 ? Long.parseLong(arguments[0]) : 10_000_000;
    long seed = arguments.length > 1 ? Long.parseLong(arguments[1]) : 1;
    for (FuzzTarget target :
        List.of(SafetensorsFuzzTest.target(), GgufFuzzTest.target(), GgufFuzzTest.modelTarget())) {
      new HeaderFuzz(target).run(headers, seed);
    }
  }

  /**
   * Feeds the target {@code headers} changed headers, of each sound file in turn.
   *
   * @throws AssertionError with the header's number, which with the seed finds it again
   */
  private void run(long headers, long seed) throws IOException {
    watch();
    warmUp(new HeaderMutator(~seed));
    long start = System.nanoTime();
    HeaderMutator mutator = new HeaderMutator(seed);
    for (long i = 0; i < headers; i++) {
      byte[] sound = target.sound().get((int) (i % target.sound().size()));
      one(mutator.mutated(sound), i);
    }
    begun.set(0);
    System.out.printf(
        Locale.ROOT,
        "{\"reader\":\"%s\",\"headers\":%d,\"seed\":%d,\"read\":%d,\"refused\":%d,\"seconds\":%.1f,"
            + "\"longest_ms\":%.1f,\"most_allocated_bytes\":%d,\"most_allocated_beyond_64_kib_per_file_byte\":%.1f}%n",
        target.name(),
        headers,
        seed,
        read,
        refused,
        (System.nanoTime() - start) / 1e9,
        longestNanos / 1e6,
        mostAllocated,
        mostPerByte);
  }

  /** Classes are loaded and caches filled before anything is counted. */
  private void warmUp(HeaderMutator mutator) throws IOException {
    for (byte[] sound : target.sound()) {
      if (!target.accepts(sound)) {
        throw new AssertionError(target.name() + " refuses a sound file");
      }
      for (int i = 0; i < 10_000; i++) {
        target.accepts(mutator.mutated(sound));
      }
    }
  }

  private void one(byte[] header, long number) throws IOException {
    long start = System.nanoTime();
    begun.set(start);
    long allocated = allocatedFor(header, number);
    if (allocated > target.memoryLimit(header)) {
      // The first of its kind: its message's classes were loaded. Only the header's own part
      // counts.
      allocated = allocatedFor(header, number);
    }
    if (allocated > target.memoryLimit(header)) {
      throw new AssertionError(
          "%s takes %d bytes for header %d of %d bytes"
              .formatted(target.name(), allocated, number, header.length));
    }
    longestNanos = Math.max(longestNanos, System.nanoTime() - start);
    mostAllocated = Math.max(mostAllocated, allocated);
    mostPerByte =
        Math.max(
            mostPerByte,
            (double) (allocated - FuzzTarget.FIXED_BYTES) / Math.max(1, header.length));
  }

  private long allocatedFor(byte[] header, long number) throws IOException {
    long before = threads.getCurrentThreadAllocatedBytes();
    try {
      if (target.accepts(header)) {
        read++;
      } else {
        refused++;
      }
    } catch (RuntimeException | Error e) {
      throw new AssertionError(target.name() + " fails on header " + number, e);
    }
    return threads.getCurrentThreadAllocatedBytes() - before;
  }

  /** Ends the process when one header takes too long. */
  private void watch() {
    Thread watching =
        new Thread(
            () -> {
              try {
                while (true) {
                  TimeUnit.SECONDS.sleep(1);
                  long since = begun.get();
                  if (since != 0
                      && System.nanoTime() - since > TimeUnit.SECONDS.toNanos(LONGEST_SECONDS)) {
                    System.err.println(target.name() + " hangs");
                    Runtime.getRuntime().halt(1);
                  }
                }
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            },
            "watching " + target.name());
    watching.setDaemon(true);
    watching.start();
  }
}
