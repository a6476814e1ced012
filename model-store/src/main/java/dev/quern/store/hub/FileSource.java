package dev.quern.store.hub;

import dev.quern.store.hub.HubException.Reason;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpHeaders;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Where one file of a commit comes from. Remembers where the hub redirected to, because hubs count
 * how often they are asked. Thread-safe.
 */
final class FileSource {
  private static final String COMMIT = "X-Repo-Commit";
  private static final Pattern CONTENT_RANGE = Pattern.compile("bytes (\\d+)-(\\d+)/(\\d+|\\*)");

  private final HubHttp http;
  private final HubAnswers answers;
  private final ModelReference model;
  private final HubFile file;
  private final String commit;
  private final URI origin;
  private volatile @Nullable URI elsewhere;

  FileSource(
      HubHttp http,
      HubAnswers answers,
      ModelReference model,
      String commit,
      HubFile file,
      URI origin) {
    this.http = http;
    this.answers = answers;
    this.model = model;
    this.commit = commit;
    this.file = file;
    this.origin = origin;
  }

  /** How a transfer ended that did not fail. */
  enum Outcome {
    DONE,
    /** The server sends files only as a whole. */
    NO_RANGES,
    /** What the server sends now is not what the partial file holds the beginning of. */
    OTHER_CONTENT
  }

  /** Makes what takes the body, once its head was found good. */
  interface SinkChoice {
    WatchedBody<Outcome> make(Watch watch);
  }

  /**
   * Fetches {@code segment} for {@code target} into what {@code sinks} makes. Blocks.
   *
   * @throws PassingFailure if another attempt may succeed
   * @throws HubException if none will
   */
  Outcome fetch(Segment segment, PartialFile target, SinkChoice sinks) throws PassingFailure {
    boolean whole = segment.isWhole(file.size());
    Map<String, String> headers =
        whole ? Map.of() : Map.of("Range", "bytes=" + segment.start() + "-" + (segment.end() - 1));
    URI cached = elsewhere;
    try {
      HubHttp.Answer<Outcome> answer =
          http.get(
              cached == null ? origin : cached,
              headers,
              (head, watch) -> body(segment, whole, target, head, watch, sinks));
      if (!answer.succeeded()) {
        throw answers.refusal(answer.status(), answer.headers(), model, answer.uri());
      }
      elsewhere = Redirects.sameOrigin(answer.uri(), origin) ? null : answer.uri();
      Outcome outcome = answer.body();
      return outcome == null ? Outcome.DONE : outcome;
    } catch (PassingFailure e) {
      // A signed address may have expired; the hub will name a new one.
      elsewhere = null;
      throw e;
    }
  }

  private WatchedBody<Outcome> body(
      Segment segment,
      boolean whole,
      PartialFile target,
      HubHttp.Head head,
      Watch watch,
      SinkChoice sinks)
      throws PassingFailure {
    checkIdentity(head);
    if (head.status() == 200 && !whole) {
      return new Unread(watch, Outcome.NO_RANGES);
    }
    checkLength(segment, whole, head);
    try {
      return target.bind(tag(head.headers(), "ETag"))
          ? sinks.make(watch)
          : new Unread(watch, Outcome.OTHER_CONTENT);
    } catch (IOException e) {
      throw DiskFailures.of(target.path(), e);
    }
  }

  /** A hub says which commit and which content it sends: they must be those that were planned. */
  private void checkIdentity(HubHttp.Head head) {
    Optional<HttpHeaders> hub = head.hub().filter(h -> h.firstValue(COMMIT).isPresent());
    if (hub.isEmpty()) {
      return;
    }
    String sentCommit = hub.get().firstValue(COMMIT).orElse(commit);
    String linked = tag(hub.get(), "X-Linked-ETag");
    String sentTag = linked.isEmpty() ? tag(hub.get(), "ETag") : linked;
    if (!sentCommit.equals(commit) || !(sentTag.isEmpty() || sentTag.equals(file.digest().hex()))) {
      throw new HubException(
          Reason.CHANGED,
          "the hub now sends another "
              + file.path()
              + " than it listed for commit "
              + commit
              + " of "
              + model.id()
              + ": pull again, and if it stays so, tell who runs the hub");
    }
  }

  private void checkLength(Segment segment, boolean whole, HubHttp.Head head)
      throws PassingFailure {
    HttpHeaders headers = head.headers();
    String encoding = headers.firstValue("Content-Encoding").orElse("identity");
    if (!encoding.equalsIgnoreCase("identity")) {
      throw wrong("is sent compressed (" + encoding + "), which was not asked for");
    }
    if (head.status() == 206) {
      Matcher range = CONTENT_RANGE.matcher(headers.firstValue("Content-Range").orElse(""));
      String size = String.valueOf(file.size());
      if (whole
          || !range.matches()
          || !range.group(1).equals(String.valueOf(segment.start()))
          || !range.group(2).equals(String.valueOf(segment.end() - 1))
          || !(range.group(3).equals("*") || range.group(3).equals(size))) {
        throw wrong(
            "is sent as range '"
                + headers.firstValue("Content-Range").orElse("")
                + "' instead of bytes "
                + segment.start()
                + " to "
                + (segment.end() - 1)
                + " of "
                + size);
      }
    }
    OptionalLong length = headers.firstValueAsLong("Content-Length");
    if (length.isPresent() && length.getAsLong() != segment.length()) {
      throw wrong("is sent with " + length.getAsLong() + " bytes instead of " + segment.length());
    }
  }

  private PassingFailure wrong(String what) {
    return new PassingFailure(Reason.WRONG_LENGTH, file.path() + " " + what, Optional.empty());
  }

  /** The text of an entity tag; empty if there is none. */
  private static String tag(HttpHeaders headers, String name) {
    return headers.firstValue(name).orElse("").replaceFirst("^W/", "").replace("\"", "");
  }

  /** A body of which nothing is read, because its head said enough. */
  private static final class Unread extends WatchedBody<Outcome> {
    private final Outcome outcome;

    Unread(Watch watch, Outcome outcome) {
      super(watch);
      this.outcome = outcome;
    }

    @Override
    boolean accept(ByteBuffer piece) {
      return false;
    }

    @Override
    Outcome finish() {
      return outcome;
    }
  }
}
