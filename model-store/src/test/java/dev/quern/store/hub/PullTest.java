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

import dev.quern.store.HubCache;
import dev.quern.store.hub.PlannedFile.State;
import dev.quern.store.hub.testing.HubRequest;
import dev.quern.store.hub.testing.TestHub;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a pull leaves in the cache, and what it asks of the hub. */
class PullTest {
  private final HubFixture fixture;

  PullTest(@TempDir Path folder) {
    this.fixture = new HubFixture(folder);
  }

  @AfterEach
  void stop() {
    fixture.close();
  }

  @Test
  void laysTheCacheOutAsHuggingFaceDoes() throws IOException {
    PulledModel model = fixture.pull();
    ModelFolder folder = fixture.folder();
    assertEquals(fixture.snapshot(), model.snapshot());
    assertEquals(COMMIT, Files.readString(folder.refs().resolve("main")));
    String digest = fixture.repository.digest(WEIGHTS);
    assertEquals(
        Path.of("../../blobs/" + digest),
        Files.readSymbolicLink(model.snapshot().resolve(WEIGHTS)));
    assertEquals(
        Path.of("../../../blobs/" + fixture.repository.digest("tokenizer/vocab.txt")),
        Files.readSymbolicLink(model.snapshot().resolve("tokenizer/vocab.txt")));
    assertArrayEquals(fixture.weights, Files.readAllBytes(model.snapshot().resolve(WEIGHTS)));
    assertEquals(
        List.of("CACHEDIR.TAG", ".locks", "models--org--tiny").stream().sorted().toList(),
        HubFixture.names(fixture.cache));
    assertEquals(List.of(".quern", "blobs", "refs", "snapshots"), HubFixture.names(folder.root()));
    assertEquals(3, HubFixture.names(folder.blobs()).size());
    assertTrue(HubFixture.names(folder.locks()).contains(digest + ".lock"));
    assertEquals(List.of(), HubFixture.names(folder.partials()));
    assertEquals(List.of(), HubFixture.names(folder.staging()));
    assertEquals(fixture.repository.bytes(), model.bytesFetched());
  }

  @Test
  void storesTheManifestOfWhatIsServed() throws IOException {
    PulledModel model = fixture.pull();
    assertEquals(CheckpointManifest.compute(model.snapshot()), model.manifest());
    assertEquals(Optional.of(model.manifest()), CheckpointManifest.load(model.snapshot()));
    assertEquals(fixture.repository.bytes(), model.manifest().bytes());
    Path stored = CheckpointManifest.fileOf(model.snapshot());
    String json = Files.readString(stored);
    assertTrue(json.contains(model.manifest().digest()), json);
    Files.writeString(stored, json.replace("\"size\" : ", "\"size\" : 1"));
    assertThrows(
        dev.quern.store.QuernException.class, () -> CheckpointManifest.load(model.snapshot()));
  }

  @Test
  void asksForNothingTwice() {
    fixture.pull();
    long requests = fixture.server.requests().stream().filter(HubRequest::isDownload).count();
    try (Hub hub = HubFixture.hub(fixture.settings())) {
      PullPlan plan = hub.plan(MODEL, FileFilter.none());
      assertTrue(plan.files().stream().allMatch(file -> file.state() == State.PRESENT));
      assertEquals(0, plan.bytesToFetch());
      assertEquals(0, hub.pull(plan, new PullListener() {}).bytesFetched());
    }
    assertEquals(
        requests, fixture.server.requests().stream().filter(HubRequest::isDownload).count());
  }

  @Test
  void plansWithoutWriting() {
    fixture.repository.file("pytorch_model.bin", "pickle");
    try (Hub hub = HubFixture.hub(fixture.settings())) {
      PullPlan plan = hub.plan(MODEL, FileFilter.none());
      assertEquals(COMMIT, plan.commit());
      assertEquals(fixture.repository.bytes() - "pickle".length(), plan.bytesTotal());
      assertEquals(plan.bytesTotal(), plan.bytesToFetch());
      assertTrue(plan.fitsDisk());
      assertEquals("pytorch_model.bin", plan.skipped().get(0).file().path());
    }
    assertFalse(Files.exists(fixture.cache));
  }

  @Test
  void fetchesLargeFilesInRanges() {
    fixture.pull();
    long segments = -Math.floorDiv(-WEIGHT_BYTES, HubFixture.SEGMENT_BYTES);
    assertEquals(segments, fixture.server.downloads(WEIGHTS));
    assertEquals(fixture.repository.bytes(), fixture.server.contentBytes());
  }

  @Test
  void readsListingsInPages() {
    fixture.server.pageSize(1);
    assertEquals(3, fixture.pull().manifest().files().size());
  }

  @Test
  void namesBranchesTagsAndCommits() throws IOException {
    fixture.repository.branch("refs/pr/1", COMMIT);
    ModelReference branch = ModelReference.parse("org/tiny@refs/pr/1");
    HubFixture.pull(fixture.settings(), branch, new PullListener() {});
    assertEquals(COMMIT, Files.readString(fixture.folder().refs().resolve("refs/pr/1")));
    ModelReference commit = ModelReference.parse("org/tiny@" + COMMIT);
    HubFixture.pull(fixture.settings(), commit, new PullListener() {});
    assertEquals(List.of("refs"), HubFixture.names(fixture.folder().refs()));
  }

  @Test
  void sharesBlobsBetweenCommits() throws IOException {
    fixture.pull();
    fixture.repository.branch("main", HubFixture.OTHER_COMMIT);
    fixture.repository.file("config.json", "{\"architectures\": [\"Qwen2ForCausalLM\"]}");
    long before = fixture.server.contentBytes();
    PulledModel model = fixture.pull();
    assertEquals(
        Files.size(model.snapshot().resolve("config.json")),
        fixture.server.contentBytes() - before);
    assertEquals(
        List.of(COMMIT, HubFixture.OTHER_COMMIT), HubFixture.names(fixture.folder().snapshots()));
  }

