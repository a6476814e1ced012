package dev.quern.store.hub;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.zip.CRC32C;

/**
 * The list of chunks that a partial file holds, on disk beside it.
 *
 * <p>A head of 32 bytes (magic, size of the whole file, hash of the content's tag, CRC-32C, zero)
 * and a record of 24 bytes for each chunk (start, end, the chunk's CRC-32C, the record's own),
 * big-endian. Records are appended by one write each; the first one that is torn or damaged ends
 * the list.
 */
final class ChunkJournal implements AutoCloseable {
  private static final long MAGIC = 0x51_75_65_72_6e_4a_31_0aL; // "QuernJ1\n"
  private static final int HEAD_BYTES = 32;
  private static final int RECORD_BYTES = 24;
  private static final int READ_BYTES = RECORD_BYTES << 10;

  private final FileChannel channel;
  private final long size;
  private final ByteBuffer record = ByteBuffer.allocateDirect(RECORD_BYTES);

  private ChunkJournal(FileChannel channel, long size) {
    this.channel = channel;
    this.size = size;
  }

  /** Opens the journal, or makes it, for a file of {@code size} bytes. */
  static ChunkJournal open(Path file, long size) throws IOException {
    return new ChunkJournal(
        FileChannel.open(
            file,
            Set.of(
                StandardOpenOption.READ,
                StandardOpenOption.WRITE,
                StandardOpenOption.CREATE,
                LinkOption.NOFOLLOW_LINKS)),
        size);
  }

  /**
   * The chunks of a journal, without changing it; none if there is no journal of such a file.
   *
   * @param size of the whole file
   */
  static List<Chunk> peek(Path file, long size) throws IOException {
    try (FileChannel channel =
        FileChannel.open(file, Set.of(StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS))) {
      ChunkJournal journal = new ChunkJournal(channel, size);
      return journal.tag().isPresent() ? journal.scan() : List.of();
    }
  }

  /** The hash of the tag of the content that the journal tells of; empty if it tells of none. */
  OptionalLong tag() throws IOException {
    ByteBuffer head = ByteBuffer.allocate(HEAD_BYTES);
    readFully(head, 0);
    if (head.hasRemaining()) {
      return OptionalLong.empty();
    }
    long tag = head.getLong(2 * Long.BYTES);
    return head.flip().equals(head(tag)) ? OptionalLong.of(tag) : OptionalLong.empty();
  }

  /** Replaces all: the content that is told of, and its chunks. */
  void rewrite(long tag, Collection<Chunk> chunks) throws IOException {
    channel.truncate(0);
    channel.position(0);
    ByteBuffer head = head(tag);
    while (head.hasRemaining()) {
      channel.write(head);
    }
    for (Chunk chunk : chunks) {
      append(chunk);
    }
  }

  /** Reads the list, as far as it is whole, and makes ready to append to it. */
  List<Chunk> read() throws IOException {
    List<Chunk> chunks = scan();
    long end = HEAD_BYTES + (long) RECORD_BYTES * chunks.size();
    channel.truncate(end);
    channel.position(end);
    return chunks;
  }

  private List<Chunk> scan() throws IOException {
    List<Chunk> chunks = new ArrayList<>();
    ByteBuffer buffer = ByteBuffer.allocate(READ_BYTES);
    long position = HEAD_BYTES;
    boolean whole = true;
    while (whole) {
      buffer.clear();
      readFully(buffer, position);
      buffer.flip();
      whole = buffer.remaining() == READ_BYTES;
      while (buffer.remaining() >= RECORD_BYTES) {
        int at = buffer.position();
        long start = buffer.getLong();
        long end = buffer.getLong();
        int crc = buffer.getInt();
        if (buffer.getInt() != crcOf(buffer.duplicate().position(at).limit(at + 20))
            || start < 0
            || end <= start
            || end > size
            || end - start > Chunk.MAX_BYTES) {
          whole = false;
          break;
        }
        chunks.add(new Chunk(start, end, crc));
        position += RECORD_BYTES;
      }
    }
    return chunks;
  }

  void append(Chunk chunk) throws IOException {
    record.clear().putLong(chunk.start()).putLong(chunk.end()).putInt(chunk.crc());
    record.putInt(crcOf(record.duplicate().flip())).flip();
    while (record.hasRemaining()) {
      channel.write(record);
    }
  }

  /** Puts the list on the disk itself. */
  void sync() throws IOException {
    channel.force(false);
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }

  private ByteBuffer head(long tag) {
    ByteBuffer head = ByteBuffer.allocate(HEAD_BYTES);
    head.putLong(MAGIC).putLong(size).putLong(tag);
    return head.putInt(crcOf(head.duplicate().flip())).putInt(0).flip();
  }

  private static int crcOf(ByteBuffer bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes);
    return (int) crc.getValue();
  }

  private void readFully(ByteBuffer target, long from) throws IOException {
    long position = from;
    while (target.hasRemaining()) {
      int read = channel.read(target, position);
      if (read < 0) {
        return;
      }
      position += read;
    }
  }
}
