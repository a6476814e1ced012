package dev.quern.store.hub;

import dev.quern.store.hub.HubException.Reason;
import java.net.URI;
import java.net.http.HttpHeaders;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Optional;

/** Turns a hub's unwelcome answers into errors that say what to do. */
final class HubAnswers {
  private final HubSettings settings;

  HubAnswers(HubSettings settings) {
    this.settings = settings;
  }

  /**
   * The error that {@code status} stands for.
   *
   * @param model that was asked for
   * @param uri that answered
   * @throws PassingFailure if it may pass
   */
  HubException refusal(int status, HttpHeaders headers, ModelReference model, URI uri)
      throws PassingFailure {
    boolean hubItself = Redirects.sameOrigin(uri, settings.endpoint());
    String code = headers.firstValue("X-Error-Code").orElse("");
    if (status == 429) {
      throw new PassingFailure(
          Reason.RATE_LIMITED, uri.getHost() + " limits the rate of requests", retryAfter(headers));
    }
    if (status >= 500 || status == 408) {
      throw new PassingFailure(
          Reason.SERVER_ERROR, uri.getHost() + " answered " + status, retryAfter(headers));
    }
    if (status == 416) {
      throw new PassingFailure(
          Reason.WRONG_LENGTH,
          uri.getHost() + " has a shorter file than the hub lists",
          Optional.empty());
    }
    if (!hubItself) {
      // A signed address expires; the hub makes a new one.
      throw new PassingFailure(
          Reason.SERVER_ERROR, uri.getHost() + " answered " + status, Optional.empty());
    }
    if (code.equals("GatedRepo")) {
      return gated(model);
    }
    return switch (status) {
      case 401 -> unauthorized(model);
      case 403 ->
          new HubException(
              Reason.UNAUTHORIZED,
              "the hub forbids access to "
                  + model.id()
                  + ": use a token that may read it, in HF_TOKEN or "
                  + settings.tokenFile());
      case 404 -> notFound(code, model, uri);
      default ->
          new HubException(
              Reason.PROTOCOL,
              uri.getHost()
                  + " answered "
                  + status
                  + " to a request for "
                  + model
                  + ": check that HF_ENDPOINT names a hub");
    };
  }

  private HubException gated(ModelReference model) {
    String page = settings.endpoint() + "/" + model.id();
    String then =
        settings.token().isPresent()
            ? "with the account whose token is set (HF_TOKEN or " + settings.tokenFile() + ")"
            : "then put an access token of that account into HF_TOKEN or " + settings.tokenFile();
    return new HubException(
        Reason.GATED,
        model.id() + " is gated: open " + page + ", sign in and accept its conditions, " + then);
  }

  private HubException unauthorized(ModelReference model) {
    String message =
        settings.token().isPresent()
            ? "the hub refuses the token in HF_TOKEN or "
                + settings.tokenFile()
                + ", or there is no model "
                + model.id()
                + " that it may see: check the name, or make a new token at "
                + settings.endpoint()
                + "/settings/tokens"
            : "there is no public model "
                + model.id()
                + ": check the name; for a private or gated one put an access token into HF_TOKEN"
                + " or "
                + settings.tokenFile();
    return new HubException(Reason.UNAUTHORIZED, message);
  }

  private HubException notFound(String code, ModelReference model, URI uri) {
    return switch (code) {
      case "RevisionNotFound" ->
          new HubException(
              Reason.REVISION_NOT_FOUND,
              model.id()
                  + " has no revision '"
                  + model.revision()
                  + "': name a branch, a tag or a commit that "
                  + settings.endpoint()
                  + "/"
                  + model.id()
                  + " lists");
      case "EntryNotFound" ->
          new HubException(
              Reason.FILE_NOT_FOUND,
              "the hub lists a file of " + model + " but does not have it: " + uri.getPath());
      default ->
          new HubException(
              Reason.REPOSITORY_NOT_FOUND,
              "there is no model "
                  + model.id()
                  + " at "
                  + settings.endpoint()
                  + ": check the name; a private one needs a token in HF_TOKEN or "
                  + settings.tokenFile());
    };
  }

  /** What {@code Retry-After} asks for: seconds, or a date. */
  static Optional<Duration> retryAfter(HttpHeaders headers) {
    Optional<String> text = headers.firstValue("Retry-After").map(String::strip);
    if (text.isEmpty()) {
      return Optional.empty();
    }
    try {
      if (text.get().chars().allMatch(Character::isDigit)) {
        return Optional.of(Duration.ofSeconds(Long.parseLong(text.get())));
      }
      Instant until =
          ZonedDateTime.parse(text.get(), DateTimeFormatter.RFC_1123_DATE_TIME).toInstant();
      Duration wait = Duration.between(Instant.now(), until);
      return Optional.of(wait.isNegative() ? Duration.ZERO : wait);
    } catch (DateTimeException | NumberFormatException e) {
      return Optional.empty();
    }
  }
}
