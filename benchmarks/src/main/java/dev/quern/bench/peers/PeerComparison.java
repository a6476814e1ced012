package dev.quern.bench.peers;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quern.bench.load.LoadRun;
import dev.quern.bench.load.LoadShape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;

/**
 * {@code benchmarks/peers}: Quern, llama.cpp and, when asked for, Jlama in turn, in rounds, on the
 * same checkpoint.
 */
@CommandLine.Command(
    name = "peers",
    mixinStandardHelpOptions = true,
    description = "Measures Quern beside llama.cpp and Jlama on one checkpoint.")
public final class PeerComparison implements Callable<Integer> {
  private static final int MANY_CLIENTS = 16;
  private static final int PROMPT_TOKENS = 128;
  private static final int LONG_PROMPT_TOKENS = 512;
  private static final int SHORT_OUTPUT_TOKENS = 2;

  /** Jlama's tests of one sequence a round; those of 16 are three at most. */
  private static final int JLAMA_REPETITIONS = 2;

  private static final String FIRST_TOKEN = "start to first token, s";
  private static final String ONE_CLIENT = "1 client: output tokens/s";
  private static final String ONE_CLIENT_DECODE =
      "1 client: 1 / median time per output token, tokens/s";
  private static final String PREFILL =
      "1 client, 512 + 2: prompt tokens / median time to first token, tokens/s";
  private static final String MANY = "16 clients: output tokens/s";

  @CommandLine.Option(
      names = "--model",
      required = true,
      description = "checkpoint folder, in the Hugging Face layout")
  private Path model = Path.of("");

  @CommandLine.Option(
      names = "--gguf",
      required = true,
      description = "the same weights for llama.cpp")
  private Path gguf = Path.of("");

  @CommandLine.Option(
      names = "--llama-bin",
      required = true,
      description = "folder of llama-server and its libraries")
  private Path llamaPrograms = Path.of("");

  @CommandLine.Option(
      names = "--jlama",
      description = "folder of Jlama's jars and its driver's; Jlama is left out without it")
  private @Nullable Path jlamaJars;

  @CommandLine.Option(
      names = "--quern-jar",
      defaultValue = "supplier-api/target/quern.jar",
      description = "default: ${DEFAULT-VALUE}")
  private Path quernJar = Path.of("");

  @CommandLine.Option(
      names = "--quern-flag",
      description = "a further word for 'quern serve'; may be given often")
  private List<String> quernFlags = List.of();

  @CommandLine.Option(
      names = "--threads",
      defaultValue = "2",
      description = "compute threads of each server; default: ${DEFAULT-VALUE}")
  private int threads;

  @CommandLine.Option(
      names = "--vocabulary",
      defaultValue = "32000",
      description = "token ids below this are drawn; default: ${DEFAULT-VALUE}")
  private int vocabulary;

  @CommandLine.Option(names = "--rounds", defaultValue = "3")
  private int rounds;

  @CommandLine.Option(
      names = "--requests",
      defaultValue = "4",
      description = "of one client; default: ${DEFAULT-VALUE}")
  private int requests;

  @CommandLine.Option(
      names = "--many-requests",
      defaultValue = "32",
      description = "of 16 clients together; default: ${DEFAULT-VALUE}")
  private int manyRequests;

  @CommandLine.Option(
      names = "--output-tokens",
      defaultValue = "128",
      description = "of each request but those for prefill; default: ${DEFAULT-VALUE}")
  private int outputTokens;

  @CommandLine.Option(
      names = "--idle-seconds",
      defaultValue = "10",
      description = "default: ${DEFAULT-VALUE}")
  private int idleSeconds;

  @CommandLine.Option(
      names = "--quiet-cores",
      defaultValue = "0.12",
      description = "cores that others may use when a test begins; default: ${DEFAULT-VALUE}")
  private double quietCores;

