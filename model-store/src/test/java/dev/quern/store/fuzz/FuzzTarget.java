package dev.quern.store.fuzz;

import dev.quern.store.TensorEntry;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.Path;
import java.util.List;

/**
 * A reader under test.
 *
 * @param sound files that it reads
 * @param bytesPerByte memory that it may take for each byte of a file, beside {@link #FIXED_BYTES}
 */
public record FuzzTarget(String name, List<byte[]> sound, int bytesPerByte, Reader reader) {
  /** What a reader takes for a file of no bytes: buffers, a JSON parser, an exception. */
  public static final long FIXED_BYTES = 64 << 10;

  /** Where the file is said to be; nothing is there. */
  public static final Path FILE = Path.of("/models/fuzzed.file");

  public FuzzTarget {
    sound = List.copyOf(sound);
  }

  /** The most memory that reading {@code file} may take, whatever lengths it states. */
  public long memoryLimit(byte[] file) {
    return FIXED_BYTES + (long) bytesPerByte * file.length;
  }

  /** Reads a file of {@code bytes} bytes from a channel. */
  @FunctionalInterface
  public interface Reader {
    List<TensorEntry> read(Path file, long bytes, ReadableByteChannel channel) throws IOException;
  }

  /**
   * Reads a file and checks what comes of it.
   *
   * @return whether it was read; else it was refused properly
   */
  public boolean accepts(byte[] bytes) throws IOException {
    ReadableByteChannel channel = Channels.newChannel(new ByteArrayInputStream(bytes));
    try {
      for (TensorEntry entry : reader.read(FILE, bytes.length, channel)) {
        boolean inside =
            entry.offset() >= 8
                && entry.bytes() >= 0
                && entry.offset() + entry.bytes() <= bytes.length
                && entry.type().bytesOf(entry.elements()) == entry.bytes();
        if (!inside) {
          throw new AssertionError("a tensor outside the file: " + entry);
        }
      }
      return true;
    } catch (dev.quern.store.QuernException e) {
      if (!e.message().contains(FILE.toString())) {
        throw new AssertionError("an error that does not name the file", e);
      }
      return false;
    }
  }
}
