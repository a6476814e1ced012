package dev.quern.supplier.http.openai;

import java.util.List;

/**
 * A token with its log-probability and the likeliest alternatives, spelled out.
 *
 * @param scored false for a prompt's first token, which nothing precedes
 */
public record ScoredToken(Candidate token, boolean scored, List<Candidate> top) {
  /** A logarithm of zero has no JSON: vLLM's stand-in. */
  private static final double LOWEST = -9999;

  /**
   * One candidate.
   *
   * @param bytes its own bytes, which need not be whole code points
   * @param rank from 1; 0 when it is not known
   */
  public record Candidate(int id, String text, byte[] bytes, double logprob, int rank) {
    public Candidate {
      logprob = Math.max(LOWEST, logprob);
    }
  }
}
