package dev.quern.engine.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quern.engine.tensor.Pooling;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What sentence-transformers saved, in the goldens, and what its first versions wrote. */
class SentenceTransformersLayoutTest {
  private static SentenceTransformersLayout read(String name) {
    return SentenceTransformersLayout.read(EncoderGolden.encoders().resolve(name)).orElseThrow();
  }

  @Test
  void modulesPromptsAndSimilarity() {
    SentenceTransformersLayout mean = read("bert-mean");
    assertEquals(List.of(Pooling.MEAN), mean.pooling());
    assertTrue(mean.normalise());
    assertTrue(mean.poolsPrompt());
    assertEquals(Map.of("query", "Query: ", "document", "Document: "), mean.prompts());
    assertEquals(Optional.empty(), mean.defaultPrompt());
    assertEquals(Optional.of(VectorSimilarity.COSINE), mean.similarity());
    assertEquals(OptionalInt.of(64), mean.maxSequenceLength());

    SentenceTransformersLayout unpooled = read("bert-unpooled-prompt");
    assertFalse(unpooled.poolsPrompt());
    assertFalse(unpooled.normalise());
    assertEquals(Optional.of("query"), unpooled.defaultPrompt());
    assertEquals(Optional.of(VectorSimilarity.DOT), unpooled.similarity());
    assertEquals(
        List.of(Pooling.CLS, Pooling.MAX, Pooling.MEAN, Pooling.WEIGHTED_MEAN), unpooled.pooling());

    SentenceTransformersLayout gemma = read("embedding-gemma");
    assertEquals(2, gemma.dense().size());
    assertTrue(gemma.dense().get(1).folder().endsWith("3_Dense"));
  }

  @Test
  void flagsOfEarlierVersionsAreJoinedInTheLibrarysOrder() {
    assertEquals(Arrays.asList(Pooling.values()), read("bert-joined").pooling());
  }

  @Test
  void withoutModulesThereIsNoLayout() {
    assertEquals(
        Optional.empty(),
        SentenceTransformersLayout.read(EncoderGolden.encoders().resolve("bert-plain")));
  }

  @Test
  void whatTheFirstVersionsWrote(@TempDir Path folder) throws IOException {
    String modules =
        """
        [{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
         {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
         {"idx": 2, "name": "2", "path": "2_Dropout", "type": "sentence_transformers.models.Dropout"}]
        """;
    Files.writeString(folder.resolve("modules.json"), modules);
    Files.createDirectory(folder.resolve("1_Pooling"));
    Files.writeString(
        folder.resolve("1_Pooling/config.json"),
        "{\"word_embedding_dimension\": 768, \"pooling_mode_cls_token\": false}");
    Files.writeString(
        folder.resolve("sentence_roberta_config.json"),
        "{\"max_seq_length\": 75, \"do_lower_case\": true}");
    SentenceTransformersLayout layout = SentenceTransformersLayout.read(folder).orElseThrow();
    assertEquals(List.of(Pooling.MEAN), layout.pooling());
    assertEquals(OptionalInt.of(75), layout.maxSequenceLength());
    assertTrue(layout.lowerCase());
    assertFalse(layout.normalise());
    assertEquals(Map.of(), layout.prompts());
    assertEquals(Optional.empty(), layout.similarity());
  }

  @Test
  void tokenizersWithoutALimitSetNone(@TempDir Path folder) throws IOException {
    Files.writeString(
        folder.resolve("modules.json"), "[{\"path\": \"\", \"type\": \"a.Transformer\"}]");
    Path tokenizer = folder.resolve("tokenizer_config.json");
    Files.writeString(tokenizer, "{\"model_max_length\": 1000000000000000019884624838656}");
    assertEquals(
        OptionalInt.empty(),
        SentenceTransformersLayout.read(folder).orElseThrow().maxSequenceLength());
    Files.writeString(tokenizer, "{\"model_max_length\": 8192}");
    assertEquals(
        OptionalInt.of(8192),
        SentenceTransformersLayout.read(folder).orElseThrow().maxSequenceLength());
  }
}
