package dev.quern.store;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;

/**
 * The SHA-256 of one file of a model, as the hub states it for large files.
 *
 * @param file path relative to the model's folder
 * @param sha256 in lower-case hexadecimal
 */
public record FileDigest(String file, long bytes, String sha256) {
  private static final int CHUNK_BYTES = 1 << 20;

  /** Digests of all files under {@code folder}, in order of path; reads every byte once. */
  public static List<FileDigest> of(Path folder) {
    try (Stream<Path> files = Files.walk(folder)) {
      return files.filter(Files::isRegularFile).sorted().map(file -> digest(folder, file)).toList();
    } catch (IOException e) {
      throw JsonFiles.unreadable(folder, e);
    }
  }

  /** Digests of some files of {@code folder}, in the order given. */
  public static List<FileDigest> of(Path folder, List<Path> files) {
    return files.stream().map(file -> digest(folder, file)).toList();
  }

  private static FileDigest digest(Path folder, Path file) {
    try (InputStream in = Files.newInputStream(file)) {
      MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
      byte[] chunk = new byte[CHUNK_BYTES];
      long bytes = 0;
      for (int read = in.read(chunk); read >= 0; read = in.read(chunk)) {
        sha256.update(chunk, 0, read);
        bytes += read;
      }
      String name = folder.relativize(file).toString();
      return new FileDigest(name, bytes, HexFormat.of().formatHex(sha256.digest()));
    } catch (IOException e) {
      throw JsonFiles.unreadable(file, e);
    } catch (NoSuchAlgorithmException e) {
      throw new QuernException(ErrorCategory.INTERNAL, "this Java has no SHA-256", e);
    }
  }
}
