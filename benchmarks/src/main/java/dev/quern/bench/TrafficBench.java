package dev.quern.bench;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;

/**
 * How much relays that take everything idle delay the operator's own requests, at a server of its
 * own process: one client of the operator's over HTTP, alone and beside saturating relays in turn,
 * so that what else the machine does weighs on both alike. Prints the time to the first token of
 * both, and the relays' tokens.
 *
 * <p>Arguments: URL MODEL ROUNDS REQUESTS_A_ROUND PROMPT_TOKENS RELAY_CLIENTS. The server must take
 * requests that bear {@code Pocket-Service} for relays, and all others for its operator's.
 */
public final class TrafficBench {
  private static final int OWN_TOKENS = 8;
  private static final int RELAY_PROMPT = 48;
  private static final int RELAY_TOKENS = 64;
  private static final int WARM_UP = 20;

  private final URI completions;
  private final String model;
  private final int promptTokens;
  private final Random random = new Random(1);
  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private final AtomicLong relays = new AtomicLong();

  private TrafficBench(URI server, String model, int promptTokens) {
    this.completions = server.resolve("/v1/completions");
    this.model = model;
    this.promptTokens = promptTokens;
  }

  /** Runs the bench. */
  public static void main(String[] arguments) throws InterruptedException {
    URI server = URI.create(arguments[0]);
    int rounds = Integer.parseInt(arguments[2]);
    int requests = Integer.parseInt(arguments[3]);
    int clients = Integer.parseInt(arguments[5]);
    var bench = new TrafficBench(server, arguments[1], Integer.parseInt(arguments[4]));
    bench.ownBesideRelays(WARM_UP, clients);
    List<Double> alone = new ArrayList<>();
    List<Double> beside = new ArrayList<>();
    bench.relays.set(0);
    long besideNanos = 0;
    for (int round = 0; round < rounds; round++) {
      List<Double> quiet = bench.own(requests);
      long before = System.nanoTime();
      List<Double> busy = bench.ownBesideRelays(requests, clients);
      besideNanos += System.nanoTime() - before;
      System.out.printf("round %d: ", round + 1);
      compare(quiet, busy);
      alone.addAll(quiet);
      beside.addAll(busy);
    }
    print("alone", alone);
    print("beside relays", beside);
    System.out.printf(
        "relays: %.1f tokens/s beside%n", bench.relays.get() * RELAY_TOKENS / (besideNanos / 1e9));
    compare(alone, beside);
  }

  private static void compare(List<Double> alone, List<Double> beside) {
    System.out.printf(
        "p50 moves by %+.1f %%, p95 by %+.1f %%%n",
        100 * (percentile(beside, 0.5) / percentile(alone, 0.5) - 1),
        100 * (percentile(beside, 0.95) / percentile(alone, 0.95) - 1));
  }

  private static void print(String what, List<Double> millis) {
    System.out.printf(
        "%-14s n %d  TTFT ms p50 %.1f  p95 %.1f%n",
        what, millis.size(), percentile(millis, 0.5), percentile(millis, 0.95));
  }

  private static double percentile(List<Double> values, double share) {
    double[] sorted = values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
    return sorted[(int) Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)];
  }

  private List<Double> ownBesideRelays(int requests, int clients) throws InterruptedException {
    AtomicBoolean enough = new AtomicBoolean();
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < clients; i++) {
      long seed = random.nextLong();
      threads.add(Thread.ofVirtual().start(() -> relay(new Random(seed), enough)));
    }
    long before = relays.get();
    while (relays.get() < before + clients) {
      Thread.sleep(10);
    }
    List<Double> times = own(requests);
    enough.set(true);
    for (Thread thread : threads) {
      thread.join();
    }
    return times;
  }

  private void relay(Random tokens, AtomicBoolean enough) {
    while (!enough.get()) {
      HttpRequest request =
          HttpRequest.newBuilder(completions)
              .header("Pocket-Service", "text-generation")
              .POST(body(prompt(tokens, RELAY_PROMPT), RELAY_TOKENS, false))
              .build();
      try {
        if (client.send(request, HttpResponse.BodyHandlers.discarding()).statusCode() == 200) {
          relays.incrementAndGet();
        }
      } catch (IOException | InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  /** Times to the first token in milliseconds, one request after the other. */
  private List<Double> own(int requests) throws InterruptedException {
    List<Double> times = new ArrayList<>();
    for (int i = 0; i < requests; i++) {
      Thread.sleep(random.nextInt(30));
      HttpRequest request =
          HttpRequest.newBuilder(completions)
              .POST(body(prompt(random, promptTokens), OWN_TOKENS, true))
              .build();
      long sent = System.nanoTime();
      try {
        Iterator<String> lines =
            client.send(request, HttpResponse.BodyHandlers.ofLines()).body().iterator();
        lines.next();
        times.add((System.nanoTime() - sent) / 1e6);
        lines.forEachRemaining(line -> {});
      } catch (IOException e) {
        throw new IllegalStateException(e);
      }
    }
    return times;
  }

  /** Ids that no special token has; random, so that no prefix is found in the cache. */
  private static int[] prompt(Random random, int tokens) {
    int[] ids = new int[tokens];
    Arrays.setAll(ids, i -> 100 + random.nextInt(2_900));
    return ids;
  }

  private HttpRequest.BodyPublisher body(int[] prompt, int tokens, boolean stream) {
    return HttpRequest.BodyPublishers.ofString(
        "{\"model\":\""
            + model
            + "\",\"temperature\":0,\"min_tokens\":"
            + tokens
            + ",\"max_tokens\":"
            + tokens
            + ",\"stream\":"
            + stream
            + ",\"prompt\":["
            + Arrays.stream(prompt).mapToObj(Integer::toString).collect(Collectors.joining(","))
            + "]}");
  }
}
