package dev.quern.supplier.cli;

import dev.quern.engine.runtime.LoadProgress;
import dev.quern.supplier.cli.terminal.Units;
import java.util.function.Consumer;

/**
 * Says what was chosen for the device, and at every tenth how far a large model is; a small one is
 * there before anybody reads it.
 */
final class LoadingLines implements LoadProgress {
  private static final long LEAST_BYTES = 2_000_000_000;

  private final String name;
  private final Consumer<String> lines;
  // Of the device's thread.
  private long tenths;

  LoadingLines(String name, Consumer<String> lines) {
    this.name = name;
    this.lines = lines;
  }

  @Override
  public void loaded(long bytes, long ofBytes) {
    if (ofBytes < LEAST_BYTES) {
      return;
    }
    long now = (long) (10.0 * bytes / ofBytes);
    // Less than before: a device that was lost gets its model again.
    if (now != tenths && now > 0 && now < 10) {
      lines.accept("Loading %s: %d0 %% of %s".formatted(name, now, Units.bytes(ofBytes)));
    }
    tenths = now;
  }

  @Override
  public void remark(String remark) {
    lines.accept("Loading %s: %s".formatted(name, remark));
  }
}
