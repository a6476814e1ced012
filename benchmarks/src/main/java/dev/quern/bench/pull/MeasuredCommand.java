package dev.quern.bench.pull;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * What a command took.
 *
 * @param cpuSeconds of user and system together, over all its threads
 * @param peakBytes the most memory that was resident at once
 */
record MeasuredCommand(double seconds, double cpuSeconds, long peakBytes) {
  private static final long LOOK_MILLIS = 20;

  /** Runs a command to its end; an exit code that is not 0 is an error. */
  static MeasuredCommand run(List<String> command, Map<String, String> environment)
      throws IOException, InterruptedException {
    Path times = Files.createTempFile("times", "");
    List<String> timed =
        new ArrayList<>(
            List.of(
                "bash",
                "-c",
                "TIMEFORMAT='%R %U %S'; { time \"$@\" >&3 2>&4; } 3>&1 4>&2 2>" + times,
                "bash"));
    timed.addAll(command);
    ProcessBuilder builder = new ProcessBuilder(timed).redirectErrorStream(true);
    builder.environment().putAll(environment);
    Path output = Files.createTempFile("output", "");
    Process process = builder.redirectOutput(output.toFile()).start();
    long peak = 0;
    while (!process.waitFor(LOOK_MILLIS, TimeUnit.MILLISECONDS)) {
      peak = Math.max(peak, peakOfChildren(process));
    }
    if (process.exitValue() != 0) {
      throw new IllegalStateException(command.getFirst() + " failed: " + Files.readString(output));
    }
    String[] parts = Files.readString(times).strip().split(" ", -1);
    Files.delete(times);
    Files.delete(output);
    double user = Double.parseDouble(parts[1]);
    return new MeasuredCommand(
        Double.parseDouble(parts[0]), user + Double.parseDouble(parts[2]), peak);
  }

  private static long peakOfChildren(Process process) {
    try (Stream<ProcessHandle> children = process.descendants()) {
      return children.mapToLong(child -> peak(child.pid())).max().orElse(0);
    }
  }

  private static long peak(long pid) {
    try (Stream<String> lines =
        Files.lines(Path.of("/proc/" + pid + "/status"), StandardCharsets.US_ASCII)) {
      return lines
          .filter(line -> line.startsWith("VmHWM:"))
          .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) << 10)
          .sum();
    } catch (IOException | RuntimeException e) {
      return 0; // It ended meanwhile.
    }
  }
}
