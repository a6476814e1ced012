package dev.quern.bench.load;

import java.net.URI;
import java.net.http.HttpClient;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;

/**
 * {@code java -cp ... dev.quern.bench.load.LoadGenerator --url http://127.0.0.1:8080 --model m -c
 * 16}: random prompts, all different (so that no prefix cache helps), streamed answers, one JSON
 * object on standard output.
 */
@CommandLine.Command(
    name = "load",
    mixinStandardHelpOptions = true,
    description =
        "Loads an OpenAI-compatible endpoint and prints latencies and throughput as JSON.")
public final class LoadGenerator implements Callable<Integer> {
  @CommandLine.Option(
      names = "--url",
      required = true,
      description = "server, e.g. http://127.0.0.1:8080")
  private URI url = URI.create("http://127.0.0.1:8080");

  @CommandLine.Option(names = "--model", required = true, description = "model name to ask for")
  private String model = "";

  @CommandLine.Option(names = "--api-key", description = "bearer token")
  private @Nullable String apiKey;

  @CommandLine.Option(
      names = {"-c", "--concurrency"},
      description = "closed loop: clients at once")
  private int concurrency;

  @CommandLine.Option(names = "--rate", description = "open loop: arrivals a second")
  private double rate;

  @CommandLine.Option(
      names = {"-n", "--requests"},
      defaultValue = "32")
  private int requests;

  @CommandLine.Option(names = "--prompt-tokens", defaultValue = "128")
  private int promptTokens;

  @CommandLine.Option(names = "--max-tokens", defaultValue = "128")
  private int maxTokens;

  @CommandLine.Option(
      names = "--vocabulary",
      defaultValue = "32000",
      description = "ids below this are drawn")
  private int vocabulary;

  @CommandLine.Option(
      names = "--reserved",
      defaultValue = "262",
      description = "ids below this are not drawn")
  private int reserved;

  @CommandLine.Option(
      names = "--warm-up",
      defaultValue = "2",
      description = "requests sent first, not counted")
  private int warmUp;

  @CommandLine.Option(names = "--seed", defaultValue = "1")
  private long seed;

  public static void main(String[] arguments) {
    System.exit(new CommandLine(new LoadGenerator()).execute(arguments));
  }

  @Override
  public Integer call() throws Exception {
    LoadShape shape =
        new LoadShape(
            concurrency, rate, requests, promptTokens, maxTokens, vocabulary, reserved, seed);
    try (HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()) {
      StreamingClient client = new StreamingClient(http, url, model, apiKey);
      RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
      for (int i = 0; i < warmUp; i++) {
        client.send(prompt(shape, random), maxTokens, System.nanoTime());
      }
      long start = System.nanoTime();
      List<RequestTrace> traces =
          rate > 0 ? openLoop(client, shape, random) : closedLoop(client, shape, random);
      System.out.println(LoadReport.of(traces, (System.nanoTime() - start) / 1e9));
      return traces.stream().allMatch(RequestTrace::succeeded) ? 0 : 1;
    }
  }

  /** Each client sends its next request when its last has ended. */
  private static List<RequestTrace> closedLoop(
      StreamingClient client, LoadShape shape, RandomGenerator random)
      throws InterruptedException, ExecutionException {
    List<int[]> prompts = prompts(shape, random);
    AtomicInteger next = new AtomicInteger();
    try (ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<List<RequestTrace>>> results = new ArrayList<>();
      for (int c = 0; c < shape.concurrency(); c++) {
        results.add(
            clients.submit(
                () -> {
                  List<RequestTrace> traces = new ArrayList<>();
                  for (int i = next.getAndIncrement();
                      i < prompts.size();
                      i = next.getAndIncrement()) {
                    traces.add(client.send(prompts.get(i), shape.maxTokens(), System.nanoTime()));
                  }
                  return traces;
                }));
      }
      List<RequestTrace> all = new ArrayList<>();
      for (Future<List<RequestTrace>> result : results) {
        all.addAll(result.get());
      }
      return all;
    }
  }

  /**
   * Requests arrive as a Poisson process, whatever the server does; latency counts from when each
   * was due.
   */
  private static List<RequestTrace> openLoop(
      StreamingClient client, LoadShape shape, RandomGenerator random)
      throws InterruptedException, ExecutionException {
    List<int[]> prompts = prompts(shape, random);
    try (ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<RequestTrace>> results = new ArrayList<>();
      double due = System.nanoTime();
      for (int[] prompt : prompts) {
        due += random.nextExponential() / shape.ratePerSecond() * 1e9;
        long dueNanos = (long) due;
        for (long left = dueNanos - System.nanoTime();
            left > 0;
            left = dueNanos - System.nanoTime()) {
          LockSupport.parkNanos(left);
        }
        results.add(clients.submit(() -> client.send(prompt, shape.maxTokens(), dueNanos)));
      }
      List<RequestTrace> all = new ArrayList<>();
      for (Future<RequestTrace> result : results) {
        all.add(result.get());
      }
      return all;
    }
  }

  private static List<int[]> prompts(LoadShape shape, RandomGenerator random) {
    List<int[]> prompts = new ArrayList<>();
    for (int i = 0; i < shape.requests(); i++) {
      prompts.add(prompt(shape, random));
    }
    return prompts;
  }

  private static int[] prompt(LoadShape shape, RandomGenerator random) {
    return random.ints(shape.promptTokens(), shape.reserved(), shape.vocabulary()).toArray();
  }
}
