package dev.quern.engine.tensor;

/** How the vectors of a text's tokens become one, in the terms of sentence-transformers. */
public enum Pooling {
  /** The first token's. */
  CLS,
  /** The largest of each dimension. */
  MAX,
  MEAN,
  /** The sum divided by the square root of the number of tokens. */
  MEAN_SQRT_LENGTH,
  /** The mean with the token at position i weighed by i + 1 (arXiv 2202.08904). */
  WEIGHTED_MEAN,
  /** The last token's. */
  LAST_TOKEN
}
