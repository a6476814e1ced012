package dev.quern.store.hub;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;

/**
 * A file under download: its bytes, at their final offsets, and the journal of which of them are
 * there. Whoever uses one holds the blob's {@link BlobLock}. Thread-safe; ranges that are written
 * at once must not overlap.
 *
 * <p>Bytes are written before the record that vouches for them, and the record has their checksum.
 * So a killed process loses at most what had no record yet, and what a power failure left of the
 * file is told from what it did not.
 */
final class PartialFile implements AutoCloseable {
  private final Path path;
  private final Path journalPath;
  private final long size;
  private final FileChannel channel;
  private final ChunkJournal journal;
  private final NavigableMap<Long, Chunk> chunks = new TreeMap<>();
  private OptionalLong tagHash = OptionalLong.empty();
  private boolean closed;

  private PartialFile(
      Path path, Path journalPath, long size, FileChannel channel, ChunkJournal journal) {
    this.path = path;
    this.journalPath = journalPath;
    this.size = size;
    this.channel = channel;
    this.journal = journal;
  }

  /**
   * Opens what an earlier pull left, or begins anew. Before more is added, {@link #bind} must have
   * said that it is of the same content.
   */
  static PartialFile open(Path path, long size) throws IOException {
    Path journalPath = journalOf(path);
    FileChannel channel =
        FileChannel.open(
            path,
            Set.of(
                StandardOpenOption.READ,
                StandardOpenOption.WRITE,
                StandardOpenOption.CREATE,
                LinkOption.NOFOLLOW_LINKS));
    try {
      PartialFile file =
          new PartialFile(path, journalPath, size, channel, ChunkJournal.open(journalPath, size));
      file.load();
      return file;
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  private synchronized void load() throws IOException {
    tagHash = journal.tag();
    if (tagHash.isEmpty()) {
      channel.truncate(0);
      return;
    }
    long written = channel.size();
    for (Chunk chunk : journal.read()) {
      if (chunk.end() <= written) {
        addIfFree(chunks, chunk);
      }
    }
  }

  static Path journalOf(Path path) {
    return path.resolveSibling(path.getFileName() + ".journal");
  }

  /** How many bytes a pull would find here, without changing anything. */
  static long bytesAt(Path path, long size) throws IOException {
    if (!Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)
        || !Files.isRegularFile(journalOf(path), LinkOption.NOFOLLOW_LINKS)) {
      return 0;
    }
    long written = Files.size(path);
    NavigableMap<Long, Chunk> found = new TreeMap<>();
    for (Chunk chunk : ChunkJournal.peek(journalOf(path), size)) {
      if (chunk.end() <= written) {
        addIfFree(found, chunk);
      }
    }
    return sum(found);
  }

  /**
   * Says which content comes now, as the server tags it. Content of an earlier tag is never mixed
   * with another's.
   *
   * @return whether this is the content that is here; if not, the file must be discarded
   */
  synchronized boolean bind(String newTag) throws IOException {
    byte[] hash = Hashes.sha256().digest(newTag.getBytes(StandardCharsets.UTF_8));
    long newHash = ByteBuffer.wrap(hash).getLong();
    if (tagHash.isEmpty()) {
      tagHash = OptionalLong.of(newHash);
      journal.rewrite(newHash, List.of());
    }
    return tagHash.getAsLong() == newHash;
  }

  Path path() {
    return path;
  }

  long size() {
    return size;
  }

  /** Bytes that are here. */
  synchronized long bytesHere() {
    return sum(chunks);
  }

  /** What of {@code range} is not here, in order, in pieces of no more than {@code most} bytes. */
  synchronized List<Segment> missing(Segment range, long most) {
    List<Segment> missing = new ArrayList<>();
    long position = chunkAt(range.start()).map(Chunk::end).orElse(range.start());
    for (Chunk chunk :
        chunks.subMap(position, true, Math.max(position, range.end()), false).values()) {
      Segment.split(position, chunk.start(), most, missing);
      position = chunk.end();
    }
    Segment.split(position, range.end(), most, missing);
    return missing;
  }

  /** The chunk that {@code position} is in. */
  synchronized Optional<Chunk> chunkAt(long position) {
    return Optional.ofNullable(chunks.floorEntry(position))
        .map(Map.Entry::getValue)
        .filter(chunk -> position < chunk.end());
  }

  /** Where the first chunk after {@code position} starts; the file's size if there is none. */
  synchronized long nextChunkAfter(long position) {
    return Optional.ofNullable(chunks.higherKey(position)).orElse(size);
  }

  /** Waits for the chunk that starts at {@code position}; empty once the file is closed. */
  synchronized Optional<Chunk> await(long position) throws InterruptedException {
    while (!closed && !chunks.containsKey(position)) {
      wait();
    }
    return closed ? Optional.empty() : Optional.ofNullable(chunks.get(position));
  }

  /** Puts all of {@code bytes} at {@code position}. They do not count until {@link #add}. */
  void write(ByteBuffer bytes, long position) throws IOException {
    long at = position;
    while (bytes.hasRemaining()) {
      at += channel.write(bytes, at);
    }
  }

  /** Lets bytes count that were written. */
  synchronized void add(Chunk chunk) throws IOException {
    if (!closed && addIfFree(chunks, chunk)) {
      journal.append(chunk);
      notifyAll();
    }
  }

  /**
   * Fills {@code target} from {@code position} of the file on, and sets it to what it holds from
   * its beginning. Beyond the file's end it keeps what it had: a chunk's checksum tells.
   */
  void read(long position, ByteBuffer target) throws IOException {
    while (target.hasRemaining()) {
      if (channel.read(target, position + target.position()) < 0) {
        break;
      }
    }
    target.rewind();
  }

  /** Lets a chunk no longer count, because its bytes are not what its checksum says. */
  synchronized void remove(Chunk chunk) throws IOException {
    if (!closed && tagHash.isPresent() && chunks.remove(chunk.start(), chunk)) {
      journal.rewrite(tagHash.getAsLong(), chunks.values());
    }
  }

  /** Puts the bytes, then the records, on the disk itself, so that a power failure spares them. */
  void sync() throws IOException {
    channel.force(false);
    journal.sync();
  }

  /** Moves the whole file to {@code blob}, where it is whole at any moment or not there at all. */
  synchronized void publish(Path blob) throws IOException {
    channel.truncate(size);
    channel.force(true);
    close();
    SafeFolders.replace(path, blob);
    Files.deleteIfExists(journalPath);
  }

  /** Closes and forgets all that was fetched. */
  synchronized void discard() throws IOException {
    close();
    Files.deleteIfExists(journalPath);
    Files.deleteIfExists(path);
  }

  @Override
  public synchronized void close() throws IOException {
    closed = true;
    notifyAll();
    try (channel;
        journal) {
      return;
    }
  }

  /** Adds a chunk unless it overlaps another. */
  private static boolean addIfFree(NavigableMap<Long, Chunk> chunks, Chunk chunk) {
    Map.Entry<Long, Chunk> before = chunks.lowerEntry(chunk.end());
    if (before != null && before.getValue().end() > chunk.start()) {
      return false;
    }
    chunks.put(chunk.start(), chunk);
    return true;
  }

  private static long sum(Map<Long, Chunk> chunks) {
    return chunks.values().stream().mapToLong(Chunk::length).sum();
  }
}
