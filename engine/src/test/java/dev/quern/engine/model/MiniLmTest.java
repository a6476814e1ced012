package dev.quern.engine.model;

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
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * all-MiniLM-L6-v2 with its published weights gives the vectors that sentence-transformers gives.
 * Runs where the folder that benchmarks/oracle/encoders/make_minilm.py writes is named.
 */
@EnabledIfSystemProperty(named = "quern.minilm", matches = ".+")
class MiniLmTest {
  private static final Logger log = LoggerFactory.getLogger(MiniLmTest.class);
  private static final int TEXTS_AT_ONCE = 64;

  @ParameterizedTest
  @CsvSource({"F32, 0.99999", "BF16, 0.999"})
  void vectorsAreTheLibrarys(DType dtype, double least) throws IOException {
    Path folder = Path.of(System.getProperty("quern.minilm"));
    JsonNode expected = new JsonMapper().readTree(folder.resolve("expected.json").toFile());
    try (FastTokenizer tokenizer = FastTokenizer.load(folder);
        Backend backend = TorchBackend.open(2);
        TextEncoder encoder =
            TextEncoders.load(
                Checkpoint.open(folder), backend, LoadOptions.defaults().withDtype(dtype))) {
      EncoderDescription description = encoder.description();
      assertEquals(384, description.outputSize());
      assertEquals(256, description.maxTokens());
      assertTrue(description.normalised());

      List<EncoderInput> inputs = new ArrayList<>();
      for (JsonNode row : expected) {
        inputs.add(input(tokenizer, row.get("text").textValue(), description.maxTokens()));
      }
      double worst = 1;
      double sum = 0;
      for (int first = 0; first < inputs.size(); first += TEXTS_AT_ONCE) {
        int end = Math.min(inputs.size(), first + TEXTS_AT_ONCE);
        float[][] vectors = encoder.encode(inputs.subList(first, end));
        for (int i = first; i < end; i++) {
          double cosine = cosine(expected.get(i).get("vector"), vectors[i - first]);
          worst = Math.min(worst, cosine);
          sum += cosine;
          String text = expected.get(i).get("text").textValue();
          assertTrue(
              cosine >= least,
              () -> cosine + " for '" + text.substring(0, Math.min(40, text.length())) + "'");
        }
      }
      log.info(
          "{}: worst cosine {}, mean {} of {} texts",
          dtype,
          worst,
          sum / inputs.size(),
          inputs.size());
    }
  }

  /** A text that is too long ends with its last special token all the same. */
  private static EncoderInput input(FastTokenizer tokenizer, String text, int most) {
    int[] ids = tokenizer.encode(text, /* addSpecialTokens= */ true);
    if (ids.length <= most) {
      return EncoderInput.of(ids);
    }
    int[] cut = Arrays.copyOf(ids, most);
    cut[most - 1] = ids[ids.length - 1];
    return EncoderInput.of(cut);
  }

  private static double cosine(JsonNode expected, float[] actual) {
    double dot = 0;
    double expectedLength = 0;
    double actualLength = 0;
    for (int i = 0; i < actual.length; i++) {
      double x = expected.get(i).doubleValue();
      dot += x * actual[i];
      expectedLength += x * x;
      actualLength += (double) actual[i] * actual[i];
    }
    return dot / Math.sqrt(expectedLength * actualLength);
  }
}
