package dev.quern.engine.text;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The tokens a {@code tokenizer.json} names: the model's vocabulary (an object for BPE, WordPiece
 * and WordLevel, an array of pieces and scores for Unigram) and the added tokens, which win.
 */
final class TokenizerVocabulary {
  /** A bound against files that would make us reserve gigabytes; the largest known has 0.3 M. */
  private static final int MAX_ID = 1 << 24;

  private static final ObjectMapper JSON =
      new ObjectMapper(
          JsonFactory.builder().disable(JsonFactory.Feature.INTERN_FIELD_NAMES).build());

  private final Map<String, Integer> ids;
  private final @Nullable String[] texts;
  private final Set<Integer> special;
  private final int maxCharsPerToken;

  private TokenizerVocabulary(
      Map<String, Integer> ids,
      @Nullable String[] texts,
      Set<Integer> special,
      int maxCharsPerToken) {
    this.ids = ids;
    this.texts = texts;
    this.special = special;
    this.maxCharsPerToken = maxCharsPerToken;
  }

  /**
   * Reads the vocabulary from the text of {@code file}.
   *
   * @throws QuernException BAD_REQUEST if it is not JSON of that form
   */
  static TokenizerVocabulary parse(Path file, String json) {
    Reader reader = new Reader(file);
    try (JsonParser parser = JSON.createParser(json)) {
      return reader.read(parser);
    } catch (JsonProcessingException e) {
      throw new QuernException(
          ErrorCategory.BAD_REQUEST,
          file
              + " is not valid JSON (line "
              + e.getLocation().getLineNr()
              + ", column "
              + e.getLocation().getColumnNr()
              + "): "
              + e.getOriginalMessage()
              + ". Download it again",
          e);
    } catch (IOException e) {
      throw reader.malformed(String.valueOf(e.getMessage()));
    }
  }

  /** The token's spelling in the vocabulary; empty if no token has that id. */
  String text(int id) {
    @Nullable String text = id >= 0 && id < texts.length ? texts[id] : null;
    return text == null ? "" : text;
  }

  OptionalInt id(String text) {
    Integer id = ids.get(text);
    return id == null ? OptionalInt.empty() : OptionalInt.of(id);
  }

  Set<Integer> special() {
    return special;
  }

  /** One more than the largest id. */
  int size() {
    return texts.length;
  }

  /** See {@link Tokenizer#maxCharsPerToken}. */
  int maxCharsPerToken() {
    return maxCharsPerToken;
  }

  private static final class Reader {
    private final Path file;
    private int normalizerShrink = 1;
    private boolean unknownToken;
    private boolean byteFallback;
    private final Map<String, Integer> ids = new HashMap<>();
    private final Map<String, Integer> added = new HashMap<>();
    private final Set<Integer> special = new HashSet<>();
    private int maxId = -1;

    Reader(Path file) {
      this.file = file;
    }

    QuernException malformed(String what) {
      return new QuernException(
          ErrorCategory.BAD_REQUEST,
          file + " is not a tokenizer Quern can read: " + what + ". Download it again");
    }

    TokenizerVocabulary read(JsonParser json) throws IOException {
      if (json.nextToken() != JsonToken.START_OBJECT) {
        throw malformed("it holds no JSON object");
      }
      while (json.nextToken() == JsonToken.FIELD_NAME) {
        String field = json.currentName();
        JsonToken value = json.nextToken();
        if (field.equals("added_tokens") && value == JsonToken.START_ARRAY) {
          readAddedTokens(json);
        } else if (field.equals("model") && value == JsonToken.START_OBJECT) {
          readModel(json);
        } else if (field.equals("normalizer") && value == JsonToken.START_OBJECT) {
          JsonNode normalizer = json.readValueAsTree();
          normalizerShrink = shrink(normalizer);
        } else {
          json.skipChildren();
        }
      }
      if (maxId < 0) {
        throw malformed("it names no tokens");
      }
      return finished();
    }

    private TokenizerVocabulary finished() {
      @Nullable String[] texts = new @Nullable String[maxId + 1];
      ids.forEach((text, id) -> texts[id] = text);
      added.forEach((text, id) -> texts[id] = text);
      ids.putAll(added);
      return new TokenizerVocabulary(
          Map.copyOf(ids), texts, Collections.unmodifiableSet(special), maxChars());
    }

