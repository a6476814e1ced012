package dev.quern.store.hub;

import static dev.quern.store.hub.HubFixture.MODEL;
import static dev.quern.store.hub.HubFixture.WEIGHTS;
import static dev.quern.store.hub.HubFixture.WEIGHT_BYTES;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quern.store.hub.HubException.Reason;
import dev.quern.store.hub.testing.HubRequest;
import dev.quern.store.hub.testing.TestHub;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What happens to a pull that ends before it is done, and to two at a time. */
class ResumeTest {
  private final HubFixture fixture;

  ResumeTest(@TempDir Path folder) {
    this.fixture = new HubFixture(folder);
  }

  @AfterEach
  void stop() {
    fixture.close();
  }

  /** Leaves a part of the weights, and returns how many bytes. */
  private long breakOff() {
    AtomicInteger bytes = new AtomicInteger(10_000);
    fixture.server.fault(
        1_000_000,
        r -> range(r).endsWith("-191999"),
        reply -> reply.closeAfter(bytes.getAndSet(0)));
    assertThrows(HubException.class, fixture::pull);
    return partialBytes();
  }

  private static String range(HubRequest request) {
    return request.header("Range").orElse("");
  }

  private long partialBytes() {
    try (Hub hub = HubFixture.hub(fixture.settings())) {
      return hub.plan(MODEL, FileFilter.none()).files().stream()
          .filter(file -> file.file().path().equals(WEIGHTS))
          .mapToLong(PlannedFile::bytesHere)
          .sum();
    }
  }

  @Test
  void goesOnFromWhatIsOnDisk() throws IOException {
    long here = breakOff();
    assertTrue(here > 0 && here < WEIGHT_BYTES, "broke off at " + here);
    HubFixture healthy = other();
    try (healthy) {
      PulledModel model = healthy.pull();
      assertArrayEquals(fixture.weights, Files.readAllBytes(model.snapshot().resolve(WEIGHTS)));
      assertEquals(WEIGHT_BYTES - here, healthy.server.contentBytes() - smallBytes(healthy));
    }
  }

  /** A hub without the faults, with the same model, for the same cache. */
  private HubFixture other() {
    return new HubFixture(fixture.cache.resolveSibling(""));
  }

  private static long smallBytes(HubFixture hub) {
    return hub.server.requests().stream()
        .filter(HubRequest::isDownload)
        .filter(r -> !r.isFor(WEIGHTS))
        .mapToLong(r -> r.isFor("config.json") ? 39 : 4)
        .sum();
  }

  @Test
  void fetchesAnewWhatTheDiskLost() throws IOException {
    long here = breakOff();
    Path partial = fixture.folder().partials().resolve(fixture.repository.digest(WEIGHTS));
    // As after a power failure: the journal is there, and a block of the data is not.
    try (RandomAccessFile file = new RandomAccessFile(partial.toFile(), "rw")) {
      file.seek(1000);
      file.write(new byte[100]);
    }
    AtomicLong takenBack = new AtomicLong();
    HubFixture healthy = other();
    try (healthy) {
      PulledModel model =
          HubFixture.pull(
              healthy.settings(),
              MODEL,
              new PullListener() {
                @Override
                public void bytes(HubFile file, long count) {
                  takenBack.addAndGet(Math.min(0, count));
                }
              });
      assertArrayEquals(fixture.weights, Files.readAllBytes(model.snapshot().resolve(WEIGHTS)));
      assertTrue(takenBack.get() < 0, "the damage was not seen");
      assertEquals(
          WEIGHT_BYTES - here - takenBack.get(),
          healthy.server.contentBytes() - smallBytes(healthy));
    }
  }

