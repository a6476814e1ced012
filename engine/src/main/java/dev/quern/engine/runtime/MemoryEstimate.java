package dev.quern.engine.runtime;

import com.fasterxml.jackson.databind.JsonNode;
import dev.quern.engine.tensor.DType;
import dev.quern.store.Checkpoint;
import dev.quern.store.CheckpointSummary;
import java.util.Locale;

/**
 * About what serving a model takes on a GPU, known before anything is loaded. Loading finds out
 * what it takes to the byte; this only tells whether it is worth the try.
 *
 * @param weights in the type that the model computes in
 * @param request keys and values of one request
 * @param step activations and logits of the largest step
 */
record MemoryEstimate(long weights, long request, long step) {
  /** A model that has no room for so many tokens is better off elsewhere. */
  private static final int UNASKED_TOKENS = 4096;

  /** Activations that a layer makes of a token, in hidden sizes and in intermediate sizes. */
  private static final int HIDDEN_ROWS = 8;

  private static final int INTERMEDIATE_ROWS = 3;

  static MemoryEstimate of(Checkpoint checkpoint, ModelSettings settings, DType dtype) {
    CheckpointSummary summary = CheckpointSummary.of(checkpoint);
    long context = summary.contextLength().orElse(UNASKED_TOKENS);
    long tokens = settings.maxModelLength().orElse((int) Math.min(context, UNASKED_TOKENS));
    JsonNode config = checkpoint.config();
    long row =
        HIDDEN_ROWS * config.path("hidden_size").asLong()
            + INTERMEDIATE_ROWS * config.path("intermediate_size").asLong();
    long logits = settings.maxNumSequences() * config.path("vocab_size").asLong() * Float.BYTES;
    return new MemoryEstimate(
        checkpoint.parameters() * dtype.bytes(),
        summary.kvBytesPerToken().orElse(0) * tokens,
        settings.maxNumBatchedTokens() * row * dtype.bytes() + logits);
  }

  long total() {
    return weights + request + step;
  }

  /** For a log line. */
  String words() {
    return String.format(
        Locale.ROOT,
        "about %s (weights %s, one request's KV cache %s, a step %s)",
        mebibytes(total()),
        mebibytes(weights),
        mebibytes(request),
        mebibytes(step));
  }

  static String mebibytes(long bytes) {
    return String.format(Locale.ROOT, "%.1f MiB", bytes / (1024.0 * 1024.0));
  }
}