    /** A token that stands for anything unknown may stand for a whole text. */
    private int maxChars() {
      int longest = ids.keySet().stream().mapToInt(String::length).max().orElse(0);
      boolean bounded = (byteFallback || !unknownToken) && normalizerShrink > 0;
      long chars = (long) longest * normalizerShrink;
      return bounded && chars < Integer.MAX_VALUE ? (int) chars : Integer.MAX_VALUE;
    }

    /** Most chars that a normalizer makes one of; 0 if that is not known. */
    private static int shrink(JsonNode normalizer) {
      return switch (normalizer.path("type").asText()) {
        case "Prepend" -> 1;
        case "NFD", "NFKD" -> 1;
        // U+1F82 is composed of four letters, and none of more.
        case "NFC", "NFKC" -> 4;
        case "Replace" -> {
          String from = normalizer.path("pattern").path("String").asText();
          boolean grows = from.length() == 1 && !normalizer.path("content").asText().isEmpty();
          yield grows ? 1 : 0;
        }
        case "Sequence" -> {
          int product = 1;
          for (JsonNode part : normalizer.path("normalizers")) {
            product = Math.min(product * shrink(part), 64);
          }
          yield product;
        }
        default -> 0;
      };
    }

    private void readAddedTokens(JsonParser json) throws IOException {
      while (json.nextToken() == JsonToken.START_OBJECT) {
        String content = null;
        int id = -1;
        boolean isSpecial = false;
        while (json.nextToken() == JsonToken.FIELD_NAME) {
          String field = json.currentName();
          json.nextToken();
          switch (field) {
            case "id" -> id = checkedId(json);
            case "content" -> content = json.getText();
            case "special" -> isSpecial = json.getBooleanValue();
            default -> json.skipChildren();
          }
        }
        if (content == null || id < 0) {
          throw malformed("an entry of added_tokens has no id or no content");
        }
        added.put(content, id);
        if (isSpecial) {
          special.add(id);
        }
      }
    }

    private void readModel(JsonParser json) throws IOException {
      while (json.nextToken() == JsonToken.FIELD_NAME) {
        String field = json.currentName();
        JsonToken value = json.nextToken();
        switch (field) {
          case "vocab" -> readVocabulary(json);
          case "unk_token", "unk_id" -> unknownToken = value != JsonToken.VALUE_NULL;
          case "byte_fallback" -> byteFallback = value == JsonToken.VALUE_TRUE;
          default -> json.skipChildren();
        }
      }
    }

    private void readVocabulary(JsonParser json) throws IOException {
      if (json.currentToken() == JsonToken.START_ARRAY) {
        readPieces(json);
        return;
      }
      if (json.currentToken() != JsonToken.START_OBJECT) {
        throw malformed("its vocabulary is neither an object nor an array");
      }
      while (json.nextToken() == JsonToken.FIELD_NAME) {
        String text = json.currentName();
        json.nextToken();
        ids.put(text, checkedId(json));
      }
    }

    /** Unigram: {@code [[piece, score], ...]}, where the position is the id. */
    private void readPieces(JsonParser json) throws IOException {
      int id = 0;
      while (json.nextToken() == JsonToken.START_ARRAY) {
        if (json.nextToken() != JsonToken.VALUE_STRING) {
          throw malformed("piece " + id + " of its vocabulary is not a string");
        }
        ids.put(json.getText(), id);
        maxId = Math.max(maxId, id);
        id++;
        while (json.nextToken() != JsonToken.END_ARRAY) {
          json.skipChildren();
        }
      }
    }

    private int checkedId(JsonParser json) throws IOException {
      if (json.currentToken() != JsonToken.VALUE_NUMBER_INT) {
        throw malformed("a token's id is not a whole number");
      }
      long id = json.getLongValue();
      if (id < 0 || id > MAX_ID) {
        throw malformed("it has the token id " + id + " (0 to " + MAX_ID + " are allowed)");
      }
      maxId = Math.max(maxId, (int) id);
      return (int) id;
    }
  }
}
