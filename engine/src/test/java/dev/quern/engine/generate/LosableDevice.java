package dev.quern.engine.generate;

import dev.quern.engine.device.DeviceOpener;
import dev.quern.engine.tensor.Backend;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/** A device on the host that is lost whenever a {@link Fault} is thrown, like a GPU's context. */
final class LosableDevice implements DeviceOpener {
  /** What a driver would report. */
  static final class Fault extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Fault() {
      super("illegal address, injected");
    }
  }

  /** In the order they were opened. */
  final List<HostBackend> backends = new CopyOnWriteArrayList<>();

  /** What the next opening anew throws. */
  volatile @Nullable RuntimeException reopening;

  @Override
  public Backend open() {
    HostBackend backend = new HostBackend();
    backends.add(backend);
    return backend;
  }

  @Override
  public boolean isLost(Throwable failure) {
    for (Throwable e = failure; e != null; e = e.getCause()) {
      if (e instanceof Fault) {
        return true;
      }
    }
    return false;
  }

  @Override
  public Backend reopen(Backend lost) {
    RuntimeException failure = reopening;
    if (failure != null) {
      throw failure;
    }
    lost.close();
    return open();
  }

  /** Caches taken from any of its backends and not closed. */
  int openCaches() {
    return new ArrayList<>(backends).stream().mapToInt(backend -> backend.openCaches.get()).sum();
  }
}
