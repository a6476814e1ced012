package dev.quern.supplier.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * One of the engine's tiny checkpoints, with a tokenizer of as many made-up words as it has ids:
 * the text of token 7 is {@code w7}.
 */
public record TinyCheckpoint(Path folder, JsonNode golden) {
  private static final Path FAMILIES =
      Path.of("..", "engine", "src", "test", "resources", "families");
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Copies a family's checkpoint to a folder of its name in {@code parent}. */
  public static TinyCheckpoint copy(String family, Path parent) {
    Path folder = parent.resolve(family);
    try {
      Files.createDirectory(folder);
      try (Stream<Path> files = Files.list(FAMILIES.resolve(family))) {
        for (Path file : files.toList()) {
          Files.copy(file, folder.resolve(file.getFileName()));
        }
      }
      int words = JSON.readTree(folder.resolve("config.json").toFile()).path("vocab_size").asInt();
      Files.writeString(folder.resolve("tokenizer.json"), tokenizer(words));
      return new TinyCheckpoint(folder, JSON.readTree(folder.resolve("golden.json").toFile()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The prompt that transformers was given. */
  public List<Integer> prompt() {
    return ints(golden.path("prompt"));
  }

  /** What transformers answered, greedily. */
  List<Integer> greedy() {
    return ints(golden.path("greedy"));
  }

  private static List<Integer> ints(JsonNode array) {
    List<Integer> values = new ArrayList<>();
    array.forEach(value -> values.add(value.intValue()));
    return values;
  }

  private static String tokenizer(int words) {
    StringBuilder vocabulary = new StringBuilder();
    for (int id = 0; id < words; id++) {
      vocabulary.append(id == 0 ? "" : ",").append("\"w").append(id).append("\":").append(id);
    }
    return """
    {"version": "1.0", "truncation": null, "padding": null, "added_tokens": [],
     "normalizer": null, "pre_tokenizer": {"type": "Whitespace"}, "post_processor": null,
     "decoder": null,
     "model": {"type": "WordLevel", "vocab": {%s}, "unk_token": "w0"}}
    """
        .formatted(vocabulary);
  }
}
