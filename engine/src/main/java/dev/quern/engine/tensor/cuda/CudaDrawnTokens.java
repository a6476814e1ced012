package dev.quern.engine.tensor.cuda;

import dev.quern.cuda.DeviceBuffer;
import dev.quern.engine.tensor.Draw;
import dev.quern.engine.tensor.DrawnTokens;
import dev.quern.engine.tensor.Draws;
import dev.quern.engine.tensor.TokenScores;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Tokens that the device draws, in a place of their own until they are closed. */
final class CudaDrawnTokens implements DrawnTokens {
  private final DrawPlaces places;
  private final DrawPlaces.Place place;
  private final Draws draws;
  private final DrawResults results;
  private int @Nullable [] ids;
  private boolean closed;

  CudaDrawnTokens(DrawPlaces places, DrawPlaces.Place place, Draws draws, DrawResults results) {
    this.places = places;
    this.place = place;
    this.draws = draws;
    this.results = results;
  }

  int rows() {
    return results.rows();
  }

  /** {@code [rows]} int32 on the device, for work queued before this is closed. */
  DeviceBuffer deviceIds() {
    requireOpen();
    return results.ids(place.device(results.bytes()), 0, results.rows());
  }

  /** Waits for the draw's own copy and not for what was queued behind it. */
  @Override
  public int[] ids() {
    int[] known = ids;
    if (known == null) {
      requireOpen();
      CudaErrors.named("draw", place.drawn::synchronize);
      known = new int[results.rows()];
      for (int row = 0; row < known.length; row++) {
        known[row] = id(row);
      }
      ids = known;
    }
    return known;
  }

  private int id(int row) {
    int id = numbers().getAtIndex(ValueLayout.JAVA_INT, row);
    return switch (draws.rows().get(row)) {
      // A row that is not finite has no ranks.
      case Draw.Score _ ->
          numbers().getAtIndex(ValueLayout.JAVA_INT, results.rank(row)) == 0 ? NOT_NUMBERS : id;
      // The kernel takes a row of negative infinity for one that was forbidden throughout.
      case Draw.Choice choice when id == NOTHING_LEFT && choice.changes().isEmpty() -> NOT_NUMBERS;
      case Draw.Choice _ -> id;
    };
  }

  @Override
  public TokenScores scores(int row) {
    int wanted = draws.rows().get(row).logprobs();
    if (wanted < 0 || ids()[row] < 0) {
      throw new IllegalArgumentException("row " + row + " has no log-probabilities");
    }
    requireOpen();
    MemorySegment numbers = numbers();
    int[] top = new int[wanted];
    float[] topLogprobs = new float[wanted];
    int count = 0;
    for (; count < wanted; count++) {
      top[count] = numbers.getAtIndex(ValueLayout.JAVA_INT, results.topId(row, count));
      if (top[count] < 0) {
        break; // No more tokens are above negative infinity.
      }
      topLogprobs[count] =
          numbers.getAtIndex(ValueLayout.JAVA_FLOAT, results.topLogprob(row, count));
    }
    return new TokenScores(
        numbers.getAtIndex(ValueLayout.JAVA_FLOAT, results.chosen(row)),
        Arrays.copyOf(top, count),
        Arrays.copyOf(topLogprobs, count));
  }

  private MemorySegment numbers() {
    return place.host(results.bytes());
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("drawn tokens are used after they were closed");
    }
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      places.giveBack(place);
    }
  }
}