  @CommandLine.Option(
      names = "--quiet-wait",
      defaultValue = "240",
      description = "seconds to wait for that before each test; default: ${DEFAULT-VALUE}")
  private int quietWaitSeconds;

  @CommandLine.Option(names = "--out", description = "file to add the JSON lines to")
  private @Nullable Path out;

  private final ObjectMapper json = new ObjectMapper();
  private final ResultTable table = new ResultTable();
  private boolean failed;

  public static void main(String[] arguments) {
    System.exit(new CommandLine(new PeerComparison()).execute(arguments));
  }

  @Override
  public Integer call() throws Exception {
    if (!Files.isRegularFile(quernJar)) {
      System.err.println(quernJar + " is not there; './quern version' builds it");
      return 1;
    }
    Path log = Files.createTempFile("quern-peers", ".log");
    System.err.println("What the servers say: " + log);
    Peer quern = Peer.quern(quernJar, model, threads, quernFlags);
    Peer llama = Peer.llamaCpp(llamaPrograms, gguf, threads);
    for (Peer peer : List.of(quern, llama)) {
      // Unmeasured: natives are unpacked and files are in the page cache after it.
      RunningPeer.start(peer, log).close();
    }
    Optional<JlamaPeer> jlama =
        Optional.ofNullable(jlamaJars)
            .map(jars -> new JlamaPeer(jars, model, JLAMA_REPETITIONS, MANY_CLIENTS));
    for (int round = 0; round < rounds; round++) {
      // Neither is always the one that runs on the warmer machine.
      List<Peer> order = round % 2 == 0 ? List.of(quern, llama) : List.of(llama, quern);
      for (Peer peer : order) {
        measure(peer, round, log);
      }
      if (jlama.isPresent()) {
        measure(jlama.get(), round, log);
      }
    }
    List<String> peers = new ArrayList<>(List.of(Peer.QUERN, Peer.LLAMA_CPP));
    jlama.ifPresent(_ -> peers.add(JlamaPeer.NAME));
    System.out.println();
    System.out.print(table.markdown(peers));
    return failed ? 1 : 0;
  }

  private void measure(Peer peer, int round, Path log)
      throws IOException, InterruptedException, ExecutionException {
    awaitQuiet();
    double busyBefore = Machine.busySeconds();
    try (RunningPeer server = RunningPeer.start(peer, log)) {
      ObjectNode start = figures(peer, "start", round);
      start.put("first_token_s", server.firstTokenSeconds());
      // This program's own share, a few hundredths of a second, is left in.
      double others = Machine.busySeconds() - busyBefore - server.cpuSeconds();
      start.put("other_cores", Math.max(0, others / server.firstTokenSeconds()));
      emit(start);
      table.add(FIRST_TOKEN, peer.name(), server.firstTokenSeconds());

      int seed = 1000 * (round + 1);
      ObjectNode one =
          load(server, "decode-1", round, shape(1, requests, PROMPT_TOKENS, outputTokens, seed));
      table.add(ONE_CLIENT, peer.name(), throughput(one));
      table.add(
          ONE_CLIENT_DECODE,
          peer.name(),
          1000 / one.path("tpot_ms").path("p50").asDouble(Double.NaN));

      ObjectNode prefill =
          load(
              server,
              "prefill-512",
              round,
              shape(1, 2 * requests, LONG_PROMPT_TOKENS, SHORT_OUTPUT_TOKENS, seed + 1));
      table.add(
          PREFILL,
          peer.name(),
          LONG_PROMPT_TOKENS * 1000 / prefill.path("ttft_ms").path("p50").asDouble(Double.NaN));

      ObjectNode many =
          load(
              server,
              "decode-16",
              round,
              shape(MANY_CLIENTS, manyRequests, PROMPT_TOKENS, outputTokens, seed + 2));
      table.add(MANY, peer.name(), throughput(many));
      addShare("16 clients: share of a step outside the model", "step_share_outside_model", many);
      addShare("16 clients: HTTP threads' share of CPU time", "cpu_share_http_threads", many);

      idle(server, round);
    }
  }

