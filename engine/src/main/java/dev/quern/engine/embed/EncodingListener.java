package dev.quern.engine.embed;

import dev.quern.store.QuernException;

/**
 * Hears of the end of one request, once: never of one that was cancelled, nor of one that {@link
 * EncoderEngine#submit} refused. Called on the device's thread: it must only hand over.
 */
public interface EncodingListener {
  void onFinished(EncodingResult result);

  void onFailed(QuernException error);
}
