package dev.quern.store.hub;

import static dev.quern.store.hub.HubFixture.COMMIT;
import static dev.quern.store.hub.HubFixture.MODEL;
import static dev.quern.store.hub.HubFixture.WEIGHTS;
import static dev.quern.store.hub.HubFixture.WEIGHT_BYTES;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quern.store.hub.HubException.Reason;
import dev.quern.store.hub.testing.HubReply;
import dev.quern.store.hub.testing.HubRequest;
import dev.quern.store.hub.testing.TestHub;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Everything that a network and a server can do wrong. */
class HubFaultsTest {
  private static final int ALWAYS = 1_000_000;

  private final HubFixture fixture;

  HubFaultsTest(@TempDir Path folder) {
    this.fixture = new HubFixture(folder);
  }

  @AfterEach
  void stop() {
    fixture.close();
  }

  static Stream<Arguments> faultsThatPass() {
    return Stream.of(
        fault("500", reply -> reply.status(500, "")),
        fault("503 that says when", reply -> reply.status(503, "").header("Retry-After", "0")),
        fault("429 that says when", reply -> reply.status(429, "").header("Retry-After", "0")),
        fault(
            "429 until a date",
            reply -> reply.status(429, "").header("Retry-After", "Wed, 21 Oct 2015 07:28:00 GMT")),
        fault("408", reply -> reply.status(408, "")),
        fault("closed before the head", HubReply::beforeHead),
        fault("closed before the body", reply -> reply.closeAfter(0)),
        fault("shorter than asked for", reply -> reply.shorten(1)),
        fault("another range", reply -> reply.header("Content-Range", "bytes 1-2/300000")),
        fault("another size", reply -> reply.header("Content-Range", "bytes 0-63999/64000")),
        fault("compressed", reply -> reply.header("Content-Encoding", "gzip")),
        fault("range not satisfiable", reply -> reply.status(416, "")));
  }

