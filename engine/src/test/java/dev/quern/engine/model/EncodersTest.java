package dev.quern.engine.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.quern.engine.tensor.Backend;
import dev.quern.engine.tensor.DType;
import dev.quern.engine.tensor.torch.TorchBackend;
import dev.quern.engine.text.FastTokenizer;
import dev.quern.store.Checkpoint;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every encoder family against sentence-transformers and transformers on tiny checkpoints, alone
 * and in company.
 */
class EncodersTest {
  private static Backend backend;

  /** Of two processors, where the machine has them: there passes go side by side. */
  private static Backend wide;

  @BeforeAll
  static void open() {
    backend = TorchBackend.open(1);
    wide = TorchBackend.open(2);
  }

  @AfterAll
  static void close() {
    backend.close();
    wide.close();
  }

  static List<String> names() {
    return EncoderGolden.names();
  }

  private static TextEncoder load(EncoderGolden golden, DType dtype) {
    return TextEncoders.load(
        Checkpoint.open(golden.folder()), backend, LoadOptions.defaults().withDtype(dtype));
  }

  @Test
  void everyFamilyHasGoldens() {
    Set<String> covered = new TreeSet<>();
    for (String name : names()) {
      covered.add(Checkpoint.open(EncoderGolden.encoders().resolve(name)).architecture());
    }
    // The other names are the same classes with a head that is not used, or the other RoBERTa's.
    Set<String> kin =
        Set.of(
            "RobertaForMaskedLM",
            "XLMRobertaForMaskedLM",
            "DistilBertForMaskedLM",
            "MPNetForMaskedLM",
            "NomicBertForMaskedLM",
            "ModernBertForMaskedLM");
    Set<String> expected = new TreeSet<>(TextEncoders.architectures());
    expected.removeAll(kin);
    assertEquals(expected, covered);
  }

  @ParameterizedTest
  @MethodSource("names")
  void fp32Together(String name) {
    EncoderGolden golden = EncoderGolden.read(name);
    try (TextEncoder encoder = load(golden, DType.F32)) {
      assertClose(golden.outputs(), encoder.encode(golden.inputs()), 1e-4, 1 - 1e-5);
    }
  }

  @ParameterizedTest
  @MethodSource("names")
  void fp32OneByOneAndManyTimes(String name) {
    EncoderGolden golden = EncoderGolden.read(name);
    try (TextEncoder encoder = load(golden, DType.F32)) {
      List<EncoderInput> thrice = new ArrayList<>();
      for (int i = 0; i < golden.inputs().size(); i++) {
        float[][] expected = {golden.outputs()[i]};
        assertClose(expected, encoder.encode(List.of(golden.inputs().get(i))), 1e-4, 1 - 1e-5);
      }
      for (int i = 0; i < 3; i++) {
        thrice.addAll(golden.inputs());
      }
      float[][] all = encoder.encode(thrice);
      for (int i = 0; i < all.length; i++) {
        float[][] expected = {golden.outputs()[i % golden.inputs().size()]};
        assertClose(expected, new float[][] {all[i]}, 1e-4, 1 - 1e-5);
      }
      assertEquals(0, encoder.encode(List.of()).length);
    }
  }

