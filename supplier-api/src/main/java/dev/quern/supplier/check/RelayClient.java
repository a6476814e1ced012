package dev.quern.supplier.check;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** Sends requests as a miner does: HTTP/1.1, connections kept, no query, few headers. */
final class RelayClient implements AutoCloseable {
  /** Of made-up addresses: a server may count by them, but must not need them. */
  static final Map<String, String> POCKET_HEADERS =
      Map.of(
          "Pocket-Supplier", "pokt1selftestsupplier",
          "Pocket-Service", "text-generation",
          "Pocket-Application", "pokt1selftestapplication");

  private static final long LONGEST_BODY = 256 << 20;

  private final CheckTarget target;
  private final HttpClient http;

  RelayClient(CheckTarget target) {
    this.target = target;
    this.http =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(target.times().head())
            .build();
  }

  String model() {
    return target.model();
  }

  CheckTimes times() {
    return target.times();
  }

  Answer head(String path) throws CheckFailure {
    HttpRequest request =
        request(path, Map.of()).method("HEAD", HttpRequest.BodyPublishers.noBody()).build();
    return send(request, times().ping(), times().ping());
  }

  Answer get(String path, Map<String, String> headers) throws CheckFailure {
    return send(request(path, headers).GET().build(), times().body(), times().body());
  }

  Answer get(String path) throws CheckFailure {
    return get(path, Map.of());
  }

  Answer post(String path, JsonNode body) throws CheckFailure {
    return post(path, body.toString(), Map.of());
  }

  Answer post(String path, String body, Map<String, String> headers) throws CheckFailure {
    return send(posting(path, body, headers), times().body(), times().body());
  }

  /** Fails unless the head comes within the miner's time. */
  Answer postExpectingHead(String path, JsonNode body) throws CheckFailure {
    return send(posting(path, body.toString(), Map.of()), times().head(), times().body());
  }

  private HttpRequest posting(String path, String body, Map<String, String> headers) {
    return request(path, headers)
        .header("Content-Type", "application/json")
        .POST(HttpRequest.BodyPublishers.ofString(body))
        .build();
  }

  private HttpRequest.Builder request(String path, Map<String, String> headers) {
    HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(target.base() + path));
    target.key().ifPresent(key -> request.setHeader("Authorization", "Bearer " + key));
    if (target.pocketHeaders()) {
      POCKET_HEADERS.forEach(request::setHeader);
    }
    headers.forEach(request::setHeader);
    return request;
  }

  private Answer send(HttpRequest request, Duration headTime, Duration bodyTime)
      throws CheckFailure {
    String what = request.method() + " " + request.uri().getPath();
    long begin = System.nanoTime();
    CompletableFuture<Long> headCame = new CompletableFuture<>();
    AtomicInteger arrivals = new AtomicInteger();
    CompletableFuture<HttpResponse<byte[]>> answer =
        http.sendAsync(
            request,
            head -> {
              headCame.complete(System.nanoTime() - begin);
              return new CountingSubscriber(arrivals);
            });
    // A connection that fails before any head fails both.
    CompletableFuture<Object> headOrFailure = CompletableFuture.anyOf(headCame, answer);
    try {
      within(headOrFailure, headTime, what + ": no head came");
      Duration untilHead = Duration.ofNanos(headCame.join());
      Duration left = bodyTime.minusNanos(System.nanoTime() - begin);
      HttpResponse<byte[]> response = within(answer, left, what + ": the answer did not end");
      return new Answer(
          response.statusCode(), response.headers(), response.body(), untilHead, arrivals.get());
    } finally {
      answer.cancel(true);
    }
  }

  private static <T> T within(CompletableFuture<T> future, Duration time, String late)
      throws CheckFailure {
    try {
      return future.get(Math.max(1, time.toNanos()), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      throw new CheckFailure(late + " in time (" + seconds(time) + " s)");
    } catch (ExecutionException e) {
      throw new CheckFailure("the connection failed: " + e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CheckFailure("interrupted");
    }
  }

  private static String seconds(Duration time) {
    return "%.1f".formatted(time.toMillis() / 1000.0);
  }

  @Override
  public void close() {
    http.shutdownNow();
  }

  /** Collects a body that is not too long, and counts the pieces. */
  private static final class CountingSubscriber implements HttpResponse.BodySubscriber<byte[]> {
    private final HttpResponse.BodySubscriber<byte[]> whole =
        HttpResponse.BodySubscribers.ofByteArray();
    private final AtomicInteger arrivals;
    private final AtomicLong bytes = new AtomicLong();

    CountingSubscriber(AtomicInteger arrivals) {
      this.arrivals = arrivals;
    }

    @Override
    public CompletionStage<byte[]> getBody() {
      return whole.getBody();
    }

    @Override
    public void onSubscribe(Flow.Subscription subscription) {
      whole.onSubscribe(subscription);
    }

    @Override
    public void onNext(List<ByteBuffer> buffers) {
      arrivals.incrementAndGet();
      long length = buffers.stream().mapToLong(ByteBuffer::remaining).sum();
      if (bytes.addAndGet(length) > LONGEST_BODY) {
        throw new IllegalStateException("the answer is longer than " + LONGEST_BODY + " bytes");
      }
      whole.onNext(buffers);
    }

    @Override
    public void onError(Throwable error) {
      whole.onError(error);
    }

    @Override
    public void onComplete() {
      whole.onComplete();
    }
  }
}
