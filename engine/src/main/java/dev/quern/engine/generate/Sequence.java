package dev.quern.engine.generate;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * One request on its way: its tokens, how many of them are computed, and its blocks. Used on the
 * step thread alone once it is in the scheduler.
 */
final class Sequence {
  /** Best first: lower priority value, then earlier arrival. */
  static final Comparator<Sequence> ORDER =
      Comparator.comparingInt((Sequence s) -> s.request.priority())
          .thenComparingLong(s -> s.arrival);

  /** Where a sequence stands. */
  enum State {
    /** Not yet seen by the scheduler. */
    NEW,
    WAITING,
    RUNNING,
    ENDED
  }

  private final GenerationRequest request;
  private final GenerationListener listener;
  private final long arrival;
  private final long arrivedNanos;
  private final int promptLength;
  private final BlockTable blockTable = new BlockTable();
  private final List<SampledToken> promptScores;
  private final TokenChoices choices;

  private int[] tokens;
  private int tokenCount;
  private int computed;

  // What follows is written by the scheduler, the publisher and the step loop.
  State state = State.NEW;

  /** Whether it was ever in a step. */
  boolean started;

  /** Steps that were queued with it and have not been read. */
  int queuedSteps;

  /** Tokens drawn in those steps. */
  int unread;

  /** The row in which the last of them is drawn. */
  int unreadRow;

  /** Prompt tokens whose scores were asked for; those in {@link #promptScores} are there. */
  int scoresAsked;

  boolean promptScoresTold;
  int cachedTokens;
  int preemptions;
  long scheduledNanos;
  long firstTokenNanos;
  int stopToken = -1;

  /**
   * A new sequence.
   *
   * @param arrival its place among all sequences of the engine
   * @param seed of its random numbers: the request's own or a fresh one
   */
  Sequence(
      GenerationRequest request,
      GenerationListener listener,
      long arrival,
      long seed,
      long arrivedNanos) {
    this.request = request;
    this.listener = listener;
    this.arrival = arrival;
    this.arrivedNanos = arrivedNanos;
    this.promptLength = request.promptTokens().length;
    this.promptScores = scoresPrompt() ? new ArrayList<>(promptLength - 1) : List.of();
    this.choices = new TokenChoices(request.sampling(), seed, promptLength);
    this.tokens = Arrays.copyOf(request.promptTokens(), promptLength + Math.min(64, maxTokens()));
    this.tokenCount = promptLength;
  }

  GenerationRequest request() {
    return request;
  }

  SamplingParameters sampling() {
    return request.sampling();
  }

  GenerationListener listener() {
    return listener;
  }

  /** How its tokens are chosen. */
  TokenChoices choices() {
    return choices;
  }

  BlockTable blockTable() {
    return blockTable;
  }

  /** Prompt and output; the first {@link #tokenCount()} entries count. Read only. */
  int[] tokens() {
    return tokens;
  }

  int tokenCount() {
    return tokenCount;
  }

  int promptLength() {
    return promptLength;
  }

  int generated() {
    return tokenCount - promptLength;
  }

  int maxTokens() {
    return request.sampling().maxTokens();
  }

  /** Tokens of prompt and output when it runs to its limit. */
  int longestLength() {
    return promptLength + maxTokens();
  }

  /** Tokens of the output that are drawn, known or not. */
  int drawn() {
    return generated() + unread;
  }

  /** Tokens that may be computed next; not the last of a full output, which nothing follows. */
  int uncomputed() {
    int needed = promptLength + Math.max(0, maxTokens() - 1);
    return Math.min(tokenCount + unread, needed) - computed;
  }

  /** Leading tokens whose keys and values are in the cache once all queued steps have run. */
  int computed() {
    return computed;
  }

  void computed(int tokens) {
    computed = tokens;
  }

  /** Whether the prompt's own log-probabilities are wanted: then no row of it may be skipped. */
  boolean scoresPrompt() {
    return request.sampling().promptLogprobs() >= 0;
  }

  /** Scores of prompt tokens 1.. so far. */
  List<SampledToken> promptScores() {
    return promptScores;
  }

  void append(int token) {
    if (tokenCount == tokens.length) {
      tokens = Arrays.copyOf(tokens, Math.min(2 * tokenCount, longestLength()));
    }
    tokens[tokenCount++] = token;
  }

  GenerationStats stats(long finishedNanos) {
    return new GenerationStats(
        arrivedNanos,
        scheduledNanos,
        firstTokenNanos,
        finishedNanos,
        promptLength,
        cachedTokens,
        generated(),
        preemptions,
        stopToken);
  }
}
