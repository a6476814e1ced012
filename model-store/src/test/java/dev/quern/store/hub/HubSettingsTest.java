package dev.quern.store.hub;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quern.store.QuernException;
import dev.quern.store.hub.HubException.Reason;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpHeaders;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Settings, names, waits and failures of the disk: what needs no hub. */
class HubSettingsTest {
  private @TempDir Path folder;

  @Test
  void readsWhatTheHubsToolsRead() throws IOException {
    HubSettings plain = HubSettings.fromEnvironment(Map.of("HOME", folder.toString()));
    assertEquals(URI.create("https://huggingface.co"), plain.endpoint());
    assertEquals(folder.resolve(".cache/huggingface/hub"), plain.cache().root());
    assertEquals(folder.resolve(".cache/huggingface/token"), plain.tokenFile());
    assertEquals(Optional.empty(), plain.token());
    assertEquals(Duration.ofSeconds(10), plain.stallTimeout());
    assertFalse(plain.offline());
    assertTrue(plain.links());

    HubSettings set =
        HubSettings.fromEnvironment(
            Map.of(
                "HF_HOME", folder.toString(),
                "HF_ENDPOINT", "http://mirror.example:8080//",
                "HF_TOKEN", " hf_a ",
                "HF_HUB_OFFLINE", "yes",
                "HF_HUB_DISABLE_SYMLINKS", "1",
                "HF_HUB_ETAG_TIMEOUT", "3",
                "HF_HUB_DOWNLOAD_TIMEOUT", "4"));
    assertEquals(URI.create("http://mirror.example:8080"), set.endpoint());
    assertEquals(folder.resolve("hub"), set.cache().root());
    assertEquals("Bearer hf_a", set.token().orElseThrow().authorization());
    assertTrue(set.offline());
    assertFalse(set.links());
    assertEquals(Duration.ofSeconds(3), set.metadataTimeout());
    assertEquals(Duration.ofSeconds(4), set.stallTimeout());
    assertFalse(set.toString().contains("hf_a"), "the token is printed");
  }

  @Test
  void readsTheTokenFile() throws IOException {
    Path file = Files.writeString(folder.resolve("token"), "hf_file\n");
    Map<String, String> home = Map.of("HF_HOME", folder.toString());
    assertEquals("Bearer hf_file", authorization(home));
    assertEquals("Bearer hf_file", authorization(Map.of("HF_TOKEN_PATH", file.toString())));
    assertEquals(
        Optional.empty(),
        HubSettings.fromEnvironment(
                Map.of("HF_HOME", folder.toString(), "HF_HUB_DISABLE_IMPLICIT_TOKEN", "1"))
            .token());
    Files.writeString(file, "hf_a\nX-Forged: header");
    QuernException error =
        assertThrows(QuernException.class, () -> HubSettings.fromEnvironment(home));
    assertFalse(error.message().contains("Forged"), "the token is in the message");
    assertTrue(error.message().contains(file.toString()), error.message());
  }

  private static String authorization(Map<String, String> environment) {
    return HubSettings.fromEnvironment(environment).token().orElseThrow().authorization();
  }

  @ParameterizedTest
  @CsvSource({
    "HF_ENDPOINT, huggingface.co",
    "HF_ENDPOINT, ftp://hub.example",
    "HF_ENDPOINT, http://a b",
    "HF_HUB_ETAG_TIMEOUT, soon",
    "HF_HUB_DOWNLOAD_TIMEOUT, -1"
  })
  void namesTheVariableAtFault(String name, String value) {
    QuernException error =
        assertThrows(QuernException.class, () -> HubSettings.fromEnvironment(Map.of(name, value)));
    assertEquals(name, error.field());
  }

