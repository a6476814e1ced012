package dev.quern.cuda.kernel;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.BinaryOperator;
import java.util.stream.Stream;

/** Copies of the kernels for bf16 alone, which take a third of the time to build and to run. */
final class Bf16Kernels {
  private static final Path KERNELS = Path.of("src/main/cuda");
  private static final String ALL_TYPES = "instantiate(bf16) instantiate(fp16) instantiate(fp32)";
  private static final String ONE_TYPE = "instantiate(bf16)";

  private Bf16Kernels() {}

  /** Writes them to {@code folder} as they are. */
  static Path write(Path folder) throws IOException {
    return write(folder, (file, text) -> text);
  }

  /**
   * Writes them to {@code folder}.
   *
   * @param change makes of a file's name and text the text that is written
   */
  static Path write(Path folder, BinaryOperator<String> change) throws IOException {
    Files.createDirectories(folder);
    boolean found = false;
    try (Stream<Path> sources = Files.list(KERNELS)) {
      for (Path source : sources.toList()) {
        String name = source.getFileName().toString();
        String text = Files.readString(source);
        found |= text.contains(ALL_TYPES);
        Files.writeString(
            folder.resolve(name), change.apply(name, text).replace(ALL_TYPES, ONE_TYPE));
      }
    }
    if (!found) {
      throw new IllegalStateException("no kernel source lists its types as: " + ALL_TYPES);
    }
    return folder;
  }
}
