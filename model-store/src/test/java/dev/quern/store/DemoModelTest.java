package dev.quern.store;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DemoModelTest {
  @Test
  void everyFileIsByteIdenticalToTheEmbeddedOne(@TempDir Path cache) throws IOException {
    Path folder = DemoModel.extract(cache.resolve("new/folder"));
    List<String> names = names(folder);
    assertTrue(
        names.containsAll(
            List.of(
                "config.json",
                "generation_config.json",
                "model.safetensors",
                "special_tokens_map.json",
                "tokenizer.json",
                "tokenizer_config.json")),
        names::toString);
    for (String name : names) {
      try (InputStream embedded = DemoModel.class.getResourceAsStream("demo/" + name)) {
        assertArrayEquals(
            requireNonNull(embedded).readAllBytes(),
            Files.readAllBytes(folder.resolve(name)),
            name);
      }
    }
    assertEquals(List.of(folder.getFileName().toString()), names(cache.resolve("new/folder")));
  }

  @Test
  void aWholeFolderIsNotWrittenAgain(@TempDir Path cache) throws IOException {
    Path config = DemoModel.extract(cache).resolve("config.json");
    Object before = Files.readAttributes(config, "unix:ino,lastModifiedTime");
    DemoModel.extract(cache);
    assertEquals(before, Files.readAttributes(config, "unix:ino,lastModifiedTime"));
  }

  @Test
  void aMissingOrCutFileComesBackAndTheOthersStay(@TempDir Path cache) throws IOException {
    Path folder = DemoModel.extract(cache);
    byte[] config = Files.readAllBytes(folder.resolve("config.json"));
    Object weights = Files.getAttribute(folder.resolve("model.safetensors"), "unix:ino");
    Files.delete(folder.resolve("tokenizer.json"));
    Files.write(folder.resolve("config.json"), new byte[] {'{'});

    assertEquals(folder, DemoModel.extract(cache));

    assertArrayEquals(config, Files.readAllBytes(folder.resolve("config.json")));
    assertTrue(Files.size(folder.resolve("tokenizer.json")) > 0);
    assertEquals(weights, Files.getAttribute(folder.resolve("model.safetensors"), "unix:ino"));
    assertEquals(List.of(folder.getFileName().toString()), names(cache));
  }

  @Test
  void manyAtOnceAgreeOnOneWholeFolder(@TempDir Path cache) throws Exception {
    try (var threads = Executors.newFixedThreadPool(8)) {
      List<Callable<Path>> tasks = new ArrayList<>();
      for (int i = 0; i < 16; i++) {
        tasks.add(() -> DemoModel.extract(cache));
      }
      for (Future<Path> folder : threads.invokeAll(tasks)) {
        assertTrue(Files.size(folder.get().resolve("model.safetensors")) > 0);
      }
    }
    assertEquals(1, names(cache).size());
  }

  @Test
  void aDamagedJarIsAnErrorThatNamesTheFileAndLeavesNothing(@TempDir Path cache)
      throws IOException {
    String sum = "0".repeat(64);
    var error =
        assertThrows(QuernException.class, () -> extract(cache, sum + "  1  a.json\n", "x"));
    assertEquals(ErrorCategory.INTERNAL, error.category());
    assertTrue(error.message().contains("a.json"), error.message());
    assertEquals(List.of(), names(cache));
  }

  @Test
  void anIndexThatLeadsOutOfTheFolderIsRefused(@TempDir Path cache) throws IOException {
    String sum = "0".repeat(64);
    var error =
        assertThrows(QuernException.class, () -> extract(cache, sum + "  1  ../a.json\n", "x"));
    assertTrue(error.message().contains("../a.json"), error.message());
    assertEquals(List.of(), names(cache));
  }

  @Test
  void aJarWithoutTheModelSaysSo(@TempDir Path cache) {
    var error = assertThrows(QuernException.class, () -> DemoModel.extract(cache, name -> null));
    assertTrue(error.message().contains("no index"), error.message());
  }

  @Test
  void aCacheThatIsAFileIsAnErrorWithTheWayOut(@TempDir Path cache) throws IOException {
    Path file = Files.writeString(cache.resolve("file"), "x");
    var error = assertThrows(QuernException.class, () -> DemoModel.extract(file));
    assertTrue(error.message().contains("another cache folder"), error.message());
  }

  private static Path extract(Path cache, String index, String content) {
    Map<String, String> files = Map.of("index.txt", index, "a.json", content);
    return DemoModel.extract(
        cache,
        name ->
            new ByteArrayInputStream(
                files.getOrDefault(name, "").getBytes(StandardCharsets.UTF_8)));
  }

  private static List<String> names(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }
}
