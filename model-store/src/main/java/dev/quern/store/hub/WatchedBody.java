package dev.quern.store.hub;

import java.net.http.HttpResponse.BodySubscriber;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import org.jspecify.annotations.Nullable;

/**
 * Takes the body of an answer piece by piece, one at a time, so that memory stays flat however
 * large it is. The client calls it from its own threads, one after the other.
 */
abstract class WatchedBody<T> implements BodySubscriber<T> {
  private final CompletableFuture<T> result = new CompletableFuture<>();
  private final Watch watch;
  private Flow.@Nullable Subscription subscription;
  private boolean ended;

  WatchedBody(Watch watch) {
    this.watch = watch;
  }

  /**
   * Takes a piece of the body.
   *
   * @return whether more is wanted
   */
  abstract boolean accept(ByteBuffer piece) throws PassingFailure;

  /** The result, after the last piece that was wanted. */
  abstract T finish() throws PassingFailure;

  @Override
  public final CompletionStage<T> getBody() {
    return result;
  }

  @Override
  public final synchronized void onSubscribe(Flow.Subscription newSubscription) {
    watch.headed();
    subscription = newSubscription;
    newSubscription.request(1);
  }

  @Override
  public final synchronized void onNext(List<ByteBuffer> pieces) {
    if (ended || subscription == null) {
      return;
    }
    watch.active(true);
    try {
      for (ByteBuffer piece : pieces) {
        if (piece.hasRemaining() && !accept(piece)) {
          subscription.cancel();
          complete();
          return;
        }
      }
      subscription.request(1);
    } catch (PassingFailure | RuntimeException e) {
      ended = true;
      subscription.cancel();
      result.completeExceptionally(e);
    } finally {
      watch.active(false);
    }
  }

  @Override
  public final synchronized void onError(Throwable error) {
    ended = true;
    result.completeExceptionally(error);
  }

  @Override
  public final synchronized void onComplete() {
    if (!ended) {
      complete();
    }
  }

  /** No piece is taken after this returns, whatever the client still delivers. */
  synchronized void abandon() {
    ended = true;
  }

  private void complete() {
    ended = true;
    try {
      result.complete(finish());
    } catch (PassingFailure | RuntimeException e) {
      result.completeExceptionally(e);
    }
  }
}
