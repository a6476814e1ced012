package dev.quern.supplier.http.openai;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;

/**
 * JSON as a tree, read within bounds (depth, string, name and number lengths, token count) so that
 * a body of the allowed size cannot take unbounded memory or time; and JSON written as a stream.
 */
public final class Json {
  private static final int MAX_DEPTH = 64;
  private static final int MAX_NUMBER_LENGTH = 64;
  private static final int MAX_NAME_LENGTH = 4096;
  private static final int MAX_TOKENS = 3_000_000;

  private static final ObjectMapper MAPPER =
      JsonMapper.builder(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxNestingDepth(MAX_DEPTH)
                          .maxNumberLength(MAX_NUMBER_LENGTH)
                          .maxNameLength(MAX_NAME_LENGTH)
                          .maxTokenCount(MAX_TOKENS)
                          // The body's own bound holds first; see ServerSettings.maxBodyBytes.
                          .maxStringLength(Integer.MAX_VALUE)
                          .build())
                  .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                  .build())
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private Json() {}

  /** What writes one JSON value. */
  @FunctionalInterface
  public interface Writer {
    void write(JsonGenerator out) throws IOException;
  }

  /**
   * The object that {@code body} holds.
   *
   * @throws dev.quern.store.QuernException BAD_REQUEST when it is no JSON object or breaks a bound
   */
  public static ObjectNode readObject(byte[] body) {
    JsonNode node;
    try {
      node = MAPPER.readTree(body);
    } catch (StreamConstraintsException e) {
      throw ApiException.refused(
          400, "json_too_complex", "The JSON body breaks a bound: " + e.getOriginalMessage());
    } catch (JsonProcessingException e) {
      throw ApiException.refused(400, "invalid_json", invalidJson(e));
    } catch (IOException e) {
      throw ApiException.refused(400, "invalid_json", "The body is not valid JSON in UTF-8.");
    }
    if (node instanceof ObjectNode object) {
      return object;
    }
    throw ApiException.refused(
        400,
        "invalid_json",
        node == null || node.isMissingNode()
            ? "The body is empty; a JSON object is expected."
            : "The body must be a JSON object.");
  }

  /** Whether a body has a member of its own that is true; false for what is no JSON. */
  public static boolean hasTrue(byte[] body, String member) {
    try (JsonParser in = MAPPER.getFactory().createParser(body)) {
      if (in.nextToken() != JsonToken.START_OBJECT) {
        return false;
      }
      while (in.nextToken() == JsonToken.FIELD_NAME) {
        boolean wanted = in.currentName().equals(member);
        if (in.nextToken() == JsonToken.VALUE_TRUE && wanted) {
          return true;
        }
        in.skipChildren();
      }
      return false;
    } catch (IOException e) {
      return false;
    }
  }

  /** Trees for the documents that Quern itself writes, such as schemas. */
  static JsonNode ownDocument(String json) {
    try {
      return MAPPER.readTree(json);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("a document of Quern's own is no JSON: " + json, e);
    }
  }

  static ObjectNode newObject() {
    return MAPPER.createObjectNode();
  }

  static ArrayNode newArray() {
    return MAPPER.createArrayNode();
  }

  /** UTF-8 bytes of what {@code writer} writes. */
  public static byte[] write(Writer writer) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(512);
    try (JsonGenerator out = MAPPER.getFactory().createGenerator(bytes)) {
      writer.write(out);
    } catch (IOException e) {
      throw new UncheckedIOException("a stream in memory failed", e);
    }
    return bytes.toByteArray();
  }

  /** A text as a JSON string. */
  public static String quoted(String text) {
    return MAPPER.getNodeFactory().textNode(text).toString();
  }

  /** UTF-8 bytes of a tree. */
  public static byte[] write(JsonNode node) {
    try {
      return MAPPER.writeValueAsBytes(node);
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException("a tree in memory failed", e);
    }
  }

  private static String invalidJson(JsonProcessingException e) {
    String where =
        e.getLocation() == null
            ? ""
            : " (line "
                + e.getLocation().getLineNr()
                + ", column "
                + e.getLocation().getColumnNr()
                + ")";
    // Jackson's message may quote the body: only its first line, cut, goes back to the caller.
    String reason = String.valueOf(e.getOriginalMessage()).lines().findFirst().orElse("");
    return "The body is not valid JSON"
        + where
        + ": "
        + (reason.length() > 200 ? reason.substring(0, 200) : reason);
  }
}
