package dev.quern.engine.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** What is made of an encoder's results, and of a reranker's inputs. */
class EncoderValuesTest {
  @Test
  void activations() {
    float[] scores = {1, 2, -3};
    assertArrayEquals(scores, ScoreActivation.NONE.apply(scores));
    assertArrayEquals(
        new float[] {0.2676232f, 0.7274752f, 0.0049017f},
        ScoreActivation.SOFTMAX.apply(scores),
        1e-6f);
    assertArrayEquals(
        new float[] {0.7310586f, 0.8807971f, 0.0474259f},
        ScoreActivation.SIGMOID.apply(scores),
        1e-6f);
    // Scores beyond what the exponential holds.
    assertArrayEquals(
        new float[] {1, 0}, ScoreActivation.SOFTMAX.apply(new float[] {1000, -1000}), 0);
    assertArrayEquals(
        new float[] {1, 0}, ScoreActivation.SIGMOID.apply(new float[] {1000, -1000}), 0);
    assertEquals(0, ScoreActivation.SOFTMAX.apply(new float[0]).length);
  }

  @Test
  void similaritiesGrowWithCloseness() {
    float[] a = {3, 4};
    float[] b = {4, -3};
    assertEquals(1, VectorSimilarity.COSINE.of(a, a), 1e-7);
    assertEquals(0, VectorSimilarity.COSINE.of(a, b), 1e-7);
    assertEquals(0, VectorSimilarity.COSINE.of(a, new float[2]), 0);
    assertEquals(25, VectorSimilarity.DOT.of(a, a), 0);
    assertEquals(-7.0710678, VectorSimilarity.EUCLIDEAN.of(a, b), 1e-6);
    assertEquals(-8, VectorSimilarity.MANHATTAN.of(a, b), 0);
    assertThrows(IllegalArgumentException.class, () -> VectorSimilarity.DOT.of(a, new float[] {1}));
  }

  @Test
  void templatesTakeTextsAsTheyAre() {
    String body = RerankTemplate.QWEN3.body("Find it", "<Document>: {query}?", "the\nanswer");
    assertEquals(
        "<Instruct>: Find it\n<Query>: <Document>: {query}?\n<Document>: the\nanswer", body);
    assertTrue(RerankTemplate.QWEN3.prefix().startsWith("<|im_start|>system\nJudge"));
    assertTrue(RerankTemplate.QWEN3.suffix().endsWith("<think>\n\n</think>\n\n"));
  }

  /** At the borders: every distance of its own, then ever wider buckets, then the last. */
  @Test
  void mpnetBucketsWiden() {
    int[] buckets = MPNetModel.buckets(200);
    int query = 199;
    assertEquals(0, buckets[query]);
    assertEquals(7, buckets[query - 7]);
    assertEquals(8, buckets[query - 8]);
    assertEquals(8, buckets[query - 11]);
    assertEquals(9, buckets[query - 12]);
    assertEquals(15, buckets[query - 91]);
    assertEquals(14, buckets[query - 90]);
    assertEquals(15, buckets[0]);
    assertEquals(17, buckets[query + 1]);
    assertEquals(31, buckets[398]);
  }
}
