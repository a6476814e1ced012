package dev.quern.store.hub;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.quern.store.hub.HubException.Reason;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The questions a plan asks a hub: which commit, which files, and what a small file says. */
final class HubApi {
  private static final int MAX_ANSWER_BYTES = 4 << 20;
  private static final int MAX_FILES = 100_000;
  private static final Pattern COMMIT = Pattern.compile("[0-9a-f]{40}");
  private static final Pattern NEXT = Pattern.compile("<([^>]*)>\\s*;\\s*rel=\"next\"");
  // Names of files are a stranger's; interning them would keep them for ever.
  private static final ObjectMapper JSON =
      new ObjectMapper(
          JsonFactory.builder()
              .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
              .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
              .streamReadConstraints(StreamReadConstraints.builder().maxNestingDepth(64).build())
              .build());

  private final HubSettings settings;
  private final HubHttp http;
  private final HubAnswers answers;
  private final RetryPolicy retries;

  HubApi(HubSettings settings, HubHttp http, RetryPolicy retries) {
    this.settings = settings;
    this.http = http;
    this.answers = new HubAnswers(settings);
    this.retries = retries;
  }

  /** The commit that the reference's revision names now. */
  String commit(ModelReference model) {
    URI uri = api(model, "revision", model.revision(), "");
    String commit = json(answer(uri, model), uri).path("sha").asText();
    if (!COMMIT.matcher(commit).matches()) {
      throw protocol(uri, "names no commit");
    }
    return commit;
  }

  /** All files of a commit, in order of path. */
  List<HubFile> files(ModelReference model, String commit) {
    List<HubFile> files = new ArrayList<>();
    Optional<URI> page = Optional.of(api(model, "tree", commit, "?recursive=true&expand=false"));
    while (page.isPresent()) {
      URI uri = page.get();
      HubHttp.Answer<byte[]> answer = answer(uri, model);
      for (JsonNode entry : json(answer, uri)) {
        if (entry.path("type").asText().equals("file")) {
          files.add(file(entry, uri));
        }
        if (files.size() > MAX_FILES) {
          throw protocol(uri, "lists more than " + MAX_FILES + " files");
        }
      }
      page = next(answer, uri);
    }
    RepositoryPaths.checkTogether(files);
    return files.stream().sorted(Comparator.comparing(HubFile::path)).toList();
  }

  /** The content of a small file. */
  byte[] content(ModelReference model, String commit, HubFile file) {
    return bytes(answer(fileUri(model, commit, file.path()), model));
  }

  /** Where a file of a commit is downloaded from. */
  URI fileUri(ModelReference model, String commit, String path) {
    return URI.create(
        settings.endpoint()
            + "/"
            + model.id()
            + "/resolve/"
            + commit
            + "/"
            + Pattern.compile("/")
                .splitAsStream(path)
                .map(HubApi::encoded)
                .collect(Collectors.joining("/")));
  }

  private URI api(ModelReference model, String what, String revision, String query) {
    return URI.create(
        settings.endpoint()
            + "/api/models/"
            + model.id()
            + "/"
            + what
            + "/"
            + encoded(revision)
            + query);
  }

  private static String encoded(String segment) {
    return URLEncoder.encode(segment, StandardCharsets.UTF_8).replace("+", "%20");
  }

  private static HubFile file(JsonNode entry, URI uri) {
    JsonNode large = entry.path("lfs");
    try {
      ContentDigest digest =
          large.isObject()
              ? new ContentDigest(
                  ContentDigest.Algorithm.SHA256,
                  large.path("oid").asText().replaceFirst("^sha256:", ""))
              : new ContentDigest(ContentDigest.Algorithm.GIT_SHA1, entry.path("oid").asText());
      long size = (large.isObject() ? large : entry).path("size").asLong(-1);
      return new HubFile(entry.path("path").asText(), size, digest);
    } catch (IllegalArgumentException e) {
      throw protocol(uri, "lists a file without a size or a digest");
    }
  }

  private Optional<URI> next(HubHttp.Answer<byte[]> answer, URI uri) {
    for (String link : answer.headers().allValues("Link")) {
      Matcher matcher = NEXT.matcher(link);
      if (matcher.find()) {
        URI next = Redirects.next(uri, matcher.group(1));
        if (!Redirects.sameOrigin(next, settings.endpoint()) || next.equals(uri)) {
          throw protocol(uri, "continues elsewhere, at " + next.getHost());
        }
        return Optional.of(next);
      }
    }
    return Optional.empty();
  }

  /** Asks until there is a good answer or a lasting error. */
  private HubHttp.Answer<byte[]> answer(URI uri, ModelReference model) {
    int failures = 0;
    while (true) {
      try {
        HubHttp.Answer<byte[]> answer =
            http.get(uri, Map.of(), (head, watch) -> new BoundedBytes(watch, MAX_ANSWER_BYTES));
        if (!answer.succeeded()) {
          throw answers.refusal(answer.status(), answer.headers(), model, answer.uri());
        }
        return answer;
      } catch (PassingFailure e) {
        failures++;
        pause(retries.waitAfter(failures, e.retryAfter()).orElseThrow(e::lasting));
      }
    }
  }

  private static void pause(Duration wait) {
    try {
      Thread.sleep(wait);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new HubException(Reason.CANCELLED, "the pull was interrupted", e);
    }
  }

  private static byte[] bytes(HubHttp.Answer<byte[]> answer) {
    byte[] body = answer.body();
    if (body == null || body.length >= MAX_ANSWER_BYTES) {
      throw protocol(answer.uri(), "answered with " + (body == null ? "nothing" : "too much"));
    }
    return body;
  }

  private static JsonNode json(HubHttp.Answer<byte[]> answer, URI uri) {
    return json(bytes(answer), uri);
  }

  static JsonNode json(byte[] text, URI uri) {
    try {
      return JSON.readTree(text);
    } catch (IOException e) {
      throw protocol(uri, "answered with what is no JSON");
    }
  }

  private static HubException protocol(URI uri, String what) {
    return new HubException(
        Reason.PROTOCOL,
        uri
            + " "
            + what
            + ": check that HF_ENDPOINT names a hub, and that no proxy answers for it");
  }
}
