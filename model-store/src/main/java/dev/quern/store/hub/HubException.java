package dev.quern.store.hub;

import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import org.jspecify.annotations.Nullable;

/** Why a hub did not give what was asked, or why it could not be kept. */
public final class HubException extends QuernException {
  private static final long serialVersionUID = 1L;

  private final Reason reason;

  /** The cause, finer than the category; its name is stable and fit for machines. */
  public enum Reason {
    /** The environment forbids the network, and the cache does not have it. */
    OFFLINE(ErrorCategory.UNAVAILABLE),
    /** The hub wants a token, or refused the one it got. */
    UNAUTHORIZED(ErrorCategory.BAD_REQUEST),
    /** The model's licence must be accepted first. */
    GATED(ErrorCategory.BAD_REQUEST),
    REPOSITORY_NOT_FOUND(ErrorCategory.NOT_FOUND),
    REVISION_NOT_FOUND(ErrorCategory.NOT_FOUND),
    FILE_NOT_FOUND(ErrorCategory.NOT_FOUND),
    /** The repository has no file that Quern reads, or none that the filter lets through. */
    NOTHING_TO_PULL(ErrorCategory.NOT_FOUND),
    RATE_LIMITED(ErrorCategory.OVERLOADED),
    SERVER_ERROR(ErrorCategory.UNAVAILABLE),
    /** No connection, or one that broke, after all attempts. */
    NETWORK(ErrorCategory.UNAVAILABLE),
    /** A connection that stayed silent, after all attempts. */
    STALLED(ErrorCategory.UNAVAILABLE),
    /** An answer that is not the hub's protocol. */
    PROTOCOL(ErrorCategory.UNAVAILABLE),
    WRONG_LENGTH(ErrorCategory.UNAVAILABLE),
    WRONG_HASH(ErrorCategory.UNAVAILABLE),
    /** The content behind a name changed while it was fetched. */
    CHANGED(ErrorCategory.UNAVAILABLE),
    /** A redirect that would give up encryption, or that leads nowhere. */
    UNSAFE_REDIRECT(ErrorCategory.UNAVAILABLE),
    /** A name in the repository that could reach outside the cache. */
    UNSAFE_PATH(ErrorCategory.BAD_REQUEST),
    /** Something in the cache is a link where a folder or a file of ours should be. */
    UNSAFE_CACHE(ErrorCategory.INTERNAL),
    DISK_FULL(ErrorCategory.INTERNAL),
    CACHE_NOT_WRITABLE(ErrorCategory.INTERNAL),
    /** The thread was interrupted. */
    CANCELLED(ErrorCategory.UNAVAILABLE);

    private final ErrorCategory category;

    Reason(ErrorCategory category) {
      this.category = category;
    }
  }

  HubException(Reason reason, String message) {
    this(reason, message, null);
  }

  HubException(Reason reason, String message, @Nullable Throwable cause) {
    super(reason.category, message, cause);
    this.reason = reason;
  }

  public Reason reason() {
    return reason;
  }
}
