package dev.quern.store;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The demo chat model that travels on the class path, copied to a folder so that its weights can be
 * mapped like those of any other checkpoint.
 *
 * <p>Files lie in {@code CACHE/demo-HASH}, where HASH is the start of the SHA-256 of the embedded
 * index; another version of the model gets another folder. A file appears there whole or not at
 * all, so several processes may extract at once.
 */
public final class DemoModel {
  private static final String RESOURCES = "demo/";
  private static final String INDEX = "index.txt";
  private static final int HASH_CHARACTERS = 12;

  private DemoModel() {}

  /** Where the embedded files come from: name to content, null for a name that is not there. */
  @FunctionalInterface
  interface Source {
    @Nullable InputStream open(String name) throws IOException;
  }

  /** One line of the index: {@code sha256 size name}. */
  private record IndexedFile(String sha256, long bytes, String name) {
    private static final Pattern LINE =
        Pattern.compile("([0-9a-f]{64})  ([0-9]{1,12})  ([A-Za-z0-9_][A-Za-z0-9._-]*)");

    static IndexedFile parse(String line) {
      Matcher fields = LINE.matcher(line);
      if (!fields.matches()) {
        throw broken("its index has the line '" + line + "'", null);
      }
      return new IndexedFile(fields.group(1), Long.parseLong(fields.group(2)), fields.group(3));
    }

    boolean isIn(Path folder) throws IOException {
      Path file = folder.resolve(name);
      return Files.isRegularFile(file) && Files.size(file) == bytes;
    }
  }

  /**
   * Makes sure that the embedded model lies under a cache folder, whole.
   *
   * @param cache a folder that is writable, or that holds the model already; made if absent
   * @return the model's folder, in the Hugging Face layout
   * @throws QuernException if the model cannot be written there, or the embedded files are damaged
   */
  public static Path extract(Path cache) {
    return extract(cache, name -> DemoModel.class.getResourceAsStream(RESOURCES + name));
  }

  static Path extract(Path cache, Source source) {
    byte[] index = readIndex(source);
    List<IndexedFile> files =
        new String(index, StandardCharsets.UTF_8).lines().map(IndexedFile::parse).toList();
    String hash = HexFormat.of().formatHex(sha256().digest(index)).substring(0, HASH_CHARACTERS);
    Path folder = cache.resolve("demo-" + hash);
    try {
      if (!missing(files, folder).isEmpty()) {
        Files.createDirectories(cache);
        Path fresh = Files.createTempDirectory(cache, folder.getFileName() + ".tmp-");
        try {
          for (IndexedFile file : files) {
            copy(source, file, fresh);
          }
          publish(files, fresh, folder);
        } finally {
          delete(files, fresh);
        }
      }
    } catch (IOException e) {
      throw new QuernException(
          ErrorCategory.INTERNAL,
          "the demo model cannot be written to "
              + folder
              + " ("
              + e
              + "); name another cache folder",
          e);
    }
    return folder;
  }

  private static byte[] readIndex(Source source) {
    try (InputStream in = source.open(INDEX)) {
      if (in == null) {
        throw broken("it has no index", null);
      }
      return in.readAllBytes();
    } catch (IOException e) {
      throw broken("its index cannot be read", e);
    }
  }

  private static List<IndexedFile> missing(List<IndexedFile> files, Path folder)
      throws IOException {
    List<IndexedFile> result = new ArrayList<>();
    for (IndexedFile file : files) {
      if (!file.isIn(folder)) {
        result.add(file);
      }
    }
    return result;
  }

  private static void copy(Source source, IndexedFile file, Path folder) throws IOException {
    MessageDigest digest = sha256();
    try (InputStream in = source.open(file.name());
        OutputStream out = Files.newOutputStream(folder.resolve(file.name()))) {
      if (in == null) {
        throw broken("it has no " + file.name(), null);
      }
      in.transferTo(new DigestOutputStream(out, digest));
    }
    if (!HexFormat.of().formatHex(digest.digest()).equals(file.sha256())) {
      throw broken(file.name() + " does not have the SHA-256 of the index", null);
    }
  }

  /**
   * Renames the fresh folder to its final name. If that name is taken, by another process that was
   * faster or by a damaged folder, only what is missing there moves, file by file: a process that
   * has mapped a file of that folder never loses it.
   */
  private static void publish(List<IndexedFile> files, Path fresh, Path folder) throws IOException {
    try {
      Files.move(fresh, folder, StandardCopyOption.ATOMIC_MOVE);
    } catch (FileSystemException taken) {
      if (!Files.isDirectory(folder)) {
        throw taken;
      }
      for (IndexedFile file : missing(files, folder)) {
        Files.move(
            fresh.resolve(file.name()),
            folder.resolve(file.name()),
            StandardCopyOption.ATOMIC_MOVE,
            StandardCopyOption.REPLACE_EXISTING);
      }
    }
  }

  private static void delete(List<IndexedFile> files, Path folder) throws IOException {
    for (IndexedFile file : files) {
      Files.deleteIfExists(folder.resolve(file.name()));
    }
    Files.deleteIfExists(folder);
  }

  private static QuernException broken(String why, @Nullable Throwable cause) {
    return new QuernException(
        ErrorCategory.INTERNAL,
        "the demo model in this jar is damaged: " + why + "; build or download the jar again",
        cause);
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
