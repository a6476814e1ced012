package dev.quern.supplier.http.encoder;

import dev.quern.engine.embed.EncoderText;
import dev.quern.engine.embed.EncodingRequest;
import dev.quern.engine.embed.EncodingResult;
import dev.quern.engine.embed.Truncation;
import dev.quern.supplier.http.openai.ErrorShape;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * What is to be encoded for one request, and how the answer is written.
 *
 * @param field what the client calls the texts
 * @param single whether the client sent one input and no array
 * @param errors how the client reads errors
 */
public record EncoderPlan(
    ServedEncoder model,
    String field,
    List<EncoderText> texts,
    boolean single,
    Optional<String> promptName,
    Truncation truncation,
    int priority,
    ErrorShape errors,
    Renderer renderer) {

  /** Writes an answer; on any worker thread. */
  @FunctionalInterface
  public interface Renderer {
    /** The body, as JSON. */
    byte[] render(EncodingResult result);
  }

  /**
   * The same for the engine.
   *
   * @param relay whether it came through the network and not from the operator
   * @param cancelled whether the client has left
   */
  public EncodingRequest request(boolean relay, BooleanSupplier cancelled) {
    return new EncodingRequest(
        field,
        texts,
        promptName,
        truncation,
        priority + (relay ? EncodingRequest.RELAY_PRIORITY : 0),
        cancelled);
  }
}
