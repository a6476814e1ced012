package dev.quern.supplier.http.openai;

import java.util.List;
import java.util.Optional;

/**
 * Answers of one kind of request as JSON. The usage stands before the choices: gateways judge an
 * answer by its first bytes, which should not be a model's words.
 */
public interface AnswerRenderer {
  /** The whole answer, one delta a choice. */
  byte[] whole(List<ChoiceDelta> choices, Usage usage);

  /** The chunk that opens a choice in a stream, if this kind has one. */
  Optional<byte[]> opening(int index, Optional<Usage> usage);

  /** A chunk of a stream. */
  byte[] chunk(ChoiceDelta delta, Optional<Usage> usage);

  /** The chunk with the usage alone. */
  byte[] usageOnly(Usage usage);
}
