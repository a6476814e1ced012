package dev.quern.store.hub;

import dev.quern.store.ErrorCategory;
import dev.quern.store.HubCache;
import dev.quern.store.QuernException;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Where the hub and the cache are, and how to treat them.
 *
 * @param cache the folder that all Hugging Face tools share
 * @param endpoint the hub, without a slash at the end
 * @param token sent to the endpoint's host alone
 * @param tokenFile where a token is looked for, for messages
 * @param offline whether the network is forbidden
 * @param links whether snapshots may hold symbolic links; hard links otherwise
 * @param metadataTimeout for an answer's head
 * @param stallTimeout after which a connection without a single new byte is given up
 * @param connections at once, over all files
 * @param attempts in a row without any progress before a pull gives up
 */
public record HubSettings(
    HubCache cache,
    URI endpoint,
    Optional<AccessToken> token,
    Path tokenFile,
    boolean offline,
    boolean links,
    Duration metadataTimeout,
    Duration stallTimeout,
    int connections,
    int attempts) {
  private static final String DEFAULT_ENDPOINT = "https://huggingface.co";
  private static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(10);
  private static final int DEFAULT_CONNECTIONS = 8;
  private static final int DEFAULT_ATTEMPTS = 6;
  private static final long MAX_TOKEN_BYTES = 8192;
  private static final Set<String> YES = Set.of("1", "ON", "YES", "TRUE");

  public HubSettings {
    if (connections < 1 || attempts < 1) {
      throw new IllegalArgumentException("connections and attempts are at least 1");
    }
    if (metadataTimeout.isNegative() || metadataTimeout.isZero()) {
      throw new IllegalArgumentException("metadataTimeout " + metadataTimeout);
    }
    if (stallTimeout.isNegative() || stallTimeout.isZero()) {
      throw new IllegalArgumentException("stallTimeout " + stallTimeout);
    }
    String scheme = String.valueOf(endpoint.getScheme());
    if (!Set.of("http", "https").contains(scheme) || endpoint.getHost() == null) {
      throw QuernException.badRequest(
          "HF_ENDPOINT", "the hub's address '" + endpoint + "' is not of the form https://HOST");
    }
  }

  /**
   * Reads what huggingface_hub reads, with the same defaults: {@code HF_HUB_CACHE}, {@code
   * HF_HOME}, {@code XDG_CACHE_HOME}, {@code HF_ENDPOINT}, {@code HF_TOKEN}, {@code HF_TOKEN_PATH},
   * {@code HF_HUB_DISABLE_IMPLICIT_TOKEN}, {@code HF_HUB_OFFLINE}, {@code HF_HUB_DISABLE_SYMLINKS},
   * {@code HF_HUB_ETAG_TIMEOUT} and {@code HF_HUB_DOWNLOAD_TIMEOUT} (seconds).
   *
   * @throws QuernException BAD_REQUEST that names the variable at fault
   */
  public static HubSettings fromEnvironment(Map<String, String> environment) {
    String home = environment.getOrDefault("HOME", System.getProperty("user.home", "."));
    Path tokenFile =
        value(environment, "HF_TOKEN_PATH")
            .map(path -> HubCache.expanded(path, home))
            .orElse(HubCache.hubHome(environment).resolve("token"));
    return new HubSettings(
        HubCache.of(environment),
        endpoint(value(environment, "HF_ENDPOINT").orElse(DEFAULT_ENDPOINT)),
        token(environment, tokenFile),
        tokenFile,
        yes(environment, "HF_HUB_OFFLINE") || yes(environment, "TRANSFORMERS_OFFLINE"),
        !yes(environment, "HF_HUB_DISABLE_SYMLINKS"),
        seconds(environment, "HF_HUB_ETAG_TIMEOUT"),
        seconds(environment, "HF_HUB_DOWNLOAD_TIMEOUT"),
        DEFAULT_CONNECTIONS,
        DEFAULT_ATTEMPTS);
  }

  private static URI endpoint(String text) {
    try {
      return URI.create(text.replaceFirst("/+$", ""));
    } catch (IllegalArgumentException e) {
      throw new QuernException(
          ErrorCategory.BAD_REQUEST,
          "HF_ENDPOINT",
          "the hub's address '" + text + "' is not of the form https://HOST",
          e);
    }
  }

  private static Optional<AccessToken> token(Map<String, String> environment, Path tokenFile) {
    Optional<String> set = value(environment, "HF_TOKEN");
    if (set.isEmpty()) {
      set = value(environment, "HUGGING_FACE_HUB_TOKEN");
    }
    if (set.isPresent()) {
      return Optional.of(valid("HF_TOKEN", set.get()));
    }
    if (yes(environment, "HF_HUB_DISABLE_IMPLICIT_TOKEN") || !Files.exists(tokenFile)) {
      return Optional.empty();
    }
    try {
      String text = Files.size(tokenFile) > MAX_TOKEN_BYTES ? "" : Files.readString(tokenFile);
      return text.isBlank()
          ? Optional.empty()
          : Optional.of(valid(tokenFile.toString(), text.strip()));
    } catch (IOException e) {
      throw QuernException.badRequest(
          "HF_TOKEN_PATH", "cannot read the token in " + tokenFile + " (" + e + ")");
    }
  }

  private static AccessToken valid(String where, String text) {
    try {
      return new AccessToken(text);
    } catch (IllegalArgumentException e) {
      throw QuernException.badRequest(
          "HF_TOKEN",
          "what " + where + " holds is no access token: make one in the hub's settings");
    }
  }

  private static Duration seconds(Map<String, String> environment, String name) {
    Optional<String> text = value(environment, name);
    try {
      int seconds = text.map(Integer::parseInt).orElse(0);
      if (seconds < 0) {
        throw new NumberFormatException("negative");
      }
      return seconds == 0 ? DEFAULT_TIMEOUT : Duration.ofSeconds(seconds);
    } catch (NumberFormatException e) {
      throw QuernException.badRequest(
          name, name + " is '" + text.orElse("") + "', which is no number of seconds");
    }
  }

  private static boolean yes(Map<String, String> environment, String name) {
    return value(environment, name)
        .map(v -> YES.contains(v.toUpperCase(Locale.ROOT)))
        .orElse(false);
  }

  private static Optional<String> value(Map<String, String> environment, String name) {
    return Optional.ofNullable(environment.get(name)).map(String::strip).filter(v -> !v.isEmpty());
  }
}
