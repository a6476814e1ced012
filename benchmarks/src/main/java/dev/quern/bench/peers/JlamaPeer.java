package dev.quern.bench.peers;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Jlama, which has no server that takes token ids: a driver runs it in its own process and prints a
 * JSON object a line. So its figures have no HTTP in them.
 *
 * @param jars folder of Jlama, what it needs, and the driver {@code JlamaBench}
 */
record JlamaPeer(Path jars, Path checkpoint, int repetitions, int clients) {
  static final String NAME = "jlama";

  private static final String DRIVER = "com.github.tjake.jlama.model.JlamaBench";

  /** The weights as they are, and activations in the type that Jlama is quickest with. */
  private static final List<String> TYPES = List.of("none", "F32");

  /**
   * Runs all tests of the driver once.
   *
   * @param log gets what is not a figure
   * @return the driver's objects: {@code to_first_token_s}, or {@code test} and its figures
   */
  List<JsonNode> run(Path log) throws IOException, InterruptedException {
    Path output = Files.createTempFile("quern-jlama", ".out");
    try {
      Process process =
          new ProcessBuilder(command())
              .redirectOutput(output.toFile())
              .redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()))
              .start();
      Thread stop = new Thread(process::destroy);
      Runtime.getRuntime().addShutdownHook(stop);
      int exitCode = process.waitFor();
      Runtime.getRuntime().removeShutdownHook(stop);
      if (exitCode != 0) {
        throw new IOException("Jlama's driver ended with " + exitCode + "; see " + log);
      }
      return figures(Files.readAllLines(output));
    } finally {
      Files.delete(output);
    }
  }

  private static List<JsonNode> figures(List<String> lines) throws IOException {
    ObjectMapper json = new ObjectMapper();
    List<JsonNode> figures = new ArrayList<>();
    for (String line : lines) {
      if (line.startsWith("{")) {
        figures.add(json.readTree(line));
      }
    }
    return figures;
  }

  private List<String> command() {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("--add-modules", "jdk.incubator.vector", "--enable-preview"));
    command.addAll(List.of("--enable-native-access=ALL-UNNAMED", "-cp", jars + "/*", DRIVER));
    command.add(checkpoint.toString());
    command.addAll(TYPES);
    command.add(Integer.toString(repetitions));
    command.add(Integer.toString(clients));
    return command;
  }
}
