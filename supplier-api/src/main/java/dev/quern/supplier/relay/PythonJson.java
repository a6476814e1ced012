package dev.quern.supplier.relay;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/**
 * JSON as Python's {@code json} module reads and writes it: the network's testers compare SHA-256
 * digests of {@code json.dumps(value, sort_keys=True)}, so every byte counts.
 *
 * <p>Python writes {@code ", "} and {@code ": "}, keys in order of code points at every depth, all
 * but printable ASCII as lower-case {@code \\u} escapes, whole numbers of any size as they are, and
 * floats by {@code float.__repr__}.
 */
public final class PythonJson {
  /** Python's own decoder ends at its recursion limit, 1000 by default. */
  private static final int DEEPEST = 1000;

  private static final int LONGEST = 1 << 30;

  private static final ObjectMapper READER =
      JsonMapper.builder(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxNestingDepth(DEEPEST)
                          .maxNumberLength(100_000)
                          .maxStringLength(LONGEST)
                          .maxNameLength(LONGEST)
                          .build())
                  .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
                  .build())
          .build();

  private static final char[] HEX = "0123456789abcdef".toCharArray();

  private PythonJson() {}

  /**
   * Reads an object; of members with the same name the last counts.
   *
   * @param source what {@code json} is, for a message
   * @throws QuernException BAD_REQUEST naming the source
   */
  public static ObjectNode readObject(String json, String source) {
    if (read(json, source) instanceof ObjectNode object) {
      return object;
    }
    throw QuernException.badRequest("model", source + " holds no JSON object");
  }

  static JsonNode read(String json, String source) {
    try {
      return READER.readTree(json);
    } catch (JsonProcessingException e) {
      throw new QuernException(
          ErrorCategory.BAD_REQUEST, "model", source + " is not valid JSON", e);
    }
  }

  /** {@code json.dumps(value, sort_keys=True)}. */
  public static String dumps(JsonNode value) {
    StringBuilder text = new StringBuilder();
    write(text, value);
    return text.toString();
  }

  /** SHA-256 of {@link #dumps}, in lower-case hex. */
  public static String sha256(JsonNode value) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      return HexFormat.of().formatHex(digest.digest(dumps(value).getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  private static void write(StringBuilder text, JsonNode value) {
    switch (value) {
      case ObjectNode object -> writeObject(text, object);
      case ArrayNode array -> writeArray(text, array);
      case JsonNode string when string.isTextual() -> writeString(text, string.textValue());
      case JsonNode whole when whole.isIntegralNumber() -> text.append(whole.bigIntegerValue());
      case JsonNode number when number.isNumber() ->
          text.append(PythonFloat.repr(number.doubleValue()));
      // true, false and null are spelled alike.
      default -> text.append(value);
    }
  }

  private static void writeObject(StringBuilder text, ObjectNode object) {
    List<Map.Entry<String, JsonNode>> members = new ArrayList<>(object.properties());
    members.sort((left, right) -> compareCodePoints(left.getKey(), right.getKey()));
    text.append('{');
    String between = "";
    for (Map.Entry<String, JsonNode> member : members) {
      text.append(between);
      writeString(text, member.getKey());
      text.append(": ");
      write(text, member.getValue());
      between = ", ";
    }
    text.append('}');
  }

  private static void writeArray(StringBuilder text, ArrayNode array) {
    text.append('[');
    String between = "";
    for (JsonNode item : array) {
      text.append(between);
      write(text, item);
      between = ", ";
    }
    text.append(']');
  }

  /** Java compares UTF-16 units, which puts U+10000 before U+E000. */
  private static int compareCodePoints(String left, String right) {
    int same = 0;
    int shorter = Math.min(left.length(), right.length());
    while (same < shorter && left.charAt(same) == right.charAt(same)) {
      same++;
    }
    if (same == shorter) {
      return Integer.compare(left.length(), right.length());
    }
    char a = left.charAt(same);
    char b = right.charAt(same);
    // Of two units that differ only surrogates of pairs stand for more than U+FFFF.
    boolean pairLeft = inPair(left, same);
    boolean pairRight = inPair(right, same);
    return pairLeft == pairRight ? Character.compare(a, b) : pairLeft ? 1 : -1;
  }

  private static boolean inPair(String text, int index) {
    char unit = text.charAt(index);
    return Character.isHighSurrogate(unit)
        ? index + 1 < text.length() && Character.isLowSurrogate(text.charAt(index + 1))
        : Character.isLowSurrogate(unit)
            && index > 0
            && Character.isHighSurrogate(text.charAt(index - 1));
  }

  private static void writeString(StringBuilder text, String value) {
    text.append('"');
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      switch (c) {
        case '"' -> text.append("\\\"");
        case '\\' -> text.append("\\\\");
        case '\n' -> text.append("\\n");
        case '\r' -> text.append("\\r");
        case '\t' -> text.append("\\t");
        case '\f' -> text.append("\\f");
        case '\b' -> text.append("\\b");
        default -> {
          if (c >= ' ' && c <= '~') {
            text.append(c);
          } else {
            escape(text, c);
          }
        }
      }
    }
    text.append('"');
  }

  private static void escape(StringBuilder text, char c) {
    text.append("\\u");
    for (int shift = 12; shift >= 0; shift -= 4) {
      text.append(HEX[(c >> shift) & 15]);
    }
  }
}
