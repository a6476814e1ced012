package dev.quern.store;

import dev.quern.store.gguf.GgufCheckpoint;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Finds models on this machine: local folders, and the cache that the Hugging Face tools share.
 * Nothing is downloaded.
 */
public final class ModelLocator {
  /** {@code [ORG/]NAME[@REVISION]}; a segment never starts with a dot, so none is {@code ..}. */
  private static final Pattern ID =
      Pattern.compile("((?:[\\w-][\\w.-]*/)?[\\w-][\\w.-]*)(?:@([\\w][\\w./-]*))?");

  private static final String DEFAULT_REVISION = "main";

  private final HubCache cache;
  private final String home;

  /**
   * @param environment the process's environment; HF_HUB_CACHE, HF_HOME, XDG_CACHE_HOME and HOME
   *     are read
   */
  public ModelLocator(Map<String, String> environment) {
    this.cache = HubCache.of(environment);
    this.home = environment.getOrDefault("HOME", System.getProperty("user.home", "."));
  }

  /** The hub's cache folder, whether it exists or not. */
  public Path cacheFolder() {
    return cache.root();
  }

  /**
   * The place of the model that {@code pathOrId} names: an existing folder or {@code *.gguf} file,
   * or {@code ORG/NAME[@REVISION]} in the hub's cache, where REVISION is a branch, tag or commit
   * and {@code main} when absent.
   *
   * @throws QuernException NOT_FOUND if there is none; the message says where was looked
   */
  public Path resolve(String pathOrId) {
    Optional<Path> local = localModel(pathOrId);
    if (local.isPresent()) {
      return local.get();
    }
    Matcher id = ID.matcher(pathOrId);
    if (!id.matches()) {
      throw new QuernException(
          ErrorCategory.NOT_FOUND,
          "there is no folder '"
              + Names.quoted(pathOrId)
              + "': name a model's folder, or ORG/NAME[@REVISION] in the hub's cache");
    }
    String name = id.group(1);
    String revision = Optional.ofNullable(id.group(2)).orElse(DEFAULT_REVISION);
    return cache.snapshot(name, revision).orElseThrow(() -> notFound(pathOrId, name, revision));
  }

  /** Whether {@code text} names a folder or file, and so never a model of the cache. */
  public boolean isPath(String text) {
    return localModel(text).isPresent();
  }

  private Optional<Path> localModel(String text) {
    try {
      Path path = HubCache.expanded(text, home);
      if (text.isBlank() || !Files.exists(path)) {
        return Optional.empty();
      }
      if (!Files.isDirectory(path) && !GgufCheckpoint.isGguf(path)) {
        throw new QuernException(
            ErrorCategory.BAD_REQUEST,
            path
                + " is a file: name the folder that holds config.json and *.safetensors, or a"
                + " *.gguf file");
      }
      return Optional.of(path);
    } catch (InvalidPathException e) {
      return Optional.empty();
    }
  }

  private QuernException notFound(String pathOrId, String name, String revision) {
    Path model = cache.modelFolder(name);
    Collection<String> revisions = cache.revisions(model).values();
    String message =
        revisions.isEmpty()
            ? "there is no model '"
                + pathOrId
                + "': neither a folder of that name nor "
                + model
                + " exists. 'quern pull "
                + name
                + "' downloads it, or set HF_HUB_CACHE to the cache that has it"
            : "revision '"
                + revision
                + "' of "
                + name
                + " is not in "
                + model
                + ", which has "
                + String.join(", ", revisions)
                + ": name one of them as "
                + name
                + "@REVISION, or 'quern pull "
                + pathOrId
                + "' downloads it";
    return new QuernException(ErrorCategory.NOT_FOUND, message);
  }
}
