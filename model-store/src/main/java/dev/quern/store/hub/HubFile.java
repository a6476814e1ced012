package dev.quern.store.hub;

/**
 * A file of a model as the hub lists it.
 *
 * @param path relative to the model's folder, with {@code /} between segments; safe to resolve
 *     against a folder: no segment is empty, {@code .} or {@code ..}
 * @param size in bytes
 * @param digest what its content hashes to
 */
public record HubFile(String path, long size, ContentDigest digest) {
  public HubFile {
    RepositoryPaths.check(path);
    if (size < 0) {
      throw new IllegalArgumentException("size " + size);
    }
  }

  /** The name after the last {@code /}. */
  public String name() {
    return path.substring(path.lastIndexOf('/') + 1);
  }

  /** The part before the first {@code /}; empty at the top. */
  String topFolder() {
    int slash = path.indexOf('/');
    return slash < 0 ? "" : path.substring(0, slash);
  }

  /** The part before the last {@code /}; empty at the top. */
  public String folder() {
    int slash = path.lastIndexOf('/');
    return slash < 0 ? "" : path.substring(0, slash);
  }
}
