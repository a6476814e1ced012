package dev.quern.store.cache;

import dev.quern.store.HubCache;
import dev.quern.store.hub.ContentDigest;
import dev.quern.store.hub.Hashes;
import dev.quern.store.hub.ModelFolder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** A cache as huggingface_hub leaves it: blobs by digest, snapshots of relative links, refs. */
final class CacheFixture {
  static final String COMMIT_A = "a".repeat(40);
  static final String COMMIT_B = "b".repeat(40);

  private final HubCache cache;

  CacheFixture(Path root) {
    this.cache = new HubCache(root);
  }

  CacheScanner scanner() {
    return new CacheScanner(cache);
  }

  ModelFolder folder(String name) {
    return ModelFolder.of(cache, name);
  }

  /** Writes a snapshot; tensor files get blobs as large files do, others as git's do. */
  Path snapshot(String name, String commit, Map<String, String> files) {
    ModelFolder folder = folder(name);
    Path snapshot = folder.snapshots().resolve(commit);
    files.forEach(
        (path, content) -> {
          String blob = blobName(path, content);
          write(folder.blobs().resolve(blob), content);
          Path link = snapshot.resolve(path);
          Path parent = link.resolve("..").normalize();
          try {
            Files.createDirectories(parent);
            Files.createSymbolicLink(link, parent.relativize(folder.blobs()).resolve(blob));
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        });
    return snapshot;
  }

  void ref(String name, String ref, String commit) {
    write(folder(name).refs().resolve(ref), commit);
  }

  /** The digest that a hub has for the file. */
  static String blobName(String path, String content) {
    byte[] bytes = content.getBytes(StandardCharsets.UTF_8);
    MessageDigest hash =
        Hashes.start(
            path.endsWith(".safetensors")
                ? ContentDigest.Algorithm.SHA256
                : ContentDigest.Algorithm.GIT_SHA1,
            bytes.length);
    return HexFormat.of().formatHex(hash.digest(bytes));
  }

  static void write(Path file, String content) {
    try {
      Files.createDirectories(file.resolve("..").normalize());
      Files.writeString(file, content);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  CachedRepository find(String name) {
    return scanner().find(name).orElseThrow(() -> new AssertionError(name + " is not there"));
  }

  Optional<CachedRepository> look(String name) {
    return scanner().find(name);
  }

  /** Paths below the folder of a model, links and files alike, without Quern's own. */
  Stream<String> contents(String name) {
    Path root = folder(name).root();
    try (Stream<Path> files = Files.walk(root)) {
      return files
          .filter(file -> !Files.isDirectory(file, java.nio.file.LinkOption.NOFOLLOW_LINKS))
          .map(file -> root.relativize(file).toString())
          .sorted()
          .toList()
          .stream();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
