package dev.quern.bench.gpu;

import dev.quern.cuda.CudaContext;
import dev.quern.cuda.CudaEvent;
import dev.quern.cuda.CudaGraph;
import dev.quern.cuda.CudaStream;
import java.util.Arrays;

/** Times queued work by the device's own clock. For the context's thread. */
final class DeviceTimer implements AutoCloseable {
  /** Launches of one sample: long enough that the events' own cost vanishes. */
  private static final int LAUNCHES = 20;

  private final CudaStream stream;
  private final CudaEvent begin;
  private final CudaEvent end;
  private final int samples;

  /**
   * A timer of {@code stream}.
   *
   * @param samples the median of so many is told
   */
  DeviceTimer(CudaContext context, CudaStream stream, int samples) {
    this.stream = stream;
    this.begin = context.newEvent(/* timed= */ true);
    this.end = context.newEvent(/* timed= */ true);
    this.samples = samples;
  }

  /** Microseconds on the device for each run of {@code work}, replayed as a graph. */
  double microseconds(Runnable work) {
    work.run();
    stream.synchronize();
    try (CudaGraph graph = stream.capture(() -> repeat(LAUNCHES, work))) {
      stream.launch(graph);
      double[] each = new double[samples];
      for (int sample = 0; sample < samples; sample++) {
        stream.record(begin);
        stream.launch(graph);
        stream.record(end);
        end.synchronize();
        each[sample] = 1000.0 * end.millisecondsSince(begin) / LAUNCHES;
      }
      Arrays.sort(each);
      return each[samples / 2];
    }
  }

  static void repeat(int times, Runnable work) {
    for (int i = 0; i < times; i++) {
      work.run();
    }
  }

  @Override
  public void close() {
    begin.close();
    end.close();
  }
}
