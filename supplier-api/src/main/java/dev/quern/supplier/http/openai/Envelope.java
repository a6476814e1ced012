package dev.quern.supplier.http.openai;

import dev.quern.store.QuernException;
import java.util.Optional;

/**
 * What a generation request says about itself.
 *
 * @param model the public name asked for; the answer bears the same
 * @param usageInStream a last chunk with the usage
 * @param usageInEachChunk the usage so far in every chunk
 * @param priority lower is served first
 */
public record Envelope(
    String model,
    boolean stream,
    boolean usageInStream,
    boolean usageInEachChunk,
    Optional<String> requestId,
    int priority,
    String cacheSalt) {

  static Envelope read(FieldReader fields) {
    boolean stream = fields.flag("stream", false);
    FieldReader options = fields.object("stream_options");
    if (options != null && !stream) {
      throw QuernException.badRequest(
          "stream_options", "The field 'stream_options' is only allowed with stream: true.");
    }
    boolean continuous = options != null && options.flag("continuous_usage_stats", false);
    boolean last = options != null && options.flag("include_usage", false);
    String salt = fields.text("cache_salt");
    return new Envelope(
        fields.requiredText("model"),
        stream,
        last,
        continuous,
        Optional.ofNullable(fields.text("request_id")),
        fields.smallInteger("priority").orElse(0),
        salt == null ? "" : salt);
  }
}
