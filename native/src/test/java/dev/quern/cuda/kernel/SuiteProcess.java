package dev.quern.cuda.kernel;

import dev.quern.cuda.emulator.EmulatorMode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/** Runs {@link KernelSuite} in a JVM of its own. */
final class SuiteProcess {
  private static final long MINUTES = 10;
  private static final Pattern INTERESTING =
      Pattern.compile(
          "ERROR: AddressSanitizer|runtime error|SIG[A-Z]+ |: .*(relative error|element|fault)");

  private final Path library;
  private final boolean sanitized;

  SuiteProcess(Path library, boolean sanitized) {
    this.library = library;
    this.sanitized = sanitized;
  }

  /** What the suite found, in one line, or empty when it passed. */
  String run(EmulatorMode mode) throws IOException {
    return run(mode, List.of());
  }

  /** The same for the checks of one type alone. */
  String run(EmulatorMode mode, ElementType type) throws IOException {
    return run(mode, List.of(type.name()));
  }

  private String run(EmulatorMode mode, List<String> types) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of(
            "-Xmx1g",
            "-XX:ErrorFile=/dev/null",
            "-XX:-CreateCoredumpOnCrash",
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            System.getProperty("java.class.path"),
            KernelSuite.class.getName(),
            library.toString(),
            mode.name()));
    command.addAll(types);
    Path log = Files.createTempFile("kernel-suite", ".log");
    try {
      ProcessBuilder builder =
          new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
      if (sanitized) {
        builder
            .environment()
            .put("LD_PRELOAD", compilerFile("libasan.so") + " " + compilerFile("libubsan.so"));
        // The JVM handles signals itself, and never frees everything.
        builder
            .environment()
            .put(
                "ASAN_OPTIONS",
                "handle_segv=0:handle_sigbus=0:handle_sigill=0:handle_sigfpe=0:detect_leaks=0"
                    + ":use_sigaltstack=0");
      }
      Process process = builder.start();
      if (!process.waitFor(MINUTES, TimeUnit.MINUTES)) {
        process.destroyForcibly();
        return "still running after " + MINUTES + " minutes";
      }
      return process.exitValue() == 0 ? "" : summary(process.exitValue(), Files.readString(log));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    } finally {
      Files.deleteIfExists(log);
    }
  }

  private static String summary(int exit, String log) {
    return log.lines()
        .filter(line -> INTERESTING.matcher(line).find())
        .findFirst()
        .orElseGet(() -> "exit " + exit + ": " + log.lines().findFirst().orElse(""));
  }

  private static String compilerFile(String name) throws IOException {
    Process process = new ProcessBuilder("g++", "-print-file-name=" + name).start();
    return new String(
            process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8)
        .strip();
  }
}