  @ParameterizedTest
  @MethodSource("names")
  void fp32SideBySide(String name) {
    EncoderGolden golden = EncoderGolden.read(name);
    List<EncoderInput> many = new ArrayList<>();
    int lanes = wide.encoders().lanes();
    while (many.stream().mapToInt(EncoderInput::length).sum()
        < 2 * InputShares.LEAST_TOKENS * lanes) {
      many.addAll(golden.inputs());
    }
    assertEquals(lanes > 1, !InputShares.of(many, lanes).isEmpty(), lanes + " lanes");
    try (TextEncoder encoder =
        TextEncoders.load(
            Checkpoint.open(golden.folder()), wide, LoadOptions.defaults().withDtype(DType.F32))) {
      float[][] all = encoder.encode(many);
      for (int i = 0; i < all.length; i++) {
        float[][] expected = {golden.outputs()[i % golden.inputs().size()]};
        assertClose(expected, new float[][] {all[i]}, 1e-4, 1 - 1e-5);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("names")
  void bf16(String name) {
    EncoderGolden golden = EncoderGolden.read(name);
    try (TextEncoder encoder = load(golden, DType.BF16)) {
      assertEquals(DType.BF16, encoder.dtype());
      // Two layers of wide random weights round worse than trained ones.
      assertClose(golden.outputs(), encoder.encode(golden.inputs()), 0.1, 0.995);
    }
  }

  @ParameterizedTest
  @MethodSource("names")
  void descriptionsFollowTheCheckpoint(String name) {
    EncoderGolden golden = EncoderGolden.read(name);
    Checkpoint checkpoint = Checkpoint.open(golden.folder());
    assertEquals(Optional.of(golden.task()), TextEncoders.taskOf(checkpoint));
    try (TextEncoder encoder = load(golden, DType.F32)) {
      EncoderDescription description = encoder.description();
      assertEquals(checkpoint.architecture(), description.architecture());
      assertEquals(golden.task(), description.task());
      assertEquals(golden.outputs()[0].length, description.outputSize());
      int longest = golden.inputs().stream().mapToInt(EncoderInput::length).max().getAsInt();
      assertEquals(longest, description.maxTokens());
      assertTrue(encoder.parameters() > 0);
      assertTrue(encoder.memoryUse().allocatedBytes() + encoder.memoryUse().mappedBytes() > 0);
    }
  }

  @Test
  void classesHaveNamesAndActivations() {
    assertEquals(List.of("grain", "stone", "water"), describe("bert-classes").labels());
    assertEquals(ScoreActivation.SOFTMAX, describe("bert-classes").activation());
    assertEquals(ScoreActivation.SIGMOID, describe("roberta-labels").activation());
    assertEquals(ScoreActivation.NONE, describe("bert-cross").activation());
    assertEquals(ScoreActivation.NONE, describe("mpnet-cross").activation());
    assertEquals(ScoreActivation.SIGMOID, describe("xlm-roberta-cross").activation());
    assertTrue(describe("xlm-roberta-cross").pairs());
    assertTrue(describe("qwen3-reranker").rerankTemplate().isPresent());
    assertTrue(describe("qwen3-cross").rerankTemplate().isPresent());
    assertEquals(ScoreActivation.SIGMOID, describe("qwen3-reranker").activation());
  }

  /** What a user types becomes what the library's tokenizer makes of it. */
  @ParameterizedTest
  @MethodSource("names")
  void tokenizersGiveTheIds(String name) throws IOException {
    EncoderGolden golden = EncoderGolden.read(name);
    JsonNode inputs =
        new JsonMapper().readTree(golden.folder().resolve("golden.json").toFile()).get("inputs");
    int longest = golden.inputs().stream().mapToInt(EncoderInput::length).max().getAsInt();
    int compared = 0;
    try (FastTokenizer tokenizer = FastTokenizer.load(golden.folder())) {
      for (int i = 0; i < inputs.size(); i++) {
        int[] ids = golden.inputs().get(i).tokenIds();
        if (!inputs.get(i).has("pair") && ids.length < longest) {
          String text = inputs.get(i).get("text").textValue();
          assertArrayEquals(ids, tokenizer.encode(text, /* addSpecialTokens= */ true), text);
          compared++;
        }
      }
    }
    assertTrue(compared > 0 || inputs.get(0).has("pair"));
  }

  private static EncoderDescription describe(String name) {
    try (TextEncoder encoder = load(EncoderGolden.read(name), DType.F32)) {
      return encoder.description();
    }
  }

  /**
   * Row by row: cosine, and the distance by the row's norm; a single score by itself.
   *
   * @param distance largest relative distance
   */
  private static void assertClose(
      float[][] expected, float[][] actual, double distance, double cosine) {
    assertEquals(expected.length, actual.length);
    for (int row = 0; row < expected.length; row++) {
      assertEquals(expected[row].length, actual[row].length);
      double apart = VectorSimilarity.EUCLIDEAN.of(expected[row], actual[row]);
      double norm = Math.sqrt(VectorSimilarity.DOT.of(expected[row], expected[row]));
      String found = "row " + row + ": distance " + -apart / norm;
      if (expected[row].length == 1) {
        assertTrue(-apart <= distance * Math.max(1, norm), found);
      } else {
        assertTrue(-apart <= distance * norm, found);
        assertTrue(VectorSimilarity.COSINE.of(expected[row], actual[row]) >= cosine, found);
      }
    }
  }
}
