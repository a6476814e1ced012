package dev.quern.bench.load;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.net.URI;
import java.net.http.HttpClient;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.jspecify.annotations.Nullable;

/**
 * One load on one server: random prompts, all different (so that no prefix cache helps), streamed
 * answers.
 */
public final class LoadRun {
  private LoadRun() {}

  /**
   * Sends the load and waits for its end.
   *
   * @param warmUp requests sent first, one after another, not counted
   * @return the figures of {@link LoadReport}; failed requests are counted in it by their reason
   */
  public static ObjectNode measure(
      URI server, String model, @Nullable String apiKey, LoadShape shape, int warmUp)
      throws InterruptedException, ExecutionException {
    try (HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()) {
      StreamingClient client = new StreamingClient(http, server, model, apiKey);
      RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(shape.seed());
      for (int i = 0; i < warmUp; i++) {
        client.send(prompt(shape, random), shape.maxTokens(), System.nanoTime());
      }
      long start = System.nanoTime();
      List<RequestTrace> traces =
          shape.ratePerSecond() > 0
              ? openLoop(client, shape, random)
              : closedLoop(client, shape, random);
      return LoadReport.of(traces, (System.nanoTime() - start) / 1e9);
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
