package dev.quern.supplier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quern.store.HubCache;
import dev.quern.store.hub.CheckpointManifest;
import dev.quern.store.hub.ModelFolder;
import dev.quern.store.hub.testing.HubRepository;
import dev.quern.store.hub.testing.TestHub;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code quern pull} is killed again and again, and yet the model arrives. */
final class PullKillIT {
  private static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";
  private static final String WEIGHTS = "model.safetensors";
  private static final int KILLS = 100;
  private static final int WEIGHT_BYTES = 24_000_000;
  private static final int WINDOW = 12_000;
  private static final int JOURNAL_HEAD = 32;
  private static final int JOURNAL_RECORD = 24;
  private static final int JOURNAL_UNIT = 4096;
  private static final int PATIENCE_SECONDS = 180;
  private static final int MOST_START_MILLIS = 200;
  private static final Random RANDOM = new Random(4711);

  private final Path folder;
  private final Path archive;
  private final Path cache;
  private final TestHub hub = TestHub.start();
  private final HubRepository repository;
  private final ModelFolder model;
  private final Path journal;
  private volatile long lost;

  PullKillIT(@TempDir Path folder) {
    this.folder = folder;
    this.archive = folder.resolve("classes.jsa");
    this.cache = folder.resolve("cache");
    this.repository = hub.repository("org/tiny", COMMIT);
    repository.file("config.json", "{}");
    repository.large(WEIGHTS, random());
    this.model = ModelFolder.of(new HubCache(cache), "org/tiny");
    this.journal = model.partials().resolve(repository.digest(WEIGHTS) + ".journal");
  }

  @Test
  void aHundredKillsCostLessThanATenth() throws Exception {
    prepareClassArchive();
    hub.pace(WINDOW, () -> journalled() + lost);
    for (int kill = 0; kill < KILLS; kill++) {
      // What was under way when the last process died will not be received any more.
      lost = hub.largeBytes() - journalled();
      Process process = start();
      awaitRandomMoment(kill, process);
      process.destroyForcibly();
      assertTrue(process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS));
      assertFalse(Files.exists(model.snapshots().resolve(COMMIT)), "kill " + kill);
    }
    assertTrue(journalled() > WEIGHT_BYTES / 4, "the kills came too early to mean anything");
    lost = Long.MAX_VALUE / 2;
    Process last = start();
    assertTrue(last.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS));
    assertEquals(0, last.exitValue());
    assertVerified();
    double ratio = (double) hub.contentBytes() / repository.bytes();
    System.out.printf("Killed %d times; fetched %.3f times the size%n", KILLS, ratio);
    assertTrue(ratio < 1.1, "fetched " + ratio + " times the size");
  }

  /** Most moments are counted in bytes, so that a slow machine is killed at the same points. */
  private void awaitRandomMoment(int kill, Process process) throws InterruptedException {
    if (kill % 4 == 0) {
      Thread.sleep(RANDOM.nextInt(MOST_START_MILLIS));
      return;
    }
    long until = hub.largeBytes() + RANDOM.nextInt(2 * WEIGHT_BYTES * 8 / 10 / KILLS);
    while (hub.largeBytes() < until) {
      assertTrue(process.isAlive(), "the pull ended by itself");
      Thread.sleep(1);
    }
  }

  /** About as many bytes as the journal vouches for: all records but few are of one unit. */
  private long journalled() {
    try {
      long records =
          Files.exists(journal) ? (Files.size(journal) - JOURNAL_HEAD) / JOURNAL_RECORD : 0;
      return Math.max(0, records) * JOURNAL_UNIT;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void assertVerified() throws IOException {
    Path snapshot = model.snapshots().resolve(COMMIT);
    CheckpointManifest manifest = CheckpointManifest.load(snapshot).orElseThrow();
    assertEquals(CheckpointManifest.compute(snapshot), manifest);
    assertEquals(repository.digest(WEIGHTS), manifest.files().get(1).sha256());
    assertFalse(Files.exists(journal));
  }

  private static byte[] random() {
    byte[] bytes = new byte[WEIGHT_BYTES];
    RANDOM.nextBytes(bytes);
    return bytes;
  }

  /** A first pull, of another model, writes the archive of loaded classes that saves time later. */
  private void prepareClassArchive() throws Exception {
    hub.repository("org/other", COMMIT).file("config.json", "{}");
    Process process =
        pull("org/other", folder.resolve("other"), "-XX:ArchiveClassesAtExit=" + archive);
    assertTrue(process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS));
    assertEquals(0, process.exitValue());
  }

  private Process start() throws IOException {
    return pull("org/tiny", cache, "-XX:SharedArchiveFile=" + archive);
  }

  private Process pull(String name, Path where, String option) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of(
            option,
            "-Xlog:cds=off",
            "-Xlog:cds+dynamic=off",
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            "-Xmx64m",
            "-jar",
            System.getProperty("quern.jar"),
            "pull",
            name));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder
        .environment()
        .putAll(
            Map.of(
                "HF_HUB_CACHE", where.toString(),
                "HF_ENDPOINT", hub.uri().toString(),
                "QUERN_CACHE", folder.resolve("quern").toString()));
    return builder.redirectOutput(folder.resolve("output").toFile()).start();
  }
}
