package dev.quern.engine.tensor;

/**
 * Natural logarithms of probabilities in one row, before temperature and cuts.
 *
 * @param logprob of the row's own token
 * @param top the likeliest tokens in descending order, ties by ascending id; as many as were wanted
 * @param topLogprobs theirs
 */
public record TokenScores(float logprob, int[] top, float[] topLogprobs) {}
