package dev.quern.engine.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** The tiny tokenizers that {@code benchmarks/oracle/tokenizers} made, and their goldens. */
final class TestTokenizers {
  static final List<String> NAMES =
      List.of("byte-level-bpe", "byte-fallback-bpe", "unigram", "wordpiece");

  private TestTokenizers() {}

  record Golden(String text, int[] ids, int[] idsWithSpecial, String decoded, String skipping) {}

  static Path folder(String name) {
    URL url =
        Objects.requireNonNull(
            TestTokenizers.class.getResource("/tokenizers/" + name + "/tokenizer.json"));
    try {
      return Objects.requireNonNull(Path.of(url.toURI()).getParent());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  static FastTokenizer load(String name) {
    return FastTokenizer.load(folder(name));
  }

  static List<Golden> goldens(String name) throws IOException {
    JsonNode root =
        new ObjectMapper().readTree(Files.readString(folder(name).resolve("golden.json")));
    List<Golden> goldens = new ArrayList<>();
    for (JsonNode node : root) {
      goldens.add(
          new Golden(
              node.path("text").textValue(),
              ints(node.path("ids")),
              ints(node.path("ids_with_special")),
              node.path("decoded").textValue(),
              node.path("decoded_skipping").textValue()));
    }
    return goldens;
  }

  private static int[] ints(JsonNode array) {
    int[] ints = new int[array.size()];
    for (int i = 0; i < ints.length; i++) {
      ints[i] = array.path(i).intValue();
    }
    return ints;
  }
}