  /** Jlama measures itself, in its own process; only the rows that both can have are filled. */
  private void measure(JlamaPeer jlama, int round, Path log)
      throws IOException, InterruptedException {
    awaitQuiet();
    for (JsonNode line : jlama.run(log)) {
      ObjectNode figures =
          json.createObjectNode().put("server", JlamaPeer.NAME).put("round", round + 1);
      figures.setAll((ObjectNode) line);
      emit(figures);
      addJlama(FIRST_TOKEN, "to_first_token_s", line);
      addJlama(ONE_CLIENT, "e2e_tok_s", line);
      addJlama(ONE_CLIENT_DECODE, "decode_tok_s", line);
      addJlama(PREFILL, "prefill_tok_s", line);
      addJlama(MANY, "out_tok_s", line);
    }
  }

  private void addJlama(String row, String field, JsonNode figures) {
    if (figures.has(field)) {
      table.add(row, JlamaPeer.NAME, figures.path(field).asDouble());
    }
  }

  private LoadShape shape(int clients, int requests, int prompt, int output, int seed) {
    int reserved = Math.min(262, vocabulary / 2);
    return new LoadShape(clients, 0, requests, prompt, output, vocabulary, reserved, seed);
  }

  private ObjectNode load(RunningPeer server, String test, int round, LoadShape shape)
      throws IOException, InterruptedException, ExecutionException {
    awaitQuiet();
    boolean isQuern = server.peer().name().equals(Peer.QUERN);
    StepShares sharesBefore = isQuern ? StepShares.of(server) : null;
    double busyBefore = Machine.busySeconds();
    double usedBefore = server.cpuSeconds() + ownCpuSeconds();
    long begin = System.nanoTime();
    ObjectNode report = LoadRun.measure(server.url(), server.peer().model(), null, shape, 1);
    double seconds = (System.nanoTime() - begin) / 1e9;
    double used = server.cpuSeconds() + ownCpuSeconds() - usedBefore;
    ObjectNode figures = figures(server.peer(), test, round);
    figures.setAll(report);
    double others = Machine.busySeconds() - busyBefore - used;
    figures.put("other_cores", Math.max(0, others / seconds));
    if (sharesBefore != null) {
      StepShares.of(server).report(sharesBefore, figures);
    }
    emit(figures);
    failed |= report.path("finished").asInt() < shape.requests();
    return figures;
  }

  private void idle(RunningPeer server, int round) throws IOException, InterruptedException {
    Thread.sleep(2000);
    double before = server.cpuSeconds();
    Thread.sleep(Duration.ofSeconds(idleSeconds));
    double percent = 100 * (server.cpuSeconds() - before) / idleSeconds;
    emit(figures(server.peer(), "idle", round).put("cpu_percent_of_one_core", percent));
    table.add("idle: CPU, % of one core", server.peer().name(), percent);
  }

  private void addShare(String row, String field, ObjectNode figures) {
    if (figures.has(field)) {
      table.add(row, figures.path("server").asText(), figures.path(field).asDouble());
    }
  }

  private static double throughput(ObjectNode report) {
    return report.path("output_tokens_per_s").asDouble();
  }

  private void awaitQuiet() throws IOException, InterruptedException {
    Machine.awaitQuiet(quietCores, Duration.ofSeconds(quietWaitSeconds));
  }

  private static double ownCpuSeconds() {
    return ProcessHandle.current().info().totalCpuDuration().orElse(Duration.ZERO).toNanos() / 1e9;
  }

  private ObjectNode figures(Peer peer, String test, int round) {
    return json.createObjectNode()
        .put("server", peer.name())
        .put("test", test)
        .put("round", round + 1);
  }

  private void emit(ObjectNode figures) throws IOException {
    System.out.println(figures);
    if (out != null) {
      Files.writeString(out, figures + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }
  }
}
