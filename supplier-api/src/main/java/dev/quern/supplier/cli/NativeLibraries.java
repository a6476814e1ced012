package dev.quern.supplier.cli;

import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.function.Consumer;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import org.jspecify.annotations.Nullable;

/**
 * libtorch and DJL's library on top of it, which travel in the single jar, unpacked once to a cache
 * folder in the layout where DJL looks for them, so that DJL unpacks nothing itself. (The text room
 * unpacks the tokenizers' library beside them.)
 *
 * <p>A folder is made under another name and renamed when it is whole; one process at a time does
 * so, under a file lock that ends with the process. A process killed in the middle leaves a folder
 * that the next one deletes.
 */
final class NativeLibraries {
  /** libtorch's own jar, stored whole: packing 450 MB again at each build would take a while. */
  private static final String LIBTORCH = "/natives/libtorch.jar";

  private static final String JNI = "/jnilib/linux-x86_64/cpu/libdjl_torch.so";
  private static final String PLATFORM = "-cpu-linux-x86_64";
  private static final String UNFINISHED = "unfinished-";
  private static final long BYTES_NEEDED = 480_000_000;

  /** Variables that move DJL's cache to where nothing has been unpacked. */
  private static final List<String> DJL_CACHE_VARIABLES =
      List.of("DJL_CACHE_DIR", "ENGINE_CACHE_DIR");

  private final Path cache;
  private final Consumer<String> progress;

  private NativeLibraries(Path cache, Consumer<String> progress) {
    this.cache = cache;
    this.progress = progress;
  }

  /**
   * Makes DJL find its libraries: to be called before any class of DJL is used. When this is not
   * the single jar (in tests, say) DJL is left to find them on the class path.
   *
   * @param cache Quern's cache folder
   * @param progress hears one line when something takes long
   * @throws QuernException when the platform is not the jar's or the folder cannot be written
   */
  static void prepare(Path cache, Map<String, String> environment, Consumer<String> progress) {
    System.setProperty("ai.djl.offline", "true");
    if (NativeLibraries.class.getResource(LIBTORCH) == null) {
      return;
    }
    String platform = System.getProperty("os.name") + " " + System.getProperty("os.arch");
    if (!platform.equals("Linux amd64")) {
      throw new QuernException(
          ErrorCategory.UNAVAILABLE,
          "this jar holds native libraries for Linux on x86-64 alone, and this is " + platform);
    }
    for (String variable : DJL_CACHE_VARIABLES) {
      if (environment.containsKey(variable)) {
        throw QuernException.badRequest(
            variable,
            variable
                + " in the environment moves DJL's cache away from Quern's; unset it and set"
                + " QUERN_CACHE instead");
      }
    }
    Path folder = new NativeLibraries(cache, progress).unpacked();
    System.setProperty("DJL_CACHE_DIR", folder.toString());
  }

  private Path unpacked() {
    String torchVersion = version("/native/lib/pytorch.properties", "version");
    String djlVersion = version("/pytorch-engine.properties", "djl_version");
    Path folder = cache.resolve("natives").resolve("torch-" + torchVersion + "-djl-" + djlVersion);
    if (Files.isDirectory(folder)) {
      return folder;
    }
    try {
      Files.createDirectories(cache.resolve("natives"));
      // Never closed before the process's work on the folder is done: closing gives the lock back.
      try (FileChannel channel =
          FileChannel.open(
              cache.resolve("natives").resolve("lock"),
              StandardOpenOption.CREATE,
              StandardOpenOption.WRITE)) {
        try (FileLock lock = lock(channel)) {
          if (lock.isValid() && !Files.isDirectory(folder)) {
            unpack(folder, torchVersion, djlVersion);
          }
        }
      }
      return folder;
    } catch (IOException e) {
      throw new QuernException(
          ErrorCategory.UNAVAILABLE,
          "the native libraries cannot be unpacked to "
              + folder
              + " ("
              + e
              + "); set QUERN_CACHE (or --cache) to a folder that can be written",
          e);
    }
  }

  private FileLock lock(FileChannel channel) throws IOException {
    FileLock free = channel.tryLock();
    if (free != null) {
      return free;
    }
    progress.accept("Waiting for another Quern that unpacks the native libraries");
    return channel.lock();
  }

  private void unpack(Path folder, String torchVersion, String djlVersion) throws IOException {
    Path natives = cache.resolve("natives");
    deleteUnfinished(natives);
    long free = Files.getFileStore(natives).getUsableSpace();
    if (free < BYTES_NEEDED) {
      throw new QuernException(
          ErrorCategory.UNAVAILABLE,
          "the native libraries take %d MB and %s has %d MB left; make room or set QUERN_CACHE (or --cache) to another folder"
              .formatted(BYTES_NEEDED / 1_000_000, natives, free / 1_000_000));
    }
    progress.accept("Unpacking native libraries to " + folder + " (once, 460 MB)");
    long begin = System.nanoTime();
    Path unfinished = Files.createTempDirectory(natives, UNFINISHED);
    Path torch =
        Files.createDirectories(unfinished.resolve("pytorch").resolve(torchVersion + PLATFORM));
    unpackLibtorch(torch);
    copy(JNI, torch.resolve(djlVersion + "-libdjl_torch.so"));
    Files.move(unfinished, folder, StandardCopyOption.ATOMIC_MOVE);
    progress.accept("Unpacked in %.1f s".formatted((System.nanoTime() - begin) / 1e9));
  }

  private static void unpackLibtorch(Path folder) throws IOException {
    try (ZipInputStream zip = new ZipInputStream(new BufferedInputStream(resource(LIBTORCH)))) {
      for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
        String name = entry.getName();
        if (!entry.isDirectory() && name.startsWith("pytorch/")) {
          Files.copy(zip, folder.resolve(name.substring(name.lastIndexOf('/') + 1)));
        }
      }
    }
  }

  private static void copy(String resource, Path file) throws IOException {
    try (InputStream in = resource(resource)) {
      Files.copy(in, file);
    }
  }

  private static String version(String resource, String key) {
    Properties properties = new Properties();
    try (InputStream in = resource(resource)) {
      properties.load(in);
    } catch (IOException e) {
      throw broken(resource, e);
    }
    String version = properties.getProperty(key);
    if (version == null) {
      throw broken(resource, null);
    }
    return version;
  }

  private static InputStream resource(String name) {
    InputStream in = NativeLibraries.class.getResourceAsStream(name);
    if (in == null) {
      throw broken(name, null);
    }
    return in;
  }

  private static QuernException broken(String resource, @Nullable Throwable cause) {
    return new QuernException(
        ErrorCategory.INTERNAL,
        "this jar is incomplete: " + resource + "; build or download it again",
        cause);
  }

  private static void deleteUnfinished(Path natives) throws IOException {
    List<Path> leftovers = new ArrayList<>();
    try (Stream<Path> entries = Files.list(natives)) {
      entries
          .filter(path -> String.valueOf(path.getFileName()).startsWith(UNFINISHED))
          .forEach(leftovers::add);
    }
    for (Path leftover : leftovers) {
      try (Stream<Path> files = Files.walk(leftover)) {
        for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
    }
  }
}
