package dev.quern.supplier.http.openai;

import static dev.quern.supplier.http.openai.Field.any;
import static dev.quern.supplier.http.openai.Field.flag;
import static dev.quern.supplier.http.openai.Field.integer;
import static dev.quern.supplier.http.openai.Field.object;
import static dev.quern.supplier.http.openai.Field.refused;
import static dev.quern.supplier.http.openai.Field.text;
import static dev.quern.supplier.http.openai.Field.withoutEffect;

import java.util.List;

/**
 * The fields of requests to encoders: OpenAI's, Cohere's and vLLM's, and those of
 * text-embeddings-inference.
 */
public final class EncoderFields {
  private static final int ANY_LENGTH = Integer.MAX_VALUE;
  private static final int MAX_NAME = 1024;

  private static final String TEXTS = "{\"type\":\"array\",\"items\":{\"type\":\"string\"}}";
  private static final String IDS = "{\"type\":\"array\",\"items\":{\"type\":\"integer\"}}";
  private static final String TEXT_OR_TEXTS = "{\"oneOf\":[{\"type\":\"string\"}," + TEXTS + "]}";
  private static final String TEXTS_OR_IDS =
      "{\"oneOf\":[{\"type\":\"string\"},"
          + IDS
          + ",{\"type\":\"array\",\"items\":{\"oneOf\":[{\"type\":\"string\"},"
          + IDS
          + "]}}]}";

  private static final Field MODEL =
      text("model", MAX_NAME, "A name that /v1/models lists; optional when only one model suits.");

  private static final List<Field> COMMON =
      List.of(
          MODEL,
          integer("priority", -1_000_000, 1_000_000, "Lower is served first; 0 by default."),
          withoutEffect("user", "Quern keeps no record of users."));

  private static final Field TRUNCATE_TOKENS =
      integer(
          "truncate_prompt_tokens",
          -1,
          Integer.MAX_VALUE,
          "Keeps this many of each text's first tokens; -1: what the model takes.");

  private static final Field ACTIVATION =
      flag("use_activation", "Scores go through the model's softmax or sigmoid; true by default.");

  private static final Field PROMPT_NAME =
      text("prompt_name", MAX_NAME, "Which of the model's own prompts comes before each text.");

  private static final List<Field> TRUNCATION =
      List.of(
          flag("truncate", "Cuts what is too long instead of refusing it; false by default."),
          any(
              "truncation_direction",
              "{\"enum\":[\"Left\",\"Right\",\"left\",\"right\"]}",
              "Which end is cut; Right by default."));

  /** {@code /v1/embeddings}. */
  public static final FieldTable EMBEDDINGS =
      new FieldTable(
          COMMON,
          List.of(
              any("input", TEXTS_OR_IDS, "A text, token ids, or an array of either.").mandatory(),
              integer("dimensions", 1, 1_000_000, "Keeps this many first numbers, normalised."),
              any(
                  "encoding_format",
                  "{\"enum\":[\"float\",\"base64\"]}",
                  "base64: little-endian fp32; float by default."),
              TRUNCATE_TOKENS,
              PROMPT_NAME));

  /** {@code /v1/rerank} in Cohere's form, or with {@code texts} in TEI's. */
  public static final FieldTable RERANK =
      new FieldTable(
          COMMON,
          TRUNCATION,
          List.of(
              text("query", ANY_LENGTH, "What the documents are to be relevant to.").mandatory(),
              any(
                  "documents",
                  "{\"type\":\"array\",\"items\":{\"oneOf\":[{\"type\":\"string\"},"
                      + "{\"type\":\"object\",\"required\":[\"text\"],\"properties\":"
                      + "{\"text\":{\"type\":\"string\"}}}]}}",
                  "Texts, or objects with a text."),
              integer("top_n", 1, Integer.MAX_VALUE, "Only the best; all by default."),
              flag("return_documents", "Answers with the texts too; false by default."),
              TRUNCATE_TOKENS,
              integer("max_tokens_per_doc", 1, Integer.MAX_VALUE, "Cohere's name of the same."),
              ACTIVATION,
              any("texts", TEXTS, "TEI's name of the documents; the answer is TEI's then."),
              flag("raw_scores", "With texts: scores as the model gives them."),
              flag("return_text", "With texts: answers with the texts too."),
              refused("max_chunks_per_doc", "documents are not cut into chunks"),
              refused("rank_fields", "give each document as one text")));

  /** {@code /score}. */
  public static final FieldTable SCORE =
      new FieldTable(
          COMMON,
          List.of(
              any("text_1", TEXT_OR_TEXTS, "One text, or as many as text_2.").mandatory(),
              any("text_2", TEXT_OR_TEXTS, "One text or many.").mandatory(),
              TRUNCATE_TOKENS,
              ACTIVATION));

  /** {@code /classify}. */
  public static final FieldTable CLASSIFY =
      new FieldTable(
          COMMON,
          List.of(
              any("input", TEXT_OR_TEXTS, "A text or an array of texts.").mandatory(),
              TRUNCATE_TOKENS,
              ACTIVATION));

  /** {@code /embed}. */
  public static final FieldTable EMBED =
      new FieldTable(
          List.of(
              MODEL,
              any("inputs", TEXTS_OR_IDS, "A text, token ids, or an array of either.").mandatory(),
              flag("normalize", "Vectors have length one; true by default."),
              integer("dimensions", 1, 1_000_000, "Keeps this many first numbers."),
              PROMPT_NAME),
          TRUNCATION);

  /** {@code /predict}. */
  public static final FieldTable PREDICT =
      new FieldTable(
          List.of(
              MODEL,
              any(
                      "inputs",
                      "{\"oneOf\":[{\"type\":\"string\"},"
                          + TEXTS
                          + ",{\"type\":\"array\",\"items\":"
                          + TEXTS
                          + "}]}",
                      "A text, a pair [text, text], or an array of [text] and [text, text].")
                  .mandatory(),
              flag("raw_scores", "Scores as the model gives them; false by default.")),
          TRUNCATION);

  private static final FieldTable SIMILARITY_INPUTS =
      FieldTable.of(
          text("source_sentence", ANY_LENGTH, "What the others are compared to.").mandatory(),
          any("sentences", TEXTS, "At least one.").mandatory());

  private static final FieldTable SIMILARITY_PARAMETERS =
      new FieldTable(List.of(PROMPT_NAME), TRUNCATION);

  /** {@code /similarity}. */
  public static final FieldTable SIMILARITY =
      FieldTable.of(
          MODEL,
          object("inputs", SIMILARITY_INPUTS, "The sentences.").mandatory(),
          object("parameters", SIMILARITY_PARAMETERS, "How they are encoded."));

  private EncoderFields() {}
}
