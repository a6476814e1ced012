package dev.quern.store.hub;

import dev.quern.store.hub.FileSource.Outcome;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Brings one file into its {@link PartialFile}: hands out the segments that are missing to several
 * download threads, and hashes the file from its start as it grows.
 */
final class FileTransfer {
  private static final long SYNC_BYTES = 128L << 20;
  private static final int PIECE_BYTES = 1 << 18;

  private final HubFile file;
  private final FileSource source;
  private final PartialFile partial;
  private final SegmentQueue queue;
  private final RetryPolicy retries;
  private final PullListener listener;
  private final LongAdder fetched;
  private final long segmentBytes;

  private final Deque<Segment> pending = new ArrayDeque<>();
  private int inFlight;
  private boolean wholeOnly;
  private boolean gained;
  private int failures;
  private long notBefore = System.nanoTime();
  private boolean ended;
  private boolean superseded;
  private @Nullable RuntimeException error;

  /**
   * @param fetched counts bytes that came over the network
   * @param segmentBytes the most to ask for in one request
   */
  FileTransfer(
      HubFile file,
      FileSource source,
      PartialFile partial,
      SegmentQueue queue,
      RetryPolicy retries,
      PullListener listener,
      LongAdder fetched,
      long segmentBytes) {
    this.file = file;
    this.source = source;
    this.partial = partial;
    this.queue = queue;
    this.retries = retries;
    this.listener = listener;
    this.fetched = fetched;
    this.segmentBytes = segmentBytes;
    pending.addAll(partial.missing(whole(), segmentBytes));
  }

  /**
   * The next segment to fetch, if one is due now; {@link #fetch} must follow.
   *
   * @param now of {@link System#nanoTime}
   */
  synchronized Optional<Segment> poll(long now) {
    if (ended || pending.isEmpty() || now - notBefore < 0 || (wholeOnly && inFlight > 0)) {
      return Optional.empty();
    }
    inFlight++;
    return Optional.of(pending.removeFirst());
  }

  /** Nanoseconds from {@code now} until a segment may be due that is not yet; 0 if none. */
  synchronized long delay(long now) {
    return ended || pending.isEmpty() ? 0 : Math.max(0, notBefore - now);
  }

  /** Fetches a segment that {@link #poll} gave. Called by a download thread; throws nothing. */
  void fetch(Segment segment) {
    AtomicReference<@Nullable RangeSink> sink = new AtomicReference<>();
    try {
      Outcome outcome =
          source.fetch(
              segment,
              partial,
              watch -> {
                RangeSink made = new RangeSink(watch, partial, segment, this::count);
                sink.set(made);
                return made;
              });
      finish(sink.get());
      ended(outcome);
    } catch (PassingFailure e) {
      finish(sink.get());
      failed(e);
    } catch (RuntimeException e) {
      end(e);
    } finally {
      finish(sink.get());
      giveBack(segment);
    }
  }

  private void count(long bytes) {
    fetched.add(bytes);
    listener.bytes(file, bytes);
    synchronized (this) {
      gained = true;
    }
  }

  /** Lets count what a broken transfer left. */
  private void finish(@Nullable RangeSink sink) {
    if (sink != null) {
      try {
        sink.end();
      } catch (IOException e) {
        end(DiskFailures.of(partial.path(), e));
      }
    }
  }

  private synchronized void ended(Outcome outcome) {
    switch (outcome) {
      case DONE -> failures = 0;
      case NO_RANGES -> wholeOnly = true;
      case OTHER_CONTENT -> {
        superseded = true;
        end(null);
      }
    }
  }

  /** Counts a failure once however many connections it broke. */
  private void failed(PassingFailure failure) {
    Optional<Duration> wait;
    int attempt;
    synchronized (this) {
      if (ended || System.nanoTime() - notBefore < 0) {
        return;
      }
      failures = gained ? 1 : failures + 1;
      gained = false;
      attempt = failures;
      wait = retries.waitAfter(failures, failure.retryAfter());
      if (wait.isEmpty()) {
        end(failure.lasting());
        return;
      }
      notBefore = System.nanoTime() + wait.get().toNanos();
    }
    listener.retrying(file, attempt, wait.get(), failure.message());
  }

  private synchronized void giveBack(Segment segment) {
    inFlight--;
    if (!wholeOnly) {
      partial.missing(segment, segmentBytes).reversed().forEach(pending::addFirst);
    } else if (inFlight == 0) {
      pending.clear();
      if (!partial.missing(whole(), segmentBytes).isEmpty()) {
        pending.add(whole());
      }
    }
  }

  /** Ends the transfer; {@link #hash} then throws {@code why}, or returns nothing. */
  private synchronized void end(@Nullable RuntimeException why) {
    if (!ended) {
      ended = true;
      error = why;
      try {
        partial.close();
      } catch (IOException e) {
        error = why == null ? DiskFailures.of(partial.path(), e) : why;
      }
    }
  }

  /**
   * Hashes the file while it comes. Blocks until all of it was there.
   *
   * @return empty if the server's content is not what the partial file holds a part of
   * @throws HubException if the transfer failed for good
   */
  Optional<ContentHashes.Result> hash() throws IOException, InterruptedException {
    ContentHashes hashes = new ContentHashes(file.digest(), file.size());
    // The same for a file of any size: a chunk of a large one comes in pieces.
    ByteBuffer buffer = ByteBuffer.allocate(PIECE_BYTES);
    long position = 0;
    long synced = 0;
    while (position < file.size()) {
      Optional<Chunk> chunk = partial.await(position);
      if (chunk.isEmpty()) {
        return abandoned();
      }
      try {
        Optional<ContentHashes> further = hashed(chunk.get(), hashes, buffer);
        if (further.isPresent()) {
          hashes = further.get();
          position = chunk.get().end();
        } else {
          again(chunk.get());
        }
        if (position - synced >= SYNC_BYTES) {
          partial.sync();
          synced = position;
        }
      } catch (ClosedChannelException e) {
        return abandoned();
      }
    }
    return Optional.of(hashes.result());
  }

  /** The hashes with a chunk more, or nothing if the chunk's bytes are not what they were. */
  private Optional<ContentHashes> hashed(Chunk chunk, ContentHashes before, ByteBuffer buffer)
      throws IOException {
    ContentHashes hashes = before.copy();
    CRC32C crc = new CRC32C();
    long position = chunk.start();
    while (position < chunk.end()) {
      buffer.clear().limit((int) Math.min(buffer.capacity(), chunk.end() - position));
      partial.read(position, buffer);
      hashes.update(buffer);
      crc.update(buffer.duplicate());
      position += buffer.limit();
    }
    return (int) crc.getValue() == chunk.crc() ? Optional.of(hashes) : Optional.empty();
  }

  private synchronized Optional<ContentHashes.Result> abandoned() {
    if (error != null) {
      throw error;
    }
    if (!superseded) {
      throw new HubException(HubException.Reason.CANCELLED, "the pull was broken off");
    }
    return Optional.empty();
  }

  /** Fetches a chunk anew of which the disk has not what it was given. */
  private void again(Chunk chunk) throws IOException {
    synchronized (this) {
      partial.remove(chunk);
      pending.addFirst(wholeOnly ? whole() : new Segment(chunk.start(), chunk.end()));
    }
    listener.bytes(file, -chunk.length());
    queue.wake();
  }

  private Segment whole() {
    return new Segment(0, file.size());
  }
}
