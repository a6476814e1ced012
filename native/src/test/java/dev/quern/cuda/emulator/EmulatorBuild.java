package dev.quern.cuda.emulator;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * Compiles kernels and emulator into one shared library under {@code target/emulator}, and the
 * look-alikes of other libraries. Each is named by the digest of its sources and flags, so that it
 * is built once.
 */
public final class EmulatorBuild {
  private static final long MINUTES = 10;
  private static final List<String> FLAGS =
      List.of(
          "-std=c++20",
          "-g1",
          "-fPIC",
          "-shared",
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
      run(List.of("g++", "--version"));
      return Optional.empty();
    } catch (IOException e) {
      return Optional.of("g++ is missing: the CUDA kernels are not tested here; install g++");
    }
  }

  /** The library, built if need be; {@code sanitized} with ASan and UBSan. */
  public Path library(boolean sanitized) {
    List<String> flags = new ArrayList<>(FLAGS);
    if (sanitized) {
      flags.addAll(
          List.of("-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"));
    } else {
      flags.add("-O2");
    }
    flags.addAll(List.of("-I" + emulator, "-I" + kernels));
    return built(
        "libcuda",
        flags,
        List.of(kernels, emulator),
        List.of(emulator.resolve("look_alike_driver.cpp")));
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

  /** The library made of {@code inputs}, named by the contents of {@code folders}. */
  private Path built(String name, List<String> flags, List<Path> folders, List<Path> inputs) {
    try {
      Path library = output.resolve(name + "-" + digest(flags, folders, inputs) + ".so");
      if (!Files.exists(library)) {
        compile(flags, inputs, library);
      }
      return library;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void compile(List<String> flags, List<Path> inputs, Path library) throws IOException {
    Files.createDirectories(output);
    Path fresh = Files.createTempFile(output, "look-alike", ".tmp");
    List<String> command = new ArrayList<>(List.of("g++"));
    command.addAll(flags);
    inputs.forEach(input -> command.add(input.toString()));
    command.addAll(List.of("-o", fresh.toString()));
    run(command);
    try {
      Files.move(fresh, library, StandardCopyOption.ATOMIC_MOVE);
    } catch (AtomicMoveNotSupportedException e) {
      Files.move(fresh, library, StandardCopyOption.REPLACE_EXISTING);
    }
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

  private static void run(List<String> command) throws IOException {
    Path log = Files.createTempFile("emulator-build", ".log");
    try {
      Process process =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(log.toFile())
              .start();
      if (!process.waitFor(MINUTES, TimeUnit.MINUTES)) {
        process.destroyForcibly();
        throw new IllegalStateException(command + " took more than " + MINUTES + " minutes");
      }
      if (process.exitValue() != 0) {
        throw new IllegalStateException(command + " failed:\n" + Files.readString(log));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    } finally {
      Files.deleteIfExists(log);
    }
  }
}