  /** A chunk of a large file is longer than what is read of it at once. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void checksALongChunkToItsEnd(boolean damaged) throws IOException {
    String digest = fixture.repository.digest(WEIGHTS);
    Files.createDirectories(fixture.folder().partials());
    CRC32C crc = new CRC32C();
    crc.update(fixture.weights);
    byte[] stored = fixture.weights.clone();
    stored[WEIGHT_BYTES - 1] ^= (byte) (damaged ? 1 : 0);
    Path path = fixture.folder().partials().resolve(digest);
    try (PartialFile partial = PartialFile.open(path, WEIGHT_BYTES)) {
      assertTrue(partial.bind(digest));
      partial.write(ByteBuffer.wrap(stored), 0);
      partial.add(new Chunk(0, WEIGHT_BYTES, (int) crc.getValue()));
    }
    PulledModel model = fixture.pull();
    assertArrayEquals(fixture.weights, Files.readAllBytes(model.snapshot().resolve(WEIGHTS)));
    assertEquals(damaged ? WEIGHT_BYTES : 0, fixture.server.contentBytes() - smallBytes(fixture));
  }

  @Test
  void beginsAnewWhenTheServerHasOtherContent() throws IOException {
    try (TestHub contents = TestHub.start()) {
      fixture.server.contentsFrom(contents);
      AtomicInteger range = new AtomicInteger(10_000);
      contents.fault(
          1_000_000,
          r -> range(r).endsWith("-299999"),
          reply -> reply.closeAfter(range.getAndSet(0)));
      assertThrows(HubException.class, fixture::pull);
      assertTrue(partialBytes() > 0);
    }
    // The next server tags the same content differently: it may be another, so nothing is mixed.
    try (HubFixture healthy = other()) {
      PulledModel model = healthy.pull();
      assertArrayEquals(fixture.weights, Files.readAllBytes(model.snapshot().resolve(WEIGHTS)));
      assertTrue(healthy.server.contentBytes() >= WEIGHT_BYTES);
    }
  }

  @Test
  void ignoresAJournalThatIsNone() throws IOException {
    breakOff();
    Path partial = fixture.folder().partials().resolve(fixture.repository.digest(WEIGHTS));
    Files.write(PartialFile.journalOf(partial), HubFixture.random(7, 5000));
    try (HubFixture healthy = other()) {
      PulledModel model = healthy.pull();
      assertArrayEquals(fixture.weights, Files.readAllBytes(model.snapshot().resolve(WEIGHTS)));
    }
  }

  @Test
  void endsWhenInterrupted() throws Exception {
    fixture.server.throttle(50_000);
    CountDownLatch begun = new CountDownLatch(1);
    try (ExecutorService threads = Executors.newSingleThreadExecutor()) {
      Future<Reason> reason =
          threads.submit(
              () ->
                  assertThrows(
                          HubException.class,
                          () ->
                              HubFixture.pull(
                                  fixture.settings(),
                                  MODEL,
                                  new PullListener() {
                                    @Override
                                    public void bytes(HubFile file, long count) {
                                      begun.countDown();
                                    }
                                  }))
                      .reason());
      begun.await();
      threads.shutdownNow();
      assertEquals(Reason.CANCELLED, reason.get());
    }
    assertFalse(Files.exists(fixture.snapshot()));
    assertTrue(partialBytes() > 0 || Files.exists(fixture.folder().blobs()));
  }

  @Test
  void twoPullsShareTheWork() throws Exception {
    for (int i = 0; i < 12; i++) {
      fixture.repository.large("part-" + i + ".safetensors", HubFixture.random(100 + i, 50_000));
    }
    fixture.server.throttle(2_000_000);
    Set<String> fetchedByFirst = ConcurrentHashMap.newKeySet();
    Set<String> fetchedBySecond = ConcurrentHashMap.newKeySet();
    try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
      List<Callable<PulledModel>> pulls = List.of(pull(fetchedByFirst), pull(fetchedBySecond));
      for (Future<PulledModel> pull : threads.invokeAll(pulls)) {
        CheckpointManifest manifest = pull.get().manifest();
        assertEquals(CheckpointManifest.compute(fixture.snapshot()), manifest);
      }
    }
    assertEquals(fixture.repository.bytes(), fixture.server.contentBytes());
    assertTrue(fetchedByFirst.stream().noneMatch(fetchedBySecond::contains));
  }

  private Callable<PulledModel> pull(Set<String> fetched) {
    return () ->
        HubFixture.pull(
            fixture.settings(),
            MODEL,
            new PullListener() {
              @Override
              public void bytes(HubFile file, long count) {
                fetched.add(file.path());
              }
            });
  }

  @Test
  void waitsForAProcessThatHoldsTheLock() throws Exception {
    String digest = fixture.repository.digest(WEIGHTS);
    Path lockFile = fixture.folder().lockFile(digest);
    CountDownLatch waiting = new CountDownLatch(1);
    BlobLock lock = BlobLock.tryAcquire(lockFile).orElseThrow();
    try (ExecutorService threads = Executors.newSingleThreadExecutor()) {
      Future<PulledModel> pull =
          threads.submit(
              () ->
                  HubFixture.pull(
                      fixture.settings(),
                      MODEL,
                      new PullListener() {
                        @Override
                        public void fileWaiting(HubFile file) {
                          waiting.countDown();
                        }
                      }));
      waiting.await();
      // The other process finishes the blob, and only then lets go.
      Files.write(fixture.folder().blobs().resolve(digest), fixture.weights);
      lock.close();
      assertEquals(fixture.repository.bytes() - WEIGHT_BYTES, pull.get().bytesFetched());
    }
    assertEquals(0, fixture.server.downloads(WEIGHTS));
    assertTrue(BlobLock.tryAcquire(lockFile).isPresent());
  }

  @ParameterizedTest
  @ValueSource(strings = {"blobs", ".quern", "snapshots", "refs"})
  void refusesLinksWhereItsOwnFoldersShouldBe(String name) throws IOException {
    Path outside = Files.createDirectories(fixture.cache.resolveSibling("outside"));
    Path root = Files.createDirectories(fixture.folder().root());
    Files.createSymbolicLink(root.resolve(name), outside);
    HubException error = assertThrows(HubException.class, fixture::pull, name);
    assertEquals(Reason.UNSAFE_CACHE, error.reason());
    assertEquals(List.of(), HubFixture.names(outside));
  }

  @Test
  void writesThroughNoLink() throws IOException {
    Path victim = Files.writeString(fixture.cache.resolveSibling("victim"), "precious");
    String digest = fixture.repository.digest(WEIGHTS);
    Files.createDirectories(fixture.folder().partials());
    Files.createDirectories(fixture.folder().blobs());
    Files.createSymbolicLink(fixture.folder().blobs().resolve(digest), victim);
    fixture.pull();
    assertEquals("precious", Files.readString(victim));
    assertArrayEquals(fixture.weights, Files.readAllBytes(fixture.snapshot().resolve(WEIGHTS)));
    Files.delete(fixture.folder().blobs().resolve(digest));
    Files.createSymbolicLink(fixture.folder().partials().resolve(digest), victim);
    assertThrows(HubException.class, fixture::pull);
    assertEquals("precious", Files.readString(victim));
  }

  @Test
  void replacesALinkInASnapshotThatLeadsOut() throws IOException {
    Path victim = Files.writeString(fixture.cache.resolveSibling("victim"), "precious");
    Files.createDirectories(fixture.snapshot());
    Files.createSymbolicLink(fixture.snapshot().resolve(WEIGHTS), victim);
    fixture.pull();
    assertArrayEquals(fixture.weights, Files.readAllBytes(fixture.snapshot().resolve(WEIGHTS)));
    assertEquals("precious", Files.readString(victim));
    Path outside = Files.createDirectories(fixture.cache.resolveSibling("outside"));
    fixture.repository.branch("main", HubFixture.OTHER_COMMIT);
    Path second = fixture.folder().snapshots().resolve(HubFixture.OTHER_COMMIT);
    Files.createDirectories(second);
    Files.createSymbolicLink(second.resolve("tokenizer"), outside);
    HubException error = assertThrows(HubException.class, fixture::pull);
    assertEquals(Reason.UNSAFE_CACHE, error.reason());
    assertEquals(List.of(), HubFixture.names(outside));
  }
}
