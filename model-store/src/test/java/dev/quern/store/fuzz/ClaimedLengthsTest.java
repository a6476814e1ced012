package dev.quern.store.fuzz;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import dev.quern.store.SafetensorsFuzzTest;
import dev.quern.store.gguf.GgufFuzzTest;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What memory a length takes that a file states, by the JVM's own count of it. */
class ClaimedLengthsTest {
  /** Each far more than the memory that is allowed, and within one of the readers' own limits. */
  private static final List<Long> CLAIMS =
      List.of(1L << 20, 90_000_000L, (long) Integer.MAX_VALUE, 1L << 40, Long.MAX_VALUE);

  private static final int LARGE_BYTES = 8 << 20;
  private static final int GGUF_UINT8 = 0;
  private static final int GGUF_ARRAY = 9;

  private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  static Stream<FuzzTarget> targets() {
    return Stream.of(
        SafetensorsFuzzTest.target(), GgufFuzzTest.target(), GgufFuzzTest.modelTarget());
  }

  /** Every place of a file states each claim once: those that are lengths, and all others. */
  @ParameterizedTest
  @MethodSource("targets")
  void lengthsThatTheFileDoesNotHaveTakeNoMemory(FuzzTarget target) throws IOException {
    for (byte[] sound : target.sound()) {
      for (int at = 0; at <= sound.length - Long.BYTES; at++) {
        for (long claim : CLAIMS) {
          byte[] file = sound.clone();
          ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).putLong(at, claim);
          assertWithinLimit(target, file, claim + " at byte " + at);
        }
      }
    }
  }

  @Test
  void aSafetensorsHeaderThatIsAllOfTheFileTakesItOnce() throws IOException {
    ByteBuffer file = ByteBuffer.allocate(LARGE_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    file.putLong(LARGE_BYTES - Long.BYTES).put("{\"a\"".getBytes(StandardCharsets.US_ASCII));
    FuzzTarget target = SafetensorsFuzzTest.target();
    assertFalse(target.accepts(file.array()));
    assertWithinLimit(target, file.array(), "a header of the whole file");
  }

  @Test
  void aGgufArrayThatIsAllOfTheFileTakesItOnce() throws IOException {
    byte[] file = new byte[LARGE_BYTES];
    ByteBuffer head = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
    head.put("GGUF".getBytes(StandardCharsets.US_ASCII)).putInt(3).putLong(0).putLong(1);
    head.putLong(1).put((byte) 'a').putInt(GGUF_ARRAY).putInt(GGUF_UINT8);
    head.putLong(LARGE_BYTES - head.position() - Long.BYTES);
    assertWithinLimit(GgufFuzzTest.target(), file, "an array of the whole file");
  }

  private void assertWithinLimit(FuzzTarget target, byte[] file, String what) throws IOException {
    long limit = target.memoryLimit(file);
    long taken = taken(target, file);
    if (taken > limit) {
      taken = taken(target, file); // The first of its kind, for which classes were loaded.
    }
    assertTrue(taken <= limit, target.name() + " takes " + taken + " bytes for " + what);
  }

  private long taken(FuzzTarget target, byte[] file) throws IOException {
    long before = threads.getCurrentThreadAllocatedBytes();
    target.accepts(file);
    return threads.getCurrentThreadAllocatedBytes() - before;
  }
}
