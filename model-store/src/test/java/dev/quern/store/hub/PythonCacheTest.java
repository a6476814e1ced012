package dev.quern.store.hub;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Compares the cache with the one that huggingface_hub made of the same model, which {@code
 * benchmarks/oracle/hub/interop.py} wrote down.
 */
class PythonCacheTest {
  private static final String GOLDEN = "python-cache.json";

  @Test
  void isLaidOutLikePythons(@TempDir Path folder) throws IOException {
    JsonNode golden;
    try (InputStream in =
        Objects.requireNonNull(PythonCacheTest.class.getResourceAsStream(GOLDEN), GOLDEN)) {
      golden = new ObjectMapper().readTree(in);
    }
    Map<String, String> expected = new TreeMap<>();
    for (Map.Entry<String, JsonNode> entry : golden.path("entries").properties()) {
      expected.put(entry.getKey(), entry.getValue().asText());
    }
    assertTrue(expected.size() > 10, "the golden file is empty");
    try (HubFixture fixture = new HubFixture(folder)) {
      fixture.pull();
      assertEquals(expected, entries(fixture.cache));
    }
  }

  /** What each path is; without what only one of the two tools keeps for itself. */
  private static Map<String, String> entries(Path cache) throws IOException {
    Map<String, String> entries = new TreeMap<>();
    try (Stream<Path> paths = Files.walk(cache)) {
      for (Path path : paths.toList()) {
        String name = cache.relativize(path).toString();
        if (!name.isEmpty() && !name.contains("/.quern")) {
          entries.put(name, describe(path, name));
        }
      }
    }
    return entries;
  }

  private static String describe(Path path, String name) throws IOException {
    if (Files.isSymbolicLink(path)) {
      return "link to " + Files.readSymbolicLink(path);
    }
    if (Files.isDirectory(path)) {
      return "folder";
    }
    if (name.contains("/refs/") || name.equals("CACHEDIR.TAG")) {
      return "file with " + Files.readString(path).lines().findFirst().orElse("");
    }
    return "file of " + Files.size(path);
  }
}