  @Test
  void readsReferences() {
    assertEquals(new ModelReference("org/name", "main"), ModelReference.parse("org/name"));
    assertEquals(new ModelReference("gpt2", "v1"), ModelReference.parse("gpt2@v1"));
    assertEquals("refs/pr/1", ModelReference.parse("org/na.me-1@refs/pr/1").revision());
    assertEquals("org/name@main", ModelReference.parse("org/name").toString());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "@main",
        "org/",
        "/name",
        "../x",
        "org/..",
        "a/b/c",
        "org/na me",
        "org/name@",
        "org/name@../x",
        "org/name@a/../b",
        "org/name@/x",
        "org/a--b",
        "~/model",
        "./model"
      })
  void refusesWhatIsNoReference(String text) {
    assertEquals(Optional.empty(), ModelReference.tryParse(text));
  }

  @Test
  void waitsLongerEachTimeAndAsLongAsAsked() {
    RetryPolicy policy =
        new RetryPolicy(5, Duration.ofMillis(100), Duration.ofMillis(300), Duration.ofSeconds(10));
    assertBetween(75, 125, policy.waitAfter(1, Optional.empty()));
    assertBetween(150, 250, policy.waitAfter(2, Optional.empty()));
    assertBetween(225, 375, policy.waitAfter(4, Optional.empty()));
    assertEquals(Optional.empty(), policy.waitAfter(5, Optional.empty()));
    Optional<Duration> asked = Optional.of(Duration.ofSeconds(7));
    assertEquals(asked, policy.waitAfter(1, asked));
    assertEquals(Optional.empty(), policy.waitAfter(1, Optional.of(Duration.ofSeconds(11))));
  }

  private static void assertBetween(long least, long most, Optional<Duration> wait) {
    long millis = wait.orElseThrow().toMillis();
    assertTrue(least <= millis && millis <= most, millis + " ms");
  }

  @ParameterizedTest
  @CsvSource({"120, 120", "0, 0", "'Wed, 21 Oct 2015 07:28:00 GMT', 0"})
  void readsRetryAfter(String text, long seconds) {
    assertEquals(Optional.of(Duration.ofSeconds(seconds)), HubAnswers.retryAfter(retryAfter(text)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "soon", "-1", "99999999999999999999"})
  void ignoresARetryAfterThatIsNone(String text) {
    assertEquals(Optional.empty(), HubAnswers.retryAfter(retryAfter(text)));
  }

  private static HttpHeaders retryAfter(String text) {
    return HttpHeaders.of(Map.of("Retry-After", List.of(text)), (name, value) -> true);
  }

  @Test
  void saysWhenTheDiskIsFull() throws IOException {
    Path full = Path.of("/dev/full");
    Assumptions.assumeTrue(Files.exists(full), "no /dev/full here");
    try (FileChannel channel = FileChannel.open(full, StandardOpenOption.WRITE)) {
      IOException real =
          assertThrows(IOException.class, () -> channel.write(ByteBuffer.allocate(1)));
      HubException error = DiskFailures.of(folder, real);
      assertEquals(Reason.DISK_FULL, error.reason());
      assertTrue(error.message().contains("HF_HUB_CACHE"), error.message());
    }
  }

  @Test
  void saysWhenTheCacheCannotBeWritten() {
    for (IOException cause :
        List.of(
            new AccessDeniedException("x"),
            new IOException("x: Read-only file system"),
            new IOException("x: Input/output error"))) {
      HubException error = DiskFailures.of(folder, cause);
      assertEquals(Reason.CACHE_NOT_WRITABLE, error.reason());
      assertTrue(error.message().contains(folder.toString()), error.message());
    }
  }

  @Test
  void refusesACacheThatIsAFile() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "");
    try (HubFixture fixture = new HubFixture(folder)) {
      HubSettings settings =
          HubSettings.fromEnvironment(
              Map.of(
                  "HF_HUB_CACHE", file.toString(), "HF_ENDPOINT", fixture.server.uri().toString()));
      HubException error = assertThrows(HubException.class, () -> fixture.pull(settings));
      assertEquals(Reason.CACHE_NOT_WRITABLE, error.reason());
    }
  }

  @Test
  void planTellsWhetherTheDiskHasRoom() {
    ContentDigest digest = new ContentDigest(ContentDigest.Algorithm.SHA256, "0".repeat(64));
    PlannedFile file =
        new PlannedFile(new HubFile("a", 1000, digest), PlannedFile.State.PARTIAL, 100);
    PlannedFile twin =
        new PlannedFile(new HubFile("b", 1000, digest), PlannedFile.State.PARTIAL, 100);
    PullPlan plan =
        new PullPlan(
            ModelReference.parse("a/b"), "c", folder, List.of(file, twin), List.of(), 899, false);
    assertEquals(900, plan.bytesToFetch());
    assertEquals(2000, plan.bytesTotal());
    assertFalse(plan.fitsDisk());
  }
}
