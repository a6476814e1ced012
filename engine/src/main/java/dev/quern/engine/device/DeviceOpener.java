package dev.quern.engine.device;

import dev.quern.engine.tensor.Backend;
import java.util.function.Supplier;

/** How a device's backend is opened, and opened anew when the device has failed under it. */
public interface DeviceOpener {
  /** Opens the backend, on the thread that will own it. */
  Backend open();

  /**
   * Whether {@code failure} has cost the device: all that lay on it is gone, and every call fails
   * until it is {@linkplain #reopen opened anew}.
   */
  boolean isLost(Throwable failure);

  /** Gives up what is left of {@code lost} and opens the device again, on the same thread. */
  Backend reopen(Backend lost);

  /** Of a device that is never lost, such as the CPU. */
  static DeviceOpener lasting(Supplier<Backend> opener) {
    return new DeviceOpener() {
      @Override
      public Backend open() {
        return opener.get();
      }

      @Override
      public boolean isLost(Throwable failure) {
        return false;
      }

      @Override
      public Backend reopen(Backend lost) {
        throw new IllegalStateException(lost.name() + " is never lost");
      }
    };
  }
}
