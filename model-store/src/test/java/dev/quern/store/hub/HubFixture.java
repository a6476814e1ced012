package dev.quern.store.hub;

import dev.quern.store.HubCache;
import dev.quern.store.hub.testing.HubRepository;
import dev.quern.store.hub.testing.TestHub;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;

/** A hub, an empty cache and a small model, for a test. */
final class HubFixture implements AutoCloseable {
  static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";
  static final String OTHER_COMMIT = "89abcdef0123456789abcdef0123456789abcdef";
  static final String WEIGHTS = "model.safetensors";
  static final ModelReference MODEL = ModelReference.parse("org/tiny");
  static final int WEIGHT_BYTES = 300_000;
  static final int SEGMENT_BYTES = 64_000;

  final TestHub server = TestHub.start();
  final HubRepository repository;
  final Path cache;
  final byte[] weights = random(1, WEIGHT_BYTES);

  HubFixture(Path folder) {
    this.cache = folder.resolve("cache");
    this.repository = server.repository("org/tiny", COMMIT);
    repository.file("config.json", "{\"architectures\": [\"LlamaForCausalLM\"]}");
    repository.file("tokenizer/vocab.txt", "a\nb\n");
    repository.large(WEIGHTS, weights);
  }

  static byte[] random(long seed, int bytes) {
    byte[] content = new byte[bytes];
    new Random(seed).nextBytes(content);
    return content;
  }

  HubSettings settings() {
    return settings(Optional.empty(), Duration.ofSeconds(60));
  }

  HubSettings settings(Optional<AccessToken> token, Duration timeout) {
    return new HubSettings(
        new HubCache(cache),
        server.uri(),
        token,
        cache.resolve("token"),
        false,
        true,
        timeout,
        timeout,
        4,
        4);
  }

  /** A hub that hardly waits between attempts. */
  static Hub hub(HubSettings settings) {
    RetryPolicy retries =
        new RetryPolicy(
            settings.attempts(),
            Duration.ofMillis(1),
            Duration.ofMillis(10),
            Duration.ofSeconds(60));
    return new Hub(settings, retries, SEGMENT_BYTES);
  }

  PulledModel pull() {
    return pull(settings());
  }

  PulledModel pull(HubSettings settings) {
    return pull(settings, MODEL, new PullListener() {});
  }

  static PulledModel pull(HubSettings settings, ModelReference model, PullListener listener) {
    try (Hub hub = hub(settings)) {
      return hub.pull(hub.plan(model, FileFilter.none()), listener);
    }
  }

  ModelFolder folder() {
    return ModelFolder.of(new HubCache(cache), MODEL.id());
  }

  Path snapshot() {
    return folder().snapshots().resolve(COMMIT);
  }

  /** Names of what is in one of the model's folders; none if it is absent. */
  static List<String> names(Path folder) throws IOException {
    if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> String.valueOf(file.getFileName())).sorted().toList();
    }
  }

  @Override
  public void close() {
    server.close();
  }
}
