package dev.quern.cuda;

import java.util.Objects;

/**
 * A stretch of device memory. A view: whoever made the arena owns the memory.
 *
 * @param address device address
 */
public record DeviceBuffer(long address, long bytes) {
  public DeviceBuffer {
    if (bytes < 0) {
      throw new IllegalArgumentException("a buffer of " + bytes + " bytes");
    }
  }

  /**
   * A part of this buffer.
   *
   * @throws IndexOutOfBoundsException when the slice is not inside this buffer
   */
  public DeviceBuffer slice(long offset, long length) {
    Objects.checkFromIndexSize(offset, length, bytes);
    return new DeviceBuffer(address + offset, length);
  }
}
