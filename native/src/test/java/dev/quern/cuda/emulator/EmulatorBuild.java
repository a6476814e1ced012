package dev.quern.cuda.emulator;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Compiles kernels and emulator into one shared library under {@code target/emulator}, and the
 * look-alikes of other libraries. Each is named by the digest of its sources and flags, so that it
 * is built once.
 */
public final class EmulatorBuild {
  private static final List<String> FLAGS =
      List.of(
          "-std=c++20",
          "-g1",
          "-fPIC",
          "-fvisibility=hidden",
          "-Wall",
          "-Wno-unknown-pragmas",
          "-pthread",
          "-mtls-dialect=gnu2",
          "-march=x86-64-v3");

  private final Path kernels;
  private final Path emulator;
  private final Path libraries;
  private final Path output;

  /**
   * Of the module at {@code moduleRoot}.
   *
   * @param kernels folder of the {@code .cu} files
   */
  public EmulatorBuild(Path moduleRoot, Path kernels) {
    this.kernels = kernels.toAbsolutePath();
    this.emulator = moduleRoot.resolve("src/test/native/emulator").toAbsolutePath();
    this.libraries = moduleRoot.resolve("src/test/native/libraries").toAbsolutePath();
    this.output = moduleRoot.resolve("target/emulator").toAbsolutePath();
  }

  /** Of this module, which is where Maven runs tests. */
  public static EmulatorBuild ofThisModule() {
    return new EmulatorBuild(Path.of(""), Path.of("src/main/cuda"));
  }

  /** The same library for the tests of another module, which Maven runs in a folder beside. */
  public static EmulatorBuild ofNeighbour() {
    Path module = Path.of("").toAbsolutePath().resolveSibling("native");
    return new EmulatorBuild(module, module.resolve("src/main/cuda"));
  }

  /** Why there is no emulator on this machine, or empty. */
  public static Optional<String> missing() {
    if (!System.getProperty("os.arch").equals("amd64")) {
      return Optional.of("the emulator is built for x86-64 alone, and this is another machine");
    }
    try {
      new ProcessBuilder("g++", "--version")
          .redirectOutput(ProcessBuilder.Redirect.DISCARD)
          .redirectError(ProcessBuilder.Redirect.DISCARD)
          .start();
      return Optional.empty();
    } catch (IOException e) {
      return Optional.of("g++ is missing: the CUDA kernels are not tested here; install g++");
    }
  }

  /** The library, built if need be; {@code sanitized} with ASan and UBSan. */
  public Path library(boolean sanitized) {
    List<String> flags = new ArrayList<>(FLAGS);
    if (sanitized) {
      // Not optimized: it runs a little longer, but is built in little more than half the time.
      flags.addAll(
          List.of("-O0", "-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"));
    } else {
      flags.add("-O2");
    }
    flags.addAll(List.of("-I" + emulator, "-I" + kernels));
    return built(
        "libcuda",
        flags,
        List.of(kernels, emulator),
        List.of(
            emulator.resolve("look_alike_driver.cpp"),
            emulator.resolve("kernels_attention.cpp"),
            emulator.resolve("kernels_products.cpp")));
  }

  /** A cuBLASLt that works on the memory and the streams of {@link #library}. */
  public Path cublasLt() {
    List<String> flags = new ArrayList<>(FLAGS);
    flags.addAll(List.of("-O2", "-I" + emulator));
    return built(
        "libcublasLt",
        flags,
        List.of(emulator, libraries),
        List.of(libraries.resolve("look_alike_cublas_lt.cpp"), library(false)));
  }

  /** An NVML with one GPU, at the PCI bus id of the driver's first device. */
  public Path nvml() {
    return built(
        "libnvidia-ml",
        FLAGS,
        List.of(libraries),
        List.of(libraries.resolve("look_alike_nvml.cpp")));
  }

  /**
   * The library made of {@code inputs}, named by the contents of {@code folders}. Of processes that
   * want the same one at the same time, one builds it and the others wait.
   */
  private Path built(String name, List<String> flags, List<Path> folders, List<Path> inputs) {
    try {
      Path library = output.resolve(name + "-" + digest(flags, folders, inputs) + ".so");
      if (Files.exists(library)) {
        return library;
      }
      Files.createDirectories(output);
      // A file's lock is the whole process's: threads of one process take turns by the monitor.
      synchronized (EmulatorBuild.class) {
        try (FileChannel channel =
                FileChannel.open(
                    output.resolve(library.getFileName() + ".lock"),
                    StandardOpenOption.CREATE,
                    StandardOpenOption.WRITE);
            FileLock lock = channel.lock()) {
          if (!lock.isValid()) {
            throw new IllegalStateException("lost the lock of " + library);
          }
          if (!Files.exists(library)) {
            compile(flags, inputs, library);
          }
        }
      }
      return library;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Compiles each source on its own, all at the same time, and links them with the libraries. */
  private static void compile(List<String> flags, List<Path> inputs, Path library)
      throws IOException {
    Path folder = Files.createTempDirectory(library.getParent(), "look-alike");
    Compiler compiler = new Compiler(folder);
    List<String> parts = new ArrayList<>();
    List<List<String>> commands = new ArrayList<>();
    for (Path input : inputs) {
      if (input.toString().endsWith(".so")) {
        parts.add(input.toString());
        continue;
      }
      String object = folder.resolve(input.getFileName() + ".o").toString();
      commands.add(joined(flags, List.of("-c", input.toString(), "-o", object)));
      parts.add(object);
    }
    compiler.run(commands);
    Path fresh = folder.resolve("library.so");
    compiler.run(List.of(joined(flags, joined(parts, List.of("-shared", "-o", fresh.toString())))));
    Files.move(fresh, library, StandardCopyOption.ATOMIC_MOVE);
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    Files.delete(folder);
  }

  private static List<String> joined(List<String> first, List<String> second) {
    List<String> all = new ArrayList<>(first);
    all.addAll(second);
    return all;
  }

  private static String digest(List<String> flags, List<Path> folders, List<Path> inputs)
      throws IOException {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update(String.join(" ", flags).getBytes(StandardCharsets.UTF_8));
      digest.update(inputs.toString().getBytes(StandardCharsets.UTF_8));
      for (Path folder : folders) {
        try (Stream<Path> files = Files.list(folder)) {
          for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
            digest.update(file.getFileName().toString().getBytes(StandardCharsets.UTF_8));
            digest.update(Files.readAllBytes(file));
          }
        }
      }
      return HexFormat.of().formatHex(digest.digest()).substring(0, 16);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
