package dev.quern.engine.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.Stream;

/**
 * What transformers says of one tiny checkpoint (see benchmarks/oracle/families).
 *
 * @param logits fp32 logits of the prompt, {@code [prompt][vocabulary]}
 * @param greedy the tokens after the prompt, in fp32
 * @param bf16Greedy likewise in bf16
 * @param bf16Top5 of each such step the five likeliest tokens
 */
record Golden(
    Path folder,
    int[] prompt,
    float[][] logits,
    int[] greedy,
    int[] bf16Greedy,
    int[][] bf16Top5,
    OptionalInt contextLength) {

  /** The folder of all checkpoints. */
  static Path families() {
    try {
      return Path.of(Golden.class.getResource("/families").toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Names of all checkpoints that have goldens. */
  static List<String> names() {
    try (Stream<Path> folders = Files.list(families())) {
      return folders
          .filter(Files::isDirectory)
          .map(folder -> folder.getFileName().toString())
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  static Golden read(String name) {
    Path folder = families().resolve(name);
    try {
      JsonNode json = new JsonMapper().readTree(folder.resolve("golden.json").toFile());
      int[] prompt = ints(json.get("prompt"));
      JsonNode context = json.get("contextLength");
      return new Golden(
          folder,
          prompt,
          logits(folder.resolve("logits.f32"), prompt.length),
          ints(json.get("greedy")),
          ints(json.get("bf16Greedy")),
          rows(json.get("bf16Top5")),
          context == null ? OptionalInt.empty() : OptionalInt.of(context.intValue()));
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private static float[][] logits(Path file, int rows) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    float[][] logits = new float[rows][bytes.remaining() / Float.BYTES / rows];
    for (float[] row : logits) {
      for (int i = 0; i < row.length; i++) {
        row[i] = bytes.getFloat();
      }
    }
    return logits;
  }

  private static int[][] rows(JsonNode json) {
    int[][] rows = new int[json.size()][];
    for (int i = 0; i < rows.length; i++) {
      rows[i] = ints(json.get(i));
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
