package dev.quern.engine.generate;

import java.util.List;

/**
 * One generated (or scored prompt) token.
 *
 * @param logprob natural logarithm of its probability before temperature and filters; NaN when not
 *     asked for
 * @param top the most probable alternatives in descending order; empty when not asked for
 */
public record SampledToken(int tokenId, float logprob, List<TokenLogprob> top) {
  /** A candidate and its log-probability; {@code rank} from 1. */
  public record TokenLogprob(int tokenId, float logprob, int rank) {}
}
