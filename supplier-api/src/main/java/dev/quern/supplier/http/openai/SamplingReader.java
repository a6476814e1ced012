package dev.quern.supplier.http.openai;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quern.store.QuernException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;

/** Reads the sampling fields that chat and completions share. */
final class SamplingReader {
  private static final int MAX_BIASES = 4096;
  private static final int MAX_IDS = 1 << 20;
  private static final int MAX_BAD_WORDS = 1024;

  private final FieldReader fields;
  private final SamplingDefaults defaults;

  SamplingReader(FieldReader fields, SamplingDefaults defaults) {
    this.fields = fields;
    this.defaults = defaults;
  }

  SamplingOptions read(OptionalInt maxTokens, int logprobs, int promptLogprobs) {
    int minTokens = fields.smallInteger("min_tokens").orElse(0);
    if (maxTokens.isPresent() && minTokens > maxTokens.getAsInt()) {
      throw QuernException.badRequest(
          fields.pathOf("min_tokens"),
          "min_tokens (" + minTokens + ") is above max_tokens (" + maxTokens.getAsInt() + ").");
    }
    return new SamplingOptions(
        fields.number("temperature").orElse(defaults.temperature()),
        Math.max(0, fields.smallInteger("top_k").orElse(defaults.topK())),
        fields.number("top_p").orElse(defaults.topP()),
        fields.number("min_p").orElse(defaults.minP()),
        fields.number("presence_penalty").orElse(0),
        fields.number("frequency_penalty").orElse(0),
        fields.number("repetition_penalty").orElse(defaults.repetitionPenalty()),
        logitBias(),
        fields.integer("seed"),
        fields.smallInteger("n").orElse(1),
        stop(),
        ids("stop_token_ids"),
        fields.flag("include_stop_str_in_output", false),
        fields.flag("ignore_eos", false),
        maxTokens,
        minTokens,
        badWords(),
        ids("allowed_token_ids"),
        logprobs,
        Math.max(promptLogprobs, fields.smallInteger("prompt_logprobs").orElse(-1)),
        fields.smallInteger("truncate_prompt_tokens"),
        fields.flag("skip_special_tokens", true),
        fields.flag("return_token_ids", false));
  }

  private Map<Integer, Double> logitBias() {
    JsonNode value = fields.any("logit_bias");
    if (value == null) {
      return Map.of();
    }
    if (!(value instanceof ObjectNode object) || object.size() > MAX_BIASES) {
      throw fields.wrongType(
          "logit_bias", "an object of at most " + MAX_BIASES + " token ids and numbers");
    }
    Map<Integer, Double> biases = new HashMap<>();
    for (Map.Entry<String, JsonNode> entry : object.properties()) {
      JsonNode bias = entry.getValue();
      if (!bias.isNumber() || !(Math.abs(bias.doubleValue()) <= 100)) {
        throw fields.wrongType("logit_bias", "numbers from -100 to 100 by token id");
      }
      biases.put(tokenId(entry.getKey()), bias.doubleValue());
    }
    return biases;
  }

  private int tokenId(String text) {
    try {
      int id = Integer.parseInt(text);
      if (id >= 0) {
        return id;
      }
    } catch (NumberFormatException e) {
      // Refused below, as a negative id is.
    }
    throw fields.wrongType("logit_bias", "an object whose names are token ids");
  }

  private List<String> stop() {
    List<String> stops = Texts.oneOrMany(fields, "stop", RequestFields.MAX_STOP_STRINGS);
    for (String stop : stops) {
      if (stop.isEmpty() || stop.length() > RequestFields.MAX_STOP_LENGTH) {
        throw fields.wrongType(
            "stop", "strings of 1 to " + RequestFields.MAX_STOP_LENGTH + " characters");
      }
    }
    return stops;
  }

  private List<String> badWords() {
    List<String> words = Texts.oneOrMany(fields, "bad_words", MAX_BAD_WORDS);
    for (String word : words) {
      if (word.isBlank() || word.length() > RequestFields.MAX_STOP_LENGTH) {
        throw fields.wrongType(
            "bad_words", "words of 1 to " + RequestFields.MAX_STOP_LENGTH + " characters");
      }
    }
    return words;
  }

  private Set<Integer> ids(String name) {
    JsonNode value = fields.any(name);
    if (value == null) {
      return Set.of();
    }
    Set<Integer> ids = new LinkedHashSet<>();
    for (int id : Texts.tokenIds(value, fields.pathOf(name), MAX_IDS)) {
      ids.add(id);
    }
    if (ids.isEmpty() && name.equals("allowed_token_ids")) {
      throw fields.wrongType(name, "an array of at least one token id");
    }
    return ids;
  }

  /** Values that come as one string or an array of them, and token ids. */
  static final class Texts {
    private Texts() {}

    static List<String> oneOrMany(FieldReader fields, String name, int most) {
      JsonNode value = fields.any(name);
      if (value == null) {
        return List.of();
      }
      if (value.isTextual()) {
        return List.of(value.textValue());
      }
      if (!value.isArray() || value.size() > most) {
        throw fields.wrongType(name, "a string or an array of at most " + most + " strings");
      }
      List<String> texts = new ArrayList<>(value.size());
      for (JsonNode item : value) {
        if (!item.isTextual()) {
          throw fields.wrongType(name, "a string or an array of strings");
        }
        texts.add(item.textValue());
      }
      return texts;
    }

    /** Ids from 0; whether the vocabulary has them is checked where the model is known. */
    static int[] tokenIds(JsonNode value, String name, int most) {
      if (!value.isArray() || value.size() > most) {
        throw QuernException.badRequest(
            name, "The field '" + name + "' must be an array of at most " + most + " token ids.");
      }
      int[] ids = new int[value.size()];
      for (int i = 0; i < ids.length; i++) {
        long id = FieldReader.wholeNumber(value.get(i), name + "[" + i + "]");
        if (id < 0 || id > Integer.MAX_VALUE) {
          throw QuernException.badRequest(
              name, "The field '" + name + "[" + i + "]' must be a token id, not " + id + ".");
        }
        ids[i] = (int) id;
      }
      return ids;
    }
  }
}
