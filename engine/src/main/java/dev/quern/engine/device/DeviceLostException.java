package dev.quern.engine.device;

/** A step found its device lost: see {@link DeviceOpener#isLost}. Ends no thread. */
public final class DeviceLostException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final Throwable failure;

  public DeviceLostException(Throwable failure) {
    super("the device is lost: " + failure, failure);
    this.failure = failure;
  }

  /** What the device's backend threw. */
  public Throwable failure() {
    return failure;
  }
}
