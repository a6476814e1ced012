package dev.quern.store;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeType;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.io.StringReader;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Reads JSON that came from a download: UTF-8 only, no duplicate keys, nothing after the value,
 * bounded in depth and size. Errors name the file, the line and the column.
 */
public final class JsonFiles {
  private static final int MAX_DEPTH = 128;
  private static final long MAX_BYTES = 256L << 20;

  /** For files people and Python's json module write: NaN and Infinity occur in them. */
  private static final ObjectMapper LENIENT_NUMBERS = new ObjectMapper(factory(true));

  private static final JsonFactory STRICT = factory(false);

  private JsonFiles() {}

  /**
   * The object in {@code file}.
   *
   * @throws QuernException NOT_FOUND if there is no such file, BAD_REQUEST if it is not one JSON
   *     object
   */
  public static JsonNode readObject(Path file) {
    return read(file, JsonNodeType.OBJECT);
  }

  /**
   * The array in {@code file}.
   *
   * @throws QuernException NOT_FOUND if there is no such file, BAD_REQUEST if it is not one JSON
   *     array
   */
  public static JsonNode readArray(Path file) {
    return read(file, JsonNodeType.ARRAY);
  }

  private static JsonNode read(Path file, JsonNodeType type) {
    try {
      long size = Files.size(file);
      if (size > MAX_BYTES || !Files.isRegularFile(file)) {
        throw new QuernException(
            ErrorCategory.BAD_REQUEST,
            file + " is not a JSON file of at most " + MAX_BYTES + " bytes: download it again");
      }
      return parsed(file, utf8(Files.newInputStream(file)), type);
    } catch (NoSuchFileException e) {
      throw new QuernException(ErrorCategory.NOT_FOUND, "there is no file " + file, e);
    } catch (IOException e) {
      throw unreadable(file, e);
    }
  }

  /**
   * The object that {@code text} is.
   *
   * @param file where the text is from
   * @throws QuernException BAD_REQUEST if it is not one JSON object
   */
  public static JsonNode parseObject(Path file, String text) {
    return parsed(file, new StringReader(text), JsonNodeType.OBJECT);
  }

  private static JsonNode parsed(Path file, Reader text, JsonNodeType type) {
    String typeName = type.name().toLowerCase(Locale.ROOT);
    try (JsonParser parser = LENIENT_NUMBERS.createParser(text)) {
      JsonNode value = LENIENT_NUMBERS.readTree(parser);
      if (value == null || value.getNodeType() != type) {
        throw new QuernException(
            ErrorCategory.BAD_REQUEST,
            file + " does not hold a JSON " + typeName + ": download it again or repair it");
      }
      if (parser.nextToken() != null) {
        throw malformed(
            file, "something follows the JSON " + typeName, parser.currentTokenLocation(), null);
      }
      return value;
    } catch (JsonProcessingException e) {
      throw malformed(file, e.getOriginalMessage(), e.getLocation(), e);
    } catch (IOException e) {
      throw unreadable(file, e);
    }
  }

  /** A streaming parser for what the caller has bounded, held to the letter of RFC 8259. */
  static JsonParser strictParser(InputStream in) throws IOException {
    return STRICT.createParser(utf8(in));
  }

  static QuernException malformed(
      Path file, String what, @Nullable JsonLocation location, @Nullable Throwable cause) {
    String where =
        location == null
            ? ""
            : " (line " + location.getLineNr() + ", column " + location.getColumnNr() + ")";
    return new QuernException(
        ErrorCategory.BAD_REQUEST,
        file + " is not valid JSON" + where + ": " + what + ". Download it again or repair it",
        cause);
  }

  /** The error for a file that is there but cannot be read. */
  static QuernException unreadable(Path file, IOException cause) {
    if (cause instanceof CharacterCodingException) {
      return new QuernException(
          ErrorCategory.BAD_REQUEST, file + " is not UTF-8 text: download it again", cause);
    }
    return new QuernException(
        ErrorCategory.BAD_REQUEST,
        "cannot read " + file + " (" + cause + "): check that the file is there and readable",
        cause);
  }

  private static Reader utf8(InputStream in) {
    // A reader, because Jackson would otherwise guess the encoding from the first bytes.
    return new InputStreamReader(
        in,
        StandardCharsets.UTF_8
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPORT)
            .onUnmappableCharacter(CodingErrorAction.REPORT));
  }

  private static JsonFactory factory(boolean nonNumericNumbers) {
    return JsonFactory.builder()
        .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
        // Interning and canonicalising names from downloads would keep them for ever.
        .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
        .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
        .configure(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS, nonNumericNumbers)
        .streamReadConstraints(StreamReadConstraints.builder().maxNestingDepth(MAX_DEPTH).build())
        .build();
  }
}
