package dev.quern.store.hub;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quern.store.HubCache;
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

/** A process that pulls is killed again and again, and yet the model arrives. */
class KillTest {
  private static final int KILLS = 100;
  private static final int WEIGHT_BYTES = 24_000_000;
  private static final int WINDOW = 12_000;
  private static final int JOURNAL_HEAD = 32;
  private static final int JOURNAL_RECORD = 24;
  private static final int MOST_START_MILLIS = 200;
  private static final Random RANDOM = new Random(4711);

  private final Path cache;
  private final TestHub hub = TestHub.start();
  private final HubRepository repository;
  private final ModelFolder model;
  private final Path journal;
  private volatile long lost;

  KillTest(@TempDir Path folder) {
    this.cache = folder.resolve("cache");
    this.repository = hub.repository("org/tiny", HubFixture.COMMIT);
    repository.file("config.json", "{}");
    repository.large("model.safetensors", HubFixture.random(1, WEIGHT_BYTES));
    this.model = ModelFolder.of(new HubCache(cache), "org/tiny");
    this.journal =
        PartialFile.journalOf(model.partials().resolve(repository.digest("model.safetensors")));
  }

  @Test
  void aHundredKillsCostLessThanATenth() throws Exception {
    hub.pace(WINDOW, () -> journalled() + lost);
    for (int kill = 0; kill < KILLS; kill++) {
      // What was under way when the last process died will not be received any more.
      lost = hub.largeBytes() - journalled();
      Process process = start(cache);
      awaitRandomMoment(kill, process);
      process.destroyForcibly();
      assertTrue(process.waitFor(60, TimeUnit.SECONDS));
      assertFalse(Files.exists(model.snapshots().resolve(HubFixture.COMMIT)), "kill " + kill);
    }
    assertTrue(journalled() > WEIGHT_BYTES / 4, "the kills came too early to mean anything");
    lost = Long.MAX_VALUE / 2;
    Process last = start(cache);
    assertTrue(last.waitFor(120, TimeUnit.SECONDS));
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
      return Math.max(0, records) * Chunk.unit(WEIGHT_BYTES);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void assertVerified() throws IOException {
    Path snapshot = model.snapshots().resolve(HubFixture.COMMIT);
    CheckpointManifest manifest = CheckpointManifest.load(snapshot).orElseThrow();
    assertEquals(CheckpointManifest.compute(snapshot), manifest);
    assertEquals(repository.digest("model.safetensors"), manifest.files().get(1).sha256());
    assertEquals(List.of(), HubFixture.names(model.partials()));
  }

  private Process start(Path where) throws IOException {
    return process(hub, where);
  }

  private Process process(TestHub server, Path where) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of(
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            "-Xmx64m",
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            System.getProperty("java.class.path"),
            PullMain.class.getName(),
            "org/tiny"));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder
        .environment()
        .putAll(Map.of("HF_HUB_CACHE", where.toString(), "HF_ENDPOINT", server.uri().toString()));
    return builder.inheritIO().start();
  }
}
