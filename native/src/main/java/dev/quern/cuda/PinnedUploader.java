package dev.quern.cuda;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongConsumer;

/**
 * Brings bytes to the device through a few pinned pieces of one size, on a stream of its own: while
 * one piece is copied, the next is filled, and the host never holds more than the pieces. The
 * caller's thread does the filling. For the context's thread.
 *
 * <p>An upload returns when its last bytes are in a piece, so its source may go then; the bytes are
 * on the device after {@link #finish}.
 */
public final class PinnedUploader implements AutoCloseable {
  /** What pieces start at within their target, so that no element lies on a border. */
  private static final long PIECE_ALIGNMENT = 256;

  private static final String TAG = "uploads";

  private final CudaStream stream;
  private final PinnedArena pinned;
  private final List<Slot> slots;
  private final LongConsumer arrived;
  private int next;

  /**
   * Takes {@code pieces * pieceBytes} of pinned memory.
   *
   * @param pieces at least 2, so that filling and copying overlap
   * @param pieceBytes size of a piece, a multiple of 256
   * @param arrived told how many more bytes have reached the device, on the caller's thread
   */
  public PinnedUploader(CudaContext context, int pieces, long pieceBytes, LongConsumer arrived) {
    if (pieces < 2) {
      throw new IllegalArgumentException(pieces + " pieces; two are the least that overlap");
    }
    if (pieceBytes < 1 || pieceBytes % PIECE_ALIGNMENT != 0) {
      throw new IllegalArgumentException(
          "pieces of " + pieceBytes + " bytes; a multiple of " + PIECE_ALIGNMENT + " is needed");
    }
    this.arrived = arrived;
    this.pinned = context.memory().pinned(TAG, Math.multiplyExact(pieces, pieceBytes));
    this.stream = context.newStream();
    List<Slot> slots = new ArrayList<>();
    for (int i = 0; i < pieces; i++) {
      slots.add(new Slot(pinned.take(pieceBytes), context.newEvent(false)));
    }
    this.slots = List.copyOf(slots);
  }

  /** Fills a piece of an upload with what belongs on the device. */
  @FunctionalInterface
  public interface Source {
    /**
     * Fills all of {@code piece}.
     *
     * @param piece pinned memory, not to be kept
     * @param offset where the piece starts in the target, in bytes; a multiple of 256
     */
    void fill(MemorySegment piece, long offset);
  }

  /** Uploads all of {@code from}, such as a tensor in a mapped file, to the front of {@code to}. */
  public void upload(DeviceBuffer to, MemorySegment from) {
    upload(
        to.slice(0, from.byteSize()),
        (piece, offset) -> MemorySegment.copy(from, offset, piece, 0, piece.byteSize()));
  }

  /**
   * Fills {@code to} with what {@code source} gives, piece by piece and in order. What {@code
   * source} throws ends this upload; the next one may follow.
   */
  public void upload(DeviceBuffer to, Source source) {
    long pieceBytes = slots.getFirst().piece.byteSize();
    for (long offset = 0; offset < to.bytes(); offset += pieceBytes) {
      long bytes = Math.min(pieceBytes, to.bytes() - offset);
      Slot slot = slots.get(next);
      await(slot);
      MemorySegment piece = slot.piece.asSlice(0, bytes);
      source.fill(piece, offset);
      stream.copyToDevice(to.slice(offset, bytes), piece);
      stream.record(slot.copied);
      slot.bytesInFlight = bytes;
      next = (next + 1) % slots.size();
    }
  }

  /**
   * Waits until everything uploaded is on the device.
   *
   * @throws CudaException what went wrong on the way
   */
  public void finish() {
    for (int i = 0; i < slots.size(); i++) {
      await(slots.get((next + i) % slots.size()));
    }
  }

  /** Waits for the copies, then gives the pinned memory back. */
  @Override
  public void close() {
    try (pinned;
        stream) {
      try {
        stream.synchronize();
      } finally {
        slots.forEach(slot -> slot.copied.close());
      }
    }
  }

  private void await(Slot slot) {
    if (slot.bytesInFlight > 0) {
      slot.copied.synchronize();
      long bytes = slot.bytesInFlight;
      slot.bytesInFlight = 0;
      arrived.accept(bytes);
    }
  }

  /** One pinned piece, and the event after which it may be filled again. */
  private static final class Slot {
    final MemorySegment piece;
    final CudaEvent copied;
    long bytesInFlight;

    Slot(MemorySegment piece, CudaEvent copied) {
      this.piece = piece;
      this.copied = copied;
    }
  }
}
