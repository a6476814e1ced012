package dev.quern.engine.tensor.cuda;

import dev.quern.cuda.CudaContext;
import dev.quern.cuda.CudaEvent;
import dev.quern.cuda.DeviceArena;
import dev.quern.cuda.DeviceBuffer;
import dev.quern.cuda.PinnedArena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * Where drawn tokens lie, on the device and on the host: as many places as there are draws open,
 * two for each model of the device. They are no memory of a step, because the next step takes its
 * input from there after the memory of the step before has been handed out again.
 *
 * <p>A place that was given back may still be read and written by queued work; what is queued for
 * its next draw comes after that on the one stream.
 */
final class DrawPlaces implements AutoCloseable {
  private static final String PINNED_TAG = "drawn tokens";

  /** Taken at once, so that a model that comes first has its two before a cache takes the rest. */
  private static final int AT_ONCE = 4;

  /** Tokens and twenty log-probabilities each of 760 rows. */
  private static final long LEAST_BYTES = 128L << 10;

  private final CudaContext context;
  private final List<Place> all = new ArrayList<>();
  private final Deque<Place> free = new ArrayDeque<>();

  DrawPlaces(CudaContext context) {
    this.context = context;
  }

  /** A place of at least {@code bytes}, to be {@linkplain #giveBack given back}. */
  Place take(long bytes) {
    if (free.isEmpty()) {
      for (int i = 0; i < AT_ONCE; i++) {
        Place place = new Place();
        all.add(place);
        free.add(place);
      }
    }
    Place place = free.getFirst();
    place.reach(bytes);
    return free.removeFirst();
  }

  void giveBack(Place place) {
    free.addFirst(place);
  }

  @Override
  public void close() {
    CudaErrors.close(all);
  }

  /** Device memory, pinned memory of the same size, and the event after which both hold a draw. */
  final class Place implements AutoCloseable {
    // Device memory first: where that is refused, nothing else was taken.
    private DeviceArena device = context.memory().arena(MemoryStack.TAG, LEAST_BYTES);
    private PinnedArena host = context.memory().pinned(PINNED_TAG, LEAST_BYTES);
    final CudaEvent drawn = context.newEvent(false);

    DeviceBuffer device(long bytes) {
      return device.whole().slice(0, bytes);
    }

    MemorySegment host(long bytes) {
      return host.whole().asSlice(0, bytes);
    }

    private void reach(long bytes) {
      if (bytes > device.whole().bytes()) {
        DeviceArena larger = context.memory().arena(MemoryStack.TAG, 2 * bytes);
        // Freeing waits for all that reads it.
        device.close();
        device = larger;
      }
      if (bytes > host.whole().byteSize()) {
        PinnedArena larger = context.memory().pinned(PINNED_TAG, 2 * bytes);
        // A draw that nobody read may still be on its way there.
        drawn.synchronize();
        host.close();
        host = larger;
      }
    }

    @Override
    public void close() {
      CudaErrors.close(List.of(device, host, drawn));
    }
  }
}
