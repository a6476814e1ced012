package dev.quern.bench.load;

/**
 * What is sent and how fast.
 *
 * @param concurrency closed loop: clients that each send the next request when the last has ended;
 *     open loop: 0
 * @param ratePerSecond open loop: mean arrivals a second, exponentially spaced; closed loop: 0
 * @param requests requests measured
 * @param promptTokens length of each random prompt
 * @param maxTokens tokens generated per request; the end of sequence is ignored
 * @param vocabulary token ids are drawn from {@code [reserved, vocabulary)}
 * @param reserved ids below this (specials, bytes) are not drawn
 * @param seed of prompts and arrivals
 */
public record LoadShape(
    int concurrency,
    double ratePerSecond,
    int requests,
    int promptTokens,
    int maxTokens,
    int vocabulary,
    int reserved,
    long seed) {
  public LoadShape {
    if ((concurrency > 0) == (ratePerSecond > 0)) {
      throw new IllegalArgumentException("give either a concurrency or a rate");
    }
    if (requests < 1 || promptTokens < 1 || maxTokens < 1 || vocabulary <= reserved) {
      throw new IllegalArgumentException("requests, tokens and vocabulary must be positive");
    }
  }
}
