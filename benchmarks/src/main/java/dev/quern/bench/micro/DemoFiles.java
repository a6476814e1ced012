package dev.quern.bench.micro;

import dev.quern.store.DemoModel;
import java.nio.file.Path;

/** The embedded demo model, unpacked where a benchmark may write. */
final class DemoFiles {
  private DemoFiles() {}

  static Path folder() {
    return DemoModel.extract(Path.of(System.getProperty("java.io.tmpdir"), "quern-benchmarks"));
  }
}
