package dev.quern.engine.embed;

import dev.quern.store.QuernException;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * Texts to be encoded together.
 *
 * @param field what the caller calls the texts, for errors
 * @param texts at least one
 * @param promptName which of the model's prompts comes before each text; empty: its default, if any
 * @param priority lower first; ties by arrival
 * @param cancelled whether nobody waits for the answer any more; asked by any thread, often
 */
public record EncodingRequest(
    String field,
    List<EncoderText> texts,
    Optional<String> promptName,
    Truncation truncation,
    int priority,
    BooleanSupplier cancelled) {
  /** Added for a relay: it comes after everything the operator asks for. */
  public static final int RELAY_PRIORITY = 10_000_000;

  public EncodingRequest {
    texts = List.copyOf(texts);
    if (texts.isEmpty()) {
      throw QuernException.badRequest(field, "The field '" + field + "' holds no input.");
    }
  }
}
