package dev.quern.engine.tensor;

/**
 * How one attention layer weighs its context.
 *
 * @param scale factor on q k^T
 * @param slidingWindow a token sees itself and the {@code slidingWindow - 1} before it; 0: all
 * @param softCap {@code cap * tanh(score / cap)} on scaled scores (Gemma 2); 0: none
 */
public record AttentionOptions(float scale, int slidingWindow, float softCap) {}