  private static Arguments fault(String name, Consumer<HubReply> change) {
    return Arguments.of(name, change);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("faultsThatPass")
  void outlivesWhatPasses(String name, Consumer<HubReply> change) throws IOException {
    fixture.server.fault(3, r -> r.isDownload() && r.isFor(WEIGHTS), change);
    PulledModel model = fixture.pull();
    assertArrayEquals(fixture.weights, Files.readAllBytes(model.snapshot().resolve(WEIGHTS)));
    assertTrue(fixture.server.faultsAreSpent(), name);
    assertEquals(fixture.repository.bytes(), model.bytesFetched());
  }

  @Test
  void tellsOfEveryAttempt() {
    fixture.server.fault(1, r -> r.isFor("config.json"), reply -> reply.status(500, ""));
    List<String> retries = new CopyOnWriteArrayList<>();
    HubFixture.pull(
        fixture.settings(),
        MODEL,
        new PullListener() {
          @Override
          public void retrying(HubFile file, int attempt, Duration wait, String why) {
            retries.add(file.path() + " " + attempt + " " + why);
          }
        });
    assertEquals(List.of("config.json 1 127.0.0.1 answered 500"), retries);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("faultsThatPass")
  void givesUpOnWhatDoesNotPassAndKeepsWhatItHas(String name, Consumer<HubReply> change)
      throws IOException {
    fixture.server.fault(
        ALWAYS, r -> r.isFor(WEIGHTS) && r.header("Range").orElse("").contains("128000-"), change);
    HubException error = assertThrows(HubException.class, fixture::pull, name);
    assertTrue(error.message().contains("kept"), error.message());
    assertNothingIsVisible();
    PlannedFile weights = planned(WEIGHTS);
    assertEquals(PlannedFile.State.PARTIAL, weights.state());
    assertTrue(weights.bytesToFetch() < WEIGHT_BYTES, "nothing was kept");
  }

  @Test
  void goesOnWithinARangeThatBreaks() throws IOException {
    fixture.server.fault(10, HubRequest::isDownload, reply -> reply.closeAfter(20_000));
    PulledModel model = fixture.pull();
    assertArrayEquals(fixture.weights, Files.readAllBytes(model.snapshot().resolve(WEIGHTS)));
    assertEquals(fixture.repository.bytes(), model.bytesFetched());
  }

  @Test
  void asksTheHubAgainThroughPassingFaults() {
    fixture.server.fault(2, r -> r.path().contains("/revision/"), r -> r.status(502, ""));
    fixture.server.fault(2, r -> r.path().contains("/tree/"), HubReply::beforeHead);
    assertEquals(3, fixture.pull().manifest().files().size());
  }

  @Test
  void givesUpStalledConnections() throws IOException {
    HubSettings impatient = fixture.settings(Optional.empty(), Duration.ofMillis(700));
    fixture.server.fault(
        1, r -> r.isDownload() && r.isFor(WEIGHTS), reply -> reply.stallAfter(10_000));
    fixture.server.fault(
        1, r -> r.isDownload() && r.isFor("config.json"), r -> r.beforeHead().stallAfter(0));
    PulledModel model = fixture.pull(impatient);
    assertArrayEquals(fixture.weights, Files.readAllBytes(model.snapshot().resolve(WEIGHTS)));
    assertTrue(fixture.server.faultsAreSpent());
  }

  @Test
  void saysThatAConnectionStalled() {
    HubSettings impatient = fixture.settings(Optional.empty(), Duration.ofMillis(100));
    fixture.server.fault(ALWAYS, HubRequest::isDownload, reply -> reply.stallAfter(0));
    HubException error = assertThrows(HubException.class, () -> fixture.pull(impatient));
    assertEquals(Reason.STALLED, error.reason());
  }

  @Test
  void saysThatThereIsNoConnection() {
    fixture.close();
    HubException error = assertThrows(HubException.class, fixture::pull);
    assertEquals(Reason.NETWORK, error.reason());
    assertTrue(error.message().contains("HF_ENDPOINT"), error.message());
  }

  @Test
  void fetchesWholeFilesFromServersWithoutRanges() throws IOException {
    fixture.server.fault(ALWAYS, HubRequest::isDownload, HubReply::ignoreRange);
    fixture.server.fault(1, r -> r.isFor(WEIGHTS), reply -> reply.closeAfter(100_000));
    PulledModel model = fixture.pull();
    assertArrayEquals(fixture.weights, Files.readAllBytes(model.snapshot().resolve(WEIGHTS)));
  }

  @Test
  void refusesAnswersWithMoreBytesThanTheFileHas() throws IOException {
    fixture.server.fault(
        ALWAYS,
        r -> r.isDownload() && r.isFor("config.json"),
        reply -> reply.body("x".repeat(10_000)).withoutHeader("Content-Range"));
    HubException error = assertThrows(HubException.class, fixture::pull);
    assertEquals(Reason.WRONG_LENGTH, error.reason());
    assertNothingIsVisible();
  }

  @Test
  void replacesContentWithAWrongHash() throws IOException {
    fixture.server.fault(1, r -> r.isDownload() && r.isFor(WEIGHTS), HubReply::corrupt);
    PulledModel model = fixture.pull();
    assertArrayEquals(fixture.weights, Files.readAllBytes(model.snapshot().resolve(WEIGHTS)));
    assertTrue(model.bytesFetched() > fixture.repository.bytes());
  }

  @Test
  void refusesContentWithAWrongHash() throws IOException {
    fixture.server.fault(ALWAYS, r -> r.isDownload() && r.isFor(WEIGHTS), HubReply::corrupt);
    HubException error = assertThrows(HubException.class, fixture::pull);
    assertEquals(Reason.WRONG_HASH, error.reason());
    assertTrue(error.message().contains(fixture.repository.digest(WEIGHTS)), error.message());
    assertNothingIsVisible();
    assertEquals(PlannedFile.State.MISSING, planned(WEIGHTS).state());
  }

  @Test
  void refusesContentThatTheHubDidNotList() throws IOException {
    fixture.server.fault(
        ALWAYS,
        r -> r.isDownload() && r.isFor("config.json"),
        reply -> reply.header("ETag", "\"" + "0".repeat(40) + "\""));
    HubException error = assertThrows(HubException.class, fixture::pull);
    assertEquals(Reason.CHANGED, error.reason());
    assertNothingIsVisible();
  }

  @Test
  void neverMixesTwoContents() throws IOException {
    try (TestHub other = TestHub.start()) {
      fixture.server.contentsFrom(other);
      // One range comes from a host that has other content, and says so by its tag.
      other.fault(
          1,
          r -> r.header("Range").orElse("").contains("128000-"),
          reply -> reply.corrupt().header("ETag", "\"other\""));
      PulledModel model = fixture.pull();
      assertArrayEquals(fixture.weights, Files.readAllBytes(model.snapshot().resolve(WEIGHTS)));
      assertTrue(other.faultsAreSpent());
    }
  }

  @Test
  void asksTheHubAgainWhenASignedAddressExpires() throws IOException {
    try (TestHub other = TestHub.start()) {
      fixture.server.contentsFrom(other);
      other.fault(2, HubRequest::isDownload, reply -> reply.status(403, ""));
      PulledModel model = fixture.pull();
      assertArrayEquals(fixture.weights, Files.readAllBytes(model.snapshot().resolve(WEIGHTS)));
    }
  }

  static Stream<Arguments> refusals() {
    return Stream.of(
        Arguments.of(401, "", Reason.UNAUTHORIZED, "HF_TOKEN"),
        Arguments.of(403, "", Reason.UNAUTHORIZED, "HF_TOKEN"),
        Arguments.of(401, "GatedRepo", Reason.GATED, "accept its conditions"),
        Arguments.of(403, "GatedRepo", Reason.GATED, "/org/tiny"),
        Arguments.of(404, "RepoNotFound", Reason.REPOSITORY_NOT_FOUND, "check the name"),
        Arguments.of(404, "RevisionNotFound", Reason.REVISION_NOT_FOUND, "'main'"),
        Arguments.of(404, "EntryNotFound", Reason.FILE_NOT_FOUND, "does not have it"),
        Arguments.of(400, "", Reason.PROTOCOL, "HF_ENDPOINT"),
        Arguments.of(429, "", Reason.RATE_LIMITED, "wait"),
        Arguments.of(500, "", Reason.SERVER_ERROR, "answered 500"));
  }

  @ParameterizedTest
  @MethodSource("refusals")
  void saysWhyTheHubRefuses(int status, String code, Reason reason, String advice) {
    fixture.server.fault(
        ALWAYS, r -> r.path().contains("/revision/"), reply -> reply.status(status, code));
    HubException error = assertThrows(HubException.class, fixture::pull);
    assertEquals(reason, error.reason());
    assertTrue(error.message().contains(advice), error.message());
    assertFalse(Files.exists(fixture.cache));
  }

  @Test
  void saysHowToOpenAGatedModel() throws IOException {
    fixture.repository.gatedFor("hf_accepted");
    HubException without = assertThrows(HubException.class, fixture::pull);
    assertEquals(Reason.GATED, without.reason());
    assertTrue(without.message().contains(fixture.server.uri() + "/org/tiny"), without.message());
    assertTrue(without.message().contains(fixture.cache.resolve("token").toString()));
    HubSettings other =
        fixture.settings(Optional.of(new AccessToken("hf_other")), Duration.ofSeconds(60));
    HubException with = assertThrows(HubException.class, () -> fixture.pull(other));
    assertTrue(with.message().contains("whose token is set"), with.message());
    assertFalse(with.message().contains("hf_other"), "the token is in the message");
    assertNothingIsVisible();
  }

  @Test
  void doesNotWaitLongerThanIsReasonable() {
    fixture.server.fault(
        ALWAYS, HubRequest::isDownload, r -> r.status(429, "").header("Retry-After", "86400"));
    assertEquals(Reason.RATE_LIMITED, assertThrows(HubException.class, fixture::pull).reason());
  }

  @Test
  void refusesAnswersThatAreNoHub() {
    fixture.server.fault(
        ALWAYS, r -> r.path().contains("/revision/"), reply -> reply.body("<html>log in</html>"));
    assertEquals(Reason.PROTOCOL, assertThrows(HubException.class, fixture::pull).reason());
  }

  static Stream<String> unsafePaths() {
    return Stream.of(
        "../evil.json",
        "/etc/evil.json",
        "a/../../evil.json",
        "a//evil.json",
        "./evil.json",
        "a\\\\..\\\\evil.json",
        "nul\\u0000.json",
        "line\\nbreak.json",
        "config.json/evil.json",
        "x".repeat(300) + ".json");
  }

  @ParameterizedTest
  @MethodSource("unsafePaths")
  void refusesNamesThatLeadOut(String path) {
    String entry =
        "{\"type\":\"file\",\"path\":\"%s\",\"size\":2,\"oid\":\"%s\"}"
            .formatted(path, "1".repeat(40));
    String config =
        "{\"type\":\"file\",\"path\":\"config.json\",\"size\":2,\"oid\":\"%s\"}"
            .formatted("2".repeat(40));
    fixture.server.fault(
        ALWAYS,
        r -> r.path().contains("/tree/"),
        reply -> reply.body("[" + config + "," + entry + "]").withoutHeader("Content-Length"));
    HubException error = assertThrows(HubException.class, fixture::pull);
    assertEquals(Reason.UNSAFE_PATH, error.reason());
    assertFalse(Files.exists(fixture.cache));
  }

  @Test
  void refusesListingsThatGoOnElsewhere() {
    fixture.server.fault(
        ALWAYS,
        r -> r.path().contains("/tree/"),
        reply -> reply.header("Link", "<http://localhost:1/x>; rel=\"next\""));
    assertEquals(Reason.PROTOCOL, assertThrows(HubException.class, fixture::pull).reason());
  }

  @Test
  void refusesCirclesOfRedirects() {
    fixture.server.fault(
        ALWAYS,
        r -> r.path().contains("/revision/"),
        reply -> reply.status(307, "").header("Location", "/api/models/org/tiny/revision/main"));
    assertEquals(Reason.UNSAFE_REDIRECT, assertThrows(HubException.class, fixture::pull).reason());
  }

  @Test
  void neverGivesUpEncryption() {
    URI hub = URI.create("https://hub.example/a/b");
    assertEquals(URI.create("https://hub.example/c"), Redirects.next(hub, "/c"));
    assertEquals(URI.create("https://cdn.example/c"), Redirects.next(hub, "https://cdn.example/c"));
    for (String to : List.of("http://hub.example/c", "ftp://hub.example/c", "https:", "::")) {
      HubException error = assertThrows(HubException.class, () -> Redirects.next(hub, to), to);
      assertEquals(Reason.UNSAFE_REDIRECT, error.reason());
    }
    assertTrue(Redirects.sameOrigin(hub, URI.create("https://HUB.example:443/")));
    assertFalse(Redirects.sameOrigin(hub, URI.create("http://hub.example/")));
    assertFalse(Redirects.sameOrigin(hub, URI.create("https://hub.example:444/")));
    assertFalse(Redirects.sameOrigin(hub, URI.create("https://hub.example.evil/")));
  }

  private PlannedFile planned(String path) {
    try (Hub hub = HubFixture.hub(fixture.settings())) {
      return hub.plan(MODEL, FileFilter.none()).files().stream()
          .filter(file -> file.file().path().equals(path))
          .findFirst()
          .orElseThrow();
    }
  }

  private void assertNothingIsVisible() throws IOException {
    assertEquals(List.of(), HubFixture.names(fixture.folder().snapshots()));
    assertEquals(List.of(), HubFixture.names(fixture.folder().refs()));
    assertEquals(List.of(), HubFixture.names(fixture.folder().manifests()));
    assertFalse(
        HubFixture.names(fixture.folder().snapshots()).contains(COMMIT), "a snapshot is visible");
  }
}
