package dev.quern.engine.model;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quern.store.Checkpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Rotary frequencies of published configurations against transformers' own. */
class RopeParametersTest {
  private final Path folder;

  RopeParametersTest(@TempDir Path folder) {
    this.folder = folder;
  }

  static List<JsonNode> cases() throws IOException {
    List<JsonNode> cases = new ArrayList<>();
    new JsonMapper().readTree(Golden.families().resolve("rope.json").toFile()).forEach(cases::add);
    return cases;
  }

  @ParameterizedTest
  @MethodSource("cases")
  void frequenciesAreTransformers(JsonNode golden) throws IOException {
    RopeParameters rope = read(golden.get("config"));
    int contextLength = golden.get("contextLength").intValue();
    float[] frequencies = rope.scaling().frequencies(rope.theta(), rope.rotaryDim(), contextLength);
    JsonNode expected = golden.get("frequencies");
    assertEquals(expected.size(), frequencies.length);
    for (int i = 0; i < frequencies.length; i++) {
      double frequency = expected.get(i).doubleValue();
      // A few roundings of fp32.
      assertEquals(frequency, frequencies[i], 4e-7 * frequency, golden.get("name") + " " + i);
    }
    assertEquals(
        golden.get("attentionFactor").doubleValue(), rope.scaling().attentionFactor(), 1e-7);
  }

  @Test
  void longestContextFollowsTheScaling() throws IOException {
    assertEquals(128, longest("{}"));
    assertEquals(
        128,
        longest(
            "{'rope_type': 'llama3', 'factor': 8, 'low_freq_factor': 1,"
                + " 'high_freq_factor': 4, 'original_max_position_embeddings': 16}"));
    assertEquals(256, longest("{'rope_type': 'linear', 'factor': 2}"));
    assertEquals(320, longest("{'rope_type': 'dynamic', 'factor': 2.5}"));
    assertEquals(512, longest("{'rope_type': 'yarn', 'factor': 4}"));
  }

  private int longest(String rope) throws IOException {
    ObjectNode config = new JsonMapper().createObjectNode();
    config.put("hidden_size", 64).put("num_attention_heads", 4).put("max_position_embeddings", 128);
    config.set("rope_parameters", new JsonMapper().readTree(rope.replace('\'', '"')));
    return read(config).scaling().longestContext(128);
  }

  private RopeParameters read(JsonNode sizes) throws IOException {
    ObjectNode config = sizes.deepCopy();
    config.put("vocab_size", 256).put("intermediate_size", 80).put("num_hidden_layers", 2);
    Files.writeString(folder.resolve("config.json"), config.toString());
    Files.copy(
        Golden.families().resolve("llama/model.safetensors"),
        folder.resolve("model.safetensors"),
        StandardCopyOption.REPLACE_EXISTING);
    ModelConfig read = ModelConfig.of(Checkpoint.open(folder));
    return RopeParameters.read(read, DecoderConfig.read(read, false), 10_000);
  }
}
