package dev.quern.bench.peers;

import java.io.File;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * How a server is started.
 *
 * @param model the name that requests give it
 * @param command without the port
 * @param environment variables beyond those of this process
 */
record Peer(String name, String model, List<String> command, Map<String, String> environment) {
  static final String QUERN = "quern";
  static final String LLAMA_CPP = "llama.cpp";

  /** Sequences at once: what the widest test needs. */
  private static final int SEQUENCES = 16;

  /** Longest prompt and answer together. */
  private static final int CONTEXT = 1024;

  static Peer quern(Path jar, Path checkpoint, int threads, List<String> more) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-jar", jar.toString(), "serve", "--host", "127.0.0.1"));
    command.addAll(List.of("--model", checkpoint.toString()));
    command.addAll(List.of("--device", "cpu", "--threads", Integer.toString(threads)));
    command.addAll(List.of("--max-num-seqs", Integer.toString(SEQUENCES)));
    command.addAll(List.of("--max-model-len", Integer.toString(CONTEXT)));
    command.addAll(more);
    String model = String.valueOf(checkpoint.toAbsolutePath().normalize().getFileName());
    return new Peer(QUERN, model, List.copyOf(command), Map.of());
  }

  /**
   * llama.cpp's {@code llama-server} with continuous batching and without its cache of prompts.
   *
   * @param programs folder of the program and its libraries
   */
  static Peer llamaCpp(Path programs, Path gguf, int threads) {
    List<String> command = new ArrayList<>();
    command.add(programs.resolve("llama-server").toString());
    command.addAll(List.of("-m", gguf.toString(), "--host", "127.0.0.1"));
    command.addAll(List.of("-t", Integer.toString(threads), "-tb", Integer.toString(threads)));
    command.addAll(List.of("-c", Integer.toString(SEQUENCES * CONTEXT)));
    command.addAll(List.of("-np", Integer.toString(SEQUENCES)));
    command.addAll(List.of("--cache-ram", "0", "--log-disable"));
    String inherited = System.getenv("LD_LIBRARY_PATH");
    String libraries =
        inherited == null || inherited.isEmpty()
            ? programs.toString()
            : programs + File.pathSeparator + inherited;
    return new Peer(LLAMA_CPP, "model", List.copyOf(command), Map.of("LD_LIBRARY_PATH", libraries));
  }
}
