package dev.quern.store.hub.testing;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import org.jspecify.annotations.Nullable;

/** A model of the test hub: branches, one commit's files, and who may see it. */
public final class HubRepository {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final String id;
  private final Map<String, String> branches = new ConcurrentHashMap<>();
  private final Map<String, RepositoryFile> files = new ConcurrentSkipListMap<>();
  private volatile @Nullable String gatedFor;

  /**
   * A file.
   *
   * @param large whether it is in large file storage, and so known by its SHA-256
   */
  record RepositoryFile(byte[] content, boolean large) {
    String digest() {
      return large ? hex("SHA-256", content) : gitName();
    }

    String gitName() {
      byte[] head = ("blob " + content.length + "\0").getBytes(StandardCharsets.US_ASCII);
      return hex("SHA-1", head, content);
    }

    private static String hex(String algorithm, byte[]... parts) {
      try {
        MessageDigest digest = MessageDigest.getInstance(algorithm);
        for (byte[] part : parts) {
          digest.update(part);
        }
        return HexFormat.of().formatHex(digest.digest());
      } catch (NoSuchAlgorithmException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  HubRepository(String id, String commit) {
    this.id = id;
    branches.put("main", commit);
  }

  public HubRepository file(String path, String text) {
    return file(path, text.getBytes(StandardCharsets.UTF_8));
  }

  /** Adds a small file, known by its git name. */
  public HubRepository file(String path, byte[] content) {
    files.put(path, new RepositoryFile(content, false));
    return this;
  }

  /** Adds a file in large file storage. */
  public HubRepository large(String path, byte[] content) {
    files.put(path, new RepositoryFile(content, true));
    return this;
  }

  public HubRepository branch(String name, String commit) {
    branches.put(name, commit);
    return this;
  }

  /** Lets only those in who send this token and have been accepted. */
  public HubRepository gatedFor(String token) {
    gatedFor = token;
    return this;
  }

  public String commit() {
    return branches.getOrDefault("main", "");
  }

  /** The digest that the hub states for a file. */
  public String digest(String path) {
    return Optional.ofNullable(files.get(path)).orElseThrow().digest();
  }

  /** Size of all files. */
  public long bytes() {
    return files.values().stream().mapToLong(file -> file.content().length).sum();
  }

  String id() {
    return id;
  }

  boolean allows(HubRequest request) {
    String token = gatedFor;
    return token == null
        || request.header("Authorization").filter(("Bearer " + token)::equals).isPresent();
  }

  Optional<String> commitOf(String revision) {
    return branches.containsValue(revision)
        ? Optional.of(revision)
        : Optional.ofNullable(branches.get(revision));
  }

  Optional<RepositoryFile> find(String path) {
    return Optional.ofNullable(files.get(path));
  }

  Optional<RepositoryFile> findByDigest(String digest) {
    return files.values().stream().filter(file -> file.digest().equals(digest)).findFirst();
  }

  String infoJson(String commit) {
    ObjectNode info = JSON.createObjectNode();
    info.put("id", id).put("modelId", id).put("sha", commit).put("private", false);
    ArrayNode siblings = info.putArray("siblings");
    files.keySet().forEach(path -> siblings.addObject().put("rfilename", path));
    return info.toString();
  }

  /** The tree from the {@code from}-th file on, at most {@code count} of them, and folders. */
  String treeJson(int from, int count) {
    ArrayNode tree = JSON.createArrayNode();
    tree.addObject().put("type", "directory").put("path", "folder").put("size", 0).put("oid", "0");
    List<String> paths = List.copyOf(files.keySet());
    for (String path : paths.subList(from, Math.min(paths.size(), from + count))) {
      RepositoryFile file = find(path).orElseThrow();
      ObjectNode entry = tree.addObject().put("type", "file").put("path", path);
      entry.put("oid", file.gitName()).put("size", file.content().length);
      if (file.large()) {
        entry
            .putObject("lfs")
            .put("oid", file.digest())
            .put("size", file.content().length)
            .put("pointerSize", 133);
      }
    }
    return tree.toString();
  }

  int fileCount() {
    return files.size();
  }
}
