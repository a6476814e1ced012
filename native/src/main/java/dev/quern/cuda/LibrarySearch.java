package dev.quern.cuda;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Looks for CUDA's libraries in files: the configured folders, the loader's path, CUDA's own
 * folders, the distribution's, and those of Python packages. Nothing is loaded.
 */
public final class LibrarySearch {
  static final String CUBLAS_LT_13 = "libcublasLt.so.13";
  static final String CUBLAS_LT_12 = "libcublasLt.so.12";

  private static final Path CUDA_PARENT = Path.of("/usr/local");
  private static final List<Path> SYSTEM_FOLDERS =
      List.of(Path.of("/usr/lib/x86_64-linux-gnu"), Path.of("/usr/lib64"), Path.of("/lib64"));

  /** Where Python's installers put NVIDIA's libraries, below a folder of packages. */
  private static final List<String> PYTHON_FOLDERS =
      List.of("nvidia/cu13/lib", "nvidia/cublas/lib");

  private final List<Path> folders;

  private LibrarySearch(List<Path> folders) {
    this.folders = folders;
  }

  /** The folders of this host, the settings' own first. */
  public static LibrarySearch of(CudaSettings settings) {
    return of(settings.libraryFolders(), System.getenv());
  }

  /** The library of that name in the settings' own folders alone. */
  public static Optional<Path> configured(CudaSettings settings, String name) {
    return new LibrarySearch(settings.libraryFolders()).find(name);
  }

  static LibrarySearch of(List<Path> configured, Map<String, String> environment) {
    List<Path> folders = new ArrayList<>(configured);
    folders.addAll(loaderPath(environment.get("LD_LIBRARY_PATH")));
    for (Path version : matches(CUDA_PARENT, "cuda*")) {
      folders.add(version.resolve("lib64"));
      folders.add(version.resolve("targets/x86_64-linux/lib"));
    }
    folders.addAll(SYSTEM_FOLDERS);
    for (Path packages : pythonPackages(environment)) {
      PYTHON_FOLDERS.forEach(folder -> folders.add(packages.resolve(folder)));
    }
    return new LibrarySearch(folders);
  }

  /**
   * cuBLASLt's file, the newest that the driver serves.
   *
   * @param cuda13 whether the driver serves CUDA 13, without which only CUDA 12's cuBLASLt starts
   */
  public Optional<Path> cublasLt(boolean cuda13) {
    Optional<Path> newest = cuda13 ? find(CUBLAS_LT_13) : Optional.empty();
    return newest.or(() -> find(CUBLAS_LT_12));
  }

  private Optional<Path> find(String name) {
    return folders.stream()
        .map(folder -> folder.resolve(name).toAbsolutePath())
        .filter(Files::isRegularFile)
        .findFirst();
  }

  private static List<Path> loaderPath(@Nullable String path) {
    if (path == null) {
      return List.of();
    }
    return Stream.of(path.split(":", -1))
        .filter(folder -> !folder.isEmpty())
        .map(Path::of)
        .toList();
  }

  private static List<Path> pythonPackages(Map<String, String> environment) {
    List<Path> roots = new ArrayList<>();
    for (String variable : List.of("VIRTUAL_ENV", "CONDA_PREFIX")) {
      String root = environment.get(variable);
      if (root != null && !root.isEmpty()) {
        roots.add(Path.of(root, "lib"));
      }
    }
    String home = environment.get("HOME");
    if (home != null && !home.isEmpty()) {
      roots.add(Path.of(home, ".local/lib"));
    }
    roots.add(Path.of("/usr/local/lib"));
    List<Path> packages = new ArrayList<>();
    for (Path root : roots) {
      for (Path python : matches(root, "python3*")) {
        packages.add(python.resolve("site-packages"));
        packages.add(python.resolve("dist-packages"));
      }
    }
    return packages;
  }

  /** Entries of {@code folder}, the last in order first; none where there is no such folder. */
  private static List<Path> matches(Path folder, String glob) {
    List<Path> found = new ArrayList<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder, glob)) {
      entries.forEach(found::add);
    } catch (IOException e) {
      return List.of();
    }
    found.sort(null);
    return found.reversed();
  }
}
