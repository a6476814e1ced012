package dev.quern.engine.embed;

import dev.quern.engine.model.EncoderDescription;
import dev.quern.engine.model.EncoderInput;
import dev.quern.engine.model.RerankTemplate;
import dev.quern.engine.text.EncodedText;
import dev.quern.engine.text.Tokenizer;
import dev.quern.store.QuernException;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Turns what a caller gives into what the model takes: prompts, tokens, length. Safe for threads.
 */
final class InputPreparer {
  /**
   * No text of more chars a token is tokenised: no language has such tokens, only what is meant to
   * keep a tokenizer busy.
   */
  private static final int MOST_CHARS_PER_TOKEN = 250;

  private static final int[] NO_TYPES = {};

  private final EncoderDescription model;
  private final Tokenizer tokenizer;
  private final int longest;
  private final Map<String, Integer> promptTokens = new ConcurrentHashMap<>();

  InputPreparer(EncoderDescription model, Tokenizer tokenizer) {
    this.model = model;
    this.tokenizer = tokenizer;
    this.longest = model.maxTokens();
  }

  /** What all texts of one request share. */
  private record Rules(String field, Optional<String> prompt, Truncation truncation, int room) {}

  /**
   * Checks what can be checked before anything is tokenised.
   *
   * @throws QuernException BAD_REQUEST
   */
  void check(EncodingRequest request) {
    prompt(request.promptName());
    for (EncoderText text : request.texts()) {
      if (text instanceof EncoderText.Pair && request.promptName().isPresent()) {
        throw QuernException.badRequest("prompt_name", "A pair of texts takes no prompt.");
      }
    }
  }

  /**
   * One text of a request, ready for the model.
   *
   * @throws QuernException BAD_REQUEST, {@link InputTooLongException} among them
   */
  EncoderInput prepare(EncodingRequest request, EncoderText text) {
    Truncation truncation = request.truncation();
    int room = truncation.cut().isPresent() ? Math.min(longest, truncation.mostTokens()) : longest;
    Rules rules = new Rules(request.field(), prompt(request.promptName()), truncation, room);
    EncoderInput input =
        switch (text) {
          case EncoderText.Text(String alone) -> text(alone, rules);
          case EncoderText.Tokens(int[] ids) when rules.prompt().isPresent() ->
              text(tokenizer.decode(ids, true), rules);
          case EncoderText.Tokens(int[] ids) -> tokens(ids, rules);
          case EncoderText.Pair(String first, String second)
              when model.rerankTemplate().isPresent() ->
              judged(model.rerankTemplate().get(), first, second, rules);
          case EncoderText.Pair(String first, String second) -> pair(first, second, rules);
        };
    if (input.length() > longest) {
      throw InputTooLongException.tokens(rules.field(), input.length(), longest);
    }
    return input;
  }

  private Optional<String> prompt(Optional<String> name) {
    if (name.isEmpty()) {
      return model.defaultPrompt().map(model.prompts()::get).filter(prompt -> !prompt.isEmpty());
    }
    String prompt = model.prompts().get(name.get());
    if (prompt == null) {
      throw QuernException.badRequest(
          "prompt_name",
          "This model has no prompt '"
              + name.get()
              + "'; it has "
              + (model.prompts().isEmpty()
                  ? "none."
                  : String.join(", ", new TreeSet<>(model.prompts().keySet())) + "."));
    }
    return Optional.of(prompt);
  }

  private EncoderInput text(String text, Rules rules) {
    String whole = rules.prompt().orElse("") + bounded(text, rules);
    EncodedText encoded = cut(tokenizer.encodeText(lowered(whole)), rules);
    int leading = model.poolsPrompt() ? 0 : rules.prompt().map(this::tokensOfPrompt).orElse(0);
    return new EncoderInput(
        notEmpty(encoded.ids(), rules), encoded.typeIds(), Math.min(leading, encoded.length()));
  }

  private EncoderInput pair(String first, String second, Rules rules) {
    EncodedText encoded =
        cut(
            tokenizer.encodePair(lowered(bounded(first, rules)), lowered(bounded(second, rules))),
            rules);
    return new EncoderInput(notEmpty(encoded.ids(), rules), encoded.typeIds());
  }

  private EncoderInput tokens(int[] ids, Rules rules) {
    int[] kept = ids;
    if (rules.truncation().cut().isPresent() && ids.length > rules.room()) {
      kept =
          rules.truncation().cut().get() == EncodedText.Side.END
              ? Arrays.copyOf(ids, rules.room())
              : Arrays.copyOfRange(ids, ids.length - rules.room(), ids.length);
    }
    return new EncoderInput(notEmpty(kept, rules), NO_TYPES);
  }

  /** A query and a document as a language model judges them. */
  private EncoderInput judged(RerankTemplate template, String query, String document, Rules rules) {
    int[] prefix = tokenizer.encode(template.prefix(), false);
    int[] suffix = tokenizer.encode(template.suffix(), false);
    String text = template.body(template.defaultInstruction(), query, bounded(document, rules));
    int[] body = tokenizer.encode(text, false);
    int kept = body.length;
    if (rules.truncation().cut().isPresent()) {
      kept = Math.clamp(rules.room() - prefix.length - suffix.length, 0, body.length);
    }
    int[] ids = Arrays.copyOf(prefix, prefix.length + kept + suffix.length);
    System.arraycopy(body, 0, ids, prefix.length, kept);
    System.arraycopy(suffix, 0, ids, prefix.length + kept, suffix.length);
    return new EncoderInput(ids, NO_TYPES);
  }

  /**
   * The text, or the part of one far too long that is tokenised before it is cut. That part is so
   * generous that where it ends has no influence on the tokens that are kept.
   *
   * @throws InputTooLongException when it is not to be cut
   */
  private String bounded(String text, Rules rules) {
    int generous = MOST_CHARS_PER_TOKEN * longest;
    if (rules.truncation().cut().isEmpty()) {
      long most = (long) Math.min(tokenizer.maxCharsPerToken(), MOST_CHARS_PER_TOKEN) * longest;
      if (text.length() > most) {
        throw InputTooLongException.chars(rules.field(), text.length(), longest, most);
      }
      return text;
    }
    if (text.length() <= generous) {
      return text;
    }
    return rules.truncation().cut().get() == EncodedText.Side.END
        ? text.substring(0, generous)
        : text.substring(text.length() - generous);
  }

  private EncodedText cut(EncodedText text, Rules rules) {
    return rules.truncation().cut().isPresent()
        ? text.truncated(rules.room(), rules.truncation().cut().get())
        : text;
  }

  private String lowered(String text) {
    return model.lowerCase() ? text.toLowerCase(Locale.ROOT) : text;
  }

  /** Leading tokens that are a prompt's: all that it has alone but the template's end. */
  private int tokensOfPrompt(String prompt) {
    return promptTokens.computeIfAbsent(
        prompt,
        text -> {
          EncodedText encoded = tokenizer.encodeText(lowered(text));
          int count = encoded.length();
          while (count > 0 && encoded.added()[count - 1]) {
            count--;
          }
          return count;
        });
  }

  private static int[] notEmpty(int[] ids, Rules rules) {
    if (ids.length == 0) {
      throw QuernException.badRequest(
          rules.field(), "The field '" + rules.field() + "' has an input of no tokens.");
    }
    return ids;
  }
}