  @Test
  void takesWhatPythonPulled() throws IOException {
    ModelFolder folder = fixture.folder();
    Files.createDirectories(folder.blobs());
    Path blob = folder.blobs().resolve(fixture.repository.digest(WEIGHTS));
    Files.write(blob, fixture.weights);
    Files.createDirectories(fixture.snapshot());
    Files.createSymbolicLink(
        fixture.snapshot().resolve(WEIGHTS),
        Path.of("../../blobs").resolve(String.valueOf(blob.getFileName())));
    assertEquals(Optional.empty(), CheckpointManifest.load(fixture.snapshot()));
    CheckpointManifest manifest = fixture.pull().manifest();
    assertEquals(CheckpointManifest.compute(fixture.snapshot()), manifest);
    assertEquals(3, manifest.files().size());
    assertEquals(0, fixture.server.downloads(WEIGHTS));
  }

  @Test
  void takesCopiesThatWereMadeWithoutLinks() throws IOException {
    Files.createDirectories(fixture.snapshot());
    Files.write(fixture.snapshot().resolve(WEIGHTS), fixture.weights);
    fixture.pull();
    assertEquals(0, fixture.server.downloads(WEIGHTS));
  }

  @Test
  void replacesWhatIsDamagedInTheCache() throws IOException {
    PulledModel model = fixture.pull();
    Path blob = fixture.folder().blobs().resolve(fixture.repository.digest(WEIGHTS));
    byte[] damaged = fixture.weights.clone();
    damaged[1000]++;
    Files.write(blob, damaged);
    fixture.pull();
    assertArrayEquals(fixture.weights, Files.readAllBytes(model.snapshot().resolve(WEIGHTS)));
  }

  @Test
  void makesHardLinksWhereLinksAreForbidden() throws IOException {
    HubSettings settings =
        HubSettings.fromEnvironment(
            Map.of(
                "HF_HUB_CACHE",
                fixture.cache.toString(),
                "HF_ENDPOINT",
                fixture.server.uri().toString(),
                "HF_HUB_DISABLE_SYMLINKS",
                "1"));
    Path file = fixture.pull(settings).snapshot().resolve(WEIGHTS);
    assertFalse(Files.isSymbolicLink(file));
    assertArrayEquals(fixture.weights, Files.readAllBytes(file));
  }

  @Test
  void sendsTheTokenToTheHubAlone() {
    AccessToken token = new AccessToken("hf_secret");
    fixture.repository.gatedFor("hf_secret");
    try (TestHub other = TestHub.start("localhost")) {
      fixture.server.contentsFrom(other);
      fixture.pull(fixture.settings(Optional.of(token), fixture.settings().stallTimeout()));
      assertTrue(
          fixture.server.requests().stream()
              .allMatch(r -> r.header("Authorization").equals(Optional.of("Bearer hf_secret"))));
      assertFalse(other.requests().isEmpty());
      assertTrue(other.requests().stream().noneMatch(r -> r.header("Authorization").isPresent()));
      // The hub is asked again only where several ranges began at once.
      assertTrue(fixture.server.downloads(WEIGHTS) < other.requests().size());
    }
  }

  @Test
  void worksOfflineWithWhatIsHere() {
    PulledModel model = fixture.pull();
    fixture.close();
    HubSettings offline =
        HubSettings.fromEnvironment(
            Map.of("HF_HUB_CACHE", fixture.cache.toString(), "HF_HUB_OFFLINE", "1"));
    PulledModel again = fixture.pull(offline);
    assertEquals(model.snapshot(), again.snapshot());
    assertEquals(model.manifest(), again.manifest());
    HubException absent =
        assertThrows(
            HubException.class,
            () ->
                HubFixture.pull(offline, ModelReference.parse("org/other"), new PullListener() {}));
    assertEquals(HubException.Reason.OFFLINE, absent.reason());
    assertTrue(absent.message().contains("HF_HUB_OFFLINE"), absent.message());
  }

  @Test
  void addsFilesToASnapshotThatIsThere() throws IOException {
    fixture.repository.large("q8.gguf", HubFixture.random(2, 10_000));
    PulledModel first = fixture.pull();
    try (Hub hub = HubFixture.hub(fixture.settings())) {
      PulledModel second =
          hub.pull(
              hub.plan(MODEL, new FileFilter(List.of("*.gguf"), List.of())), new PullListener() {});
      assertEquals(4, second.manifest().files().size());
      assertEquals(CheckpointManifest.compute(first.snapshot()), second.manifest());
    }
  }

  @Test
  void emptyFilesAndTwinsArriveToo() throws IOException {
    fixture.repository.file("merges.txt", "").large("b.safetensors", fixture.weights);
    PulledModel model = fixture.pull();
    assertEquals(0, Files.size(model.snapshot().resolve("merges.txt")));
    assertArrayEquals(
        fixture.weights, Files.readAllBytes(model.snapshot().resolve("b.safetensors")));
    assertEquals(
        WEIGHT_BYTES, model.bytesFetched() - fixture.repository.bytes() + 2L * WEIGHT_BYTES);
  }

  @Test
  void aCacheMayBeALinkToAnotherDisk() throws IOException {
    Path elsewhere = Files.createDirectories(fixture.cache.resolveSibling("elsewhere"));
    Files.createSymbolicLink(fixture.cache, elsewhere);
    assertTrue(Files.exists(fixture.pull().snapshot().resolve(WEIGHTS)));
    assertEquals(new HubCache(fixture.cache), fixture.settings().cache());
  }
}
