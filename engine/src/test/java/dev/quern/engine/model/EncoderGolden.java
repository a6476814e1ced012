package dev.quern.engine.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * What sentence-transformers and transformers say of one tiny checkpoint (see
 * benchmarks/oracle/encoders).
 *
 * @param outputs in fp32, one row an input
 */
record EncoderGolden(Path folder, EncoderTask task, List<EncoderInput> inputs, float[][] outputs) {

  /** The folder of all checkpoints. */
  static Path encoders() {
    try {
      return Path.of(EncoderGolden.class.getResource("/encoders").toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Names of all checkpoints. */
  static List<String> names() {
    try (Stream<Path> folders = Files.list(encoders())) {
      return folders.map(folder -> folder.getFileName().toString()).sorted().toList();
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  static EncoderGolden read(String name) {
    Path folder = encoders().resolve(name);
    try {
      JsonNode json = new JsonMapper().readTree(folder.resolve("golden.json").toFile());
      List<EncoderInput> inputs = new ArrayList<>();
      for (JsonNode input : json.get("inputs")) {
        inputs.add(
            new EncoderInput(
                ints(input.path("ids")),
                ints(input.path("types")),
                input.path("promptTokens").intValue()));
      }
      return new EncoderGolden(
          folder,
          EncoderTask.valueOf(json.get("task").textValue().toUpperCase(Locale.ROOT)),
          inputs,
          rows(json.get("outputs")));
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private static float[][] rows(JsonNode json) {
    float[][] rows = new float[json.size()][];
    for (int i = 0; i < rows.length; i++) {
      rows[i] = new float[json.get(i).size()];
      for (int j = 0; j < rows[i].length; j++) {
        rows[i][j] = json.get(i).get(j).floatValue();
      }
    }
    return rows;
  }

  private static int[] ints(JsonNode json) {
    int[] values = new int[json.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = json.get(i).intValue();
    }
    return values;
  }
}
