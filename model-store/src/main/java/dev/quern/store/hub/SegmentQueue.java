package dev.quern.store.hub;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;

/**
 * The files that are being transferred, and which of their segments a download thread takes next:
 * one of each file in turn, so that several are hashed at once.
 */
final class SegmentQueue {
  private final Deque<FileTransfer> transfers = new ArrayDeque<>();
  private boolean closed;

  /** A segment to fetch with {@link FileTransfer#fetch}. */
  record Work(FileTransfer transfer, Segment segment) {}

  synchronized void add(FileTransfer transfer) {
    transfers.addLast(transfer);
    notifyAll();
  }

  synchronized void remove(FileTransfer transfer) {
    transfers.remove(transfer);
  }

  /** Something about a transfer changed, so that it may have a segment to fetch. */
  synchronized void wake() {
    notifyAll();
  }

  /** Waits for a segment that is due; empty once closed. */
  synchronized Optional<Work> take() throws InterruptedException {
    while (!closed) {
      long now = System.nanoTime();
      long delay = Long.MAX_VALUE;
      for (int i = transfers.size(); i > 0; i--) {
        FileTransfer transfer = transfers.removeFirst();
        transfers.addLast(transfer);
        Optional<Segment> segment = transfer.poll(now);
        if (segment.isPresent()) {
          return Optional.of(new Work(transfer, segment.get()));
        }
        long until = transfer.delay(now);
        delay = until > 0 ? Math.min(delay, until) : delay;
      }
      wait(delay == Long.MAX_VALUE ? 0 : delay / 1_000_000 + 1);
    }
    return Optional.empty();
  }

  /** No segment is given out any more. */
  synchronized void close() {
    closed = true;
    notifyAll();
  }
}
