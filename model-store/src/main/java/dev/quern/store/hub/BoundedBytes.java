package dev.quern.store.hub;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;

/** The first bytes of a body, in memory; what is beyond the limit is not read. */
final class BoundedBytes extends WatchedBody<byte[]> {
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final int limit;

  BoundedBytes(Watch watch, int limit) {
    super(watch);
    this.limit = limit;
  }

  @Override
  boolean accept(ByteBuffer piece) {
    byte[] part = new byte[Math.min(piece.remaining(), limit - bytes.size())];
    piece.get(part);
    bytes.writeBytes(part);
    return bytes.size() < limit;
  }

  @Override
  byte[] finish() {
    return bytes.toByteArray();
  }
}
