package dev.quern.store.hub;

/**
 * A part of a file that is on disk.
 *
 * @param start of its first byte
 * @param end after its last byte
 * @param crc CRC-32C of its bytes, to find what a crash or the disk damaged
 */
record Chunk(long start, long end, int crc) {
  /** The most bytes in a chunk, so that little is fetched anew when one is damaged. */
  static final int MAX_BYTES = 4 << 20;

  private static final int MIN_BYTES = 4 << 10;
  private static final int CHUNKS_PER_FILE = 1 << 13;

  Chunk {
    if (start < 0 || end <= start || end - start > MAX_BYTES) {
      throw new IllegalArgumentException("chunk from " + start + " to " + end);
    }
  }

  int length() {
    return (int) (end - start);
  }

  /**
   * How many bytes to journal at once in a file of {@code size} bytes: so few that a killed process
   * loses next to nothing of the file, so many that the journal stays small.
   */
  static int unit(long size) {
    return Math.clamp(size / CHUNKS_PER_FILE, MIN_BYTES, MAX_BYTES);
  }
}
