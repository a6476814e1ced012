package dev.quern.engine.device;

import java.util.concurrent.TimeUnit;

/**
 * How often a device failed and came back with what worked on it, so far.
 *
 * @param nanos from the faults until requests were served again, of all together
 */
public record Recoveries(long count, long nanos) {
  static final Recoveries NONE = new Recoveries(0, 0);

  public Recoveries {
    if (count < 0 || nanos < 0) {
      throw new IllegalArgumentException(count + " recoveries in " + nanos + " ns");
    }
  }

  Recoveries and(long nanosOfNext) {
    return new Recoveries(count + 1, nanos + nanosOfNext);
  }

  public double seconds() {
    return (double) nanos / TimeUnit.SECONDS.toNanos(1);
  }
}
