package dev.quern.supplier.http.encoder;

import java.util.OptionalInt;

/**
 * What the operator says about requests to encoders.
 *
 * @param maxClientBatchSize most inputs of one request; absent: as each protocol has it
 * @param autoTruncate whether texts that are too long are cut where the request does not say
 */
public record EncoderRouteSettings(OptionalInt maxClientBatchSize, boolean autoTruncate) {
  private static final int TEI_BATCH = 32;
  private static final int OPENAI_BATCH = 2048;
  private static final int COHERE_BATCH = 1000;

  /** Each protocol's own limits; nothing is cut unasked. */
  public static EncoderRouteSettings defaults() {
    return new EncoderRouteSettings(OptionalInt.empty(), false);
  }

  public int teiBatch() {
    return maxClientBatchSize.orElse(TEI_BATCH);
  }

  int openAiBatch() {
    return maxClientBatchSize.orElse(OPENAI_BATCH);
  }

  int cohereBatch() {
    return maxClientBatchSize.orElse(COHERE_BATCH);
  }
}
