package dev.quern.store.cache;

import static dev.quern.store.cache.CacheFixture.COMMIT_A;
import static dev.quern.store.cache.CacheFixture.COMMIT_B;
import static dev.quern.store.cache.CacheFixture.blobName;
import static dev.quern.store.cache.CacheFixture.write;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quern.store.QuernException;
import dev.quern.store.hub.BlobLock;
import dev.quern.store.hub.CheckpointManifest;
import dev.quern.store.hub.ModelFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributeView;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Scanning, removing, verifying and pruning of caches as the hub's own tools write them. */
final class CacheTest {
  private static final String NAME = "org/model";
  private static final String WEIGHTS = "weights of both";
  private static final String CONFIG_A = "{\"version\": 1}";
  private static final String CONFIG_B = "{\"version\": 22}";
  private static final Instant EVER = Instant.parse("2999-01-01T00:00:00Z");

  private final CacheFixture cache;

  CacheTest(@TempDir Path root) {
    this.cache = new CacheFixture(root);
  }

  /** Two revisions that share their weights. */
  @BeforeEach
  void writeTwoRevisions() {
    cache.snapshot(NAME, COMMIT_A, Map.of("config.json", CONFIG_A, "sub/x.safetensors", WEIGHTS));
    cache.snapshot(NAME, COMMIT_B, Map.of("config.json", CONFIG_B, "sub/x.safetensors", WEIGHTS));
    cache.ref(NAME, "main", COMMIT_B);
    cache.ref(NAME, "refs/pr/1", COMMIT_A);
  }

  private CachedRevision revision(String name) {
    return cache.find(NAME).revision(name).orElseThrow();
  }

  @Test
  void aScanSeesRevisionsRefsAndBlobs() {
    CachedRepository model = cache.find(NAME);
    assertEquals(
        List.of(model.name()),
        cache.scanner().scan().stream().map(CachedRepository::name).toList());
    assertEquals(
        List.of(COMMIT_A, COMMIT_B),
        model.revisions().stream().map(CachedRevision::commit).toList());
    assertEquals("main", model.revisions().get(1).name());
    assertEquals("refs/pr/1", model.revisions().getFirst().name());
    assertEquals(3, model.blobs().size());
    assertEquals(List.of(), model.unusedBlobs());
    assertEquals(CONFIG_B.length() + WEIGHTS.length(), revision("main").bytes());
    assertEquals(COMMIT_A, revision("refs/pr/1").commit());
    assertEquals(COMMIT_A, revision("aaaaaaa").commit());
    assertEquals(Optional.empty(), model.revision("aaaaaa"));
    assertEquals(Optional.empty(), model.revision("v1"));
  }

  @Test
  void aFileWithoutLinksIsKnownByItsSecondName() throws IOException {
    ModelFolder folder = cache.folder("org/hard");
    String blob = blobName("a.safetensors", "abc");
    write(folder.blobs().resolve(blob), "abc");
    Path snapshot = Files.createDirectories(folder.snapshots().resolve(COMMIT_A));
    Files.createLink(snapshot.resolve("a.safetensors"), folder.blobs().resolve(blob));
    write(snapshot.resolve("copy.json"), "12345");
    CachedRepository model = cache.find("org/hard");
    assertEquals(Set.of(blob), model.blobsInUse());
    assertEquals(3 + 5, model.revisions().getFirst().bytes());
    assertEquals(8, Removal.ofAll(model).bytesToFree());
  }

  @Test
  void linksThatLeadElsewhereAreNobodysBlobs(@TempDir Path elsewhere) throws IOException {
    Path treasure = elsewhere.resolve("treasure");
    write(treasure, "gold");
    Path snapshot = cache.folder(NAME).snapshots().resolve(COMMIT_A);
    Files.createSymbolicLink(snapshot.resolve("out"), treasure);
    Files.createSymbolicLink(snapshot.resolve("folder"), elsewhere);
    Files.createSymbolicLink(snapshot.resolve("itself"), Path.of("itself"));
    CachedRepository model = cache.find(NAME);
    assertEquals(5, revision(COMMIT_A).files().size());
    Removal.ofAll(model).run();
    assertEquals(Optional.empty(), cache.look(NAME));
    assertEquals("gold", Files.readString(treasure));
  }

