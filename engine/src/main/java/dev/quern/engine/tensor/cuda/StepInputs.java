package dev.quern.engine.tensor.cuda;

import dev.quern.cuda.CudaContext;
import dev.quern.cuda.CudaEvent;
import dev.quern.cuda.CudaStream;
import dev.quern.cuda.DeviceBuffer;
import dev.quern.cuda.PinnedArena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/**
 * Brings a step's numbers to the device without waiting for it: they are written to one of a few
 * pinned places in turn, and a place is written again once its copy is over. A step brings its
 * batch and what is wanted of its logits, and two steps are queued at most: so nobody waits here
 * unless a step brings more than that.
 */
final class StepInputs implements AutoCloseable {
  private static final String TAG = "step inputs";
  private static final int PLACES = 4;
  private static final long LEAST_BYTES = 64L << 10;

  private final CudaContext context;
  private final CudaStream stream;
  private final List<Place> places = new ArrayList<>();
  private int next;

  StepInputs(CudaContext context, CudaStream stream) {
    this.context = context;
    this.stream = stream;
    for (int i = 0; i < PLACES; i++) {
      places.add(new Place());
    }
  }

  /** Queues a copy of {@code values} to the front of {@code to}. */
  void upload(DeviceBuffer to, int[] values) {
    Place place = places.get(next);
    next = (next + 1) % PLACES;
    MemorySegment bytes = place.room((long) values.length * Integer.BYTES);
    MemorySegment.copy(values, 0, bytes, ValueLayout.JAVA_INT, 0, values.length);
    stream.copyToDevice(to, bytes);
    stream.record(place.copied);
  }

  @Override
  public void close() {
    CudaErrors.close(places);
  }

  /** One pinned place, and the event after which it may be written again. */
  private final class Place implements AutoCloseable {
    final CudaEvent copied = context.newEvent(false);
    private PinnedArena arena = context.memory().pinned(TAG, LEAST_BYTES);

    MemorySegment room(long bytes) {
      copied.synchronize();
      if (arena.whole().byteSize() < bytes) {
        arena.close();
        arena = context.memory().pinned(TAG, Math.max(bytes, 2 * arena.whole().byteSize()));
      }
      return arena.whole().asSlice(0, bytes);
    }

    @Override
    public void close() {
      CudaErrors.close(List.of(arena, copied));
    }
  }
}
