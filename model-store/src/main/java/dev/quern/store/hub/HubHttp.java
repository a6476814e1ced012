package dev.quern.store.hub;

import dev.quern.store.hub.HubException.Reason;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.channels.UnresolvedAddressException;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Sends requests to a hub and to the hosts that it redirects to. The token goes to the hub's own
 * origin alone.
 */
final class HubHttp implements AutoCloseable {
  private static final int IGNORED_BODY_BYTES = 1 << 16;
  private static final String BUFFER_PROPERTY = "jdk.httpclient.bufsize";
  private static final int BUFFER_BYTES = 1 << 17;

  private final HubSettings settings;
  private final HttpClient client;

  HubHttp(HubSettings settings) {
    this.settings = settings;
    // The client reads its own property once a process; its 16 KiB cost a third more processor
    // time.
    if (System.getProperty(BUFFER_PROPERTY) == null) {
      System.setProperty(BUFFER_PROPERTY, String.valueOf(BUFFER_BYTES));
    }
    this.client =
        HttpClient.newBuilder()
            // One connection a range: HTTP/2 would squeeze all of them through a single one.
            .version(HttpClient.Version.HTTP_1_1)
            .followRedirects(HttpClient.Redirect.NEVER)
            .connectTimeout(settings.metadataTimeout())
            .build();
  }

  /**
   * An answer after all redirects.
   *
   * @param uri that gave it
   * @param body absent unless the status is 200 or 206
   */
  record Answer<T>(URI uri, int status, HttpHeaders headers, @Nullable T body) {
    boolean succeeded() {
      return status == 200 || status == 206;
    }
  }

  /**
   * The head of an answer with a body that is wanted.
   *
   * @param hub the head of the hub's own first answer, which describes the file even where another
   *     host sends it; empty if the hub was not asked
   */
  record Head(int status, HttpHeaders headers, Optional<HttpHeaders> hub) {}

  /** Chooses, once a good answer's head is known, what takes its body. */
  interface BodyChoice<T> {
    WatchedBody<T> choose(Head head, Watch watch) throws PassingFailure;
  }

  /**
   * Gets {@code uri} and follows redirects. Blocks.
   *
   * @throws PassingFailure if there is no connection, or it breaks or stalls
   * @throws HubException for what will not pass
   */
  <T> Answer<T> get(URI uri, Map<String, String> headers, BodyChoice<T> bodies)
      throws PassingFailure {
    URI current = uri;
    Optional<HttpHeaders> hub = Optional.empty();
    for (int hop = 0; hop <= Redirects.MAX_HOPS; hop++) {
      HttpResponse<Optional<T>> response = send(request(current, headers), hub, bodies);
      if (hub.isEmpty() && Redirects.sameOrigin(current, settings.endpoint())) {
        hub = Optional.of(response.headers());
      }
      Optional<String> location = response.headers().firstValue("Location");
      if (!Redirects.isRedirect(response.statusCode()) || location.isEmpty()) {
        return new Answer<>(
            current, response.statusCode(), response.headers(), response.body().orElse(null));
      }
      current = Redirects.next(current, location.get());
    }
    throw new HubException(
        Reason.UNSAFE_REDIRECT, uri.getHost() + " redirects in a circle: check HF_ENDPOINT");
  }

  private HttpRequest request(URI uri, Map<String, String> headers) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(uri)
            .header("User-Agent", "quern")
            // Compressed content would have neither the length nor the ranges that were asked for.
            .header("Accept-Encoding", "identity");
    headers.forEach(request::header);
    if (Redirects.sameOrigin(uri, settings.endpoint())) {
      settings.token().ifPresent(t -> request.header("Authorization", t.authorization()));
    }
    return request.build();
  }

  private <T> HttpResponse<Optional<T>> send(
      HttpRequest request, Optional<HttpHeaders> hub, BodyChoice<T> bodies) throws PassingFailure {
    boolean ofHub = Redirects.sameOrigin(request.uri(), settings.endpoint());
    Watch watch = new Watch(settings.metadataTimeout(), settings.stallTimeout());
    CompletableFuture<HttpResponse<Optional<T>>> answer =
        client.sendAsync(
            request,
            info -> {
              Optional<HttpHeaders> first =
                  hub.isEmpty() && ofHub ? Optional.of(info.headers()) : hub;
              return body(new Head(info.statusCode(), info.headers(), first), watch, bodies);
            });
    String host = request.uri().getHost();
    try {
      while (true) {
        long left = watch.nanosLeft();
        if (left <= 0) {
          throw new PassingFailure(Reason.STALLED, host + " sends nothing", Optional.empty());
        }
        Optional<HttpResponse<Optional<T>>> response = await(answer, left);
        if (response.isPresent()) {
          return response.get();
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new HubException(Reason.CANCELLED, "the pull was interrupted", e);
    } catch (ExecutionException e) {
      throw failure(host, e);
    } finally {
      answer.cancel(true);
    }
  }

  /** The answer, or nothing if it is not whole after {@code nanos}. */
  private static <T> Optional<T> await(CompletableFuture<T> answer, long nanos)
      throws InterruptedException, ExecutionException {
    try {
      return Optional.of(answer.get(nanos, TimeUnit.NANOSECONDS));
    } catch (TimeoutException e) {
      return Optional.empty();
    }
  }

  private static <T> HttpResponse.BodySubscriber<Optional<T>> body(
      Head head, Watch watch, BodyChoice<T> bodies) {
    Function<Object, Optional<T>> nothing = ignored -> Optional.empty();
    if (head.status() != 200 && head.status() != 206) {
      return HttpResponse.BodySubscribers.mapping(
          new BoundedBytes(watch, IGNORED_BODY_BYTES), nothing);
    }
    try {
      return HttpResponse.BodySubscribers.mapping(bodies.choose(head, watch), Optional::of);
    } catch (PassingFailure | RuntimeException e) {
      return HttpResponse.BodySubscribers.mapping(new Refused(watch, e), nothing);
    }
  }

  private static PassingFailure failure(String host, ExecutionException failed)
      throws PassingFailure {
    Throwable cause = failed.getCause();
    // The client wraps what a body threw, sometimes more than once.
    for (Throwable e = cause; e != null; e = e.getCause()) {
      if (e instanceof PassingFailure passing) {
        throw passing;
      }
      if (e instanceof HubException lasting) {
        throw lasting;
      }
      if (e instanceof UnresolvedAddressException) {
        return new PassingFailure(Reason.NETWORK, "there is no host " + host, failed);
      }
    }
    if (cause instanceof IOException) {
      String detail =
          cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
      return new PassingFailure(
          Reason.NETWORK, "the connection to " + host + " failed (" + detail + ")", cause);
    }
    throw new HubException(Reason.PROTOCOL, host + " cannot be asked: " + cause, cause);
  }

  @Override
  public void close() {
    client.shutdownNow();
    client.close();
  }

  /** A body that is not wanted, for a reason that its head gave. */
  private static final class Refused extends WatchedBody<byte[]> {
    private final Exception why;

    Refused(Watch watch, Exception why) {
      super(watch);
      this.why = why;
    }

    @Override
    boolean accept(ByteBuffer piece) throws PassingFailure {
      finish();
      return false;
    }

    @Override
    byte[] finish() throws PassingFailure {
      if (why instanceof PassingFailure passing) {
        throw passing;
      }
      throw (RuntimeException) why;
    }
  }
}
