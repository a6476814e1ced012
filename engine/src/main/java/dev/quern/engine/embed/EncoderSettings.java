package dev.quern.engine.embed;

import dev.quern.store.QuernException;

/**
 * Bounds of one engine.
 *
 * @param name for logs
 * @param maxBatchTokens most tokens of one pass; a longer text has a pass of its own
 * @param maxWaiting most requests at a time; one more is refused
 * @param tokenizerThreads that turn texts into tokens
 */
public record EncoderSettings(
    String name, int maxBatchTokens, int maxWaiting, int tokenizerThreads) {
  public EncoderSettings {
    if (maxBatchTokens < 1) {
      throw QuernException.badRequest("max-batch-tokens", "--max-batch-tokens must be at least 1");
    }
    if (maxWaiting < 1) {
      throw QuernException.badRequest("max-waiting", "--max-waiting must be at least 1");
    }
    if (tokenizerThreads < 1) {
      throw QuernException.badRequest(
          "tokenization-workers", "--tokenization-workers must be at least 1");
    }
  }
}
