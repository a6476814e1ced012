package dev.quern.store.hub.testing;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * A request as it came.
 *
 * @param path decoded, without the query
 * @param query not decoded; empty if there is none
 * @param headers by name in lower case
 */
public record HubRequest(
    String method, String path, String rawPath, String query, Map<String, String> headers) {
  private static final int MAX_HEAD_BYTES = 1 << 16;

  /** Reads a request without a body; empty at the end of the connection. */
  static Optional<HubRequest> read(BufferedInputStream in) throws IOException {
    ByteArrayOutputStream head = new ByteArrayOutputStream();
    int last = 0;
    while (last != 0x0d0a0d0a) {
      int next = in.read();
      if (next < 0 || head.size() > MAX_HEAD_BYTES) {
        return Optional.empty();
      }
      head.write(next);
      last = last << 8 | next;
    }
    String[] lines = head.toString(StandardCharsets.ISO_8859_1).split("\r\n", -1);
    String[] first = lines[0].split(" ", -1);
    Map<String, String> headers = new TreeMap<>();
    for (int i = 1; i < lines.length && !lines[i].isEmpty(); i++) {
      int colon = lines[i].indexOf(':');
      headers.put(
          lines[i].substring(0, colon).toLowerCase(Locale.ROOT),
          lines[i].substring(colon + 1).strip());
    }
    int question = first[1].indexOf('?');
    String rawPath = question < 0 ? first[1] : first[1].substring(0, question);
    String query = question < 0 ? "" : first[1].substring(question + 1);
    String path = URLDecoder.decode(rawPath.replace("+", "%2B"), StandardCharsets.UTF_8);
    return Optional.of(new HubRequest(first[0], path, rawPath, query, headers));
  }

  public Optional<String> header(String name) {
    return Optional.ofNullable(headers.get(name.toLowerCase(Locale.ROOT)));
  }

  /** Whether file contents are asked for, and not only their description. */
  public boolean isDownload() {
    return method.equals("GET") && (path.contains("/resolve/") || path.startsWith("/cdn/"));
  }

  public boolean isFor(String file) {
    return path.endsWith("/" + file);
  }
}
