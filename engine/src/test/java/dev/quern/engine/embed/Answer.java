package dev.quern.engine.embed;

import static org.junit.jupiter.api.Assertions.fail;

import dev.quern.store.QuernException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;

/** A listener that waits, and knows how often it was called. */
final class Answer implements EncodingListener {
  final AtomicInteger calls = new AtomicInteger();
  private final CompletableFuture<EncodingResult> result = new CompletableFuture<>();

  @Override
  public void onFinished(EncodingResult finished) {
    calls.incrementAndGet();
    result.complete(finished);
  }

  @Override
  public void onFailed(QuernException error) {
    calls.incrementAndGet();
    result.completeExceptionally(error);
  }

  EncodingResult result() throws InterruptedException, TimeoutException {
    try {
      return result.get(60, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      throw new AssertionError(e.getCause());
    }
  }

  QuernException error() throws InterruptedException, TimeoutException {
    try {
      throw new AssertionError("answered: " + result.get(60, TimeUnit.SECONDS));
    } catch (ExecutionException e) {
      return e.getCause() instanceof QuernException error ? error : fail(e);
    }
  }
}
