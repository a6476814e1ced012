package dev.quern.store.hub;

import dev.quern.store.hub.HubException.Reason;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.function.LongConsumer;
import java.util.zip.CRC32C;

/**
 * Writes the body of an answer to its place in a partial file, and lets it count chunk by chunk.
 * What the file has already is passed over.
 */
final class RangeSink extends WatchedBody<FileSource.Outcome> {
  private final PartialFile file;
  private final Segment segment;
  private final int unit;
  private final LongConsumer progress;
  private final CRC32C crc = new CRC32C();
  private long position;
  private long chunkStart;
  private long counted;

  /**
   * @param progress told of bytes that count now
   */
  RangeSink(Watch watch, PartialFile file, Segment segment, LongConsumer progress) {
    super(watch);
    this.file = file;
    this.segment = segment;
    this.unit = Chunk.unit(file.size());
    this.progress = progress;
    this.position = segment.start();
    this.chunkStart = position;
  }

  @Override
  synchronized boolean accept(ByteBuffer piece) throws PassingFailure {
    try {
      while (piece.hasRemaining()) {
        if (position >= segment.end()) {
          throw tooLong();
        }
        Optional<Chunk> here = position == chunkStart ? file.chunkAt(position) : Optional.empty();
        if (here.isPresent()) {
          skip(piece, here.get().end());
        } else {
          write(piece);
        }
      }
      return true;
    } catch (IOException e) {
      throw DiskFailures.of(file.path(), e);
    }
  }

  @Override
  FileSource.Outcome finish() throws PassingFailure {
    if (position != segment.end()) {
      throw new PassingFailure(
          Reason.WRONG_LENGTH,
          "an answer ended after "
              + (position - segment.start())
              + " of "
              + segment.length()
              + " bytes",
          Optional.empty());
    }
    return FileSource.Outcome.DONE;
  }

  /**
   * Ends the sink, however the transfer went: lets count what was written, and takes no more.
   *
   * @return bytes that count now and did not before
   */
  long end() throws IOException {
    abandon();
    synchronized (this) {
      commit();
      return counted;
    }
  }

  private void skip(ByteBuffer piece, long to) {
    int count = (int) Math.min(piece.remaining(), to - position);
    piece.position(piece.position() + count);
    position += count;
    chunkStart = position;
  }

  private void write(ByteBuffer piece) throws IOException {
    long limit = Math.min(chunkStart + unit, segment.end());
    limit = Math.min(limit, file.nextChunkAfter(chunkStart));
    int count = (int) Math.min(piece.remaining(), limit - position);
    ByteBuffer part = piece.slice(piece.position(), count);
    crc.update(part.duplicate());
    file.write(part, position);
    piece.position(piece.position() + count);
    position += count;
    if (position == limit) {
      commit();
    }
  }

  private void commit() throws IOException {
    if (position > chunkStart) {
      file.add(new Chunk(chunkStart, position, (int) crc.getValue()));
      progress.accept(position - chunkStart);
      counted += position - chunkStart;
      chunkStart = position;
      crc.reset();
    }
  }

  private PassingFailure tooLong() {
    return new PassingFailure(
        Reason.WRONG_LENGTH,
        "an answer is longer than the " + segment.length() + " bytes that were asked for",
        Optional.empty());
  }
}
