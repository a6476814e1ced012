package dev.quern.store.gguf;

import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ReadableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Little-endian reading of a file's beginning, where no length is believed: whatever is asked for
 * is compared with what the file still has before memory is taken for it.
 */
final class HeaderInput {
  /** Twenty times the largest known: a vocabulary of 262144 tokens with its merges. */
  private static final long MAX_HEADER_BYTES = 256L << 20;

  private static final int BUFFER_BYTES = 32 << 10;

  private final Path file;
  private final ReadableByteChannel channel;
  private final long limit;
  private final byte[] array;
  private final ByteBuffer buffer;
  private long position;

  /**
   * @param fileBytes the file's whole size
   */
  HeaderInput(Path file, ReadableByteChannel channel, long fileBytes) {
    this.file = file;
    this.channel = channel;
    this.limit = fileBytes;
    this.array = new byte[(int) Math.min(BUFFER_BYTES, fileBytes)];
    this.buffer = ByteBuffer.wrap(array).order(ByteOrder.LITTLE_ENDIAN).limit(0);
  }

  /** Bytes read so far. */
  long position() {
    return position;
  }

  int int8() throws IOException {
    return take(1).get();
  }

  int int16() throws IOException {
    return take(2).getShort();
  }

  int int32() throws IOException {
    return take(4).getInt();
  }

  long int64() throws IOException {
    return take(8).getLong();
  }

  /**
   * A number of things to come.
   *
   * @param least bytes that each of them takes at least, above 0
   * @param what the things, for an error
   */
  int count(int least, String what) throws IOException {
    long count = int64();
    if (count < 0 || count > remaining() / least || count > Integer.MAX_VALUE) {
      throw corrupt(
          "it says it has "
              + Long.toUnsignedString(count)
              + " "
              + what
              + ", and "
              + remaining()
              + " bytes follow",
          null);
    }
    return (int) count;
  }

  /** A string: eight bytes of length and its UTF-8. Broken UTF-8 becomes U+FFFD. */
  String string(String what) throws IOException {
    int length = count(1, "bytes of " + what);
    if (length == 0) {
      return ""; // A file of nothing but empty strings takes no object for each.
    }
    if (length <= array.length) {
      int begin = take(length).position();
      buffer.position(begin + length);
      return new String(array, begin, length, StandardCharsets.UTF_8);
    }
    return new String(bytes(length), StandardCharsets.UTF_8);
  }

  /** The next bytes; the caller has compared the length with {@link #remaining}. */
  byte[] bytes(int length) throws IOException {
    claim(length);
    byte[] bytes = new byte[length];
    int buffered = Math.min(length, buffer.remaining());
    buffer.get(bytes, 0, buffered);
    ByteBuffer rest = ByteBuffer.wrap(bytes, buffered, length - buffered);
    while (rest.hasRemaining()) {
      fill(rest);
    }
    return bytes;
  }

  /** Bytes between here and the end of the file, or of what a header may take. */
  long remaining() {
    return Math.min(limit, MAX_HEADER_BYTES) - position;
  }

  QuernException corrupt(String what, @Nullable Throwable cause) {
    return new QuernException(
        ErrorCategory.BAD_REQUEST,
        file + " is not a sound GGUF file: " + what + ". Download it again",
        cause);
  }

  /** The buffer with {@code length} bytes to read; at most its capacity. */
  private ByteBuffer take(int length) throws IOException {
    claim(length);
    if (buffer.remaining() < length) {
      buffer.compact();
      while (buffer.position() < length) {
        fill(buffer);
      }
      buffer.flip();
    }
    return buffer;
  }

  private void claim(int length) {
    if (length > remaining()) {
      throw corrupt(
          "it is truncated: its header goes on at byte "
              + (position + length)
              + " of "
              + Math.min(limit, MAX_HEADER_BYTES),
          null);
    }
    position += length;
  }

  private void fill(ByteBuffer into) throws IOException {
    if (channel.read(into) < 0) {
      throw corrupt("it became shorter while it was read", null);
    }
  }
}
