package dev.quern.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ModelLocatorTest {
  private static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";
  private static final String OTHER = "89abcdef0123456789abcdef0123456789abcdef";

  private final Path folder;
  private final Path snapshot;
  private final ModelLocator locator;

  ModelLocatorTest(@TempDir Path folder) throws IOException {
    this.folder = folder;
    locator = new ModelLocator(Map.of("HF_HUB_CACHE", folder.toString()));
    Path model = folder.resolve("models--org--tiny-llm");
    snapshot = Files.createDirectories(model.resolve("snapshots").resolve(COMMIT));
    Files.createDirectories(model.resolve("snapshots").resolve(OTHER));
    Files.createDirectories(model.resolve("refs/refs/pr"));
    Files.writeString(model.resolve("refs/main"), COMMIT);
    Files.writeString(model.resolve("refs/refs/pr/1"), OTHER + "\n");
    Path blobs = Files.createDirectories(model.resolve("blobs"));
    // As the hub's tools lay it out: the snapshot's files are relative links to blobs.
    Files.writeString(blobs.resolve("b1"), "{\"architectures\": [\"LlamaForCausalLM\"]}");
    new SafetensorsWriter().tensor("a", StoredType.BF16, 8).write(blobs.resolve("b2"));
    Files.createSymbolicLink(snapshot.resolve("config.json"), Path.of("../../blobs/b1"));
    Files.createSymbolicLink(snapshot.resolve("model.safetensors"), Path.of("../../blobs/b2"));
  }

  @Test
  void resolvesRevisionsInTheCache() {
    assertEquals(snapshot, locator.resolve("org/tiny-llm"));
    assertEquals(snapshot, locator.resolve("org/tiny-llm@main"));
    assertEquals(snapshot, locator.resolve("org/tiny-llm@" + COMMIT));
    assertEquals(snapshot.resolveSibling(OTHER), locator.resolve("org/tiny-llm@refs/pr/1"));
    assertEquals("LlamaForCausalLM", Checkpoint.open(snapshot).architecture());
  }

  @Test
  void resolvesFolders() throws IOException {
    assertEquals(snapshot, locator.resolve(snapshot.toString()));
    Path gguf = Files.writeString(folder.resolve("m.gguf"), "");
    assertEquals(gguf, locator.resolve(gguf.toString()));
    Path file = Files.writeString(folder.resolve("m.bin"), "");
    QuernException error =
        assertThrows(QuernException.class, () -> locator.resolve(file.toString()));
    assertTrue(error.message().contains("is a file"), error.message());
    ModelLocator atHome = new ModelLocator(Map.of("HOME", snapshot.toString()));
    assertEquals(snapshot, atHome.resolve("~"));
  }

  @Test
  void saysWhereItLooked() {
    QuernException absent = notFound("org/absent");
    assertTrue(absent.message().contains(folder.resolve("models--org--absent").toString()));
    QuernException revision = notFound("org/tiny-llm@v2");
    assertTrue(revision.message().contains("which has main, refs/pr/1"), revision.message());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "/no/such/folder",
        "../org",
        "org/..",
        "org/tiny-llm@..",
        "org/tiny-llm@a/../../../x",
        "org/tiny-llm@main\n",
        "a/b/c",
        "nul\0",
        "org/tiny-llm@"
      })
  void whatNamesNoModelIsNotFound(String name) {
    notFound(name);
  }

  private QuernException notFound(String name) {
    QuernException error = assertThrows(QuernException.class, () -> locator.resolve(name));
    assertEquals(ErrorCategory.NOT_FOUND, error.category());
    return error;
  }

  @Test
  void aRefThatIsNotACommitLeadsNowhere() throws IOException {
    Path refs = folder.resolve("models--org--tiny-llm/refs");
    Files.writeString(refs.resolve("evil"), "../../../outside");
    Files.writeString(refs.resolve("long"), "a".repeat(1000));
    notFound("org/tiny-llm@evil");
    notFound("org/tiny-llm@long");
  }

  @Test
  void findsTheCacheAsTheHubsToolsDo() {
    assertEquals(Path.of("/c"), cache(Map.of("HF_HUB_CACHE", "/c", "HF_HOME", "/h")));
    assertEquals(Path.of("/h/hub"), cache(Map.of("HF_HOME", "/h", "XDG_CACHE_HOME", "/x")));
    assertEquals(Path.of("/u/h/hub"), cache(Map.of("HF_HOME", "~/h", "HOME", "/u")));
    assertEquals(Path.of("/x/huggingface/hub"), cache(Map.of("XDG_CACHE_HOME", "/x")));
    assertEquals(Path.of("/u/.cache/huggingface/hub"), cache(Map.of("HOME", "/u")));
  }

  private static Path cache(Map<String, String> environment) {
    return new ModelLocator(environment).cacheFolder();
  }
}
