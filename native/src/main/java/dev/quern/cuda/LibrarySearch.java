package dev.quern.cuda;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Looks for CUDA's libraries in files: the configured folders, the loader's path, CUDA's own
 * folders, the distribution's. Nothing is loaded.
 */
final class LibrarySearch {
  /** The newest first. */
  static final List<String> CUBLAS_LT = List.of("libcublasLt.so.13", "libcublasLt.so.12");

  private static final Path CUDA_PARENT = Path.of("/usr/local");
  private static final List<Path> SYSTEM_FOLDERS =
      List.of(Path.of("/usr/lib/x86_64-linux-gnu"), Path.of("/usr/lib64"), Path.of("/lib64"));

  private LibrarySearch() {}

  static Optional<Path> cublasLt(List<Path> configured) {
    List<Path> folders = new ArrayList<>(configured);
    folders.addAll(loaderPath(System.getenv("LD_LIBRARY_PATH")));
    folders.addAll(cudaFolders());
    folders.addAll(SYSTEM_FOLDERS);
    for (String name : CUBLAS_LT) {
      for (Path folder : folders) {
        Path file = folder.resolve(name);
        if (Files.isRegularFile(file)) {
          return Optional.of(file);
        }
      }
    }
    return Optional.empty();
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

  private static List<Path> cudaFolders() {
    List<Path> folders = new ArrayList<>();
    try (DirectoryStream<Path> versions = Files.newDirectoryStream(CUDA_PARENT, "cuda*")) {
      for (Path version : versions) {
        folders.add(version.resolve("lib64"));
        folders.add(version.resolve("targets/x86_64-linux/lib"));
      }
    } catch (IOException e) {
      // No such folder: no CUDA there.
      return List.of();
    }
    folders.sort(null);
    return folders.reversed();
  }
}
