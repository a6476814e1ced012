package dev.quern.store.hub.testing;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What the hub is about to answer; a fault changes it. Not thread-safe: it belongs to one request.
 */
public final class HubReply {
  private static final int UNLIMITED = Integer.MAX_VALUE;

  int status;
  final Map<String, String> headers = new LinkedHashMap<>();
  byte[] body;
  int start;
  int end;
  int closeAfter = UNLIMITED;
  int stallAfter = UNLIMITED;
  boolean beforeHead;
  boolean large;

  HubReply(int status, byte[] body) {
    this.status = status;
    this.body = body;
    this.end = body.length;
  }

  static HubReply json(String text) {
    HubReply reply = new HubReply(200, text.getBytes(StandardCharsets.UTF_8));
    reply.header("Content-Type", "application/json");
    return reply;
  }

  static HubReply error(int status, String code) {
    HubReply reply = new HubReply(status, "{\"error\":\"no\"}".getBytes(StandardCharsets.UTF_8));
    reply.header("X-Error-Code", code);
    return reply;
  }

  public HubReply header(String name, String value) {
    headers.put(name, value);
    return this;
  }

  public HubReply withoutHeader(String name) {
    headers.remove(name);
    return this;
  }

  /** Answers with an error instead. */
  public HubReply status(int newStatus, String code) {
    status = newStatus;
    headers.clear();
    header("X-Error-Code", code);
    return body("{}");
  }

  public HubReply body(String text) {
    return body(text.getBytes(StandardCharsets.UTF_8));
  }

  public HubReply body(byte[] bytes) {
    body = bytes;
    start = 0;
    end = bytes.length;
    return this;
  }

  /** Sends the whole file, whatever range was asked for. */
  public HubReply ignoreRange() {
    if (status == 206) {
      status = 200;
      headers.remove("Content-Range");
      start = 0;
      end = body.length;
    }
    return this;
  }

  /** Breaks the connection after so many bytes of the body. */
  public HubReply closeAfter(int bytes) {
    closeAfter = bytes;
    return this;
  }

  /** Falls silent after so many bytes of the body, until the client goes away. */
  public HubReply stallAfter(int bytes) {
    stallAfter = bytes;
    return this;
  }

  /** Falls silent, or breaks the connection, before the answer's head. */
  public HubReply beforeHead() {
    beforeHead = true;
    return this;
  }

  /** Sends other bytes of the same number. */
  public HubReply corrupt() {
    byte[] other = body.clone();
    for (int i = start; i < end; i++) {
      other[i] ^= 0x55;
    }
    body = other;
    return this;
  }

  /** Leaves out the last bytes, and says so in the length, as a careless proxy does. */
  public HubReply shorten(int bytes) {
    end = Math.max(start, end - bytes);
    return this;
  }
}
