package dev.quern.engine.tensor.cuda;

import dev.quern.cuda.CudaStream;
import dev.quern.cuda.DeviceBuffer;
import dev.quern.cuda.kernel.ElementType;
import dev.quern.cuda.kernel.SamplingKernels;
import dev.quern.engine.tensor.Draw;
import dev.quern.engine.tensor.DrawnTokens;
import dev.quern.engine.tensor.Draws;
import java.util.List;

/**
 * Draws tokens on the device and gives them to the next batch there. Everything is queued: logits,
 * the numbers of a draw and changed logits lie in the step's memory, and the next step, which is
 * given the same memory, is queued behind the kernels that read them.
 *
 * <p>The same as {@code HostSampler}, in its order, in fp32 where that sums in fp64: the same
 * number draws the same token but where it, a nucleus' border or a log-probability's last digits
 * lie within rounding. A temperature below 1e-5 counts as that, and logits that a change makes
 * infinite are {@link DrawnTokens#NOT_NUMBERS}. More than {@link SamplingKernels#MOST_TOP}
 * alternatives are refused.
 */
final class DrawOperations implements AutoCloseable {
  /** The most memory of logits that are changed, in fp32: rows take turns on it. */
  private static final long CHANGED_BYTES = 64L << 20;

  private final CudaSession session;
  private final SamplingKernels kernels;
  private final CudaStream stream;
  private final DrawPlaces places;
  private final LogitEntries entries = new LogitEntries();

  DrawOperations(CudaSession session) {
    this.session = session;
    this.kernels = session.kernels().sampling();
    this.stream = session.stream();
    this.places = new DrawPlaces(session.context());
  }

  CudaDrawnTokens draw(CudaTensor logits, Draws draws) {
    if (draws.rows().size() != logits.rows()) {
      throw new IllegalArgumentException(
          draws.rows().size() + " draws from " + logits.rows() + " rows");
    }
    DrawResults results = DrawResults.of(draws);
    DrawPlaces.Place place = places.take(results.bytes());
    try {
      if (results.rows() > 0) {
        DeviceBuffer whole = place.device(results.bytes());
        queue(logits, draws, results, whole);
        stream.copyToHost(place.host(results.bytes()), whole);
      }
      stream.record(place.drawn);
      return new CudaDrawnTokens(places, place, draws, results);
    } catch (RuntimeException e) {
      places.giveBack(place);
      throw e;
    }
  }

  /** Replaces the ids of {@code -(row + 1)} in {@code tokenIds} by what was drawn in those rows. */
  void takeDrawn(CudaTensor tokenIds, DrawnTokens drawn) {
    if (!(drawn instanceof CudaDrawnTokens named)) {
      throw new IllegalArgumentException("a batch names tokens that another backend drew");
    }
    kernels.takeDrawn(stream, tokenIds.buffer(), named.deviceIds(), tokenIds.rows(), named.rows());
  }

  private void queue(CudaTensor logits, Draws draws, DrawResults results, DeviceBuffer whole) {
    DeviceBuffer ids = results.ids(whole, 0, results.rows());
    if (draws.allLargest()) {
      kernels.argmax(stream, logits.type(), ids, logits.buffer(), results.rows(), logits.width());
    } else {
      entries.reach(logits.width());
      DrawNumbers numbers = DrawNumbers.of(draws, entries);
      DeviceBuffer brought = session.buffer((long) numbers.packed().length * Integer.BYTES);
      session.inputs().upload(brought, numbers.packed());
      DrawBuffers buffers = DrawBuffers.of(numbers, brought);
      if (draws.rows().stream().anyMatch(Draw.Score.class::isInstance)) {
        stream.copy(ids, buffers.tokens());
      }
      choose(logits, draws.rows(), buffers, ids);
    }
    if (results.scored() > 0) {
      int first = results.firstScored();
      kernels.logProbabilities(
          stream,
          logits.type(),
          results.logProbabilities(whole),
          rows(logits, first, results.scored()),
          results.ids(whole, first, results.scored()),
          results.scored(),
          logits.width());
    }
  }

  /** Rows that score known tokens are passed over; stretches of others are drawn from. */
  private void choose(CudaTensor logits, List<Draw> rows, DrawBuffers buffers, DeviceBuffer ids) {
    Changed changed = new Changed(logits.width());
    int first = 0;
    while (first < rows.size()) {
      int end = first;
      while (end < rows.size() && rows.get(end) instanceof Draw.Choice) {
        end++;
      }
      boolean any = rows.subList(first, end).stream().anyMatch(DrawOperations::changes);
      int most = any ? changed.mostRows : rows.size();
      while (first < end) {
        int last = Math.min(end, first + most);
        choose(logits, rows.subList(first, last), first, buffers, ids, changed);
        first = last;
      }
      first++;
    }
  }

  private void choose(
      CudaTensor logits,
      List<Draw> rows,
      int first,
      DrawBuffers buffers,
      DeviceBuffer ids,
      Changed changed) {
    int count = rows.size();
    ElementType type = logits.type();
    DeviceBuffer from = rows(logits, first, count);
    if (rows.stream().anyMatch(DrawOperations::changes)) {
      DeviceBuffer room = changed.room(count);
      kernels.adjust(
          stream, type, room, from, buffers.adjustments(first, count), count, logits.width());
      type = ElementType.FP32;
      from = room;
    }
    kernels.sample(
        stream,
        type,
        ids.slice((long) first * Integer.BYTES, (long) count * Integer.BYTES),
        from,
        buffers.draws(first, count),
        count,
        logits.width());
  }

  private static boolean changes(Draw draw) {
    return draw instanceof Draw.Choice choice && !choice.changes().isEmpty();
  }

  private static DeviceBuffer rows(CudaTensor logits, int first, int count) {
    long rowBytes = (long) logits.width() * logits.dtype().bytes();
    return logits.buffer().slice(first * rowBytes, count * rowBytes);
  }

  @Override
  public void close() {
    places.close();
  }

  /** Memory of changed logits, which one stretch of rows after another uses. */
  private final class Changed {
    final int mostRows;
    private final long rowBytes;
    private DeviceBuffer taken = new DeviceBuffer(0, 0);

    Changed(int vocabularySize) {
      rowBytes = (long) vocabularySize * Float.BYTES;
      mostRows = (int) Math.max(1, CHANGED_BYTES / rowBytes);
    }

    DeviceBuffer room(int rows) {
      if (taken.bytes() < rows * rowBytes) {
        taken = session.buffer(rows * rowBytes);
      }
      return taken;
    }
  }
}
