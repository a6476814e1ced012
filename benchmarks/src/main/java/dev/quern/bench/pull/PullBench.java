package dev.quern.bench.pull;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Pulls a synthetic model with curl and with Quern in turn, and prints what each took. */
@Command(
    name = "pull",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = "Measures 'quern pull' beside curl, from a hub on loopback.")
final class PullBench implements Runnable {
  @Option(names = "--megabytes", description = "size of the model (default: ${DEFAULT-VALUE})")
  private long megabytes = 2048;

  @Option(names = "--files", description = "in so many shards (default: ${DEFAULT-VALUE})")
  private int files = 4;

  @Option(names = "--rounds", description = "of each (default: ${DEFAULT-VALUE})")
  private int rounds = 3;

  @Option(names = "--folder", description = "where the model and its copies are written")
  private Path folder = Path.of(System.getProperty("java.io.tmpdir"));

  private PullBench() {}

  public static void main(String[] arguments) {
    System.exit(new CommandLine(new PullBench()).execute(arguments));
  }

  @Override
  public void run() {
    try {
      Path work = Files.createTempDirectory(folder, "quern-pull-");
      try {
        measure(work);
      } finally {
        delete(work);
      }
    } catch (IOException e) {
      throw new IllegalStateException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void measure(Path work) throws IOException, InterruptedException {
    Path source = Files.createDirectory(work.resolve("source"));
    SyntheticModel model = SyntheticModel.write(source, megabytes << 20, files);
    try (LoopbackHub hub = LoopbackHub.start(model)) {
      for (int round = 1; round <= rounds; round++) {
        MeasuredCommand curl = run(work, curl(hub, model, work.resolve("copy")), Map.of());
        System.out.println(line(round, "curl", model, curl) + "}");
        Path collections = Files.createTempFile(work, "collections", ".log");
        MeasuredCommand pull = run(work, quern(collections), quernEnvironment(hub, work));
        System.out.printf(
            "%s, \"peak_live_heap_megabytes\": %d}%n",
            line(round, "quern pull", model, pull), HeapLog.mostLeft(collections));
      }
    }
  }

  private static MeasuredCommand run(
      Path work, List<String> command, Map<String, String> environment)
      throws IOException, InterruptedException {
    Path copy = Files.createDirectory(work.resolve("copy"));
    MeasuredCommand measured = MeasuredCommand.run(command, environment);
    delete(copy);
    return measured;
  }

  /** One after the other over one connection, as curl does when asked for several files. */
  private static List<String> curl(LoopbackHub hub, SyntheticModel model, Path copy)
      throws IOException {
    List<String> command = new ArrayList<>(List.of("curl", "--silent", "--fail"));
    for (SyntheticModel.Shard file : model.files()) {
      command.addAll(List.of("--output", copy.resolve(file.name()).toString()));
      command.add(hub.uri() + "/bench/synthetic/resolve/main/" + file.name());
    }
    return command;
  }

  private static List<String> quern(Path collections) {
    return List.of(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        // As the launcher starts it.
        "-XX:+UseSerialGC",
        "-Xms64m",
        "-Xmx64m",
        "-Xmn32m",
        "-XX:SurvivorRatio=2",
        "-XX:+AlwaysPreTouch",
        "-Xlog:gc:file=" + collections,
        "--enable-native-access=ALL-UNNAMED",
        "-cp",
        System.getProperty("java.class.path"),
        "dev.quern.supplier.cli.Quern",
        "pull",
        "bench/synthetic");
  }

  private static Map<String, String> quernEnvironment(LoopbackHub hub, Path work)
      throws IOException {
    return Map.of(
        "HF_ENDPOINT", hub.uri().toString(), "HF_HUB_CACHE", work.resolve("copy").toString());
  }

  /** A JSON object without its closing brace. */
  private static String line(int round, String what, SyntheticModel model, MeasuredCommand took) {
    return String.format(
        Locale.ROOT,
        "{\"round\": %d, \"what\": \"%s\", \"megabytes\": %d, \"seconds\": %.2f,"
            + " \"megabytes_per_s\": %.0f, \"cpu_seconds\": %.2f, \"peak_megabytes\": %d",
        round,
        what,
        model.bytes() >> 20,
        took.seconds(),
        model.bytes() / took.seconds() / (1 << 20),
        took.cpuSeconds(),
        took.peakBytes() >> 20);
  }

  private static void delete(Path tree) throws IOException {
    try (Stream<Path> paths = Files.walk(tree)) {
      for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }
}
