package dev.quern.supplier.http.encoder;

import com.fasterxml.jackson.databind.JsonNode;
import dev.quern.engine.embed.EncoderText;
import dev.quern.engine.embed.Truncation;
import dev.quern.engine.text.EncodedText;
import dev.quern.store.QuernException;
import dev.quern.supplier.http.openai.ApiException;
import dev.quern.supplier.http.openai.FieldReader;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;

/** Reads what the requests to encoders have in common: texts, token ids, truncation. */
final class InputFields {
  private static final String EXPECTED = "a string, token ids or an array of either";

  private final FieldReader fields;

  InputFields(FieldReader fields) {
    this.fields = fields;
  }

  /**
   * Inputs as they came.
   *
   * @param single whether it was one, not in an array
   */
  record Inputs<T>(List<T> items, boolean single) {}

  /**
   * A text, token ids, or an array of either; none of them empty.
   *
   * @param vocabulary ids must be below
   */
  Inputs<EncoderText> textsOrIds(String name, int most, int vocabulary) {
    JsonNode value = required(name);
    if (value.isTextual()) {
      return new Inputs<>(List.of(text(value, name)), true);
    }
    if (!value.isArray()) {
      throw fields.wrongType(name, EXPECTED);
    }
    if (value.isEmpty()) {
      throw ApiException.emptyInput(fields.pathOf(name));
    }
    if (value.get(0).isNumber()) {
      return new Inputs<>(List.of(ids(value, name, vocabulary)), true);
    }
    return array(
        value,
        name,
        most,
        (item, itemName) ->
            item.isArray() ? ids(item, itemName, vocabulary) : text(item, itemName));
  }

  /** A text or an array of texts; none of them empty. */
  Inputs<EncoderText> texts(String name, int most) {
    JsonNode value = required(name);
    return value.isTextual()
        ? new Inputs<>(List.of(text(value, name)), true)
        : array(value, name, most, this::text);
  }

  /** A text or an array of texts, which may be empty texts. */
  Inputs<String> strings(String name, int most) {
    JsonNode value = required(name);
    return value.isTextual()
        ? new Inputs<>(List.of(value.textValue()), true)
        : array(value, name, most, this::string);
  }

  /** What an array holds; at least one. */
  <T> Inputs<T> array(JsonNode value, String name, int most, ItemReader<T> reader) {
    if (!value.isArray()) {
      throw fields.wrongType(name, "a string or an array of strings");
    }
    if (value.isEmpty()) {
      throw ApiException.emptyInput(fields.pathOf(name));
    }
    if (value.size() > most) {
      throw ApiException.tooManyInputs(fields.pathOf(name), value.size(), most);
    }
    List<T> items = new ArrayList<>(value.size());
    for (JsonNode item : value) {
      items.add(reader.read(item, name + "[" + items.size() + "]"));
    }
    return new Inputs<>(items, false);
  }

  /** Reads one element of an array. */
  @FunctionalInterface
  interface ItemReader<T> {
    T read(JsonNode item, String name);
  }

  String string(JsonNode item, String name) {
    if (!item.isTextual()) {
      throw fields.wrongType(name, "a string");
    }
    return item.textValue();
  }

  /** TEI's {@code truncate} and {@code truncation_direction}. */
  Truncation truncation(boolean byDefault) {
    EncodedText.Side cut = EncodedText.Side.END;
    JsonNode direction = fields.any("truncation_direction");
    if (direction != null) {
      cut =
          switch (direction.asText().toLowerCase(Locale.ROOT)) {
            case "left" -> EncodedText.Side.START;
            case "right" -> EncodedText.Side.END;
            default -> throw fields.wrongType("truncation_direction", "Left or Right");
          };
    }
    return fields.flag("truncate", byDefault) ? Truncation.at(cut) : Truncation.NONE;
  }

  /** vLLM's {@code truncate_prompt_tokens}. */
  Truncation tokensKept(boolean byDefault) {
    return kept(fields.smallInteger("truncate_prompt_tokens"), byDefault);
  }

  Truncation kept(OptionalInt tokens, boolean byDefault) {
    if (tokens.isEmpty()) {
      return byDefault ? Truncation.at(EncodedText.Side.END) : Truncation.NONE;
    }
    return tokens.getAsInt() < 1
        ? Truncation.at(EncodedText.Side.END)
        : new Truncation(Optional.of(EncodedText.Side.END), tokens.getAsInt());
  }

  /**
   * {@code dimensions}.
   *
   * @param size of the model's vectors
   */
  OptionalInt dimensions(int size) {
    OptionalInt asked = fields.smallInteger("dimensions");
    if (asked.isPresent() && asked.getAsInt() > size) {
      throw QuernException.badRequest(
          fields.pathOf("dimensions"),
          "The field '"
              + fields.pathOf("dimensions")
              + "' must be at most "
              + size
              + ", which is the size of this model's vectors.");
    }
    return asked;
  }

  private EncoderText text(JsonNode item, String name) {
    if (!item.isTextual()) {
      throw fields.wrongType(name, EXPECTED);
    }
    if (item.textValue().isEmpty()) {
      throw ApiException.emptyInput(fields.pathOf(name));
    }
    return new EncoderText.Text(item.textValue());
  }

  private EncoderText ids(JsonNode array, String name, int vocabulary) {
    if (array.isEmpty()) {
      throw ApiException.emptyInput(fields.pathOf(name));
    }
    int[] ids = new int[array.size()];
    for (int i = 0; i < ids.length; i++) {
      JsonNode id = array.get(i);
      if (!id.isIntegralNumber() || !id.canConvertToInt() || id.intValue() < 0) {
        throw fields.wrongType(name + "[" + i + "]", "a token id");
      }
      if (id.intValue() >= vocabulary) {
        throw QuernException.badRequest(
            fields.pathOf(name),
            "The field '"
                + fields.pathOf(name)
                + "' holds token id "
                + id.intValue()
                + "; this model's vocabulary has "
                + vocabulary
                + " tokens.");
      }
      ids[i] = id.intValue();
    }
    return new EncoderText.Tokens(ids);
  }

  private JsonNode required(String name) {
    JsonNode value = fields.any(name);
    if (value == null) {
      throw fields.wrongType(name, "given");
    }
    return value;
  }
}