  @Test
  void removingOneRevisionFreesWhatOnlyItUses() {
    write(cache.folder(NAME).root().resolve(".no_exist/" + COMMIT_B + "/added.json"), "");
    write(cache.folder(NAME).root().resolve("trees/" + COMMIT_B + ".json"), "{}");
    CachedRepository model = cache.find(NAME);
    Removal removal = Removal.of(model, List.of(revision("main")));
    assertEquals(CONFIG_B.length(), removal.bytesToFree());
    assertEquals(WEIGHTS.length(), removal.bytesShared());
    assertEquals(new Removal.Outcome(CONFIG_B.length(), 0), removal.run());
    CachedRepository left = cache.find(NAME);
    assertEquals(List.of(COMMIT_A), left.revisions().stream().map(CachedRevision::commit).toList());
    assertEquals(Optional.empty(), left.revision("main"));
    assertEquals(
        List.of(
            "blobs/" + blobName("config.json", CONFIG_A),
            "blobs/" + blobName("x.safetensors", WEIGHTS),
            "refs/refs/pr/1",
            "snapshots/" + COMMIT_A + "/config.json",
            "snapshots/" + COMMIT_A + "/sub/x.safetensors"),
        cache.contents(NAME).sorted().toList());
    assertFalse(left.revisions().getFirst().files().stream().anyMatch(CachedFile::absent));
  }

  @Test
  void removingAllLeavesNothing() {
    ModelFolder folder = cache.folder(NAME);
    write(folder.blobs().resolve("c".repeat(64) + ".12345678.incomplete"), "part");
    write(folder.partials().resolve("d".repeat(64)), "other part");
    CachedRepository model = cache.find(NAME);
    long all = 0L + CONFIG_A.length() + CONFIG_B.length() + WEIGHTS.length() + 4 + 10;
    assertEquals(new Removal.Outcome(all, 0), Removal.ofAll(model).run());
    assertFalse(Files.exists(folder.root()));
  }

  @Test
  void aModelThatIsBeingPulledStaysAsItIs() throws IOException {
    ModelFolder folder = cache.folder(NAME);
    write(folder.blobs().resolve("e".repeat(64)), "found");
    CachedRepository model = cache.find(NAME);
    Pruning pruning = Pruning.of(cache.scanner().scan(), EVER);
    assertEquals(1, pruning.items().size());
    List<String> before = cache.contents(NAME).toList();
    try (BlobLock _ = BlobLock.acquireShared(folder.pullLock());
        BlobLock _ = BlobLock.acquireShared(folder.pullLock())) {
      QuernException error = assertThrows(QuernException.class, () -> Removal.ofAll(model).run());
      assertTrue(error.message().contains("is being pulled"), error.message());
      assertEquals(new Pruning.Outcome(0, 1), pruning.run());
      assertEquals(before, cache.contents(NAME).toList());
    }
    assertEquals(new Pruning.Outcome(5, 0), pruning.run());
  }

  @Test
  void whatADownloadWritesStays() throws IOException {
    ModelFolder folder = cache.folder(NAME);
    String digest = "d".repeat(64);
    write(folder.partials().resolve(digest), "part");
    try (BlobLock _ = BlobLock.tryAcquire(folder.lockFile(digest)).orElseThrow()) {
      assertEquals(List.of(), Pruning.of(cache.scanner().scan(), EVER).items());
      Removal.Outcome outcome = Removal.ofAll(cache.find(NAME)).run();
      assertEquals(1, outcome.keptContents());
      assertEquals(List.of(".quern/partial/" + digest), cache.contents(NAME).toList());
      assertEquals(Optional.empty(), BlobLock.tryAcquire(folder.lockFile(digest)));
    }
    assertEquals(1, Pruning.of(cache.scanner().scan(), EVER).items().size());
    assertEquals(0, Pruning.of(cache.scanner().scan(), Instant.EPOCH).items().size());
    assertEquals(new Pruning.Outcome(4, 0), Pruning.of(cache.scanner().scan(), EVER).run());
    assertFalse(Files.exists(folder.root()));
  }

  @Test
  void pruningFreesWhatNoSnapshotNeeds() {
    ModelFolder folder = cache.folder(NAME);
    String unused = "e".repeat(64);
    write(folder.blobs().resolve(unused), "unused");
    write(folder.blobs().resolve("f".repeat(64) + ".incomplete"), "half");
    write(folder.verified().resolve(unused), "");
    write(folder.manifests().resolve("c".repeat(40) + ".json"), "{}");
    write(folder.own().resolve("removed/" + COMMIT_A + "/x"), "x");
    List<String> before = cache.contents(NAME).filter(path -> !path.startsWith(".quern")).toList();
    Pruning pruning = Pruning.of(cache.scanner().scan(), EVER);
    assertEquals(4, pruning.items().size());
    assertEquals(6 + 4 + 2 + 1, pruning.bytesToFree());
    assertEquals(13, pruning.run().freedBytes());
    assertEquals(
        before.stream()
            .filter(path -> !path.contains(unused) && !path.endsWith(".incomplete"))
            .toList(),
        cache.contents(NAME).toList());
    assertEquals(List.of(), Pruning.of(cache.scanner().scan(), EVER).items());
  }

