package dev.quern.engine.text;

import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import ai.djl.util.Utils;
import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.net.URLConnection;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/**
 * Unpacks the native tokenizers library from the class path into DJL's cache folder and loads it.
 *
 * <p>DJL's own loader would first look for CUDA, in a Java process that it starts for that, and
 * with CUDA there it would look on the network for another build. This library has no use for a
 * GPU.
 */
final class TokenizersLoader {
  private static final String RESOURCE = "/native/lib/linux-x86_64/cpu/libtokenizers.so";

  private TokenizersLoader() {}

  /** Loads the library; a second call does nothing. */
  @SuppressWarnings("restricted") // Loading a native library is what this class is for.
  static void load() {
    try {
      System.load(unpacked().toString());
    } catch (IOException | LinkageError e) {
      throw new QuernException(
          ErrorCategory.UNAVAILABLE,
          "cannot load the native tokenizers library ("
              + e
              + "): Quern brings it for linux-x86_64, and the cache folder DJL_CACHE_DIR"
              + " (~/.djl.ai when unset) must be writable and allow executable files",
          e);
    }
  }

  private static Path unpacked() throws IOException {
    URL resource = TokenizersLibrary.class.getResource(RESOURCE);
    if (resource == null) {
      throw new IOException(RESOURCE + " is not on the class path");
    }
    URLConnection connection = resource.openConnection();
    try (InputStream in = connection.getInputStream()) {
      long bytes = connection.getContentLengthLong();
      // The size in the name keeps versions apart.
      Path folder = Utils.getEngineCacheDir("tokenizers").resolve("quern-cpu-" + bytes);
      Path library = folder.resolve("libtokenizers.so").toAbsolutePath();
      if (Files.isRegularFile(library) && Files.size(library) == bytes) {
        return library;
      }
      Files.createDirectories(folder);
      Path temporary = Files.createTempFile(folder, "libtokenizers", ".tmp");
      try {
        Files.copy(in, temporary, StandardCopyOption.REPLACE_EXISTING);
        // Atomic: another process may be loading or unpacking it at the same time.
        Files.move(temporary, library, StandardCopyOption.ATOMIC_MOVE);
      } finally {
        Files.deleteIfExists(temporary);
      }
      return library;
    }
  }
}
