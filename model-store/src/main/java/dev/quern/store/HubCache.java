package dev.quern.store;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The cache folder that all Hugging Face tools share: {@code models--ORG--NAME/} with {@code
 * refs/REVISION} (a file that holds a commit id) and {@code snapshots/COMMIT/} (links to blobs).
 */
public record HubCache(Path root) {
  private static final String MODEL_PREFIX = "models--";
  private static final Pattern COMMIT = Pattern.compile("[0-9A-Za-z]{1,64}");
  private static final long MAX_REF_BYTES = 256;

  /** Where the environment says the cache is; the order of precedence is huggingface_hub's. */
  public static HubCache of(Map<String, String> environment) {
    String home = environment.getOrDefault("HOME", System.getProperty("user.home", "."));
    for (String name : List.of("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE")) {
      String cache = environment.getOrDefault(name, "");
      if (!cache.isBlank()) {
        return new HubCache(expanded(cache, home));
      }
    }
    return new HubCache(hubHome(environment).resolve("hub"));
  }

  /** The folder that holds the cache and the token where the environment names no other. */
  public static Path hubHome(Map<String, String> environment) {
    String home = environment.getOrDefault("HOME", System.getProperty("user.home", "."));
    String hfHome = environment.getOrDefault("HF_HOME", "");
    if (!hfHome.isBlank()) {
      return expanded(hfHome, home);
    }
    String xdgCache = environment.getOrDefault("XDG_CACHE_HOME", "");
    Path caches = xdgCache.isBlank() ? Path.of(home, ".cache") : expanded(xdgCache, home);
    return caches.resolve("huggingface");
  }

  /** {@code path} with a leading {@code ~} replaced by {@code home}. */
  public static Path expanded(String path, String home) {
    return path.equals("~") || path.startsWith("~/")
        ? Path.of(home + path.substring(1))
        : Path.of(path);
  }

  /** The folder of a model, whether it exists or not. */
  public Path modelFolder(String id) {
    return root.resolve(MODEL_PREFIX + id.replace("/", "--"));
  }

  /** The snapshot of a branch, tag or commit, if it is here. */
  public Optional<Path> snapshot(String id, String revision) {
    Path model = modelFolder(id);
    Path snapshots = model.resolve("snapshots");
    if (COMMIT.matcher(revision).matches() && Files.isDirectory(snapshots.resolve(revision))) {
      return Optional.of(snapshots.resolve(revision));
    }
    Path refs = model.resolve("refs");
    Path ref = refs.resolve(revision).normalize();
    if (!ref.startsWith(refs.normalize())) {
      return Optional.empty();
    }
    return commit(ref).map(snapshots::resolve).filter(Files::isDirectory);
  }

  /** Branches and tags of a model in order of name, with the commit that each points at. */
  public Map<String, String> refs(Path model) {
    Map<String, String> commits = new TreeMap<>();
    Path refs = model.resolve("refs");
    if (Files.isDirectory(refs)) {
      try (Stream<Path> files = Files.walk(refs, 4)) {
        for (Path ref : files.filter(Files::isRegularFile).toList()) {
          commit(ref).ifPresent(commit -> commits.put(refs.relativize(ref).toString(), commit));
        }
      } catch (IOException e) {
        throw JsonFiles.unreadable(refs, e);
      }
    }
    return commits;
  }

  /** Snapshots of a model, each with the name of a ref that points at it, or else its commit. */
  Map<Path, String> revisions(Path model) {
    Map<String, String> names = new TreeMap<>();
    refs(model)
        .forEach((ref, commit) -> names.merge(commit, ref, (a, b) -> a.equals("main") ? a : b));
    Map<Path, String> revisions = new LinkedHashMap<>();
    for (Path snapshot : folders(model.resolve("snapshots"))) {
      String commit = String.valueOf(snapshot.getFileName());
      revisions.put(snapshot, names.getOrDefault(commit, commit));
    }
    return revisions;
  }

  /** Folders of models, in order of name. */
  public List<Path> models() {
    return folders(root).stream()
        .filter(folder -> String.valueOf(folder.getFileName()).startsWith(MODEL_PREFIX))
        .toList();
  }

  /** What the folder of a model says it is called: {@code ORG/NAME}. */
  public static String id(Path modelFolder) {
    String name = String.valueOf(modelFolder.getFileName()).substring(MODEL_PREFIX.length());
    return name.replaceFirst("--", "/");
  }

  private static Optional<String> commit(Path ref) {
    try {
      if (!Files.isRegularFile(ref) || Files.size(ref) > MAX_REF_BYTES) {
        return Optional.empty();
      }
      String commit = Files.readString(ref).strip();
      return COMMIT.matcher(commit).matches() ? Optional.of(commit) : Optional.empty();
    } catch (IOException e) {
      throw JsonFiles.unreadable(ref, e);
    }
  }

  private static List<Path> folders(Path parent) {
    if (!Files.isDirectory(parent)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(parent)) {
      return files.filter(Files::isDirectory).sorted().toList();
    } catch (IOException e) {
      throw JsonFiles.unreadable(parent, e);
    }
  }
}
