package dev.quern.cuda.emulator;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Runs of {@code g++}, several at a time, with their logs in one folder. */
final class Compiler {
  private static final long MINUTES = 10;

  private final Path logs;

  Compiler(Path logs) {
    this.logs = logs;
  }

  private record Running(List<String> command, Process process, Path log) {}

  /**
   * Starts all at once and waits for them.
   *
   * @param arguments those of each run
   * @throws IllegalStateException if one fails, with what it printed; the others are ended then
   */
  void run(List<List<String>> arguments) throws IOException {
    List<Running> all = new ArrayList<>();
    try {
      for (List<String> one : arguments) {
        all.add(start(one));
      }
      for (Running one : all) {
        finish(one);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    } finally {
      all.forEach(one -> one.process().destroyForcibly());
    }
  }

  private Running start(List<String> arguments) throws IOException {
    List<String> command = new ArrayList<>(List.of("g++"));
    command.addAll(arguments);
    Path log = Files.createTempFile(logs, "g++", ".log");
    Process process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    return new Running(command, process, log);
  }

  private static void finish(Running one) throws IOException, InterruptedException {
    if (!one.process().waitFor(MINUTES, TimeUnit.MINUTES)) {
      throw new IllegalStateException(one.command() + " took more than " + MINUTES + " minutes");
    }
    if (one.process().exitValue() != 0) {
      throw new IllegalStateException(one.command() + " failed:\n" + Files.readString(one.log()));
    }
  }
}