  @Test
  void pruningLeavesWhatIsYoungToAPullUnderWay() throws IOException {
    ModelFolder folder = cache.folder(NAME);
    Path part = folder.partials().resolve("d".repeat(64));
    write(part, "part");
    write(folder.partials().resolve("d".repeat(64) + ".journal"), "notes");
    Files.setLastModifiedTime(part, FileTime.from(Instant.now().minusSeconds(7200)));
    Instant anHourAgo = Instant.now().minusSeconds(3600);
    Pruning pruning = Pruning.of(cache.scanner().scan(), anHourAgo);
    assertEquals(List.of(), pruning.items());
    assertEquals(2, pruning.kept());
  }

  private List<FileCheck> verify() {
    CachedRepository model = cache.find(NAME);
    List<CacheVerifier.Subject> subjects =
        model.revisions().stream()
            .map(revision -> new CacheVerifier.Subject(model, revision))
            .toList();
    AtomicLong hashed = new AtomicLong();
    List<FileCheck> checks =
        new CacheVerifier(2)
            .verify(
                subjects,
                new VerifyListener() {
                  @Override
                  public void started(String name, long bytes) {}

                  @Override
                  public void bytes(String name, long count) {
                    hashed.addAndGet(count);
                  }

                  @Override
                  public void finished(String name, long bytes, FileCheck.Verdict verdict) {}
                });
    assertEquals(CacheVerifier.bytes(subjects), hashed.get());
    return checks;
  }

  private static List<String> bad(List<FileCheck> checks) {
    return checks.stream()
        .filter(check -> check.verdict() != FileCheck.Verdict.SOUND)
        .map(
            check ->
                check.revision().commit().charAt(0) + " " + check.path() + " " + check.verdict())
        .toList();
  }

  @Test
  void soundFilesAreSoundAndEachContentIsReadOnce() {
    List<FileCheck> checks = verify();
    assertEquals(4, checks.size());
    assertEquals(List.of(), bad(checks));
  }

  @Test
  void oneFlippedBitIsFoundInEveryRevisionThatHasIt() {
    ModelFolder folder = cache.folder(NAME);
    String blob = blobName("x.safetensors", WEIGHTS);
    write(folder.blobs().resolve(blob), WEIGHTS.replace('w', 'v'));
    write(folder.verified().resolve(blob), "");
    String config = blobName("config.json", CONFIG_A);
    write(folder.blobs().resolve(config), CONFIG_A.replace('1', '2'));
    assertEquals(
        List.of(
            "a config.json CORRUPT", "a sub/x.safetensors CORRUPT", "b sub/x.safetensors CORRUPT"),
        bad(verify()));
    assertFalse(Files.exists(folder.verified().resolve(blob)), "the next pull must look itself");
  }

  @Test
  void aLostBlobAndALostFileAreFound() throws IOException {
    Path snapshot = revision("main").folder();
    CheckpointManifest manifest = CheckpointManifest.compute(snapshot);
    write(CheckpointManifest.fileOf(snapshot), manifest.toJson());
    Files.delete(cache.folder(NAME).blobs().resolve(blobName("config.json", CONFIG_A)));
    Files.delete(snapshot.resolve("config.json"));
    assertEquals(List.of("a config.json ABSENT", "b config.json ABSENT"), bad(verify()));
  }

  @Test
  void theManifestVouchesForWhatHasNoDigestInItsName() throws IOException {
    Path snapshot = revision("main").folder();
    write(snapshot.resolve("copied.json"), "{}");
    assertEquals(List.of("b copied.json UNKNOWN"), bad(verify()));
    write(CheckpointManifest.fileOf(snapshot), CheckpointManifest.compute(snapshot).toJson());
    assertEquals(List.of(), bad(verify()));
    write(snapshot.resolve("copied.json"), "[]");
    assertEquals(List.of("b copied.json CORRUPT"), bad(verify()));
    write(CheckpointManifest.fileOf(snapshot), "{\"format\": 1, \"digest\": \"x\", \"files\": []}");
    assertEquals(
        List.of("b .quern/manifests/" + COMMIT_B + ".json CORRUPT", "b copied.json UNKNOWN"),
        bad(verify()));
  }

  @Test
  void lookingIsNotUsing() throws IOException {
    CachedRevision revision = revision("main");
    Path file = revision.folder().resolve("config.json");
    FileTime lately = FileTime.from(Instant.parse("2020-01-01T00:00:00Z"));
    BasicFileAttributeView view = Files.getFileAttributeView(file, BasicFileAttributeView.class);
    view.setTimes(null, lately, null);
    CachedRevision before = revision("main");
    try (ReadTimes _ = ReadTimes.of(before)) {
      // As a read does where the file system keeps access times.
      view.setTimes(null, FileTime.from(Instant.now()), null);
      assertTrue(revision("main").lastUsed().isAfter(lately.toInstant()));
    }
    assertEquals(lately, view.readAttributes().lastAccessTime());
  }
}
