package dev.quern.engine.generate;

import dev.quern.store.QuernException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

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
  private final long seed;
  private final long arrivedNanos;
  private final int promptLength;
  private final BlockTable blockTable = new BlockTable();
  private final List<SampledToken> promptScores;

  private int[] tokens;
  private int tokenCount;
  private int computed;

  // What follows is written by the scheduler, the batch builder and the step loop.
  State state = State.NEW;

  /** Whether it was ever in a step. */
  boolean started;

  /** Tokens of this step: those behind the computed ones. */
  int chunk;

  /** Its first row among the step's logits; {@link #scoreRows} of prompt tokens come first. */
  int firstLogitRow;

  int scoreRows;

  /** Whether the step's last row is for its next token. */
  boolean sampled;

  /** The step's outcome: a token, an error, or neither while the prompt goes on. */
  @Nullable SampledToken next;

  @Nullable QuernException failure;
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
    this.seed = seed;
    this.arrivedNanos = arrivedNanos;
    this.promptLength = request.promptTokens().length;
    this.promptScores = scoresPrompt() ? new ArrayList<>(promptLength - 1) : List.of();
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

  long seed() {
    return seed;
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

  /** Leading tokens whose keys and values are in the cache. */
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
